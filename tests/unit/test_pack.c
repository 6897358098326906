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

static void assert_same(const struct snt_buf *a, const struct snt_buf *b) {
  assert_int_equal(a->len, b->len);
  assert_memory_equal(a->data, b->data, a->len);
}

static snt_status open_packed(struct snt_evaluator *evaluator, const struct snt_buf *packed, struct snt_policy *out,
                              struct snt_err *err) {
  return snt_packed_open("file:/b/prod.bundle", slice_of(packed), evaluator, out, err);
}

static void what_is_opened_is_the_folder_and_packs_to_the_same(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf again = {0};
  SNT_BUF_AUTO struct snt_buf manifest = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  char command[256];
  pack_well(&packed);
  assert_ok(open_packed(evaluator, &packed, &policy, NULL));
  assert_string_equal(policy.file_name, "/b/prod.bundle/policy.lua");
  assert_int_equal(policy.root_len, strlen("/b/prod.bundle/"));
  assert_true(strstr(policy.text.data, "require \"rules.dev\"") != NULL && policy.packed.len == 0);
  assert_ok(snt_pack(&policy, &again, NULL));
  assert_same(&packed, &again);
  (void)snprintf(command, sizeof command, "rm -rf %s/*", folder);
  assert_int_equal(system(command), 0);
  for (size_t i = 0; i < policy.file_count; i++) {
    put(policy.files[i].name, snt_buf_borrow(&policy.files[i].text));
  }
  assert_ok(snt_manifest_format_yaml(&policy.manifest, &manifest, NULL));
  put("bundle.yaml", manifest.data);
  snt_buf_reset(&again);
  pack_well(&again);
  assert_same(&packed, &again);
}

static void a_manifest_is_written_as_yaml_to_be_read(void **state) {
  (void)state;
  static const char text[] =
      "sentinel_bundle: 1\nname: \"7\"\nserial: 7\npolicy: policy.lua\nnot_before: \"2026-01-18T00:00:00Z\"\n"
      "targets:\n  \"a*\":\n    - \"arn:aws:iam::123456789012:role/A\"\n    - \"arn:aws:iam::123456789012:role/B\"\n"
      "  \"null\":\n    - \"arn:aws:iam::*:role/C\"\n"
      "max_duration: \"1h30m\"\nmarkers: []\nidentity:\n  accounts: [\"123456789012\", \"000000000000\"]\n"
      "plugins:\n  a:\n    version: \"1.0.0\"\n  b:\n    version: \"1.2.0\"\n    grant:\n      http: [q]\n"
      "      hosts: [a.example, \"b.example:8443\"]\n      secrets: [t]\n      files: [\"data/*.txt\"]\n"
      "      geoip: true\n      history: true\n      private: true\n";
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  SNT_BUF_AUTO struct snt_buf again = {0};
  assert_ok(snt_manifest_parse("m", text, sizeof text - 1, &manifest, NULL));
  assert_ok(snt_manifest_format_yaml(&manifest, &again, NULL));
  assert_string_equal(again.data, text);
}

static void the_order_of_profiles_and_plugins_has_no_meaning(void **state) {
  (void)state;
  static const char least[] = "sentinel_bundle: 1\nname: a\nserial: 1\npolicy: p.lua\n";
  static const char *const rests[] = {
      "plugins: {a: {version: 1.0.0}, b: {version: 1.0.0}}\ntargets: {a: [\"arn:aws:iam::*:role/A\"], "
      "b: [\"arn:aws:iam::*:role/B\"]}\n",
      "targets: {b: [\"arn:aws:iam::*:role/B\"], a: [\"arn:aws:iam::*:role/A\"]}\n"
      "plugins: {b: {version: 1.0.0}, a: {version: 1.0.0}}\n"};
  SNT_BUF_AUTO struct snt_buf first = {0};
  SNT_BUF_AUTO struct snt_buf second = {0};
  for (size_t i = 0; i < 2; i++) {
    SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
    SNT_BUF_AUTO struct snt_buf text = {0};
    assert_ok(snt_buf_appendf(&text, NULL, "%s%s", least, rests[i]));
    assert_ok(snt_manifest_parse("m", text.data, text.len, &manifest, NULL));
    assert_ok(snt_manifest_format(&manifest, i == 0 ? &first : &second, NULL));
  }
  assert_string_equal(first.data, second.data);
}

/* A bundle in YAML, without plugins: little enough to be damaged everywhere. */
static void pack_small(struct snt_buf *out) {
  char command[256];
  (void)snprintf(command, sizeof command, "rm -rf %s/*", folder);
  assert_int_equal(system(command), 0);
  put("bundle.yaml", "sentinel_bundle: 1\nname: small\nserial: 1\npolicy: p.yaml\n");
  put("p.yaml", "version: \"1\"\nrules:\n  - {name: dev, effect: allow, conditions: {profiles: [dev]}}\n");
  pack_well(out);
}

static void every_damage_is_refused_or_changes_the_hash(void **state) {
  (void)state;
  char hash[SNT_SHA256_HEX_CAP];
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  pack_small(&packed);
  snt_sha256_hex(packed.data, packed.len, hash);
  size_t refused = 0;
  for (size_t i = 0; i < packed.len * 2; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    struct snt_err err = {0};
    char byte = packed.data[i / 2];
    packed.data[i / 2] = (char)(byte ^ (i % 2 == 0 ? 1 : 0x80));
    snt_status status = open_packed(evaluator, &packed, &policy, &err);
    packed.data[i / 2] = byte;
    refused += snt_ok(status) ? 0 : 1;
    if (snt_ok(status) ? strcmp(policy.sha256, hash) == 0 : status.code != SNT_CODE_POLICY_INVALID) {
      fail_msg("byte %zu: %s %s", i / 2, snt_code_name(status.code), err.message);
    }
  }
  assert_true(refused > packed.len);
  for (size_t len = 0; len < packed.len; len++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    struct snt_slice cut = {packed.data, len};
    assert_code(snt_packed_open("p", cut, evaluator, &policy, NULL), SNT_CODE_POLICY_INVALID);
  }
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  assert_ok(open_packed(evaluator, &packed, &policy, NULL)); /* it has outlived all of that */
}

/* The packed bytes with another line in the place of their manifest's. */
static void change_manifest(const struct snt_buf *packed, const char *from, const char *to, struct snt_buf *out) {
  const char *at = strstr(packed->data, from);
  const char *line = memchr(packed->data, '\n', packed->len);
  assert_true(at != NULL && at < line);
  assert_ok(snt_buf_append(out, packed->data, (size_t)(at - packed->data), NULL));
  assert_ok(snt_buf_append_str(out, to, NULL));
  at += strlen(from);
  assert_ok(snt_buf_append(out, at, packed->len - (size_t)(at - packed->data), NULL));
}

static void a_manifest_is_written_as_packing_does(void **state) {
  (void)state;
  static const struct {
    const char *from, *to, *message;
  } rows[] = {
      {"{\"sentinel_bundle\":1,", "{\"sentinel_bundle\": 1,", "not written as `sentinel policy pack` does"},
      {"{\"sentinel_bundle\":1,", "{ \"sentinel_bundle\":1,", "does not begin with a manifest of one line"},
      {"\"name\":\"prod\"", "\"name\":\"pr\\u006fd\"", "not written as"},
      {"\"name\":\"prod\"", "name: prod", "not strict JSON"},
      {"\"serial\":7", "\"serial\":07", "not strict JSON"},
      {"\"serial\":7,\"policy\":\"policy.lua\"", "\"policy\":\"policy.lua\",\"serial\":7", "not written as"},
      {"\"max_duration\":\"1h30m\"", "\"max_duration\":\"90m\"", "not written as"},
      {"\"identity\"", "\"markers\":[\"emergency\"],\"identity\"", "not written as"},
      {"\"grant\":{", "\"grant\":{\"http\":[],", "not written as"},
      {"\"required\":true,\"type\":\"string\"", "\"type\":\"string\",\"required\":true", "not written as"},
      {"\"serial\":7", "\"serial\":7,\"serial\":8", "duplicate"},
      {"\"serial\":7", "\"serial\":7,\"more\":8", "unknown key \"more\""},
      {"\"policy\":\"policy.lua\"", "\"policy\":\"../policy.lua\"", "policy has to be the name of a file"},
      {"\"policy\":\"policy.lua\"", "\"policy\":\"rules/dev.lua\"", NULL},
      {"\"policy\":\"policy.lua\"", "\"policy\":\"data/a.txt\"", "data/a.txt is no policy's name"},
      {"\"policy\":\"policy.lua\"", "\"policy\":\"none.lua\"", "files has to be a list with the policy in it"},
      {"\"plugin\":{\"api\":1", "\"plugin\":{\"api\":2", "what its manifest says of plugin \"names\""},
      {"\"name\":\"names\"", "\"name\":\"other\"", "what its manifest says of plugin \"names\""},
      {"},\"plugin\":{", "},\"plugin\":[", ""},
      {"\"rules.lua\"", "\"rules.txt\"", "its manifest names other files than it holds"},
      {",\"rules/dev.lua\"", "", "its manifest names other files than it holds"},
      {"\"rules/dev.lua\"", "\"rules/dev.lua\",\"s\"", "its manifest names other files than it holds"},
      {"\"content\":\"", "\"content\":\"0", "content has to be a SHA-256"},
  };
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  pack_well(&packed);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf changed = {0};
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    struct snt_err err = {0};
    change_manifest(&packed, rows[i].from, rows[i].to, &changed);
    snt_status status = open_packed(evaluator, &changed, &policy, &err);
    if (status.code != (rows[i].message == NULL ? SNT_CODE_OK : SNT_CODE_POLICY_INVALID) ||
        (rows[i].message != NULL && strstr(err.message, rows[i].message) == NULL)) {
      fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.message, rows[i].message);
    }
  }
}

/* Flips a digit of a hash that stands behind the text. */
static void spoil_hash(struct snt_buf *packed, const char *before) {
  char *at = strstr(packed->data, before);
  assert_non_null(at);
  at += strlen(before);
  *at = *at == '0' ? '1' : '0';
}

static void hashes_are_those_of_what_is_there(void **state) {
  (void)state;
  static const struct {
    const char *before, *message;
  } rows[] = {{"\"content\":\"", "what it holds is not what its manifest names"},
              {"\"sha256\":\"", "its manifest names another hash of a plugin"}};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  for (size_t i = 0; i < 2; i++) {
    SNT_BUF_AUTO struct snt_buf packed = {0};
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    struct snt_err err = {0};
    pack_well(&packed);
    spoil_hash(&packed, rows[i].before);
    assert_code(open_packed(evaluator, &packed, &policy, &err), SNT_CODE_POLICY_INVALID);
    assert_non_null(strstr(err.message, rows[i].message));
  }
}

static void a_frame_that_is_refused_is_a_refused_policy(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_BUF_AUTO struct snt_buf problems = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  struct snt_err err = {0};
  pack_well(&packed);
  assert_ok(snt_buf_append_char(&packed, 'x', NULL));
  assert_code(decide(&packed, "dev", &reply, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "/b/prod.bundle/policy.lua:1:1: the packed bundle is cut off, or something"));
  assert_non_null(strstr(err.hint, "sentinel policy pack"));
  assert_ok(snt_policy_from_packed("ssm:/p/prod", slice_of(&packed), &policy, NULL));
  assert_code(snt_policy_load(&policy, evaluator, &problems, NULL), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(problems.data, "\"file\":\"ssm:/p/prod/policy.lua\",\"line\":1"));
}

static void plugins_are_pinned_by_the_hash_of_their_code(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf again = {0};
  SNT_BUF_AUTO struct snt_buf manifest = {0};
  SNT_MANIFEST_AUTO struct snt_manifest read = {0};
  struct snt_err err = {0};
  pack_well(&packed);
  assert_ok(snt_packed_manifest("p", slice_of(&packed), &read, NULL));
  assert_ok(snt_buf_appendf(&manifest, NULL, MANIFEST));
  char *at = strstr(manifest.data, "{version");
  assert_non_null(at);
  size_t head = (size_t)(at - manifest.data);
  SNT_BUF_AUTO struct snt_buf pinned = {0};
  put("plugins/names/a.txt", "data is not code\n");
  assert_ok(snt_buf_appendf(&pinned, NULL, "%.*s{sha256: %s, %s", (int)head, manifest.data, read.grants.list[0].sha256,
                            at + 1));
  put("bundle.yaml", pinned.data);
  pack_well(&again);
  assert_same(&packed, &again);
  put("data/a.txt", "bob\n");
  put("README.md", "more\n");
  char *files = strstr(pinned.data, "\"data/*.txt\"");
  assert_non_null(files);
  memcpy(files, "\"*/*?/*.txt\"", strlen("\"*/*?/*.txt\""));
  put("bundle.yaml", pinned.data);
  snt_buf_reset(&again);
  pack_well(&again);
  put("plugins/names/init.lua", "return function() return true end\n");
  assert_code(pack(&again, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "plugins/names/plugin.lua:1:1: the plugin's code has the sha256 "));
  assert_non_null(strstr(err.message, read.grants.list[0].sha256));
}

/* What is too large is refused when it is packed, and when it is given. */
static void packed_bytes_have_their_limits(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  struct snt_err err = {0};
  static const char *const bad[] = {"", "\n", "{}", "{}\n", "{\"sentinel_bundle\":1}\nx", "-- lua\nreturn 1\n"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_code(snt_policy_from_packed("p", snt_slice_of(bad[i]), &policy, &err), SNT_CODE_POLICY_INVALID);
    assert_true(snt_str_starts_with(err.message, "p"));
  }
  pack_small(&packed);
  packed.len = (size_t)((char *)memchr(packed.data, '\n', packed.len) + 1 - packed.data);
  assert_code(snt_policy_from_packed("p", slice_of(&packed), &policy, &err), SNT_CODE_POLICY_INVALID);
  assert_string_equal(err.message, "p is cut off: nothing follows its manifest");
  SNT_FREE_AUTO char *large = malloc(SNT_PACKED_CAP + 1);
  assert_non_null(large);
  memset(large, 'x', SNT_PACKED_CAP + 1);
  memcpy(large, packed.data, packed.len);
  assert_ok(snt_policy_from_packed("p", (struct snt_slice){large, SNT_PACKED_CAP}, &policy, &err));
  snt_policy_clear(&policy);
  assert_code(snt_policy_from_packed("p", (struct snt_slice){large, SNT_PACKED_CAP + 1}, &policy, &err),
              SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "it is larger than 1 MiB"));
}

/* Bytes that nothing compresses: as digits, of a generator that is always the same. */
static void put_noise(const char *name, size_t len) {
  SNT_FREE_AUTO char *text = malloc(len + 1);
  uint64_t seed = 88172645463325252U;
  assert_non_null(text);
  for (size_t i = 0; i < len; i++) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    text[i] = (char)(' ' + seed % 95);
  }
  text[len] = '\0';
  put(name, text);
}

static void a_bundle_is_packed_within_its_limits(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  struct snt_err err = {0};
  put_noise("data/1.txt", 500000);
  put_noise("data/2.txt", 500000);
  pack_well(&packed); /* the second is the same as the first */
  assert_true(packed.len < 500000);
  put_noise("data/1.txt", 400000);
  SNT_BUF_AUTO struct snt_buf reply = {0};
  snt_buf_reset(&packed);
  pack_well(&packed);
  if (!snt_ok(decide(&packed, "dev", &reply, &err))) {
    fail_msg("%s", err.message);
  }
  for (int i = 0; i < 254; i++) {
    char name[220];
    (void)snprintf(name, sizeof name, "data/%03d%0180d.txt", i, 0);
    put(name, "");
  }
  assert_code(pack(&packed, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "a bundle has at most 256 files"));
}

#define YAML_MANIFEST                                                                                                  \
  "sentinel_bundle: 1\nname: y\nserial: 1\npolicy: p.yaml\nplugins: {names: {version: 1.0.0, grant: {files: [%s]}}}\n"

static void put_yaml_bundle(const char *granted, size_t len) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL, YAML_MANIFEST, granted));
  put("bundle.yaml", text.data);
  snt_buf_reset(&text);
  assert_ok(snt_buf_append_str(&text, "version: \"1\"\nrules: [{name: a, effect: deny, conditions: {}}]\n#", NULL));
  while (text.len < len) {
    assert_ok(snt_buf_append_str(&text, "0123456789", NULL));
  }
  put("p.yaml", text.data);
}

/* Whether or not it is a file to a plugin; and the manifest is none. */
static void a_policy_in_yaml_is_one_of_the_files(void **state) {
  (void)state;
  static const char *const granted[] = {"\"data/*.txt\"", "\"data/*.txt\", \"*.yaml\""};
  for (size_t i = 0; i < 2; i++) {
    SNT_BUF_AUTO struct snt_buf packed = {0};
    put_yaml_bundle(granted[i], 0);
    pack_well(&packed);
    assert_non_null(strstr(packed.data, "\"files\":[\"data/a.txt\",\"p.yaml\",\"plugins/names/init.lua\",\"plugins/"
                                        "names/plugin.lua\"]}\n"));
  }
}

static void assert_not_packed(const char *what) {
  SNT_BUF_AUTO struct snt_buf packed = {0};
  struct snt_err err = {0};
  assert_code(pack(&packed, &err), SNT_CODE_POLICY_INVALID);
  if (strstr(err.message, what) == NULL) {
    fail_msg("\"%s\" does not say \"%s\"", err.message, what);
  }
}

static void a_policy_in_yaml_counts_among_the_files(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  put_yaml_bundle("\"data/*.txt\"", 524200);
  for (int i = 0; i < 3; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "data/%d.txt", i);
    put_noise(name, 524288);
  }
  assert_not_packed("a bundle has at most 2 MiB");
  for (int i = 0; i < 252; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "data/%d.txt", i);
    put(name, "");
  }
  pack_well(&packed); /* with the policy, the plugin's two and a.txt */
  put("data/252.txt", "");
  assert_not_packed("/tmp/snt-pack-");
  assert_not_packed("a bundle has at most 256 files");
}

/* Such a policy cannot come from packed bytes. */
static void the_evaluator_is_sent_no_more_than_it_takes(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf archive = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start();
  struct snt_err err = {0};
  pack_well(&packed);
  assert_ok(snt_policy_from_packed("p", slice_of(&packed), &policy, NULL));
  while (policy.packed.len <= SNT_PACKED_CAP + 8192) {
    assert_ok(snt_buf_append(&policy.packed, packed.data, packed.len, NULL));
  }
  struct snt_policy_text text = snt_policy_text_of(&policy);
  assert_code(snt_evaluator_unpack(evaluator, &text, &archive, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "the packed bundle is larger than 1 MiB"));
  assert_code(snt_policy_load(&policy, evaluator, NULL, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "the packed bundle is larger than 1 MiB"));
}

static void the_policy_is_one_of_the_files(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_BUF_AUTO struct snt_buf changed = {0};
  SNT_BUF_AUTO struct snt_buf again = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err err = {0};
  pack_well(&packed);
  change_manifest(&packed, "\"policy\":\"policy.lua\"", "\"policy\":\"rules/d.lua\"", &changed);
  change_manifest(&changed, "\"rules/dev.lua\"", "\"rules/d.lua\"", &again);
  assert_code(decide(&again, "dev", &reply, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "the policy that its manifest names is not in it"));
}

static void every_kind_of_evaluator_opens_it(void **state) {
  (void)state;
  static const struct snt_evaluator_options kinds[] = {
      {.trace = SNT_TRACE_ALL}, {.is_once = true}, {.is_long = true}, {.is_rlimits_only = true}};
  SNT_BUF_AUTO struct snt_buf packed = {0};
  put_noise("data/1.txt", 500000);
  pack_well(&packed);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
    SNT_BUF_AUTO struct snt_buf reply = {0};
    assert_ok(snt_evaluator_start(&kinds[i], &evaluator, NULL));
    assert_ok(snt_policy_from_packed("p", slice_of(&packed), &policy, NULL));
    assert_ok(snt_policy_load(&policy, evaluator, NULL, NULL));
    assert_ok(snt_evaluator_evaluate(
        evaluator, snt_slice_of("{\"profile\":\"x\",\"user\":{\"name\":\"alice\",\"kind\":\"user\"}}"),
        (struct snt_slice){0}, &reply, NULL));
    assert_non_null(strstr(reply.data, "\"named\""));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_is_packed_decides_as_its_folder_does, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_manifest_says_what_was_meant_and_what_is_packed, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_same_is_packed_to_the_same_bytes, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(another_serial_is_the_same_content, make_folder, remove_folder),
      cmocka_unit_test(a_manifest_is_written_as_yaml_to_be_read),
      cmocka_unit_test(the_order_of_profiles_and_plugins_has_no_meaning),
      cmocka_unit_test_setup_teardown(what_is_opened_is_the_folder_and_packs_to_the_same, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(every_damage_is_refused_or_changes_the_hash, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_manifest_is_written_as_packing_does, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(hashes_are_those_of_what_is_there, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_frame_that_is_refused_is_a_refused_policy, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(plugins_are_pinned_by_the_hash_of_their_code, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(packed_bytes_have_their_limits, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_bundle_is_packed_within_its_limits, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_policy_in_yaml_is_one_of_the_files, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_policy_in_yaml_counts_among_the_files, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_evaluator_is_sent_no_more_than_it_takes, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_policy_is_one_of_the_files, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(every_kind_of_evaluator_opens_it, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
