#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "policy/who_can.h"

#define USER "\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"account\":\"123456789012\"}"
#define REQUEST                                                                                                        \
  "{" USER ",\"profile\":\"prod\",\"mode\":\"cli\",\"time\":\"2026-01-19T15:00:00Z\",\"duration\":3600,"               \
  "\"mfa\":{\"authenticated_at\":\"2026-01-19T14:45:00Z\"}}"
#define WAY                                                                                                            \
  "{\"rule\":\"ops\",\"user\":\"alice\",\"request\":" REQUEST ",\"assumed\":[{\"condition\":\"oncall\","               \
  "\"holds\":true}],\"conditions\":[\"in mode cli\"]}"

static const struct snt_who_can_question NOW = {.profile = "prod", .time_ms = 1768834800000};

static snt_status parse(const char *text, const struct snt_who_can_question *question, struct snt_who_can *out) {
  return snt_who_can_parse(text, strlen(text), question, out, &(struct snt_err){0});
}

static snt_status parse_way(const char *way, const struct snt_who_can_question *question) {
  SNT_WHO_CAN_AUTO struct snt_who_can answer = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL, "{\"ways\":[%s],\"exact\":true}", way));
  return parse(snt_buf_borrow(&text), question, &answer);
}

static void an_answer_is_taken_as_it_is(void **state) {
  (void)state;
  SNT_WHO_CAN_AUTO struct snt_who_can answer = {0};
  assert_ok(parse("{\"ways\":[" WAY "," WAY "],\"exact\":true}", &NOW, &answer));
  assert_int_equal(answer.count, 2);
  assert_true(answer.is_exact);
  assert_string_equal(answer.ways[1].rule, "ops");
  assert_string_equal(answer.ways[1].user, "alice");
  assert_string_equal(answer.ways[1].request.user.user, "alice");
  assert_string_equal(answer.ways[1].request.mode, "cli");
  assert_int_equal(snt_json_count(answer.ways[1].assumed), 1);
  assert_int_equal(snt_json_count(answer.ways[1].conditions), 1);
}

static void an_answer_without_ways_is_one(void **state) {
  (void)state;
  SNT_WHO_CAN_AUTO struct snt_who_can answer = {0};
  assert_ok(parse("{\"ways\":[],\"exact\":false}", &NOW, &answer));
  assert_int_equal(answer.count, 0);
  assert_false(answer.is_exact);
}

/* Nothing is kept of an answer that is none: neither the ways before the bad one, nor that they are all. */
static void anything_else_is_refused_whole(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "[]",
      "null",
      "{}",
      "{\"ways\":[]}",
      "{\"exact\":true}",
      "{\"ways\":{},\"exact\":true}",
      "{\"ways\":[],\"exact\":1}",
      "{\"ways\":[],\"exact\":null}",
      "{\"ways\":[],\"exact\":true,\"more\":1}",
      "{\"ways\":[],\"exact\":true}x",
      "{\"ways\":[],\"ways\":[],\"exact\":true}",
      "{\"ways\":[null],\"exact\":true}",
      "{\"ways\":[" WAY ",{}],\"exact\":true}",
      "{\"ways\":[" WAY ",\"ops\"],\"exact\":true}",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_WHO_CAN_AUTO struct snt_who_can answer = {0};
    snt_status status = parse(rows[i], &NOW, &answer);
    if (status.code != SNT_CODE_EVALUATOR || answer.count != 0 || answer.ways != NULL || answer.is_exact) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
  }
}

/* The way with another value for a member; "" leaves it out. */
static void change_way(const char *member, const char *value, char out[static 2048]) {
  static const char *const good[][2] = {
      {"rule", "\"ops\""}, {"user", "\"alice\""}, {"request", REQUEST}, {"assumed", "[]"}, {"conditions", "[]"}};
  bool is_extra = true;
  size_t used = (size_t)snprintf(out, 2048, "{");
  for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
    bool is_it = strcmp(good[k][0], member) == 0;
    const char *text = is_it ? value : good[k][1];
    is_extra = is_extra && !is_it;
    if (text[0] != '\0') {
      used += (size_t)snprintf(out + used, 2048 - used, "%s\"%s\":%s", used > 1 ? "," : "", good[k][0], text);
    }
  }
  (void)snprintf(out + used, 2048 - used, is_extra ? ",\"%s\":%s}" : "}", member, value);
}

static void every_way_has_to_be_in_order(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"rule", "\"\""},
      {"rule", "7"},
      {"rule", ""},
      {"rule", "\"a\\u001b[31m\""},
      {"rule", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""},
      {"user", "null"},
      {"user", ""},
      {"user", "\"a\\u0000b\""},
      {"user", "\"a\\nb\""},
      {"assumed", "{}"},
      {"assumed", ""},
      {"assumed", "[{}]"},
      {"assumed", "[{\"condition\":\"x\",\"holds\":1}]"},
      {"assumed", "[{\"condition\":\"\",\"holds\":true}]"},
      {"assumed", "[{\"condition\":\"x\",\"holds\":true,\"more\":1}]"},
      {"assumed", "[\"x\"]"},
      {"conditions", "{}"},
      {"conditions", ""},
      {"conditions", "[\"\"]"},
      {"conditions", "[3]"},
      {"conditions", "[\"\\u009b\"]"},
      {"request", "{}"},
      {"request", "[]"},
      {"request", ""},
      {"request", "{" USER "}"},
      {"request", "{" USER ",\"profile\":\"prod\",\"odd\":1}"},
      {"request", "{\"user\":{\"name\":\"a\",\"kind\":\"ghost\"},\"profile\":\"prod\"}"},
      {"more", "1"},
  };
  char way[2048];
  change_way("rule", "\"ops\"", way);
  assert_ok(parse_way(way, &NOW));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    change_way(rows[i][0], rows[i][1], way);
    if (parse_way(way, &NOW).code != SNT_CODE_EVALUATOR) {
      fail_msg("%s was taken", way);
    }
  }
}

/* An evaluator that was taken over does not get to answer another question. */
static void a_request_that_was_not_asked_about_is_refused(void **state) {
  (void)state;
  const struct {
    struct snt_who_can_question question;
    enum snt_code code;
  } rows[] = {
      {{"prod", 1768834800000, false, NULL}, SNT_CODE_OK},
      {{"prod", 1768834800999, false, "cli"}, SNT_CODE_OK},
      {{"prod", 1768834800999, true, NULL}, SNT_CODE_OK},
      {{"prod", 1768834000000, true, NULL}, SNT_CODE_OK},
      {{"dev", 1768834800000, false, NULL}, SNT_CODE_EVALUATOR},
      {{"prod", 1768834800000, false, "server"}, SNT_CODE_EVALUATOR},
      {{"prod", 1768834801000, false, NULL}, SNT_CODE_EVALUATOR},
      {{"prod", 1768834799999, false, NULL}, SNT_CODE_EVALUATOR},
      {{"prod", 1768834801000, true, NULL}, SNT_CODE_EVALUATOR},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_code(parse_way(WAY, &rows[i].question), rows[i].code);
  }
}

static void lists_are_bounded(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf text = {0};
  for (int extra = 0; extra < 2; extra++) {
    SNT_WHO_CAN_AUTO struct snt_who_can answer = {0};
    snt_buf_reset(&text);
    assert_ok(snt_buf_append_str(&text, "{\"ways\":[" WAY, NULL));
    for (int i = 1; i < SNT_WAYS_MAX + extra; i++) {
      assert_ok(snt_buf_append_str(&text, "," WAY, NULL));
    }
    assert_ok(snt_buf_append_str(&text, "],\"exact\":true}", NULL));
    assert_code(parse(snt_buf_borrow(&text), &NOW, &answer), extra == 0 ? SNT_CODE_OK : SNT_CODE_EVALUATOR);
  }
  for (int extra = 0; extra < 2; extra++) {
    char way[2048];
    snt_buf_reset(&text);
    assert_ok(snt_buf_append_str(&text, "[\"x\"", NULL));
    for (int i = 1; i < SNT_WAY_CONDITIONS_MAX + extra; i++) {
      assert_ok(snt_buf_append_str(&text, ",\"x\"", NULL));
    }
    assert_ok(snt_buf_append_str(&text, "]", NULL));
    change_way("conditions", snt_buf_borrow(&text), way);
    assert_code(parse_way(way, &NOW), extra == 0 ? SNT_CODE_OK : SNT_CODE_EVALUATOR);
  }
}

/* Targets bound who-can as they bound a request: those of all patterns that fit the profile, and of no other. */
static void the_question_names_the_roles_of_the_profile(void **state) {
  (void)state;
  static const char text[] = "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: p.yaml\n"
                             "targets: {prod: [\"arn:aws:iam::123456789012:role/A\"], \"p*\": "
                             "[\"arn:aws:iam::123456789012:role/B\"], dev: [\"arn:aws:iam::123456789012:role/C\"]}\n";
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  const struct snt_who_can_question ever = {
      .profile = "prod", .time_ms = 1768834800000, .is_ever = true, .mode = "cli"};
  assert_ok(snt_who_can_ask(&NOW, &manifest, &out, NULL));
  assert_string_equal(snt_buf_borrow(&out), "{\"profile\":\"prod\",\"time\":\"2026-01-19T15:00:00Z\",\"ever\":false}");
  assert_ok(snt_manifest_parse("bundle.yaml", text, sizeof text - 1, &manifest, NULL));
  snt_buf_reset(&out);
  assert_ok(snt_who_can_ask(&ever, &manifest, &out, NULL));
  assert_string_equal(snt_buf_borrow(&out),
                      "{\"profile\":\"prod\",\"time\":\"2026-01-19T15:00:00Z\",\"ever\":true,\"mode\":\"cli\","
                      "\"targets\":[\"arn:aws:iam::123456789012:role/A\",\"arn:aws:iam::123456789012:role/B\"]}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_is_taken_as_it_is),
      cmocka_unit_test(an_answer_without_ways_is_one),
      cmocka_unit_test(anything_else_is_refused_whole),
      cmocka_unit_test(every_way_has_to_be_in_order),
      cmocka_unit_test(a_request_that_was_not_asked_about_is_refused),
      cmocka_unit_test(lists_are_bounded),
      cmocka_unit_test(the_question_names_the_roles_of_the_profile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
