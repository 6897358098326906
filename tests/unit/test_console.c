/* Sign-in to the console: what is asked, what of the answers is believed, and the address that comes of it. */
#include "aws_answer.h"
#include "http_server.h"

#include "aws/console.h"

#define ROLE "arn:aws:iam::123456789012:role/team/Dev"
#define BODY                                                                                                           \
  "Action=getSigninToken&Session=%7B%22sessionId%22%3A%22AKIAIOSFODNN7EXAMPLE%22%2C%22sessionKey%22%3A%22"             \
  "wJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY%22%2C%22sessionToken%22%3A%22FwoGZXIvYXdzEBase%2BToken%3D%3D%22%7D"

static void only_names_are_services(void **state) {
  (void)state;
  static const char *const good[] = {"s3", "ec2", "cloudwatch", "systems-manager", "2"};
  static const char *const bad[] = {"", "-s3", "S3", "s3/", "s3?x", "s3#x", "s 3", "..", "s3\n", "s\xc3\xa4"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_ok(snt_console_check_service(good[i], NULL));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct snt_err err = {0};
    assert_code(snt_console_check_service(bad[i], &err), SNT_CODE_USAGE);
    assert_non_null(strstr(err.message, "--service"));
  }
  char longest[66];
  memset(longest, 'x', sizeof longest);
  longest[64] = '\0';
  assert_ok(snt_console_check_service(longest, NULL));
  longest[64] = 'x';
  longest[65] = '\0';
  assert_code(snt_console_check_service(longest, NULL), SNT_CODE_USAGE);
}

static void expect_url(const struct snt_console_page *page, const char *token, const char *wanted) {
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  SNT_SECRET_AUTO struct snt_secret *url = NULL;
  assert_ok(snt_secret_new_from(token, strlen(token), &secret, NULL));
  assert_ok(snt_console_format_url(page, secret, &url, NULL));
  assert_string_equal(snt_secret_borrow(url), wanted);
}

static void each_partition_with_a_console_has_its_address(void **state) {
  (void)state;
  static const struct {
    const char *role, *region, *service, *url;
  } rows[] = {
      {ROLE, "us-east-1", NULL,
       "https://signin.aws.amazon.com/federation?Action=login&Issuer=sentinel&Destination=https%3A%2F%2Fus-east-1."
       "console.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Dus-east-1&SigninToken=t"},
      {ROLE, "eu-central-1", "s3",
       "https://signin.aws.amazon.com/federation?Action=login&Issuer=sentinel&Destination=https%3A%2F%2Feu-central-1."
       "console.aws.amazon.com%2Fs3%2Fhome%3Fregion%3Deu-central-1&SigninToken=t"},
      {"arn:aws-cn:iam::123456789012:role/Dev", "cn-north-1", "ec2",
       "https://signin.amazonaws.cn/federation?Action=login&Issuer=sentinel&Destination=https%3A%2F%2Fcn-north-1."
       "console.amazonaws.cn%2Fec2%2Fhome%3Fregion%3Dcn-north-1&SigninToken=t"},
      {"arn:aws-us-gov:iam::123456789012:role/Dev", "us-gov-east-1", NULL,
       "https://signin.amazonaws-us-gov.com/federation?Action=login&Issuer=sentinel&Destination=https%3A%2F%2Fus-gov-"
       "east-1.console.amazonaws-us-gov.com%2Fconsole%2Fhome%3Fregion%3Dus-gov-east-1&SigninToken=t"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_console_page page;
    assert_ok(snt_console_find(rows[i].role, rows[i].region, rows[i].service, &page, NULL));
    assert_string_equal(page.account, "123456789012");
    assert_string_equal(page.role, "Dev");
    assert_ok(snt_aws_endpoint_find("signin", page.region, NULL, &page.signin, NULL));
    assert_false(page.signin.is_overridden);
    expect_url(&page, "t", rows[i].url);
  }
}

static void other_partitions_are_refused_by_their_name(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"aws-iso", "us-iso-east-1"},
                                        {"aws-iso-b", "us-isob-east-1"},
                                        {"aws-iso-e", "eu-isoe-west-1"},
                                        {"aws-iso-f", "us-isof-south-1"},
                                        {"aws-eusc", "eusc-de-east-1"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char role[128], quoted[32];
    struct snt_console_page page;
    struct snt_err err = {0};
    (void)snprintf(role, sizeof role, "arn:%s:iam::123456789012:role/Dev", rows[i][0]);
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", rows[i][0]);
    assert_code(snt_console_find(role, rows[i][1], NULL, &page, &err), SNT_CODE_PROFILE_INVALID);
    assert_non_null(strstr(err.message, quoted));
    assert_code(snt_console_find(ROLE, rows[i][1], NULL, &page, &err), SNT_CODE_USAGE);
    assert_non_null(strstr(err.message, rows[i][1]));
  }
}

static void a_token_is_encoded_byte_for_byte(void **state) {
  (void)state;
  struct snt_console_page page = {.partition = "aws", .region = "us-east-1", .service = "s3"};
  (void)snprintf(page.signin.url, sizeof page.signin.url, "http://127.0.0.1:1");
  expect_url(&page, "Az09-._~!#$%&'()*+,/:;<=>?@[]^`{|}",
             "http://127.0.0.1:1/federation?Action=login&Issuer=sentinel&Destination=https%3A%2F%2Fus-east-1.console."
             "aws.amazon.com%2Fs3%2Fhome%3Fregion%3Dus-east-1&SigninToken=Az09-._~%21%23%24%25%26%27%28%29%2A%2B%2C%2F"
             "%3A%3B%3C%3D%3E%3F%40%5B%5D%5E%60%7B%7C%7D");
}

/* Asks a server of these steps; what it was asked is in requests. */
static enum snt_code ask(const struct server_step *steps, size_t count, char *token, char *requests, size_t cap,
                         struct snt_err *err) {
  SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = NULL;
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  struct snt_aws_endpoint signin = {.service = "signin"};
  struct server server = server_start(steps, count);
  (void)snprintf(signin.url, sizeof signin.url, "http://127.0.0.1:%d", server.port);
  (void)snprintf(signin.host, sizeof signin.host, "127.0.0.1:%d", server.port);
  assert_ok(snt_http_client_open(&(const struct snt_http_options){0}, &client, NULL));
  snt_status status = snt_console_ask_token(client, &signin, &base_credentials, &secret, err);
  server_stop(&server, requests, cap);
  assert_int_equal(secret != NULL, snt_ok(status));
  (void)snprintf(token, 64, "%s", secret == NULL ? "" : snt_secret_borrow(secret));
  return status.code;
}

static void the_session_goes_in_the_body_alone(void **state) {
  (void)state;
  static const struct server_step steps[] = {
      {SERVER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"SigninToken\":\"a_-./+\"}", 0}};
  char token[64], requests[8192];
  assert_int_equal(ask(steps, 1, token, requests, sizeof requests, NULL), SNT_CODE_OK);
  assert_string_equal(token, "a_-./+");
  char *body = strstr(requests, "\r\n\r\n");
  assert_non_null(body);
  assert_string_equal(body + 4, BODY);
  *body = '\0';
  assert_int_equal(strncmp(requests, "POST /federation HTTP/1.1\r\n", 27), 0);
  assert_non_null(strstr(requests, "Content-Type: application/x-www-form-urlencoded"));
  assert_null(strstr(requests, "AKIA"));
}

static void an_outage_is_asked_once_more_and_an_answer_is_not(void **state) {
  (void)state;
  static const char busy[] = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";
  static const char refused[] = "HTTP/1.1 400 X\r\nContent-Length: 9\r\n\r\nsecretive";
  static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"SigninToken\":\"a\"}\n";
  static const struct server_step down[] = {{SERVER_CLOSE, busy, 0}, {SERVER_CLOSE, busy, 0}, {SERVER_CLOSE, good, 0}};
  static const struct server_step back[] = {{SERVER_CLOSE, busy, 0}, {SERVER_CLOSE, good, 0}};
  static const struct server_step no[] = {{SERVER_CLOSE, refused, 0}, {SERVER_CLOSE, good, 0}};
  char token[64];
  struct snt_err err = {0};
  assert_int_equal(ask(back, 2, token, NULL, 0, NULL), SNT_CODE_OK);
  assert_int_equal(ask(down, 3, token, NULL, 0, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.message, "HTTP 503"));
  assert_int_equal(ask(no, 2, token, NULL, 0, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.message, "HTTP 400"));
  assert_null(strstr(err.message, "secretive"));
  assert_non_null(strstr(err.hint, "sentinel clear"));
  assert_no_secret(&err);
}

/* That it is none is the caller's mistake; that it would end a JSON string is STS's. */
static void what_is_no_session_is_not_sent(void **state) {
  (void)state;
  struct snt_secret *token = base_credentials.session_token;
  SNT_SECRET_AUTO struct snt_secret *odd = NULL;
  char got[64], requests[64];
  base_credentials.session_token = NULL;
  assert_int_equal(ask(NULL, 0, got, requests, sizeof requests, NULL), SNT_CODE_BUG);
  assert_string_equal(requests, "");
  assert_ok(snt_secret_new_from("a\",\"b", 5, &odd, NULL));
  base_credentials.session_token = odd;
  assert_int_equal(ask(NULL, 0, got, requests, sizeof requests, NULL), SNT_CODE_ANSWER_INVALID);
  assert_string_equal(requests, "");
  base_credentials.session_token = token;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_names_are_services),
      cmocka_unit_test(each_partition_with_a_console_has_its_address),
      cmocka_unit_test(other_partitions_are_refused_by_their_name),
      cmocka_unit_test(a_token_is_encoded_byte_for_byte),
      cmocka_unit_test(the_session_goes_in_the_body_alone),
      cmocka_unit_test(an_outage_is_asked_once_more_and_an_answer_is_not),
      cmocka_unit_test(what_is_no_session_is_not_sent),
  };
  return cmocka_run_group_tests(tests, open_base_credentials, close_base_credentials);
}
