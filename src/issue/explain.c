/* whoami, explain: the same steps as issue.c, without its last two. Nothing here reaches AssumeRole. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "format/json.h"
#include "issue/flow.h"

void snt_explanation_clear(struct snt_explanation *explanation) {
  snt_decision_clear(&explanation->decision);
  snt_facts_clear(&explanation->facts);
  snt_buf_clear(&explanation->request);
  snt_policy_clear(&explanation->policy);
  snt_buf_clear(&explanation->problems);
}

snt_status snt_issue_whoami(const struct snt_issue_options *options, struct snt_aws_identity *out,
                            struct snt_err *err) {
  SNT_FLOW_AUTO struct snt_flow flow = {.options = options, .stage = "config", .has_no_early_policy = true};
  SNT_TRY(snt_flow_open(&flow, err));
  flow.source = (struct snt_policy_source){0}; /* who somebody is, no policy says */
  SNT_TRY(snt_flow_find_caller(&flow, err));
  SNT_TRY(snt_flow_find_credentials(&flow, err));
  SNT_TRY(snt_flow_ask(&flow, err));
  *out = flow.who;
  return snt_done();
}

static void put_text_or_null(struct snt_json_writer *writer, const char *key, const char *text) {
  snt_json_put_string(writer, key, text[0] == '\0' ? NULL : text);
}

static void put_seconds_or_null(struct snt_json_writer *writer, const char *key, int64_t seconds) {
  if (seconds > 0) {
    snt_json_put_integer(writer, key, seconds);
  } else {
    snt_json_put_null(writer, key);
  }
}

static void put_policy(struct snt_json_writer *writer, const struct snt_policy *policy) {
  snt_json_begin_object(writer, "policy");
  snt_json_put_string(writer, "name", policy->name);
  snt_json_put_string(writer, "sha256", policy->sha256);
  if (policy->is_bundle) {
    snt_json_put_integer(writer, "serial", policy->manifest.serial);
  } else {
    snt_json_put_null(writer, "serial");
  }
  snt_json_end_object(writer);
}

/* Always there, for programs: empty when there are none. */
static snt_status put_remedies(struct snt_json_writer *writer, const struct snt_json_value *remedies,
                               struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (remedies == NULL) {
    snt_json_begin_array(writer, "remedies");
    snt_json_end_array(writer);
    return snt_done();
  }
  SNT_TRY(snt_json_dump(remedies, &text, err));
  snt_json_put_raw(writer, "remedies", (struct snt_slice){text.data, text.len});
  return snt_done();
}

snt_status snt_explanation_format(const struct snt_explanation *explanation, struct snt_buf *out, struct snt_err *err) {
  const struct snt_decision *decision = &explanation->decision;
  SNT_BUF_AUTO struct snt_buf trace = {0};
  if (decision->trace != NULL) { /* there is none where nothing was evaluated */
    SNT_TRY(snt_json_dump(decision->trace, &trace, err));
  }
  SNT_BUF_AUTO struct snt_buf facts = {0};
  SNT_TRY(snt_facts_dump(&explanation->facts, &facts, err));
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "effect", snt_effect_name(decision->effect));
  snt_json_put_string(&writer, "rule", decision->rule);
  snt_json_put_integer(&writer, "rule_index", decision->rule_index);
  snt_json_put_string(&writer, "reason", decision->reason);
  put_text_or_null(&writer, "error", decision->error);
  put_seconds_or_null(&writer, "max_duration", decision->max_duration_s);
  put_seconds_or_null(&writer, "lease", decision->lease_s);
  snt_json_put_bool(&writer, "ends_with_window", decision->ends_with_window);
  snt_json_put_bool(&writer, "requires_server_mode", decision->requires_server_mode);
  snt_json_put_bool(&writer, "requires_session_tracking", decision->requires_session_tracking);
  put_policy(&writer, &explanation->policy);
  snt_json_put_raw(&writer, "trace",
                   decision->trace == NULL ? snt_slice_of("[]") : (struct snt_slice){trace.data, trace.len});
  SNT_TRY(put_remedies(&writer, decision->remedies, err));
  snt_json_put_raw(&writer, "facts", (struct snt_slice){facts.data, facts.len});
  put_text_or_null(&writer, "failed_condition", decision->failed_condition);
  put_text_or_null(&writer, "missing", snt_buf_borrow(&decision->missing));
  snt_json_put_raw(&writer, "request", (struct snt_slice){explanation->request.data, explanation->request.len});
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

/* The role that the profile would mean here, when this machine knows it. A request about somebody else's profile is
 * explained all the same: the role is unknown then, and the trace says so. */
static void find_role(struct snt_flow *flow, const char *profile) {
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  if (!snt_ok(snt_aws_locations_find(look_up, NULL, &locations, NULL))) {
    return;
  }
  locations.credentials[0] = '\0'; /* no secret is needed to explain */
  if (snt_ok(snt_aws_shared_config_load(&locations, &flow->config, NULL))) {
    const struct snt_aws_profile_settings *own = snt_settings_profile(flow->settings, profile);
    SNT_IGNORE(snt_aws_target_resolve(flow->config, own, profile, &flow->target, NULL));
  }
}

/* Who asks, what time it is and which policy holds: from AWS where the command line does not say. */
static snt_status gather(struct snt_flow *flow, const struct snt_explain_options *options, bool has_user,
                         struct snt_err *err) {
  flow->has_no_early_policy = has_user;
  SNT_TRY(snt_flow_open(flow, err));
  const char *text = snt_settings_text(flow->settings, SNT_SETTING_POLICY_SOURCE);
  struct snt_policy_source source = {0};
  SNT_TRY(snt_policy_source_parse(text, options->common.profile, &source, err));
  if (has_user && source.origin == SNT_POLICY_ORIGIN_FILE) {
    find_role(flow, options->common.profile);
    flow->duration_s = options->common.duration_s != 0 ? options->common.duration_s : 3600;
    SNT_TRY(snt_policy_read_file(source.path, false, &flow->policy, err));
    return snt_flow_begin_policy(flow, err);
  }
  SNT_TRY(snt_flow_find_target(flow, err));
  SNT_TRY(snt_flow_find_policy(flow, err));
  SNT_TRY(snt_flow_find_credentials(flow, err));
  return snt_flow_ask(flow, err);
}

static snt_status explain_flags(struct snt_flow *flow, const struct snt_explain_options *options, struct snt_err *err) {
  SNT_TRY(gather(flow, options, options->user != NULL, err));
  if (options->user != NULL) {
    SNT_TRY(snt_aws_identity_from_short(options->user, &flow->who, err));
  }
  struct snt_request request = {.user = flow->who,
                                .profile = options->common.profile,
                                .role_arn = flow->target.role_arn,
                                .mode = options->common.mode,
                                .time_ms = options->time_ms != 0 ? options->time_ms : snt_flow_now_ms(flow),
                                .duration_s = flow->duration_s,
                                .justification = options->common.justification};
  SNT_TRY(snt_request_format(&request, &flow->request, err));
  return snt_flow_evaluate(flow, request.profile, request.role_arn, err);
}

static snt_status explain_file(struct snt_flow *flow, const struct snt_explain_options *options,
                               const struct snt_request *request, struct snt_err *err) {
  SNT_TRY(gather(flow, options, true, err));
  flow->who = request->user; /* whose history a plugin may see */
  SNT_TRY(snt_request_format(request, &flow->request, err));
  return snt_flow_evaluate(flow, request->profile, request->role_arn, err);
}

/* Ownership goes to out. */
static void take_result(struct snt_flow *flow, struct snt_explanation *out) {
  *out = (struct snt_explanation){.decision = flow->decision,
                                  .request = flow->request,
                                  .policy = flow->policy,
                                  .facts = flow->facts,
                                  .problems = flow->problems};
  if (out->decision.effect != SNT_EFFECT_DENY) {
    out->decision.max_duration_s = snt_manifest_bound(&out->policy.manifest, out->decision.max_duration_s);
  }
  flow->facts = (struct snt_facts){0};
  flow->decision = (struct snt_decision){0};
  flow->request = (struct snt_buf){0};
  flow->policy = (struct snt_policy){0};
  flow->problems = (struct snt_buf){0};
}

snt_status snt_issue_explain(const struct snt_explain_options *options, struct snt_explanation *out,
                             struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_explain_options given = *options;
  SNT_REQUEST_TEXT_AUTO struct snt_request_text text = {0};
  struct snt_request request = {0};
  if (options->request_file != NULL) {
    SNT_BUF_AUTO struct snt_buf file = {0};
    snt_status status = snt_file_read(options->request_file, SNT_FILE_ANY, SNT_REQUEST_FILE_CAP, &file, err);
    if (!snt_ok(status)) {
      struct snt_err inner = *err;
      return snt_fail(err, SNT_CODE_SYNTAX, "--request: %s", inner.message);
    }
    SNT_TRY(snt_request_parse(snt_buf_borrow(&file), file.len, options->request_file, snt_clock_wall_ms(), &text,
                              &request, err));
    given.common.profile = request.profile;
  }
  SNT_FLOW_AUTO struct snt_flow flow = {.options = &given.common, .stage = "config", .is_explained = true};
  snt_status status =
      options->request_file != NULL ? explain_file(&flow, &given, &request, err) : explain_flags(&flow, &given, err);
  take_result(&flow, out);
  return status;
}
