#include <stdio.h>
#include <string.h>

#include "issue/flow.h"

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
  return check_markers(flow, err);
}

snt_status snt_flow_decide(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "evaluate";
  flow->marker = "direct";
  struct snt_request request = {.user = flow->who,
                                .profile = flow->options->profile,
                                .role_arn = flow->target.role_arn,
                                .mode = flow->options->mode,
                                .time_ms = snt_flow_now_ms(flow),
                                .duration_s = flow->duration_s,
                                .justification = flow->options->justification};
  SNT_TRY(snt_request_format(&request, &flow->request, err));
  const char *separator = snt_settings_text(flow->settings, SNT_SETTING_SEPARATOR);
  SNT_TRY(snt_session_names_make(flow->who.user, flow->marker, flow->request_id, separator == NULL ? '=' : separator[0],
                                 &flow->names, err));
  return snt_flow_evaluate(flow, request.profile, request.role_arn, err);
}
