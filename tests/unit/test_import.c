#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <string.h>

#include "policy/import.h"

#define POLICY(rules) "version: \"1\"\nrules:\n" rules

static const char ACCESS[] =
    POLICY("  - name: a\n    effect: require_approval\n    conditions: {profiles: [p, q*], user: [u]}\n"
           "  - {name: b, effect: allow, reason: \"x \\\"y\\\" \\\\ z\", conditions: {mode: [cli]}}\n");
static const char APPROVAL[] = POLICY("  - {name: c, profiles: [p], approvers: [v], auto_approve: {users: [u], time: "
                                      "{days: [monday], timezone: UTC}}}\n");
static const char BREAK_GLASS[] = POLICY("  - {name: d, users: [w], mfa: {required: on}}\n");
static const char LIMITS[] = POLICY("  - {name: e, cooldown: 90s}\n");

static snt_status add(struct snt_import *import, const char *name, const char *text, struct snt_err *err) {
  return snt_import_add(import, name, snt_slice_of(text), err);
}

static snt_status import_all(struct snt_import *import, enum snt_policy_kind kind, struct snt_err *err) {
  SNT_TRY(add(import, "a.yaml", ACCESS, err));
  SNT_TRY(add(import, "b.yaml", APPROVAL, err));
  SNT_TRY(add(import, "c.yaml", BREAK_GLASS, err));
  SNT_TRY(add(import, "d.yaml", LIMITS, err));
  return snt_import_write(import, kind, err);
}

static void assert_holds(const struct snt_import *import, const char *wanted) {
  if (strstr(snt_buf_borrow(&import->text), wanted) == NULL) {
    fail_msg("there is no\n%s\nin\n%s", wanted, snt_buf_borrow(&import->text));
  }
}

static void both_forms_say_the_same_in_their_own_words(void **state) {
  (void)state;
  static const struct {
    enum snt_policy_kind kind;
    const char *pieces[8];
  } rows[] = {
      {SNT_POLICY_KIND_YAML,
       {"# Imported by `sentinel policy import` from access policy a.yaml, approval policy b.yaml,\n# break-glass "
        "policy",
        "version: \"1\"\nrules:\n  # to do by hand: rate limit \"e\" for every profile, cooldown 90s\n",
        "  - name: break-glass-d\n    effect: allow\n    conditions:\n      users: [w]\n      break_glass:\n        "
        "reason_codes: "
        "[incident, maintenance, security, recovery, other]\n    max_duration: \"4h\"\n    require:\n      mfa:\n      "
        "  "
        "max_age: \"4h\"\n",
        "      approval:\n        approvers: [v]\n",
        "      all:\n        - users: [u]\n          time:\n            days: [monday]\n            timezone: UTC\n",
        "  - name: a-unapproved\n    effect: deny\n    conditions:\n      profiles: [p, \"q*\"]\n  - name: b\n",
        "    conditions:\n      mode: [cli]\n    reason: \"x \\\"y\\\" \\\\ z\"\n"}},
      {SNT_POLICY_KIND_LUA,
       {"-- sentinel: lua\n-- Imported by",
        "local s = require \"sentinel\"\n\nreturn s.policy {\n  version = \"1\",\n  rules = {\n",
        "    s.rule \"break-glass-d\" {\n      effect = \"allow\",\n      conditions = {\n        users = { \"w\" },\n",
        "        s.all {\n          {\n            users = { \"u\" },\n            time = {\n              days = { "
        "\"monday\" },\n",
        "      conditions = {\n        profiles = { \"p\", \"q*\" },\n      },\n    },\n",
        "      reason = \"x \\\"y\\\" \\\\ z\",\n    },\n  },\n}\n"}}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_IMPORT_AUTO struct snt_import import = {0};
    assert_ok(import_all(&import, rows[i].kind, NULL));
    for (size_t k = 0; rows[i].pieces[k] != NULL; k++) {
      assert_holds(&import, rows[i].pieces[k]);
    }
  }
}

static void every_line_has_the_place_that_it_comes_from(void **state) {
  (void)state;
  SNT_IMPORT_AUTO struct snt_import import = {0};
  assert_ok(import_all(&import, SNT_POLICY_KIND_YAML, NULL));
  size_t line = 1;
  size_t zones = 0;
  for (const char *at = import.text.data; at != NULL && *at != '\0'; line++) {
    const char *end = strchr(at, '\n');
    const struct snt_import_place *place = snt_import_origin(&import, line);
    assert_non_null(place);
    if (strncmp(at + strspn(at, " "), "timezone", 8) == 0) {
      assert_string_equal(place->file, "b.yaml");
      assert_int_equal(place->line, 3);
      assert_int_equal(place->column, strstr(strrchr(APPROVAL, '-'), "UTC") - strrchr(APPROVAL, '-') + 3);
      zones++;
    }
    at = end == NULL ? NULL : end + 1;
  }
  assert_int_equal(zones, 1);
  assert_null(snt_import_origin(&import, 0));
  assert_null(snt_import_origin(&import, line));
}

static void long_lists_and_comments_are_wrapped(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_IMPORT_AUTO struct snt_import import = {0};
  assert_ok(snt_buf_append_str(&text, POLICY("  - {name: a, effect: allow, description: "), NULL));
  for (int i = 0; i < 100; i++) {
    assert_ok(snt_buf_append_str(&text, "word ", NULL));
  }
  assert_ok(snt_buf_append_str(&text, ", conditions: {profiles: [\"*\"", NULL));
  for (int i = 0; i < 100; i++) {
    assert_ok(snt_buf_appendf(&text, NULL, ", profile%d", i));
  }
  assert_ok(snt_buf_append_str(&text, "]}}\n", NULL));
  assert_ok(add(&import, "a-name-of-a-file-that-is-rather-long-for-one-line-of-a-comment-but-not-over-it.yaml",
                text.data, NULL));
  assert_ok(snt_import_write(&import, SNT_POLICY_KIND_YAML, NULL));
  for (const char *line = import.text.data; line[0] != '\0'; line = strchr(line, '\n') + 1) {
    bool is_prose = strstr(line, "description") != NULL && strstr(line, "description") < strchr(line, '\n');
    assert_true(strcspn(line, "\n") <= 100 || is_prose);
  }
}

/* Names are what another program took: none of them is longer, or made of anything else, than a rule's may be. */
static void odd_names_make_good_ones(void **state) {
  (void)state;
  SNT_IMPORT_AUTO struct snt_import import = {0};
  assert_ok(add(
      &import, "a",
      POLICY("  - {name: \"\\u00e9\\n*\", effect: deny}\n  - {name: \"\", effect: deny}\n  - {effect: deny}\n"), NULL));
  assert_ok(snt_import_write(&import, SNT_POLICY_KIND_YAML, NULL));
  assert_holds(&import, "  - name: \"----\"\n");
  assert_holds(&import, "  - name: rule\n");
  assert_holds(&import, "  - name: rule-2\n");
}

static void a_file_is_known_by_its_rules_and_comes_once(void **state) {
  (void)state;
  SNT_IMPORT_AUTO struct snt_import import = {0};
  struct snt_err err = {0};
  assert_ok(add(&import, "a", ACCESS, NULL));
  assert_ok(add(&import, "b", LIMITS, NULL));
  assert_code(add(&import, "c", ACCESS, &err), SNT_CODE_POLICY_INVALID);
  assert_string_equal(err.message, "c:1:1: this is an access policy, and so is a");
  assert_code(add(&import, "d", "rules: {}\n", &err), SNT_CODE_POLICY_INVALID);
  assert_code(add(&import, "d", "[]\n", &err), SNT_CODE_POLICY_INVALID);
  assert_code(add(&import, "d", "", &err), SNT_CODE_POLICY_INVALID);
  assert_code(add(&import, "d", "a: *b\n", &err), SNT_CODE_CONFIG_INVALID);
  assert_ok(add(&import, "e", APPROVAL, NULL));
  SNT_IMPORT_AUTO struct snt_import lone = {0};
  assert_ok(add(&lone, "b", LIMITS, NULL));
  assert_code(snt_import_write(&lone, SNT_POLICY_KIND_YAML, &err), SNT_CODE_POLICY_INVALID);
}

/* Rules of the access policy times rules of the approval policy: the product is bounded. */
static void a_policy_that_grows_too_large_is_refused(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf access = {0};
  SNT_BUF_AUTO struct snt_buf approval = {0};
  SNT_IMPORT_AUTO struct snt_import import = {0};
  struct snt_err err = {0};
  assert_ok(snt_buf_append_str(&access, POLICY(""), NULL));
  assert_ok(snt_buf_append_str(&approval, POLICY(""), NULL));
  for (int i = 0; i < 200; i++) {
    assert_ok(snt_buf_appendf(&access, NULL, "  - {name: a%d, effect: require_approval}\n", i));
    assert_ok(snt_buf_appendf(&approval, NULL, "  - {name: b%d, profiles: [p%d], approvers: [c]}\n", i, i));
  }
  assert_ok(add(&import, "a.yaml", access.data, NULL));
  assert_ok(add(&import, "b.yaml", approval.data, NULL));
  assert_code(snt_import_write(&import, SNT_POLICY_KIND_YAML, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, ": the policy grows over 512 KiB here"));
}

static snt_status import_once(const void *context) {
  (void)context;
  SNT_IMPORT_AUTO struct snt_import import = {0};
  return import_all(&import, SNT_POLICY_KIND_LUA, &(struct snt_err){0});
}

static void running_out_of_memory_leaves_nothing_behind(void **state) {
  (void)state;
  assert_true(fail_alloc_walk(import_once, NULL) > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_forms_say_the_same_in_their_own_words),
      cmocka_unit_test(every_line_has_the_place_that_it_comes_from),
      cmocka_unit_test(long_lists_and_comments_are_wrapped),
      cmocka_unit_test(odd_names_make_good_ones),
      cmocka_unit_test(a_file_is_known_by_its_rules_and_comes_once),
      cmocka_unit_test(a_policy_that_grows_too_large_is_refused),
      cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
