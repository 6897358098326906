/* Any bytes as a file of the older program: it is refused with a place, or becomes a policy that the evaluator loads,
 * in both forms. The first byte says whether a second file, which is fixed, is there too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/json.h"
#include "lua/vm.h"
#include "policy/import.h"

#define FUEL 30000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const BESIDE[] = {
    NULL,
    "version: 1\nrules:\n  - {name: a, effect: require_approval, conditions: {users: [u, \"v*\"]}}\n"
    "  - {name: b, effect: require_server, conditions: {profiles: [p]}}\n  - {name: c, effect: allow}\n",
    "version: 1\nrules:\n  - {name: a, profiles: [p], approvers: [u], auto_approve: {users: [v]}}\n"
    "  - {name: b, approvers: [u]}\n",
    "version: 1\nrules:\n  - {name: a, users: [u], max_duration: 1h, mfa: {required: true}}\n"};

static void check_loads(const struct snt_import *import, const char *kind) {
  SNT_VM_AUTO struct snt_vm *vm = NULL;
  SNT_BUF_AUTO struct snt_buf answer = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  const struct snt_slice args[] = {
      snt_slice_of(kind), snt_slice_of("p"), {snt_buf_borrow(&import->text), import->text.len}};
  bool is_good = false;
  if (!snt_ok(snt_vm_new(&vm, NULL)) || snt_vm_call(vm, "load", args, 3, FUEL, &answer) == SNT_VM_FAILED ||
      !snt_ok(snt_json_parse(snt_buf_borrow(&answer), answer.len, "", &doc, NULL)) ||
      !snt_json_bool(snt_json_get(snt_json_root(doc), "ok"), &is_good)) {
    abort();
  }
  if (!is_good && strstr(snt_buf_borrow(&answer), "a time zone") == NULL) {
    abort(); /* only zones are left to the evaluator */
  }
}

static void import_as(struct snt_slice text, const char *beside, enum snt_policy_kind kind) {
  SNT_IMPORT_AUTO struct snt_import import = {.zone = "UTC"};
  struct snt_err err = {0};
  snt_status status = snt_import_add(&import, "older.yaml", text, &err);
  if (snt_ok(status) && beside != NULL) {
    status = snt_import_add(&import, "beside.yaml", snt_slice_of(beside), &err);
  }
  if (snt_ok(status)) {
    status = snt_import_write(&import, kind, &err);
  }
  if (snt_ok(status)) {
    check_loads(&import, kind == SNT_POLICY_KIND_LUA ? "lua" : "yaml");
  } else if (err.message[0] == '\0') {
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const char *beside = BESIDE[data[0] % (sizeof BESIDE / sizeof BESIDE[0])];
  struct snt_slice text = {(const char *)data + 1, size - 1};
  import_as(text, beside, SNT_POLICY_KIND_YAML);
  import_as(text, beside, SNT_POLICY_KIND_LUA);
  return 0;
}
