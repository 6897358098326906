#include "check.h"

#include <stdio.h>
#include <string.h>

#include "audit/line.h"
#include "audit/log.h"
#include "audit/record.h"
#include "audit/recorded.h"
#include "format/json.h"

#define CHAIN "0f8fad5b-d9cb-469f-a165-70867728950e"

static struct snt_log_head head = {.chain = CHAIN, .seq = 41};

/* The line that the log would write, without its newline. */
static void write_line(const struct snt_buf *members, struct snt_buf *out) {
  memcpy(head.prev, SNT_LOG_NO_PREV, sizeof head.prev);
  assert_ok(snt_log_line_format(&head, (struct snt_slice){members->data, members->len}, out, NULL));
  out->data[--out->len] = '\0';
}

static void write_decision(int64_t max_duration_s, struct snt_buf *out) {
  SNT_BUF_AUTO struct snt_buf members = {0};
  struct snt_record_decision record = {.time_ms = 1768780800123,
                                       .time_source = "sts",
                                       .request_id = "a1b2c3d4e5f60718",
                                       .user = "al\xc3\xa4\"ce",
                                       .profile = "prod",
                                       .request = snt_slice_of("{\"profile\":\"prod\"}"),
                                       .effect = "allow",
                                       .rule = "oncall",
                                       .reason = "because",
                                       .conditions = snt_slice_of("[]"),
                                       .duration_s = 3600,
                                       .max_duration_s = max_duration_s,
                                       .policy = {.name = "p", .source = "file:p", .sha256 = SNT_LOG_NO_PREV},
                                       .facts = snt_slice_of("[{\"plugin\":\"p\"}]")};
  assert_ok(snt_record_format_decision(&record, &members, NULL));
  write_line(&members, out);
}

static void a_decision_is_read_as_it_was_written(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf line = {0};
  struct snt_recorded recorded;
  write_decision(7200, &line);
  assert_ok(snt_recorded_parse(line.data, line.len, &recorded, NULL));
  assert_int_equal(recorded.kind, SNT_RECORDED_DECISION);
  assert_int_equal(recorded.seq, 41);
  assert_int_equal(recorded.time_ms, 1768780800123);
  assert_string_equal(recorded.request_id, "a1b2c3d4e5f60718");
  assert_string_equal(recorded.user, "al\xc3\xa4\"ce");
  assert_string_equal(recorded.profile, "prod");
  assert_string_equal(recorded.effect, "allow");
  assert_string_equal(recorded.rule, "oncall");
  assert_string_equal(recorded.error, "");
  assert_true(recorded.has_bound);
  assert_int_equal(recorded.max_duration_s, 7200);
  assert_true(snt_slice_is(recorded.request, "{\"profile\":\"prod\"}"));
  assert_true(snt_slice_is(recorded.facts, "[{\"plugin\":\"p\"}]"));
}

static void a_failure_has_a_stage_and_perhaps_no_user(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf members = {0};
  SNT_BUF_AUTO struct snt_buf line = {0};
  struct snt_recorded recorded;
  struct snt_record_failed record = {.time_source = "local",
                                     .request_id = "a1b2c3d4e5f60718",
                                     .profile = "dev",
                                     .stage = "credentials",
                                     .code = "NO_CREDENTIALS",
                                     .message = "none"};
  assert_ok(snt_record_format_failed(&record, &members, NULL));
  write_line(&members, &line);
  assert_ok(snt_recorded_parse(line.data, line.len, &recorded, NULL));
  assert_int_equal(recorded.kind, SNT_RECORDED_FAILED);
  assert_string_equal(recorded.stage, "credentials");
  assert_string_equal(recorded.user, "");
}

static void other_kinds_are_only_records(void **state) {
  (void)state;
  static const char line[] = "{\"v\":1,\"chain\":\"" CHAIN "\",\"seq\":1,\"prev\":\""
                             "0000000000000000000000000000000000000000000000000000000000000000"
                             "\",\"kind\":\"segment_end\"}";
  struct snt_recorded recorded;
  assert_ok(snt_recorded_parse(line, sizeof line - 1, &recorded, NULL));
  assert_int_equal(recorded.kind, SNT_RECORDED_OTHER);
}

/* The first place of what, which has to be there, becomes with. */
static void replace(const struct snt_buf *line, const char *what, const char *with, struct snt_buf *out) {
  const char *at = strstr(line->data, what);
  assert_non_null(at);
  assert_ok(snt_buf_append(out, line->data, (size_t)(at - line->data), NULL));
  assert_ok(snt_buf_append_str(out, with, NULL));
  assert_ok(snt_buf_append_str(out, at + strlen(what), NULL));
}

static void records_of_earlier_versions_have_no_bound(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf line = {0};
  SNT_BUF_AUTO struct snt_buf older = {0};
  struct snt_recorded recorded;
  write_decision(0, &line);
  assert_ok(snt_recorded_parse(line.data, line.len, &recorded, NULL));
  assert_true(recorded.has_bound);
  assert_int_equal(recorded.max_duration_s, 0);
  replace(&line, "\"max_duration\":null,", "", &older);
  assert_ok(snt_recorded_parse(older.data, older.len, &recorded, NULL));
  assert_false(recorded.has_bound);
}

static void a_record_is_at_most_as_long_as_a_line_of_the_log(void **state) {
  (void)state;
  struct snt_recorded recorded;
  for (size_t more = 0; more < 2; more++) {
    SNT_BUF_AUTO struct snt_buf line = {0};
    write_decision(7200, &line);
    line.len--; /* the last brace */
    assert_ok(snt_buf_append_str(&line, ",\"note\":\"", NULL));
    while (line.len + 2 < SNT_LOG_LINE_CAP + more) {
      assert_ok(snt_buf_append_char(&line, 'x', NULL));
    }
    assert_ok(snt_buf_append_str(&line, "\"}", NULL));
    assert_code(snt_recorded_parse(line.data, line.len, &recorded, NULL), more == 0 ? SNT_CODE_OK : SNT_CODE_NOT_A_LOG);
  }
}

static void what_is_no_record_is_refused(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"{\"v\"", "{\"w\""},
                                        {"\"v\":1", "\"v\":2"},
                                        {"\"v\":1", "\"v\":\"1\""},
                                        {CHAIN, "0f8fad5b-d9cb-469f-a165-70867728950"},
                                        {"\"seq\":41", "\"seq\":0"},
                                        {"\"seq\":41", "\"seq\":\"41\""},
                                        {"00000000", "0000000G"},
                                        {"\"kind\":\"decision\"", "\"kind\":7"},
                                        {"\"kind\"", "\"kinds\""},
                                        {"2026-01-19T", "2026-13-19T"},
                                        {"\"user\":", "\"user\":7,\"person\":"},
                                        {"a1b2c3d4e5f60718", "a1b2c3d4e5f607189"},
                                        {"\"effect\":\"allow\"", "\"effect\":null"},
                                        {"\"rule\":\"oncall\"", "\"rule\":[]"},
                                        {"\"error\":null", "\"error\":false"},
                                        {"\"max_duration\":7200", "\"max_duration\":-1"},
                                        {"\"max_duration\":7200", "\"max_duration\":0"},
                                        {"\"max_duration\":7200", "\"max_duration\":\"1h\""},
                                        {"\"request\":{\"profile\":\"prod\"}", "\"request\":\"prod\""},
                                        {"\"facts\":[", "\"facts\":7,\"x\":["},
                                        {"\"facts\"", "\"fact\""},
                                        {"\"seq\":41", "\"seq\":41,\"seq\":41"},
                                        {"{\"v\"", "[{\"v\""}};
  SNT_BUF_AUTO struct snt_buf line = {0};
  write_decision(7200, &line);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf spoiled = {0};
    struct snt_recorded recorded;
    struct snt_err err = {0};
    replace(&line, rows[i][0], rows[i][1], &spoiled);
    snt_status status = snt_recorded_parse(spoiled.data, spoiled.len, &recorded, &err);
    if (status.code != SNT_CODE_NOT_A_LOG || err.message[0] == '\0') {
      fail_msg("%s for %s: %s", rows[i][1], rows[i][0], snt_code_name(status.code));
    }
  }
  for (size_t len = 0; len < line.len; len++) {
    struct snt_recorded recorded;
    assert_code(snt_recorded_parse(line.data, len, &recorded, NULL), SNT_CODE_NOT_A_LOG);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_decision_is_read_as_it_was_written),
                                     cmocka_unit_test(a_failure_has_a_stage_and_perhaps_no_user),
                                     cmocka_unit_test(other_kinds_are_only_records),
                                     cmocka_unit_test(records_of_earlier_versions_have_no_bound),
                                     cmocka_unit_test(a_record_is_at_most_as_long_as_a_line_of_the_log),
                                     cmocka_unit_test(what_is_no_record_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
