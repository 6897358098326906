#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/time.h"
#include "issue/flow_bundle.h"

/* The denial of a role that the bundle's targets do not give to the profile. */
static snt_status deny_target(struct snt_flow *flow, const char *profile, const char *role_arn, struct snt_err *err) {
  struct snt_decision *decision = &flow->decision;
  *decision = (struct snt_decision){.effect = SNT_EFFECT_DENY, .rule_index = -1, .error = SNT_DECISION_MISMATCH};
  (void)snprintf(decision->reason, sizeof decision->reason, "bundle \"%s\" does not bind profile \"%.128s\" to %.512s",
                 flow->policy.manifest.name, profile, role_arn);
  snt_evaluator_dismiss(flow->evaluator);
  return snt_buf_append_str(&decision->conditions, "[]", err);
}

/* A marker that the bundle does not permit is the word of an evaluator that says more than it may. */
static snt_status check_markers(const struct snt_flow *flow, struct snt_err *err) {
  if (!flow->policy.is_bundle || flow->policy.manifest.allows_emergency || !flow->decision.is_emergency) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "rule \"%s\" is marked emergency, which bundle \"%s\" does not permit", flow->decision.rule,
                      flow->policy.manifest.name));
  return snt_err_hint(err, "add emergency to the bundle's markers, or remove it from the rule");
}

/* What a copy may serve while no region has the policy. It is the worker's word, as the bundle's markers bound it. */
static bool is_for_emergency(const struct snt_decision *decision) {
  static const char condition[] = "\"break_glass\"";
  const struct snt_buf *conditions = &decision->conditions;
  return snt_decision_allows(decision) && (decision->is_emergency || memmem(snt_buf_borrow(conditions), conditions->len,
                                                                            condition, sizeof condition - 1) != NULL);
}

static snt_status check_staleness(struct snt_flow *flow, struct snt_err *err) {
  if (!flow->is_stale || is_for_emergency(&flow->decision)) {
    return snt_done();
  }
  flow->stage = "policy";
  const struct snt_err *outage = &flow->bundle->outage;
  SNT_IGNORE(snt_fail(err, outage->code, "no region has %s: %s", flow->policy.source, outage->message));
  return snt_err_hint(err, "%s%sa copy of %" PRId64 " min ago is there, and serves only rules for emergencies",
                      outage->hint, outage->hint[0] == '\0' ? "" : "; ", flow->policy_age_ms / 60000);
}

snt_status snt_flow_evaluate(struct snt_flow *flow, const char *profile, const char *role_arn, struct snt_err *err) {
  bool is_role_known = role_arn != NULL && role_arn[0] != '\0';
  if (is_role_known && !snt_manifest_binds(&flow->policy.manifest, profile, role_arn)) {
    return deny_target(flow, profile, role_arn, err);
  }
  SNT_TRY(snt_flow_link_policy(flow, err));
  flow->stage = "evaluate";
  struct snt_slice request = {flow->request.data, flow->request.len};
  SNT_TRY(snt_evaluator_evaluate_begin(flow->evaluator, request, (struct snt_slice){0}, err));
  if (flow->log != NULL) {
    snt_log_look_ahead(flow->log);
  }
  SNT_TRY(snt_flow_finish_evaluation(flow, request, err));
  snt_evaluator_dismiss(flow->evaluator);
  if (flow->is_to_remember) {
    snt_flow_remember_policy(flow);
    snt_flow_keep_policy(flow);
  }
  SNT_TRY(check_markers(flow, err));
  return check_staleness(flow, err);
}

/* What is known of a code, as more members of the request. Where AssumeRole is to carry one, the decision is about that
 * very call. */
static snt_status describe_mfa(struct snt_flow *flow, int64_t now_ms, struct snt_buf *out, struct snt_err *err) {
  flow->mfa_authenticated_at_ms = snt_flow_owes_code(flow) ? now_ms : flow->mfa_authenticated_at_ms;
  if (flow->mfa_authenticated_at_ms == 0) {
    return snt_done();
  }
  char time[32];
  snt_time_format(flow->mfa_authenticated_at_ms, false, time);
  return snt_buf_appendf(out, err, "\"mfa\":{\"authenticated_at\":\"%s\"}", time);
}

snt_status snt_flow_decide(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "evaluate";
  flow->marker = "direct";
  int64_t now_ms = snt_flow_now_ms(flow);
  flow->decided_at_ms = now_ms;
  SNT_BUF_AUTO struct snt_buf facts = {0};
  SNT_TRY(describe_mfa(flow, now_ms, &facts, err));
  struct snt_request request = {.user = flow->who,
                                .profile = flow->options->profile,
                                .role_arn = flow->target.role_arn,
                                .mode = flow->options->mode,
                                .time_ms = now_ms,
                                .duration_s = flow->duration_s,
                                .justification = flow->options->justification,
                                .facts = snt_buf_borrow(&facts)};
  SNT_TRY(snt_request_format(&request, &flow->request, err));
  const char *separator = snt_settings_text(flow->settings, SNT_SETTING_SEPARATOR);
  SNT_TRY(snt_session_names_make(flow->who.user, flow->marker, flow->request_id, separator == NULL ? '=' : separator[0],
                                 &flow->names, err));
  return snt_flow_evaluate(flow, request.profile, request.role_arn, err);
}
