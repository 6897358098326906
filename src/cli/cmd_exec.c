/* sentinel exec: decide, and become the program. Its environment is built before the session exists as anything but a
 * secret, and holds no other credential (aws.md, credential_process). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/common.h"
#include "format/time.h"

/* Names that end with '*' are prefixes. */
static const char *const REMOVED[] = {"AWS_ACCESS_KEY_ID",
                                      "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN",
                                      "AWS_SECURITY_TOKEN",
                                      "AWS_ACCESS_KEY",
                                      "AWS_SECRET_KEY",
                                      "AWS_DELEGATION_TOKEN",
                                      "AWS_CREDENTIAL_EXPIRATION",
                                      "AWS_CREDENTIAL_FILE",
                                      "AWS_PROFILE",
                                      "AWS_DEFAULT_PROFILE",
                                      "AWS_ROLE_ARN",
                                      "AWS_ROLE_SESSION_NAME",
                                      "AWS_WEB_IDENTITY_TOKEN_FILE",
                                      "AWS_CONTAINER_*",
                                      "AWS_SSO_*",
                                      "AWS_VAULT*",
                                      "SENTINEL_*",
                                      NULL};

static bool is_removed(const char *entry) {
  for (const char *const *name = REMOVED; *name != NULL; name++) {
    size_t len = strlen(*name);
    bool is_prefix = (*name)[len - 1] == '*';
    if (is_prefix ? strncmp(entry, *name, len - 1) == 0 : strncmp(entry, *name, len) == 0 && entry[len] == '=') {
      return true;
    }
  }
  return false;
}

static bool has_variable(char **environment, const char *name) {
  size_t len = strlen(name);
  for (; *environment != NULL; environment++) {
    if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=') {
      return true;
    }
  }
  return false;
}

/* The strings of the variables we set, one after the other, each with its NUL. */
static snt_status append_variable(struct snt_secret *strings, const char *name, const char *value, char **out,
                                  struct snt_err *err) {
  *out = snt_secret_borrow_writable(strings) + snt_secret_len(strings);
  SNT_TRY(snt_secret_append(strings, name, strlen(name), err));
  SNT_TRY(snt_secret_append(strings, "=", 1, err));
  return snt_secret_append(strings, value, strlen(value) + 1, err);
}

static snt_status set_variables(const struct snt_issued *issued, char **environment, size_t count,
                                struct snt_secret *strings, struct snt_err *err) {
  char expires[32];
  snt_time_format(issued->credentials.expires_at_ms, false, expires);
  bool has_region = has_variable(environment, "AWS_REGION") || has_variable(environment, "AWS_DEFAULT_REGION");
  const struct {
    const char *name;
    const char *value;
  } rows[] = {{"AWS_ACCESS_KEY_ID", issued->credentials.access_key_id},
              {"AWS_SECRET_ACCESS_KEY", snt_secret_borrow(issued->credentials.secret_key)},
              {"AWS_SESSION_TOKEN", snt_secret_borrow(issued->credentials.session_token)},
              {"AWS_CREDENTIAL_EXPIRATION", expires},
              {"SENTINEL_PROFILE", issued->profile},
              {"AWS_REGION", has_region ? NULL : issued->region},
              {"AWS_DEFAULT_REGION", has_region ? NULL : issued->region}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].value != NULL) {
      SNT_TRY(append_variable(strings, rows[i].name, rows[i].value, &environment[count++], err));
    }
  }
  environment[count] = NULL;
  return snt_done();
}

/* The program's path, found before anything is issued. */
static snt_status find_program(const char *name, char *out, size_t cap, struct snt_err *err) {
  const char *path = strchr(name, '/') != NULL ? "" : getenv("PATH");
  if (path == NULL) {
    path = "/usr/local/bin:/usr/bin:/bin";
  }
  for (const char *p = path;; p += strcspn(p, ":") + 1) {
    int len = (int)strcspn(p, ":");
    int used = strchr(name, '/') != NULL ? snprintf(out, cap, "%s", name)
                                         : snprintf(out, cap, "%.*s/%s", len == 0 ? 1 : len, len == 0 ? "." : p, name);
    if (used > 0 && (size_t)used < cap && access(out, X_OK) == 0) {
      return snt_done();
    }
    if (p[len] == '\0') {
      break;
    }
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%.200s: there is no such program", name));
  return snt_err_hint(err, "nothing was issued; check the name and PATH");
}

static snt_status become(const char *path, char **program, const struct snt_issued *issued, struct snt_err *err) {
  char **original = snt_process_environment();
  size_t total = 0;
  while (original[total] != NULL) {
    total++;
  }
  SNT_FREE_AUTO char **environment = calloc(total + 16, sizeof *environment);
  SNT_SECRET_AUTO struct snt_secret *strings = NULL;
  if (environment == NULL) {
    return snt_fail_memory(err);
  }
  size_t count = 0;
  for (size_t i = 0; i < total; i++) {
    if (!is_removed(original[i])) {
      environment[count++] = original[i];
    }
  }
  SNT_TRY(snt_secret_new((size_t)16 * 1024, &strings, err));
  SNT_TRY(set_variables(issued, environment, count, strings, err));
  snt_process_restore();
  (void)sigprocmask(SIG_SETMASK, &issued->signals, NULL);
  (void)execve(path, program, environment);
  return snt_fail(err, SNT_CODE_IO, "%.200s cannot be run: %s", path, strerror(errno));
}

snt_status snt_cmd_exec(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  (void)out;
  if (snt_args_has(args, SNT_OPTION_SERVER)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--server is not in this version"));
    return snt_err_hint(err, "leave it out: the program gets a session that ends by itself");
  }
  struct snt_issue_options options;
  SNT_TRY(snt_cli_issue_options(args, "cli", &options, err));
  static char plain_shell[] = "/bin/sh";
  char *shell = getenv("SHELL");
  char *shell_program[] = {shell == NULL || shell[0] == '\0' ? plain_shell : shell, NULL};
  bool has_program = args->program != NULL && args->program[0] != NULL;
  char **program = has_program ? args->program : shell_program;
  char path[4096];
  SNT_TRY(find_program(program[0], path, sizeof path, err));
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_issue(&options, &issued, err));
  return become(path, program, &issued, err);
}
