#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "issue/flow_bundle.h"

static snt_status accept_caller(struct snt_flow *flow, const struct snt_aws_call *call, struct snt_err *err) {
  flow->stage = "identity";
  struct snt_sts_caller caller = {0};
  SNT_TRY(snt_sts_parse_get_caller_identity(call, &caller, err));
  const char *const *accounts = snt_settings_list(flow->settings, SNT_SETTING_IDENTITY_ACCOUNTS);
  SNT_TRY(snt_aws_identity_parse(caller.arn, accounts, &flow->who, err));
  flow->time_source = SNT_TIME_STS;
  flow->server_time_ms = caller.date_ms;
  flow->server_boot_ms = snt_clock_boot_ms() - (snt_clock_monotonic_ms() - caller.received_at_ms);
  snt_flow_remember_identity(flow);
  return snt_done();
}

bool snt_flow_is_down(const struct snt_aws_call *call) {
  return snt_aws_call_is_outage(call) || snt_aws_call_is_throttled(call);
}

/* A region that is asked because an earlier one was down has to serve what was seen last. */
static snt_status check_fallback(const struct snt_flow *flow, const char *region, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_flow_state_folder(flow, &folder, err));
  if (snt_policy_was_seen(folder.data, &flow->policy)) {
    return snt_done();
  }
  if (!snt_policy_has_seen(folder.data, &flow->policy)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NETWORK, "%s in %s is not signed, and was never seen here from an earlier region",
                        flow->policy.source, region));
    return snt_err_hint(err, "run it again once an earlier region answers, or sign the policy (policy.keys): a signed "
                             "bundle is taken from any region");
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_NETWORK, "%s in %s is not the policy last seen from an earlier region",
                      flow->policy.source, region));
  return snt_err_hint(err, "wait for the first region, or store the same policy in all regions");
}

/* A bundle's parts are asked for where its pointer was. */
static snt_status take_parameter(struct snt_flow *flow, const struct snt_aws_call *call, bool *is_outage,
                                 struct snt_err *err) {
  flow->stage = "policy";
  SNT_CLEANUP(snt_ssm_parameter_clear) struct snt_ssm_parameter parameter = {0};
  SNT_TRY(snt_ssm_parse_get_parameter(call, &parameter, err));
  const struct snt_flow_value value = {.text = {snt_buf_borrow(&parameter.value), parameter.value.len},
                                       .region = call->endpoint.region,
                                       .version = parameter.version,
                                       .modified_ms = parameter.modified_ms};
  if (snt_pointer_is_one(value.text)) {
    return snt_flow_take_pointer(flow, &value, false, is_outage, err);
  }
  snt_flow_bundle_free(&flow->bundle);
  SNT_TRY(snt_policy_from_parameter(flow->source.path, value.region, value.version, value.text, &flow->policy, err));
  return snt_flow_check_unsigned(flow, err);
}

/* What a region that is asked because an earlier one was down has to serve: signed bundles have a floor. */
static bool is_bound_to_last(const struct snt_flow *flow) {
  return flow->bundle == NULL || flow->bundle->keys.count == 0;
}

static snt_status accept_policy(struct snt_flow *flow, const struct snt_aws_call *call, bool is_fallback,
                                bool *is_outage, struct snt_err *err) {
  SNT_TRY(take_parameter(flow, call, is_outage, err));
  if (is_fallback && flow->log != NULL && is_bound_to_last(flow)) {
    SNT_TRY(check_fallback(flow, call->endpoint.region, err));
  }
  flow->is_to_remember = !is_fallback;
  return snt_flow_begin_policy(flow, err);
}

/* The policy as soon as it is there: the evaluator reads it while the identity is awaited. */
struct arrival {
  struct snt_flow *flow;
  bool has_come;
  snt_status status;
  struct snt_err err;
};

/* A bundle is not taken here: whether it is valid is a matter of time, which comes with the identity. */
static void take_policy(void *context, const struct snt_aws_call *call) {
  static const char mark[] = "sentinel_pointer";
  struct arrival *arrival = context;
  const struct snt_secret *body = call->response.body;
  bool is_outage = false;
  if (memmem(snt_secret_borrow(body), snt_secret_len(body), mark, sizeof mark - 1) == NULL) {
    arrival->has_come = true;
    arrival->status = accept_policy(arrival->flow, call, false, &is_outage, &arrival->err);
  }
}

static snt_status accept_awaited_policy(struct snt_flow *flow, const struct snt_aws_call *policy, bool is_fallback,
                                        const struct arrival *arrival, bool *is_outage, struct snt_err *err) {
  if (!arrival->has_come) {
    return accept_policy(flow, policy, is_fallback, is_outage, err);
  }
  flow->stage = "policy";
  if (!snt_ok(arrival->status)) {
    *err = arrival->err;
  }
  return arrival->status;
}

static snt_status find_ssm(struct snt_flow *flow, const char *region, struct snt_aws_endpoint *out,
                           struct snt_err *err) {
  SNT_TRY(snt_aws_endpoint_of(&flow->target, "ssm", region, out, err));
  return snt_flow_check_endpoint(flow, out, err);
}

/* One region: the policy and the identity, in one round trip. Where its STS is down and an earlier region's said who
 * asks, that one stays. Where there is another region to fall back to, nothing is given to the evaluator before both
 * are there: it takes one policy. Of two refusals, the identity's is told. */
static snt_status ask_region(struct snt_flow *flow, const char *const *regions, bool *is_outage, struct snt_err *err) {
  bool is_fallback = regions != flow->regions;
  const struct snt_aws_endpoint earlier_sts = flow->sts;
  const struct snt_flow_host earlier_from = flow->sts_from;
  struct snt_aws_endpoint ssm = {0};
  SNT_TRY(snt_aws_endpoint_of(&flow->target, "sts", regions[0], &flow->sts, err));
  SNT_TRY(snt_flow_check_endpoint(flow, &flow->sts, err));
  SNT_TRY(find_ssm(flow, regions[0], &ssm, err));
  SNT_AWS_CALL_AUTO struct snt_aws_call identity = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call policy = {0};
  struct arrival arrival = {.flow = flow};
  struct snt_aws_call *calls[2];
  size_t count = 0;
  if (flow->wants_policy) { /* what takes longer to use goes out first */
    SNT_TRY(snt_ssm_prepare_get_parameter(&policy, &ssm, snt_flow_signer(flow), flow->source.path, err));
    policy.context = &arrival;
    policy.on_answer = is_fallback || regions[1] != NULL ? NULL : take_policy;
    snt_flow_note_host(flow, &ssm, &flow->policy_from);
    calls[count++] = &policy;
  }
  if (flow->wants_identity) {
    SNT_TRY(snt_sts_prepare_get_caller_identity(&identity, &flow->sts, snt_flow_signer(flow), err));
    snt_flow_note_host(flow, &flow->sts, &flow->sts_from);
    calls[count++] = &identity;
  }
  SNT_TRY(snt_aws_perform(flow->client, calls, count, err));
  flow->is_key_refused = snt_aws_call_is_key_refused(&identity) || snt_aws_call_is_key_refused(&policy);
  bool is_sts_down = flow->wants_identity && snt_flow_is_down(&identity);
  bool was_told = is_sts_down && is_fallback && flow->time_source == SNT_TIME_STS;
  flow->sts = was_told ? earlier_sts : flow->sts;
  flow->sts_from = was_told ? earlier_from : flow->sts_from;
  *is_outage = (is_sts_down && !was_told) || (flow->wants_policy && snt_flow_is_down(&policy));
  SNT_TRY(flow->wants_identity && !was_told ? accept_caller(flow, &identity, err) : snt_done());
  return flow->wants_policy ? accept_awaited_policy(flow, &policy, is_fallback, &arrival, is_outage, err) : snt_done();
}

/* The policy alone, which no evaluator is given. */
static snt_status read_region(struct snt_flow *flow, const char *const *regions, bool *is_outage, struct snt_err *err) {
  struct snt_aws_endpoint ssm = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call policy = {0};
  SNT_TRY(find_ssm(flow, regions[0], &ssm, err));
  SNT_TRY(snt_ssm_prepare_get_parameter(&policy, &ssm, &flow->base, flow->source.path, err));
  struct snt_aws_call *const calls[] = {&policy};
  SNT_TRY(snt_aws_perform(flow->client, calls, 1, err));
  *is_outage = snt_flow_is_down(&policy);
  SNT_TRY(take_parameter(flow, &policy, is_outage, err));
  return regions != flow->regions && is_bound_to_last(flow) ? check_fallback(flow, regions[0], err) : snt_done();
}

/* regions begins with the one to ask; *is_outage says whether the next may be. */
typedef snt_status region_asker(struct snt_flow *flow, const char *const *regions, bool *is_outage,
                                struct snt_err *err);

/* *is_outage: none of them had an answer. */
static snt_status ask_in_order(struct snt_flow *flow, region_asker *ask, bool *is_outage, struct snt_err *err) {
  snt_buf_reset(&flow->passed_over);
  for (const char *const *region = flow->regions;; region++) {
    *is_outage = false;
    snt_status status = ask(flow, region, is_outage, err);
    if (snt_ok(status)) {
      return status;
    }
    if (!*is_outage || region[1] == NULL) {
      snt_flow_tell_passed_over(flow, *is_outage, err);
      return status;
    }
    snt_flow_pass_over(flow, err);
  }
}

/* Where no region has the policy, for rules that are for emergencies. */
static snt_status take_stale(struct snt_flow *flow, snt_status failed, struct snt_err *err) {
  int64_t max_s = snt_settings_seconds(flow->settings, SNT_SETTING_POLICY_MAX_STALE);
  struct snt_err outage = *err;
  bool may_be = flow->wants_policy && flow->who.arn[0] != '\0' && max_s > 0;
  if (!may_be || !snt_flow_recall_stale(flow, max_s * 1000)) {
    return failed;
  }
  flow->is_stale = true;
  flow->bundle->outage = outage;
  *err = (struct snt_err){0};
  if (flow->time_source != SNT_TIME_STS) { /* no STS was asked yet: the first of them comes first */
    SNT_TRY(snt_aws_endpoint_of(&flow->target, "sts", flow->regions[0], &flow->sts, err));
  }
  return snt_flow_begin_policy(flow, err);
}

static snt_status ask_what_is_wanted(struct snt_flow *flow, struct snt_err *err) {
  bool is_outage = false;
  if (!flow->wants_identity && !flow->wants_policy) {
    return snt_done();
  }
  SNT_TRY(snt_flow_open_client(flow, err));
  SNT_TRY(snt_flow_link_policy(flow, err));
  flow->stage = "identity";
  snt_status status = ask_in_order(flow, ask_region, &is_outage, err);
  return is_outage ? take_stale(flow, status, err) : status;
}

/* Of many who ask at once who they are, one asks; what it was refused holds for all. */
static snt_status ask_in_turn(struct snt_flow *flow, struct snt_err *err) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  char name[SNT_CACHE_NAME_CAP];
  SNT_TRY(snt_flow_name_identity(flow, name, err));
  SNT_TRY(snt_flow_take_turn(flow, "identity", name, &turn, err));
  if (turn.was_told) {
    *err = turn.told;
    return (snt_status){turn.told.code};
  }
  flow->wants_identity = !snt_flow_recall_identity(flow); /* another may have kept it since it was looked for */
  if (!flow->wants_identity) {
    snt_turn_end(&turn);
  }
  snt_status status = ask_what_is_wanted(flow, err);
  if (!snt_ok(status) && flow->who.arn[0] == '\0') {
    snt_turn_tell(&turn, err);
  } else if (flow->wants_identity && !flow->is_identity_kept) {
    snt_turn_release(&turn);
  }
  return status;
}

snt_status snt_flow_find_regions(struct snt_flow *flow, struct snt_err *err) {
  SNT_TRY(snt_flow_collect_regions(flow, err));
  return snt_aws_endpoint_of(&flow->target, "sts", flow->regions[0], &flow->sts, err);
}

static snt_status ask(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "identity";
  SNT_TRY(snt_flow_find_regions(flow, err));
  bool is_remote = flow->source.origin == SNT_POLICY_ORIGIN_SSM;
  bool is_kept = snt_flow_keeps_identity(flow);
  flow->wants_identity = !(is_kept && snt_flow_recall_identity(flow));
  flow->wants_policy = is_remote && !(flow->has_caches && snt_flow_recall_policy(flow));
  if (is_remote && !flow->wants_policy) {
    SNT_TRY(snt_flow_begin_policy(flow, err));
  }
  bool is_shared = flow->wants_identity && is_kept && snt_cache_check(&flow->cache);
  SNT_TRY(is_shared ? ask_in_turn(flow, err) : ask_what_is_wanted(flow, err));
  /* A kept bundle was looked at before the identity's answer told the time, and whose names are plain. */
  return flow->bundle == NULL ? snt_done() : snt_flow_recheck_bundle(flow, err);
}

snt_status snt_flow_ask(struct snt_flow *flow, struct snt_err *err) {
  snt_status status = ask(flow, err);
  if (snt_ok(status) || !snt_flow_renew_base(flow)) {
    return status;
  }
  bool has_policy = flow->source.origin == SNT_POLICY_ORIGIN_SSM && flow->policy.sha256[0] != '\0';
  if (has_policy) { /* the evaluator takes one policy */
    return snt_err_hint(err, "new base credentials were obtained: run it again");
  }
  return ask(flow, err);
}

snt_status snt_flow_read_parameter(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "policy";
  SNT_TRY(snt_flow_collect_regions(flow, err));
  bool is_outage = false;
  SNT_TRY(snt_flow_open_client(flow, err));
  return ask_in_order(flow, read_region, &is_outage, err);
}

snt_status snt_flow_open_sts(struct snt_flow *flow, struct snt_err *err) {
  SNT_TRY(snt_flow_open_client(flow, err));
  return snt_flow_check_endpoint(flow, &flow->sts, err);
}

snt_status snt_flow_open_service(struct snt_flow *flow, const char *service, const char *region,
                                 struct snt_aws_endpoint *out, struct snt_err *err) {
  SNT_TRY(snt_flow_open_client(flow, err));
  SNT_TRY(snt_aws_endpoint_of(&flow->target, service, region, out, err));
  return snt_flow_check_endpoint(flow, out, err);
}

snt_status snt_flow_open_iam(struct snt_flow *flow, struct snt_aws_endpoint *iam, struct snt_err *err) {
  SNT_TRY(snt_flow_find_regions(flow, err));
  SNT_TRY(snt_flow_open_sts(flow, err));
  return snt_flow_open_service(flow, "iam", flow->regions[0], iam, err);
}

int64_t snt_flow_now_ms(const struct snt_flow *flow) {
  if (flow->server_time_ms == 0) {
    return snt_clock_wall_ms();
  }
  return flow->server_time_ms + (snt_clock_boot_ms() - flow->server_boot_ms);
}
