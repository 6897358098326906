/* who-can: a policy and an evaluator. The evaluator says who can get in; an ordinary evaluation, as `explain` makes it,
 * says so too, or nothing is said. Nothing here reaches AssumeRole. */
#include <string.h>

#include "issue/flow.h"

void snt_who_can_report_clear(struct snt_who_can_report *report) {
  snt_who_can_clear(&report->answer);
  snt_policy_clear(&report->policy);
  snt_buf_clear(&report->problems);
}

/* The policy, in force. Without a file it is asked for as always: by who runs this. */
static snt_status load(struct snt_flow *flow, struct snt_err *err) {
  SNT_TRY(snt_flow_open(flow, err));
  const char *text = snt_settings_text(flow->settings, SNT_SETTING_POLICY_SOURCE);
  struct snt_policy_source source = {0};
  SNT_TRY(snt_policy_source_parse(text, flow->options->profile, &source, err));
  if (source.origin == SNT_POLICY_ORIGIN_FILE) {
    SNT_TRY(snt_policy_read_file(source.path, false, &flow->policy, err));
    SNT_TRY(snt_flow_begin_policy(flow, err));
  } else {
    SNT_TRY(snt_flow_find_target(flow, err));
    SNT_TRY(snt_flow_find_policy(flow, err));
    SNT_TRY(snt_flow_find_credentials(flow, err));
    SNT_TRY(snt_flow_ask(flow, err));
  }
  SNT_TRY(snt_flow_link_policy(flow, err));
  return snt_evaluator_load_confirm(flow->evaluator, err);
}

static snt_status contradict(const struct snt_way *way, const char *what, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_EVALUATOR,
                      "the evaluator contradicts itself: rule \"%s\" was said to let %.200s in, %s", way->rule,
                      way->user, what));
  return snt_err_hint(err, "this is a bug; `sentinel explain` tells what is decided");
}

/* What plugins and functions would say is not known: such a way is told with what it rests on. */
static snt_status confirm(struct snt_flow *flow, const struct snt_way *way, struct snt_err *err) {
  const struct snt_request *request = &way->request;
  const char *role = request->role_arn == NULL ? "" : request->role_arn;
  if (!snt_manifest_binds(&flow->policy.manifest, request->profile, role)) {
    return contradict(way, "for a role that the bundle does not bind to the profile", err);
  }
  if (snt_json_count(way->assumed) > 0) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  SNT_TRY(snt_request_format(request, &text, err));
  struct snt_slice slice = {text.data, text.len};
  SNT_TRY(snt_evaluator_evaluate(flow->evaluator, slice, (struct snt_slice){0}, &reply, err));
  SNT_TRY(snt_decision_parse(snt_buf_borrow(&reply), reply.len, &decision, err));
  if (!snt_decision_allows(&decision) || strcmp(decision.rule, way->rule) != 0) {
    return contradict(way, "and an evaluation says otherwise", err);
  }
  return snt_done();
}

static snt_status ask(struct snt_flow *flow, struct snt_who_can_report *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf question = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(snt_who_can_ask(&out->question, &flow->policy.manifest, &question, err));
  SNT_TRY(snt_evaluator_who_can(flow->evaluator, &question, &reply, err));
  SNT_TRY(snt_who_can_parse(snt_buf_borrow(&reply), reply.len, &out->question, &out->answer, err));
  for (size_t i = 0; i < out->answer.count; i++) {
    SNT_TRY(confirm(flow, &out->answer.ways[i], err));
  }
  return snt_done();
}

snt_status snt_issue_who_can(const struct snt_who_can_options *options, struct snt_who_can_report *out,
                             struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_FLOW_AUTO struct snt_flow flow = {
      .options = &options->common, .stage = "config", .has_no_early_policy = true, .is_asked_often = true};
  snt_status status = load(&flow, err);
  if (snt_ok(status)) {
    out->question = (struct snt_who_can_question){
        .profile = options->common.profile,
        .time_ms = options->time_ms != 0 ? options->time_ms : snt_flow_now_ms(&flow),
        .is_ever = options->is_ever,
        .mode = options->common.mode,
    };
    status = ask(&flow, out, err);
  }
  out->policy = flow.policy;
  out->problems = flow.problems;
  flow.policy = (struct snt_policy){0}; /* ownership went to out */
  flow.problems = (struct snt_buf){0};
  return status;
}
