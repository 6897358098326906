#include "issue/parameter.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "issue/child.h"
#include "issue/flow_bundle.h"
#include "policy/pack.h"

/* What the child answers; text_len bytes follow it: a bare policy's text, or a packed bundle. */
struct answer_head {
  char region[sizeof((struct snt_policy *)NULL)->region];
  int64_t version;
  bool is_packed;
  size_t text_len;
};

struct reading {
  const struct snt_issue_options *options;
  const struct snt_policy_source *source;
  struct answer_head head;
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
  const struct snt_buf *text = flow.bundle == NULL ? &flow.policy.text : &flow.bundle->packed;
  reading->head =
      (struct answer_head){.version = flow.policy.version, .is_packed = flow.bundle != NULL, .text_len = text->len};
  memcpy(reading->head.region, flow.policy.region, sizeof reading->head.region);
  return snt_buf_append(&reading->text, snt_buf_borrow(text), text->len, err);
}

static snt_status send_policy(const void *context, int fd) {
  const struct reading *reading = context;
  SNT_TRY(snt_file_write_all(fd, &reading->head, sizeof reading->head, NULL));
  return snt_file_write_all(fd, reading->text.data, reading->text.len, NULL);
}

static snt_status receive_policy(void *context, int fd) {
  struct reading *reading = context;
  struct answer_head *head = &reading->head;
  SNT_TRY(snt_child_read(fd, head, sizeof *head));
  head->region[sizeof head->region - 1] = '\0';
  return snt_child_read_text(fd, head->text_len, SNT_PACKED_CAP, &reading->text);
}

/* The child has verified it; what it means is for the evaluators. */
static snt_status take_policy(const struct reading *reading, struct snt_policy *out, struct snt_err *err) {
  const char *name = reading->source->path;
  struct snt_slice text = {snt_buf_borrow(&reading->text), reading->text.len};
  char source[sizeof out->source];
  if (!reading->head.is_packed) {
    return snt_policy_from_parameter(name, reading->head.region, reading->head.version, text, out, err);
  }
  (void)snprintf(source, sizeof source, "ssm:%s", name);
  SNT_TRY(snt_policy_from_packed(source, text, out, err));
  out->version = reading->head.version;
  memcpy(out->region, reading->head.region, sizeof out->region);
  return snt_done();
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
    status = take_policy(&reading, out, err);
  }
  snt_buf_clear(&reading.text);
  return status;
}
