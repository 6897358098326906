#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "issue/settings_internal.h"
#include "keychain/keychain.h"

static char path[64];

static int make_folder(void **state) {
  (void)state;
  static char folder[] = "/tmp/snt-settings-XXXXXX";
  (void)unsetenv("SENTINEL_POLICY_SOURCE");
  (void)unsetenv("SENTINEL_BACKEND");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/config.yaml", folder);
  return 0;
}

static snt_status load(const char *text, struct snt_settings **out, struct snt_err *err) {
  assert_ok(snt_file_replace(path, text, strlen(text), 0600, NULL));
  return snt_settings_load(path, out, err);
}

static void a_whole_configuration_is_read(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  snt_status status = load("installation: acme-aws\n"
                           "policy:\n"
                           "  source: ssm:/sentinel/policies/{profile}\n"
                           "  regions: [us-east-1, us-west-2]\n"
                           "  cache_ttl: 30s\n"
                           "keychain: {backend: file}\n"
                           "log: {path: ~/decisions.jsonl}\n"
                           "tags: off\n"
                           "profiles:\n"
                           "  prod: {role_arn: \"arn:aws:iam::123456789012:role/Prod\", duration: 2h}\n",
                           &settings, &err);
  if (!snt_ok(status)) {
    fail_msg("%s", err.message);
  }
  assert_string_equal(snt_settings_text(settings, SNT_SETTING_POLICY_SOURCE), "ssm:/sentinel/policies/{profile}");
  assert_string_equal(snt_settings_list(settings, SNT_SETTING_POLICY_REGIONS)[1], "us-west-2");
  assert_null(snt_settings_list(settings, SNT_SETTING_POLICY_REGIONS)[2]);
  assert_true(snt_settings_is(settings, SNT_SETTING_TAGS, "off"));
  assert_int_equal(snt_settings_profile(settings, "prod")->duration_s, 7200);
  assert_null(snt_settings_profile(settings, "dev"));
  assert_string_equal(snt_settings_layers(settings)[0], path);
}

static void mistakes_are_refused_with_line_and_remedy(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"polcy: {source: x}\n", ":1:1: unknown key \"polcy\""},
      {"policy:\n  sorce: x\n", ":2:3: unknown key \"policy.sorce\""},
      {"policy: x\n", "policy has to be a map"},
      {"policy: {source: [x]}\n", "policy.source has to be a text"},
      {"policy: {source: }\n", "policy.source has to be a text"},
      {"policy: {regions: us-east-1}\n", "a list"},
      {"policy: {regions: []}\n", "not empty"},
      {"policy: {cache_ttl: soon}\n", "not a duration"},
      {"policy: {cache_ttl: 30}\n", "policy.cache_ttl has to be a duration such as 30s"},
      {"mfa: {session: 14m}\n", "config.yaml:1: mfa.session: \"14m\" is not between 15m and 36h"},
      {"mfa: {session: 37h}\n", "not between"},
      {"mfa: {session: 0}\n", "not between"},
      {"keychain: {backend: pocket}\n", "config.yaml:1: keychain.backend cannot be \"pocket\""},
      {"policy: {min_signatures: two}\n", "whole number"},
      {"tags: maybe\n", "cannot be \"maybe\""},
      {"state: {store: \"dynamodb:x\"}\n", "cannot be"},
      {"sandbox: rlimits-only\n", "may only be set in /etc/sentinel/config.yaml"},
      {"identity: {accounts: [\"123456789012\"]}\n", "may only be set in"},
      {"locked: all-security\n", "only /etc/sentinel/config.yaml may lock"},
      {"profiles: {\"a b\": {}}\n", "cannot be the name of a profile"},
      {"profiles: {dev: {role: x}}\n", "unknown key \"role\""},
      {"profiles: {dev: {role_arn: 12}}\n", "role_arn has to be a text"},
      {"profiles: [dev]\n", "profiles has to be a map"},
      {"a: 1\na: 2\n", "a"},
      {"policy:\n  source: pol.yaml\n", ":2:11: policy.source: \"pol.yaml\" is not an absolute path and no parameter"},
      {"policy: {source: \"file:pol.yaml\"}\n", "\"file:pol.yaml\" is not an absolute path"},
      {"policy: {source: \"{profile}.yaml\"}\n", "not an absolute path"},
      {"policy: {source: \"file:~dev/p.yaml\"}\n", "not an absolute path"},
      {"policy: {source: \"https://host/p.yaml\"}\n", "not an absolute path"},
      {"log: {path: d.jsonl}\n", ":1:13: log.path: \"d.jsonl\" is not an absolute path"},
      {"log: {path: ./d.jsonl}\n", "not an absolute path"},
      {"log: {path: ~}\n", "log.path"},
      {"geoip: {databases: [/a.mmdb, b.mmdb]}\n", ":1:30: geoip.databases: \"b.mmdb\" is not an absolute path"},
      {"- x\n", "map"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
    struct snt_err err = {0};
    snt_status status = load(rows[i].text, &settings, &err);
    if (status.code != SNT_CODE_CONFIG_INVALID || strstr(err.message, rows[i].says) == NULL || settings != NULL) {
      fail_msg("%s: %s", rows[i].text, err.message);
    }
  }
}

static void the_nearest_key_of_a_level_is_told(void **state) {
  (void)state;
  static const struct {
    const char *text, *hint;
  } rows[] = {{"polcy: {source: x}\n", "did you mean \"policy\"?"},
              {"identiy: {accounts: [x]}\n", "did you mean \"identity\"?"},
              {"profile: {}\n", "did you mean \"profiles\"?"},
              {"lockd: all\n", "did you mean \"locked\"?"},
              {"endpoint: aws\n", "did you mean \"endpoints\"?"},
              {"instalation: x\n", "did you mean \"installation\"?"},
              {"policy: {sorce: x}\n", "did you mean \"policy.source\"?"},
              {"policy: {min_signature: 1}\n", "did you mean \"policy.min_signatures\"?"},
              {"log: {paths: x}\n", "did you mean \"log.path\"?"},
              {"keychain: {source: x}\n", "docs/configuration.md lists the keys"},
              {"profiles: {dev: {rolearn: x}}\n", "did you mean \"role_arn\"?"},
              {"something_else: x\n", "docs/configuration.md lists the keys"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
    struct snt_err err = {0};
    assert_code(load(rows[i].text, &settings, &err), SNT_CODE_CONFIG_INVALID);
    if (strcmp(err.hint, rows[i].hint) != 0) {
      fail_msg("%s: %s (%s)", rows[i].text, err.message, err.hint);
    }
  }
}

static void accounts_have_twelve_digits(void **state) {
  (void)state;
  static const char *const wrong[] = {"1", "12345678901", "1234567890123", "12345678901x", " 23456789012", ""};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  assert_ok(load("tags: off\n", &settings, NULL));
  assert_ok(snt_settings_set_text(settings, SNT_SETTING_IDENTITY_ACCOUNTS, "012345678901", "admin.yaml:1", NULL));
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct snt_err err = {0};
    assert_code(snt_settings_set_text(settings, SNT_SETTING_IDENTITY_ACCOUNTS, wrong[i], "admin.yaml:1", &err),
                SNT_CODE_CONFIG_INVALID);
    assert_true(snt_str_starts_with(err.message, "admin.yaml:1: identity.accounts: \""));
  }
}

static void paths_of_home_are_whole_ones(void **state) {
  (void)state;
  static const char text[] = "policy: {source: ~/p.yaml}\nlog: {path: ~/d.jsonl}\ngeoip: {databases: [/a, ~/b]}\n";
  struct snt_err err = {0};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  const char *home = getenv("HOME");
  char *saved = home == NULL ? NULL : strdup(home);
  assert_int_equal(setenv("HOME", "/home/{x}", 1), 0);
  assert_ok(load(text, &settings, NULL));
  assert_string_equal(snt_settings_text(settings, SNT_SETTING_LOG_PATH), "/home/{x}/d.jsonl");
  assert_string_equal(snt_settings_list(settings, SNT_SETTING_GEOIP_DATABASES)[0], "/a");
  assert_string_equal(snt_settings_list(settings, SNT_SETTING_GEOIP_DATABASES)[1], "/home/{x}/b");
  assert_string_equal(snt_settings_text(settings, SNT_SETTING_POLICY_SOURCE), "~/p.yaml"); /* policy/source's */
  snt_settings_free(&settings);
  assert_int_equal(unsetenv("HOME"), 0);
  assert_code(load(text, &settings, &err), SNT_CODE_CONFIG_INVALID);
  assert_non_null(strstr(err.message, "config.yaml:2: log.path: ~/d.jsonl: HOME is not set to an absolute path"));
  assert_int_equal(saved == NULL ? 0 : setenv("HOME", saved, 1), 0);
  free(saved);
}

static void a_file_is_named_by_its_whole_path(void **state) {
  (void)state;
  char folder[4096];
  char wanted[sizeof folder + 16];
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  assert_ok(snt_file_replace(path, "tags: off\n", 10, 0600, NULL));
  assert_non_null(getcwd(folder, sizeof folder));
  (void)snprintf(wanted, sizeof wanted, "%s", path);
  *strrchr(wanted, '/') = '\0';
  assert_int_equal(chdir(wanted), 0);
  assert_ok(snt_settings_load("./config.yaml", &settings, NULL));
  assert_int_equal(chdir(folder), 0);
  strcat(wanted, "/./config.yaml"); /* NOLINT */
  assert_string_equal(snt_settings_layers(settings)[0], wanted);
}

static void a_file_that_others_may_write_is_refused(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  assert_ok(snt_file_replace(path, "tags: off\n", 10, 0600, NULL));
  assert_int_equal(chmod(path, 0602), 0);
  assert_code(snt_settings_load(path, &settings, &err), SNT_CODE_CONFIG_INVALID);
  assert_non_null(strstr(err.hint, "chmod"));
}

static void a_file_that_is_named_has_to_be_there(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  (void)unlink(path);
  assert_code(snt_settings_load(path, &settings, &err), SNT_CODE_CONFIG_INVALID);
  assert_non_null(strstr(err.message, "there is no configuration file /"));
  assert_non_null(strstr(err.hint, "--config"));
}

static void the_environment_goes_over_the_file_and_a_flag_over_both(void **state) {
  (void)state;
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  assert_int_equal(setenv("SENTINEL_POLICY_SOURCE", "file:b.yaml", 1), 0);
  assert_ok(load("policy: {source: \"file:/a.yaml\"}\n", &settings, NULL));
  assert_int_equal(unsetenv("SENTINEL_POLICY_SOURCE"), 0);
  assert_string_equal(snt_settings_text(settings, SNT_SETTING_POLICY_SOURCE), "file:b.yaml");
  assert_ok(snt_settings_set_flag(settings, SNT_SETTING_POLICY_SOURCE, "--policy", "c.yaml", NULL));
  assert_string_equal(snt_settings_text(settings, SNT_SETTING_POLICY_SOURCE), "c.yaml");
  assert_ok(snt_settings_set_flag(settings, SNT_SETTING_POLICY_REGIONS, "--region", "a,b", NULL));
  assert_string_equal(snt_settings_list(settings, SNT_SETTING_POLICY_REGIONS)[1], "b");
  assert_code(snt_settings_set_flag(settings, SNT_SETTING_POLICY_REGIONS, "--region", "a,,b", NULL), SNT_CODE_USAGE);
}

static void the_backends_of_a_flag_are_those_of_the_keychain(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  assert_ok(load("keychain: {backend: auto}\n", &settings, NULL));
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    const char *name = SNT_KEYCHAIN_BACKENDS[i]->name;
    assert_ok(snt_settings_set_flag(settings, SNT_SETTING_KEYCHAIN_BACKEND, "--backend", name, NULL));
    assert_true(snt_settings_is(settings, SNT_SETTING_KEYCHAIN_BACKEND, name));
  }
  assert_code(snt_settings_set_flag(settings, SNT_SETTING_KEYCHAIN_BACKEND, "--backend", "pocket", &err),
              SNT_CODE_USAGE);
  assert_string_equal(err.message, "--backend cannot be \"pocket\"");
}

/* The two texts as layers, one over the other. */
static snt_status load_layers(const char *upper, const char *lower, struct snt_err *err) {
  SNT_SETTINGS_AUTO struct snt_settings *settings = calloc(1, sizeof *settings);
  assert_non_null(settings);
  assert_ok(snt_file_replace(path, upper, strlen(upper), 0600, NULL));
  assert_ok(snt_settings_read_file(settings, path, false, true, err));
  assert_ok(snt_file_replace(path, lower, strlen(lower), 0600, NULL));
  return snt_settings_read_file(settings, path, false, true, err);
}

static void a_layer_above_that_sets_keys_is_only_added_to(void **state) {
  (void)state;
  static const char upper[] = "installation: acme-aws\npolicy: {keys: [a, b, c], min_signatures: 2}\n";
  static const struct {
    const char *upper, *lower, *message; /* NULL: it is good */
  } rows[] = {
      {upper, "policy: {keys: [a, b]}\n", NULL},
      {upper, "policy: {min_signatures: 3}\n", NULL},
      {upper, "installation: acme-aws\npolicy: {max_stale: 1h}\n", NULL},
      {"installation: acme-aws\n", "policy: {keys: [a]}\ninstallation: acme-test\n", NULL},
      {"policy: {keys: [a]}\n", "installation: acme-aws\npolicy: {min_signatures: 1}\n", NULL},
      {"policy: {keys: [a], max_stale: 1h, cache_ttl: 30s}\n", "policy: {max_stale: 1h, cache_ttl: 30s}\n", NULL},
      {"policy: {keys: [a], max_stale: 0s}\n", "policy: {max_stale: 0}\n", NULL},
      {upper, "policy: {max_stale: 24h, cache_ttl: 0s}\n", NULL},
      {"policy: {cache_ttl: 30s}\n", "policy: {keys: [a], max_stale: 48h, cache_ttl: 1m}\n", NULL},
      {"policy: {keys: [a], max_stale: 0s}\n", "policy: {max_stale: 1s}\n",
       ":1: policy.max_stale: \"1s\" is more than 0s, which is set in "},
      {"policy: {keys: [a], cache_ttl: 30s}\n", "policy: {cache_ttl: 31s}\n",
       ":1: policy.cache_ttl: \"31s\" is more than 30s, which is set in "},
      {upper, "policy: {max_stale: 86401s}\n",
       ":1: policy.max_stale: \"86401s\" is more than 24h, which is the default, and policy.keys is set in "},
      {upper, "policy: {cache_ttl: 1s}\n",
       ":1: policy.cache_ttl: \"1s\" is more than 0, which is the default, and policy.keys is set in "},
      {upper, "policy: {keys: [d]}\n", ":1: policy.keys: \"d\" is none of the keys in "},
      {upper, "policy: {keys: [a, b, d]}\n", "\"d\" is none of"},
      {upper, "policy: {min_signatures: 1}\n", ":1: policy.min_signatures is less than 2, which is set in "},
      {upper, "installation: acme-test\n", ":1: installation is not \"acme-aws\", which is set in "},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    snt_status status = load_layers(rows[i].upper, rows[i].lower, &err);
    if (rows[i].message == NULL) {
      assert_ok(status);
      continue;
    }
    assert_code(status, SNT_CODE_CONFIG_INVALID);
    assert_non_null(strstr(err.message, rows[i].message));
    assert_non_null(strstr(err.hint, "ask your administrator"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_whole_configuration_is_read),
      cmocka_unit_test(mistakes_are_refused_with_line_and_remedy),
      cmocka_unit_test(the_nearest_key_of_a_level_is_told),
      cmocka_unit_test(accounts_have_twelve_digits),
      cmocka_unit_test(paths_of_home_are_whole_ones),
      cmocka_unit_test(a_file_is_named_by_its_whole_path),
      cmocka_unit_test(a_file_that_others_may_write_is_refused),
      cmocka_unit_test(a_file_that_is_named_has_to_be_there),
      cmocka_unit_test(the_environment_goes_over_the_file_and_a_flag_over_both),
      cmocka_unit_test(a_layer_above_that_sets_keys_is_only_added_to),
      cmocka_unit_test(the_backends_of_a_flag_are_those_of_the_keychain),
  };
  return cmocka_run_group_tests_name("settings", tests, make_folder, NULL);
}
