/* Any bytes as a Lua policy: it is loaded, or refused, or spends its budget; the VM itself never fails, and works on.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lua/vm.h"

#define FUEL 1000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  SNT_BUF_AUTO struct snt_buf answer = {0};
  const struct snt_slice args[] = {snt_slice_of("lua"), snt_slice_of("p.lua"), {(const char *)data, size}};
  const struct snt_slice request = snt_slice_of("{}");
  if (!snt_ok(snt_vm_new(&vm, NULL)) || snt_vm_call(vm, "load", args, 3, FUEL, &answer) == SNT_VM_FAILED ||
      snt_vm_call(vm, "link", NULL, 0, FUEL, &answer) == SNT_VM_FAILED) {
    abort();
  }
  (void)snt_vm_call(vm, "evaluate", &request, 1, FUEL, &answer); /* a request without a user is the core's mistake */
  return 0;
}
