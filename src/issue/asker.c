#include "issue/asker.h"

#include <string.h>

#include "base/file.h"
#include "issue/child.h"
#include "issue/flow.h"

/* What the child answers, for each fact; value_len bytes follow it. */
struct answer_head {
  enum snt_fact_status status;
  size_t value_len;
  char reason[sizeof((struct snt_fact *)NULL)->reason];
};

struct asking {
  const struct snt_asker_options *options;
  const struct snt_policy *policy;
  struct snt_fact *facts;
  size_t count;
  int64_t deadline_ms;
};

/* Where policy has to be signed, a bundle that is not is asked for nothing: it says who gets the secrets. */
static snt_status check_keys(const struct snt_settings *settings, struct snt_err *err) {
  return snt_settings_list(settings, SNT_SETTING_POLICY_KEYS) == NULL
             ? snt_done()
             : snt_fail(err, SNT_CODE_CONFIG_INVALID,
                        "policy.keys asks for signed policy, and nothing is recorded for what is not signed");
}

/* All of it, in the child. */
static snt_status ask_there(void *context, struct snt_err *err) {
  struct asking *asking = context;
  struct snt_issue_options common = {.config = asking->options->config, .backend = asking->options->backend};
  SNT_FLOW_AUTO struct snt_flow flow = {.options = &common, .stage = "config"};
  SNT_CLEANUP(snt_facts_source_clear) struct snt_facts_source source = {.policy = asking->policy};
  SNT_TRY(snt_flow_load_settings(&flow, err));
  SNT_TRY(check_keys(flow.settings, err));
  SNT_TRY(snt_environment_take(&flow.environment, err));
  snt_flow_open_facts(&flow, &source);
  const struct snt_fact_source asked = snt_facts_source_of(&source);
  return asked.fetch(asked.context, asking->facts, asking->count, asking->deadline_ms, err);
}

static snt_status send_answers(const void *context, int fd) {
  const struct asking *asking = context;
  for (size_t i = 0; i < asking->count; i++) {
    const struct snt_fact *fact = &asking->facts[i];
    struct answer_head head = {.status = fact->status, .value_len = fact->value.len};
    memcpy(head.reason, fact->reason, sizeof head.reason);
    SNT_TRY(snt_file_write_all(fd, &head, sizeof head, NULL));
    SNT_TRY(snt_file_write_all(fd, fact->value.data, fact->value.len, NULL));
  }
  return snt_done();
}

static snt_status receive_answer(int fd, struct snt_fact *fact) {
  struct answer_head head = {0};
  SNT_TRY(snt_child_read(fd, &head, sizeof head));
  SNT_TRY(snt_child_read_text(fd, head.value_len, SNT_POLICY_CAP, &fact->value));
  fact->status = head.status;
  head.reason[sizeof head.reason - 1] = '\0';
  memcpy(fact->reason, head.reason, sizeof fact->reason);
  return snt_done();
}

static snt_status receive_answers(void *context, int fd) {
  struct asking *asking = context;
  for (size_t i = 0; i < asking->count; i++) {
    SNT_TRY(receive_answer(fd, &asking->facts[i]));
  }
  return snt_done();
}

static snt_status ask(void *context, const struct snt_policy *policy, struct snt_fact *facts, size_t count,
                      int64_t deadline_ms, struct snt_err *err) {
  struct asking asking = {context, policy, facts, count, deadline_ms};
  const struct snt_child child = {.what = "asks for what is recorded",
                                  .context = &asking,
                                  .work = ask_there,
                                  .send = send_answers,
                                  .receive = receive_answers};
  return snt_child_run(&child, err);
}

struct snt_fact_asker snt_asker_of(const struct snt_asker_options *options) {
  return (struct snt_fact_asker){.context = (void *)options, .ask = ask};
}
