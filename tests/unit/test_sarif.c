#include "check.h"

#include <string.h>

#include "cli/sarif.h"

static struct snt_lint_problem problems[] = {{.check = SNT_LINT_DEAD_DENY,
                                              .rule = "b",
                                              .file = "/a b/p%.yaml",
                                              .line = 7,
                                              .message = "rule \"b\" denies nothing"},
                                             {.check = SNT_LINT_CLAIMED_ONLY,
                                              .rule = "a",
                                              .file = "c:d/\xc3\xa9.lua",
                                              .line = 1,
                                              .message = "rule \"a\" rests"}};

static const struct snt_json_value *walk(const struct snt_json_value *value, const char *const *path) {
  for (; *path != NULL; path++) {
    bool is_index = (*path)[0] >= '0' && (*path)[0] <= '9';
    value = is_index ? snt_json_at(value, (size_t)((*path)[0] - '0')) : snt_json_get(value, *path);
  }
  return value;
}

#define AT(doc, ...) walk(snt_json_root(doc), (const char *const[]){"runs", "0", __VA_ARGS__, NULL})

static struct snt_json_doc *format(const struct snt_lint *reports, size_t count, const struct snt_json_value *refused) {
  struct snt_json_doc *doc = NULL;
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_sarif_format(reports, count, refused, &text, NULL));
  assert_ok(snt_json_parse(snt_buf_borrow(&text), text.len, "SARIF", &doc, NULL));
  return doc;
}

static void problems_become_results_with_their_rules(void **state) {
  (void)state;
  const struct snt_lint reports[] = {{.problems = problems, .count = 1, .is_complete = true},
                                     {.problems = problems + 1, .count = 1, .is_complete = true}};
  SNT_JSON_AUTO struct snt_json_doc *doc = format(reports, 2, NULL);
  assert_int_equal(snt_json_count(AT(doc, "tool", "driver", "rules")), SNT_LINT_CHECK_COUNT + 1);
  static const char *const wanted[][3] = {{"dead-deny", "error", "file:///a%20b/p%25.yaml"},
                                          {"claimed-only", "warning", "c%3Ad/%C3%A9.lua"}};
  assert_int_equal(snt_json_count(AT(doc, "results")), 2);
  for (size_t i = 0; i < 2; i++) {
    const char *index = i == 0 ? "0" : "1";
    int64_t number = -1;
    assert_string_equal(snt_json_string(AT(doc, "results", index, "ruleId"), NULL), wanted[i][0]);
    assert_string_equal(snt_json_string(AT(doc, "results", index, "level"), NULL), wanted[i][1]);
    const struct snt_json_value *place = AT(doc, "results", index, "locations", "0", "physicalLocation");
    assert_string_equal(snt_json_string(snt_json_get(snt_json_get(place, "artifactLocation"), "uri"), NULL),
                        wanted[i][2]);
    assert_true(snt_json_integer(AT(doc, "results", index, "ruleIndex"), &number));
    assert_int_equal(number, problems[i].check);
    assert_true(snt_json_integer(snt_json_get(snt_json_get(place, "region"), "startLine"), &number));
    assert_int_equal(number, problems[i].line);
    assert_string_equal(snt_json_string(AT(doc, "results", index, "message", "text"), NULL), problems[i].message);
  }
}

static void a_run_that_is_not_complete_was_not_successful(void **state) {
  (void)state;
  static const struct {
    struct snt_lint report;
    bool is_successful;
    size_t notifications;
  } rows[] = {{{.is_complete = true}, true, 0},
              {{.is_complete = false}, false, 1},
              {{.problems = problems, .count = 1, .left_out = 9, .is_complete = true}, true, 1},
              {{.problems = problems, .count = 1, .left_out = 9, .is_complete = false}, false, 2}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_JSON_AUTO struct snt_json_doc *doc = format(&rows[i].report, 1, NULL);
    bool is_successful = !rows[i].is_successful;
    assert_true(snt_json_bool(AT(doc, "invocations", "0", "executionSuccessful"), &is_successful));
    assert_true(is_successful == rows[i].is_successful);
    assert_int_equal(snt_json_count(AT(doc, "invocations", "0", "toolExecutionNotifications")), rows[i].notifications);
    assert_int_equal(snt_json_type(AT(doc, "results")), SNT_JSON_ARRAY);
  }
}

static void what_is_wrong_with_a_refused_policy_is_a_result(void **state) {
  (void)state;
  static const char text[] = "[{\"file\":\"p.yaml\",\"line\":3,\"column\":5,\"message\":\"odd\",\"hint\":\"\"},"
                             "{\"file\":\"q.yaml\"}]";
  const struct snt_lint report = {.problems = problems, .count = 1, .is_complete = true};
  SNT_JSON_AUTO struct snt_json_doc *refused = NULL;
  int64_t number = 0;
  bool is_successful = true;
  assert_ok(snt_json_parse(text, sizeof text - 1, "a list", &refused, NULL));
  SNT_JSON_AUTO struct snt_json_doc *doc = format(&report, 1, snt_json_root(refused));
  assert_int_equal(snt_json_count(AT(doc, "results")), 3);
  assert_string_equal(snt_json_string(AT(doc, "results", "0", "ruleId"), NULL), SNT_SARIF_INVALID);
  assert_string_equal(snt_json_string(AT(doc, "results", "0", "level"), NULL), "error");
  assert_true(snt_json_integer(AT(doc, "results", "0", "ruleIndex"), &number));
  assert_int_equal(number, SNT_LINT_CHECK_COUNT);
  const struct snt_json_value *where = AT(doc, "results", "0", "locations", "0");
  const struct snt_json_value *region = snt_json_get(snt_json_get(where, "physicalLocation"), "region");
  assert_true(snt_json_integer(snt_json_get(region, "startColumn"), &number));
  assert_int_equal(number, 5);
  assert_int_equal(snt_json_type(snt_json_get(where, "logicalLocations")), SNT_JSON_NONE);
  region = snt_json_get(AT(doc, "results", "1", "locations", "0", "physicalLocation"), "region");
  assert_true(snt_json_integer(snt_json_get(region, "startLine"), &number));
  assert_int_equal(number, 1);
  assert_string_equal(snt_json_string(AT(doc, "results", "2", "ruleId"), NULL), "dead-deny");
  assert_true(snt_json_bool(AT(doc, "invocations", "0", "executionSuccessful"), &is_successful));
  assert_false(is_successful);
  assert_int_equal(snt_json_count(AT(doc, "invocations", "0", "toolExecutionNotifications")), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(problems_become_results_with_their_rules),
      cmocka_unit_test(what_is_wrong_with_a_refused_policy_is_a_result),
      cmocka_unit_test(a_run_that_is_not_complete_was_not_successful),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
