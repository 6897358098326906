/* AssumeRoleWithWebIdentity: what is sent, and which answers are taken. */
#include "aws_answer.h"

#define XML "text/xml"
#define ROLE "arn:aws:iam::123456789012:role/ci/Build"
#define TOKEN "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjaSJ9.c2ln+/=="

static const char SESSION[] =
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
    "<AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>ci</SubjectFromWebIdentityToken><AssumedRoleUser>"
    "<AssumedRoleId>AROAEXAMPLE:job</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/Build/job</Arn>"
    "</AssumedRoleUser><Credentials><AccessKeyId>ASIARZPUZDIKNKGXXYE3</AccessKeyId>"
    "<SecretAccessKey>XYagz1/pSTn</SecretAccessKey><SessionToken>FQoGZXIv==</SessionToken>"
    "<Expiration>2026-01-19T03:47:33Z</Expiration></Credentials><SourceIdentity>of-the-provider</SourceIdentity>"
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

static struct snt_secret *token;

static int open_token(void **state) {
  (void)state;
  assert_ok(snt_secret_new_from(TOKEN, strlen(TOKEN), &token, NULL));
  return 0;
}

static int close_token(void **state) {
  (void)state;
  snt_secret_free(&token);
  return 0;
}

static void prepare(struct snt_aws_call *call) {
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  const struct snt_sts_web_identity parameters = {ROLE, "job", token};
  assert_ok(snt_sts_prepare_web_identity(call, &endpoint, &parameters, NULL));
}

static enum snt_code parse(long http_status, const char *body, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  prepare(&call);
  answer(&call, http_status, XML, body);
  snt_status status = snt_sts_parse_web_identity(&call, &session, err);
  assert_int_equal(session.credentials.secret_key != NULL, snt_ok(status));
  assert_int_equal(session.assumed_role_arn[0] != '\0', snt_ok(status));
  assert_null(strstr(err->message, TOKEN));
  assert_null(strstr(err->hint, TOKEN));
  return status.code;
}

static void nothing_is_asked_without_a_role_a_name_and_a_token(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *empty = NULL;
  assert_ok(snt_secret_new(1, &empty, NULL));
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  const struct snt_sts_web_identity rows[] = {
      {NULL, "job", token}, {"", "job", token}, {ROLE, NULL, token}, {ROLE, "", token}, {ROLE, "job", empty}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    assert_code(snt_sts_prepare_web_identity(&call, &endpoint, &rows[i], NULL), SNT_CODE_BUG);
    assert_null(call.body.data);
  }
}

static void the_token_stands_for_a_signature(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  prepare(&call);
  assert_string_equal(call.body.data,
                      "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3A"
                      "role%2Fci%2FBuild&RoleSessionName=job&WebIdentityToken=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjaSJ9."
                      "c2ln%2B%2F%3D%3D");
  assert_null(call.credentials);
  assert_false(call.is_once);
}

static void a_session_is_taken_whole(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  prepare(&call);
  answer(&call, 200, XML, SESSION);
  assert_ok(snt_sts_parse_web_identity(&call, &session, NULL));
  assert_string_equal(session.credentials.access_key_id, "ASIARZPUZDIKNKGXXYE3");
  assert_string_equal(snt_secret_borrow(session.credentials.session_token), "FQoGZXIv==");
  assert_int_equal(session.credentials.expires_at_ms, ANSWER_DATE_MS + INT64_C(3600000));
  assert_string_equal(session.assumed_role_arn, "arn:aws:sts::123456789012:assumed-role/Build/job");
}

static void answers_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *part, *by;
  } rows[] = {
      {"assumed-role/Build/", "assumed-role/Other/"},
      {"sts::123456789012:", "sts::123456789013:"},
      {"<Arn>arn:aws:sts::123456789012:assumed-role/Build/job</Arn>", ""},
      {"arn:aws:sts::123456789012:assumed-role/Build/job", "arn:aws:iam::123456789012:user/Build"},
      {"<SecretAccessKey>XYagz1/pSTn</SecretAccessKey>", ""},
      {"<SessionToken>FQoGZXIv==</SessionToken>", ""},
      {"2026-01-19T03:47:33Z", "2026-01-19T02:47:33Z"},
      {"2026-01-19T03:47:33Z", "2026-01-20T03:47:33Z"},
      {"<AssumeRoleWithWebIdentityResponse", "<!DOCTYPE x><AssumeRoleWithWebIdentityResponse"},
      {"</AssumeRoleWithWebIdentityResponse>", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[4096];
    struct snt_err err = {0};
    const char *found = strstr(SESSION, rows[i].part);
    assert_non_null(found);
    (void)snprintf(body, sizeof body, "%.*s%s%s", (int)(found - SESSION), SESSION, rows[i].by,
                   found + strlen(rows[i].part));
    if (parse(200, body, &err) != SNT_CODE_ANSWER_INVALID) {
      fail_msg("%s: %s", body, err.message);
    }
  }
  struct snt_err err = {0};
  assert_int_equal(parse(200, "<AssumeRoleResponse/>", &err), SNT_CODE_ANSWER_INVALID);
  assert_int_equal(parse(403, "<html/>", &err), SNT_CODE_ANSWER_INVALID);
  assert_int_equal(parse(503, SESSION, &err), SNT_CODE_AWS_REFUSED);
}

static void refusals_say_what_to_do(void **state) {
  (void)state;
  static const struct {
    const char *code, *hint;
  } rows[] = {
      {"ExpiredTokenException", "write a new one"},
      {"InvalidIdentityToken", "OpenID Connect"},
      {"IDPRejectedClaim", "write a new one"},
      {"IDPCommunicationError", "try again"},
      {"AccessDenied", "trust policy"},
      {"InvalidClientTokenId", ""}, /* says something else of a call that a key signs */
      {"SignatureDoesNotMatch", ""},
      {"ValidationError", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[1024];
    struct snt_err err = {0};
    (void)snprintf(body, sizeof body,
                   "<ErrorResponse><Error><Code>%s</Code><Message>of %s</Message></Error></ErrorResponse>",
                   rows[i].code, i % 2 == 0 ? "the server" : TOKEN);
    assert_int_equal(parse(i % 2 == 0 ? 400 : 403, body, &err), SNT_CODE_AWS_REFUSED);
    assert_non_null(strstr(err.message, rows[i].code));
    assert_non_null(strstr(err.message, ROLE));
    if (rows[i].hint[0] == '\0' ? err.hint[0] != '\0' : strstr(err.hint, rows[i].hint) == NULL) {
      fail_msg("%s: %s", rows[i].code, err.hint);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_asked_without_a_role_a_name_and_a_token),
      cmocka_unit_test(the_token_stands_for_a_signature),
      cmocka_unit_test(a_session_is_taken_whole),
      cmocka_unit_test(answers_that_make_no_sense_are_refused),
      cmocka_unit_test(refusals_say_what_to_do),
  };
  return cmocka_run_group_tests_name("sts_web_identity", tests, open_token, close_token);
}
