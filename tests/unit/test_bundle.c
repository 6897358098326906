#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/bundle.h"

#define MANIFEST "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: rules.yaml\n"
#define RULES "version: \"1\"\nrules:\n  - {name: a, effect: deny, conditions: {}}\n"

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/snt-bundle-XXXXXX");
  return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  (void)snprintf(command, sizeof command, "chmod -R u+rwx %s && rm -rf %s", folder, folder);
  return system(command);
}

static void put(const char *name, const char *text, mode_t mode) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_file_replace(path, text, strlen(text), mode, NULL));
}

static void assert_refused(const char *what) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  struct snt_err err = {0};
  snt_status status = snt_policy_read_file(folder, true, &policy, &err);
  if (snt_ok(status) || strstr(err.message, what) == NULL || policy.text.len != 0) {
    fail_msg("\"%s\" does not say \"%s\"", err.message, what);
  }
}

static void a_folder_is_a_manifest_and_its_policy(void **state) {
  (void)state;
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  put("bundle.yaml", MANIFEST, 0644);
  put("rules.yaml", RULES, 0644);
  assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
  assert_true(policy.is_bundle);
  assert_string_equal(policy.name, "prod");
  assert_int_equal(policy.manifest.serial, 7);
  assert_int_equal(policy.kind, SNT_POLICY_KIND_YAML);
  assert_string_equal(snt_buf_borrow(&policy.text), RULES);
  assert_true(snt_str_ends_with(policy.file_name, "/rules.yaml"));
  assert_true(snt_str_starts_with(policy.source, "file:/tmp/snt-bundle-"));
}

static void the_hash_is_of_manifest_and_policy(void **state) {
  (void)state;
  static const char *const manifests[] = {MANIFEST, MANIFEST "max_duration: 1h\n", MANIFEST};
  static const char *const rules[] = {RULES, RULES, RULES "# more\n"};
  char seen[3][65];
  for (size_t i = 0; i < 3; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    put("bundle.yaml", manifests[i], 0644);
    put("rules.yaml", rules[i], 0644);
    assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
    memcpy(seen[i], policy.sha256, sizeof seen[i]);
  }
  assert_string_not_equal(seen[0], seen[1]);
  assert_string_not_equal(seen[0], seen[2]);
  assert_string_not_equal(seen[1], seen[2]);
}

static void files_in_lua_are_what_a_policy_in_lua_may_require(void **state) {
  (void)state;
  static const char *const wanted[] = {"a.lua", "b/c.lua", "policy.lua"};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_POLICY_AUTO struct snt_policy changed = {0};
  SNT_POLICY_AUTO struct snt_policy yaml = {0};
  char command[512];
  (void)snprintf(command, sizeof command, "cd %s && mkdir b spec plugins .git && ln -s a.lua link.lua", folder);
  assert_int_equal(system(command), 0);
  put("bundle.yaml", "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: policy.lua\n", 0644);
  put("policy.lua", "return 1", 0644);
  put("a.lua", "return 2", 0644);
  put("b/c.lua", "return 3", 0644);
  put("b/c_spec.lua", "", 0644);
  put("spec/d.lua", "", 0644);
  put("plugins/e.lua", "", 0644);
  put(".git/f.lua", "", 0644);
  put(".hidden.lua", "", 0644);
  put("notes.txt", "", 0644);
  assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
  assert_int_equal(policy.file_count, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_string_equal(policy.files[i].name, wanted[i]);
  }
  assert_string_equal(snt_buf_borrow(&policy.files[1].text), "return 3");
  put("b/c.lua", "return 4", 0644);
  assert_ok(snt_policy_read_file(folder, true, &changed, NULL));
  assert_string_not_equal(policy.sha256, changed.sha256);
  put("b/c.lua", "return 4", 0666);
  assert_refused("b/c.lua");
  put("bundle.yaml", MANIFEST, 0644);
  put("rules.yaml", RULES, 0644);
  assert_ok(snt_policy_read_file(folder, true, &yaml, NULL));
  assert_int_equal(yaml.file_count, 0);
}

/* A file of a comment so large, in Lua. */
static void put_large(const char *name, size_t size) {
  SNT_FREE_AUTO char *text = malloc(size + 1);
  assert_non_null(text);
  memset(text, '-', size);
  text[size] = '\0';
  put(name, text, 0644);
}

static void a_file_has_512_kib_at_most_and_a_bundle_2_mib(void **state) {
  (void)state;
  static const size_t file = 512 << 10;
  static const char *const names[] = {"a.lua", "b.lua", "c.lua"};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  put("bundle.yaml", "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: policy.lua\n", 0644);
  put_large("policy.lua", file);
  for (size_t i = 0; i < 3; i++) {
    put_large(names[i], file);
  }
  assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
  assert_int_equal(policy.file_count, 4);
  put("d.lua", "-", 0644);
  assert_refused("a bundle has at most 2 MiB");
  put_large("c.lua", file - 1);
  snt_policy_clear(&policy);
  assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
  put_large("a.lua", 1);
  put_large("c.lua", file + 1);
  assert_refused("c.lua");
  put_large("c.lua", 1);
  put_large("policy.lua", file + 1);
  assert_refused("policy.lua");
}

static void what_is_missing_or_may_be_changed_by_others_is_refused(void **state) {
  (void)state;
  assert_refused("there is no /tmp/snt-bundle-");
  put("bundle.yaml", MANIFEST, 0644);
  assert_refused("there is no policy file or folder /tmp/snt-bundle-");
  put("rules.yaml", RULES, 0666);
  assert_refused("rules.yaml");
  put("bundle.yaml", "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: sub\n", 0644);
  char command[256];
  (void)snprintf(command, sizeof command,
                 "cd %s && mkdir sub && cp bundle.yaml sub && sed -i s/sub/p.yaml/ sub/bundle.yaml && cp rules.yaml "
                 "sub/p.yaml && chmod go-w sub/*",
                 folder);
  assert_int_equal(system(command), 0);
  assert_refused("a bundle's policy is a file");
  put("rules.yaml", RULES, 0644);
  put("bundle.yaml", MANIFEST, 0666);
  assert_refused("bundle.yaml");
  put("bundle.yaml", MANIFEST "bound: 1\n", 0644);
  assert_refused("bundle.yaml:5:1: unknown key \"bound\"");
  put("bundle.yaml", MANIFEST, 0644);
  assert_int_equal(chmod(folder, 0777), 0);
  assert_refused("may be changed by other users");
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  assert_ok(snt_policy_read_file(folder, false, &policy, NULL)); /* to look at it is harmless */
}

static void no_two_bundles_have_the_same_hash(void **state) {
  (void)state;
  SNT_POLICY_AUTO struct snt_policy two = {0};
  SNT_POLICY_AUTO struct snt_policy one = {0};
  put("bundle.yaml", "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: rules.lua\n", 0644);
  put("rules.lua", "return 1", 0644);
  put("x.lua", "abc", 0644);
  put("y.lua", "return 2", 0644);
  assert_ok(snt_policy_read_file(folder, true, &two, NULL));
  char path[128];
  (void)snprintf(path, sizeof path, "%s/x.lua", folder);
  assert_int_equal(unlink(path), 0);
  (void)snprintf(path, sizeof path, "%s/y.lua", folder);
  assert_int_equal(unlink(path), 0);
  put("x.lua\n3\nabc\ny.lua", "return 2", 0644);
  assert_ok(snt_policy_read_file(folder, true, &one, NULL));
  assert_int_equal(one.file_count, two.file_count - 2);
  assert_string_not_equal(one.sha256, two.sha256);
}

/* Who may rename files of a folder may swap them, though each is of the right owner. */
static void a_folder_below_that_others_may_change_is_refused(void **state) {
  (void)state;
  char below[128];
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  put("bundle.yaml", "sentinel_bundle: 1\nname: prod\nserial: 7\npolicy: rules.lua\n", 0644);
  put("rules.lua", "return 1", 0644);
  (void)snprintf(below, sizeof below, "%s/below", folder);
  assert_int_equal(mkdir(below, 0755), 0);
  put("below/c.lua", "return 2", 0644);
  assert_ok(snt_policy_read_file(folder, true, &policy, NULL));
  snt_policy_clear(&policy);
  assert_int_equal(chmod(below, 0777), 0);
  assert_refused("/below/ may be changed by other users");
  assert_ok(snt_policy_read_file(folder, false, &policy, NULL));
}

int main(void) {
#define CASE(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      CASE(a_folder_is_a_manifest_and_its_policy),
      CASE(the_hash_is_of_manifest_and_policy),
      CASE(files_in_lua_are_what_a_policy_in_lua_may_require),
      CASE(a_file_has_512_kib_at_most_and_a_bundle_2_mib),
      CASE(no_two_bundles_have_the_same_hash),
      CASE(a_folder_below_that_others_may_change_is_refused),
      CASE(what_is_missing_or_may_be_changed_by_others_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
