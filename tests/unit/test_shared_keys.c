/* Keys in the text of a shared credentials file, and the text without one. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/shared_keys.h"
#include "base/buf.h"

#define KEY "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI\n"

static struct snt_secret *secret_of(const char *text) {
  struct snt_secret *out = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &out, NULL));
  return out;
}

static void expect_rest(const char *text, const char *rest) {
  SNT_SECRET_AUTO struct snt_secret *before = secret_of(text);
  SNT_SECRET_AUTO struct snt_secret *after = NULL;
  assert_ok(snt_shared_keys_remove("f", before, "corp", &after, NULL));
  assert_string_equal(snt_secret_borrow(after), rest);
  assert_int_equal(snt_secret_len(after), strlen(rest));
}

static void only_the_lines_of_the_key_go(void **state) {
  (void)state;
  expect_rest("[corp]\n" KEY, "[corp]\n");
  expect_rest("# a\n\n[corp]\n\n" KEY "\n# b\nregion = x\n[dev]\n" KEY,
              "# a\n\n[corp]\n\n\n# b\nregion = x\n[dev]\n" KEY);
  expect_rest("[dev]\n" KEY "[corp]\nregion=x\n" KEY "\n", "[dev]\n" KEY "[corp]\nregion=x\n\n");
  expect_rest("[profile corp]\n" KEY "role_arn = x", "[profile corp]\nrole_arn = x");
  expect_rest("[ profile\tcorp ] # c\n" KEY, "[ profile\tcorp ] # c\n");
  expect_rest("[corp]\nAWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n; x\naws_Secret_access_key=wJalrXUtnFEMI",
              "[corp]\n; x\n");
  expect_rest("[corp]\naws_secret_access_key=wJalrXUtnFEMI ; old\ns3 =\n a = b\naws_access_key_id=AKIAIOSFODNN7EXAMPLE",
              "[corp]\ns3 =\n a = b\n");
  expect_rest("[corp]\naws_access_key_id=AKIAIOSFODNN7EXAMPLE\n[dev]\nx=y\n[corp]\naws_secret_access_key=wJalr\n",
              "[corp]\n[dev]\nx=y\n[corp]\n");
  expect_rest("[corp]\n" KEY "aws_session_token = abc\nregion = x\n", "[corp]\nregion = x\n");
}

/* Lines may end as on other systems, where the SDKs read them. */
static void a_return_at_a_lines_end_is_no_part_of_a_key(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *text = secret_of(
      "[corp]\r\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\r\naws_secret_access_key = wJalr\r\n\r\nregion = x\r\n");
  SNT_SECRET_AUTO struct snt_secret *after = NULL;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  assert_ok(snt_shared_keys_find("f", text, "corp", &key, NULL));
  assert_string_equal(snt_secret_borrow(key.secret_key), "wJalr");
  assert_ok(snt_shared_keys_remove("f", text, "corp", &after, NULL));
  assert_string_equal(snt_secret_borrow(after), "[corp]\r\n\r\nregion = x\r\n");
}

static void what_is_no_whole_key_is_refused_and_stays(void **state) {
  (void)state;
  static const struct {
    const char *text, *why;
    enum snt_code code;
  } rows[] = {
      {"", "has no key", SNT_CODE_NOT_FOUND},
      {"[dev]\n" KEY, "has no key", SNT_CODE_NOT_FOUND},
      {"[corporate]\n" KEY "[cor]\n" KEY, "has no key", SNT_CODE_NOT_FOUND},
      {"[corp]\nregion = x\n", "has no key", SNT_CODE_NOT_FOUND},
      {"[corp]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n", "half a key", SNT_CODE_CONFIG_INVALID},
      {"[corp]\naws_session_token = x\n", "half a key", SNT_CODE_CONFIG_INVALID},
      {"[corp]\n" KEY KEY, "twice, also in line 2", SNT_CODE_CONFIG_INVALID},
      {"[corp]\n" KEY "[corp]\naws_secret_access_key = other\n", "twice, also in line 3", SNT_CODE_CONFIG_INVALID},
      {"[corp]\n" KEY "[profile corp]\n" KEY, "twice, also in line 2", SNT_CODE_CONFIG_INVALID},
      {"[corp]\n" KEY "aws_session_token = a\naws_security_token = b\n", "twice", SNT_CODE_CONFIG_INVALID},
      {"[corp]\n" KEY " goes = on\n", "cannot be one", SNT_CODE_CONFIG_INVALID},
      {"[corp]\naws_access_key_id =\n x = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n", "cannot be one",
       SNT_CODE_CONFIG_INVALID},
      {"[corp\n" KEY, "must end with ']'", SNT_CODE_CONFIG_INVALID},
      {KEY, "Expected a profile definition", SNT_CODE_CONFIG_INVALID},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *text = secret_of(rows[i].text);
    SNT_SECRET_AUTO struct snt_secret *after = NULL;
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
    struct snt_err err = {0};
    assert_code(snt_shared_keys_remove("f", text, "corp", &after, &err), rows[i].code);
    assert_null(after);
    assert_code(snt_shared_keys_find("f", text, "corp", &key, &err), rows[i].code);
    assert_null(key.secret_key);
    if (strstr(err.message, rows[i].why) == NULL || strstr(err.message, "wJalr") != NULL) {
      fail_msg("\"%s\" does not say \"%s\"", err.message, rows[i].why);
    }
  }
}

static snt_status note(void *context, const char *profile, struct snt_err *err) {
  return strcmp(profile, "stop") == 0 ? snt_fail(err, SNT_CODE_ANSWER_NO, "stop")
                                      : snt_buf_appendf(context, err, "%s;", profile);
}

static void profiles_with_a_part_of_a_key_are_listed(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *text =
      secret_of("[b]\n" KEY "[none]\nregion=x\n[profile a c]\naws_session_token=x\n[b]\naws_access_key_id=y\n");
  SNT_SECRET_AUTO struct snt_secret *stops = secret_of("[a]\n" KEY "[stop]\n" KEY "[b]\n" KEY);
  SNT_BUF_AUTO struct snt_buf names = {0};
  assert_ok(snt_shared_keys_list("f", text, note, &names, NULL));
  assert_string_equal(names.data, "b;a c;b;");
  assert_code(snt_shared_keys_list("f", stops, note, &names, NULL), SNT_CODE_ANSWER_NO);
  assert_string_equal(names.data, "b;a c;b;a;");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_the_lines_of_the_key_go),
      cmocka_unit_test(a_return_at_a_lines_end_is_no_part_of_a_key),
      cmocka_unit_test(what_is_no_whole_key_is_refused_and_stays),
      cmocka_unit_test(profiles_with_a_part_of_a_key_are_listed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
