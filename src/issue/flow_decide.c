#include <string.h>

#include "issue/flow.h"

snt_status snt_flow_evaluate(struct snt_flow *flow, struct snt_err *err) {
  SNT_TRY(snt_flow_link_policy(flow, err));
  flow->stage = "evaluate";
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(snt_evaluator_evaluate_begin(flow->evaluator, flow->request.data, flow->request.len, err));
  if (flow->log != NULL) {
    snt_log_look_ahead(flow->log);
  }
  SNT_TRY(snt_evaluator_evaluate_finish(flow->evaluator, &reply, err));
  snt_evaluator_dismiss(flow->evaluator);
  if (flow->is_to_remember) {
    snt_flow_remember_policy(flow);
  }
  return snt_decision_parse(snt_buf_borrow(&reply), reply.len, &flow->decision, err);
}

snt_status snt_flow_decide(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "evaluate";
  struct snt_request request = {.user = flow->who,
                                .profile = flow->options->profile,
                                .role_arn = flow->target.role_arn,
                                .mode = flow->options->mode,
                                .time_ms = snt_flow_now_ms(flow),
                                .duration_s = flow->duration_s,
                                .justification = flow->options->justification};
  SNT_TRY(snt_request_format(&request, &flow->request, err));
  const char *separator = snt_settings_text(flow->settings, SNT_SETTING_SEPARATOR);
  SNT_TRY(snt_session_names_make(flow->who.user, "direct", flow->request_id, separator == NULL ? '=' : separator[0],
                                 &flow->names, err));
  return snt_flow_evaluate(flow, err);
}
