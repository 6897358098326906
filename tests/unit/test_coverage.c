#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/coverage.h"
#include "policy/coverage_plugins.h"
#include "policy/coverage_why.h"

#define POINT(rule, condition, kind, depth, branch, plugin)                                                            \
  "{\"rule\":\"" rule "\",\"condition\":\"" condition "\",\"kind\":\"" kind                                            \
  "\",\"wanted\":\"\",\"file\":0,\"line\":1,\"depth\":" depth ",\"branch\":" branch ",\"plugin\":" plugin "}"
#define RULE(rule) POINT(rule, "", "", "0", "0", "false")
#define CONDITION(rule, name) POINT(rule, name, name, "1", "0", "false")
#define ACCOUNT(points) "{\"files\":[\"p.yaml\"],\"points\":[" points "],\"left_out\":0}"

static const char POLICY[] =
    ACCOUNT(RULE("") "," RULE("a") "," CONDITION("a", "profiles") "," CONDITION("a", "any") "," POINT(
        "a", "any[0].mode", "mode", "2", "0", "false") "," POINT("a", "any[1].mfa", "mfa", "2", "1",
                                                                 "false") "," RULE("b") "," CONDITION("b", "oncall"));

static snt_status begin(struct snt_coverage *coverage, const char *path, const char *account,
                        struct snt_coverage_policy **out) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  assert_ok(snt_json_parse(account, strlen(account), "x", &doc, NULL));
  return snt_coverage_begin(coverage, snt_slice_of(path), 0, snt_json_root(doc), out, &(struct snt_err){0});
}

static void an_account_is_refused_for_anything_that_is_odd(void **state) {
  (void)state;
  static const char *const rows[] = {
      "null",
      "[]",
      "{}",
      "{\"files\":[],\"points\":{},\"left_out\":0}",
      "{\"files\":{},\"points\":[],\"left_out\":0}",
      "{\"files\":[],\"points\":[]}",
      "{\"files\":[],\"points\":[],\"left_out\":-1}",
      "{\"files\":[],\"points\":[],\"left_out\":0,\"more\":1}",
      "{\"files\":[1],\"points\":[],\"left_out\":0}",
      "{\"files\":[\"a\\u0007\"],\"points\":[],\"left_out\":0}",
      ACCOUNT("1"),
      ACCOUNT("{}"),
      ACCOUNT(POINT("a", "", "", "-1", "0", "false")),
      ACCOUNT(POINT("a", "", "", "0", "-1", "false")),
      ACCOUNT(POINT("a", "", "", "0", "0", "1")),
      ACCOUNT(POINT("a", "\\u001b", "", "1", "0", "false")),
      ACCOUNT("{\"rule\":\"\",\"condition\":\"\",\"kind\":\"\",\"wanted\":\"\",\"file\":1,\"line\":1,\"depth\":0,"
              "\"branch\":0,\"plugin\":false}"),
      ACCOUNT("{\"rule\":\"\",\"condition\":null,\"kind\":\"\",\"wanted\":\"\",\"file\":0,\"line\":1,\"depth\":0,"
              "\"branch\":0,\"plugin\":false}"),
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_CLEANUP(snt_coverage_clear) struct snt_coverage coverage = {0};
    struct snt_coverage_policy *policy = NULL;
    if (begin(&coverage, "p.yaml", rows[i], &policy).code != SNT_CODE_EVALUATOR || policy != NULL ||
        coverage.count != 0) {
      fail_msg("taken: %s", rows[i]);
    }
  }
}

static void counts_add_up_and_odd_ones_are_refused(void **state) {
  (void)state;
  static const char *const odd[] = {
      "",          ";",        "1",         "1;;;;;;;;",      "1;;;;;;;;1", "x;;;;;;;",    ",,,,,;;;;;;;",
      "-1;;;;;;;", ";;;;;;; ", "1 ;;;;;;;", "1234567;;;;;;;", "1,;;;;;;;",  ";;;;;;;1,2,", "1,1,1,1,1,1;;;;;;;",
  };
  SNT_CLEANUP(snt_coverage_clear) struct snt_coverage coverage = {0};
  struct snt_coverage_policy *policy = NULL, *again = NULL;
  assert_ok(begin(&coverage, "p.yaml", POLICY, &policy));
  assert_int_equal(policy->count, 8);
  assert_true(snt_coverage_add(policy, "1;2,3;,,,,5;;;;;"));
  assert_true(snt_coverage_add(policy, ";1;;;;;;1"));
  assert_ok(begin(&coverage, "p.yaml", POLICY, &again));
  assert_ptr_equal(again, policy);
  assert_int_equal(policy->points[1].counts[SNT_OUTCOME_TRUE], 3);
  assert_int_equal(policy->points[1].counts[SNT_OUTCOME_FALSE], 3);
  assert_int_equal(policy->points[2].counts[SNT_OUTCOME_LATE], 5);
  assert_int_equal(policy->points[7].counts[SNT_OUTCOME_TRUE], 1);
  assert_int_equal(snt_coverage_times(&policy->points[2]), 5);
  struct snt_coverage_totals totals = snt_coverage_count(&coverage);
  assert_int_equal(totals.rules, 2);
  assert_int_equal(totals.rules_matched, 1);
  assert_int_equal(totals.conditions, 5);
  assert_int_equal(totals.conditions_seen, 0);
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    if (snt_coverage_add(policy, odd[i])) {
      fail_msg("taken: \"%s\"", odd[i]);
    }
  }
  assert_code(begin(&coverage, "p.yaml", ACCOUNT(RULE("")), &again), SNT_CODE_EVALUATOR);
}

/* Points: 0 the default, 1 rule a, 2 its profiles, 3 its any, 4 and 5 the branches of that, 6 rule b, 7 its oncall. */
static void what_is_missing_is_told_with_its_reason(void **state) {
  (void)state;
  static const struct {
    const char *seen;
    size_t number;
    const char *missing, *why;
  } rows[] = {
      {";;;;;;;", 0, "no request that no rule matches", "no request was decided"},
      {";;;;;;;", 1, "never reached", "no request was decided"},
      {";;;;;;;", 2, "never evaluated", "no request was decided"},
      {",1;1;1;1;1;;;", 0, "no request that no rule matches", "rule a decided the one request"},
      {",2;2;2;2;2;;;", 6, "never reached", "rule a decided both requests before it"},
      {",3;2,,,1;3;3;3;;;", 7, "never evaluated", "rule a decided all 3 requests before it"},
      {"3;,3;,3;;;;;", 1, "never matched", "profiles was false all 3 times"},
      {"3;,3;1,2;,1;;;;", 1, "never matched", "profiles was false 2 of 3 times"},
      {"3;,3;1,2;,1;;;;", 3, "never true", "it was false the one time; profiles was false 2 times before it"},
      {"3;,,,3;3;,,,3;;;;", 1, "never matched", "any was an error all 3 times"},
      {"3;,3;,3;;;;;", 3, "never evaluated", "short-circuited: profiles was false 3 times before it"},
      {"3;,3;,3;;;;;", 4, "never evaluated", "short-circuited: profiles was false 3 times before it"},
      {",2;2;2;2;2;;;", 5, "never evaluated", "short-circuited: an earlier branch of any was true"},
      {",2;2;2;2;2;;;", 4, "never false", "it was true both times"},
      {",2;2;2;2;1,,2;;;", 4, "never false", "it was true once, unknown 2 times"},
      {"2;,2;2;,,2;,,2;;;", 4, "never true, never false", "it was unknown both times"},
      {"2;,2;1,1;;;;;", 2, "", ""},
      {"2;1,2;1;;;;;", 1, "", ""},
      {"2;,2;;;;;1;", 0, "", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_CLEANUP(snt_coverage_clear) struct snt_coverage coverage = {0};
    SNT_BUF_AUTO struct snt_buf why = {0};
    struct snt_coverage_policy *policy = NULL;
    assert_ok(begin(&coverage, "p.yaml", POLICY, &policy));
    assert_true(snt_coverage_add(policy, rows[i].seen));
    assert_ok(snt_coverage_explain(policy, rows[i].number, &why, NULL));
    assert_string_equal(snt_coverage_missing(&policy->points[rows[i].number]), rows[i].missing);
    assert_string_equal(snt_buf_borrow(&why), rows[i].why);
  }
}

static void a_shadow_is_the_reason_where_there_is_one(void **state) {
  (void)state;
  SNT_CLEANUP(snt_coverage_clear) struct snt_coverage coverage = {0};
  SNT_BUF_AUTO struct snt_buf why = {0};
  struct snt_coverage_policy *policy = NULL;
  assert_ok(begin(&coverage, "p.yaml", POLICY, &policy));
  assert_true(snt_coverage_add(policy, ",2;2;2;2;2;;;"));
  policy->points[6].shadow = snt_str_dup("rule a is wider");
  assert_ok(snt_coverage_explain(policy, 6, &why, NULL));
  assert_string_equal(snt_buf_borrow(&why), "shadowed: rule a is wider");
}

static void plugins_are_added_up_over_policies_and_their_own_specs(void **state) {
  (void)state;
  SNT_CLEANUP(snt_coverage_clear) struct snt_coverage coverage = {0};
  SNT_COVERAGE_PLUGINS_AUTO struct snt_coverage_plugins plugins = {0};
  struct snt_coverage_policy *policy = NULL;
  assert_ok(begin(&coverage, "p.yaml",
                  ACCOUNT(RULE("") "," RULE("r") "," POINT("r", "oncall", "oncall", "1", "0",
                                                           "true") "," POINT("r", "geo", "geo", "1", "0", "true")),
                  &policy));
  assert_true(snt_coverage_add(policy, ";;1,2,,,3;4"));
  assert_ok(begin(&coverage, "plugins/oncall", ACCOUNT(POINT("", "oncall", "oncall", "0", "0", "true")), &policy));
  assert_true(snt_coverage_add(policy, "10,,,5"));
  assert_string_equal(snt_coverage_missing(&policy->points[0]), "");
  assert_ok(snt_coverage_find_plugins(&coverage, &plugins, NULL));
  assert_int_equal(plugins.count, 2);
  assert_string_equal(plugins.list[0].name, "geo");
  assert_int_equal(plugins.list[0].counts[SNT_OUTCOME_TRUE], 4);
  assert_string_equal(plugins.list[1].name, "oncall");
  assert_int_equal(plugins.list[1].counts[SNT_OUTCOME_TRUE], 11);
  assert_int_equal(plugins.list[1].own[SNT_OUTCOME_TRUE], 10);
  assert_int_equal(plugins.list[1].counts[SNT_OUTCOME_FALSE], 2);
  assert_int_equal(plugins.list[1].counts[SNT_OUTCOME_FAILED], 5);
  assert_int_equal(plugins.list[1].counts[SNT_OUTCOME_LATE], 3);
  struct snt_coverage_totals totals = snt_coverage_count(&coverage);
  assert_int_equal(totals.rules, 1);
  assert_int_equal(totals.conditions, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_account_is_refused_for_anything_that_is_odd),
      cmocka_unit_test(counts_add_up_and_odd_ones_are_refused),
      cmocka_unit_test(what_is_missing_is_told_with_its_reason),
      cmocka_unit_test(a_shadow_is_the_reason_where_there_is_one),
      cmocka_unit_test(plugins_are_added_up_over_policies_and_their_own_specs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
