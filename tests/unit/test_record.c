#include "check.h"

#include <stdio.h>
#include <string.h>

#include "audit/record.h"
#include "format/json.h"

static const struct snt_record_decision PLAIN = {.time_ms = 1768790853120,
                                                 .time_source = "sts",
                                                 .request_id = "a1b2c3d4e5f60718",
                                                 .user = "alice",
                                                 .profile = "prod",
                                                 .request = {"{\"profile\":\"prod\"}", 18},
                                                 .effect = "allow",
                                                 .rule = "oncall",
                                                 .reason = "because",
                                                 .conditions = {"[\"profiles\"]", 12},
                                                 .duration_s = 3600,
                                                 .policy = {.name = "prod",
                                                            .source = "ssm:/sentinel/policies/prod",
                                                            .region = "us-east-1",
                                                            .sha256 = "00",
                                                            .version = 12,
                                                            .endpoint = "ssm.us-east-1.amazonaws.com"},
                                                 .endpoint = "sts.us-east-1.amazonaws.com"};

/* Formats the record and parses it as the line it will be. */
static struct snt_json_doc *parse_decision(const struct snt_record_decision *record, struct snt_buf *line) {
  SNT_BUF_AUTO struct snt_buf members = {0};
  struct snt_json_doc *doc = NULL;
  struct snt_err err = {0};
  assert_ok(snt_record_format_decision(record, &members, &err));
  assert_ok(snt_buf_appendf(line, &err, "{%s}", members.data));
  if (!snt_ok(snt_json_parse(line->data, line->len, "the line", &doc, &err))) {
    fail_msg("%s: %s", err.message, line->data);
  }
  return doc;
}

static void text_from_outside_cannot_forge_a_record(void **state) {
  (void)state;
  static const char *const texts[] = {
      "\",\"effect\":\"allow\",\"x\":\"", "a\nb",      "a\r\nb",          "\\", "\\\"", "\t\x01\x1f\x7f",
      "\xe2\x80\xa8\xe2\x80\xa9",         "{\"a\":1}", "\xf0\x9f\x94\x91"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct snt_record_decision record = PLAIN;
    record.effect = "deny";
    record.user = record.profile = record.reason = record.justification = record.proxy = texts[i];
    SNT_BUF_AUTO struct snt_buf line = {0};
    SNT_JSON_AUTO struct snt_json_doc *doc = parse_decision(&record, &line);
    const struct snt_json_value *root = snt_json_root(doc);
    assert_string_equal(snt_json_string(snt_json_get(root, "effect"), NULL), "deny");
    assert_string_equal(snt_json_string(snt_json_get(root, "user"), NULL), texts[i]);
    assert_string_equal(snt_json_string(snt_json_get(root, "justification"), NULL), texts[i]);
    assert_null(strpbrk(line.data, "\n\r\t\x01\x1f"));
    assert_null(strstr(line.data, "\xe2\x80\xa8"));
  }
}

static void base_credentials_are_told_with_the_hosts_that_were_asked(void **state) {
  (void)state;
  static const struct {
    const char *base, *hosts, *wanted;
  } rows[] = {
      {NULL, NULL, NULL},
      {"environment", "", "\"base\":\"environment\",\"endpoint\""},
      {"role \"x\"", "a.b:1\nc\n", "\"base\":\"role \\\"x\\\"\",\"base_endpoints\":[\"a.b:1\",\"c\"],"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_record_decision record = PLAIN;
    record.base = rows[i].base;
    record.base_hosts = rows[i].hosts;
    SNT_BUF_AUTO struct snt_buf line = {0};
    struct snt_json_doc *doc = parse_decision(&record, &line);
    snt_json_free(&doc);
    bool is_told = strstr(line.data, rows[i].wanted == NULL ? "\"base" : rows[i].wanted) != NULL;
    if (is_told != (rows[i].wanted != NULL)) {
      fail_msg("row %zu: %s", i, line.data);
    }
  }
}

static void text_that_is_not_utf8_makes_no_record(void **state) {
  (void)state;
  static const char *const texts[] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct snt_record_decision record = PLAIN;
    record.reason = texts[i];
    SNT_BUF_AUTO struct snt_buf members = {0};
    assert_false(snt_ok(snt_record_format_decision(&record, &members, NULL)));
  }
}

static void a_decision_names_who_vouches_for_each_field(void **state) {
  (void)state;
  static const struct {
    const char *time_source, *justification, *key, *wanted;
  } rows[] = {{"sts", NULL, "user", "aws"},
              {"sts", NULL, "time", "aws"},
              {"local", NULL, "time", "local"},
              {"sts-cached", NULL, "time", "aws"},
              {"sts", NULL, "profile", "claimed"},
              {"sts", NULL, "mode", "local"},
              {"sts", "INC-4521", "justification", "claimed"},
              {"sts", NULL, "justification", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_record_decision record = PLAIN;
    record.time_source = rows[i].time_source;
    record.justification = rows[i].justification;
    SNT_BUF_AUTO struct snt_buf line = {0};
    SNT_JSON_AUTO struct snt_json_doc *doc = parse_decision(&record, &line);
    const struct snt_json_value *provenance = snt_json_get(snt_json_root(doc), "provenance");
    const char *got = snt_json_string(snt_json_get(provenance, rows[i].key), NULL);
    assert_true(rows[i].wanted == NULL ? got == NULL : got != NULL && strcmp(got, rows[i].wanted) == 0);
  }
}

static void who_vouches_for_a_code_is_named_where_there_was_one(void **state) {
  (void)state;
  static const char *const words[] = {NULL, "aws", "local"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    struct snt_record_decision record = PLAIN;
    record.mfa_vouched_by = words[i];
    SNT_BUF_AUTO struct snt_buf line = {0};
    SNT_JSON_AUTO struct snt_json_doc *doc = parse_decision(&record, &line);
    const struct snt_json_value *provenance = snt_json_get(snt_json_root(doc), "provenance");
    const char *got = snt_json_string(snt_json_get(provenance, "mfa"), NULL);
    assert_true(words[i] == NULL ? got == NULL : got != NULL && strcmp(got, words[i]) == 0);
  }
}

static void what_is_not_known_is_null_and_not_an_empty_text(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf line = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = parse_decision(&PLAIN, &line);
  const struct snt_json_value *root = snt_json_root(doc);
  static const char *const keys[] = {"error", "justification", "session_id", "source_identity", "proxy", NULL};
  for (const char *const *key = keys; *key != NULL; key++) {
    assert_int_equal(snt_json_type(snt_json_get(root, *key)), SNT_JSON_NULL);
  }
  const struct snt_json_value *policy = snt_json_get(root, "policy");
  assert_int_equal(snt_json_type(snt_json_get(policy, "serial")), SNT_JSON_NULL);
  assert_int_equal(snt_json_type(snt_json_get(policy, "proxy")), SNT_JSON_NULL);
  assert_string_equal(snt_json_string(snt_json_get(policy, "endpoint"), NULL), "ssm.us-east-1.amazonaws.com");
  assert_int_equal(snt_json_type(snt_json_get(root, "local_time")), SNT_JSON_NONE);
  assert_string_equal(snt_json_key_at(root, 0, NULL), "time"); /* the log puts v, chain, seq and prev before it */
}

static void an_issuance_and_a_failure_hold_what_the_log_promises(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf issued = {0};
  SNT_BUF_AUTO struct snt_buf failed = {0};
  struct snt_record_issued session = {.time_ms = 1768790853120,
                                      .time_source = "sts",
                                      .request_id = "a1b2c3d4e5f60718",
                                      .user = "alice",
                                      .profile = "prod",
                                      .access_key_id = "ASIAIOSFODNN7EXAMPLE",
                                      .role_arn = "arn:aws:iam::123456789012:role/Prod",
                                      .expires_at_ms = 1768794453000,
                                      .duration_s = 3600,
                                      .clamped_by = "rule"};
  assert_ok(snt_record_format_issued(&session, &issued, NULL));
  assert_string_equal(issued.data, "\"time\":\"2026-01-19T02:47:33.120Z\",\"time_source\":\"sts\",\"kind\":\"issued\","
                                   "\"request_id\":\"a1b2c3d4e5f60718\",\"user\":\"alice\",\"profile\":\"prod\","
                                   "\"access_key_id\":\"ASIAIOSFODNN7EXAMPLE\","
                                   "\"role_arn\":\"arn:aws:iam::123456789012:role/Prod\","
                                   "\"expires\":\"2026-01-19T03:47:33Z\",\"duration\":3600,\"clamped_by\":\"rule\","
                                   "\"reuse_of\":null,\"endpoint\":null,\"ca\":null,\"proxy\":null");
  session.endpoint = "sts.us-east-1.amazonaws.com";
  session.ca = "system";
  session.proxy = "http://p:1";
  session.console = "signin.aws.amazon.com";
  session.lease_s = 120;
  snt_buf_reset(&issued);
  assert_ok(snt_record_format_issued(&session, &issued, NULL));
  assert_non_null(strstr(issued.data, "\"duration\":3600,\"lease\":120,\"clamped_by\":\"rule\","));
  assert_non_null(strstr(issued.data,
                         ",\"reuse_of\":null,\"endpoint\":\"sts.us-east-1.amazonaws.com\",\"ca\":\"system\","
                         "\"proxy\":\"http://p:1\",\"console\":\"signin.aws.amazon.com\""));
  struct snt_record_failed failure = {.time_ms = 1768790853120,
                                      .time_source = "local",
                                      .request_id = "a1b2c3d4e5f60718",
                                      .profile = "prod",
                                      .stage = "policy",
                                      .code = "NO_POLICY",
                                      .message = "there is no parameter"};
  assert_ok(snt_record_format_failed(&failure, &failed, NULL));
  assert_non_null(strstr(failed.data, "\"kind\":\"failed\""));
  assert_non_null(strstr(failed.data, "\"user\":null"));
  assert_non_null(strstr(failed.data, "\"stage\":\"policy\",\"code\":\"NO_POLICY\""));
  assert_non_null(strstr(failed.data, ",\"endpoint\":null,\"ca\":null,\"proxy\":null,\"policy\":null"));
  failure.base_hosts = "sso.example.com\n";
  failure.endpoint = "";
  failure.ca = "system";
  failure.proxy = "http://p:1";
  failure.policy = PLAIN.policy;
  snt_buf_reset(&failed);
  assert_ok(snt_record_format_failed(&failure, &failed, NULL));
  assert_non_null(strstr(failed.data, "\"message\":\"there is no parameter\",\"base_endpoints\":[\"sso.example.com\"],"
                                      "\"endpoint\":null,\"ca\":\"system\",\"proxy\":\"http://p:1\","
                                      "\"policy\":{\"source\":\"ssm:/sentinel/policies/prod\",\"region\":\"us-east-1\","
                                      "\"endpoint\":\"ssm.us-east-1.amazonaws.com\",\"proxy\":null}"));
}

static void what_is_published_says_who_put_what_where(void **state) {
  (void)state;
  static const char *const regions[] = {"us-east-1", NULL};
  static const char *const signed_by[] = {"ed25519:AAAA", "kms:arn", NULL};
  static const struct snt_record_previous previous[] = {{"us-east-1", 3, 7, "11"}, {"us-west-2", 0, 0, NULL}};
  static const struct snt_record_region endpoints[] = {{"us-east-1", "ssm.us-east-1.amazonaws.com", "http://p:1"},
                                                       {"us-west-2", "127.0.0.1:5", ""}};
  const struct snt_record_publish record = {.time_ms = 1768790853120,
                                            .time_source = "sts",
                                            .request_id = "a1b2c3d4e5f60718",
                                            .user = "ali\"ce",
                                            .by = "arn:aws:iam::123456789012:user/alice",
                                            .action = "push",
                                            .outcome = "failed",
                                            .name = "prod",
                                            .serial = 8,
                                            .sha256 = "00",
                                            .regions = regions,
                                            .signed_by = signed_by,
                                            .previous = previous,
                                            .previous_count = 2,
                                            .endpoint = "sts.us-east-1.amazonaws.com",
                                            .ca = "system",
                                            .endpoints = endpoints,
                                            .endpoint_count = 2,
                                            .is_forced = true,
                                            .message = "a\nb"};
  SNT_BUF_AUTO struct snt_buf members = {0};
  assert_ok(snt_record_format_publish(&record, &members, NULL));
  assert_string_equal(
      members.data,
      "\"time\":\"2026-01-19T02:47:33.120Z\",\"time_source\":\"sts\",\"kind\":\"policy\","
      "\"request_id\":\"a1b2c3d4e5f60718\",\"user\":\"ali\\\"ce\","
      "\"by\":\"arn:aws:iam::123456789012:user/alice\",\"action\":\"push\",\"outcome\":\"failed\","
      "\"name\":\"prod\",\"serial\":8,\"sha256\":\"00\",\"regions\":[\"us-east-1\"],"
      "\"signed_by\":[\"ed25519:AAAA\",\"kms:arn\"],\"previous\":[{\"region\":\"us-east-1\",\"version\":3,"
      "\"serial\":7,\"sha256\":\"11\"},{\"region\":\"us-west-2\",\"version\":null,\"serial\":null,"
      "\"sha256\":null}],\"endpoint\":\"sts.us-east-1.amazonaws.com\",\"ca\":\"system\",\"proxy\":null,"
      "\"endpoints\":[{\"region\":\"us-east-1\",\"endpoint\":\"ssm.us-east-1.amazonaws.com\","
      "\"proxy\":\"http://"
      "p:1\"},{\"region\":\"us-west-2\",\"endpoint\":\"127.0.0.1:5\",\"proxy\":null}],\"parts\":null,\"forced\":true,"
      "\"untested\":false,\"message\":\"a\\nb\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_published_says_who_put_what_where),
                                     cmocka_unit_test(text_from_outside_cannot_forge_a_record),
                                     cmocka_unit_test(base_credentials_are_told_with_the_hosts_that_were_asked),
                                     cmocka_unit_test(text_that_is_not_utf8_makes_no_record),
                                     cmocka_unit_test(a_decision_names_who_vouches_for_each_field),
                                     cmocka_unit_test(who_vouches_for_a_code_is_named_where_there_was_one),
                                     cmocka_unit_test(what_is_not_known_is_null_and_not_an_empty_text),
                                     cmocka_unit_test(an_issuance_and_a_failure_hold_what_the_log_promises)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
