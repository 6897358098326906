#include "issue/parameter.h"

#include <string.h>

#include "base/file.h"
#include "issue/child.h"
#include "issue/flow.h"

/* What the child answers; text_len bytes follow it. */
struct answer_head {
  char region[sizeof((struct snt_policy *)NULL)->region];
  int64_t version;
  size_t text_len;
};

struct reading {
  const struct snt_issue_options *options;
  const struct snt_policy_source *source;
  struct snt_policy policy; /* in the child */
  struct answer_head head;  /* here, as text is */
  struct snt_buf text;
};

/* All of it, in the child. */
static snt_status read_there(void *context, struct snt_err *err) {
  struct reading *reading = context;
  SNT_FLOW_AUTO struct snt_flow flow = {.options = reading->options, .stage = "config", .source = *reading->source};
  SNT_TRY(snt_flow_load_settings(&flow, err));
  SNT_TRY(snt_environment_take(&flow.environment, err));
  SNT_TRY(snt_flow_find_caller(&flow, err));
  SNT_TRY(snt_flow_find_credentials(&flow, err));
  SNT_TRY(snt_flow_read_parameter(&flow, err));
  reading->policy = flow.policy;
  flow.policy = (struct snt_policy){0}; /* ownership went to reading */
  return snt_done();
}

static snt_status send_policy(const void *context, int fd) {
  const struct reading *reading = context;
  const struct snt_policy *policy = &reading->policy;
  struct answer_head head = {.version = policy->version, .text_len = policy->text.len};
  memcpy(head.region, policy->region, sizeof head.region);
  SNT_TRY(snt_file_write_all(fd, &head, sizeof head, NULL));
  return snt_file_write_all(fd, policy->text.data, policy->text.len, NULL);
}

static snt_status receive_policy(void *context, int fd) {
  struct reading *reading = context;
  struct answer_head *head = &reading->head;
  SNT_TRY(snt_child_read(fd, head, sizeof *head));
  head->region[sizeof head->region - 1] = '\0';
  return snt_child_read_text(fd, head->text_len, SNT_POLICY_CAP, &reading->text);
}

snt_status snt_parameter_read(const struct snt_issue_options *options, const struct snt_policy_source *source,
                              struct snt_policy *out, struct snt_err *err) {
  struct reading reading = {.options = options, .source = source};
  const struct snt_child child = {.what = "reads the policy",
                                  .context = &reading,
                                  .work = read_there,
                                  .send = send_policy,
                                  .receive = receive_policy};
  memset(out, 0, sizeof *out);
  snt_status status = snt_child_run(&child, err);
  if (snt_ok(status)) {
    struct snt_slice value = {snt_buf_borrow(&reading.text), reading.text.len};
    status = snt_policy_from_parameter(source->path, reading.head.region, reading.head.version, value, out, err);
  }
  snt_buf_clear(&reading.text);
  return status;
}
