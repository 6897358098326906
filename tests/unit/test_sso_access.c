/* A token that is good now, and what it gives: kept, refreshed, over. The network is a script. */
#include "sso_script.h"

#include <stdlib.h>
#include <unistd.h>

#include "aws/sso_access.h"
#include "base/file.h"
#include "format/time.h"

#define ROLE                                                                                                           \
  "{\"roleCredentials\":{\"accessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"secretAccessKey\":\"key\",\"sessionToken\":"       \
  "\"session\",\"expiration\":1768790853000}}"
#define FRESH "{\"accessToken\":\"fresh\",\"expiresIn\":3600,\"refreshToken\":\"next\"}"
#define NOT_FOUND_401                                                                                                  \
  { .http_status = 401, .body = "{\"__type\":\"c.a#UnauthorizedException\"}" }

static const char CONFIG[] = "[sso-session acme]\n"
                             "sso_start_url = https://a.b/start\n"
                             "sso_region = eu-west-1\n"
                             "[profile corp]\n"
                             "sso_session = acme\n"
                             "sso_account_id = 123456789012\n"
                             "sso_role_name = Developer\n";

static char home[64];
static struct snt_aws_shared_config *config;
static struct snt_aws_target target;
static struct snt_sso_session session;
static struct snt_aws_search search;
static const char *locked; /* the host that may not be asked; NULL: none */

static snt_status open_client(void *context, struct snt_http_client **out, struct snt_err *err) {
  (void)context;
  (void)err;
  *out = NULL;
  return snt_done();
}

static snt_status check_endpoint(void *context, const struct snt_aws_endpoint *endpoint, struct snt_err *err) {
  (void)context;
  return locked != NULL && strcmp(locked, endpoint->host) == 0
             ? snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s is locked", endpoint->host)
             : snt_done();
}

static int open_all(void **state) {
  (void)script_start(state);
  (void)snprintf(home, sizeof home, "/tmp/snt-sso-XXXXXX");
  assert_non_null(mkdtemp(home));
  assert_int_equal(setenv("HOME", home, 1), 0);
  assert_ok(snt_aws_shared_config_parse(CONFIG, strlen(CONFIG), NULL, 0, &config, NULL));
  assert_ok(snt_sso_session_find(config, "acme", &session, NULL));
  target = (struct snt_aws_target){.config = config, .profile = "corp"};
  search = (struct snt_aws_search){
      .target = &target, .region = "", .open_client = open_client, .check_endpoint = check_endpoint};
  locked = NULL;
  return 0;
}

static int close_all(void **state) {
  (void)state;
  char command[96];
  snt_aws_shared_config_free(&config);
  (void)snprintf(command, sizeof command, "rm -rf '%s'", home);
  return system(command); /* NOLINT(cert-env33-c): fixed text */
}

static void path_of(char *out, size_t cap) { (void)snprintf(out, cap, "%s/.aws/sso/cache/%s", home, session.file); }

/* A sign-in that ends so many seconds from now on, and its registration so many. */
static void sign_in(int64_t left_s, int64_t registration_left_s) {
  char end[32], registration_end[32], text[512], path[256];
  snt_time_format(snt_clock_wall_ms() + left_s * 1000, false, end);
  snt_time_format(snt_clock_wall_ms() + registration_left_s * 1000, false, registration_end);
  int len = snprintf(text, sizeof text,
                     "{\"accessToken\":\"kept\",\"expiresAt\":\"%s\",\"refreshToken\":\"again\",\"clientId\":\"id\","
                     "\"clientSecret\":\"secret\",\"registrationExpiresAt\":\"%s\"}",
                     end, registration_end);
  path_of(path, sizeof path);
  (void)snprintf(strrchr(path, '/'), 1, "%s", "");
  assert_ok(snt_file_make_folders(path, NULL));
  path_of(path, sizeof path);
  assert_ok(snt_file_replace(path, text, (size_t)len, 0600, NULL));
}

static void expect_kept(const char *part) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  char path[256];
  path_of(path, sizeof path);
  assert_ok(snt_file_read(path, SNT_FILE_PRIVATE, 4096, &text, NULL));
  if (strstr(text.data, part) == NULL) {
    fail_msg("\"%s\" is not in: %s", part, text.data);
  }
}

static enum snt_code open_access(struct snt_sso_access *access, struct snt_err *err) {
  *access = (struct snt_sso_access){.search = &search, .session = &session};
  return snt_sso_access_open(access, err).code;
}

static void a_token_is_refreshed_within_five_minutes_of_its_end(void **state) {
  (void)state;
  static const struct {
    int64_t left_s;
    size_t calls;
    const char *token;
  } rows[] = {{3600, 0, "kept"}, {310, 0, "kept"}, {290, 1, "fresh"}, {-10, 1, "fresh"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SSO_ACCESS_AUTO struct snt_sso_access access = {0};
    (void)script_start(NULL);
    script.lines[0] = (struct script_line){.body = FRESH, .date_ms = INT64_C(4102444800000)};
    sign_in(rows[i].left_s, 3600);
    assert_int_equal(open_access(&access, NULL), SNT_CODE_OK);
    assert_int_equal(script.count, rows[i].calls);
    assert_string_equal(snt_secret_borrow(access.token.access_token), rows[i].token);
    assert_false(access.is_doubtful);
  }
  expect_kept("\"accessToken\": \"fresh\", \"expiresAt\": \"2100-01-01T01:00:00Z\"");
  expect_kept("\"refreshToken\": \"next\"");
  expect_kept("\"startUrl\": \"https://a.b/start\"");
  expect_kept("\"clientSecret\": \"secret\"");
}

static void what_the_answer_does_not_say_stays(void **state) {
  (void)state;
  SNT_SSO_ACCESS_AUTO struct snt_sso_access access = {0};
  script.lines[0].body = "{\"accessToken\":\"fresh\",\"expiresIn\":3600}";
  sign_in(-1, 3600);
  assert_int_equal(open_access(&access, NULL), SNT_CODE_OK);
  assert_string_equal(snt_secret_borrow(access.token.refresh_token), "again");
  expect_kept("\"refreshToken\": \"again\"");
}

static void a_token_that_cannot_be_refreshed_serves_while_it_lives(void **state) {
  (void)state;
  static const struct script_line lines[] = {{.failure = SNT_CODE_NETWORK},
                                             {.http_status = 500},
                                             {.http_status = 400, .body = "{\"error\":\"invalid_grant\"}"},
                                             {.body = "{}"}};
  static const enum snt_code over[] = {SNT_CODE_NETWORK, SNT_CODE_AWS_REFUSED, SNT_CODE_LOGIN_REQUIRED,
                                       SNT_CODE_ANSWER_INVALID};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    SNT_SSO_ACCESS_AUTO struct snt_sso_access living = {0};
    SNT_SSO_ACCESS_AUTO struct snt_sso_access dead = {0};
    struct snt_err err = {0};
    (void)script_start(NULL);
    script.lines[0] = script.lines[1] = lines[i];
    sign_in(100, 3600);
    assert_int_equal(open_access(&living, NULL), SNT_CODE_OK);
    assert_string_equal(snt_secret_borrow(living.token.access_token), "kept");
    sign_in(-1, 3600);
    assert_int_equal(open_access(&dead, &err), over[i]);
    if (over[i] == SNT_CODE_LOGIN_REQUIRED) {
      assert_string_equal(err.message, "sso-session \"acme\": IAM Identity Center: what it was asked with is over or "
                                       "was revoked (invalid_grant)");
    }
    assert_true((over[i] == SNT_CODE_LOGIN_REQUIRED) == (strcmp(err.hint, "sentinel login --sso acme") == 0));
  }
}

static void without_a_registration_only_aws_knows(void **state) {
  (void)state;
  SNT_SSO_ACCESS_AUTO struct snt_sso_access access = {0};
  struct snt_err err = {0};
  sign_in(-1, -1);
  assert_int_equal(open_access(&access, NULL), SNT_CODE_OK);
  assert_true(access.is_doubtful);
  assert_int_equal(script.count, 0);
  assert_code(snt_sso_access_renew(&access, &err), SNT_CODE_LOGIN_REQUIRED);
  assert_string_equal(err.hint, "sentinel login --sso acme");
}

static void what_another_process_has_put_there_is_taken_over(void **state) {
  (void)state;
  SNT_SSO_ACCESS_AUTO struct snt_sso_access access = {0};
  sign_in(3600, 3600);
  assert_int_equal(open_access(&access, NULL), SNT_CODE_OK);
  script.lines[0].body = FRESH;
  SNT_SSO_ACCESS_AUTO struct snt_sso_access other = {0};
  sign_in(100, 3600);
  assert_int_equal(open_access(&other, NULL), SNT_CODE_OK);
  assert_int_equal(script.count, 1);
  assert_ok(snt_sso_access_renew(&access, NULL));
  assert_int_equal(script.count, 1);
  assert_string_equal(snt_secret_borrow(access.token.access_token), "fresh");
}

static void no_host_is_asked_that_is_locked(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  locked = "oidc.eu-west-1.amazonaws.com";
  sign_in(-1, 3600);
  assert_code(snt_aws_source_sso(&search, "corp", &credentials, NULL), SNT_CODE_CONFIG_INVALID);
  locked = "portal.sso.eu-west-1.amazonaws.com";
  sign_in(3600, 3600);
  assert_code(snt_aws_source_sso(&search, "corp", &credentials, NULL), SNT_CODE_CONFIG_INVALID);
  assert_int_equal(script.count, 0);
}

static void a_role_is_asked_for_with_the_token(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  script.lines[0].body = ROLE;
  sign_in(3600, 3600);
  assert_ok(snt_aws_source_sso(&search, "corp", &credentials, NULL));
  assert_string_equal(credentials.source, "IAM Identity Center \"acme\", role Developer in account 123456789012");
  assert_string_equal(script.bearer[0], "kept");
  assert_non_null(strstr(script.sent[0], "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials"));
}

static void a_token_that_aws_refuses_is_refreshed_once(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  struct snt_err err = {0};
  script.lines[0] = (struct script_line)NOT_FOUND_401;
  script.lines[1].body = FRESH;
  script.lines[2].body = ROLE;
  sign_in(3600, 3600);
  assert_ok(snt_aws_source_sso(&search, "corp", &credentials, NULL));
  assert_string_equal(script.bearer[2], "fresh");
  snt_aws_credentials_clear(&credentials);
  (void)script_start(NULL);
  script.lines[0] = script.lines[2] = (struct script_line)NOT_FOUND_401;
  script.lines[1].body = FRESH;
  sign_in(3600, 3600);
  assert_code(snt_aws_source_sso(&search, "corp", &credentials, &err), SNT_CODE_LOGIN_REQUIRED);
  assert_int_equal(script.count, 3);
  assert_string_equal(err.hint, "sentinel login --sso acme");
}

static void a_token_that_seems_over_is_aws_to_judge(void **state) {
  (void)state;
  static const struct {
    struct script_line line;
    enum snt_code code;
  } rows[] = {{{.body = ROLE}, SNT_CODE_OK},
              {NOT_FOUND_401, SNT_CODE_LOGIN_REQUIRED},
              {{.failure = SNT_CODE_NETWORK}, SNT_CODE_LOGIN_REQUIRED},
              {{.failure = SNT_CODE_TIMEOUT}, SNT_CODE_LOGIN_REQUIRED},
              {{.http_status = 500}, SNT_CODE_AWS_REFUSED}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    (void)script_start(NULL);
    script.lines[0] = script.lines[1] = rows[i].line;
    sign_in(-1, -1);
    assert_code(snt_aws_source_sso(&search, "corp", &credentials, NULL), rows[i].code);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_token_is_refreshed_within_five_minutes_of_its_end),
      TEST(what_the_answer_does_not_say_stays),
      TEST(a_token_that_cannot_be_refreshed_serves_while_it_lives),
      TEST(without_a_registration_only_aws_knows),
      TEST(what_another_process_has_put_there_is_taken_over),
      TEST(no_host_is_asked_that_is_locked),
      TEST(a_role_is_asked_for_with_the_token),
      TEST(a_token_that_aws_refuses_is_refreshed_once),
      TEST(a_token_that_seems_over_is_aws_to_judge),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
