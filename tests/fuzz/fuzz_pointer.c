/* Any text as the parameter of a bundle: what is taken for a pointer is exactly what would be written for it. */
#include <stdint.h>
#include <string.h>

#include "policy/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Keys of the corpus' pointers; whatever is accepted with them was signed. */
static void verify(const struct snt_pointer *pointer) {
  static const char *const lines[] = {"ed25519:iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=",
                                      "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=", NULL};
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  if (snt_ok(snt_policy_keys_read(lines, 1, &keys, NULL)) &&
      snt_ok(snt_policy_keys_verify(&keys, pointer, "fuzz", NULL)) && pointer->signature_count == 0) {
    __builtin_trap();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct snt_slice value = {size == 0 ? "" : (const char *)data, size};
  SNT_BUF_AUTO struct snt_buf written = {0};
  SNT_BUF_AUTO struct snt_buf message = {0};
  struct snt_pointer pointer;
  if (!snt_ok(snt_pointer_parse("fuzz", value, &pointer, NULL))) {
    return 0;
  }
  bool is_same = snt_ok(snt_pointer_format(&pointer, &written, NULL)) && written.len == size &&
                 memcmp(written.data, data, size) == 0;
  if (!is_same || !snt_pointer_is_one(value) || !snt_ok(snt_pointer_signed_bytes(&pointer, &message, NULL))) {
    __builtin_trap();
  }
  verify(&pointer);
  return 0;
}
