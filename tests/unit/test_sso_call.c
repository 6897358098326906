/* The calls of IAM Identity Center: what is sent, what its answers and refusals become. */
#include "sso_script.h"

#include "aws/sso_oidc.h"
#include "aws/sso_portal.h"

#define NOW_MS INT64_C(1768790853000)
#define TOKEN "{\"accessToken\":\"access\",\"tokenType\":\"Bearer\",\"expiresIn\":3600,\"refreshToken\":\"again\"}"

static struct snt_sso_oidc oidc = {.endpoint = {.url = "https://oidc.eu-west-1.amazonaws.com",
                                                .host = "oidc.eu-west-1.amazonaws.com",
                                                .region = "eu-west-1",
                                                .service = "sso_oidc"}};
static const struct snt_sso_session SESSION = {
    .start_url = "https://a.b/start", .region = "eu-west-1", .scopes = "sso:account:access more"};

static struct snt_secret *secret_of(const char *text) {
  struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &secret, NULL));
  return secret;
}

static struct snt_sso_registration make_registration(void) {
  return (struct snt_sso_registration){.client_id = "client", .client_secret = secret_of("c\"secret")};
}

static void a_program_registers_for_the_flow_that_it_wants(void **state) {
  (void)state;
  SNT_SSO_REGISTRATION_AUTO struct snt_sso_registration registration = {0};
  script.lines[0].body = "{\"clientId\":\"id\",\"clientSecret\":\"s\",\"clientSecretExpiresAt\":1768790853}";
  script.lines[1] = script.lines[0];
  assert_ok(snt_sso_register(&oidc, &SESSION, NULL, &registration, NULL));
  assert_string_equal(script.sent[0],
                      "POST https://oidc.eu-west-1.amazonaws.com/client/register {\"clientName\": \"sentinel\", "
                      "\"clientType\": \"public\", \"scopes\": [\"sso:account:access\", \"more\"]}");
  assert_false(registration.is_for_code);
  assert_int_equal(registration.expires_at_ms, NOW_MS);
  assert_string_equal(registration.scopes, SESSION.scopes);
  snt_sso_registration_clear(&registration);
  assert_ok(snt_sso_register(&oidc, &SESSION, "http://127.0.0.1/oauth/callback", &registration, NULL));
  assert_true(registration.is_for_code);
  assert_non_null(strstr(script.sent[1], "\"grantTypes\": [\"authorization_code\", \"refresh_token\"], "
                                         "\"redirectUris\": [\"http://127.0.0.1/oauth/callback\"], \"issuerUrl\": "
                                         "\"https://a.b/start\"}"));
}

static void a_device_gets_a_code(void **state) {
  (void)state;
  SNT_SSO_REGISTRATION_AUTO struct snt_sso_registration registration = make_registration();
  SNT_SSO_DEVICE_AUTO struct snt_sso_device device = {0};
  script.lines[0].body = "{\"deviceCode\":\"dev\",\"userCode\":\"AB-CD\",\"verificationUri\":\"https://v.example/\","
                         "\"verificationUriComplete\":\"https://v.example/?user_code=AB-CD\",\"expiresIn\":600}";
  int64_t before_ms = snt_clock_monotonic_ms();
  assert_ok(snt_sso_start_device(&oidc, &registration, "https://a.b/start", &device, NULL));
  assert_string_equal(script.sent[0],
                      "POST https://oidc.eu-west-1.amazonaws.com/device_authorization {\"clientId\": \"client\", "
                      "\"clientSecret\": \"c\\\"secret\", \"startUrl\": \"https://a.b/start\"}");
  assert_string_equal(snt_secret_borrow(device.code), "dev");
  assert_string_equal(device.whole_url, "https://v.example/?user_code=AB-CD");
  assert_int_equal(device.interval_s, 5);
  assert_true(device.end_ms >= before_ms + 600000);
}

static void nobody_is_sent_to_a_page_that_is_not_https(void **state) {
  (void)state;
  static const struct {
    const char *url, *whole_url;
    bool is_good;
  } rows[] = {{"https://v.example/", "https://v.example/?user_code=A", true},
              {"http://127.0.0.1:8/d", "http://[::1]/?c=A#x", true},
              {"http://v.example/", "https://v.example/", false},
              {"https://v.example/", "http://v.example/", false},
              {"https://v.example/", "javascript:alert(1)", false},
              {"https://a@v.example/", "https://v.example/", false},
              {"file:///etc/passwd", "https://v.example/", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SSO_REGISTRATION_AUTO struct snt_sso_registration registration = make_registration();
    SNT_SSO_DEVICE_AUTO struct snt_sso_device device = {0};
    char text[256];
    (void)script_start(NULL);
    (void)snprintf(text, sizeof text,
                   "{\"deviceCode\":\"d\",\"userCode\":\"u\",\"verificationUri\":\"%s\",\"expiresIn\":6,"
                   "\"verificationUriComplete\":\"%s\"}",
                   rows[i].url, rows[i].whole_url);
    script.lines[0].body = text;
    snt_status status = snt_sso_start_device(&oidc, &registration, "https://a.b/start", &device, NULL);
    if (status.code != (rows[i].is_good ? SNT_CODE_OK : SNT_CODE_ANSWER_INVALID)) {
      fail_msg("%zu: %s", i, snt_code_name(status.code));
    }
  }
}

static enum snt_code ask(const struct snt_sso_grant *grant, struct snt_sso_token *token, enum snt_sso_wait *wait,
                         struct snt_err *err) {
  SNT_SSO_REGISTRATION_AUTO struct snt_sso_registration registration = make_registration();
  return snt_sso_create_token(&oidc, &registration, grant, token, wait, err).code;
}

static void a_token_ends_by_the_servers_clock(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *refresh = secret_of("old");
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  enum snt_sso_wait wait;
  script.lines[0] = (struct script_line){.body = TOKEN, .date_ms = NOW_MS};
  assert_int_equal(ask(&(struct snt_sso_grant){.refresh_token = refresh}, &token, &wait, NULL), SNT_CODE_OK);
  assert_in_range(token.expires_at_ms, NOW_MS + 3600000, NOW_MS + 3660000);
  assert_string_equal(snt_secret_borrow(token.access_token), "access");
  assert_string_equal(snt_secret_borrow(token.refresh_token), "again");
  assert_non_null(strstr(script.sent[0], "/token {\"clientId\": \"client\", \"clientSecret\": \"c\\\"secret\", "
                                         "\"grantType\": \"refresh_token\", \"refreshToken\": \"old\"}"));
}

static void a_code_is_sent_with_its_verifier(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *code = secret_of("code");
  SNT_SECRET_AUTO struct snt_secret *verifier = secret_of("verifier");
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  enum snt_sso_wait wait;
  script.lines[0].body = TOKEN;
  const struct snt_sso_grant grant = {.code = code, .verifier = verifier, .redirect_uri = "http://127.0.0.1:1/x"};
  assert_int_equal(ask(&grant, &token, &wait, NULL), SNT_CODE_OK);
  assert_non_null(strstr(script.sent[0], "\"grantType\": \"authorization_code\", \"redirectUri\": "
                                         "\"http://127.0.0.1:1/x\", \"codeVerifier\": \"verifier\", \"code\": "
                                         "\"code\"}"));
}

static void refusals_say_what_to_do(void **state) {
  (void)state;
  static const struct {
    long status;
    const char *body;
    enum snt_code code;
    enum snt_sso_wait wait;
    const char *told;
  } rows[] = {
      {400, "{\"error\":\"authorization_pending\"}", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_PENDING, "pending"},
      {400, "{\"__type\":\"a.b#AuthorizationPendingException\"}", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_PENDING, ""},
      {400, "{\"error\":\"slow_down\"}", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_SLOW_DOWN, "slow_down"},
      {429, "{\"error\":\"slow_down\"}", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_SLOW_DOWN, "slow_down"},
      {429, "", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_OUTAGE, "TooManyRequestsException"},
      {503, "", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_OUTAGE, "503"},
      {400, "{\"error\":\"expired_token\"}", SNT_CODE_LOGIN_REQUIRED, SNT_SSO_WAIT_NONE, "time to sign in is over"},
      {400, "{\"error\":\"access_denied\"}", SNT_CODE_LOGIN_REQUIRED, SNT_SSO_WAIT_NONE, "refused in the browser"},
      {400, "{\"error\":\"invalid_grant\"}", SNT_CODE_LOGIN_REQUIRED, SNT_SSO_WAIT_NONE, "revoked"},
      {401, "{\"error\":\"invalid_client\"}", SNT_CODE_LOGIN_REQUIRED, SNT_SSO_WAIT_NONE, "registration"},
      {400, "{\"error\":\"invalid_request\",\"error_description\":\"no\"}", SNT_CODE_AWS_REFUSED, SNT_SSO_WAIT_NONE,
       "invalid_request: no"},
      {400, "{\"error\":\"odd one\"}", SNT_CODE_ANSWER_INVALID, SNT_SSO_WAIT_NONE, "nothing that AWS would say"},
      {400, "<html>", SNT_CODE_ANSWER_INVALID, SNT_SSO_WAIT_NONE, "nothing that AWS would say"},
      {302, "", SNT_CODE_ANSWER_INVALID, SNT_SSO_WAIT_NONE, "redirects"},
      {200, "[]", SNT_CODE_ANSWER_INVALID, SNT_SSO_WAIT_NONE, "not an object"},
      {200, "{\"accessToken\":\"a\"}", SNT_CODE_ANSWER_INVALID, SNT_SSO_WAIT_NONE, "expiresIn"},
      {200, "{\"accessToken\":\"a\\nb\",\"expiresIn\":1}", SNT_CODE_ANSWER_INVALID, SNT_SSO_WAIT_NONE, "accessToken"},
  };
  SNT_SECRET_AUTO struct snt_secret *code = secret_of("device");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
    struct snt_err err = {0};
    enum snt_sso_wait wait;
    (void)script_start(NULL);
    script.lines[0] = (struct script_line){.http_status = rows[i].status, .body = rows[i].body};
    script.lines[1] = script.lines[0];
    enum snt_code got = ask(&(struct snt_sso_grant){.device_code = code}, &token, &wait, &err);
    if (got != rows[i].code || err.code != got || wait != rows[i].wait || token.access_token != NULL) {
      fail_msg("%zu: %s (%d): %s", i, snt_code_name(got), (int)wait, err.message);
    }
    expect_told(&err, rows[i].told);
  }
}

static void no_message_repeats_a_secret(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *refresh = secret_of("the-refresh-token");
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  struct snt_err err = {0};
  enum snt_sso_wait wait;
  static const char *const texts[] = {"the-refresh-token is unknown", "the-refresh-... is unknown"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    char body[128];
    (void)snprintf(body, sizeof body, "{\"error\":\"invalid_request\",\"error_description\":\"%s\"}", texts[i]);
    (void)script_start(NULL);
    script.lines[0] = (struct script_line){.http_status = 400, .body = body};
    assert_int_equal(ask(&(struct snt_sso_grant){.refresh_token = refresh}, &token, &wait, &err), SNT_CODE_AWS_REFUSED);
    assert_null(strstr(err.message, "the-refresh"));
  }
}

static void an_outage_is_asked_again_but_not_with_what_is_good_once(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *code = secret_of("code");
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  enum snt_sso_wait wait;
  script.lines[0].failure = SNT_CODE_NETWORK;
  script.lines[1].body = TOKEN;
  assert_int_equal(ask(&(struct snt_sso_grant){.device_code = code}, &token, &wait, NULL), SNT_CODE_OK);
  assert_int_equal(script.count, 2);
  snt_sso_token_clear(&token);
  (void)script_start(NULL);
  script.lines[0].failure = SNT_CODE_NETWORK;
  assert_int_equal(ask(&(struct snt_sso_grant){.refresh_token = code}, &token, &wait, NULL), SNT_CODE_NETWORK);
  assert_int_equal(script.count, 1);
}

static enum snt_code ask_role(struct snt_aws_credentials *out, bool *is_refused, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *token = secret_of("a-token");
  const struct snt_aws_endpoint portal = {
      .url = "https://portal.sso.eu-west-1.amazonaws.com", .host = "portal", .region = "eu-west-1"};
  const struct snt_sso_role role = {"123456789012", "Read Only+x"};
  return snt_sso_get_role_credentials(NULL, &portal, token, &role, out, is_refused, err).code;
}

static void a_role_gives_credentials(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  bool is_refused = true;
  script.lines[0].body = "{\"roleCredentials\":{\"accessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"secretAccessKey\":\"key\","
                         "\"sessionToken\":\"session\",\"expiration\":1768790853000}}";
  assert_int_equal(ask_role(&credentials, &is_refused, NULL), SNT_CODE_OK);
  assert_false(is_refused);
  assert_string_equal(script.sent[0], "GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?"
                                      "role_name=Read%20Only%2Bx&account_id=123456789012 ");
  assert_string_equal(script.bearer[0], "a-token");
  assert_string_equal(credentials.access_key_id, "ASIAIOSFODNN7EXAMPLE");
  assert_int_equal(credentials.expires_at_ms, NOW_MS);
}

static void a_role_that_is_not_given_is_named(void **state) {
  (void)state;
  static const struct {
    long status;
    const char *body;
    enum snt_code code;
    bool is_refused;
    const char *told;
  } rows[] = {
      {401, "{\"message\":\"Session token not found or invalid\",\"__type\":\"c.a#UnauthorizedException\"}",
       SNT_CODE_LOGIN_REQUIRED, true, "UnauthorizedException"},
      {401, "", SNT_CODE_LOGIN_REQUIRED, true, "revoked"},
      {403, "{\"message\":\"No access\",\"__type\":\"c.a#ForbiddenException\"}", SNT_CODE_AWS_REFUSED, false,
       "role Read Only+x in account 123456789012: ForbiddenException: No access"},
      {404, "", SNT_CODE_AWS_REFUSED, false, "ResourceNotFoundException"},
      {429, "{\"message\":\"HTTP 429\",\"__type\":\"c.a#TooManyRequestsException\"}", SNT_CODE_AWS_REFUSED, false,
       "wait a moment"},
      {200, "{}", SNT_CODE_ANSWER_INVALID, false, "sessionToken"},
      {200, "{\"roleCredentials\":{\"sessionToken\":\"s\"}}", SNT_CODE_ANSWER_INVALID, false, "expiration"},
      {200, "{\"roleCredentials\":{\"sessionToken\":\"s\",\"expiration\":1}}", SNT_CODE_ANSWER_INVALID, false,
       "half a key"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    bool is_refused = false;
    (void)script_start(NULL);
    script.lines[0] = (struct script_line){.http_status = rows[i].status, .body = rows[i].body};
    script.lines[1] = script.lines[0];
    enum snt_code got = ask_role(&credentials, &is_refused, &err);
    if (got != rows[i].code || is_refused != rows[i].is_refused || credentials.secret_key != NULL) {
      fail_msg("%zu: %s: %s", i, snt_code_name(got), err.message);
    }
    expect_told(&err, rows[i].told);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(a_program_registers_for_the_flow_that_it_wants, script_start),
      cmocka_unit_test_setup(a_device_gets_a_code, script_start),
      cmocka_unit_test_setup(nobody_is_sent_to_a_page_that_is_not_https, script_start),
      cmocka_unit_test_setup(a_token_ends_by_the_servers_clock, script_start),
      cmocka_unit_test_setup(a_code_is_sent_with_its_verifier, script_start),
      cmocka_unit_test_setup(refusals_say_what_to_do, script_start),
      cmocka_unit_test_setup(no_message_repeats_a_secret, script_start),
      cmocka_unit_test_setup(an_outage_is_asked_again_but_not_with_what_is_good_once, script_start),
      cmocka_unit_test_setup(a_role_gives_credentials, script_start),
      cmocka_unit_test_setup(a_role_that_is_not_given_is_named, script_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
