#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/credentials.h"

#define KEY "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define ENTRY(id) "{\"access_key_id\":\"" id "\",\"secret_access_key\":\"" SECRET "\"}"

/* The keychain of these tests: one entry, and what reading anything else ends with. */
static struct {
  const char *name, *value;
  enum snt_code otherwise;
  int reads;
} keychain;

snt_status __wrap_snt_keychain_read(struct snt_keychain *opened, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err);
snt_status __wrap_snt_keychain_read(struct snt_keychain *opened, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err) {
  (void)opened;
  *out = NULL;
  keychain.reads++;
  assert_string_equal(kind, SNT_KEYCHAIN_KIND_AWS);
  if (keychain.name == NULL || strcmp(keychain.name, name) != 0) {
    SNT_IGNORE(snt_fail(err, keychain.otherwise, "the keychain says no to \"%s\"", name));
    return snt_err_hint(err, "a hint");
  }
  return snt_secret_new_from(keychain.value, strlen(keychain.value), out, err);
}

const char *__wrap_snt_keychain_backend_name(const struct snt_keychain *opened);
const char *__wrap_snt_keychain_backend_name(const struct snt_keychain *opened) {
  (void)opened;
  return "test";
}

snt_status __wrap_snt_keychain_tell_backends(const struct snt_keychain *opened, struct snt_buf *out,
                                             struct snt_err *err);
snt_status __wrap_snt_keychain_tell_backends(const struct snt_keychain *opened, struct snt_buf *out,
                                             struct snt_err *err) {
  (void)opened;
  return snt_buf_append_str(out, "test and other", err);
}

static struct snt_keychain *opened(void) {
  static char anything;
  union {
    char *any;
    struct snt_keychain *keychain;
  } pointer = {.any = &anything};
  return pointer.keychain;
}

static int reset(void **state) {
  (void)state;
  memset(&keychain, 0, sizeof keychain);
  keychain.otherwise = SNT_CODE_NOT_FOUND;
  (void)unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  return 0;
}

/* profile is looked for in text; env_id is the key of the environment, or NULL. */
static snt_status find(const char *text, const char *profile, const char *env_id, struct snt_aws_credentials *out,
                       struct snt_err *err) {
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  assert_ok(snt_aws_shared_config_parse(text, strlen(text), NULL, 0, &config, err));
  struct snt_aws_target target;
  assert_ok(snt_aws_target_resolve(config, NULL, profile, &target, err));
  struct snt_aws_environment environment = {0};
  if (env_id != NULL) {
    struct snt_aws_key_text key = {snt_slice_of(env_id), snt_slice_of(SECRET), snt_slice_of("token")};
    assert_ok(snt_aws_credentials_take_text(&key, "environment", SNT_CODE_BUG, &environment.credentials, err));
  }
  snt_status status = snt_aws_credentials_find(&target, opened(), &environment, out, err);
  snt_aws_credentials_clear(&environment.credentials);
  if (strstr(err->message, SECRET) != NULL || strstr(err->hint, SECRET) != NULL) {
    fail_msg("%s", "a secret in a message");
  }
  return status;
}

static void entries_that_are_not_a_key_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "",
      "[]",
      "{}",
      "{\"access_key_id\":\"" KEY "\"}",
      "{\"secret_access_key\":\"" SECRET "\"}",
      "{\"access_key_id\":\"short\",\"secret_access_key\":\"" SECRET "\"}",
      "{\"access_key_id\":\"akiaiosfodnn7example\",\"secret_access_key\":\"" SECRET "\"}",
      "{\"access_key_id\":\"" KEY "\",\"secret_access_key\":\"\"}",
      "{\"access_key_id\":\"" KEY "\",\"secret_access_key\":\"a b\"}",
      "{\"access_key_id\":\"" KEY "\",\"secret_access_key\":\"a\\nb\"}",
      "{\"access_key_id\":\"" KEY "\",\"secret_access_key\":12}",
      "{\"access_key_id\":\"" KEY "\",\"secret_access_key\":\"s\",\"session_token\":\"a b\"}",
      "{\"access_key_id\":\"" KEY "\",\"secret_access_key\":\"s\",\"other\":1}",
      "{\"access_key_id\":\"" KEY "\",\"access_key_id\":\"" KEY "\",\"secret_access_key\":\"s\"}",
      ENTRY(KEY) "x",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *entry = NULL;
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    assert_ok(snt_secret_new_from(rows[i], strlen(rows[i]), &entry, NULL));
    assert_code(snt_aws_credentials_parse(entry, &credentials, &err), SNT_CODE_SYNTAX);
    assert_null(strstr(err.message, SECRET));
    assert_null(credentials.secret_key);
    assert_string_equal(credentials.access_key_id, "");
  }
}

static void an_entry_comes_back_as_it_was_stored(void **state) {
  (void)state;
  static const char *const tokens[] = {"", "token", "\"\\/{}"};
  for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials first = {0};
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials second = {0};
    SNT_SECRET_AUTO struct snt_secret *entry = NULL;
    struct snt_aws_key_text key = {snt_slice_of(KEY), snt_slice_of("a\"b\\c~!"), snt_slice_of(tokens[i])};
    assert_ok(snt_aws_credentials_take_text(&key, "test", SNT_CODE_BUG, &first, NULL));
    assert_ok(snt_aws_credentials_format(&first, &entry, NULL));
    assert_ok(snt_aws_credentials_parse(entry, &second, NULL));
    assert_string_equal(second.access_key_id, KEY);
    assert_string_equal(snt_secret_borrow(second.secret_key), "a\"b\\c~!");
    assert_true((second.session_token == NULL) == (tokens[i][0] == '\0'));
    if (second.session_token != NULL) {
      assert_string_equal(snt_secret_borrow(second.session_token), tokens[i]);
    }
  }
}

static void a_key_that_is_not_whole_is_not_stored(void **state) {
  (void)state;
  struct snt_aws_credentials credentials = {.access_key_id = KEY};
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  assert_code(snt_aws_credentials_format(&credentials, &entry, NULL), SNT_CODE_BUG);
  assert_null(entry);
}

static void access_key_ids_have_16_to_128_capitals_and_digits(void **state) {
  (void)state;
  char longest[130];
  memset(longest, 'A', sizeof longest);
  longest[129] = '\0';
  assert_false(snt_aws_access_key_id_check(longest));
  longest[128] = '\0';
  assert_true(snt_aws_access_key_id_check(longest));
  assert_true(snt_aws_access_key_id_check(KEY));
  assert_false(snt_aws_access_key_id_check("AKIAIOSFODNN7EX"));
  assert_false(snt_aws_access_key_id_check("AKIAIOSFODNN7EXAMPL-"));
  assert_false(snt_aws_access_key_id_check(""));
}

#define K1 "AKIA1111111111111111"
#define K2 "AKIA2222222222222222"
#define K3 "AKIA3333333333333333"
#define K4 "AKIA4444444444444444"
#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = " SECRET "\n"
#define ROLE(name) "role_arn = arn:aws:iam::123456789012:role/" name "\n"

static void base_credentials_are_found_in_order(void **state) {
  (void)state;
  static const struct {
    const char *text, *entry, *value, *env, *id, *source;
  } rows[] = {
      /* the named source profile's keys, then its entry, then the environment, then the profile's own keys */
      {"[profile p]\nsource_profile = s\n" KEYS(K4) "[profile s]\n" KEYS(K1), "s", ENTRY(K2), K3, K1, "profile \"s\""},
      {"[profile p]\nsource_profile = s\n" KEYS(K4) "[profile s]\n", "s", ENTRY(K2), K3, K2,
       "keychain entry \"s\" (test)"},
      {"[profile p]\nsource_profile = s\n" KEYS(K4), "s", ENTRY(K2), K3, K2, "keychain entry \"s\" (test)"},
      {"[profile p]\nsource_profile = s\n" KEYS(K4), "p", ENTRY(K2), K3, K3, "environment"},
      {"[profile p]\nsource_profile = s\n" KEYS(K4), NULL, NULL, NULL, K4, "profile \"p\""},
      /* without a source profile: the profile's own entry, the environment, its keys */
      {"[profile p]\n" KEYS(K4), "p", ENTRY(K2), K3, K2, "keychain entry \"p\" (test)"},
      {"[profile p]\n" KEYS(K4), NULL, NULL, K3, K3, "environment"},
      {"[profile p]\n" KEYS(K4), NULL, NULL, NULL, K4, "profile \"p\""},
      /* a profile that names itself */
      {"[profile p]\nsource_profile = p\n" ROLE("R") KEYS(K4), "p", ENTRY(K2), K3, K4, "profile \"p\""},
      {"[profile p]\nsource_profile = p\n" ROLE("R"), "p", ENTRY(K2), K3, K2, "keychain entry \"p\" (test)"},
      /* the profile's own credential_process is us; SSO comes last */
      {"[profile p]\ncredential_process = false\nsso_session = x\n", NULL, NULL, K3, K3, "environment"},
      /* a source with a role of its own, but also with a key or an entry */
      {"[profile p]\nsource_profile = s\n[profile s]\nsource_profile = t\n" ROLE("S"), "s", ENTRY(K2), NULL, K2,
       "keychain entry \"s\" (test)"},
      {"[profile p]\nsource_profile = s\n[profile s]\ncredential_source = Environment\n" ROLE("S"), NULL, NULL, K3, K3,
       "environment"},
      {"[profile p]\nsource_profile = s\n[profile s]\ninclude_profile = k\n[profile k]\n" KEYS(K1), NULL, NULL, NULL,
       K1, "profile \"s\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    keychain.name = rows[i].entry;
    keychain.value = rows[i].value;
    if (!snt_ok(find(rows[i].text, "p", rows[i].env, &credentials, &err))) {
      fail_msg("row %zu: %s", i, err.message);
    }
    assert_string_equal(credentials.access_key_id, rows[i].id);
    assert_string_equal(credentials.source, rows[i].source);
    assert_string_equal(snt_secret_borrow(credentials.secret_key), SECRET);
    assert_true((credentials.session_token != NULL) == (strcmp(rows[i].source, "environment") == 0));
  }
}

static void what_cannot_be_used_is_named_and_never_skipped(void **state) {
  (void)state;
  static const struct {
    const char *text, *env;
    enum snt_code code;
    const char *message;
  } rows[] = {
      {"[profile p]\n", NULL, SNT_CODE_NO_CREDENTIALS,
       "looked at the keychain entry \"p\" (test and other), the environment, the keys of profile \"p\""},
      {"[profile p]\nsource_profile = s\n", NULL, SNT_CODE_NO_CREDENTIALS, "the keys of profile \"s\""},
      {"[profile p]\nsource_profile = s\n[profile s]\naws_access_key_id = " K1 "\n", K3, SNT_CODE_PROFILE_INVALID,
       "profile \"s\" holds half a key"},
      {"[profile p]\nsource_profile = s\n[profile s]\naws_secret_access_key = " SECRET "\n", K3,
       SNT_CODE_PROFILE_INVALID, "profile \"s\" holds half a key"},
      {"[profile p]\nsource_profile = s\n[profile s]\n" KEYS("short"), K3, SNT_CODE_PROFILE_INVALID, "cannot be one"},
      {"[profile p]\nsource_profile = s\n[profile s]\n" KEYS(K1) "aws_session_token = a b\n", K3,
       SNT_CODE_PROFILE_INVALID, "a session token"},
      {"[profile p]\nsource_profile = s\n[profile s]\n" KEYS(K1) "x_security_token_expires = 2020-01-01T00:00:00Z\n",
       K3, SNT_CODE_PROFILE_INVALID, "expired at 2020-01-01T00:00:00Z"},
      {"[profile p]\nsource_profile = s\n[profile s]\nsso_session = x\n", K3, SNT_CODE_NO_CREDENTIALS, "sso_session"},
      {"[profile p]\nsource_profile = s\n[profile s]\nsso_start_url = x\n", K3, SNT_CODE_NO_CREDENTIALS,
       "IAM Identity Center"},
      {"[profile p]\nsource_profile = s\n[profile s]\nweb_identity_token_file = x\n" ROLE("R"), K3,
       SNT_CODE_NO_CREDENTIALS, "web identity"},
      {"[profile p]\nsource_profile = s\n[profile s]\ncredential_process = x\n", K3, SNT_CODE_NO_CREDENTIALS,
       "a credential_process, which this version does not support"},
      {"[profile p]\nsource_profile = s\n[profile s]\ncredential_source = EcsContainer\n", K3, SNT_CODE_NO_CREDENTIALS,
       "a container"},
      {"[profile p]\nsource_profile = s\n[profile s]\nsource_profile = t\n" ROLE("S"), K3, SNT_CODE_NO_CREDENTIALS,
       "one role through another"},
      {"[profile p]\nsso_session = x\n", NULL, SNT_CODE_NO_CREDENTIALS, "profile \"p\" takes its keys from IAM"},
      {"[profile p]\ncredential_source = Ec2InstanceMetadata\n", NULL, SNT_CODE_NO_CREDENTIALS, "instance metadata"},
      {"[profile p]\ncredential_process = sentinel credentials p\n", NULL, SNT_CODE_NO_CREDENTIALS,
       "no base credentials for profile \"p\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    snt_status status = find(rows[i].text, "p", rows[i].env, &credentials, &err);
    if (status.code != rows[i].code || strstr(err.message, rows[i].message) == NULL || err.hint[0] == '\0') {
      fail_msg("row %zu: %s: %s (%s)", i, snt_code_name(status.code), err.message, err.hint);
    }
    assert_string_equal(credentials.access_key_id, "");
    assert_null(credentials.secret_key);
  }
}

static void a_keychain_that_fails_is_not_an_empty_one(void **state) {
  (void)state;
  static const enum snt_code codes[] = {SNT_CODE_KEYCHAIN, SNT_CODE_ACTION_REQUIRED, SNT_CODE_TIMEOUT};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    keychain.otherwise = codes[i];
    assert_code(find("[profile p]\n", "p", K3, &credentials, &err), codes[i]);
    assert_string_equal(err.hint, "a hint");
    assert_null(credentials.secret_key);
  }
  keychain.name = "p";
  keychain.value = "{}";
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  struct snt_err err = {0};
  assert_code(find("[profile p]\n", "p", K3, &credentials, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.hint, "sentinel add p"));
}

static void the_keychain_is_asked_once_and_not_at_all_when_the_profile_has_keys(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  struct snt_err err = {0};
  assert_ok(find("[profile p]\nsource_profile = s\n[profile s]\n" KEYS(K1), "p", NULL, &credentials, &err));
  assert_int_equal(keychain.reads, 0);
  snt_aws_credentials_clear(&credentials);
  assert_ok(find("[profile p]\nsource_profile = s\n", "p", K3, &credentials, &err));
  assert_int_equal(keychain.reads, 1);
}

static void a_source_of_the_environment_that_is_not_used_is_named(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  struct snt_err err = {0};
  assert_int_equal(setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/", 1), 0);
  assert_code(find("[profile p]\n", "p", NULL, &credentials, &err), SNT_CODE_NO_CREDENTIALS);
  assert_non_null(strstr(err.message, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
}

static void an_end_that_is_still_to_come_is_noted(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  struct snt_err err = {0};
  assert_ok(find("[profile p]\n" KEYS(K1) "aws_session_token = t\naws_expiration = 9000-01-01T00:00:00Z\n", "p", NULL,
                 &credentials, &err));
  assert_true(credentials.expires_at_ms > 0);
  assert_string_equal(snt_secret_borrow(credentials.session_token), "t");
}

#define CASE(function) cmocka_unit_test_setup(function, reset)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(entries_that_are_not_a_key_are_refused),
      CASE(an_entry_comes_back_as_it_was_stored),
      CASE(a_key_that_is_not_whole_is_not_stored),
      CASE(access_key_ids_have_16_to_128_capitals_and_digits),
      CASE(base_credentials_are_found_in_order),
      CASE(what_cannot_be_used_is_named_and_never_skipped),
      CASE(a_keychain_that_fails_is_not_an_empty_one),
      CASE(the_keychain_is_asked_once_and_not_at_all_when_the_profile_has_keys),
      CASE(a_source_of_the_environment_that_is_not_used_is_named),
      CASE(an_end_that_is_still_to_come_is_noted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
