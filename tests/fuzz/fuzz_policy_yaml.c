/* Any bytes as a YAML policy: it is loaded, or refused with a place, or spends its budget. The answers are strict JSON
 * of the agreed form whatever the policy holds, and the VM itself never fails. */
#include <stdint.h>
#include <stdlib.h>

#include "format/json.h"
#include "lua/vm.h"
#include "policy/decision.h"

#define FUEL 3000000
#define REQUEST                                                                                                        \
  "{\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"arn\":\"arn:aws:iam::123456789012:user/alice\","                  \
  "\"account\":\"123456789012\"},\"profile\":\"prod\",\"role_arn\":\"arn:aws:iam::123456789012:role/Prod\","           \
  "\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether the answer to load or link is a yes. */
static bool is_yes(const struct snt_buf *answer) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  bool is_good = false;
  if (!snt_ok(snt_json_parse(snt_buf_borrow(answer), answer->len, "", &doc, NULL)) ||
      !snt_json_bool(snt_json_get(snt_json_root(doc), "ok"), &is_good) ||
      (!is_good && snt_json_count(snt_json_get(snt_json_root(doc), "problems")) == 0)) {
    abort();
  }
  return is_good;
}

static void call(struct snt_vm *vm, const char *name, const struct snt_slice *args, size_t n, struct snt_buf *answer) {
  snt_buf_reset(answer);
  if (snt_vm_call(vm, name, args, n, FUEL, answer) == SNT_VM_FAILED) {
    abort();
  }
}

static void decide(struct snt_vm *vm, struct snt_buf *answer) {
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  const struct snt_slice request = {REQUEST, sizeof REQUEST - 1};
  call(vm, "evaluate", &request, 1, answer);
  if (!snt_ok(snt_decision_parse(snt_buf_borrow(answer), answer->len, &decision, NULL))) {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  SNT_BUF_AUTO struct snt_buf answer = {0};
  const struct snt_slice args[] = {snt_slice_of("yaml"), snt_slice_of("p.yaml"), {(const char *)data, size}};
  if (!snt_ok(snt_vm_new(&vm, NULL))) {
    abort();
  }
  call(vm, "load", args, 3, &answer);
  if (is_yes(&answer)) {
    call(vm, "link", NULL, 0, &answer);
    if (is_yes(&answer)) {
      decide(vm, &answer);
    }
  }
  return 0;
}
