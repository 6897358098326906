/* Keys that another tool prints: the credential_process of a profile that keys are taken from (AWS SDKs and Tools
 * Reference Guide, "Process credential provider").
 *
 * MUST
 *  1. never run the credential_process of the very profile that was asked for, and end a chain of programs that comes
 *     back to a profile;
 *  2. no shell; no secret that was taken out of our environment in the program's;
 *  3. what it prints goes into a secret, and no message holds any of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/base_sources.h"
#include "aws/json_credentials.h"
#include "base/clock.h"
#include "base/exchange.h"
#include "base/helper.h"
#include "base/process.h"
#include "base/words.h"

/* The profiles whose programs run, of which this one may be one: "corp,root". */
#define RUNNING "SENTINEL_CREDENTIAL_PROCESS"

enum { LIFE_MS = 50000, ANSWER_CAP = 64 * 1024, PATH_CAP = 4096, RUNNING_MAX = 8 };

/* What the program does not get: the secrets, of which nothing but the names is left, and ours of the one above it. */
static const char *const WITHHELD[] = {"AWS_ACCESS_KEY_ID",
                                       "AWS_SECRET_ACCESS_KEY",
                                       "AWS_SESSION_TOKEN",
                                       "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                       "SENTINEL_FILE_PASSPHRASE",
                                       RUNNING,
                                       NULL};

struct environment {
  struct snt_buf running; /* "SENTINEL_CREDENTIAL_PROCESS=corp" */
  char **list;            /* ends with NULL; but for running the strings are our own environment's */
};

static void clear_environment(struct environment *environment) {
  snt_buf_clear(&environment->running);
  free(environment->list);
}

static snt_status fail_loop(const char *running, const char *profile, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf chain = {0};
  for (const char *p = running; *p != '\0'; p++) {
    SNT_TRY(*p == ',' ? snt_buf_append_str(&chain, " -> ", err) : snt_buf_append_char(&chain, *p, err));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                      "the credential_process of a profile asks for its own keys: %s -> %s", snt_buf_borrow(&chain),
                      profile));
  return snt_err_hint(err, "point source_profile at a profile with keys, or store a key: sentinel add %s", profile);
}

/* Fails when the profile's program runs already, and this one was started by it. */
static snt_status note_running(const char *profile, struct snt_buf *out, struct snt_err *err) {
  const char *running = getenv(RUNNING);
  running = running == NULL ? "" : running;
  size_t count = 0;
  for (const char *p = running; *p != '\0'; count++) {
    size_t len = strcspn(p, ",");
    if (count == RUNNING_MAX || (len == strlen(profile) && strncmp(p, profile, len) == 0)) {
      return fail_loop(running, profile, err);
    }
    p += len + (p[len] == ',' ? 1 : 0);
  }
  return snt_buf_appendf(out, err, RUNNING "=%s%s%s", running, running[0] == '\0' ? "" : ",", profile);
}

static snt_status build_environment(const char *profile, struct environment *out, struct snt_err *err) {
  SNT_TRY(note_running(profile, &out->running, err));
  char **first = snt_process_environment();
  size_t count = 0;
  while (first != NULL && first[count] != NULL) {
    count++;
  }
  out->list = calloc(count + 2, sizeof *out->list);
  if (out->list == NULL) {
    return snt_fail_memory(err);
  }
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (!snt_process_is_variable(first[i], WITHHELD)) {
      out->list[kept++] = first[i];
    }
  }
  out->list[kept] = out->running.data;
  return snt_done();
}

static snt_status find_program(const char *name, const char *profile, char out[static PATH_CAP], struct snt_err *err) {
  bool has_path = strchr(name, '/') != NULL;
  if (name[0] == '/' && strlen(name) < PATH_CAP) {
    (void)snprintf(out, PATH_CAP, "%s", name);
    return snt_done();
  }
  if (!has_path && snt_helper_find(name, out, PATH_CAP)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                      "the credential_process of profile \"%s\" cannot be run: %s \"%.200s\"", profile,
                      has_path ? "there is no absolute path in" : "there is no program", name));
  return snt_err_hint(err, "name it by its whole path; no shell runs it: what needs one is written as sh -c '...'");
}

static snt_status take_answer(const struct snt_exchange_answer *answer, const char *profile,
                              struct snt_aws_credentials *out, struct snt_err *err) {
  static const struct snt_aws_json_shape shape = {.token = "SessionToken", .version = "Version"};
  if (answer->exit_status != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS,
                        "the credential_process of profile \"%s\" ended with status %d%s%s", profile,
                        answer->exit_status, answer->complaint[0] == '\0' ? "" : ": ", answer->complaint));
    return snt_err_hint(err, "run it by hand to see what it needs: aws configure get credential_process --profile %s",
                        profile);
  }
  char what[400];
  (void)snprintf(what, sizeof what, "the answer of the credential_process of profile \"%s\"", profile);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_err inner = {0};
  snt_status status =
      snt_json_parse(snt_secret_borrow(answer->output), snt_secret_len(answer->output), what, &doc, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, status.code == SNT_CODE_NO_MEMORY ? status.code : SNT_CODE_ANSWER_INVALID, "%s",
                    inner.message);
  }
  return snt_aws_json_credentials_parse(snt_json_root(doc), &shape, what, out, err);
}

static snt_status run(const struct snt_aws_search *search, const char *profile, const struct snt_words *words,
                      struct snt_exchange_answer *answer, struct snt_err *err) {
  SNT_CLEANUP(clear_environment) struct environment environment = {0};
  char path[PATH_CAP];
  SNT_TRY(find_program(words->list[0], profile, path, err));
  SNT_TRY(build_environment(profile, &environment, err));
  const struct snt_exchange exchange = {.path = path,
                                        .argv = words->list,
                                        .environment = environment.list,
                                        .end_ms =
                                            search->end_ms != 0 ? search->end_ms : snt_clock_monotonic_ms() + LIFE_MS,
                                        .cap = ANSWER_CAP};
  struct snt_err inner = {0};
  snt_status status = snt_exchange_run(&exchange, answer, &inner);
  if (snt_ok(status)) {
    return status;
  }
  /* An answer that is too long is none; a program that cannot be started gives no keys. */
  enum snt_code code = status.code == SNT_CODE_ACTION_REQUIRED ? SNT_CODE_ANSWER_INVALID
                       : status.code == SNT_CODE_IO            ? SNT_CODE_NO_CREDENTIALS
                                                               : status.code;
  SNT_IGNORE(snt_fail(err, code, "the credential_process of profile \"%s\": %s", profile, inner.message));
  return snt_err_hint(err, "see credential_process in [profile %s] of ~/.aws/config", profile);
}

snt_status snt_aws_source_process(const struct snt_aws_search *search, const char *profile,
                                  struct snt_aws_credentials *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  const char *line = snt_aws_profile_get(search->target->config, profile, "credential_process");
  if (line == NULL || line[0] == '\0') {
    return snt_fail(err, SNT_CODE_NO_CREDENTIALS, "profile \"%s\" has no credential_process", profile);
  }
  if (strcmp(profile, search->target->profile) == 0) {
    return snt_fail(err, SNT_CODE_NO_CREDENTIALS, "the credential_process of \"%s\", the profile asked for, is not run",
                    profile);
  }
  SNT_WORDS_AUTO struct snt_words words = {0};
  struct snt_err inner = {0};
  snt_status status = snt_words_split(line, &words, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, status.code == SNT_CODE_NO_MEMORY ? status.code : SNT_CODE_PROFILE_INVALID,
                    "the credential_process of profile \"%s\": %s", profile, inner.message);
  }
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  SNT_TRY(run(search, profile, &words, &answer, err));
  SNT_TRY(take_answer(&answer, profile, out, err));
  (void)snprintf(out->source, sizeof out->source, "credential_process of profile \"%.200s\"", profile);
  return snt_done();
}
