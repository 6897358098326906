/* The product, from top to bottom.
 *
 * MUST
 *  1. (I1) reach STS only after a decision whose effect is exactly allow; every early return is a failure;
 *  2. (I2) put the decision record on the disk before STS is asked, and the issuance record before the caller, or the
 *     cache, gets one byte of the session;
 *  3. (I3) start the evaluator before any secret is read, and give it none;
 *  4. record what failed, without letting a record's failure turn into success. */
#include "issue/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "issue/flow.h"

enum { SESSION_MIN_S = 900, SESSION_CHAINED_MAX_S = 3600, ROLE_MAX_S = 3600 };

void snt_issued_clear(struct snt_issued *issued) { snt_aws_credentials_clear(&issued->credentials); }

/* Seconds until the rule's window closes: what was left counts from the decision's time, which had whole seconds. */
static int64_t window_left_s(const struct snt_flow *flow) {
  int64_t decided_at_s = flow->decided_at_ms / 1000;
  return decided_at_s + flow->decision.window_left_s - (snt_flow_now_ms(flow) + 999) / 1000;
}

static snt_status refuse_short(const struct snt_flow *flow, const struct snt_flow_grant *grant, struct snt_err *err) {
  if (strcmp(grant->clamped_by, "window") == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_DENIED,
                        "the window of rule \"%s\" closes in %lld s, and STS issues no session under %d s",
                        flow->decision.rule, (long long)grant->duration_s, SESSION_MIN_S));
    return snt_err_hint(err, "ask earlier, or when the window is open again");
  }
  bool is_bundle = strcmp(grant->clamped_by, "manifest") == 0;
  SNT_IGNORE(snt_fail(err, SNT_CODE_DENIED, "%s \"%s\" allows %lld s, and STS issues no session under %d s",
                      is_bundle ? "bundle" : "rule", is_bundle ? flow->policy.manifest.name : flow->decision.rule,
                      (long long)grant->duration_s, SESSION_MIN_S));
  return snt_err_hint(err, "the %s's max_duration has to be at least 15m", is_bundle ? "bundle" : "rule");
}

static void clamp(struct snt_flow_grant *grant, int64_t duration_s, const char *by) {
  grant->duration_s = duration_s;
  grant->clamped_by = by;
}

/* How long what is handed out is good. */
static int64_t life_s(const struct snt_flow_grant *grant) {
  return grant->lease_s > 0 ? grant->lease_s : grant->duration_s;
}

/* A session that has to end with the window is asked for with what is left of it by now. */
static snt_status shorten_to_window(const struct snt_flow *flow, struct snt_flow_grant *grant, struct snt_err *err) {
  int64_t left_s = flow->decision.window_left_s > 0 ? window_left_s(flow) : INT64_MAX;
  if (left_s < grant->duration_s) {
    clamp(grant, left_s, "window");
  }
  return grant->duration_s < SESSION_MIN_S ? refuse_short(flow, grant, err) : snt_done();
}

static snt_status bound_session(const struct snt_flow *flow, struct snt_flow_grant *out, struct snt_err *err) {
  *out = (struct snt_flow_grant){.duration_s = flow->duration_s, .clamped_by = "request"};
  const struct snt_decision *decision = &flow->decision;
  if (decision->max_duration_s > 0 && decision->max_duration_s < out->duration_s) {
    clamp(out, decision->max_duration_s, decision->ends_with_window ? "window" : "rule");
  }
  int64_t bundle_s = flow->policy.manifest.max_duration_s;
  if (bundle_s > 0 && bundle_s < out->duration_s) {
    clamp(out, bundle_s, "manifest");
  }
  bool is_chained = flow->base.session_token != NULL || strcmp(flow->who.kind, "user") != 0;
  if (is_chained && out->duration_s > SESSION_CHAINED_MAX_S) {
    clamp(out, SESSION_CHAINED_MAX_S, "chaining");
  }
  out->lease_s = decision->lease_s < out->duration_s ? decision->lease_s : 0;
  return out->duration_s < SESSION_MIN_S ? refuse_short(flow, out, err) : snt_done();
}

/* For what is told when it was the last. */
static void pass_over(struct snt_flow *flow, const struct snt_aws_call *call) {
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session none = {0};
  struct snt_err outage = {0};
  SNT_IGNORE(snt_sts_parse_assume_role(call, &none, &outage));
  snt_flow_pass_over(flow, &outage);
}

/* The region that said who asks comes first; those before it were down. A code goes out once. */
static snt_status send_assume_role(struct snt_flow *flow, const struct snt_sts_assume_role *parameters,
                                   struct snt_aws_call *call, struct snt_err *err) {
  snt_buf_reset(&flow->passed_over);
  for (size_t next = snt_flow_region_after(flow, flow->sts.region);; next++) {
    SNT_TRY(snt_flow_open_sts(flow, err));
    SNT_TRY(snt_sts_prepare_assume_role(call, &flow->sts, snt_flow_signer(flow), parameters, err));
    call->clock_offset_ms =
        snt_flow_now_ms(flow) - snt_clock_wall_ms(); /* a skewed clock needs no refusal to be noticed */
    struct snt_aws_call *const calls[] = {call};
    snt_flow_note_host(flow, &flow->sts, &flow->sts_from);
    SNT_TRY(snt_aws_perform(flow->client, calls, 1, err));
    flow->is_key_refused = snt_aws_call_is_key_refused(call);
    if (parameters->mfa_code != NULL || !snt_flow_is_down(call) || flow->regions[next] == NULL) {
      return snt_done();
    }
    pass_over(flow, call);
    snt_aws_call_clear(call);
    SNT_TRY(snt_aws_endpoint_of(&flow->target, "sts", flow->regions[next], &flow->sts, err));
  }
}

static snt_status take_answer(const struct snt_flow *flow, const struct snt_aws_call *call,
                              struct snt_sts_session *session, struct snt_err *err) {
  snt_status status = snt_sts_parse_assume_role(call, session, err);
  if (!snt_ok(status)) {
    snt_flow_tell_passed_over(flow, snt_flow_is_down(call), err);
  }
  return status;
}

/* The session is good until the lease ends, where it does so first. */
static snt_status end_with_lease(const struct snt_flow *flow, struct snt_flow_grant *grant, int64_t ends_at_ms,
                                 struct snt_aws_credentials *credentials, struct snt_err *err) {
  if (grant->lease_s == 0 || ends_at_ms >= credentials->expires_at_ms) {
    grant->lease_s = 0;
    return snt_done();
  }
  if (ends_at_ms <= snt_flow_now_ms(flow)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_DENIED, "the lease of rule \"%s\", %lld s, was over before the session was there",
                        flow->decision.rule, (long long)grant->lease_s));
    return snt_err_hint(err, "ask again; a lease of less than a minute is too short for slow networks");
  }
  credentials->expires_at_ms = ends_at_ms;
  return snt_done();
}

/* A role's maximum is at least an hour and can be known only from a refusal: then an hour is asked for, once. An MFA
 * code would not be accepted twice. */
static snt_status ask_sts(struct snt_flow *flow, struct snt_sts_assume_role *parameters, struct snt_flow_grant *grant,
                          struct snt_sts_session *session, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_TRY(send_assume_role(flow, parameters, &call, err));
  bool is_too_long = snt_sts_is_duration_refused(&call) && grant->duration_s > ROLE_MAX_S;
  if (!is_too_long || parameters->mfa_code != NULL) {
    return take_answer(flow, &call, session, err);
  }
  clamp(grant, ROLE_MAX_S, "role");
  SNT_TRY(shorten_to_window(flow, grant, err));
  parameters->duration_s = grant->duration_s;
  SNT_AWS_CALL_AUTO struct snt_aws_call shorter = {0};
  SNT_TRY(send_assume_role(flow, parameters, &shorter, err));
  return take_answer(flow, &shorter, session, err);
}

static snt_status assume_role(struct snt_flow *flow, struct snt_flow_grant *grant, struct snt_sts_session *session,
                              struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  if (flow->is_mfa_direct) {
    SNT_TRY(snt_flow_ask_code(flow, &code, err));
  }
  SNT_TRY(shorten_to_window(flow, grant, err));
  const struct snt_log_position *record = &flow->decision_record;
  SNT_BUF_AUTO struct snt_buf witness = {0};
  SNT_TRY(snt_buf_appendf(&witness, err, "%s.%lld.%s", record->chain, (long long)record->seq, record->sha256));
  int64_t lease_ends_at_ms = snt_flow_now_ms(flow) / 1000 * 1000 + grant->lease_s * 1000;
  char lease[SNT_STS_LEASE_CAP];
  snt_sts_format_lease(lease_ends_at_ms, lease);
  const struct snt_sts_tag tags[] = {{"SentinelSession", flow->names.session_id}, {"SentinelRecord", witness.data}};
  bool has_tags = !snt_settings_is(flow->settings, SNT_SETTING_TAGS, "off");
  struct snt_sts_assume_role parameters = {.role_arn = flow->target.role_arn,
                                           .role_session_name = flow->names.role_session_name,
                                           .source_identity = flow->names.source_identity,
                                           .external_id = flow->target.external_id,
                                           .duration_s = grant->duration_s,
                                           .mfa_serial = flow->is_mfa_direct ? flow->target.mfa_serial : NULL,
                                           .mfa_code = code == NULL ? NULL : snt_secret_borrow(code),
                                           .policy = grant->lease_s > 0 ? lease : NULL,
                                           .tags = tags,
                                           .tag_count = has_tags ? 2 : 0};
  SNT_TRY(ask_sts(flow, &parameters, grant, session, err));
  return end_with_lease(flow, grant, lease_ends_at_ms, &session->credentials, err);
}

/* From here a signal waits until the result is out; one that has come already is taken first. */
static void block_signals(sigset_t *previous) {
  sigset_t all;
  sigfillset(&all);
  (void)sigprocmask(SIG_BLOCK, &all, previous);
  sigset_t pending;
  bool is_ending =
      sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1 ||
                                    sigismember(&pending, SIGHUP) == 1 || sigismember(&pending, SIGQUIT) == 1);
  if (is_ending) {
    (void)sigprocmask(SIG_SETMASK, previous, NULL);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
  }
}

/* What the record that is about to be written makes true: from here on the caller gets the session. */
static snt_status hand_out(struct snt_issued *out, snt_status recorded, struct snt_aws_credentials *credentials) {
  if (!snt_ok(recorded)) {
    (void)sigprocmask(SIG_SETMASK, &out->signals, NULL);
    return recorded;
  }
  out->credentials = *credentials;
  *credentials = (struct snt_aws_credentials){0}; /* ownership went to out */
  return snt_done();
}

/* The decision is recorded before STS is asked; the session is kept only once its issuance is. */
static snt_status issue_new(struct snt_flow *flow, struct snt_flow_grant *grant, const char *name,
                            struct snt_issued *out, struct snt_err *err) {
  flow->stage = "sts";
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  snt_status status = assume_role(flow, grant, &session, err);
  if (status.code == SNT_CODE_AWS_REFUSED || status.code == SNT_CODE_LOGIN_REQUIRED) {
    snt_flow_forget_identity(flow); /* the key may be another's, or nobody's, by now */
  }
  SNT_TRY(status);
  flow->stage = "output";
  block_signals(&out->signals);
  status = snt_flow_record_issued(flow, grant, &session.credentials, err);
  if (snt_ok(status)) {
    snt_flow_keep_session(flow, name, grant, &session.credentials);
    snt_flow_keep_code(flow, life_s(grant));
  }
  out->lease_s = grant->lease_s;
  return hand_out(out, status, &session.credentials);
}

static snt_status issue_again(struct snt_flow *flow, struct snt_flow_grant *grant, struct snt_flow_session *session,
                              struct snt_issued *out, struct snt_err *err) {
  grant->lease_s = out->lease_s = session->lease_s;
  block_signals(&out->signals);
  return hand_out(out, snt_flow_record_reuse(flow, grant, session, err), &session->credentials);
}

/* Of many who ask for the same at once one asks STS; the others get the session, or the refusal, that it got. */
static snt_status issue_in_turn(struct snt_flow *flow, struct snt_flow_grant *grant, const char *name,
                                struct snt_issued *out, struct snt_err *err) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  SNT_CLEANUP(snt_flow_session_clear) struct snt_flow_session session = {0};
  /* A code is asked for by one at a time, also where nothing of it can be shared. */
  bool is_shared = snt_flow_shares_session(flow, flow->is_mfa_direct ? grant->duration_s : life_s(grant));
  snt_status waited = is_shared ? snt_flow_take_turn(flow, "session", name, &turn, err) : snt_done();
  /* Another may have kept one since it was looked for. */
  if (snt_ok(waited) && is_shared && snt_flow_find_session(flow, name, life_s(grant), &session)) {
    snt_turn_end(&turn);
    return issue_again(flow, grant, &session, out, err);
  }
  struct snt_err failure = turn.was_told ? turn.told : *err;
  SNT_TRY(snt_flow_record_decision(flow, err));
  if (!snt_ok(waited) || turn.was_told) {
    flow->stage = "sts";
    *err = failure;
    return (snt_status){failure.code};
  }
  snt_status status = issue_new(flow, grant, name, out, err);
  if (!snt_ok(status)) {
    snt_turn_tell(&turn, err);
  } else if (!flow->is_session_kept && !flow->is_mfa_direct) { /* a person is asked by one at a time */
    snt_turn_release(&turn);
  }
  return status;
}

static snt_status find_grant(const struct snt_flow *flow, struct snt_flow_grant *out, struct snt_err *err) {
  if (!snt_manifest_binds(&flow->policy.manifest, flow->options->profile, flow->target.role_arn)) {
    return snt_fail(err, SNT_CODE_DENIED, "denied: " SNT_DECISION_MISMATCH); /* it was looked at before, too */
  }
  return bound_session(flow, out, err);
}

static snt_status issue_session(struct snt_flow *flow, struct snt_issued *out, struct snt_err *err) {
  struct snt_flow_grant grant = {0};
  struct snt_err refusal = {0};
  if (!snt_ok(find_grant(flow, &grant, &refusal))) {
    SNT_TRY(snt_flow_record_decision(flow, err));
    flow->stage = "sts";
    *err = refusal;
    return (snt_status){refusal.code};
  }
  char name[SNT_CACHE_NAME_CAP];
  SNT_CLEANUP(snt_flow_session_clear) struct snt_flow_session session = {0};
  SNT_TRY(snt_flow_name_session(flow, name, err));
  return snt_flow_find_session(flow, name, life_s(&grant), &session) ? issue_again(flow, &grant, &session, out, err)
                                                                     : issue_in_turn(flow, &grant, name, out, err);
}

/* Whoever has configured nothing yet is told that first. */
static snt_status require_policy(const struct snt_flow *flow, struct snt_err *err) {
  const char *source = snt_settings_text(flow->settings, SNT_SETTING_POLICY_SOURCE);
  struct snt_policy_source none;
  return source != NULL && source[0] != '\0' ? snt_done()
                                             : snt_policy_source_parse(NULL, flow->options->profile, &none, err);
}

static snt_status run(struct snt_flow *flow, struct snt_issued *out, struct snt_err *err) {
  SNT_TRY(snt_flow_open(flow, err));
  SNT_TRY(require_policy(flow, err));
  SNT_TRY(snt_flow_find_target(flow, err));
  SNT_TRY(snt_aws_target_require_role(&flow->target, err));
  SNT_TRY(flow->look_ahead == NULL ? snt_done() : flow->look_ahead(flow, err));
  SNT_TRY(snt_flow_open_log(flow, err));
  SNT_TRY(snt_flow_find_policy(flow, err));
  SNT_TRY(snt_flow_find_credentials(flow, err));
  SNT_TRY(snt_flow_find_mfa(flow, err));
  SNT_TRY(snt_flow_ask_with_mfa(flow, err));
  SNT_TRY(snt_flow_decide(flow, err));
  if (!snt_decision_allows(&flow->decision)) {
    SNT_TRY(snt_flow_record_decision(flow, err));
    bool is_minimal = snt_settings_is(flow->settings, SNT_SETTING_DENY_VERBOSITY, "minimal");
    return snt_decision_refuse(&flow->decision, flow->options->profile, flow->request_id, is_minimal, err);
  }
  return issue_session(flow, out, err);
}

/* A build with sanitizers has a wider sandbox than the one that was promised. */
static snt_status check_build(struct snt_err *err) {
  if (SNT_SANITIZED && getenv("SENTINEL_TEST_SUITE") == NULL) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "a build with sanitizers issues no credentials outside its test suite");
  }
  return snt_done();
}

snt_status snt_flow_issue(struct snt_flow *flow, struct snt_issued *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_TRY(check_build(err));
  snt_status status = run(flow, out, err);
  bool is_decided = flow->decision_record.seq != 0 && !snt_decision_allows(&flow->decision);
  if (!snt_ok(status)) {
    snt_flow_forget_mfa(flow, err);
    if (snt_flow_renew_base(flow)) {
      SNT_IGNORE(snt_err_hint(err, "new base credentials were obtained: run it again"));
    }
    if (!is_decided) {
      snt_flow_record_failure(flow, err);
    }
    return status;
  }
  const char *region = flow->target.region[0] != '\0' ? flow->target.region : flow->sts.region;
  (void)snprintf(out->region, sizeof out->region, "%.63s", region);
  (void)snprintf(out->profile, sizeof out->profile, "%s", flow->options->profile);
  (void)snprintf(out->request_id, sizeof out->request_id, "%s", flow->request_id);
  return snt_done();
}

snt_status snt_issue(const struct snt_issue_options *options, struct snt_issued *out, struct snt_err *err) {
  bool is_for_sdk = strcmp(options->mode, "credential_process") == 0; /* the strictest waits a minute */
  SNT_FLOW_AUTO struct snt_flow flow = {
      .options = options, .began_at_ms = is_for_sdk ? snt_clock_boot_ms() : 0, .stage = "config", .has_caches = true};
  SNT_TRY(snt_flow_issue(&flow, out, err));
  if (strcmp(options->mode, "cli") == 0) {
    snt_http_client_close(&flow.client); /* its sockets and children are not the program's */
    snt_evaluator_close(&flow.evaluator);
  }
  return snt_done();
}
