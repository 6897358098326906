#include "aws_answer.h"

#define JSON "application/x-amz-json-1.1"

static const char GOOD[] = "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": "
                           "\"rules: []\\n\", \"Version\": 7, \"LastModifiedDate\": 1795738194.542, \"ARN\": "
                           "\"arn:aws:ssm:eu-central-1:123456789012:parameter/sentinel/policies/dev\", \"DataType\": "
                           "\"text\"}}";

static void prepare(struct snt_aws_call *call) {
  struct snt_aws_endpoint endpoint = endpoint_of("ssm");
  assert_ok(snt_ssm_prepare_get_parameter(call, &endpoint, &base_credentials, "/sentinel/policies/dev", NULL));
}

static snt_status parse(long http_status, const char *content_type, const char *body, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_CLEANUP(snt_ssm_parameter_clear) struct snt_ssm_parameter parameter = {0};
  prepare(&call);
  answer(&call, http_status, content_type, body);
  snt_status status = snt_ssm_parse_get_parameter(&call, &parameter, err);
  if (!snt_ok(status)) {
    assert_null(parameter.value.data);
    assert_int_equal(parameter.version, 0);
    assert_no_secret(err);
    assert_true(err->message[0] != '\0');
  }
  return status;
}

static void a_call_that_was_never_performed_has_no_answer(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_ssm_parameter parameter;
  struct snt_err err = {0};
  prepare(&call);
  assert_false(snt_ok(snt_ssm_parse_get_parameter(&call, &parameter, &err)));
  assert_false(snt_aws_call_is_outage(&call));
}

static void an_outage_keeps_its_reason(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_ssm_parameter parameter;
  struct snt_err err = {0};
  prepare(&call);
  call.response.status = snt_fail(&call.response.err, SNT_CODE_TIMEOUT, "ssm.example: no answer in 3 s");
  SNT_IGNORE(snt_err_hint(&call.response.err, "see the network"));
  call.response.is_retryable = true;
  assert_code(snt_ssm_parse_get_parameter(&call, &parameter, &err), SNT_CODE_TIMEOUT);
  assert_string_equal(err.message, "SSM GetParameter in eu-central-1: ssm.example: no answer in 3 s");
  assert_string_equal(err.hint, "see the network");
  assert_true(snt_aws_call_is_outage(&call));
}

static void answers_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "{}",
      "[]",
      "null",
      "rules: []",
      "<xml/>",
      "{\"Parameter\": null}",
      "{\"Parameter\": []}",
      "{\"Parameter\": {\"Type\": \"String\", \"Value\": \"v\", \"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/prod\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": "
      "1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev2\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": "
      "1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/de\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": 1}}",
      "{\"Parameter\": {\"Name\": 1, \"Type\": \"String\", \"Value\": \"v\", \"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Value\": \"v\", \"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"Text\", \"Value\": \"v\", \"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": [\"v\"], \"Version\": "
      "1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v\"}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": "
      "\"1\"}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": 0}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": "
      "1.5}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v\", \"Value\": "
      "\"w\", "
      "\"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v\", \"Version\": 1}} "
      "x",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"a\\u0000b\", "
      "\"Version\": 1}}",
      "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"String\", \"Value\": \"v",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    snt_status status = parse(200, JSON, rows[i], &err);
    if (status.code != SNT_CODE_ANSWER_INVALID) {
      fail_msg("%s: %s", rows[i], snt_code_name(status.code));
    }
    assert_non_null(strstr(err.message, "SSM GetParameter in eu-central-1"));
  }
}

static void only_status_200_with_json_is_an_answer(void **state) {
  (void)state;
  static const struct {
    long http_status;
    const char *content_type;
    enum snt_code code;
  } rows[] = {{200, "text/html", SNT_CODE_ANSWER_INVALID}, {200, "", SNT_CODE_ANSWER_INVALID},
              {200, "text/xml", SNT_CODE_ANSWER_INVALID},  {204, JSON, SNT_CODE_ANSWER_INVALID},
              {301, JSON, SNT_CODE_ANSWER_INVALID},        {400, JSON, SNT_CODE_ANSWER_INVALID},
              {404, JSON, SNT_CODE_ANSWER_INVALID},        {500, JSON, SNT_CODE_AWS_REFUSED},
              {503, JSON, SNT_CODE_AWS_REFUSED},           {0, JSON, SNT_CODE_ANSWER_INVALID}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    assert_code(parse(rows[i].http_status, rows[i].content_type, GOOD, &err), rows[i].code);
  }
}

static void a_parameter_that_cannot_be_a_policy_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *type, *value, *word;
  } rows[] = {{"StringList", "a,b", "StringList"},
              {"SecureString", "AQICAHhR9d0X+/a==", "kms:Decrypt"},
              {"SecureString", "AQECAHhR9d0X", "kms:Decrypt"},
              {"SecureString", "kms:alias/aws/ssm:rules: []", "kms:Decrypt"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[512];
    struct snt_err err = {0};
    (void)snprintf(body, sizeof body,
                   "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"%s\", \"Value\": \"%s\", "
                   "\"Version\": 1}}",
                   rows[i].type, rows[i].value);
    assert_code(parse(200, JSON, body, &err), SNT_CODE_POLICY_INVALID);
    assert_non_null(strstr(err.message, "/sentinel/policies/dev"));
    assert_true(strstr(err.message, rows[i].word) != NULL || strstr(err.hint, rows[i].word) != NULL);
    assert_true(err.hint[0] != '\0');
  }
}

struct refusal_row {
  long http_status;
  const char *body;
  enum snt_code code;
  const char *in_message, *in_hint;
};

static void check_refusal(const struct refusal_row *row) {
  struct snt_err err = {0};
  snt_status status = parse(row->http_status, row->body[0] == '<' ? "text/xml" : JSON, row->body, &err);
  if (status.code != row->code || strstr(err.message, row->in_message) == NULL ||
      strstr(err.hint, row->in_hint) == NULL) {
    fail_msg("%s\n%s: %s\nhint: %s", row->body, snt_code_name(status.code), err.message, err.hint);
  }
}

static void refusals_name_the_thing_and_the_remedy(void **state) {
  (void)state;
  static const struct refusal_row rows[] = {
      {400, "{\"__type\":\"ParameterNotFound\"}", SNT_CODE_NO_POLICY,
       "no SSM parameter \"/sentinel/policies/dev\" in eu-central-1", "policy.source"},
      {400, "{\"__type\":\"com.amazonaws.ssm#ParameterNotFound\",\"message\":\"x\"}", SNT_CODE_NO_POLICY,
       "/sentinel/policies/dev", "sentinel policy push"},
      {400, "{\"__type\":\"ParameterVersionNotFound\"}", SNT_CODE_NO_POLICY, "/sentinel/policies/dev", ""},
      {400,
       "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: arn:aws:iam::123456789012:user/alice is not "
       "authorized to perform: ssm:GetParameter on resource: x\"}",
       SNT_CODE_AWS_REFUSED, "AccessDeniedException: User: arn:aws:iam::123456789012:user/alice", "ssm:GetParameter"},
      {400,
       "{\"__type\":\"AccessDeniedException\",\"Message\":\"The ciphertext refers to a customer master key that does "
       "not exist, does not exist in this region, or you are not allowed to access.\"}",
       SNT_CODE_AWS_REFUSED, "ciphertext", "kms:Decrypt"},
      {400, "{\"__type\":\"InvalidKeyId\",\"message\":\"key is disabled\"}", SNT_CODE_AWS_REFUSED, "key is disabled",
       "kms:Decrypt"},
      {400, "{\"__type\":\"ExpiredTokenException\",\"message\":\"The security token is expired\"}",
       SNT_CODE_LOGIN_REQUIRED, "keychain entry \"corp\" (file)", "sign in again"},
      {400, "{\"__type\":\"UnrecognizedClientException\",\"message\":\"The security token is invalid.\"}",
       SNT_CODE_AWS_REFUSED, "UnrecognizedClientException", "AKIAIOSFODNN7EXAMPLE"},
      {400, "{\"__type\":\"ThrottlingException\"}", SNT_CODE_AWS_REFUSED, "ThrottlingException", "try again"},
      {400, "{\"__type\":\"ValidationException\",\"message\":\"bad name\"}", SNT_CODE_AWS_REFUSED, "bad name", ""},
      {400, "{\"__type\":\"Brand.New-Error_1\",\"message\":\"m\"}", SNT_CODE_AWS_REFUSED, "Brand.New-Error_1: m", ""},
      {403,
       "<ErrorResponse><Errors><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated "
       "does not match</Message></Error></Errors></ErrorResponse>",
       SNT_CODE_AWS_REFUSED, "SignatureDoesNotMatch", "secret access key"},
      {400, "{\"__type\":\"x\",\"__type\":\"ParameterNotFound\"}", SNT_CODE_ANSWER_INVALID, "HTTP 400", ""},
      {400, "{\"__type\":\"a b<script>\"}", SNT_CODE_ANSWER_INVALID, "HTTP 400", ""},
      {500, "{\"__type\":\"InternalServerError\"}", SNT_CODE_AWS_REFUSED, "InternalServerError", "try again"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_refusal(&rows[i]);
  }
}

static void a_parameter_comes_with_its_version(void **state) {
  (void)state;
  static const struct {
    const char *type, *content_type;
    bool is_secure;
  } rows[] = {{"String", JSON, false}, {"SecureString", "application/json", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    SNT_CLEANUP(snt_ssm_parameter_clear) struct snt_ssm_parameter parameter = {0};
    char body[512];
    (void)snprintf(body, sizeof body,
                   "{\"Parameter\": {\"Name\": \"/sentinel/policies/dev\", \"Type\": \"%s\", \"Value\": "
                   "\"AQICA is a policy\\n\", \"Version\": 7}}",
                   rows[i].type);
    prepare(&call);
    answer(&call, 200, rows[i].content_type, body);
    assert_ok(snt_ssm_parse_get_parameter(&call, &parameter, NULL));
    assert_string_equal(parameter.value.data, "AQICA is a policy\n");
    assert_int_equal(parameter.version, 7);
    assert_int_equal(parameter.is_secure, rows[i].is_secure);
  }
}

static void the_request_is_the_one_of_the_api(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  prepare(&call);
  assert_string_equal(call.body.data, "{\"Name\":\"/sentinel/policies/dev\",\"WithDecryption\":true}");
  assert_string_equal(call.target, "AmazonSSM.GetParameter");
  assert_string_equal(call.what, "SSM GetParameter in eu-central-1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_that_was_never_performed_has_no_answer),
      cmocka_unit_test(an_outage_keeps_its_reason),
      cmocka_unit_test(answers_that_make_no_sense_are_refused),
      cmocka_unit_test(only_status_200_with_json_is_an_answer),
      cmocka_unit_test(a_parameter_that_cannot_be_a_policy_is_refused),
      cmocka_unit_test(refusals_name_the_thing_and_the_remedy),
      cmocka_unit_test(a_parameter_comes_with_its_version),
      cmocka_unit_test(the_request_is_the_one_of_the_api),
  };
  return cmocka_run_group_tests_name("ssm", tests, open_base_credentials, close_base_credentials);
}
