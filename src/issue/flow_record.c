#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/clock.h"
#include "issue/flow.h"

enum { SKEW_MS = 60000 };

static const char *time_source(const struct snt_flow *flow) { return flow->server_time_ms == 0 ? "local" : "sts"; }

static struct snt_slice slice_of(const struct snt_buf *buf) {
  return (struct snt_slice){snt_buf_borrow(buf), buf->len};
}

static struct snt_record_policy describe_policy(const struct snt_flow *flow) {
  return (struct snt_record_policy){.name = flow->policy.name,
                                    .source = flow->policy.source,
                                    .region = flow->policy.region,
                                    .sha256 = flow->policy.sha256,
                                    .version = flow->policy.version,
                                    .serial = flow->policy.manifest.serial};
}

/* How long a session may be by this decision: of a denial, not at all. */
static int64_t bound_of(const struct snt_flow *flow) {
  return flow->decision.effect == SNT_EFFECT_DENY
             ? 0
             : snt_manifest_bound(&flow->policy.manifest, flow->decision.max_duration_s);
}

static snt_status append(struct snt_flow *flow, const struct snt_buf *members, struct snt_log_position *position,
                         struct snt_err *err) {
  const struct snt_slice record = slice_of(members);
  return snt_log_append(flow->log, &record, 1, position, err);
}

snt_status snt_flow_record_decision(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "log";
  const struct snt_decision *decision = &flow->decision;
  char proxy[512] = "";
  SNT_TRY(snt_http_proxy_for(flow->client, flow->sts.url, proxy, sizeof proxy, err));
  SNT_BUF_AUTO struct snt_buf zones = {0};
  SNT_BUF_AUTO struct snt_buf facts = {0};
  SNT_TRY(snt_evaluator_dump_zones(flow->evaluator, &zones, err));
  SNT_TRY(snt_facts_dump(&flow->facts, &facts, err));
  int64_t now_ms = snt_flow_now_ms(flow);
  int64_t local_ms = snt_clock_wall_ms();
  bool is_skewed = llabs((long long)(local_ms - now_ms)) > SKEW_MS;
  struct snt_record_decision record = {.time_ms = now_ms,
                                       .time_source = time_source(flow),
                                       .local_time_ms = is_skewed ? local_ms : 0,
                                       .request_id = flow->request_id,
                                       .user = flow->who.user,
                                       .profile = flow->options->profile,
                                       .request = slice_of(&flow->request),
                                       .effect = snt_effect_name(decision->effect),
                                       .rule = decision->rule,
                                       .rule_index = decision->rule_index,
                                       .reason = decision->reason,
                                       .error = decision->error,
                                       .conditions = slice_of(&decision->conditions),
                                       .justification = flow->options->justification,
                                       .duration_s = flow->duration_s,
                                       .max_duration_s = bound_of(flow),
                                       .policy = describe_policy(flow),
                                       .facts = slice_of(&facts),
                                       .zones = slice_of(&zones),
                                       .endpoint = flow->sts.host,
                                       .ca = snt_http_ca_source(flow->client),
                                       .proxy = proxy,
                                       .config_layers = snt_settings_layers(flow->settings),
                                       .session_id = flow->names.session_id,
                                       .source_identity = flow->names.source_identity};
  SNT_BUF_AUTO struct snt_buf members = {0};
  SNT_TRY(snt_record_format_decision(&record, &members, err));
  return append(flow, &members, &flow->decision_record, err);
}

snt_status snt_flow_record_issued(struct snt_flow *flow, const struct snt_sts_session *session, int64_t duration_s,
                                  const char *clamped_by, struct snt_err *err) {
  struct snt_record_issued record = {.time_ms = snt_flow_now_ms(flow),
                                     .time_source = time_source(flow),
                                     .request_id = flow->request_id,
                                     .user = flow->who.user,
                                     .profile = flow->options->profile,
                                     .access_key_id = session->credentials.access_key_id,
                                     .role_arn = flow->target.role_arn,
                                     .expires_at_ms = session->credentials.expires_at_ms,
                                     .duration_s = duration_s,
                                     .clamped_by = clamped_by};
  SNT_BUF_AUTO struct snt_buf members = {0};
  SNT_TRY(snt_record_format_issued(&record, &members, err));
  struct snt_log_position position;
  return append(flow, &members, &position, err);
}

void snt_flow_record_failure(struct snt_flow *flow, struct snt_err *err) {
  struct snt_err failure = {0};
  const char *stage = flow->stage; /* opening the log is one of its own */
  if (err->code == SNT_CODE_USAGE || flow->settings == NULL || strcmp(stage, "log") == 0) {
    return;
  }
  snt_evaluator_dismiss(flow->evaluator);
  if (flow->log == NULL && !snt_ok(snt_flow_open_log(flow, &failure))) {
    return;
  }
  struct snt_record_failed record = {.time_ms = snt_flow_now_ms(flow),
                                     .time_source = time_source(flow),
                                     .request_id = flow->request_id,
                                     .user = flow->who.user,
                                     .profile = flow->options->profile,
                                     .stage = stage,
                                     .code = snt_code_name(err->code),
                                     .message = err->message};
  SNT_BUF_AUTO struct snt_buf members = {0};
  struct snt_log_position position;
  snt_status status = snt_record_format_failed(&record, &members, &failure);
  if (snt_ok(status)) {
    status = append(flow, &members, &position, &failure);
  }
  if (!snt_ok(status)) {
    size_t used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof err->message - used, " (not recorded: %.200s)", failure.message);
  }
}
