#include "aws_answer.h"

#define XML "text/xml"
#define ROLE_ARN "arn:aws:iam::123456789012:role/team/Dev"
#define SOURCE_IDENTITY "sentinel=alice=direct=a1b2c3d4e5f60718"

static const char CALLER[] =
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
    "<Arn>arn:aws:iam::123456789012:user/alice</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>"
    "<Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>x</RequestId>"
    "</ResponseMetadata></GetCallerIdentityResponse>";

static const char SESSION[] =
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
    "<AccessKeyId>ASIARZPUZDIKNKGXXYE3</AccessKeyId><SecretAccessKey>XYagz1/pSTnyW4+METPz4JZhb1</SecretAccessKey>"
    "<SessionToken>FQoGZXIvYXdzEBYa/+==</SessionToken><Expiration>2026-01-19T03:47:33.629568Z</Expiration>"
    "</Credentials><AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId>"
    "<Arn>arn:aws:sts::123456789012:assumed-role/Dev/a1b2c3d4e5f60718-alice</Arn></AssumedRoleUser>"
    "<SourceIdentity>sentinel=alice=direct=a1b2c3d4e5f60718</SourceIdentity>"
    "<PackedPolicySize>6</PackedPolicySize></AssumeRoleResult></AssumeRoleResponse>";

/* The text with the first occurrence of a part replaced. */
static void replace(const char *text, const char *part, const char *by, char *out, size_t cap) {
  const char *found = strstr(text, part);
  assert_non_null(found);
  (void)snprintf(out, cap, "%.*s%s%s", (int)(found - text), text, by, found + strlen(part));
}

static const struct snt_sts_assume_role PARAMETERS = {.role_arn = ROLE_ARN,
                                                      .role_session_name = "a1b2c3d4e5f60718-alice",
                                                      .source_identity = SOURCE_IDENTITY,
                                                      .duration_s = 3600};

static void prepare_caller(struct snt_aws_call *call) {
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  assert_ok(snt_sts_prepare_get_caller_identity(call, &endpoint, &base_credentials, NULL));
}

static void prepare_role(struct snt_aws_call *call) {
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  assert_ok(snt_sts_prepare_assume_role(call, &endpoint, &base_credentials, &PARAMETERS, NULL));
}

static snt_status parse_caller(long http_status, const char *content_type, const char *body, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_sts_caller caller;
  prepare_caller(&call);
  answer(&call, http_status, content_type, body);
  snt_status status = snt_sts_parse_get_caller_identity(&call, &caller, err);
  assert_int_equal(caller.arn[0] != '\0', snt_ok(status));
  assert_no_secret(err);
  return status;
}

static snt_status parse_role(long http_status, const char *body, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  prepare_role(&call);
  answer(&call, http_status, XML, body);
  snt_status status = snt_sts_parse_assume_role(&call, &session, err);
  assert_int_equal(session.credentials.secret_key != NULL, snt_ok(status));
  assert_int_equal(session.credentials.session_token != NULL, snt_ok(status));
  assert_int_equal(session.credentials.access_key_id[0] != '\0', snt_ok(status));
  assert_no_secret(err);
  return status;
}

static void callers_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *part, *by;
  } rows[] = {
      {"<GetCallerIdentityResponse", "<!DOCTYPE x><GetCallerIdentityResponse"},
      {"<GetCallerIdentityResponse", "<!DOCTYPE x [<!ENTITY a \"b\">]><GetCallerIdentityResponse"},
      {"</GetCallerIdentityResponse>", ""},
      {"</GetCallerIdentityResponse>", "</GetCallerIdentityResponse>x"},
      {"<GetCallerIdentityResult>", "<Result>"},
      {"<Arn>arn:aws:iam::123456789012:user/alice</Arn>", ""},
      {"arn:aws:iam::123456789012:user/alice", ""},
      {"arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:role/alice"},
      {"arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:user/al ice"},
      {"arn:aws:iam::123456789012:user/alice", "arn:aws:iam::210987654321:user/alice"},
      {"arn:aws:iam::123456789012:user/alice", "arn:aws:iam::123456789012:user/alice\xc3\xa4"},
      {"arn:aws:iam::123456789012:user/alice</Arn>",
       "arn:aws:iam::123456789012:user/alice</Arn><Arn>arn:aws:iam::123456789012:user/bob</Arn>"},
      {"<Account>123456789012</Account>", ""},
      {"<Account>123456789012", "<Account>12345678901"},
      {"<UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[2048];
    struct snt_err err = {0};
    replace(CALLER, rows[i].part, rows[i].by, body, sizeof body);
    snt_status status = parse_caller(200, XML, body, &err);
    if (status.code != SNT_CODE_ANSWER_INVALID) {
      fail_msg("%s: %s", body, snt_code_name(status.code));
    }
  }
  struct snt_err err = {0};
  assert_code(parse_caller(200, XML, SESSION, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(200, XML, "", &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(200, XML, "{\"GetCallerIdentityResponse\":{}}", &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(200, "text/html", CALLER, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(200, "", CALLER, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(302, XML, CALLER, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(403, XML, CALLER, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_caller(500, XML, CALLER, &err), SNT_CODE_AWS_REFUSED);
}

static void the_root_has_to_be_the_one_of_the_action(void **state) {
  (void)state;
  char half[2048];
  char body[2048];
  struct snt_err err = {0};
  replace(CALLER, "<GetCallerIdentityResponse", "<GetCallerIdentityAnswer", half, sizeof half);
  replace(half, "</GetCallerIdentityResponse", "</GetCallerIdentityAnswer", body, sizeof body);
  assert_code(parse_caller(200, XML, body, &err), SNT_CODE_ANSWER_INVALID);
}

static void a_caller_without_the_servers_time_is_refused(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_sts_caller caller;
  struct snt_err err = {0};
  prepare_caller(&call);
  answer(&call, 200, XML, CALLER);
  call.response.date_ms = 0;
  assert_code(snt_sts_parse_get_caller_identity(&call, &caller, &err), SNT_CODE_ANSWER_INVALID);
  assert_string_equal(caller.arn, "");
}

static void a_caller_comes_with_the_servers_time(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_sts_caller caller;
  prepare_caller(&call);
  assert_string_equal(call.body.data, "Action=GetCallerIdentity&Version=2011-06-15");
  answer(&call, 200, XML, CALLER);
  assert_ok(snt_sts_parse_get_caller_identity(&call, &caller, NULL));
  assert_string_equal(caller.arn, "arn:aws:iam::123456789012:user/alice");
  assert_string_equal(caller.account, "123456789012");
  assert_int_equal(caller.date_ms, ANSWER_DATE_MS);
  assert_int_equal(caller.received_at_ms, 1234);
}

static void no_session_is_asked_for_without_what_it_has_to_carry(void **state) {
  (void)state;
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  for (int i = 0; i < 9; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    struct snt_sts_assume_role parameters = PARAMETERS;
    parameters.source_identity = i == 0 ? NULL : i == 1 ? "" : parameters.source_identity;
    parameters.role_arn = i == 2 ? NULL : i == 3 ? "" : parameters.role_arn;
    parameters.role_session_name = i == 4 ? "" : parameters.role_session_name;
    parameters.duration_s = i == 5 ? 0 : parameters.duration_s;
    parameters.mfa_serial = i == 6 ? "arn:aws:iam::123456789012:mfa/alice" : NULL;
    parameters.mfa_code = i == 7 ? "123456" : NULL;
    parameters.is_on_the_way = i == 8; /* and has a SourceIdentity, which would last */
    assert_code(snt_sts_prepare_assume_role(&call, &endpoint, &base_credentials, &parameters, NULL), SNT_CODE_BUG);
    assert_null(call.body.data);
  }
}

static void every_parameter_is_encoded(void **state) {
  (void)state;
  static const struct snt_sts_tag tags[] = {{"SentinelSession", "sentinel:a@x:direct:0"}, {"K&1", "v=1 +"}};
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_sts_assume_role parameters = PARAMETERS;
  parameters.external_id = "a&b=c";
  parameters.mfa_serial = "arn:aws:iam::123456789012:mfa/alice";
  parameters.mfa_code = "123456";
  parameters.policy = "{\"a\":1}";
  parameters.tags = tags;
  parameters.tag_count = 2;
  assert_ok(snt_sts_prepare_assume_role(&call, &endpoint, &base_credentials, &parameters, NULL));
  assert_string_equal(call.body.data,
                      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2F"
                      "Dev&RoleSessionName=a1b2c3d4e5f60718-alice&SourceIdentity=sentinel%3Dalice%3Ddirect%3D"
                      "a1b2c3d4e5f60718&DurationSeconds=3600&ExternalId=a%26b%3Dc&SerialNumber=arn%3Aaws%3Aiam%3A%3A"
                      "123456789012%3Amfa%2Falice&TokenCode=123456&Policy=%7B%22a%22%3A1%7D&Tags.member.1.Key="
                      "SentinelSession&Tags.member.1.Value=sentinel%3Aa%40x%3Adirect%3A0&Tags.member.2.Key=K%261&"
                      "Tags.member.2.Value=v%3D1%20%2B");
}

static void a_lease_denies_everything_after_its_end(void **state) {
  (void)state;
  char policy[SNT_STS_LEASE_CAP];
  snt_sts_format_lease(1768790853000, policy);
  assert_string_equal(policy, "{\"Version\":\"2012-10-17\",\"Statement\":["
                              "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
                              "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
                              "{\"DateGreaterThan\":{\"aws:CurrentTime\":\"2026-01-19T02:47:33Z\"}}}]}");
}

static void sessions_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *part, *by;
  } rows[] = {
      {"<AssumeRoleResponse", "<!DOCTYPE x><AssumeRoleResponse"},
      {"<AccessKeyId>ASIARZPUZDIKNKGXXYE3</AccessKeyId>", ""},
      {"ASIARZPUZDIKNKGXXYE3", ""},
      {"ASIARZPUZDIKNKGXXYE3", "asiarzpuzdiknkgxxye3"},
      {"ASIARZPUZDIKNKGXXYE3", "ASIA"},
      {"<SecretAccessKey>XYagz1/pSTnyW4+METPz4JZhb1</SecretAccessKey>", ""},
      {"XYagz1/pSTnyW4+METPz4JZhb1", ""},
      {"XYagz1/pSTnyW4+METPz4JZhb1", "XYagz1 pSTnyW4"},
      {"XYagz1/pSTnyW4+METPz4JZhb1", "XYagz1\npSTnyW4"},
      {"XYagz1/pSTnyW4+METPz4JZhb1", "XYagz1\xc3\xa4"},
      {"<SessionToken>FQoGZXIvYXdzEBYa/+==</SessionToken>", ""},
      {"FQoGZXIvYXdzEBYa/+==", ""},
      {"<Expiration>2026-01-19T03:47:33.629568Z</Expiration>", ""},
      {"2026-01-19T03:47:33.629568Z", "soon"},
      {"2026-01-19T03:47:33.629568Z", "1768790853"},
      {"2026-01-19T03:47:33.629568Z", "2026-01-19T02:47:33Z"},
      {"2026-01-19T03:47:33.629568Z", "2025-01-19T03:47:33Z"},
      {"2026-01-19T03:47:33.629568Z", "2026-01-19T03:53:33Z"}, /* an hour was asked for */
      {"2026-01-19T03:47:33.629568Z", "2026-01-20T03:47:33Z"},
      {"2026-01-19T03:47:33.629568Z", "2036-01-19T03:47:33Z"},
      {"<Arn>arn:aws:sts::123456789012:assumed-role/Dev/a1b2c3d4e5f60718-alice</Arn>", ""},
      {"assumed-role/Dev/", "assumed-role/Prod/"},
      {"arn:aws:sts::123456789012:", "arn:aws:sts::210987654321:"},
      {"arn:aws:sts::123456789012:assumed-role/Dev/a1b2c3d4e5f60718-alice", "arn:aws:iam::123456789012:user/Dev"},
      {"sentinel=alice=", "sentinel=bob="},
      {"</Credentials>", "</Credentials><Credentials><AccessKeyId>ASIARZPUZDIKNKGXXYE4</AccessKeyId></Credentials>"},
      {"</AssumeRoleResponse>", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[4096];
    struct snt_err err = {0};
    replace(SESSION, rows[i].part, rows[i].by, body, sizeof body);
    snt_status status = parse_role(200, body, &err);
    if (status.code != SNT_CODE_ANSWER_INVALID) {
      fail_msg("%s: %s", body, snt_code_name(status.code));
    }
    assert_null(strstr(err.message, "XYagz1"));
    assert_null(strstr(err.message, "FQoGZXIvYXdz"));
  }
  struct snt_err err = {0};
  assert_code(parse_role(200, CALLER, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_role(201, SESSION, &err), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_role(400, SESSION, &err), SNT_CODE_ANSWER_INVALID);
}

static void a_session_is_taken_whole(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  prepare_role(&call);
  answer(&call, 200, XML, SESSION);
  assert_ok(snt_sts_parse_assume_role(&call, &session, NULL));
  assert_string_equal(session.credentials.access_key_id, "ASIARZPUZDIKNKGXXYE3");
  assert_string_equal(snt_secret_borrow(session.credentials.secret_key), "XYagz1/pSTnyW4+METPz4JZhb1");
  assert_string_equal(snt_secret_borrow(session.credentials.session_token), "FQoGZXIvYXdzEBYa/+==");
  assert_int_equal(session.credentials.expires_at_ms, ANSWER_DATE_MS + 3600629);
  assert_string_equal(session.assumed_role_arn, "arn:aws:sts::123456789012:assumed-role/Dev/a1b2c3d4e5f60718-alice");
}

static void a_session_whose_source_identity_is_not_repeated_is_taken(void **state) {
  (void)state;
  char body[4096];
  struct snt_err err = {0};
  replace(SESSION, "<SourceIdentity>" SOURCE_IDENTITY "</SourceIdentity>", "", body, sizeof body);
  assert_ok(parse_role(200, body, &err));
}

struct refusal_row {
  const char *code, *message;
  enum snt_code wanted;
  const char *in_message, *in_hint;
};

static void check_refusal(const struct refusal_row *row) {
  static const char *const shapes[] = {
      "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>%s</Code>"
      "<Message>%s</Message></Error><RequestId>x</RequestId></ErrorResponse>",
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<ErrorResponse><Errors><Error><Code>%s</Code><Message>%s</Message>"
      "<Type>Sender</Type></Error></Errors></ErrorResponse>",
      "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors></Response>",
      "<Error><Code>%s</Code><Message>%s</Message></Error>",
      "{\"__type\":\"%s\",\"message\":\"%s\"}",
  };
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    char body[4096];
    struct snt_err err = {0};
    char first[2048];
    replace(shapes[i], "%s", row->code, first, sizeof first);
    replace(first, "%s", row->message, body, sizeof body);
    snt_status status = parse_role(403, body, &err);
    if (status.code != row->wanted || strstr(err.message, row->in_message) == NULL ||
        strstr(err.hint, row->in_hint) == NULL) {
      fail_msg("%s\n%s: %s\nhint: %s", body, snt_code_name(status.code), err.message, err.hint);
    }
  }
}

#define DENIED(action)                                                                                                 \
  "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: " action " on resource: " ROLE_ARN

static void refusals_name_the_thing_and_the_remedy(void **state) {
  (void)state;
  static const char lines[] = "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::123456789012:user/alice\"},"
                              "\"Action\":[\"sts:AssumeRole\",\"sts:SetSourceIdentity\",\"sts:TagSession\"]}";
  static const struct refusal_row rows[] = {
      {"AccessDenied", DENIED("sts:AssumeRole"), SNT_CODE_AWS_REFUSED, "role " ROLE_ARN, "sts:AssumeRole is missing"},
      {"AccessDenied", DENIED("sts:AssumeRole"), SNT_CODE_AWS_REFUSED, "AccessDenied: User:", lines},
      {"AccessDenied", DENIED("sts:AssumeRole"), SNT_CODE_AWS_REFUSED, ROLE_ARN, "mfa_serial"},
      {"AccessDenied", DENIED("sts:SetSourceIdentity"), SNT_CODE_AWS_REFUSED, "sts:SetSourceIdentity",
       "sts:SetSourceIdentity is missing"},
      {"AccessDenied", DENIED("sts:SetSourceIdentity"), SNT_CODE_AWS_REFUSED, "", lines},
      {"AccessDenied", DENIED("sts:SetSourceIdentity"), SNT_CODE_AWS_REFUSED, "", "already carries SourceIdentity"},
      {"AccessDenied", DENIED("sts:TagSession"), SNT_CODE_AWS_REFUSED, "sts:TagSession", "sts:TagSession is missing"},
      {"AccessDenied", DENIED("sts:TagSession"), SNT_CODE_AWS_REFUSED, "", "tags: off"},
      {"AccessDenied", "", SNT_CODE_AWS_REFUSED, "AccessDenied", "ARN OF THE CALLER"},
      {"AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.",
       SNT_CODE_ACTION_REQUIRED, "MultiFactorAuthentication", "wait for the next one"},
      {"AccessDenied", "The source identity of the session is already set and cannot be changed", SNT_CODE_AWS_REFUSED,
       "already carries SourceIdentity", "without one"},
      {"ValidationError", "SourceIdentity was set to a different value", SNT_CODE_AWS_REFUSED,
       "already carries SourceIdentity", "without one"},
      {"ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
       SNT_CODE_AWS_REFUSED, "MaxSessionDuration", "3600 s are too many"},
      {"ValidationError", "something else", SNT_CODE_AWS_REFUSED, "something else", ""},
      {"ExpiredToken", "The security token included in the request is expired", SNT_CODE_LOGIN_REQUIRED,
       "have expired (keychain entry", "sign in again"},
      {"InvalidClientTokenId", "The security token included in the request is invalid.", SNT_CODE_AWS_REFUSED,
       "InvalidClientTokenId", "AWS does not know access key AKIAIOSFODNN7EXAMPLE"},
      {"SignatureDoesNotMatch", "The request signature we calculated does not match", SNT_CODE_AWS_REFUSED,
       "SignatureDoesNotMatch", "secret access key"},
      {"SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than 20260102T000000Z",
       SNT_CODE_AWS_REFUSED, "Signature expired", "clock"},
      {"RegionDisabledException", "STS is not activated in this region", SNT_CODE_AWS_REFUSED, "not activated",
       "eu-central-1"},
      {"Throttling", "Rate exceeded", SNT_CODE_AWS_REFUSED, "Rate exceeded", "try again"},
      {"PackedPolicyTooLarge", "m", SNT_CODE_AWS_REFUSED, "PackedPolicyTooLarge: m", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_refusal(&rows[i]);
  }
}

static void only_the_roles_maximum_is_a_refusal_of_the_duration(void **state) {
  (void)state;
  static const struct {
    long http_status;
    const char *code, *message;
    bool is_refused;
  } rows[] = {
      {400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", true},
      {400, "ValidationError", "1 validation error detected: Value at 'durationSeconds'", false},
      {403, "AccessDenied", "MaxSessionDuration", false},
      {200, "ValidationError", "MaxSessionDuration", false},
      {500, "ValidationError", "MaxSessionDuration", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    char body[512];
    prepare_role(&call);
    (void)snprintf(body, sizeof body,
                   "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", rows[i].code,
                   rows[i].message);
    answer(&call, rows[i].http_status, XML, body);
    assert_true(snt_sts_is_duration_refused(&call) == rows[i].is_refused);
  }
}

static void of_what_aws_says_no_secret_and_one_line_is_shown(void **state) {
  (void)state;
  static const struct {
    const char *message, *wanted;
  } rows[] = {
      {"does not match\n\nThe Canonical String was\nx-amz-security-token:" BASE_TOKEN, "not shown"},
      {"token " BASE_TOKEN " is odd", "not shown"},
      {"key " BASE_KEY, "not shown"},
      {"token FwoGZXIvYXdz... is odd", "not shown"}, /* twelve bytes of it */
      {"first line\nsecond line", "first line"},
      {"bell \xc2\x85 end", "PackedPolicyTooLarge"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[2048];
    struct snt_err err = {0};
    (void)snprintf(body, sizeof body,
                   "<ErrorResponse><Error><Code>PackedPolicyTooLarge</Code><Message>%s</Message></Error>"
                   "</ErrorResponse>",
                   rows[i].message);
    assert_code(parse_role(400, body, &err), SNT_CODE_AWS_REFUSED);
    assert_non_null(strstr(err.message, rows[i].wanted));
    assert_null(strstr(err.message, "second"));
    assert_null(strstr(err.message, "\xc2\x85"));
  }
}

static void a_long_text_of_aws_is_cut_between_characters(void **state) {
  (void)state;
  char body[2048] = "<ErrorResponse><Error><Code>X</Code><Message>";
  for (int i = 0; i < 400; i++) {
    strcat(body, "\xc3\xa4");
  }
  strcat(body, "</Message></Error></ErrorResponse>");
  struct snt_err err = {0};
  assert_code(parse_role(400, body, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.message, "\xc3\xa4..."));
  assert_true(strlen(err.message) < 700);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(callers_that_make_no_sense_are_refused),
      cmocka_unit_test(the_root_has_to_be_the_one_of_the_action),
      cmocka_unit_test(a_caller_without_the_servers_time_is_refused),
      cmocka_unit_test(a_caller_comes_with_the_servers_time),
      cmocka_unit_test(no_session_is_asked_for_without_what_it_has_to_carry),
      cmocka_unit_test(every_parameter_is_encoded),
      cmocka_unit_test(a_lease_denies_everything_after_its_end),
      cmocka_unit_test(sessions_that_make_no_sense_are_refused),
      cmocka_unit_test(a_session_is_taken_whole),
      cmocka_unit_test(a_session_whose_source_identity_is_not_repeated_is_taken),
      cmocka_unit_test(refusals_name_the_thing_and_the_remedy),
      cmocka_unit_test(only_the_roles_maximum_is_a_refusal_of_the_duration),
      cmocka_unit_test(of_what_aws_says_no_secret_and_one_line_is_shown),
      cmocka_unit_test(a_long_text_of_aws_is_cut_between_characters),
  };
  return cmocka_run_group_tests_name("sts", tests, open_base_credentials, close_base_credentials);
}
