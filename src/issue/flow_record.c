#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"
#include "base/clock.h"
#include "issue/flow_bundle.h"

enum { SKEW_MS = 60000 };

static const char *time_source(const struct snt_flow *flow) {
  static const char *const names[] = {
      [SNT_TIME_LOCAL] = "local", [SNT_TIME_STS] = "sts", [SNT_TIME_CACHED] = "sts-cached"};
  return names[flow->time_source];
}

static struct snt_slice slice_of(const struct snt_buf *buf) {
  return (struct snt_slice){snt_buf_borrow(buf), buf->len};
}

static struct snt_record_policy describe_policy(const struct snt_flow *flow) {
  return (struct snt_record_policy){.name = flow->policy.name,
                                    .source = flow->policy.source,
                                    .region = flow->policy.region,
                                    .sha256 = flow->policy.sha256,
                                    .version = flow->policy.version,
                                    .serial = flow->policy.manifest.serial,
                                    .installation = flow->bundle == NULL ? NULL : flow->bundle->pointer.installation,
                                    .signed_by = flow->bundle == NULL ? NULL : flow->bundle->signed_by,
                                    .stale_s = flow->policy_age_ms / 1000,
                                    .endpoint = flow->policy_from.host,
                                    .proxy = flow->policy_from.proxy};
}

/* How long a session is good by this decision: of a denial, not at all. */
static int64_t bound_of(const struct snt_flow *flow) {
  return flow->decision.effect == SNT_EFFECT_DENY
             ? 0
             : snt_manifest_bound(&flow->policy.manifest, snt_decision_life_s(&flow->decision));
}

static snt_status append(struct snt_flow *flow, const struct snt_buf *members, struct snt_log_position *position,
                         struct snt_err *err) {
  const struct snt_slice record = slice_of(members);
  return snt_log_append(flow->log, &record, 1, position, err);
}

static snt_status format_decision(struct snt_flow *flow, struct snt_buf *out, struct snt_err *err) {
  const struct snt_decision *decision = &flow->decision;
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
                                       .mfa_vouched_by = flow->mfa_authenticated_at_ms == 0 ? NULL
                                                         : flow->is_mfa_direct              ? "local"
                                                                                            : "aws",
                                       .facts = slice_of(&facts),
                                       .zones = slice_of(&zones),
                                       .base = flow->base.source,
                                       .base_hosts = snt_buf_borrow(&flow->base_hosts),
                                       .endpoint = flow->sts_from.host,
                                       .ca = snt_flow_name_ca(flow),
                                       .proxy = flow->sts_from.proxy,
                                       .config_layers = snt_settings_layers(flow->settings),
                                       .session_id = flow->names.session_id,
                                       .source_identity = flow->names.source_identity};
  return snt_record_format_decision(&record, out, err);
}

snt_status snt_flow_record_decision(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "log";
  SNT_BUF_AUTO struct snt_buf members = {0};
  SNT_TRY(format_decision(flow, &members, err));
  return append(flow, &members, &flow->decision_record, err);
}

static snt_status format_issued(const struct snt_flow *flow, const struct snt_flow_grant *grant,
                                const struct snt_aws_credentials *credentials, const char *reuse_of,
                                struct snt_buf *out, struct snt_err *err) {
  const struct snt_flow_host *asked = &flow->sts_from;
  struct snt_record_issued record = {.time_ms = snt_flow_now_ms(flow),
                                     .time_source = time_source(flow),
                                     .request_id = flow->request_id,
                                     .user = flow->who.user,
                                     .profile = flow->options->profile,
                                     .access_key_id = credentials->access_key_id,
                                     .role_arn = flow->target.role_arn,
                                     .expires_at_ms = credentials->expires_at_ms,
                                     .duration_s = grant->duration_s,
                                     .lease_s = grant->lease_s,
                                     .clamped_by = grant->clamped_by,
                                     .reuse_of = reuse_of,
                                     .endpoint = reuse_of == NULL ? asked->host : NULL,
                                     .ca = reuse_of == NULL ? snt_flow_name_ca(flow) : NULL,
                                     .proxy = reuse_of == NULL ? asked->proxy : NULL,
                                     .console = flow->console};
  return snt_record_format_issued(&record, out, err);
}

snt_status snt_flow_record_issued(struct snt_flow *flow, const struct snt_flow_grant *grant,
                                  const struct snt_aws_credentials *credentials, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf members = {0};
  struct snt_log_position position;
  SNT_TRY(format_issued(flow, grant, credentials, NULL, &members, err));
  return append(flow, &members, &position, err);
}

snt_status snt_flow_record_reuse(struct snt_flow *flow, const struct snt_flow_grant *grant,
                                 const struct snt_flow_session *session, struct snt_err *err) {
  flow->stage = "log";
  SNT_BUF_AUTO struct snt_buf decision = {0};
  SNT_BUF_AUTO struct snt_buf issued = {0};
  (void)snprintf(flow->names.session_id, sizeof flow->names.session_id, "%s", session->session_id);
  (void)snprintf(flow->names.source_identity, sizeof flow->names.source_identity, "%s", session->source_identity);
  SNT_TRY(format_decision(flow, &decision, err));
  SNT_TRY(format_issued(flow, grant, &session->credentials, session->request_id, &issued, err));
  const struct snt_slice records[] = {slice_of(&decision), slice_of(&issued)};
  return snt_log_append(flow->log, records, 2, &flow->decision_record, err);
}

/* What got no decision may have gone elsewhere, too: a token to a host that a hostile environment names. Where STS was
 * asked for base credentials only, it is among their hosts. */
static void describe_way(const struct snt_flow *flow, struct snt_flow_host *asked, struct snt_record_failed *out) {
  *asked = flow->sts_from;
  if (asked->host[0] == '\0' && flow->client != NULL) {
    snt_flow_note_host(flow, flow->sts.url[0] != '\0' ? &flow->sts : &flow->base_service, asked);
  }
  bool has_asked = flow->client != NULL || asked->host[0] != '\0';
  out->base_hosts = snt_buf_borrow(&flow->base_hosts);
  out->endpoint = flow->sts_from.host[0] != '\0' || flow->sts.url[0] != '\0' ? asked->host : NULL;
  out->ca = has_asked ? snt_flow_name_ca(flow) : NULL;
  out->proxy = asked->proxy;
}

/* Where the policy was looked for; without memory for it, nothing is told. */
static void describe_place(const struct snt_flow *flow, struct snt_buf *source, struct snt_record_failed *out) {
  bool is_known = flow->source.origin != SNT_POLICY_ORIGIN_NONE;
  const char *origin = flow->source.origin == SNT_POLICY_ORIGIN_SSM ? "ssm" : "file";
  if (is_known && snt_ok(snt_buf_appendf(source, NULL, "%s:%s", origin, flow->source.path))) {
    out->policy = (struct snt_record_policy){.source = source->data,
                                             .region = flow->policy_from.region,
                                             .endpoint = flow->policy_from.host,
                                             .proxy = flow->policy_from.proxy};
  }
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
  struct snt_flow_host asked;
  SNT_BUF_AUTO struct snt_buf source = {0};
  describe_way(flow, &asked, &record);
  describe_place(flow, &source, &record);
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
