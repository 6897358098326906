#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/sha256.h"
#include "format/archive.h"
#include "policy/describe.h"
#include "policy/manifest_format.h"
#include "policy/pack.h"

#define REQUEST "{\"profile\":\"%s\",\"user\":{\"name\":\"alice\",\"kind\":\"user\"}}"
#define MANIFEST                                                                                                       \
  "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: policy.lua\ninstallation: acme-aws\n"                            \
  "not_after: 2026-02-18T00:00:00.000Z\nmax_duration: 90m\nmarkers: [emergency]\n"                                     \
  "identity: {accounts: [\"123456789012\"]}\n"                                                                         \
  "targets: {\"prod-*\": [\"arn:aws:iam::*:role/P\"], dev: [\"arn:aws:iam::123456789012:role/D\"]}\n"                  \
  "plugins:\n  names: {version: 1.0.0, grant: {files: [\"data/*.txt\"], hosts: []}}\n"

static char folder[64];

static void put(const char *name, const char *text) {
  char path[256];
  int len = snprintf(path, sizeof path, "%s/%s", folder, name);
  *strrchr(path, '/') = '\0';
  assert_ok(snt_file_make_folders(path, NULL));
  path[strlen(path)] = '/';
  assert_int_equal(strlen(path), len);
  assert_ok(snt_file_replace(path, text, strlen(text), 0644, NULL));
}

/* A policy in Lua with a file of its own, and a plugin that reads a file. */
static int make_folder(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/snt-pack-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  put("bundle.yaml", MANIFEST);
  put("policy.lua", "local s = require \"sentinel\"\nreturn s.policy { version = \"1\", rules = {\n"
                    "  require \"rules.dev\",\n"
                    "  s.rule \"named\" { effect = \"allow\", conditions = { names = { file = \"data/a.txt\" } } },\n"
                    "} }\n");
  put("rules/dev.lua", "local s = require \"sentinel\"\n"
                       "return s.rule \"dev\" { effect = \"allow\", conditions = { profiles = { \"dev\" } } }\n");
  put("rules.lua", "return 1\n");
  put("rules/dev_spec.lua", "error \"no\"\n");
  put("README.md", "nothing\n");
  put("data/a.txt", "alice\n");
  put("data/b.bin", "not granted\n");
  put("plugins/names/plugin.lua",
      "return { name = 'names', version = '1.0.0', api = 1, summary = 'Holds for names in a file',\n"
      "  args = { file = { type = 'string', required = true, description = 'its name' } },\n"
      "  needs = { request = { 'user' }, files = { 'data/*.txt' } } }\n");
  put("plugins/names/init.lua", "return function(args, request, host)\n"
                                "  return host.file(args.file):find(request.user.name, 1, true) ~= nil\nend\n");
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static struct snt_evaluator *start(void) {
  struct snt_evaluator_options options = {.trace = SNT_TRACE_ALL};
  struct snt_evaluator *evaluator = NULL;
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  return evaluator;
}

static snt_status pack(struct snt_buf *out, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  SNT_TRY(snt_policy_read_file(folder, true, &policy, err));
  SNT_TRY(snt_policy_describe(&policy, evaluator, NULL, err));
  return snt_pack(&policy, out, err);
}

static struct snt_slice slice_of(const struct snt_buf *buf) { return (struct snt_slice){buf->data, buf->len}; }

static void pack_well(struct snt_buf *out) {
  struct snt_err err = {0};
  if (!snt_ok(pack(out, &err))) {
    fail_msg("%s", err.message);
  }
}

/* Loads the bytes and asks for a decision; a refusal is told. */
static snt_status decide(const struct snt_buf *packed, const char *profile, struct snt_buf *reply,
                         struct snt_err *err) {
  char request[256];
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  (void)snprintf(request, sizeof request, REQUEST, profile);
  SNT_TRY(snt_policy_from_packed("file:/b/prod.bundle", slice_of(packed), &policy, err));
  SNT_TRY(snt_policy_load(&policy, evaluator, NULL, err));
  return snt_evaluator_evaluate(evaluator, snt_slice_of(request), (struct snt_slice){0}, reply, err);
}

static void what_is_packed_decides_as_its_folder_does(void **state) {
  (void)state;
  static const char *const profiles[] = {"dev", "prod", "x"};
  SNT_BUF_AUTO struct snt_buf packed = {0};
  pack_well(&packed);
  for (size_t i = 0; i < 3; i++) {
    char request[256];
    struct snt_err err = {0};
    SNT_BUF_AUTO struct snt_buf from_folder = {0};
    SNT_BUF_AUTO struct snt_buf from_packed = {0};
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
    (void)snprintf(request, sizeof request, REQUEST, profiles[i]);
    assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
    assert_ok(snt_policy_load(&policy, evaluator, NULL, NULL));
    assert_ok(snt_evaluator_evaluate(evaluator, snt_slice_of(request), (struct snt_slice){0}, &from_folder, NULL));
    if (!snt_ok(decide(&packed, profiles[i], &from_packed, &err))) {
      fail_msg("%s", err.message);
    }
    assert_non_null(strstr(from_folder.data, i == 0 ? "\"dev\"" : "\"named\""));
    assert_string_equal(from_folder.data, from_packed.data);
  }
}

static void the_manifest_says_what_was_meant_and_what_is_packed(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  pack_well(&packed);
  static const char head[] =
      "{\"sentinel_bundle\":1,\"name\":\"prod\",\"serial\":7,\"policy\":\"policy.lua\",\"installation\":\"acme-aws\","
      "\"not_after\":\"2026-02-18T00:00:00Z\",\"targets\":{\"dev\":[\"arn:aws:iam::123456789012:role/D\"],"
      "\"prod-*\":[\"arn:aws:iam::*:role/"
      "P\"]},\"max_duration\":\"1h30m\",\"identity\":{\"accounts\":[\"123456789012\"]},"
      "\"plugins\":{\"names\":{\"version\":\"1.0.0\",\"sha256\":\"";
  static const char said[] = "\",\"grant\":{\"files\":[\"data/"
                             "*.txt\"]},\"plugin\":{\"api\":1,\"args\":{\"file\":{\"description\":\"its name\","
                             "\"required\":true,\"type\":\"string\"}},\"limits\":{";
  static const char files[] = "\"files\":[\"data/a.txt\",\"plugins/names/init.lua\",\"plugins/names/plugin.lua\","
                              "\"policy.lua\",\"rules.lua\",\"rules/dev.lua\"]}\n";
  assert_true(snt_str_starts_with(packed.data, head));
  assert_non_null(strstr(packed.data, said));
  assert_non_null(strstr(packed.data, files));
  assert_ok(snt_packed_manifest("p", slice_of(&packed), &manifest, NULL));
  assert_string_equal(manifest.accounts[0], "123456789012");
  assert_string_equal(manifest.not_after, "2026-02-18T00:00:00Z");
  assert_string_equal(manifest.not_before, "");
  assert_int_equal(strlen(manifest.content), 64);
  assert_int_equal(strlen(manifest.grants.list[0].sha256), 64);
}

static void the_same_is_packed_to_the_same_bytes(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf first = {0};
  SNT_BUF_AUTO struct snt_buf second = {0};
  pack_well(&first);
  put("bundle.yaml", "# another way to write it\n" MANIFEST);
  put("data/b.bin", "another that is not packed\n");
  pack_well(&second);
  assert_int_equal(first.len, second.len);
  assert_memory_equal(first.data, second.data, first.len);
  put("data/a.txt", "bob\n");
  snt_buf_reset(&second);
  pack_well(&second);
  assert_true(first.len != second.len || memcmp(first.data, second.data, first.len) != 0);
}

static void another_serial_is_the_same_content(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf raised = {0};
  SNT_BUF_AUTO struct snt_buf lowered = {0};
  SNT_MANIFEST_AUTO struct snt_manifest before = {0};
  SNT_MANIFEST_AUTO struct snt_manifest after = {0};
  pack_well(&packed);
  assert_ok(snt_pack_with_serial(slice_of(&packed), 12, &raised, NULL));
  assert_ok(snt_packed_manifest("p", slice_of(&packed), &before, NULL));
  assert_ok(snt_packed_manifest("p", slice_of(&raised), &after, NULL));
  assert_int_equal(before.serial, 7);
  assert_int_equal(after.serial, 12);
  assert_string_equal(before.content, after.content);
  assert_ok(snt_pack_with_serial(slice_of(&raised), 7, &lowered, NULL));
  assert_int_equal(packed.len, lowered.len);
  assert_memory_equal(packed.data, lowered.data, packed.len);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_packed_decides_as_its_folder_does, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_manifest_says_what_was_meant_and_what_is_packed, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_same_is_packed_to_the_same_bytes, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(another_serial_is_the_same_content, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
