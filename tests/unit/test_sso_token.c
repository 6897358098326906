/* A sign-in as it is written down: by the AWS CLI, and by us. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/sso_json.h"
#include "aws/sso_token.h"

#define END_MS INT64_C(1768834053000)
#define DAY_MS INT64_C(86400000)

/* As the AWS CLI writes it. */
static const char TEXT[] =
    "{\"startUrl\": \"https://d-abc123.awsapps.com/start\", \"region\": \"us-east-1\", \"accessToken\": "
    "\"secret-\\\"access\\\\token\", \"expiresAt\": \"2026-01-19T14:47:33Z\", \"clientId\": \"ABCDEFG\", "
    "\"clientSecret\": \"ABCDE123\", \"registrationExpiresAt\": \"2026-04-19T02:47:33Z\", \"refreshToken\": "
    "\"secret-refresh-token\"}";

static enum snt_code parse(const char *text, struct snt_sso_token *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &secret, NULL));
  return snt_sso_token_parse(secret, "the file", out, err).code;
}

static void what_the_aws_cli_writes_is_read_and_written(void **state) {
  (void)state;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  assert_int_equal(parse(TEXT, &token, NULL), SNT_CODE_OK);
  assert_string_equal(snt_secret_borrow(token.access_token), "secret-\"access\\token");
  assert_string_equal(snt_secret_borrow(token.refresh_token), "secret-refresh-token");
  assert_string_equal(snt_secret_borrow(token.registration.client_secret), "ABCDE123");
  assert_string_equal(token.registration.client_id, "ABCDEFG");
  assert_int_equal(token.expires_at_ms, END_MS);
  assert_int_equal(token.registration.expires_at_ms, INT64_C(1776566853000));
  assert_false(token.registration.is_for_code);
  assert_ok(snt_sso_token_format(&token, false, &text, NULL));
  assert_string_equal(snt_secret_borrow(text), TEXT);
}

static void our_own_says_what_the_registration_is_for(void **state) {
  (void)state;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  SNT_SSO_TOKEN_AUTO struct snt_sso_token again = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  assert_int_equal(parse(TEXT, &token, NULL), SNT_CODE_OK);
  token.registration.is_for_code = true;
  (void)snprintf(token.registration.scopes, sizeof token.registration.scopes, "a b");
  assert_ok(snt_sso_token_format(&token, true, &text, NULL));
  assert_int_equal(parse(snt_secret_borrow(text), &again, NULL), SNT_CODE_OK);
  assert_true(again.registration.is_for_code);
  assert_string_equal(again.registration.scopes, "a b");
}

static void an_older_file_has_less(void **state) {
  (void)state;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  assert_int_equal(
      parse("{\"accessToken\":\"a-token\",\"expiresAt\":\"2026-01-19T14:47:33UTC\",\"more\":[1]}", &token, NULL),
      SNT_CODE_OK);
  assert_int_equal(token.expires_at_ms, END_MS);
  assert_null(token.refresh_token);
  assert_false(snt_sso_token_is_refreshable(&token, 0));
  assert_ok(snt_sso_token_format(&token, false, &text, NULL));
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {
      "",
      "[]",
      "{}",
      "{\"accessToken\":\"a\"}",
      "{\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
      "{\"accessToken\":null,\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
      "{\"accessToken\":1,\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
      "{\"accessToken\":\"\",\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
      "{\"accessToken\":\"a b\",\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
      "{\"accessToken\":\"a\\r\\nX: y\",\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
      "{\"accessToken\":\"a\",\"expiresAt\":\"tomorrow\"}",
      "{\"accessToken\":\"a\",\"expiresAt\":1768834053}",
      "{\"accessToken\":\"a\",\"expiresAt\":\"2026-01-19T14:47:33Z\",\"clientSecret\":\"a b\"}",
      "{\"accessToken\":\"a\",\"expiresAt\":\"2026-01-19T14:47:33Z\",\"region\":7}",
      "{\"accessToken\":\"a\",\"accessToken\":\"a\",\"expiresAt\":\"2026-01-19T14:47:33Z\"}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
    struct snt_err err = {0};
    if (parse(texts[i], &token, &err) != SNT_CODE_SYNTAX || token.access_token != NULL) {
      fail_msg("%zu: %s", i, err.message);
    }
  }
}

static void it_belongs_to_one_url_and_region(void **state) {
  (void)state;
  struct snt_sso_session session = {.start_url = "https://a.b/start", .region = "us-east-1"};
  assert_true(snt_sso_token_is_of(&(struct snt_sso_token){.start_url = "https://a.b/start"}, &session));
  assert_true(snt_sso_token_is_of(&(struct snt_sso_token){.region = "us-east-1"}, &session));
  assert_true(snt_sso_token_is_of(&(struct snt_sso_token){.start_url = "https://a.b/start/#/"}, &session));
  assert_false(snt_sso_token_is_of(&(struct snt_sso_token){.start_url = "https://a.c/start"}, &session));
  assert_false(snt_sso_token_is_of(&(struct snt_sso_token){.start_url = "https://a.b/star#t"}, &session));
  assert_false(snt_sso_token_is_of(&(struct snt_sso_token){.start_url = "https://a.b/start/x"}, &session));
  assert_false(snt_sso_token_is_of(&(struct snt_sso_token){.region = "us-east-2"}, &session));
}

static void it_is_refreshable_while_the_registration_lives(void **state) {
  (void)state;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  assert_int_equal(parse(TEXT, &token, NULL), SNT_CODE_OK);
  int64_t end_ms = token.registration.expires_at_ms;
  assert_true(snt_sso_token_is_refreshable(&token, end_ms - 1));
  assert_false(snt_sso_token_is_refreshable(&token, end_ms));
  token.registration.client_id[0] = '\0';
  assert_false(snt_sso_token_is_refreshable(&token, end_ms - DAY_MS));
}

static void words_become_an_array(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  assert_ok(snt_secret_new(64, &text, NULL));
  assert_ok(snt_sso_json_put_words(text, "w", "a b:c d", NULL));
  assert_ok(snt_sso_json_put(text, "e", snt_slice_of("\"\\"), NULL));
  assert_ok(snt_sso_json_end(text, NULL));
  assert_string_equal(snt_secret_borrow(text), "{\"w\": [\"a\", \"b:c\", \"d\"], \"e\": \"\\\"\\\\\"}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_the_aws_cli_writes_is_read_and_written),
      cmocka_unit_test(our_own_says_what_the_registration_is_for),
      cmocka_unit_test(an_older_file_has_less),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(it_belongs_to_one_url_and_region),
      cmocka_unit_test(it_is_refreshable_while_the_registration_lives),
      cmocka_unit_test(words_become_an_array),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
