/* Roles on the way: what is asked of STS for each, and what a failure says. STS is a script here: specs have a real
 * one.
 */
#include "aws_answer.h"

#include "aws/base_roles.h"

#define ID "ASIA2222222222222222"
#define ROLE(name) "role_arn = arn:aws:iam::123456789012:role/" name "\n"

enum { CALLS_MAX = 8 };

static struct {
  char bodies[CALLS_MAX][1024];
  char hosts[CALLS_MAX][272];
  size_t count;
  const char *who;    /* the ARN that GetCallerIdentity tells */
  bool is_refused;    /* AssumeRole is */
  const char *locked; /* a region that may not be asked; NULL: none */
} sts;

static void answer_caller(struct snt_aws_call *call) {
  char body[1024];
  (void)snprintf(body, sizeof body,
                 "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>%s</Arn><UserId>U</UserId>"
                 "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
                 sts.who);
  answer(call, 200, "text/xml", body);
}

static void answer_session(struct snt_aws_call *call) {
  char body[1024];
  (void)snprintf(body, sizeof body,
                 "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>" ID "</AccessKeyId>"
                 "<SecretAccessKey>of-%s</SecretAccessKey><SessionToken>token</SessionToken>"
                 "<Expiration>2026-01-19T03:%s:33Z</Expiration></Credentials><AssumedRoleUser><Arn>"
                 "arn:aws:sts::123456789012:assumed-role/%s/x</Arn></AssumedRoleUser></AssumeRoleResult>"
                 "</AssumeRoleResponse>",
                 strrchr(call->subject, '/') + 1, call->duration_s < 3600 ? "02" : "47",
                 strrchr(call->subject, '/') + 1);
  answer(call, 200, "text/xml", body);
}

snt_status __wrap_snt_aws_perform(struct snt_http_client *client, struct snt_aws_call *const *calls, size_t count,
                                  struct snt_err *err);
snt_status __wrap_snt_aws_perform(struct snt_http_client *client, struct snt_aws_call *const *calls, size_t count,
                                  struct snt_err *err) {
  (void)client;
  (void)err;
  assert_int_equal(count, 1);
  assert_true(sts.count < CALLS_MAX);
  struct snt_aws_call *call = calls[0];
  (void)snprintf(sts.bodies[sts.count], sizeof sts.bodies[0], "%s", snt_buf_borrow(&call->body));
  (void)snprintf(sts.hosts[sts.count++], sizeof sts.hosts[0], "%s", call->endpoint.host);
  if (strstr(snt_buf_borrow(&call->body), "Action=GetCallerIdentity") != NULL) {
    answer_caller(call);
  } else if (sts.is_refused) {
    answer(call, 403, "text/xml",
           "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>");
  } else {
    answer_session(call);
  }
  return snt_done();
}

static snt_status open_client(void *context, struct snt_http_client **out, struct snt_err *err) {
  (void)context;
  (void)err;
  *out = NULL;
  return snt_done();
}

static snt_status check_endpoint(void *context, const struct snt_aws_endpoint *endpoint, struct snt_err *err) {
  (void)context;
  return sts.locked != NULL && strcmp(endpoint->region, sts.locked) == 0
             ? snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s is locked", endpoint->host)
             : snt_done();
}

/* The roles that profile s leads through, from the base on; keys are what base becomes. */
static snt_status assume(const char *text, const char *region, struct snt_aws_credentials *keys, struct snt_err *err) {
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  struct snt_aws_chain chain = {0};
  assert_ok(snt_aws_shared_config_parse(text, strlen(text), NULL, 0, &config, NULL));
  assert_ok(snt_aws_chain_resolve(config, "s", NULL, &chain, NULL));
  const struct snt_aws_target target = {.config = config, .profile = "p"};
  const struct snt_aws_search search = {
      .target = &target, .region = region, .open_client = open_client, .check_endpoint = check_endpoint};
  struct snt_aws_key_text key = {snt_slice_of("AKIAIOSFODNN7EXAMPLE"), snt_slice_of(BASE_KEY), {"", 0}};
  assert_ok(snt_aws_credentials_take_text(&key, "profile \"base\"", SNT_CODE_BUG, keys, NULL));
  return snt_aws_base_roles_assume(&search, &chain, keys, err);
}

static int reset(void **state) {
  (void)state;
  memset(&sts, 0, sizeof sts);
  sts.who = "arn:aws:iam::123456789012:user/alice";
  return 0;
}

#define KEYS "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"
#define STEP(more) "[profile s]\n" ROLE("S") "source_profile = base\n" more KEYS

static void a_role_on_the_way_carries_its_own_words_and_no_source_identity(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct snt_err err = {0};
  assert_ok(assume(STEP("role_session_name = own\nexternal_id = e/1\nregion = eu-west-3\n"), "us-east-1", &keys, &err));
  assert_int_equal(sts.count, 1);
  assert_string_equal(sts.bodies[0],
                      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FS"
                      "&RoleSessionName=own&DurationSeconds=3600&ExternalId=e%2F1");
  assert_string_equal(sts.hosts[0], "sts.eu-west-3.amazonaws.com");
  assert_string_equal(keys.access_key_id, ID);
  assert_string_equal(snt_secret_borrow(keys.secret_key), "of-S");
  assert_string_equal(keys.source, "role of profile \"s\", by profile \"base\"");
  assert_true(keys.expires_at_ms > 0);
}

static void a_session_without_a_name_is_named_after_who_asks(void **state) {
  (void)state;
  static const struct {
    const char *who, *name;
  } rows[] = {
      {"arn:aws:iam::123456789012:user/alice", "sentinel-alice"},
      {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/a.b@x.com", "sentinel-a.b%40x.com"},
      {"arn:aws:sts::123456789012:assumed-role/R/sentinel-alice", "sentinel-alice"},
      {"arn:aws:sts::123456789012:assumed-role/sentinel-R/x", "sentinel-role-sentine_346d33e551e45e46"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
    struct snt_err err = {0};
    char wanted[128];
    (void)reset(NULL);
    sts.who = rows[i].who;
    assert_ok(assume(STEP(""), "us-east-1", &keys, &err));
    assert_int_equal(sts.count, 2);
    (void)snprintf(wanted, sizeof wanted, "&RoleSessionName=%s&", rows[i].name);
    if (strstr(sts.bodies[1], wanted) == NULL) {
      fail_msg("%s: %s", rows[i].who, sts.bodies[1]);
    }
  }
}

static void a_session_lasts_an_hour_at_most(void **state) {
  (void)state;
  static const struct {
    const char *text, *wanted;
  } rows[] = {{STEP("role_session_name = n\nduration_seconds = 900\n"), "&DurationSeconds=900"},
              {STEP("role_session_name = n\nduration_seconds = 43200\n"), "&DurationSeconds=3600"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
    struct snt_err err = {0};
    (void)reset(NULL);
    assert_ok(assume(rows[i].text, "us-east-1", &keys, &err));
    assert_non_null(strstr(sts.bodies[0], rows[i].wanted));
  }
}

static void one_role_is_assumed_by_the_one_before_it(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
  struct snt_err err = {0};
  assert_ok(assume("[profile s]\n" ROLE("S") "source_profile = t\nrole_session_name = n\n[profile t]\n" ROLE(
                       "T") "source_profile = base\nrole_session_name = n\n" KEYS,
                   "us-east-1", &keys, &err));
  assert_int_equal(sts.count, 2);
  assert_non_null(strstr(sts.bodies[0], "role%2FT&"));
  assert_non_null(strstr(sts.bodies[1], "role%2FS&"));
  assert_string_equal(snt_secret_borrow(keys.secret_key), "of-S");
  assert_string_equal(keys.source, "role of profile \"s\", by role of profile \"t\", by profile \"base\"");
}

static void what_cannot_be_assumed_is_named_and_nothing_else_is_asked(void **state) {
  (void)state;
  static const struct {
    const char *text, *region, *locked;
    bool is_refused;
    enum snt_code code;
    const char *message;
    size_t calls;
  } rows[] = {
      {STEP("mfa_serial = arn:aws:iam::123456789012:mfa/a\n"), "us-east-1", NULL, false, SNT_CODE_PROFILE_INVALID,
       "the role of profile \"s\" is assumed on the way to another one and needs an MFA code", 0},
      {"[profile s]\nrole_arn = S\nsource_profile = base\n" KEYS, "us-east-1", NULL, false, SNT_CODE_PROFILE_INVALID,
       "the role of profile \"s\"", 0},
      {STEP(""), "", NULL, false, SNT_CODE_CONFIG_INVALID, "no region is known", 0},
      {STEP("region = no region\n"), "", NULL, false, SNT_CODE_USAGE, "is not the name of a region", 0},
      {STEP(""), "eu-west-1", "eu-west-1", false, SNT_CODE_CONFIG_INVALID, "sts.eu-west-1.amazonaws.com is locked", 0},
      {STEP("role_session_name = n\n"), "us-east-1", NULL, true, SNT_CODE_AWS_REFUSED,
       "the role of profile \"s\": role arn:aws:iam::123456789012:role/S: AWS refused", 1},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials keys = {0};
    struct snt_err err = {0};
    (void)reset(NULL);
    sts.locked = rows[i].locked;
    sts.is_refused = rows[i].is_refused;
    snt_status status = assume(rows[i].text, rows[i].region, &keys, &err);
    if (status.code != rows[i].code || strstr(err.message, rows[i].message) == NULL || sts.count != rows[i].calls) {
      fail_msg("row %zu: %s: %s (%zu calls)", i, snt_code_name(status.code), err.message, sts.count);
    }
    assert_string_equal(keys.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_null(strstr(err.message, BASE_KEY));
  }
}

#define CASE(function) cmocka_unit_test_setup(function, reset)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_role_on_the_way_carries_its_own_words_and_no_source_identity),
      CASE(a_session_without_a_name_is_named_after_who_asks),
      CASE(a_session_lasts_an_hour_at_most),
      CASE(one_role_is_assumed_by_the_one_before_it),
      CASE(what_cannot_be_assumed_is_named_and_nothing_else_is_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
