/* The network is a script here: snt_http_perform is wrapped by the linker. */
#include "aws_answer.h"

#include "base/clock.h"
#include "base/sha256.h"
#include "format/time.h"

enum { ROUNDS_MAX = 4, CALLS_MAX = 4 };

/* What the script answers: round by round, call by call. */
struct line {
  enum snt_code failure; /* FAILED: an answer came */
  long http_status;
  const char *body;
  int64_t date_ms;
};

static struct {
  struct line lines[ROUNDS_MAX][CALLS_MAX];
  size_t rounds;             /* how many were performed */
  size_t counts[ROUNDS_MAX]; /* calls in each */
  struct snt_http_request requests[ROUNDS_MAX][CALLS_MAX];
  char dates[ROUNDS_MAX][CALLS_MAX][17];
  char authorizations[ROUNDS_MAX][CALLS_MAX][512];
  char urls[ROUNDS_MAX][CALLS_MAX][256];
  bool is_broken; /* nothing can be tried */
} script;

static const char *header_of(const struct snt_http_request *request, const char *name) {
  for (size_t i = 0; i < request->header_count; i++) {
    if (strcmp(request->headers[i].name, name) == 0) {
      return request->headers[i].value;
    }
  }
  return NULL;
}

static void play(const struct line *line, struct snt_http_response *response) {
  memset(response, 0, sizeof *response);
  response->date_ms = line->date_ms;
  response->received_at_ms = snt_clock_monotonic_ms();
  if (line->failure != SNT_CODE_FAILED) {
    response->status = snt_fail(&response->err, line->failure, "the script says so");
    response->is_retryable = line->failure == SNT_CODE_NETWORK || line->failure == SNT_CODE_TIMEOUT;
    return;
  }
  response->status = snt_done();
  response->http_status = line->http_status;
  response->is_retryable = line->http_status >= 500 || line->http_status == 429;
  (void)snprintf(response->content_type, sizeof response->content_type, "text/xml");
  const char *body = line->body == NULL ? "" : line->body;
  assert_ok(snt_secret_new_from(body, strlen(body), &response->body, NULL));
}

snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err);
snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err) {
  (void)client;
  if (script.is_broken) {
    return snt_fail_memory(err);
  }
  size_t round = script.rounds++;
  assert_true(round < ROUNDS_MAX && count <= CALLS_MAX);
  script.counts[round] = count;
  for (size_t i = 0; i < count; i++) {
    script.requests[round][i] = requests[i];
    (void)snprintf(script.dates[round][i], 17, "%s", header_of(&requests[i], "X-Amz-Date"));
    (void)snprintf(script.authorizations[round][i], 512, "%s", header_of(&requests[i], "Authorization"));
    (void)snprintf(script.urls[round][i], 256, "%s", requests[i].url);
    play(&script.lines[round][i], &responses[i]);
  }
  return snt_done();
}

static int start_script(void **state) {
  (void)state;
  memset(&script, 0, sizeof script);
  return 0;
}

static void prepare(struct snt_aws_call *sts, struct snt_aws_call *ssm) {
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  assert_ok(snt_sts_prepare_get_caller_identity(sts, &endpoint, &base_credentials, NULL));
  endpoint = endpoint_of("ssm");
  assert_ok(snt_ssm_prepare_get_parameter(ssm, &endpoint, &base_credentials, "/p", NULL));
}

static void perform_two(struct snt_aws_call *sts, struct snt_aws_call *ssm) {
  prepare(sts, ssm);
  struct snt_aws_call *const calls[] = {sts, ssm};
  assert_ok(snt_aws_perform(NULL, calls, 2, NULL));
}

#define ERROR_XML(code, message)                                                                                       \
  "<ErrorResponse><Error><Code>" code "</Code><Message>" message "</Message></Error></ErrorResponse>"

static void what_cannot_be_tried_fails(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
  prepare(&sts, &ssm);
  struct snt_aws_call *const calls[] = {&sts, &ssm};
  script.is_broken = true;
  assert_code(snt_aws_perform(NULL, calls, 2, NULL), SNT_CODE_NO_MEMORY);
  assert_false(snt_ok(sts.response.status));
  struct snt_aws_call *const many[9] = {&sts, &sts, &sts, &sts, &sts, &sts, &sts, &sts, &sts};
  assert_code(snt_aws_perform(NULL, many, 9, NULL), SNT_CODE_BUG);
}

static void an_outage_is_asked_about_once_more_and_the_other_call_is_not(void **state) {
  (void)state;
  static const struct line outages[] = {{SNT_CODE_NETWORK, 0, NULL, 0},
                                        {SNT_CODE_TIMEOUT, 0, NULL, 0},
                                        {0, 500, "", 0},
                                        {0, 503, "", 0},
                                        {0, 429, "", 0}};
  for (size_t i = 0; i < sizeof outages / sizeof outages[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
    SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
    assert_int_equal(start_script(NULL), 0);
    script.lines[0][0] = (struct line){.http_status = 200};
    script.lines[0][1] = outages[i];
    script.lines[1][0] = (struct line){.http_status = 200, .body = "second"};
    perform_two(&sts, &ssm);
    assert_int_equal(script.rounds, 2);
    assert_int_equal(script.counts[1], 1);
    assert_string_equal(script.urls[1][0], "https://ssm.eu-central-1.amazonaws.com/");
    assert_string_equal(snt_secret_borrow(ssm.response.body), "second");
    assert_true(script.requests[1][0].timeout_ms <= 3000);
  }
}

static void a_lasting_outage_is_asked_about_twice_and_stays_one(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
  for (size_t round = 0; round < 2; round++) {
    script.lines[round][0] = (struct line){.failure = SNT_CODE_NETWORK};
    script.lines[round][1] = (struct line){.http_status = 503};
  }
  perform_two(&sts, &ssm);
  assert_int_equal(script.rounds, 2);
  assert_true(snt_aws_call_is_outage(&sts));
  assert_true(snt_aws_call_is_outage(&ssm));
}

static void a_call_may_have_more_time_than_others(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
  script.lines[0][0] = script.lines[0][1] = (struct line){.http_status = 200};
  prepare(&sts, &ssm);
  sts.timeout_ms = 7000;
  struct snt_aws_call *const calls[] = {&sts, &ssm};
  assert_ok(snt_aws_perform(NULL, calls, 2, NULL));
  assert_int_equal(script.requests[0][0].timeout_ms, 7000);
  assert_int_equal(script.requests[0][1].timeout_ms, 3000);
}

static void an_answer_may_be_larger_than_others(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
  script.lines[0][0] = script.lines[0][1] = (struct line){.http_status = 200};
  prepare(&sts, &ssm);
  sts.body_cap = 123456;
  struct snt_aws_call *const calls[] = {&sts, &ssm};
  assert_ok(snt_aws_perform(NULL, calls, 2, NULL));
  assert_int_equal(script.requests[0][0].body_cap, 123456);
  assert_int_equal(script.requests[0][1].body_cap, 0);
}

static void throttling_is_told_from_other_answers(void **state) {
  (void)state;
  static const struct {
    long http_status;
    const char *body;
    bool is_throttled;
  } rows[] = {
      {200, "{'__type':'ThrottlingException'}", false},
      {400, "{'__type':'ThrottlingException','message':'Rate exceeded'}", true},
      {400, "{'__type':'com.amazonaws.ssm#TooManyUpdates'}", true},
      {400, "{'__type':'ThrottledException'}", true},
      {400, "{'__type':'RequestLimitExceeded'}", true},
      {400, "{'__type':'TooManyRequestsException'}", true},
      {400, ERROR_XML("Throttling", "Rate exceeded"), true},
      {429, "", true},
      {429, "{'__type':'Odd'}", true},
      {400, "{'__type':'ValidationException','message':'ThrottlingException'}", false},
      {400, "{'__type':'ParameterLimitExceeded'}", false},
      {400, "", false},
      {503, "", false},
      {500, "{'__type':'InternalServerError'}", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
    SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
    prepare(&sts, &ssm);
    assert_false(snt_aws_call_is_throttled(&ssm));
    answer(&ssm, rows[i].http_status, "application/x-amz-json-1.1", json_of(rows[i].body));
    if (snt_aws_call_is_throttled(&ssm) != rows[i].is_throttled) {
      fail_msg("HTTP %ld %s", rows[i].http_status, rows[i].body);
    }
  }
}

static void a_refusal_is_never_asked_about_again(void **state) {
  (void)state;
  static const struct line refusals[] = {
      {0, 403, ERROR_XML("AccessDenied", "Signature expired"), ANSWER_DATE_MS},
      {0, 403, ERROR_XML("SignatureDoesNotMatch", "The request signature we calculated"), ANSWER_DATE_MS},
      {0, 400, ERROR_XML("Throttling", "Rate exceeded"), ANSWER_DATE_MS},
      {0, 400, "", ANSWER_DATE_MS},
      {0, 404, "Signature expired", ANSWER_DATE_MS},
      {0, 301, ERROR_XML("RequestExpired", "x"), ANSWER_DATE_MS},
      {0, 403, ERROR_XML("RequestExpired", "no date"), 0},
      {SNT_CODE_ANSWER_INVALID, 0, NULL, 0},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
    SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
    assert_int_equal(start_script(NULL), 0);
    script.lines[0][0] = refusals[i];
    script.lines[0][1] = (struct line){.http_status = 200};
    perform_two(&sts, &ssm);
    assert_int_equal(script.rounds, 1);
    assert_int_equal(sts.clock_offset_ms, 0);
    assert_false(snt_aws_call_is_outage(&sts));
  }
}

static void a_refusal_for_skew_is_signed_again_with_the_servers_time_once(void **state) {
  (void)state;
  static const char *const bodies[] = {
      ERROR_XML("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than 2027"),
      ERROR_XML("SignatureDoesNotMatch", "Signature not yet current: 2026 is still later than 2025"),
      ERROR_XML("InvalidSignatureException", "Signature expired: x"),
      ERROR_XML("RequestTimeTooSkewed", "x"),
      "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: x\"}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
    SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
    assert_int_equal(start_script(NULL), 0);
    script.lines[0][0] = (struct line){.http_status = 403, .body = bodies[i], .date_ms = ANSWER_DATE_MS};
    script.lines[0][1] = (struct line){.http_status = 200};
    script.lines[1][0] = script.lines[0][0];
    perform_two(&sts, &ssm);
    assert_int_equal(script.rounds, 2);
    assert_int_equal(script.counts[1], 1);
    /* the minute is enough: 02:47:33 and a moment */
    assert_int_equal(strncmp(script.dates[1][0], "20260119T0247", 13), 0);
    assert_string_not_equal(script.authorizations[0][0], script.authorizations[1][0]);
    assert_int_equal(sts.response.http_status, 403);
  }
}

/* Neither an outage, nor a busy server, nor a wrong clock is a reason to send a code again. */
static void what_is_to_go_out_once_goes_out_once(void **state) {
  (void)state;
  static const struct line answers[] = {
      {SNT_CODE_NETWORK, 0, NULL, 0},
      {SNT_CODE_TIMEOUT, 0, NULL, 0},
      {0, 503, "", 0},
      {0, 429, "", 0},
      {0, 403, ERROR_XML("SignatureDoesNotMatch", "Signature expired: x"), ANSWER_DATE_MS},
      {0, 200, "", 0},
  };
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    struct snt_aws_endpoint endpoint = endpoint_of("sts");
    const struct snt_sts_mfa mfa = {.serial = "s", .code = "123456", .duration_s = 900};
    assert_ok(snt_sts_prepare_get_session_token(&call, &endpoint, &base_credentials, &mfa, NULL));
    assert_int_equal(start_script(NULL), 0);
    script.lines[0][0] = answers[i];
    struct snt_aws_call *const calls[] = {&call};
    assert_ok(snt_aws_perform(NULL, calls, 1, NULL));
    assert_int_equal(script.rounds, 1);
    assert_true(script.requests[0][0].is_fresh);
  }
  const struct snt_sts_assume_role with_code = {.role_arn = "arn:aws:iam::123456789012:role/Dev",
                                                .role_session_name = "n",
                                                .source_identity = "i",
                                                .duration_s = 7200,
                                                .mfa_serial = "s",
                                                .mfa_code = "123456"};
  struct snt_sts_assume_role without = with_code;
  without.mfa_serial = without.mfa_code = NULL;
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  SNT_AWS_CALL_AUTO struct snt_aws_call role = {0};
  assert_ok(snt_sts_prepare_assume_role(&role, &endpoint, &base_credentials, &with_code, NULL));
  assert_true(role.is_once);
  assert_ok(snt_sts_prepare_assume_role(&role, &endpoint, &base_credentials, &without, NULL));
  assert_false(role.is_once);
}

static void a_known_clock_is_signed_with_from_the_start(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
  script.lines[0][0] = (struct line){.http_status = 200};
  prepare(&sts, &ssm);
  sts.clock_offset_ms = ANSWER_DATE_MS - snt_clock_wall_ms();
  struct snt_aws_call *const calls[] = {&sts};
  assert_ok(snt_aws_perform(NULL, calls, 1, NULL));
  assert_int_equal(strncmp(script.dates[0][0], "20260119T0247", 13), 0);
}

static void what_goes_out_is_signed(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call sts = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call ssm = {0};
  script.lines[0][0] = (struct line){.http_status = 200};
  script.lines[0][1] = (struct line){.http_status = 200};
  perform_two(&sts, &ssm);
  assert_int_equal(script.rounds, 1);
  assert_string_equal(script.urls[0][0], "https://sts.eu-central-1.amazonaws.com/");
  assert_string_equal(script.requests[0][0].method, "POST");
  assert_non_null(strstr(script.authorizations[0][0], "/eu-central-1/sts/aws4_request, SignedHeaders=content-type;host;"
                                                      "x-amz-date;x-amz-security-token, Signature="));
  assert_non_null(strstr(script.authorizations[0][1], "/eu-central-1/ssm/aws4_request, SignedHeaders=content-type;host;"
                                                      "x-amz-date;x-amz-security-token;x-amz-target, Signature="));
  assert_int_equal(script.requests[0][0].connect_timeout_ms, 1000);
  assert_int_equal(script.requests[0][0].timeout_ms, 3000);
}

static void the_path_of_an_endpoint_is_kept(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_aws_endpoint endpoint = endpoint_of("sts");
  (void)snprintf(endpoint.url, sizeof endpoint.url, "http://127.0.0.1:5000/x/y");
  (void)snprintf(endpoint.host, sizeof endpoint.host, "127.0.0.1:5000");
  assert_ok(snt_sts_prepare_get_caller_identity(&call, &endpoint, &base_credentials, NULL));
  script.lines[0][0] = (struct line){.http_status = 200};
  struct snt_aws_call *const calls[] = {&call};
  assert_ok(snt_aws_perform(NULL, calls, 1, NULL));
  assert_string_equal(script.urls[0][0], "http://127.0.0.1:5000/x/y");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(what_cannot_be_tried_fails, start_script),
      cmocka_unit_test_setup(an_outage_is_asked_about_once_more_and_the_other_call_is_not, start_script),
      cmocka_unit_test_setup(a_call_may_have_more_time_than_others, start_script),
      cmocka_unit_test_setup(an_answer_may_be_larger_than_others, start_script),
      cmocka_unit_test_setup(throttling_is_told_from_other_answers, start_script),
      cmocka_unit_test_setup(a_lasting_outage_is_asked_about_twice_and_stays_one, start_script),
      cmocka_unit_test_setup(a_refusal_is_never_asked_about_again, start_script),
      cmocka_unit_test_setup(a_refusal_for_skew_is_signed_again_with_the_servers_time_once, start_script),
      cmocka_unit_test_setup(what_is_to_go_out_once_goes_out_once, start_script),
      cmocka_unit_test_setup(a_known_clock_is_signed_with_from_the_start, start_script),
      cmocka_unit_test_setup(what_goes_out_is_signed, start_script),
      cmocka_unit_test_setup(the_path_of_an_endpoint_is_kept, start_script),
  };
  return cmocka_run_group_tests_name("call", tests, open_base_credentials, close_base_credentials);
}
