/* A session with MFA as it is kept: written, read, and until when it is good. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/mfa_session.h"

#define NOW_MS INT64_C(1768790853000)
#define HOUR_MS INT64_C(3600000)

static const char TEXT[] =
    "{\"v\":1,\"authenticated_at\":1768790853000,\"expires_at\":1768834053000,\"credentials\":"
    "{\"access_key_id\":\"ASIARZPUZDIKNKGXXYE3\",\"secret_access_key\":\"XYagz1\\\"pSTn\\\\yW4\",\"session_token\":"
    "\"FQoGZXIvYXdzEBYa/+==\"}}";

static enum snt_code parse(const char *text, struct snt_mfa_session *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &secret, NULL));
  return snt_mfa_session_parse(secret, out, err).code;
}

static void what_was_written_is_read(void **state) {
  (void)state;
  SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  assert_int_equal(parse(TEXT, &session, NULL), SNT_CODE_OK);
  assert_string_equal(session.credentials.access_key_id, "ASIARZPUZDIKNKGXXYE3");
  assert_string_equal(snt_secret_borrow(session.credentials.secret_key), "XYagz1\"pSTn\\yW4");
  assert_string_equal(snt_secret_borrow(session.credentials.session_token), "FQoGZXIvYXdzEBYa/+==");
  assert_string_equal(session.credentials.source, "session with MFA");
  assert_int_equal(session.credentials.expires_at_ms, NOW_MS + 12 * HOUR_MS);
  assert_int_equal(session.authenticated_at_ms, NOW_MS);
  assert_ok(snt_mfa_session_format(&session, &text, NULL));
  assert_string_equal(snt_secret_borrow(text), TEXT);
}

static void half_a_session_is_not_written(void **state) {
  (void)state;
  struct snt_mfa_session session = {.credentials = {.access_key_id = "ASIARZPUZDIKNKGXXYE3"}};
  struct snt_secret *text = NULL;
  assert_code(snt_mfa_session_format(&session, &text, NULL), SNT_CODE_BUG);
  assert_null(text);
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *part, *by;
  } rows[] = {
      {"{\"v\":1,", "{"},
      {"\"v\":1", "\"v\":2"},
      {"\"v\":1", "\"v\":\"1\""},
      {"\"v\":1", "\"v\":1,\"v\":1"},
      {"\"v\":1", "\"v\":1,\"more\":1"},
      {"\"authenticated_at\":1768790853000,", ""},
      {"1768790853000", "0"},
      {"1768790853000", "-1768790853000"},
      {"1768790853000", "\"1768790853000\""},
      {"1768790853000", "1768790853000.5"},
      {"1768790853000", "1768834053000"},
      {"1768790853000", "1768834053001"},
      {"1768834053000", "1768920754000"},
      {"1768834053000", "9223372036854775807"},
      {",\"expires_at\":1768834053000", ""},
      {"\"session_token\":\"FQoGZXIvYXdzEBYa/+==\"", "\"session_token\":\"\""},
      {",\"session_token\":\"FQoGZXIvYXdzEBYa/+==\"", ""},
      {"FQoGZXIvYXdzEBYa/+==", "FQoG XIv"},
      {"ASIARZPUZDIKNKGXXYE3", ""},
      {"ASIARZPUZDIKNKGXXYE3", "asiarzpuzdiknkgxxye3"},
      {"\"secret_access_key\":\"XYagz1\\\"pSTn\\\\yW4\",", ""},
      {"\"access_key_id\"", "\"more\":1,\"access_key_id\""},
      {"}}", "}"},
      {"}}", "}} "
             "x"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[1024];
    struct snt_err err = {0};
    SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
    const char *found = strstr(TEXT, rows[i].part);
    assert_non_null(found);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(found - TEXT), TEXT, rows[i].by, found + strlen(rows[i].part));
    enum snt_code code = parse(text, &session, &err);
    if (code != SNT_CODE_SYNTAX) {
      fail_msg("%s: %s", text, snt_code_name(code));
    }
    assert_null(session.credentials.secret_key);
    assert_null(session.credentials.session_token);
    assert_int_equal(session.authenticated_at_ms, 0);
    assert_null(strstr(err.message, "XYagz1"));
    assert_null(strstr(err.message, "FQoG"));
  }
  static const char *const texts[] = {"", "[]", "null", "1", "\"x\"", "{\"v\":1,\"credentials\":[]}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
    assert_int_equal(parse(texts[i], &session, NULL), SNT_CODE_SYNTAX);
  }
}

static void it_is_good_while_sixteen_minutes_are_left(void **state) {
  (void)state;
  SNT_MFA_SESSION_AUTO struct snt_mfa_session session = {0};
  assert_int_equal(parse(TEXT, &session, NULL), SNT_CODE_OK);
  const int64_t least_ms = SNT_MFA_SESSION_LEAST_S * 1000;
  const struct {
    int64_t life_s, now_ms;
    bool is_good;
  } rows[] = {
      {43200, NOW_MS, true},
      {43200, NOW_MS + 12 * HOUR_MS - least_ms, true},
      {43200, NOW_MS + 12 * HOUR_MS - least_ms + 1, false},
      {43200, NOW_MS + 13 * HOUR_MS, false},
      {129600, NOW_MS + 12 * HOUR_MS - least_ms + 1, false}, /* AWS ends it */
      {3600, NOW_MS + HOUR_MS - least_ms, true},             /* the configuration does */
      {3600, NOW_MS + HOUR_MS - least_ms + 1, false},
      {43200, NOW_MS - 300000, true}, /* this machine's clock is a little late */
      {43200, NOW_MS - 300001, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_true(snt_mfa_session_is_good(&session, rows[i].life_s, rows[i].now_ms) == rows[i].is_good);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_written_is_read),
      cmocka_unit_test(half_a_session_is_not_written),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(it_is_good_while_sixteen_minutes_are_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
