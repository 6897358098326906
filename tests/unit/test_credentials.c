#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/base_roles.h"

#define KEY "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define ENTRY(id) "{\"access_key_id\":\"" id "\",\"secret_access_key\":\"" SECRET "\"}"

/* The other sources are asked elsewhere: here, which of them is, and for which profile. One that fails has a code. */
static struct {
  enum snt_code code;
  char asked[256];
} others;

static snt_status ask_other(const char *name, const char *profile, struct snt_aws_credentials *out,
                            struct snt_err *err) {
  size_t used = strlen(others.asked);
  memset(out, 0, sizeof *out);
  (void)snprintf(others.asked + used, sizeof others.asked - used, "%s%s%s%s", used > 0 ? " " : "", name,
                 profile == NULL ? "" : ":", profile == NULL ? "" : profile);
  if (others.code != SNT_CODE_OK) {
    SNT_IGNORE(snt_fail(err, others.code, "%s says no", name));
    return snt_err_hint(err, "a hint of %s", name);
  }
  struct snt_aws_key_text key = {snt_slice_of("ASIA9999999999999999"), snt_slice_of(SECRET), snt_slice_of("token")};
  return snt_aws_credentials_take_text(&key, name, SNT_CODE_BUG, out, err);
}

snt_status __wrap_snt_aws_source_sso(const struct snt_aws_search *search, const char *profile,
                                     struct snt_aws_credentials *out, struct snt_err *err);
snt_status __wrap_snt_aws_source_sso(const struct snt_aws_search *search, const char *profile,
                                     struct snt_aws_credentials *out, struct snt_err *err) {
  (void)search;
  return ask_other("sso", profile, out, err);
}

snt_status __wrap_snt_aws_source_web_identity(const struct snt_aws_search *search, const char *profile,
                                              struct snt_aws_credentials *out, struct snt_err *err);
snt_status __wrap_snt_aws_source_web_identity(const struct snt_aws_search *search, const char *profile,
                                              struct snt_aws_credentials *out, struct snt_err *err) {
  (void)search;
  return ask_other("web", profile, out, err);
}

snt_status __wrap_snt_aws_source_process(const struct snt_aws_search *search, const char *profile,
                                         struct snt_aws_credentials *out, struct snt_err *err);
snt_status __wrap_snt_aws_source_process(const struct snt_aws_search *search, const char *profile,
                                         struct snt_aws_credentials *out, struct snt_err *err) {
  (void)search;
  return ask_other("process", profile, out, err);
}

snt_status __wrap_snt_aws_source_container(const struct snt_aws_search *search, struct snt_aws_credentials *out,
                                           struct snt_err *err);
snt_status __wrap_snt_aws_source_container(const struct snt_aws_search *search, struct snt_aws_credentials *out,
                                           struct snt_err *err) {
  (void)search;
  return ask_other("container", NULL, out, err);
}

snt_status __wrap_snt_aws_source_instance(const struct snt_aws_search *search, bool is_named,
                                          struct snt_aws_credentials *out, struct snt_err *err);
snt_status __wrap_snt_aws_source_instance(const struct snt_aws_search *search, bool is_named,
                                          struct snt_aws_credentials *out, struct snt_err *err) {
  (void)search;
  return ask_other(is_named ? "named-instance" : "instance", NULL, out, err);
}

/* Of the roles on the way only the names, in their order. */
snt_status __wrap_snt_aws_base_roles_assume(const struct snt_aws_search *search, const struct snt_aws_chain *chain,
                                            struct snt_aws_credentials *base, struct snt_err *err);
snt_status __wrap_snt_aws_base_roles_assume(const struct snt_aws_search *search, const struct snt_aws_chain *chain,
                                            struct snt_aws_credentials *base, struct snt_err *err) {
  (void)search;
  (void)base;
  (void)err;
  for (size_t i = 0; i < chain->step_count; i++) {
    size_t used = strlen(others.asked);
    const char *name = strrchr(chain->steps[i].role_arn, '/');
    (void)snprintf(others.asked + used, sizeof others.asked - used, "%srole%s", used > 0 ? " " : "", name);
  }
  return snt_done();
}

/* The keychain of these tests: one entry, and what reading anything else ends with. */
static struct {
  const char *name, *value;
  enum snt_code otherwise;
  int reads;
  char first[64]; /* the name that was read first */
} keychain;

snt_status __wrap_snt_keychain_read(struct snt_keychain *opened, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err);
snt_status __wrap_snt_keychain_read(struct snt_keychain *opened, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err) {
  (void)opened;
  *out = NULL;
  if (keychain.reads++ == 0) {
    (void)snprintf(keychain.first, sizeof keychain.first, "%s", name);
  }
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

static const char *const VARIABLES[] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE"};

static int reset(void **state) {
  (void)state;
  memset(&keychain, 0, sizeof keychain);
  keychain.otherwise = SNT_CODE_NOT_FOUND;
  memset(&others, 0, sizeof others);
  others.code = SNT_CODE_NO_CREDENTIALS;
  for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0]; i++) {
    (void)unsetenv(VARIABLES[i]);
  }
  return 0;
}

/* What is said beforehand of a search has to hold for every one. */
static void expect_first(const struct snt_aws_target *target) {
  const char *first = snt_aws_credentials_first_name(target);
  if (first == NULL) {
    assert_int_equal(keychain.reads, 0);
    return;
  }
  assert_true(keychain.reads > 0);
  assert_string_equal(keychain.first, first);
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
  const struct snt_aws_search search = {
      .target = &target, .keychain = opened(), .environment = &environment, .region = ""};
  keychain.reads = 0;
  snt_status status = snt_aws_credentials_find(&search, out, err);
  expect_first(&target);
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
       "looked at the keychain entry \"p\" (test and other), the environment, the keys of profile \"p\", its sso_ and "
       "web_identity_token_file (not set), AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_* (not set), the "
       "instance metadata (instance says no)"},
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
      {"[profile p]\nsource_profile = s\n[profile s]\nsource_profile = t\n" ROLE("S"), K3, SNT_CODE_PROFILE_INVALID,
       "could not find source profile t referenced from s"},
      {"[profile p]\nsource_profile = s\n[profile s]\nsource_profile = t\n" ROLE("S") "[profile t]\n", K3,
       SNT_CODE_NO_CREDENTIALS, "begin at profile \"t\", which has no key: looked at"},
      {"[profile p]\nsource_profile = s\n[profile s]\n" ROLE("S"), K3, SNT_CODE_PROFILE_INVALID,
       "`s` has a role and neither"},
      {"[profile p]\nsource_profile = s\n[profile s]\ncredential_source = Environment\n", NULL, SNT_CODE_NO_CREDENTIALS,
       "profile \"s\" takes its keys from the environment (credential_source), which has none"},
      {"[profile p]\ncredential_source = Environment\n" KEYS(K1), NULL, SNT_CODE_NO_CREDENTIALS,
       "takes its keys from the environment"},
      {"[profile p]\ncredential_source = Moon\n", K3, SNT_CODE_PROFILE_INVALID,
       "an unknown credential_source, \"Moon\""},
      {"[profile p]\nsource_profile = s\n[profile s]\nlogin_session = x\n", K3, SNT_CODE_NO_CREDENTIALS,
       "a console login (login_session)"},
      {"[profile p]\nlogin_session = x\n", NULL, SNT_CODE_NO_CREDENTIALS, "a console login (login_session)"},
      {"[profile p]\nsource_profile = s\ncredential_process = us p\n[profile s]\ninclude_profile = i\n"
       "[profile i]\ncredential_process = us p\n",
       K3, SNT_CODE_PROFILE_INVALID, "is that of \"p\" itself, and is not run"},
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

#define SOURCE "[profile p]\nsource_profile = s\n" KEYS(K4)

static void other_sources_are_asked_in_order(void **state) {
  (void)state;
  static const struct {
    const char *text, *variable, *asked;
  } rows[] = {
      /* what the named source profile says goes, whatever else there is */
      {SOURCE "[profile s]\nsso_start_url = u\nsso_region = r\nsso_account_id = a\nsso_role_name = n\n", NULL, "sso:s"},
      {SOURCE "[profile s]\nsso_session = x\nsso_account_id = a\nsso_role_name = n\n[sso-session x]\nsso_region = r\n"
              "sso_start_url = u\n",
       NULL, "sso:s"},
      {SOURCE "[profile s]\nweb_identity_token_file = f\n" ROLE("W"), NULL, "web:s"},
      {SOURCE "[profile s]\ncredential_process = x\n", NULL, "process:s"},
      {SOURCE "[profile s]\ncredential_source = EcsContainer\n", NULL, "container"},
      {SOURCE "[profile s]\ncredential_source = Ec2InstanceMetadata\n", NULL, "named-instance"},
      {SOURCE "[profile s]\ninclude_profile = k\n[profile k]\ncredential_process = x\n", NULL, "process:s"},
      /* roles on the way, from the base on */
      {SOURCE "[profile s]\nsource_profile = t\n" ROLE("S") "[profile t]\nsource_profile = u\n" ROLE(
           "T") "[profile u]\ncredential_process = x\n",
       NULL, "process:u role/T role/S"},
      {SOURCE "[profile s]\ncredential_source = Ec2InstanceMetadata\n" ROLE("S"), NULL, "named-instance role/S"},
      {SOURCE "[profile s]\nsource_profile = t\n" ROLE("S") "[profile t]\nweb_identity_token_file = f\n" ROLE("W"),
       NULL, "web:t role/S"},
      {SOURCE "[profile s]\nsource_profile = t\nsentinel_source_profile = u\nsentinel_" ROLE("S")
           ROLE("X") "[profile u]\ncredential_process = x\n",
       NULL, "process:u role/S"},
      {SOURCE "[profile s]\nsentinel_" ROLE("S") "web_identity_token_file = f\n" ROLE("W"), NULL, "web:s role/S"},
      /* credential_source of the profile itself */
      {"[profile p]\ncredential_source = EcsContainer\n" KEYS(K4), NULL, "container"},
      {"[profile p]\nsentinel_credential_source = Ec2InstanceMetadata\n" KEYS(K4), NULL, "named-instance"},
      /* behind keys and environment: SSO, web identity, that of the environment, container, instance */
      {"[profile p]\nsso_session = x\nweb_identity_token_file = f\n", "AWS_WEB_IDENTITY_TOKEN_FILE", "sso:p"},
      {"[profile p]\nweb_identity_token_file = f\n", "AWS_WEB_IDENTITY_TOKEN_FILE", "web:p"},
      {"[profile p]\n", "AWS_WEB_IDENTITY_TOKEN_FILE", "web"},
      {"[profile p]\nsource_profile = nowhere\n", "AWS_WEB_IDENTITY_TOKEN_FILE", "web"},
      {"[profile p]\n", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "container"},
      {"[profile p]\n", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "container"},
      {"[profile p]\n", NULL, "instance"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    (void)reset(NULL);
    others.code = SNT_CODE_OK;
    if (rows[i].variable != NULL) {
      assert_int_equal(setenv(rows[i].variable, "x", 1), 0);
    }
    if (!snt_ok(find(rows[i].text, "p", NULL, &credentials, &err)) || strcmp(others.asked, rows[i].asked) != 0) {
      fail_msg("row %zu: %s, and not %s (%s)", i, others.asked, rows[i].asked, err.message);
    }
    assert_string_equal(credentials.access_key_id, "ASIA9999999999999999");
  }
}

static void a_chain_ends_where_a_key_is_kept(void **state) {
  (void)state;
  static const struct {
    const char *text, *entry, *asked;
  } rows[] = {
      {SOURCE "[profile s]\nsource_profile = t\n" ROLE("S") "[profile t]\nsource_profile = u\n" ROLE("T"), "t",
       "role/S"},
      {SOURCE "[profile s]\nsource_profile = t\n" ROLE("S"), "t", "role/S"},
      {SOURCE "[profile s]\nsource_profile = t\n" ROLE("S") "[profile t]\n" KEYS(K1) ROLE("T"), NULL, "role/S"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    (void)reset(NULL);
    keychain.name = rows[i].entry;
    keychain.value = ENTRY(K1);
    if (!snt_ok(find(rows[i].text, "p", NULL, &credentials, &err))) {
      fail_msg("row %zu: %s", i, err.message);
    }
    assert_string_equal(credentials.access_key_id, K1);
    assert_string_equal(others.asked, rows[i].asked);
  }
}

static void a_name_that_is_cut_is_cut_between_characters(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
  struct snt_err err = {0};
  char name[256] = "x";
  char text[1024];
  for (size_t len = 1; len < 240; len += 2) {
    memcpy(name + len, "\xc3\xbc", 3);
  }
  (void)snprintf(text, sizeof text, SOURCE "[profile s]\nsource_profile = %s\n" ROLE("S"), name);
  keychain.name = name;
  keychain.value = ENTRY(K1);
  assert_ok(find(text, "p", NULL, &credentials, &err));
  assert_true(snt_utf8_check_printable(credentials.source, strlen(credentials.source)));
  assert_true(strlen(credentials.source) > 200);
}

static void what_a_source_says_stands(void **state) {
  (void)state;
  static const struct {
    const char *text, *variable;
    enum snt_code code;
  } rows[] = {
      {SOURCE "[profile s]\ncredential_process = x\n", NULL, SNT_CODE_NO_CREDENTIALS},
      {SOURCE "[profile s]\ncredential_source = EcsContainer\n", NULL, SNT_CODE_TIMEOUT},
      {"[profile p]\nsso_session = x\n", NULL, SNT_CODE_LOGIN_REQUIRED},
      {"[profile p]\nweb_identity_token_file = f\n", NULL, SNT_CODE_AWS_REFUSED},
      {"[profile p]\n", "AWS_CONTAINER_CREDENTIALS_FULL_URI", SNT_CODE_NETWORK},
      {"[profile p]\n", NULL, SNT_CODE_ANSWER_INVALID},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials credentials = {0};
    struct snt_err err = {0};
    (void)reset(NULL);
    others.code = rows[i].code;
    if (rows[i].variable != NULL) {
      assert_int_equal(setenv(rows[i].variable, "x", 1), 0);
    }
    assert_code(find(rows[i].text, "p", NULL, &credentials, &err), rows[i].code);
    assert_non_null(strstr(err.message, "says no"));
    assert_non_null(strstr(err.hint, "a hint of"));
    assert_null(credentials.secret_key);
  }
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
      CASE(other_sources_are_asked_in_order),
      CASE(a_chain_ends_where_a_key_is_kept),
      CASE(a_name_that_is_cut_is_cut_between_characters),
      CASE(what_a_source_says_stands),
      CASE(an_end_that_is_still_to_come_is_noted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
