#include "issue/asker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "issue/flow.h"

/* A child that hangs is ended by its own alarm. */
enum { CHILD_LIMIT_S = 90, EXIT_UNWRITTEN = 3 };

/* What the child says first: one program wrote and reads it. A struct snt_answer_head for each fact follows, with
 * value_len bytes behind it. */
struct outcome {
  snt_status status;
  struct snt_err err;
};
struct answer_head {
  enum snt_fact_status status;
  size_t value_len;
  char reason[sizeof((struct snt_fact *)NULL)->reason];
};

/* Where policy has to be signed, a bundle that is not is asked for nothing: it says who gets the secrets. */
static snt_status check_keys(const struct snt_settings *settings, struct snt_err *err) {
  return snt_settings_list(settings, SNT_SETTING_POLICY_KEYS) == NULL
             ? snt_done()
             : snt_fail(err, SNT_CODE_CONFIG_INVALID,
                        "policy.keys asks for signed policy, and nothing is recorded for what is not signed");
}

/* All of it, in the child. */
static snt_status ask_here(const struct snt_asker_options *options, const struct snt_policy *policy,
                           struct snt_fact *facts, size_t count, int64_t deadline_ms, struct snt_err *err) {
  struct snt_issue_options common = {.config = options->config, .backend = options->backend};
  SNT_FLOW_AUTO struct snt_flow flow = {.options = &common, .stage = "config"};
  SNT_CLEANUP(snt_facts_source_clear) struct snt_facts_source source = {.policy = policy};
  SNT_TRY(snt_flow_load_settings(&flow, err));
  SNT_TRY(check_keys(flow.settings, err));
  SNT_TRY(snt_environment_take(&flow.environment, err));
  snt_flow_open_facts(&flow, &source);
  const struct snt_fact_source asked = snt_facts_source_of(&source);
  return asked.fetch(asked.context, facts, count, deadline_ms, err);
}

static snt_status write_answers(int fd, const struct outcome *outcome, const struct snt_fact *facts, size_t count) {
  SNT_TRY(snt_file_write_all(fd, outcome, sizeof *outcome, NULL));
  for (size_t i = 0; i < count; i++) {
    struct answer_head head = {.status = facts[i].status, .value_len = facts[i].value.len};
    memcpy(head.reason, facts[i].reason, sizeof head.reason);
    SNT_TRY(snt_file_write_all(fd, &head, sizeof head, NULL));
    SNT_TRY(snt_file_write_all(fd, facts[i].value.data, facts[i].value.len, NULL));
  }
  return snt_done();
}

static _Noreturn void be_child(const struct snt_asker_options *options, const struct snt_policy *policy,
                               struct snt_fact *facts, size_t count, int64_t deadline_ms, int fd) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)alarm(CHILD_LIMIT_S);
  struct outcome outcome = {0};
  outcome.status = ask_here(options, policy, facts, count, deadline_ms, &outcome.err);
  _exit(snt_ok(write_answers(fd, &outcome, facts, count)) ? 0 : EXIT_UNWRITTEN);
}

static bool read_all(int fd, void *data, size_t len) {
  char *at = data;
  while (len > 0) {
    ssize_t got = read(fd, at, len);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return false;
    }
    at += got > 0 ? got : 0;
    len -= got > 0 ? (size_t)got : 0;
  }
  return true;
}

static bool read_answer(int fd, struct snt_fact *fact) {
  struct answer_head head = {0};
  if (!read_all(fd, &head, sizeof head) || head.value_len > SNT_POLICY_CAP ||
      !snt_ok(snt_buf_reserve(&fact->value, head.value_len, NULL)) || !read_all(fd, fact->value.data, head.value_len)) {
    return false;
  }
  fact->value.len = head.value_len;
  fact->value.data[head.value_len] = '\0';
  fact->status = head.status;
  memcpy(fact->reason, head.reason, sizeof fact->reason);
  return true;
}

static snt_status read_answers(int fd, struct snt_fact *facts, size_t count, struct snt_err *err) {
  struct outcome outcome = {0};
  bool is_whole = read_all(fd, &outcome, sizeof outcome);
  if (is_whole && !snt_ok(outcome.status)) {
    return snt_fail(err, outcome.status.code, "%s", outcome.err.message);
  }
  for (size_t i = 0; is_whole && i < count; i++) {
    is_whole = read_answer(fd, &facts[i]);
  }
  return is_whole ? snt_done() : snt_fail(err, SNT_CODE_IO, "the process that asks for what is recorded ended early");
}

static snt_status ask(void *context, const struct snt_policy *policy, struct snt_fact *facts, size_t count,
                      int64_t deadline_ms, struct snt_err *err) {
  SNT_FD_AUTO int from = -1;
  int ends[2];
  if (pipe(ends) != 0) {
    return snt_fail(err, SNT_CODE_IO, "no pipe can be made: %s", strerror(errno));
  }
  from = ends[0];
  pid_t child = fork();
  if (child == 0) {
    be_child(context, policy, facts, count, deadline_ms, ends[1]);
  }
  (void)close(ends[1]);
  if (child < 0) {
    return snt_fail(err, SNT_CODE_IO, "no process can be started: %s", strerror(errno));
  }
  snt_status status = read_answers(from, facts, count, err);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
  }
  return status;
}

struct snt_fact_asker snt_asker_of(const struct snt_asker_options *options) {
  return (struct snt_fact_asker){.context = (void *)options, .ask = ask};
}
