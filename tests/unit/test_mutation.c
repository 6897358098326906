#include "check.h"

#include <string.h>

#include "policy/mutation.h"

static const char two[] =
    "{\"ok\":true,\"mutants\":[{\"rule\":\"r\",\"line\":3,\"change\":\"removed\",\"widens\":true},"
    "{\"rule\":\"\",\"line\":1,\"change\":\"group g: with \\\"*\\\"\",\"widens\":false}],"
    "\"left_out\":0}";

static snt_status begin(struct snt_mutation *mutation, const char *text, struct snt_mutated_policy **out) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  assert_ok(snt_json_parse(text, strlen(text), "t", &doc, NULL));
  return snt_mutation_begin(mutation, "policies/p.yaml", "p.yaml", snt_json_root(doc), out, NULL);
}

static snt_status judge(struct snt_mutant *mutant, const char *text) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  assert_ok(snt_json_parse(text, strlen(text), "t", &doc, NULL));
  return snt_mutation_judge(mutant, snt_json_root(doc), NULL);
}

static void mutants_are_taken_and_counted(void **state) {
  (void)state;
  SNT_CLEANUP(snt_mutation_clear) struct snt_mutation mutation = {0};
  struct snt_mutated_policy *policy = NULL;
  assert_ok(begin(&mutation, two, &policy));
  assert_int_equal(policy->count, 2);
  assert_string_equal(policy->mutants[0].rule, "r");
  assert_string_equal(policy->mutants[1].change, "group g: with \"*\"");
  struct snt_mutation_totals totals = snt_mutation_count(&mutation);
  assert_int_equal(totals.widening_survived, 1);
  assert_int_equal(snt_mutation_score(&totals), 0);
  assert_ok(judge(&policy->mutants[0],
                  "{\"killed\":false,\"equivalent\":false,"
                  "\"request\":{\"profile\":\"dev\"},\"shown\":\"{profile: dev}\",\"assumed\":\"oncall holds\","
                  "\"cases\":[[\"  - name: a\",\"    request: {}\"]]}"));
  assert_string_equal(policy->mutants[0].cases[0], "  - name: a\n    request: {}\n");
  assert_string_equal(policy->mutants[0].request, "{\"profile\":\"dev\"}");
  assert_string_equal(policy->mutants[0].assumed, "oncall holds");
  assert_ok(judge(&policy->mutants[0], "{\"killed\":true,\"equivalent\":false}"));
  assert_int_equal(policy->mutants[0].case_count, 0); /* another spec has it */
  assert_false(snt_mutation_is_open(&policy->mutants[0]));
  assert_ok(judge(&policy->mutants[1], "{\"killed\":false,\"equivalent\":true}"));
  totals = snt_mutation_count(&mutation);
  assert_int_equal(totals.killed, 1);
  assert_int_equal(totals.equivalent, 1);
  assert_int_equal(totals.widening, 1);
  assert_int_equal(totals.widening_survived, 0);
  assert_int_equal(snt_mutation_score(&totals), 100);
  struct snt_mutated_policy *again = NULL;
  assert_ok(begin(&mutation, two, &again)); /* another spec of the same policy */
  assert_ptr_equal(again, policy);
  assert_int_equal(again->mutants[0].fate, SNT_MUTANT_KILLED);
}

static void odd_mutants_are_refused(void **state) {
  (void)state;
  static const char *const odd[] = {
      "{}",
      "{\"mutants\":[]}",
      "{\"mutants\":[],\"left_out\":-1}",
      "{\"mutants\":{},\"left_out\":0}",
      "{\"mutants\":[1],\"left_out\":0}",
      "{\"mutants\":[{\"rule\":\"r\",\"line\":0,\"change\":\"x\",\"widens\":true}],\"left_out\":0}",
      "{\"mutants\":[{\"rule\":\"r\",\"line\":1,\"change\":\"\",\"widens\":true}],\"left_out\":0}",
      "{\"mutants\":[{\"rule\":\"r\",\"line\":1,\"change\":\"x\\n\",\"widens\":true}],\"left_out\":0}",
      "{\"mutants\":[{\"rule\":\"r\",\"line\":1,\"change\":\"x\",\"widens\":1}],\"left_out\":0}",
      "{\"mutants\":[{\"rule\":\"r\",\"line\":1,\"change\":\"x\",\"widens\":true,\"y\":1}],\"left_out\":0}",
      "{\"mutants\":[{\"rule\":null,\"line\":1,\"change\":\"x\",\"widens\":true}],\"left_out\":0}",
  };
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    SNT_CLEANUP(snt_mutation_clear) struct snt_mutation mutation = {0};
    struct snt_mutated_policy *policy = NULL;
    assert_code(begin(&mutation, odd[i], &policy), SNT_CODE_EVALUATOR);
  }
  SNT_CLEANUP(snt_mutation_clear) struct snt_mutation mutation = {0};
  struct snt_mutated_policy *policy = NULL;
  assert_ok(begin(&mutation, two, &policy));
  assert_code(begin(&mutation, "{\"mutants\":[],\"left_out\":0}", &policy), SNT_CODE_EVALUATOR);
}

/* Nothing that makes no sense counts as killed, or as a change of nothing. */
static void odd_verdicts_are_refused(void **state) {
  (void)state;
  static const char *const odd[] = {
      "[]",
      "{\"killed\":true}",
      "{\"killed\":1,\"equivalent\":false}",
      "{\"killed\":true,\"equivalent\":true}",
      "{\"killed\":true,\"equivalent\":false,\"x\":1}",
      "{\"killed\":false,\"equivalent\":false,\"request\":7,\"shown\":\"x\",\"assumed\":\"\"}",
      "{\"killed\":false,\"equivalent\":false,\"request\":{}}",
      "{\"killed\":false,\"equivalent\":false,\"request\":{},\"assumed\":\"\"}",
      "{\"killed\":false,\"equivalent\":false,\"request\":{},\"shown\":\"a\\n\",\"assumed\":\"\"}",
      "{\"killed\":false,\"equivalent\":false,\"request\":{},\"shown\":\"x\",\"assumed\":\"a\\u0007\"}",
      "{\"killed\":false,\"equivalent\":false,\"cases\":{}}",
      "{\"killed\":false,\"equivalent\":false,\"cases\":[[]]}",
      "{\"killed\":false,\"equivalent\":false,\"cases\":[[\"a\\nb\"]]}",
      "{\"killed\":false,\"equivalent\":false,\"cases\":[[1]]}",
      "{\"killed\":false,\"equivalent\":false,\"cases\":[[\"a\"],[\"a\"],[\"a\"],[\"a\"],[\"a\"]]}",
  };
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    struct snt_mutant mutant = {.widens = true};
    assert_code(judge(&mutant, odd[i]), SNT_CODE_EVALUATOR);
    assert_int_equal(mutant.fate, SNT_MUTANT_SURVIVED);
    assert_int_equal(mutant.case_count, 0);
    assert_null(mutant.request);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mutants_are_taken_and_counted),
      cmocka_unit_test(odd_mutants_are_refused),
      cmocka_unit_test(odd_verdicts_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
