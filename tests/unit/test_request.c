#include "check.h"

#include <string.h>

#include "policy/request.h"

static void a_request_is_written_without_what_is_unknown(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_request request = {.profile = "prod", .mode = "cli", .time_ms = 1768790853000, .duration_s = 3600};
  assert_ok(snt_aws_identity_from_short("alice", &request.user, NULL));
  assert_ok(snt_request_format(&request, &out, NULL));
  assert_string_equal(out.data, "{\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"arn\":\"arn:aws:iam::123456789012:"
                                "user/alice\",\"account\":\"123456789012\"},\"profile\":"
                                "\"prod\",\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600}");
}

static void a_full_request_file_comes_out_in_the_order_of_the_contract(void **state) {
  (void)state;
  static const char file[] =
      "{\"device\":{\"os_version\":\"14.10.1\",\"disk_encrypted\":true,\"mdm_enrolled\":null},\"profile\":\"prod\","
      "\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"role\":null},\"mfa\":{\"authenticated_at\":"
      "\"2026-01-19T02:40:00Z\"},\"source_ip\":\"198.51.100.7\",\"justification\":null,\"time\":"
      "\"2026-01-19T03:47:33+01:00\",\"approval\":{\"id\":\"x\",\"approvers\":[\"bob\"]}}";
  SNT_REQUEST_TEXT_AUTO struct snt_request_text text = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_request request = {0};
  struct snt_err err = {0};
  assert_ok(snt_request_parse(file, sizeof file - 1, "file", 0, &text, &request, &err));
  assert_ok(snt_request_format(&request, &out, &err));
  assert_string_equal(out.data, "{\"user\":{\"name\":\"alice\",\"kind\":\"user\"},\"profile\":\"prod\",\"mode\":"
                                "\"credential_process\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600,"
                                "\"source_ip\":\"198.51.100.7\",\"approval\":{\"id\":\"x\",\"approvers\":[\"bob\"]},"
                                "\"mfa\":{\"authenticated_at\":\"2026-01-19T02:40:00Z\"},\"device\":{\"disk_"
                                "encrypted\":true,\"os_version\":\"14.10.1\"}}");
}

static void a_field_of_a_file_that_is_null_is_unknown(void **state) {
  (void)state;
  static const char file[] =
      "{\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"arn\":null,\"account\":null,\"role\":null},\"profile\":"
      "\"prod\","
      "\"role_arn\":null,\"mode\":null,\"time\":\"2026-01-19T02:47:33Z\",\"duration\":null,\"source_ip\":null,"
      "\"justification\":null,\"break_glass\":null,\"session_table\":null,\"approval\":{\"id\":null,\"approvers\":null,"
      "\"approved_at\":null,\"expires_at\":null},\"mfa\":null,\"device\":null}";
  SNT_REQUEST_TEXT_AUTO struct snt_request_text text = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_request request = {0};
  struct snt_err err = {0};
  if (!snt_ok(snt_request_parse(file, sizeof file - 1, "file", 0, &text, &request, &err))) {
    fail_msg("%s", err.message);
  }
  assert_ok(snt_request_format(&request, &out, &err));
  assert_string_equal(out.data, "{\"user\":{\"name\":\"alice\",\"kind\":\"user\"},\"profile\":\"prod\","
                                "\"time\":\"2026-01-19T02:47:33Z\",\"approval\":{}}");
  static const char without_time[] = "{\"user\":\"alice\",\"profile\":\"prod\",\"time\":null}";
  snt_buf_reset(&out);
  assert_ok(snt_request_parse(without_time, sizeof without_time - 1, "file", 7, &text, &request, NULL));
  assert_ok(snt_request_format(&request, &out, NULL));
  assert_null(strstr(out.data, "\"time\""));
  assert_non_null(strstr(out.data, "\"mode\":\"credential_process\",\"duration\":3600"));
}

static void odd_request_files_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "[]",
                                     "{}",
                                     "{\"user\":\"alice\"}",
                                     "{\"profile\":\"prod\"}",
                                     "{\"user\":\"alice\",\"profile\":\"a b\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"mod\":\"cli\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"mode\":\"sudo\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"time\":\"yesterday\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"duration\":\"1h\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"duration\":0}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"profile\":\"dev\"}",
                                     "{\"user\":{\"name\":\"a\"},\"profile\":\"prod\"}",
                                     "{\"user\":{\"name\":\"a\",\"kind\":\"admin\"},\"profile\":\"prod\"}",
                                     "{\"user\":{\"name\":\"a\",\"kind\":\"user\",\"x\":1},\"profile\":\"prod\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"device\":[]}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"device\":{\"os\":\"x\"}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"mfa\":{\"age\":5}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"break_glass\":{\"reason\":\"x\"}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"approval\":{\"by\":[\"bob\"]}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"facts\":[]}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"approval\":{\"approvers\":\"bob\"}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"mfa\":{\"authenticated_at\":\"x\"}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"justification\":\"a\\nb\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"source_ip\":\"300.1.1.1\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"source_ip\":\"10.0.0.0/8\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"device\":{\"os_type\":\"beos\"}}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"role_arn\":\"Prod\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"role_arn\":"
                                     "\"arn:aws:iam::12345678901:role/Prod\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"role_arn\":"
                                     "\"arn:aws:iam::123456789012:user/Prod\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\",\"role_arn\":"
                                     "\"arn:aws:iam::123456789012:role/\"}",
                                     "{\"user\":\"alice\",\"profile\":\"prod\"} x"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_REQUEST_TEXT_AUTO struct snt_request_text text = {0};
    struct snt_request request = {0};
    if (snt_ok(snt_request_parse(rows[i], strlen(rows[i]), "file", 0, &text, &request, NULL))) {
      fail_msg("accepted: %s", rows[i]);
    }
  }
}

static void an_empty_list_is_told_as_what_it_is(void **state) {
  (void)state;
  static const char text[] = "{\"user\":\"alice\",\"profile\":\"prod\",\"approval\":{\"approvers\":[]}}";
  SNT_REQUEST_TEXT_AUTO struct snt_request_text kept = {0};
  struct snt_request request = {0};
  struct snt_err err = {0};
  assert_code(snt_request_parse(text, sizeof text - 1, "r.json", 0, &kept, &request, &err), SNT_CODE_SYNTAX);
  assert_string_equal(err.message, "r.json: \"approval.approvers\" has to be a list of texts, not an empty one");
}

static void justifications_are_one_line_of_text(void **state) {
  (void)state;
  assert_ok(snt_justification_check("INC-4521 - database corruption", NULL));
  assert_code(snt_justification_check("a\nb", NULL), SNT_CODE_USAGE);
  assert_code(snt_justification_check("\xff", NULL), SNT_CODE_USAGE);
  char longer[SNT_JUSTIFICATION_CAP + 2];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  assert_code(snt_justification_check(longer, NULL), SNT_CODE_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_is_written_without_what_is_unknown),
      cmocka_unit_test(a_full_request_file_comes_out_in_the_order_of_the_contract),
      cmocka_unit_test(a_field_of_a_file_that_is_null_is_unknown),
      cmocka_unit_test(odd_request_files_are_refused),
      cmocka_unit_test(an_empty_list_is_told_as_what_it_is),
      cmocka_unit_test(justifications_are_one_line_of_text),
  };
  return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
