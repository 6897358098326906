#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "policy/lint.h"

#define PROBLEM                                                                                                        \
  "{\"check\":\"dead-deny\",\"rule\":\"b\",\"file\":\"p.yaml\",\"line\":7,\"message\":\"rule \\\"b\\\" denies "        \
  "nothing\"}"

static snt_status parse(const char *text, struct snt_lint *out) {
  return snt_lint_parse(text, strlen(text), out, &(struct snt_err){0});
}

static snt_status parse_problem(const char *problem) {
  SNT_LINT_AUTO struct snt_lint lint = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL, "{\"problems\":[%s],\"left_out\":0,\"complete\":true}", problem));
  return parse(snt_buf_borrow(&text), &lint);
}

static void a_report_is_taken_as_it_is(void **state) {
  (void)state;
  SNT_LINT_AUTO struct snt_lint lint = {0};
  assert_ok(parse("{\"problems\":[" PROBLEM ",{\"check\":\"claimed-only\",\"rule\":\"a\",\"file\":\"f\",\"line\":1,"
                  "\"message\":\"m\"}],\"left_out\":3,\"complete\":false}",
                  &lint));
  assert_int_equal(lint.count, 2);
  assert_int_equal(lint.problems[0].check, SNT_LINT_DEAD_DENY);
  assert_string_equal(lint.problems[0].rule, "b");
  assert_string_equal(lint.problems[0].file, "p.yaml");
  assert_int_equal(lint.problems[0].line, 7);
  assert_string_equal(lint.problems[0].message, "rule \"b\" denies nothing");
  assert_int_equal(lint.problems[1].check, SNT_LINT_CLAIMED_ONLY);
  assert_int_equal(lint.left_out, 3);
  assert_false(lint.is_complete);
  assert_int_equal(snt_lint_count_errors(&lint), 1);
}

static void only_what_is_unreachable_overruled_or_fragile_is_an_error(void **state) {
  (void)state;
  static const char *const errors[] = {"unreachable-rule", "allow-before-deny", "dead-deny",
                                       "emergency-depends-on-fact"};
  for (int i = 0; i < SNT_LINT_CHECK_COUNT; i++) {
    bool is_error = false;
    for (size_t k = 0; k < sizeof errors / sizeof errors[0]; k++) {
      is_error = is_error || strcmp(SNT_LINT_TABLE[i].name, errors[k]) == 0;
    }
    assert_true(SNT_LINT_TABLE[i].is_error == is_error);
    assert_true(SNT_LINT_TABLE[i].meaning[0] != '\0' && SNT_LINT_TABLE[i].remedy[0] != '\0');
  }
}

/* A report that is none is no clean policy: nothing of it is kept. */
static void anything_else_is_refused_whole(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "[]",
      "null",
      "{}",
      "{\"problems\":[],\"left_out\":0}",
      "{\"problems\":[],\"complete\":true}",
      "{\"left_out\":0,\"complete\":true}",
      "{\"problems\":{},\"left_out\":0,\"complete\":true}",
      "{\"problems\":[],\"left_out\":-1,\"complete\":true}",
      "{\"problems\":[],\"left_out\":0.5,\"complete\":true}",
      "{\"problems\":[],\"left_out\":1,\"complete\":true}",
      "{\"problems\":[],\"left_out\":0,\"complete\":\"true\"}",
      "{\"problems\":[],\"left_out\":0,\"complete\":null}",
      "{\"problems\":[],\"left_out\":0,\"complete\":true,\"more\":1}",
      "{\"problems\":[],\"left_out\":0,\"complete\":true}x",
      "{\"problems\":[],\"problems\":[],\"left_out\":0,\"complete\":true}",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_LINT_AUTO struct snt_lint lint = {0};
    snt_status status = parse(rows[i], &lint);
    if (status.code != SNT_CODE_EVALUATOR || lint.count != 0 || lint.is_complete) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
  }
}

static void every_problem_has_to_be_in_order(void **state) {
  (void)state;
  assert_ok(parse_problem(PROBLEM));
  /* {member, value}; "" leaves it out */
  static const char *const rows[][2] = {
      {"check", "\"dead-rule\""},
      {"check", "\"\""},
      {"check", "3"},
      {"check", ""},
      {"check", "\"Dead-deny\""},
      {"rule", "\"a b\""},
      {"rule", "\"\""},
      {"rule", "null"},
      {"rule", "\"a\\u001b[31m\""},
      {"rule", ""},
      {"file", "\"\""},
      {"file", "\"a\\nb\""},
      {"file", ""},
      {"line", "0"},
      {"line", "-1"},
      {"line", "1000000"},
      {"line", "\"1\""},
      {"line", "1.5"},
      {"line", ""},
      {"message", "\"\""},
      {"message", "\"a\\u0000b\""},
      {"message", "\"\\u009b\""},
      {"message", "[]"},
      {"message", ""},
      {"hint", "\"x\""},
  };
  static const char *const good[][2] = {
      {"check", "\"dead-deny\""}, {"rule", "\"b\""}, {"file", "\"f\""}, {"line", "1"}, {"message", "\"m\""}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char problem[512] = "{";
    size_t used = 1;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
      const char *value = strcmp(good[k][0], rows[i][0]) == 0 ? rows[i][1] : good[k][1];
      if (value[0] != '\0') {
        used += (size_t)snprintf(problem + used, sizeof problem - used, "%s\"%s\":%s", used > 1 ? "," : "", good[k][0],
                                 value);
      }
    }
    bool is_extra = strcmp(rows[i][0], "hint") == 0;
    (void)snprintf(problem + used, sizeof problem - used, "%s}", is_extra ? ",\"hint\":\"x\"" : "");
    if (parse_problem(problem).code != SNT_CODE_EVALUATOR) {
      fail_msg("%s was taken", problem);
    }
  }
}

static void texts_and_lists_are_bounded(void **state) {
  (void)state;
  static const struct {
    const char *member;
    size_t max;
  } rows[] = {{"rule", 64}, {"file", 4200}, {"message", 1000}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (size_t over = 0; over < 2; over++) {
      SNT_BUF_AUTO struct snt_buf text = {0};
      char word[4300];
      size_t len = rows[i].max + over;
      memset(word, 'x', len);
      word[len] = '\0';
      assert_ok(snt_buf_appendf(
          &text, NULL, "{\"check\":\"dead-deny\",\"rule\":\"%s\",\"file\":\"%s\",\"line\":1,\"message\":\"%s\"}",
          i == 0 ? word : "a", i == 1 ? word : "f", i == 2 ? word : "m"));
      assert_code(parse_problem(snt_buf_borrow(&text)), over == 0 ? SNT_CODE_OK : SNT_CODE_EVALUATOR);
    }
  }
  for (size_t count = SNT_LINT_PROBLEMS_MAX; count <= SNT_LINT_PROBLEMS_MAX + 1; count++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_LINT_AUTO struct snt_lint lint = {0};
    assert_ok(snt_buf_append_str(&text, "{\"left_out\":0,\"complete\":true,\"problems\":[", NULL));
    for (size_t i = 0; i < count; i++) {
      assert_ok(snt_buf_appendf(&text, NULL, "%s" PROBLEM, i > 0 ? "," : ""));
    }
    assert_ok(snt_buf_append_str(&text, "]}", NULL));
    snt_status status = snt_lint_parse(snt_buf_borrow(&text), text.len, &lint, &(struct snt_err){0});
    assert_code(status, count > SNT_LINT_PROBLEMS_MAX ? SNT_CODE_EVALUATOR : SNT_CODE_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_report_is_taken_as_it_is),
      cmocka_unit_test(only_what_is_unreachable_overruled_or_fragile_is_an_error),
      cmocka_unit_test(anything_else_is_refused_whole),
      cmocka_unit_test(every_problem_has_to_be_in_order),
      cmocka_unit_test(texts_and_lists_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
