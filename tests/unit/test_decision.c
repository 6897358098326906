#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/decision.h"

/* A well-formed reply with one member replaced: "" leaves the member out. */
static void make_reply(char *out, size_t cap, const char *member, const char *value) {
  static const char *const members[][2] = {{"effect", "\"allow\""},
                                           {"rule", "\"dev\""},
                                           {"rule_index", "0"},
                                           {"reason", "\"because\""},
                                           {"error", "null"},
                                           {"max_duration", "3600"},
                                           {"requires_server_mode", "false"},
                                           {"requires_session_tracking", "false"},
                                           {"conditions", "[\"profiles\"]"},
                                           {"missing", "[]"},
                                           {"trace", "[]"}};
  size_t used = 0;
  out[used++] = '{';
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    const char *text = strcmp(member, members[i][0]) == 0 ? value : members[i][1];
    if (text[0] != '\0') {
      used += (size_t)snprintf(out + used, cap - used, "%s\"%s\":%s", used > 1 ? "," : "", members[i][0], text);
    }
  }
  (void)snprintf(out + used, cap - used, "}");
}

static snt_status parse(const char *member, const char *value, struct snt_decision *out) {
  char reply[8192];
  make_reply(reply, sizeof reply, member, value);
  struct snt_err err = {0};
  return snt_decision_parse(reply, strlen(reply), out, &err);
}

static void only_exactly_allow_issues(void **state) {
  (void)state;
  static const struct {
    const char *effect;
    bool is_known, issues;
  } rows[] = {{"\"allow\"", true, true},
              {"\"deny\"", true, false},
              {"\"require_approval\"", true, false},
              {"\"require_server\"", true, false},
              {"\"require_server_session\"", true, false},
              {"\"Allow\"", false, false},
              {"\"ALLOW\"", false, false},
              {"\"allow \"", false, false},
              {"\"allow\\u0000\"", false, false},
              {"\"permit\"", false, false},
              {"\"allow_all\"", false, false},
              {"\"\"", false, false},
              {"true", false, false},
              {"1", false, false},
              {"null", false, false},
              {"[\"allow\"]", false, false},
              {"{\"effect\":\"allow\"}", false, false},
              {"", false, false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    snt_status status = parse("effect", rows[i].effect, &decision);
    if (snt_ok(status) != rows[i].is_known || snt_decision_allows(&decision) != rows[i].issues) {
      fail_msg("effect %s", rows[i].effect);
    }
  }
}

static void a_zeroed_or_forged_decision_does_not_issue(void **state) {
  (void)state;
  struct snt_decision decision = {0};
  assert_false(snt_decision_allows(&decision));
  for (int effect = -2; effect < 300; effect++) {
    decision.effect = (enum snt_effect)effect;
    (void)snprintf(decision.rule, sizeof decision.rule, "dev");
    assert_true(snt_decision_allows(&decision) == (effect == SNT_EFFECT_ALLOW));
  }
  decision.effect = SNT_EFFECT_ALLOW;
  (void)snprintf(decision.error, sizeof decision.error, "condition_error");
  assert_false(snt_decision_allows(&decision));
}

static void odd_members_are_no_decision(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"rule", "\"\""},
                                        {"rule", "\"a b\""},
                                        {"rule", "\"../x\""},
                                        {"rule", "\"\\u001b[31m\""},
                                        {"rule", "7"},
                                        {"rule", ""},
                                        {"rule_index", "-1"},
                                        {"rule_index", "-2"},
                                        {"rule_index", "1.5"},
                                        {"rule_index", "\"0\""},
                                        {"rule_index", ""},
                                        {"reason", "\"two\\nlines\""},
                                        {"reason", "[]"},
                                        {"error", "\"condition_error\""},
                                        {"error", "true"},
                                        {"max_duration", "0"},
                                        {"max_duration", "-5"},
                                        {"max_duration", "\"1h\""},
                                        {"max_duration", ""},
                                        {"requires_server_mode", "1"},
                                        {"conditions", "null"},
                                        {"conditions", "{}"},
                                        {"missing", "[1]"},
                                        {"trace", "\"\""},
                                        {"trace", "[],\"extra\":1"},
                                        {"trace", "[],\"effect\":\"allow\""}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    snt_status status = parse(rows[i][0], rows[i][1], &decision);
    if (status.code != SNT_CODE_EVALUATOR || snt_decision_allows(&decision)) {
      fail_msg("%s = %s", rows[i][0], rows[i][1]);
    }
  }
}

#define REMEDY "{\"rule\":\"a.b-C_1\",\"text\":\"from 09:00 America/New_York (monday to friday)\"}"
#define REMEDY_OF(rule, text) "[{\"rule\":" rule ",\"text\":" text "}]"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define TEXT_300 FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

/* A denial with this for its remedies: "" for none. */
static snt_status parse_remedies(const char *remedies, struct snt_decision *out) {
  char value[4096];
  (void)snprintf(value, sizeof value, "\"deny\"%s%s", remedies[0] == '\0' ? "" : ",\"remedies\":", remedies);
  return parse("effect", value, out);
}

static void remedies_are_kept_in_their_order(void **state) {
  (void)state;
  static const struct {
    const char *remedies;
    size_t count;
  } rows[] = {{"", 0},
              {"[]", 0},
              {"[" REMEDY "]", 1},
              {REMEDY_OF("\"r\"", "\"" TEXT_300 "\""), 1},
              {REMEDY_OF("\"r\"", "\"f\xc3\xbcr\""), 1},
              {"[" REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY "]", 8}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    if (!snt_ok(parse_remedies(rows[i].remedies, &decision)) || snt_json_count(decision.remedies) != rows[i].count) {
      fail_msg("%s", rows[i].remedies);
    }
    assert_true((decision.remedies == NULL) == (rows[i].remedies[0] == '\0'));
    assert_false(snt_decision_allows(&decision));
  }
}

static void odd_remedies_are_no_decision(void **state) {
  (void)state;
  static const char *const rows[] = {"null",
                                     "true",
                                     "\"\"",
                                     "{}",
                                     REMEDY,
                                     "[null]",
                                     "[1]",
                                     "[\"r\"]",
                                     "[[]]",
                                     "[{}]",
                                     "[{\"rule\":\"r\"}]",
                                     "[{\"text\":\"as mode cli\"}]",
                                     "[{\"rule\":\"r\",\"text\":\"as mode cli\",\"more\":1}]",
                                     "[{\"rule\":\"r\",\"text\":\"as mode cli\",\"text\":\"as mode cli\"}]",
                                     "[" REMEDY ",{}]",
                                     REMEDY_OF("null", "\"x\""),
                                     REMEDY_OF("7", "\"x\""),
                                     REMEDY_OF("\"\"", "\"x\""),
                                     REMEDY_OF("\"a b\"", "\"x\""),
                                     REMEDY_OF("\"../x\"", "\"x\""),
                                     REMEDY_OF("\"r\\u0000\"", "\"x\""),
                                     REMEDY_OF("\"" FIFTY TEN "01234\"", "\"x\""),
                                     REMEDY_OF("\"r\"", "null"),
                                     REMEDY_OF("\"r\"", "\"\""),
                                     REMEDY_OF("\"r\"", "[]"),
                                     REMEDY_OF("\"r\"", "\"two\\nlines\""),
                                     REMEDY_OF("\"r\"", "\"\\u001b[31m\""),
                                     REMEDY_OF("\"r\"", "\"x\\u0000y\""),
                                     REMEDY_OF("\"r\"", "\"\xff\""),
                                     REMEDY_OF("\"r\"", "\"\\u0085\""),
                                     REMEDY_OF("\"r\"", "\"" TEXT_300 "x\""),
                                     "[" REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY "," REMEDY
                                     "," REMEDY "," REMEDY "]",
                                     "[],\"remedies\":[]"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    if (parse_remedies(rows[i], &decision).code != SNT_CODE_EVALUATOR || decision.remedies != NULL) {
      fail_msg("remedies %s", rows[i]);
    }
  }
}

static void an_allow_has_no_remedy(void **state) {
  (void)state;
  SNT_DECISION_AUTO struct snt_decision with = {0}, without = {0};
  assert_code(parse("effect", "\"allow\",\"remedies\":[" REMEDY "]", &with), SNT_CODE_EVALUATOR);
  assert_false(snt_decision_allows(&with));
  assert_ok(parse("effect", "\"allow\",\"remedies\":[]", &without));
  assert_true(snt_decision_allows(&without));
}

static void every_prefix_of_a_reply_is_no_decision(void **state) {
  (void)state;
  char reply[8192];
  make_reply(reply, sizeof reply, "", "");
  for (size_t len = 0; len < strlen(reply); len++) {
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    assert_code(snt_decision_parse(reply, len, &decision, NULL), SNT_CODE_EVALUATOR);
    assert_false(snt_decision_allows(&decision));
  }
}

static void a_refusal_names_rule_and_condition_and_never_a_pattern(void **state) {
  (void)state;
  static const char reply[] =
      "{\"effect\":\"deny\",\"rule\":\"\",\"rule_index\":-1,\"reason\":\"no matching rule\",\"error\":null,"
      "\"max_duration\":null,\"conditions\":[],\"missing\":[],\"trace\":["
      "{\"rule\":\"other\",\"matched\":false,\"failed\":\"profiles\",\"wanted\":\"secret-*\",\"got\":\"prod\"},"
      "{\"rule\":\"people\",\"matched\":false,\"failed\":\"users\",\"wanted\":\"carol\",\"got\":\"alice\"},"
      "{\"rule\":\"hours\",\"matched\":false,\"failed\":\"time.hours\",\"wanted\":\"09:00-17:00 UTC\",\"got\":"
      "\"18:04\"}]}";
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  struct snt_err err = {0};
  assert_ok(snt_decision_parse(reply, strlen(reply), &decision, &err));
  assert_code(snt_decision_refuse(&decision, "prod", "a1b2c3d4e5f60718", false, &err), SNT_CODE_DENIED);
  assert_non_null(strstr(err.message, "prod"));
  assert_non_null(strstr(err.message, "hours"));
  assert_non_null(strstr(err.message, "time.hours"));
  assert_non_null(strstr(err.message, "09:00-17:00 UTC"));
  assert_null(strstr(err.message, "secret-"));
  assert_null(strstr(err.message, "carol"));
  assert_non_null(strstr(err.hint, "a1b2c3d4e5f60718"));
  assert_code(snt_decision_refuse(&decision, "prod", "a1b2c3d4e5f60718", true, &err), SNT_CODE_DENIED);
  assert_string_equal(err.message, "denied (request a1b2c3d4e5f60718)");
}

static void what_a_person_can_mend_exits_with_four(void **state) {
  (void)state;
  static const struct {
    const char *missing, *hint;
  } rows[] = {{"a justification of at least 20 characters", "--justification"},
              {"MFA of this very session", "this version cannot give it"}};
  SNT_DECISION_AUTO struct snt_decision approval = {0};
  struct snt_err err = {0};
  assert_ok(parse("effect", "\"require_approval\"", &approval));
  assert_code(snt_decision_refuse(&approval, "dev", NULL, false, &err), SNT_CODE_ACTION_REQUIRED);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    char reply[1024];
    (void)snprintf(reply, sizeof reply,
                   "{\"effect\":\"deny\",\"rule\":\"prod\",\"rule_index\":3,\"reason\":\"x\","
                   "\"error\":\"requirement_unmet\",\"max_duration\":null,\"conditions\":[],\"missing\":[\"%s\"],"
                   "\"trace\":[]}",
                   rows[i].missing);
    assert_ok(snt_decision_parse(reply, strlen(reply), &decision, &err));
    assert_code(snt_decision_refuse(&decision, "dev", NULL, false, &err), SNT_CODE_ACTION_REQUIRED);
    assert_non_null(strstr(err.message, rows[i].missing));
    assert_non_null(strstr(err.hint, rows[i].hint));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_exactly_allow_issues),
      cmocka_unit_test(a_zeroed_or_forged_decision_does_not_issue),
      cmocka_unit_test(odd_members_are_no_decision),
      cmocka_unit_test(remedies_are_kept_in_their_order),
      cmocka_unit_test(odd_remedies_are_no_decision),
      cmocka_unit_test(an_allow_has_no_remedy),
      cmocka_unit_test(every_prefix_of_a_reply_is_no_decision),
      cmocka_unit_test(a_refusal_names_rule_and_condition_and_never_a_pattern),
      cmocka_unit_test(what_a_person_can_mend_exits_with_four),
  };
  return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
