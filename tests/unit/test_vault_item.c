/* What aws-vault keeps under a name. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/vault_item.h"
#include "base/base64.h"
#include "base/buf.h"

#define DATA "{\"AccessKeyID\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalrXUtnFEMI/K7MDENG\",%s}"

static void put_item(const char *key, const char *data, struct snt_buf *out) {
  char encoded[SNT_BASE64_CAP(1024)];
  snt_base64(data, strlen(data), encoded);
  assert_ok(
      snt_buf_appendf(out, NULL, "{\"Key\":\"%s\",\"Data\":\"%s\",\"Label\":\"aws-vault (corp)\"}", key, encoded));
}

static snt_status parse(const char *name, const char *text, struct snt_aws_credentials *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &secret, NULL));
  return snt_vault_item_parse(name, secret, out, err);
}

static void the_key_of_either_library_is_read(void **state) {
  (void)state;
  static const char *const rest[] = {"\"SessionToken\":\"\",\"ProviderName\":\"\"",
                                     "\"SessionToken\":\"\",\"Source\":\"\",\"CanExpire\":false,"
                                     "\"Expires\":\"0001-01-01T00:00:00Z\",\"AccountID\":\"\""};
  for (size_t i = 0; i < 2; i++) {
    SNT_BUF_AUTO struct snt_buf data = {0};
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
    assert_ok(snt_buf_appendf(&data, NULL, DATA, rest[i]));
    put_item("corp", data.data, &text);
    assert_ok(parse("corp", text.data, &key, NULL));
    assert_string_equal(key.access_key_id, "AKIAIOSFODNN7EXAMPLE");
    assert_string_equal(snt_secret_borrow(key.secret_key), "wJalrXUtnFEMI/K7MDENG");
    assert_null(key.session_token);
  }
}

static void a_token_is_kept(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf data = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  assert_ok(snt_buf_appendf(&data, NULL, DATA, "\"SessionToken\":\"abc\""));
  put_item("corp", data.data, &text);
  assert_ok(parse("corp", text.data, &key, NULL));
  assert_string_equal(snt_secret_borrow(key.session_token), "abc");
}

static void expect_refused(const char *text, const char *why) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  struct snt_err err = {0};
  assert_code(parse("corp", text, &key, &err), SNT_CODE_SYNTAX);
  assert_null(key.secret_key);
  if (strstr(err.message, why) == NULL || strstr(err.message, "the entry corp of aws-vault") == NULL ||
      strstr(err.message, "wJalr") != NULL) {
    fail_msg("\"%s\" does not say \"%s\"", err.message, why);
  }
}

static void anything_else_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *data, *why;
  } rows[] = {
      {"[]", "not a JSON object"},
      {"{", "not a JSON object"},
      {"{}", "half a key"},
      {"{\"AccessKeyID\":\"AKIAIOSFODNN7EXAMPLE\"}", "half a key"},
      {"{\"AccessKeyID\":1,\"SecretAccessKey\":\"wJalr\"}", "half a key"},
      {"{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalr\"}", "half a key"}, /* a session's */
      {"{\"AccessKeyID\":\"akia\",\"SecretAccessKey\":\"wJalr\"}", "access key id that cannot"},
      {"{\"AccessKeyID\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalr x\"}", "secret access key that cannot"},
      {"{\"AccessKeyID\":\"AKIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalr\\u0000x\"}", "not a JSON object"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    put_item("corp", rows[i].data, &text);
    expect_refused(text.data, rows[i].why);
  }
  expect_refused("", "not a JSON object");
  expect_refused("\"text\"", "not a JSON object");
  expect_refused("{\"Data\":\"e30=\"}", "another one");
  expect_refused("{\"Key\":\"prod\",\"Data\":\"e30=\"}", "another one");
  expect_refused("{\"Key\":\"corp\"}", "no data");
  expect_refused("{\"Key\":\"corp\",\"Data\":\"\"}", "no data");
  expect_refused("{\"Key\":\"corp\",\"Data\":\"e30\"}", "no data");
  expect_refused("{\"Key\":\"corp\",\"Data\":null}", "no data");
}

static void names_of_sessions_are_told_from_those_of_keys(void **state) {
  (void)state;
  static const char *const cached[] = {"sts.GetSessionToken,Y29ycA,,1700000000",
                                       "sts.AssumeRole,Y29ycA,YXJuOmF3cw,1",
                                       "sso.GetRoleCredentials,Y29ycA,,1700000000",
                                       "session,corp,arn:aws:iam::123456789012:mfa/a,1700000000",
                                       "session:corp:arn:1700000000",
                                       "corp session (1700000000)",
                                       "oidc:https://example.awsapps.com/start"};
  static const char *const keys[] = {"corp", "oidc", "session", "a,b", "a,b,c", "a,b,c,", "a,b,c,d", " session (1)"};
  for (size_t i = 0; i < sizeof cached / sizeof cached[0]; i++) {
    assert_true(snt_vault_is_cached(cached[i]));
  }
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    assert_false(snt_vault_is_cached(keys[i]));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_key_of_either_library_is_read),
      cmocka_unit_test(a_token_is_kept),
      cmocka_unit_test(anything_else_is_refused),
      cmocka_unit_test(names_of_sessions_are_told_from_those_of_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
