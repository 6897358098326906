#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/source.h"

static void sources_are_files_or_parameters(void **state) {
  (void)state;
  static const struct {
    const char *text, *profile;
    enum snt_code code;
    enum snt_policy_origin origin;
    const char *path;
  } rows[] = {
      {"file:/etc/p.yaml", "dev", SNT_CODE_OK, SNT_POLICY_ORIGIN_FILE, "/etc/p.yaml"},
      {"p.yaml", "dev", SNT_CODE_OK, SNT_POLICY_ORIGIN_FILE, "p.yaml"},
      {"file:{profile}.yaml", "dev", SNT_CODE_OK, SNT_POLICY_ORIGIN_FILE, "dev.yaml"},
      {"ssm:/sentinel/{profile}", "a/b", SNT_CODE_OK, SNT_POLICY_ORIGIN_SSM, "/sentinel/a/b"},
      {"ssm:/sentinel/{profile}", "a@b", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/sentinel/{profile}", "a:b", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:sentinel", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/sentinel/{profile}", "/a", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/sentinel/{profile}", "a/", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/a//b", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/a/", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"ssm:/1/2/3/4/5/6/7/8/9/10/11/12/13/{profile}", "14/15", SNT_CODE_OK, SNT_POLICY_ORIGIN_SSM,
       "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15"},
      {"ssm:/1/2/3/4/5/6/7/8/9/10/11/12/13/{profile}", "14/15/16", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE,
       NULL},
      {"file:~/{profile}.yaml", "dev", SNT_CODE_OK, SNT_POLICY_ORIGIN_FILE, "/home/{x}/dev.yaml"},
      {"~/p.yaml", "dev", SNT_CODE_OK, SNT_POLICY_ORIGIN_FILE, "/home/{x}/p.yaml"},
      {"~dev/p.yaml", "dev", SNT_CODE_OK, SNT_POLICY_ORIGIN_FILE, "~dev/p.yaml"},
      {"s3:bucket", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"file:", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"file:{user}.yaml", "dev", SNT_CODE_CONFIG_INVALID, SNT_POLICY_ORIGIN_NONE, NULL},
      {"", "dev", SNT_CODE_NO_POLICY, SNT_POLICY_ORIGIN_NONE, NULL},
      {NULL, "dev", SNT_CODE_NO_POLICY, SNT_POLICY_ORIGIN_NONE, NULL},
  };
  assert_int_equal(setenv("HOME", "/home/{x}", 1), 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_policy_source source;
    struct snt_err err = {0};
    assert_code(snt_policy_source_parse(rows[i].text, rows[i].profile, &source, &err), rows[i].code);
    assert_int_equal(source.origin, rows[i].origin);
    if (rows[i].path != NULL) {
      assert_string_equal(source.path, rows[i].path);
    } else {
      assert_true(err.hint[0] != '\0' || strstr(err.message, "policy.source") != NULL);
    }
  }
}

static void what_ssm_cannot_hold_is_told_with_what_can_be_done(void **state) {
  (void)state;
  static const struct {
    const char *text, *profile, *message, *hint;
  } rows[] = {
      {"ssm:/p/{profile}", "a@b", "policy.source: \"/p/a@b\" cannot be the name of an SSM parameter: it may hold only",
       "{profile} is \"a@b\" here: rename that profile"},
      {"ssm:/p/{profile}", "/a", "\"/p//a\" cannot be the name of an SSM parameter: a part of it is empty",
       "{profile} is \"/a\" here"},
      {"ssm:/p/{profile}", "a/", "a part of it is empty", "--policy ssm:/sentinel/policies/NAME"},
      {"ssm:/{profile}", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "it may have at most 15 levels", "{profile} is"},
      {"ssm:/a b", "dev", "it may hold only A-Z a-z 0-9 _ . / -", "correct it where it is set"},
      {"ssm:/a b/{profile}", "a@b", "it may hold only", "correct it where it is set"},
      {"ssm:/a/", "dev", "a part of it is empty", "correct it where it is set"},
      {"ssm:a", "dev", "it has to begin with /", "correct it where it is set"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_policy_source source;
    struct snt_err err = {0};
    assert_code(snt_policy_source_parse(rows[i].text, rows[i].profile, &source, &err), SNT_CODE_CONFIG_INVALID);
    if (strstr(err.message, rows[i].message) == NULL || strstr(err.hint, rows[i].hint) == NULL) {
      fail_msg("%s: %s (%s)", rows[i].text, err.message, err.hint);
    }
  }
}

static void files_are_told_apart_by_their_ending_and_checked(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-source-XXXXXX";
  assert_non_null(mkdtemp(folder));
  static const struct {
    const char *name;
    enum snt_code code;
    enum snt_policy_kind kind;
  } rows[] = {{"a.yaml", SNT_CODE_OK, SNT_POLICY_KIND_YAML},
              {"a.yml", SNT_CODE_OK, SNT_POLICY_KIND_YAML},
              {"a.lua", SNT_CODE_OK, SNT_POLICY_KIND_LUA},
              {"a.json", SNT_CODE_POLICY_INVALID, 0},
              {"a.YAML", SNT_CODE_POLICY_INVALID, 0},
              {"a.Lua", SNT_CODE_POLICY_INVALID, 0},
              {"a.lua.txt", SNT_CODE_POLICY_INVALID, 0},
              {"a.yaml~", SNT_CODE_POLICY_INVALID, 0},
              {"a", SNT_CODE_POLICY_INVALID, 0},
              {"lua", SNT_CODE_POLICY_INVALID, 0},
              {"yaml", SNT_CODE_POLICY_INVALID, 0}};
  char path[128];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, rows[i].name);
    assert_ok(snt_file_replace(path, "x", 1, 0600, NULL));
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    assert_code(snt_policy_read_file(path, true, &policy, NULL), rows[i].code);
    assert_int_equal(policy.kind, rows[i].kind);
    assert_int_equal(chmod(path, 0666), 0);
    if (rows[i].code == SNT_CODE_OK) {
      assert_string_equal(policy.name, "a");
      SNT_POLICY_AUTO struct snt_policy again = {0};
      assert_code(snt_policy_read_file(path, true, &again, NULL), SNT_CODE_POLICY_INVALID);
      assert_ok(snt_policy_read_file(path, false, &again, NULL));
    }
    assert_int_equal(unlink(path), 0);
    SNT_POLICY_AUTO struct snt_policy gone = {0};
    assert_false(snt_ok(snt_policy_read_file(path, true, &gone, NULL)));
  }
  assert_int_equal(rmdir(folder), 0);
}

static void parameters_are_lua_only_with_the_mark(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum snt_code code;
    enum snt_policy_kind kind;
  } rows[] = {{"version: 1\n", SNT_CODE_OK, SNT_POLICY_KIND_YAML},
              {"-- sentinel: lua\nreturn", SNT_CODE_OK, SNT_POLICY_KIND_LUA},
              {"-- sentinel: luajit\nreturn", SNT_CODE_OK, SNT_POLICY_KIND_YAML},
              {" -- sentinel: lua\n", SNT_CODE_OK, SNT_POLICY_KIND_YAML},
              {"{\"sentinel_pointer\":{}}", SNT_CODE_POLICY_INVALID, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    struct snt_slice value = snt_slice_of(rows[i].text);
    assert_code(snt_policy_from_parameter("/sentinel/policies/prod", "us-east-1", 3, value, &policy, NULL),
                rows[i].code);
    assert_int_equal(policy.kind, rows[i].kind);
  }
}

static void another_policy_was_not_seen(void **state) {
  (void)state;
  char folder[] = "/tmp/snt-seen-XXXXXX";
  assert_non_null(mkdtemp(folder));
  SNT_POLICY_AUTO struct snt_policy one = {0};
  SNT_POLICY_AUTO struct snt_policy two = {0};
  assert_ok(snt_policy_from_parameter("/p", "us-east-1", 1, snt_slice_of("one"), &one, NULL));
  assert_ok(snt_policy_from_parameter("/p", "us-west-2", 1, snt_slice_of("two"), &two, NULL));
  assert_false(snt_policy_was_seen(folder, &one));
  assert_false(snt_policy_has_seen(folder, &one));
  snt_policy_remember(folder, &one);
  assert_true(snt_policy_has_seen(folder, &two));
  assert_true(snt_policy_was_seen(folder, &one));
  assert_false(snt_policy_was_seen(folder, &two));
  snt_policy_remember(folder, &two);
  assert_false(snt_policy_was_seen(folder, &one));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sources_are_files_or_parameters),
      cmocka_unit_test(what_ssm_cannot_hold_is_told_with_what_can_be_done),
      cmocka_unit_test(files_are_told_apart_by_their_ending_and_checked),
      cmocka_unit_test(parameters_are_lua_only_with_the_mark),
      cmocka_unit_test(another_policy_was_not_seen),
  };
  return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
