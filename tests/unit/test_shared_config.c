#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/shared_config.h"
#include "base/buf.h"

static const char ROLE[] = "arn:aws:iam::123456789012:role/Prod";

static struct snt_aws_shared_config *parse(const char *config, const char *credentials) {
  struct snt_aws_shared_config *out = NULL;
  struct snt_err err = {0};
  snt_status status = snt_aws_shared_config_parse(config, config == NULL ? 0 : strlen(config), credentials,
                                                  credentials == NULL ? 0 : strlen(credentials), &out, &err);
  if (!snt_ok(status)) {
    fail_msg("%s", err.message);
  }
  return out;
}

static void broken_files_are_told_by_line_and_without_a_value(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t len;
    const char *what;
  } rows[] = {
      {"[profile a]\nsecret", 18, "config:2: "}, {"[profile a", 10, "config:1: "},
      {"x = secret", 10, "config:1: "},          {"[profile a]\nx = se\0cret\n", 24, "config: "},
      {"[profile a\0b]\n", 14, "config: "},      {"\0", 1, "config: "},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
    struct snt_err err = {0};
    assert_code(snt_aws_shared_config_parse(rows[i].text, rows[i].len, NULL, 0, &config, &err),
                SNT_CODE_CONFIG_INVALID);
    assert_null(config);
    if (strstr(err.message, rows[i].what) == NULL || strstr(err.message, "secret") != NULL) {
      fail_msg("row %zu: %s", i, err.message);
    }
  }
}

static void the_credentials_file_wins_property_by_property(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config =
      parse("[profile a]\nx = 1\ny = 2\n[default]\nregion = r\n", "[a]\nx = 3\n[b]\nz = 4\n");
  assert_string_equal(snt_aws_profile_get(config, "a", "x"), "3");
  assert_string_equal(snt_aws_profile_get(config, "a", "y"), "2");
  assert_string_equal(snt_aws_profile_get(config, "b", "z"), "4");
  assert_null(snt_aws_profile_get(config, "a", "z"));
  assert_null(snt_aws_profile_get(config, "c", "x"));
  assert_int_equal(snt_aws_profile_count(config), 3);
  assert_string_equal(snt_aws_profile_name_at(config, 0), "a");
  assert_string_equal(snt_aws_profile_name_at(config, 1), "b");
  assert_string_equal(snt_aws_profile_name_at(config, 2), "default");
  assert_null(snt_aws_profile_name_at(config, 3));
}

static void sub_properties_have_a_dot_in_their_names(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config =
      parse("[profile a]\ns3 =\n  max = 10\n  mode=x\n  empty =\nplain = 1\n", NULL);
  assert_string_equal(snt_aws_profile_get(config, "a", "s3.max"), "10");
  assert_string_equal(snt_aws_profile_get(config, "a", "s3.mode"), "x");
  assert_string_equal(snt_aws_profile_get(config, "a", "s3.empty"), "");
  assert_null(snt_aws_profile_get(config, "a", "s3.other"));
  assert_null(snt_aws_profile_get(config, "a", "plain.max"));
  assert_null(snt_aws_profile_get(config, "a", "."));
}

static void what_is_included_fills_gaps(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config =
      parse("[profile a]\ninclude_profile = b\nx = 1\n[profile b]\nx = 2\ny = 2\ninclude_profile = c\n"
            "[profile c]\ny = 3\nz = 3\n[profile loop]\ninclude_profile = loop\n",
            NULL);
  assert_string_equal(snt_aws_profile_get(config, "a", "x"), "1");
  assert_string_equal(snt_aws_profile_get(config, "a", "y"), "2");
  assert_string_equal(snt_aws_profile_get(config, "a", "z"), "3");
  assert_string_equal(snt_aws_profile_get(config, "a", "include_profile"), "b");
  assert_null(snt_aws_profile_get(config, "c", "include_profile"));
  assert_null(snt_aws_profile_get(config, "loop", "x"));
}

/* Every property is as short as it can be: what is kept of them has to fit. */
static void many_small_properties_fit(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf text = {0};
  for (int i = 0; i < 2000; i++) {
    assert_ok(snt_buf_appendf(&text, NULL, "[profile %d]\na=\n b=\nc=\na=\n b=\n", i));
  }
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  assert_ok(snt_aws_shared_config_parse(text.data, text.len - 1, text.data, text.len - 1, &config, NULL));
  assert_int_equal(snt_aws_profile_count(config), 2000);
  assert_string_equal(snt_aws_profile_get(config, "1999", "a.b"), "");
}

static const char *look_up(void *context, const char *name) {
  for (const char *const *pair = context; *pair != NULL; pair += 2) {
    if (strcmp(pair[0], name) == 0) {
      return pair[1];
    }
  }
  return NULL;
}

static void locations_come_from_the_environment_and_home(void **state) {
  (void)state;
  static const struct {
    const char *environment[7];
    const char *config, *credentials;
  } rows[] = {
      {{"HOME", "/h", NULL}, "/h/.aws/config", "/h/.aws/credentials"},
      {{"HOME", "/h", "AWS_CONFIG_FILE", "~/c", NULL}, "/h/c", "/h/.aws/credentials"},
      {{"HOME", "/h", "AWS_CONFIG_FILE", "~x/c", NULL}, "~x/c", "/h/.aws/credentials"},
      {{"HOME", "/h", "AWS_CONFIG_FILE", "", NULL}, "/h/.aws/config", "/h/.aws/credentials"},
      {{"AWS_CONFIG_FILE", "/c", "AWS_SHARED_CREDENTIALS_FILE", "k", NULL}, "/c", "k"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
    union {
      const char *const *given;
      void *context;
    } environment = {.given = rows[i].environment};
    assert_ok(snt_aws_locations_find(look_up, environment.context, &locations, NULL));
    assert_string_equal(locations.config, rows[i].config);
    assert_string_equal(locations.credentials, rows[i].credentials);
  }
}

static void a_missing_file_is_an_empty_one(void **state) {
  (void)state;
  static const char *const paths[] = {"/nowhere/config", "", "/dev/null", "/dev/null/config"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    char path[32];
    (void)snprintf(path, sizeof path, "%s", paths[i]);
    struct snt_aws_locations locations = {path, path};
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
    assert_ok(snt_aws_shared_config_load(&locations, &config, NULL));
    assert_int_equal(snt_aws_profile_count(config), 0);
  }
}

static void a_file_that_cannot_be_read_is_an_error(void **state) {
  (void)state;
  char folder[] = "/tmp";
  char none[] = "";
  struct snt_aws_locations locations = {none, folder};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  assert_code(snt_aws_shared_config_load(&locations, &config, NULL), SNT_CODE_IO);
  assert_null(config);
}

static void sentinels_own_keys_go_before_plain_ones_and_settings_before_files(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config =
      parse("[profile p]\nsentinel_role_arn = arn:aws:iam::123456789012:role/Own\n"
            "role_arn = arn:aws:iam::123456789012:role/Plain\nsource_profile = plain\nsentinel_source_profile = own\n"
            "external_id = plain\nmfa_serial = plain\nsentinel_mfa_serial = own\nmfa_process = echo 1 | tr 1 2\nregion "
            "= eu-west-1\n"
            "duration_seconds = 1800\nendpoint_url = http://127.0.0.1:1\nca_bundle = /ca\nsentinel_external_id =\n",
            NULL);
  struct snt_aws_target target;
  assert_ok(snt_aws_target_resolve(config, NULL, "p", &target, NULL));
  assert_string_equal(target.profile, "p");
  assert_string_equal(target.role_arn, "arn:aws:iam::123456789012:role/Own");
  assert_string_equal(target.source_profile, "own");
  assert_string_equal(target.external_id, "plain");
  assert_string_equal(target.mfa_serial, "own");
  assert_string_equal(target.mfa_process, "echo 1 | tr 1 2");
  assert_string_equal(target.region, "eu-west-1");
  assert_string_equal(target.endpoint_url, "http://127.0.0.1:1");
  assert_string_equal(target.ca_bundle, "/ca");
  assert_int_equal(target.duration_s, 1800);
  struct snt_aws_profile_settings settings = {
      .role_arn = ROLE, .source_profile = "set", .mfa_process = "set", .duration_s = 900};
  assert_ok(snt_aws_target_resolve(config, &settings, "p", &target, NULL));
  assert_string_equal(target.role_arn, ROLE);
  assert_string_equal(target.source_profile, "set");
  assert_string_equal(target.mfa_serial, "own");
  assert_string_equal(target.mfa_process, "set");
  assert_int_equal(target.duration_s, 900);
  assert_ok(snt_aws_target_resolve(config, &settings, "only-in-settings", &target, NULL));
  assert_string_equal(target.role_arn, ROLE);
}

static void targets_that_cannot_be_are_refused_by_name(void **state) {
  (void)state;
  static const struct {
    const char *text, *profile;
    enum snt_code code;
    const char *message, *hint;
  } rows[] = {
      {"[profile prod]\n", "prdo", SNT_CODE_PROFILE_INVALID, "\"prdo\" is not defined", "did you mean \"prod\"?"},
      {"", "prod", SNT_CODE_PROFILE_INVALID, "\"prod\" is not defined", "[profile prod]"},
      {"", "a b", SNT_CODE_USAGE, "cannot be the name", NULL},
      {"", "", SNT_CODE_USAGE, "cannot be the name", NULL},
      {"[profile p]\nrole_arn = arn:x\n", "p", SNT_CODE_PROFILE_INVALID, "profile \"p\"", "arn:aws:iam"},
      {"[profile p]\nrole_arn =\n x = 1\n", "p", SNT_CODE_PROFILE_INVALID, "not printable", NULL},
      {"[profile p]\nduration_seconds = 1h\n", "p", SNT_CODE_PROFILE_INVALID, "duration_seconds", NULL},
      {"[profile p]\nduration_seconds = 99999999999\n", "p", SNT_CODE_PROFILE_INVALID, "duration_seconds", NULL},
      {"[profile p]\nsource_profile = a;b\n", "p", SNT_CODE_PROFILE_INVALID, "source_profile \"a;b\"", NULL},
      {"[profile p]\ninclude_profile = q\n", "p", SNT_CODE_PROFILE_INVALID, "includes profile \"q\"", NULL},
      {"[profile p]\ninclude_profile = q\n[profile q]\ninclude_profile = p\n", "p", SNT_CODE_PROFILE_INVALID,
       "goes round in a loop: p -> q -> p", "include_profile"},
      {"[profile a]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = b\n"
       "[profile b]\nrole_arn = arn:aws:iam::123456789012:role/B\nsource_profile = c\n"
       "[profile c]\nsentinel_role_arn = arn:aws:iam::123456789012:role/C\nsentinel_source_profile = b\n",
       "a", SNT_CODE_PROFILE_INVALID, "goes round in a loop: a -> b -> c -> b", "source_profile"},
      {"[profile a]\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = a\n", "a",
       SNT_CODE_PROFILE_INVALID, "a -> b -> a", "source_profile"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(rows[i].text, NULL);
    struct snt_aws_target target;
    struct snt_err err = {0};
    assert_code(snt_aws_target_resolve(config, NULL, rows[i].profile, &target, &err), rows[i].code);
    if (strstr(err.message, rows[i].message) == NULL ||
        (rows[i].hint != NULL && strstr(err.hint, rows[i].hint) == NULL)) {
      fail_msg("%s (%s)", err.message, err.hint);
    }
    assert_string_equal(target.role_arn, "");
  }
}

static void a_source_that_ends_the_chain_is_no_loop(void **state) {
  (void)state;
  static const char *const rows[] = {
      "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = a\n",
      "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = b\n",
      "[profile a]\nsource_profile = b\n[profile b]\nsource_profile = a\n[profile c]\n",
      "[profile a]\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = b\n",
      "[profile a]\nsource_profile = b\n[profile b]\nrole_arn = x\nsource_profile = a\naws_access_key_id = x\n",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(rows[i], NULL);
    struct snt_aws_target target;
    struct snt_err err = {0};
    if (!snt_ok(snt_aws_target_resolve(config, NULL, "a", &target, &err))) {
      fail_msg("row %zu: %s", i, err.message);
    }
  }
}

static void a_profile_without_a_role_says_how_to_name_one(void **state) {
  (void)state;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse("[profile p]\n", NULL);
  struct snt_aws_target target;
  struct snt_err err = {0};
  assert_ok(snt_aws_target_resolve(config, NULL, "p", &target, &err));
  assert_code(snt_aws_target_require_role(&target, &err), SNT_CODE_PROFILE_INVALID);
  assert_non_null(strstr(err.message, "\"p\" has no role"));
  assert_non_null(strstr(err.hint, "sentinel_role_arn"));
}

/* Names and values of every length, on both sides of what the target can hold. */
static void long_names_and_values_are_refused_and_never_crash(void **state) {
  (void)state;
  static const char *const keys[] = {"role_arn", "source_profile", "external_id", "mfa_serial",
                                     "region",   "endpoint_url",   "ca_bundle",   "include_profile"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
    for (size_t len = 1; len < 5000; len = len * 3 / 2 + 1) {
      SNT_BUF_AUTO struct snt_buf text = {0};
      assert_ok(snt_buf_appendf(&text, NULL, "[profile p]\n%s = ", keys[k]));
      for (size_t i = 0; i < len; i++) {
        assert_ok(snt_buf_append_char(&text, 'a', NULL));
      }
      SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(text.data, NULL);
      struct snt_aws_target target;
      struct snt_err err = {0};
      snt_status status = snt_aws_target_resolve(config, NULL, "p", &target, &err);
      assert_true(snt_ok(status) || status.code == SNT_CODE_PROFILE_INVALID);
      assert_true(snt_ok(status) || err.message[0] != '\0');
      assert_true(len < 3000 || !snt_ok(status));
    }
  }
}

static void profile_names_of_300_characters_are_usage_errors(void **state) {
  (void)state;
  char name[301];
  memset(name, 'a', sizeof name - 1);
  name[300] = '\0';
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL, "[profile %s]\nsource_profile = %s\n[profile p]\nsource_profile = %s\n", name,
                            name, name));
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(text.data, NULL);
  struct snt_aws_target target;
  assert_code(snt_aws_target_resolve(config, NULL, name, &target, NULL), SNT_CODE_USAGE);
  assert_code(snt_aws_target_resolve(config, NULL, "p", &target, NULL), SNT_CODE_PROFILE_INVALID);
  name[256] = '\0';
  struct snt_aws_profile_settings settings = {.role_arn = ROLE, .source_profile = name};
  assert_ok(snt_aws_target_resolve(config, &settings, name, &target, NULL));
  assert_string_equal(target.profile, name);
  assert_string_equal(target.source_profile, name);
}

static void a_chain_has_an_end(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf text = {0};
  for (int i = 0; i < 40; i++) {
    assert_ok(snt_buf_appendf(&text, NULL, "[profile %d]\nrole_arn = %s\nsource_profile = %d\n", i, ROLE, i + 1));
  }
  assert_ok(snt_buf_append_str(&text, "[profile 40]\naws_access_key_id = a\naws_secret_access_key = b\n", NULL));
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = parse(text.data, NULL);
  struct snt_aws_chain chain;
  struct snt_err err = {0};
  assert_code(snt_aws_chain_resolve(config, "0", NULL, &chain, &err), SNT_CODE_PROFILE_INVALID);
  assert_non_null(strstr(err.message, "more than 8"));
  assert_ok(snt_aws_chain_resolve(config, "33", NULL, &chain, &err));
  assert_int_equal(chain.step_count, 7);
  assert_string_equal(chain.steps[0].profile, "39");
  assert_string_equal(chain.steps[6].profile, "33");
  struct snt_aws_target target;
  assert_code(snt_aws_target_resolve(config, NULL, "0", &target, &err), SNT_CODE_PROFILE_INVALID);
  assert_non_null(strstr(err.message, "too many profiles"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(broken_files_are_told_by_line_and_without_a_value),
      cmocka_unit_test(the_credentials_file_wins_property_by_property),
      cmocka_unit_test(sub_properties_have_a_dot_in_their_names),
      cmocka_unit_test(what_is_included_fills_gaps),
      cmocka_unit_test(many_small_properties_fit),
      cmocka_unit_test(locations_come_from_the_environment_and_home),
      cmocka_unit_test(a_missing_file_is_an_empty_one),
      cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
      cmocka_unit_test(sentinels_own_keys_go_before_plain_ones_and_settings_before_files),
      cmocka_unit_test(targets_that_cannot_be_are_refused_by_name),
      cmocka_unit_test(a_source_that_ends_the_chain_is_no_loop),
      cmocka_unit_test(a_profile_without_a_role_says_how_to_name_one),
      cmocka_unit_test(long_names_and_values_are_refused_and_never_crash),
      cmocka_unit_test(profile_names_of_300_characters_are_usage_errors),
      cmocka_unit_test(a_chain_has_an_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
