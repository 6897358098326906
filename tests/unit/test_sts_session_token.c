/* GetSessionToken: what is sent, and which answers are taken. */
#include "aws_answer.h"

#define XML "text/xml"
#define SERIAL "arn:aws:iam::123456789012:mfa/alice"

static const char SESSION[] =
    "<GetSessionTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetSessionTokenResult><Credentials>"
    "<AccessKeyId>ASIARZPUZDIKNKGXXYE3</AccessKeyId><SecretAccessKey>XYagz1/pSTnyW4+METPz4JZhb1</SecretAccessKey>"
    "<SessionToken>FQoGZXIvYXdzEBYa/+==</SessionToken><Expiration>2026-01-19T14:47:33Z</Expiration>"
    "</Credentials></GetSessionTokenResult></GetSessionTokenResponse>";

static const struct snt_sts_mfa PARAMETERS = {.serial = SERIAL, .code = "123456", .duration_s = 43200};

static void prepare(struct snt_aws_call *call) {
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  assert_ok(snt_sts_prepare_get_session_token(call, &endpoint, &base_credentials, &PARAMETERS, NULL));
}

static void replace(const char *part, const char *by, char *out, size_t cap) {
  const char *found = strstr(SESSION, part);
  assert_non_null(found);
  (void)snprintf(out, cap, "%.*s%s%s", (int)(found - SESSION), SESSION, by, found + strlen(part));
}

static enum snt_code parse(long http_status, const char *body, int64_t date_ms, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials session = {0};
  int64_t taken_ms = -1;
  prepare(&call);
  answer(&call, http_status, XML, body);
  call.response.date_ms = date_ms;
  snt_status status = snt_sts_parse_get_session_token(&call, &session, &taken_ms, err);
  assert_int_equal(session.secret_key != NULL, snt_ok(status));
  assert_int_equal(session.session_token != NULL, snt_ok(status));
  assert_int_equal(session.access_key_id[0] != '\0', snt_ok(status));
  assert_int_equal(taken_ms == date_ms, snt_ok(status));
  assert_no_secret(err);
  return status.code;
}

static void nothing_is_asked_without_a_device_a_code_and_a_duration(void **state) {
  (void)state;
  static const char *const codes[] = {NULL, "", "12345", "1234567", "12345x", " 23456", "12345\n", "１２３４５６"};
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  for (size_t i = 0; i < sizeof codes / sizeof codes[0] + 3; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    struct snt_sts_mfa parameters = PARAMETERS;
    size_t extra = i - sizeof codes / sizeof codes[0];
    parameters.code = i < sizeof codes / sizeof codes[0] ? codes[i] : "123456";
    parameters.serial = extra == 0 ? NULL : extra == 1 ? "" : SERIAL;
    parameters.duration_s = extra == 2 ? 0 : 43200;
    assert_code(snt_sts_prepare_get_session_token(&call, &endpoint, &base_credentials, &parameters, NULL),
                SNT_CODE_BUG);
    assert_null(call.body.data);
  }
}

static void every_parameter_is_sent_once(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  prepare(&call);
  assert_string_equal(call.body.data, "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=43200&SerialNumber="
                                      "arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice&TokenCode=123456");
  assert_true(call.is_once);
}

static void a_token_is_taken_whole(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials session = {0};
  int64_t date_ms = 0;
  prepare(&call);
  answer(&call, 200, XML, SESSION);
  assert_ok(snt_sts_parse_get_session_token(&call, &session, &date_ms, NULL));
  assert_string_equal(session.access_key_id, "ASIARZPUZDIKNKGXXYE3");
  assert_string_equal(snt_secret_borrow(session.secret_key), "XYagz1/pSTnyW4+METPz4JZhb1");
  assert_string_equal(snt_secret_borrow(session.session_token), "FQoGZXIvYXdzEBYa/+==");
  assert_int_equal(session.expires_at_ms, ANSWER_DATE_MS + INT64_C(43200000));
  assert_int_equal(date_ms, ANSWER_DATE_MS);
}

static void answers_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *part, *by;
  } rows[] = {
      {"<GetSessionTokenResponse", "<!DOCTYPE x><GetSessionTokenResponse"},
      {"<AccessKeyId>ASIARZPUZDIKNKGXXYE3</AccessKeyId>", ""},
      {"ASIARZPUZDIKNKGXXYE3", "asiarzpuzdiknkgxxye3"},
      {"<SecretAccessKey>XYagz1/pSTnyW4+METPz4JZhb1</SecretAccessKey>", ""},
      {"XYagz1/pSTnyW4+METPz4JZhb1", "XYagz1 pSTnyW4"},
      {"XYagz1/pSTnyW4+METPz4JZhb1", "XYagz1\\pSTnyW4"},
      {"<SessionToken>FQoGZXIvYXdzEBYa/+==</SessionToken>", ""},
      {"FQoGZXIvYXdzEBYa/+==", ""},
      {"<Expiration>2026-01-19T14:47:33Z</Expiration>", ""},
      {"2026-01-19T14:47:33Z", "soon"},
      {"2026-01-19T14:47:33Z", "2026-01-19T02:47:33Z"},
      {"2026-01-19T14:47:33Z", "2026-01-19T14:53:33Z"}, /* twelve hours were asked for */
      {"2026-01-19T14:47:33Z", "2026-01-20T15:47:33Z"},
      {"</Credentials>", "</Credentials><Credentials><AccessKeyId>ASIARZPUZDIKNKGXXYE4</AccessKeyId></Credentials>"},
      {"</GetSessionTokenResponse>", ""},
      {"<GetSessionTokenResult>", "<AssumeRoleResult>"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[4096];
    struct snt_err err = {0};
    replace(rows[i].part, rows[i].by, body, sizeof body);
    enum snt_code code = parse(200, body, ANSWER_DATE_MS, &err);
    if (code != SNT_CODE_ANSWER_INVALID) {
      fail_msg("%s: %s", body, snt_code_name(code));
    }
    assert_null(strstr(err.message, "XYagz1"));
    assert_null(strstr(err.message, "FQoGZXIvYXdz"));
  }
  struct snt_err err = {0};
  assert_int_equal(parse(200, SESSION, 0, &err), SNT_CODE_ANSWER_INVALID);
  assert_non_null(strstr(err.message, "no Date"));
  assert_int_equal(parse(201, SESSION, ANSWER_DATE_MS, &err), SNT_CODE_ANSWER_INVALID);
  assert_int_equal(parse(200, "<AssumeRoleResponse/>", ANSWER_DATE_MS, &err), SNT_CODE_ANSWER_INVALID);
}

static void refusals_say_what_to_do(void **state) {
  (void)state;
  static const struct {
    const char *code, *message;
    enum snt_code wanted;
    const char *hint;
    bool is_key_refused;
  } rows[] = {
      {"AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.",
       SNT_CODE_ACTION_REQUIRED, "wait for the next one", false},
      {"AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code", SNT_CODE_ACTION_REQUIRED,
       "mfa_serial", false},
      {"AccessDenied", "Cannot call GetSessionToken with session credentials", SNT_CODE_AWS_REFUSED,
       "the base credentials", false},
      {"InvalidClientTokenId", "x", SNT_CODE_AWS_REFUSED, "AKIAIOSFODNN7EXAMPLE", true},
      {"ExpiredToken", "x", SNT_CODE_LOGIN_REQUIRED, "sign in again", true},
      {"ExpiredTokenException", "x", SNT_CODE_LOGIN_REQUIRED, "sign in again", true},
      {"UnrecognizedClientException", "x", SNT_CODE_AWS_REFUSED, "AKIAIOSFODNN7EXAMPLE", true},
      {"SignatureDoesNotMatch", "x", SNT_CODE_AWS_REFUSED, "secret access key", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[1024];
    struct snt_err err = {0};
    (void)snprintf(body, sizeof body,
                   "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", rows[i].code,
                   rows[i].message);
    assert_int_equal(parse(403, body, ANSWER_DATE_MS, &err), rows[i].wanted);
    if (strstr(err.hint, rows[i].hint) == NULL) {
      fail_msg("%s: %s", rows[i].code, err.hint);
    }
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    prepare(&call);
    answer(&call, 403, XML, body);
    assert_true(snt_aws_call_is_key_refused(&call) == rows[i].is_key_refused);
    answer(&call, 503, XML, body);
    assert_false(snt_aws_call_is_key_refused(&call));
  }
  SNT_AWS_CALL_AUTO struct snt_aws_call unsent = {0};
  assert_false(snt_aws_call_is_key_refused(&unsent));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_asked_without_a_device_a_code_and_a_duration),
      cmocka_unit_test(every_parameter_is_sent_once),
      cmocka_unit_test(a_token_is_taken_whole),
      cmocka_unit_test(answers_that_make_no_sense_are_refused),
      cmocka_unit_test(refusals_say_what_to_do),
  };
  return cmocka_run_group_tests_name("sts_session_token", tests, open_base_credentials, close_base_credentials);
}
