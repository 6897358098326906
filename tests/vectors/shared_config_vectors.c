/* The SDKs' own test cases for ~/.aws/config and ~/.aws/credentials: how the files are read, where they are, and how
 * profiles with roles resolve.
 *
 * usage: shared_config_vectors FOLDER-OF-SHARED-DATA   (SENTINEL_SHARED goes first; without the folder: status 77) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/shared_config.h"
#include "base/file.h"
#include "format/json.h"

enum { FILE_MAX = 1024 * 1024, SKIPPED = 77, PARSER_CASES = 65, LOCATION_CASES = 4, ROLE_CASES = 28 };

static int failures;
static int cases;

static const char *text_of(const struct snt_json_value *object, const char *key) {
  return snt_json_string(snt_json_get(object, key), NULL);
}

static void report(const char *name, const char *what, const char *detail) {
  failures++;
  (void)fprintf(stderr, "FAILED %s: %s%s%s\n", name, what, detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
}

static void expect_text(const char *name, const char *what, const char *got, const char *wanted) {
  if ((got == NULL) != (wanted == NULL) || (got != NULL && strcmp(got, wanted) != 0)) {
    report(name, what, got == NULL ? "(nothing)" : got);
  }
}

static void expect_failure(const char *name, snt_status status, enum snt_code code, const struct snt_err *err,
                           const char *wanted) {
  if (status.code != code || strstr(err->message, wanted) == NULL) {
    report(name, "another error was expected", snt_ok(status) ? "none" : err->message);
  }
}

static void compare_profiles(const char *name, const struct snt_aws_shared_config *config,
                             const struct snt_json_value *wanted) {
  if (snt_aws_profile_count(config) != snt_json_count(wanted)) {
    report(name, "another number of profiles", NULL);
  }
  for (size_t i = 0; i < snt_json_count(wanted); i++) {
    const struct snt_json_value *properties = NULL;
    const char *profile = snt_json_key_at(wanted, i, &properties);
    if (!snt_aws_profile_exists(config, profile) ||
        snt_aws_property_count(config, profile) != snt_json_count(properties)) {
      report(name, "a profile is missing, or has other properties", profile);
    }
    for (size_t k = 0; k < snt_aws_property_count(config, profile); k++) {
      const char *value = NULL;
      const char *key = snt_aws_property_at(config, profile, k, &value);
      expect_text(name, key, value, text_of(properties, key));
      expect_text(name, key, snt_aws_profile_get(config, profile, key), value);
    }
  }
}

static void compare_sessions(const char *name, const struct snt_aws_shared_config *config,
                             const struct snt_json_value *wanted) {
  for (size_t i = 0; i < snt_json_count(wanted); i++) {
    const struct snt_json_value *properties = NULL;
    const char *session = snt_json_key_at(wanted, i, &properties);
    for (size_t k = 0; k < snt_json_count(properties); k++) {
      const struct snt_json_value *value = NULL;
      const char *key = snt_json_key_at(properties, k, &value);
      expect_text(name, key, snt_aws_sso_session_get(config, session, key), snt_json_string(value, NULL));
    }
  }
}

static void run_parser_case(const struct snt_json_value *one) {
  const char *name = text_of(one, "name");
  const struct snt_json_value *input = snt_json_get(one, "input");
  const struct snt_json_value *output = snt_json_get(one, "output");
  size_t config_len = 0;
  size_t credentials_len = 0;
  const char *config_text = snt_json_string(snt_json_get(input, "configFile"), &config_len);
  const char *credentials_text = snt_json_string(snt_json_get(input, "credentialsFile"), &credentials_len);
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  struct snt_err err = {0};
  snt_status status =
      snt_aws_shared_config_parse(config_text, config_len, credentials_text, credentials_len, &config, &err);
  const char *error = text_of(output, "errorContaining");
  cases++;
  if (error != NULL) {
    expect_failure(name, status, SNT_CODE_CONFIG_INVALID, &err, error);
  } else if (!snt_ok(status)) {
    report(name, "refused", err.message);
  } else {
    compare_profiles(name, config, snt_json_get(snt_json_get(output, "config"), "profiles"));
    compare_sessions(name, config, snt_json_get(snt_json_get(output, "config"), "sso_sessions"));
  }
}

static const char *look_up(void *context, const char *name) { return text_of(context, name); }

static void run_location_case(const struct snt_json_value *one) {
  const char *platform = text_of(one, "platform");
  if (platform == NULL || strcmp(platform, "linux") != 0) {
    return;
  }
  const char *name = text_of(one, "name");
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  struct snt_err err = {0};
  union {
    const struct snt_json_value *value;
    void *context;
  } environment = {.value = snt_json_get(one, "environment")};
  cases++;
  if (!snt_ok(snt_aws_locations_find(look_up, environment.context, &locations, &err))) {
    report(name, "not found", err.message);
    return;
  }
  expect_text(name, "config", locations.config, text_of(one, "configLocation"));
  expect_text(name, "credentials", locations.credentials, text_of(one, "credentialsLocation"));
}

static snt_status write_sections(const struct snt_json_value *sections, const char *word, struct snt_buf *out,
                                 struct snt_err *err) {
  for (size_t i = 0; i < snt_json_count(sections); i++) {
    const struct snt_json_value *properties = NULL;
    const char *name = snt_json_key_at(sections, i, &properties);
    SNT_TRY(snt_buf_appendf(out, err, "[%s %s]\n", word, name));
    for (size_t k = 0; k < snt_json_count(properties); k++) {
      const struct snt_json_value *value = NULL;
      const char *key = snt_json_key_at(properties, k, &value);
      SNT_TRY(snt_buf_appendf(out, err, "%s = %s\n", key, snt_json_string(value, NULL)));
    }
  }
  return snt_done();
}

/* Each member of wanted is a property of the profile, or of its session. */
static void compare_members(const char *name, const struct snt_aws_shared_config *config,
                            const struct snt_aws_chain *chain, const struct snt_json_value *wanted) {
  for (size_t i = 0; i < snt_json_count(wanted); i++) {
    const struct snt_json_value *value = NULL;
    const char *key = snt_json_key_at(wanted, i, &value);
    const char *property = strcmp(key, "access_key_id") == 0       ? "aws_access_key_id"
                           : strcmp(key, "secret_access_key") == 0 ? "aws_secret_access_key"
                           : strcmp(key, "account_id") == 0        ? "aws_account_id"
                                                                   : key;
    const char *got = snt_aws_profile_get(config, chain->source_profile, property);
    if (got == NULL && chain->source == SNT_AWS_SOURCE_SSO_SESSION) {
      got = snt_aws_sso_session_get(config, chain->source_detail, property);
    }
    expect_text(name, key, got, snt_json_string(value, NULL));
  }
}

static void compare_base(const char *name, const struct snt_aws_shared_config *config,
                         const struct snt_aws_chain *chain, const struct snt_json_value *wanted) {
  const struct snt_json_value *members = NULL;
  const char *kind = snt_json_key_at(wanted, 0, &members);
  bool is_session = snt_json_get(members, "sso_session") != NULL;
  const struct {
    const char *kind;
    enum snt_aws_source source;
  } rows[] = {{"AccessKey", SNT_AWS_SOURCE_STATIC},
              {"NamedSource", SNT_AWS_SOURCE_NAMED},
              {"WebIdentityToken", SNT_AWS_SOURCE_WEB_IDENTITY},
              {"Sso", is_session ? SNT_AWS_SOURCE_SSO_SESSION : SNT_AWS_SOURCE_SSO},
              {"CredentialProcess", SNT_AWS_SOURCE_PROCESS}};
  bool is_known = false;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    is_known = is_known || (strcmp(rows[i].kind, kind) == 0 && rows[i].source == chain->source);
  }
  if (!is_known) {
    report(name, "another source", kind);
  } else if (snt_json_type(members) == SNT_JSON_STRING) {
    expect_text(name, kind, chain->source_detail, snt_json_string(members, NULL));
  } else {
    compare_members(name, config, chain, members);
  }
}

static void compare_chain(const char *name, const struct snt_aws_shared_config *config,
                          const struct snt_aws_chain *chain, const struct snt_json_value *wanted) {
  if (snt_json_count(wanted) != chain->step_count + 1) {
    report(name, "another number of steps", NULL);
    return;
  }
  compare_base(name, config, chain, snt_json_at(wanted, 0));
  for (size_t i = 0; i < chain->step_count; i++) {
    const struct snt_json_value *role = snt_json_get(snt_json_at(wanted, i + 1), "AssumeRole");
    expect_text(name, "role_arn", chain->steps[i].role_arn, text_of(role, "role_arn"));
    expect_text(name, "external_id", chain->steps[i].external_id, text_of(role, "external_id"));
    expect_text(name, "role_session_name", chain->steps[i].role_session_name, text_of(role, "role_session_name"));
  }
}

static void run_role_case(const struct snt_json_value *one) {
  const char *name = text_of(one, "docs");
  const struct snt_json_value *input = snt_json_get(one, "input");
  const struct snt_json_value *output = snt_json_get(one, "output");
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  struct snt_err err = {0};
  cases++;
  snt_status status = write_sections(snt_json_get(input, "profiles"), "profile", &text, &err);
  if (snt_ok(status)) {
    status = write_sections(snt_json_get(input, "sso_sessions"), "sso-session", &text, &err);
  }
  if (snt_ok(status)) {
    status = snt_aws_shared_config_parse(snt_buf_borrow(&text), text.len, NULL, 0, &config, &err);
  }
  if (!snt_ok(status)) {
    report(name, "refused", err.message);
    return;
  }
  struct snt_aws_chain chain;
  status = snt_aws_chain_resolve(config, text_of(input, "selected_profile"), NULL, &chain, &err);
  const char *error = text_of(output, "Error");
  if (error != NULL) {
    expect_failure(name, status, SNT_CODE_PROFILE_INVALID, &err, error);
  } else if (!snt_ok(status)) {
    report(name, "refused", err.message);
  } else {
    compare_chain(name, config, &chain, snt_json_get(output, "ProfileChain"));
  }
}

/* The file is an array of cases, or an object with one called tests. */
static void run_file(const char *folder, const char *file, void (*run)(const struct snt_json_value *one), int wanted) {
  char path[1024];
  (void)snprintf(path, sizeof path, "%s/%s", folder, file);
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_file_read(path, SNT_FILE_ANY, FILE_MAX, &text, &err)) ||
      !snt_ok(snt_json_parse(snt_buf_borrow(&text), text.len, path, &doc, &err))) {
    report(file, "cannot be read", err.message);
    return;
  }
  const struct snt_json_value *root = snt_json_root(doc);
  const struct snt_json_value *list = snt_json_type(root) == SNT_JSON_ARRAY ? root : snt_json_get(root, "tests");
  cases = 0;
  for (size_t i = 0; i < snt_json_count(list); i++) {
    run(snt_json_at(list, i));
  }
  (void)printf("%s: %d cases\n", file, cases);
  if (cases != wanted) {
    report(file, "another number of cases than there should be", NULL);
  }
}

int main(int argc, char **argv) {
  const char *shared = getenv("SENTINEL_SHARED");
  if (shared == NULL || shared[0] == '\0') {
    shared = argc > 1 ? argv[1] : ".";
  }
  char folder[900];
  (void)snprintf(folder, sizeof folder, "%s/aws-shared-config", shared);
  struct stat st;
  if (stat(folder, &st) != 0) {
    (void)printf("skipped: there is no folder %s\n", folder);
    return SKIPPED;
  }
  run_file(folder, "profile-parser-tests.json", run_parser_case, PARSER_CASES);
  run_file(folder, "file-location-tests.json", run_location_case, LOCATION_CASES);
  run_file(folder, "assume-role-tests.json", run_role_case, ROLE_CASES);
  (void)printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
