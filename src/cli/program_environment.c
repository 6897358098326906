#include "cli/program_environment.h"

#include <stdlib.h>
#include <string.h>

#include "format/time.h"

enum { SET_MAX = 16, STRINGS_CAP = 32 * 1024 };

/* By what SDKs and tools take credentials, a profile, an account or a role from. Names that end with '*' are prefixes.
 */
static const char *const REMOVED[] = {"AWS_ACCESS_KEY_ID",
                                      "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN",
                                      "AWS_SECURITY_TOKEN",
                                      "AWS_ACCESS_KEY",
                                      "AWS_SECRET_KEY",
                                      "AWS_DELEGATION_TOKEN",
                                      "AWS_CREDENTIAL_EXPIRATION",
                                      "AWS_CREDENTIAL_SCOPE",
                                      "AWS_CREDENTIAL_FILE",
                                      "AWS_ACCOUNT_ID",
                                      "AWS_BEARER_TOKEN_*",
                                      "AWS_PROFILE",
                                      "AWS_DEFAULT_PROFILE",
                                      "AWS_EB_PROFILE",
                                      "AWS_ROLE_ARN",
                                      "AWS_ROLE_SESSION_NAME",
                                      "AWS_WEB_IDENTITY_TOKEN_FILE",
                                      "AWS_CONTAINER_*",
                                      "AWS_SSO_*",
                                      "AWS_VAULT*",
                                      "SENTINEL_*",
                                      NULL};

void snt_program_environment_clear(struct snt_program_environment *environment) {
  free(environment->entries);
  snt_secret_free(&environment->strings);
  memset(environment, 0, sizeof *environment);
}

static bool is_named(const char *entry, const char *name) {
  size_t len = strlen(name);
  return name[len - 1] == '*' ? strncmp(entry, name, len - 1) == 0
                              : strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static bool is_removed(const char *entry) {
  for (const char *const *name = REMOVED; *name != NULL; name++) {
    if (is_named(entry, *name)) {
      return true;
    }
  }
  return false;
}

static const char *find_variable(char **entries, const char *name) {
  for (; *entries != NULL; entries++) {
    if (is_named(*entries, name)) {
      return *entries + strlen(name) + 1;
    }
  }
  return NULL;
}

/* In the place of one of the same name, else behind the last. */
static snt_status set_variable(struct snt_program_environment *environment, const char *name, const char *value,
                               struct snt_err *err) {
  size_t at = 0;
  while (environment->entries[at] != NULL && !is_named(environment->entries[at], name)) {
    at++;
  }
  struct snt_secret *strings = environment->strings;
  environment->entries[at] = snt_secret_borrow_writable(strings) + snt_secret_len(strings);
  SNT_TRY(snt_secret_append(strings, name, strlen(name), err));
  SNT_TRY(snt_secret_append(strings, "=", 1, err));
  return snt_secret_append(strings, value, strlen(value) + 1, err);
}

static snt_status set_variables(struct snt_program_environment *environment, const struct snt_issued *issued,
                                const struct snt_shell_marks *marks, struct snt_err *err) {
  char expires[32];
  snt_time_format(issued->credentials.expires_at_ms, false, expires);
  bool has_region = find_variable(environment->entries, "AWS_REGION") != NULL ||
                    find_variable(environment->entries, "AWS_DEFAULT_REGION") != NULL;
  const struct {
    const char *name;
    const char *value;
  } rows[] = {{"AWS_ACCESS_KEY_ID", issued->credentials.access_key_id},
              {"AWS_SECRET_ACCESS_KEY", snt_secret_borrow(issued->credentials.secret_key)},
              {"AWS_SESSION_TOKEN", snt_secret_borrow(issued->credentials.session_token)},
              {"AWS_CREDENTIAL_EXPIRATION", expires},
              {"SENTINEL_PROFILE", issued->profile},
              {"AWS_REGION", has_region ? NULL : issued->region},
              {"AWS_DEFAULT_REGION", has_region ? NULL : issued->region},
              {"PS1", marks->ps1},
              {"PROMPT_COMMAND", marks->prompt_command}};
  _Static_assert(sizeof rows / sizeof rows[0] < SET_MAX, "there is room for each");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].value != NULL) {
      SNT_TRY(set_variable(environment, rows[i].name, rows[i].value, err));
    }
  }
  return snt_done();
}

static size_t length_of(const char *text) { return text == NULL ? 0 : strlen(text); }

snt_status snt_program_environment_build(char **original, const struct snt_issued *issued,
                                         const struct snt_shell_marks *marks, struct snt_program_environment *out,
                                         struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_PROGRAM_ENVIRONMENT_AUTO struct snt_program_environment built = {0};
  size_t total = 0;
  while (original[total] != NULL) {
    total++;
  }
  built.entries = calloc(total + SET_MAX, sizeof *built.entries);
  if (built.entries == NULL) {
    return snt_fail_memory(err);
  }
  size_t count = 0;
  for (size_t i = 0; i < total; i++) {
    if (!is_removed(original[i])) {
      built.entries[count++] = original[i];
    }
  }
  size_t cap = STRINGS_CAP + length_of(marks->ps1) + length_of(marks->prompt_command);
  SNT_TRY(snt_secret_new(cap, &built.strings, err));
  SNT_TRY(set_variables(&built, issued, marks, err));
  *out = built;
  built = (struct snt_program_environment){0}; /* ownership went to out */
  return snt_done();
}
