#include "check.h"

#include <string.h>

#include "policy/verdict.h"

static snt_status parse(const char *text, struct snt_verdict *out, size_t count) {
  return snt_verdicts_parse(text, strlen(text), out, count, NULL);
}

static void lines_are_verdicts(void **state) {
  (void)state;
  struct snt_verdict out[3];
  assert_ok(parse("allow 3 1 3600 - prod-oncall\ndeny -1 0 0 - -\ndeny 0 0 0 fact_unknown a.b_c\n", out, 3));
  assert_int_equal(out[0].effect, SNT_EFFECT_ALLOW);
  assert_string_equal(out[0].rule, "prod-oncall");
  assert_string_equal(out[0].error, "");
  assert_int_equal(out[0].max_duration_s, 3600);
  assert_true(out[0].is_emergency);
  assert_int_equal(out[1].effect, SNT_EFFECT_DENY);
  assert_string_equal(out[1].rule, "");
  assert_int_equal(out[1].max_duration_s, 0);
  assert_string_equal(out[2].error, "fact_unknown");
  assert_false(out[2].is_emergency);
  assert_ok(parse("allow 3 0 0 - -\n", out, 1));
  assert_string_equal(out[0].rule, "-"); /* a rule may be called that: it has a number */
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "\n",
      "allow 3 0 0 - a",
      "allow 3 0 0 - a\nallow 3 0 0 - a\n",
      "allow 3 0 0 - a\n\n",
      "allow 3 0 0 -\n",
      "allow 3 0 0 - a b\n",
      "allow  3 0 0 - a\n",
      " allow 3 0 0 - a\n",
      "allow 3 0 0 - \n",
      "Allow 3 0 0 - a\n",
      "allowed 3 0 0 - a\n",
      "permit 3 0 0 - a\n",
      "allow 03 0 0 - a\n",
      "allow -2 0 0 - a\n",
      "allow 1000000 0 0 - a\n",
      "allow 3 2 0 - a\n",
      "allow 3 - 0 - a\n",
      "allow 3 0 -1 - a\n",
      "allow 3 0 1e3 - a\n",
      "allow 3 0 1234567890123456789 - a\n",
      "allow 3 0 0 broken a\n",
      "allow -1 0 0 - -\n",
      "deny -1 0 0 - a\n",
      "deny 3 0 0 Broken a\n",
      "deny 3 0 0 - a/b\n",
      "deny 3 0 0 - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
      "deny 3 0 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa a\n",
      ("deny 3 0 0 - "
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"),
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_verdict out;
    snt_status status = parse(rows[i], &out, 1);
    if (status.code != SNT_CODE_EVALUATOR) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
  }
  struct snt_verdict out;
  assert_code(snt_verdicts_parse("allow 3 0 0 - a\0\n", 17, &out, 1, NULL), SNT_CODE_EVALUATOR);
}

static void what_is_half_an_allow_is_none(void **state) {
  (void)state;
  SNT_DECISION_AUTO struct snt_decision decision = {.effect = SNT_EFFECT_ALLOW, .rule = "r", .max_duration_s = 60};
  assert_int_equal(snt_verdict_of(&decision).effect, SNT_EFFECT_ALLOW);
  assert_int_equal(snt_verdict_of(&decision).max_duration_s, 60);
  strcpy(decision.error, "broken");
  assert_int_equal(snt_verdict_of(&decision).effect, SNT_EFFECT_DENY);
  assert_string_equal(snt_verdict_of(&decision).error, "broken");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lines_are_verdicts), cmocka_unit_test(anything_else_is_refused),
                                     cmocka_unit_test(what_is_half_an_allow_is_none)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
