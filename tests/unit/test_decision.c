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
                                           {"ends_with_window", "false"},
                                           {"lease", "120"},
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

static void what_it_grants_is_good_for_the_smaller_of_bound_and_lease(void **state) {
  (void)state;
  static const int64_t rows[][3] = {{0, 0, 0}, {3600, 0, 3600}, {0, 120, 120}, {3600, 120, 120}, {3600, 7200, 3600}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_decision decision = {.max_duration_s = rows[i][0], .lease_s = rows[i][1]};
    assert_int_equal(snt_decision_life_s(&decision), rows[i][2]);
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

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define TEXT_300 FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY
#define ENTRY "\"rule\":\"a\",\"matched\":false"
#define TRACE_OF(members) "[{" members "}]"

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
                                        {"lease", "0"},
                                        {"lease", "-5"},
                                        {"lease", "\"2m\""},
                                        {"lease", "null"},
                                        {"requires_server_mode", "1"},
                                        {"ends_with_window", "1"},
                                        {"ends_with_window", "true,\"window_left\":0"},
                                        {"ends_with_window", "true,\"window_left\":43201"},
                                        {"ends_with_window", "true,\"window_left\":\"1\""},
                                        {"rule", "\"dev\\u0000\""},
                                        {"rule", "\"" FIFTY TEN "01234\""},
                                        {"rule", "\"dev\",\"rule\":\"dev\""},
                                        {"rule", "null"},
                                        {"rule", "[\"dev\"]"},
                                        {"rule_index", "1000000"},
                                        {"rule_index", "9223372036854775807"},
                                        {"rule_index", "9223372036854775808"},
                                        {"rule_index", "-9223372036854775809"},
                                        {"rule_index", "1e300"},
                                        {"rule_index", "0.0"},
                                        {"rule_index", "00"},
                                        {"rule_index", "0x0"},
                                        {"rule_index", "NaN"},
                                        {"rule_index", "null"},
                                        {"rule_index", "true"},
                                        {"reason", "\"x\\u0000\""},
                                        {"reason", "\"\xff\""},
                                        {"reason", "\"\xc0\x80\""},
                                        {"reason", "\"\xed\xa0\x80\""},
                                        {"reason", "\"\\ud800\""},
                                        {"reason", "\"\\u009b31m\""},
                                        {"reason", "\"\\u202e\""},
                                        {"error", "[]"},
                                        {"error", "\"\\u0000\""},
                                        {"error", "\"" FIFTY FIFTY "\""},
                                        {"max_duration", "9223372036854775808"},
                                        {"max_duration", "1e9999"},
                                        {"max_duration", "-9223372036854775808"},
                                        {"max_duration", "3600.5"},
                                        {"max_duration", "true"},
                                        {"requires_server_mode", "null"},
                                        {"requires_server_mode", "\"false\""},
                                        {"requires_session_tracking", "{}"},
                                        {"requires_session_tracking", "0"},
                                        {"effect", "\"deny\",\"effect\":\"allow\""},
                                        {"effect", "\"allow\",\"effect\":\"allow\""},
                                        {"effect", "\"allow\",\"Effect\":\"allow\""},
                                        {"effect", "\"allow\",\"emergency\":1"},
                                        {"effect", "\"allow\",\"failed_condition\":7"},
                                        {"effect", "\"allow\",\"\":0"},
                                        {"effect", "\"\\u0061LLOW\""},
                                        {"conditions", ""},
                                        {"conditions", "[1]"},
                                        {"conditions", "[null]"},
                                        {"conditions", "[[\"profiles\"]]"},
                                        {"conditions", "[\"\\u001b[31m\"]"},
                                        {"conditions", "[\"a\\u0000b\"]"},
                                        {"conditions", "[\"" TEXT_300 "\"]"},
                                        {"missing", ""},
                                        {"missing", "null"},
                                        {"missing", "\"x\""},
                                        {"missing", "[\"\\u0007\"]"},
                                        {"missing", "[\"x\\u0000\"]"},
                                        {"trace", ""},
                                        {"trace", "null"},
                                        {"trace", "[null]"},
                                        {"trace", "[[]]"},
                                        {"trace", "[{}]"},
                                        {"trace", TRACE_OF("\"rule\":\"a\"")},
                                        {"trace", TRACE_OF("\"matched\":false")},
                                        {"trace", TRACE_OF("\"rule\":null,\"matched\":false")},
                                        {"trace", TRACE_OF("\"rule\":\"a\",\"matched\":0")},
                                        {"trace", TRACE_OF(ENTRY ",\"more\":1")},
                                        {"trace", TRACE_OF(ENTRY ",\"rule\":\"a\"")},
                                        {"trace", TRACE_OF(ENTRY ",\"failed\":1")},
                                        {"trace", TRACE_OF(ENTRY ",\"failed\":\"\\u001b[2J\"")},
                                        {"trace", TRACE_OF(ENTRY ",\"wanted\":\"a\\nb\"")},
                                        {"trace", TRACE_OF(ENTRY ",\"wanted\":[]")},
                                        {"trace", TRACE_OF(ENTRY ",\"got\":\"\\u0000\"")},
                                        {"trace", TRACE_OF(ENTRY ",\"got\":\"\xff\"")},
                                        {"trace", TRACE_OF(ENTRY ",\"left_out\":\"1\"")},
                                        {"trace", TRACE_OF(ENTRY ",\"left_out\":1.5")},
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

static void expect_no_decision(const char *what, const char *reply, size_t len) {
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  snt_status status = snt_decision_parse(reply, len, &decision, NULL);
  if (status.code != SNT_CODE_EVALUATOR || snt_decision_allows(&decision) || decision.effect != SNT_EFFECT_DENY ||
      decision.doc != NULL || decision.trace != NULL) {
    fail_msg("%s", what);
  }
}

/* Without end for a reader that recurses or copies: the value of `member` is `open` n times, then `close`. */
static void large_replies_are_no_decision(void **state) {
  (void)state;
  static const struct {
    const char *member, *before, *again, *after;
    size_t n;
  } rows[] = {{"trace", "[", "{" ENTRY "},", "{" ENTRY "}]", 100000},
              {"trace", "[", "{" ENTRY "},", "{" ENTRY "}]", 1000},
              {"trace", "", "[", "", 10000},
              {"trace", "[{" ENTRY ",\"got\":\"", "x", "\"}]", 1024},
              {"reason", "", "{\"a\":", "", 10000},
              {"reason", "\"", "x", "\"", 2049},
              {"reason", "\"", "x", "\"", 1000000},
              {"conditions", "[", "\"profiles\",", "\"profiles\"]", 100},
              {"conditions", "", "[", "", 100000},
              {"missing", "[", "\"x\",", "\"x\"]", 100000},
              {"rule_index", "", "9", "", 100000},
              {"max_duration", "1e", "9", "", 100000},
              {"max_duration", "0.", "9", "", 100000},
              {"effect", "\"allow\"", " ", ",\"effect\":\"allow\"", 100000},
              {"error", "\"", "\\u0020", "\"", 10000},
              {"rule", "\"", "a", "\"", 65}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf value = {0}, reply = {0};
    assert_ok(snt_buf_append_str(&value, rows[i].before, NULL));
    for (size_t n = 0; n < rows[i].n; n++) {
      assert_ok(snt_buf_append_str(&value, rows[i].again, NULL));
    }
    assert_ok(snt_buf_append_str(&value, rows[i].after, NULL));
    assert_ok(snt_buf_reserve(&reply, value.len + 4096, NULL));
    make_reply(reply.data, value.len + 4096, rows[i].member, snt_buf_borrow(&value));
    expect_no_decision(rows[i].member, reply.data, strlen(reply.data));
  }
}

/* What stands around the object. */
static void more_than_one_object_is_no_decision(void **state) {
  (void)state;
  static const struct {
    const char *before, *after;
    size_t extra; /* bytes of `after`, which may hold NUL */
  } rows[] = {{"", "}", 1},        {"", "{}", 2},   {"", "\0", 1},           {"", "\0{}", 3},
              {"", ",", 1},        {"", "x", 1},    {"", "null", 4},         {"[", "]", 1},
              {"\"", "\"", 1},     {"{}", "", 0},   {"\xef\xbb\xbf", "", 0}, {"\1", "", 0},
              {"\xfe\xff", "", 0}, {"//\n", "", 0}, {"", "/**/", 4}};
  char good[8192], reply[16384];
  make_reply(good, sizeof good, "", "");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t before = strlen(rows[i].before), len = strlen(good);
    memcpy(reply, rows[i].before, before);
    memcpy(reply + before, good, len);
    memcpy(reply + before + len, rows[i].after, rows[i].extra);
    expect_no_decision(rows[i].after, reply, before + len + rows[i].extra);
  }
  size_t len = strlen(good);
  memcpy(reply, good, len);
  memcpy(reply + len, good, len);
  expect_no_decision("two objects", reply, 2 * len);
}

/* Any byte of a good reply changed to another: what is still a decision allows only what the good one did. */
static void a_byte_that_differs_never_widens(void **state) {
  (void)state;
  static const char bytes[] = {'\0', '"',    '{',    '}',    '[', ']', ',', ':',
                               '\\', '\x7f', '\x80', '\xff', '9', ' ', '-', 'l'};
  char good[8192], reply[8192];
  make_reply(good, sizeof good, "effect", "\"deny\"");
  size_t len = strlen(good);
  for (size_t at = 0; at < len; at++) {
    for (size_t i = 0; i < sizeof bytes; i++) {
      SNT_DECISION_AUTO struct snt_decision decision = {0};
      memcpy(reply, good, len + 1);
      reply[at] = bytes[i];
      snt_status status = snt_decision_parse(reply, len, &decision, NULL);
      if (snt_decision_allows(&decision) || (!snt_ok(status) && status.code != SNT_CODE_EVALUATOR)) {
        fail_msg("byte %zu is %d", at, bytes[i]);
      }
    }
  }
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

#define MFA_HINT "name an MFA device in the profile: sentinel_mfa_serial = arn:aws:iam::ACCOUNT:mfa/NAME (docs/mfa.md)"

static void what_a_person_can_mend_exits_with_four(void **state) {
  (void)state;
  static const struct {
    const char *missing, *hint;
  } rows[] = {{"a justification of at least 20 characters",
               "give the justification with --justification or SENTINEL_JUSTIFICATION"},
              {"an MFA code, no older than 5m", MFA_HINT},
              {"a justification\",\"an MFA code, no older than 5m",
               "give the justification with --justification or SENTINEL_JUSTIFICATION; " MFA_HINT}};
  SNT_DECISION_AUTO struct snt_decision approval = {0};
  struct snt_err err = {0};
  assert_ok(parse("effect", "\"require_approval\"", &approval));
  assert_code(snt_decision_refuse(&approval, "dev", NULL, false, &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "needs an approval (rule \"dev\""));
  assert_string_equal(err.hint, "this version takes no approvals yet; ask the policy's author for a rule without one");
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
    assert_non_null(strstr(err.message, "requires more: a"));
    assert_string_equal(err.hint, rows[i].hint);
  }
}

/* A reply of rule "r" with this effect, error (JSON) and reason. */
static void refuse(const char *effect, const char *error, const char *reason, struct snt_err *err) {
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  char reply[1024];
  (void)snprintf(reply, sizeof reply,
                 "{\"effect\":\"%s\",\"rule\":\"r\",\"rule_index\":0,\"reason\":\"%s\",\"error\":%s,"
                 "\"max_duration\":null,\"conditions\":[],\"missing\":[],\"trace\":[]}",
                 effect, reason, error);
  assert_ok(snt_decision_parse(reply, strlen(reply), &decision, err));
  assert_int_not_equal(snt_decision_refuse(&decision, "dev", NULL, false, err).code, SNT_CODE_OK);
}

static void a_refusal_says_nothing_twice(void **state) {
  (void)state;
  static const struct {
    const char *effect, *reason, *message;
  } rows[] = {
      {"require_approval", "rule \\\"r\\\" needs an approval", "profile \"dev\" needs an approval (rule \"r\")"},
      {"require_approval", "Two pairs of eyes", "profile \"dev\" needs an approval (rule \"r\": Two pairs of eyes)"},
      {"deny", "denied by rule \\\"r\\\"", "denied: profile \"dev\", rule \"r\""},
      {"deny", "Not today", "denied: profile \"dev\", rule \"r\": Not today"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    refuse(rows[i].effect, "null", rows[i].reason, &err);
    assert_string_equal(err.message, rows[i].message);
  }
}

static void a_refusal_says_what_can_be_done_about_a_condition(void **state) {
  (void)state;
  static const struct {
    const char *failed, *hint;
  } rows[] = {
      {"mfa.max_age", MFA_HINT},
      {"not.any[1].mfa.max_age", MFA_HINT},
      {"approval", "this version takes no approvals yet; only explain --request can try the rule"},
      {"all[0].break_glass.reason_codes",
       "this version has no break-glass yet; only explain --request can try the rule"},
      {"device.require_mdm", "this version asks nothing of the device yet; only explain --request can try the rule"},
      {"source_ip", "this version learns no addresses yet; only explain --request can try the rule"},
      {"mode", ""},
      {"any[0].check:a.device", ""},
      {"function@rules/device.lua:4", ""},
      {"time.hours", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    static const char form[] =
        "{\"effect\":\"deny\",\"rule\":\"%s\",\"rule_index\":%d,\"reason\":\"x\",\"error\":%s,\"max_duration\":null,"
        "\"conditions\":[],\"missing\":[],\"failed_condition\":%s,\"trace\":[{\"rule\":\"r\",\"matched\":false,"
        "\"failed\":\"%s\",\"wanted\":\"x\",\"got\":\"y\"}]}";
    for (int is_decided = 0; is_decided < 2; is_decided++) {
      SNT_DECISION_AUTO struct snt_decision decision = {0};
      struct snt_err err = {0};
      char failed[64];
      char reply[1024];
      (void)snprintf(failed, sizeof failed, "\"%s\"", rows[i].failed);
      (void)snprintf(reply, sizeof reply, form, is_decided ? "r" : "", is_decided - 1,
                     is_decided ? "\"fact_unknown\"" : "null", is_decided ? failed : "null", rows[i].failed);
      assert_ok(snt_decision_parse(reply, strlen(reply), &decision, &err));
      assert_code(snt_decision_refuse(&decision, "dev", NULL, false, &err), SNT_CODE_DENIED);
      assert_string_equal(err.hint, rows[i].hint);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_exactly_allow_issues),
      cmocka_unit_test(a_zeroed_or_forged_decision_does_not_issue),
      cmocka_unit_test(what_it_grants_is_good_for_the_smaller_of_bound_and_lease),
      cmocka_unit_test(odd_members_are_no_decision),
      cmocka_unit_test(remedies_are_kept_in_their_order),
      cmocka_unit_test(odd_remedies_are_no_decision),
      cmocka_unit_test(an_allow_has_no_remedy),
      cmocka_unit_test(large_replies_are_no_decision),
      cmocka_unit_test(more_than_one_object_is_no_decision),
      cmocka_unit_test(a_byte_that_differs_never_widens),
      cmocka_unit_test(every_prefix_of_a_reply_is_no_decision),
      cmocka_unit_test(a_refusal_names_rule_and_condition_and_never_a_pattern),
      cmocka_unit_test(what_a_person_can_mend_exits_with_four),
      cmocka_unit_test(a_refusal_says_nothing_twice),
      cmocka_unit_test(a_refusal_says_what_can_be_done_about_a_condition),
  };
  return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
