#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "issue/flow_bundle.h"

void snt_flow_clear(struct snt_flow *flow) {
  snt_evaluator_leave(&flow->evaluator);
  snt_environment_clear(&flow->environment);
  snt_aws_credentials_clear(&flow->mfa_session);
  snt_aws_credentials_clear(&flow->base);
  snt_buf_clear(&flow->base_hosts);
  snt_buf_clear(&flow->passed_over);
  snt_keychain_close(&flow->keychain);
  snt_log_close(&flow->log);
  snt_facts_clear(&flow->facts);
  snt_policy_clear(&flow->policy);
  snt_flow_bundle_free(&flow->bundle);
  snt_aws_shared_config_free(&flow->config);
  snt_settings_free(&flow->settings);
  snt_decision_clear(&flow->decision);
  snt_buf_clear(&flow->request);
  snt_buf_clear(&flow->problems);
}

int snt_flow_left_ms(const struct snt_flow *flow, int limit_ms) {
  int64_t left_ms = flow->began_at_ms == 0 ? limit_ms : flow->began_at_ms + limit_ms - snt_clock_boot_ms();
  return left_ms < 1 ? 1 : (int)left_ms;
}

static snt_status set_flags(struct snt_flow *flow, struct snt_err *err) {
  const struct {
    enum snt_setting_id id;
    const char *flag;
    const char *value;
  } rows[] = {{SNT_SETTING_POLICY_SOURCE, "--policy", flow->options->policy},
              {SNT_SETTING_POLICY_REGIONS, "--region", flow->options->regions},
              {SNT_SETTING_KEYCHAIN_BACKEND, "--backend", flow->options->backend}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].value != NULL) {
      SNT_TRY(snt_settings_set_flag(flow->settings, rows[i].id, rows[i].flag, rows[i].value, err));
    }
  }
  return snt_done();
}

snt_status snt_flow_state_folder(const struct snt_flow *flow, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_log_find_path(snt_settings_text(flow->settings, SNT_SETTING_LOG_PATH), &path, err));
  const char *slash = strrchr(snt_buf_borrow(&path), '/');
  return snt_buf_append(out, slash == NULL ? "." : path.data, slash == NULL ? 1 : (size_t)(slash - path.data), err);
}

snt_status snt_flow_take_turn(const struct snt_flow *flow, const char *kind, const char *name, struct snt_turn *turn,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf turn_name = {0};
  SNT_TRY(snt_flow_state_folder(flow, &folder, err));
  SNT_TRY(snt_buf_appendf(&turn_name, err, "%s-%s", kind, strrchr(name, ':') + 1));
  int wait_ms = snt_flow_left_ms(flow, SNT_FLOW_TURN_MS);
  snt_status status = snt_turn_take(folder.data, turn_name.data, wait_ms, turn, err);
  return status.code == SNT_CODE_IO ? snt_done() : status;
}

/* The record names a file by a path that means the same from any folder. */
static snt_status read_file(struct snt_flow *flow, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_path_absolute(flow->source.path, &path, err));
  SNT_TRY(snt_policy_read_file(flow->source.path, true, &flow->policy, err));
  (void)snprintf(flow->policy.source, sizeof flow->policy.source, "file:%s", path.data);
  return snt_done();
}

/* Whether a policy file is the one that was accepted before; it is read for that, and kept. Nothing is told here: what
 * is wrong is found again where it matters. */
static bool is_known_file(struct snt_flow *flow) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  flow->is_read = snt_ok(read_file(flow, NULL));
  return flow->is_read && snt_ok(snt_flow_state_folder(flow, &folder, NULL)) &&
         snt_policy_was_seen(folder.data, &flow->policy);
}

/* Whether the policy comes over the network. The evaluator has time until then; one that is in a file comes before it
 * is awaited, and what was loaded for another policy would only hold it up. */
static bool is_fetched(struct snt_flow *flow) {
  const char *text = snt_settings_text(flow->settings, SNT_SETTING_POLICY_SOURCE);
  if (!snt_ok(snt_policy_source_parse(text, flow->options->profile, &flow->source, NULL))) {
    return false;
  }
  bool is_file = flow->source.origin == SNT_POLICY_ORIGIN_FILE;
  flow->is_known = is_file && !flow->has_no_early_policy && is_known_file(flow);
  return !is_file;
}

snt_status snt_flow_load_settings(struct snt_flow *flow, struct snt_err *err) {
  SNT_TRY(snt_settings_load(flow->options->config, &flow->settings, err));
  return set_flags(flow, err);
}

static struct snt_evaluator_options choose_evaluator(bool is_once, bool is_explained) {
  return (struct snt_evaluator_options){.is_once = is_once,
                                        .trace = is_explained ? SNT_TRACE_EXPLAINED : SNT_TRACE_NEAREST};
}

void snt_issue_start(struct snt_issue_options *options, bool is_explained) {
  struct snt_evaluator_options evaluator = choose_evaluator(true, is_explained);
  SNT_IGNORE(snt_evaluator_start(&evaluator, &options->evaluator, NULL));
}

/* The evaluator begins before anything is read: it takes longer than all that the core has to do until it is asked. */
snt_status snt_flow_open(struct snt_flow *flow, struct snt_err *err) {
  struct snt_evaluator_options options = choose_evaluator(!flow->is_asked_often, flow->is_explained);
  flow->evaluator = flow->options->evaluator;
  snt_status started = flow->evaluator != NULL ? snt_done() : snt_evaluator_start(&options, &flow->evaluator, err);
  SNT_TRY(snt_random_request_id(flow->request_id, err));
  SNT_TRY(snt_flow_load_settings(flow, err)); /* where the failure is recorded */
  SNT_TRY(started);
  if (snt_settings_is(flow->settings, SNT_SETTING_SANDBOX, "rlimits-only")) {
    options.is_rlimits_only = true;
    snt_evaluator_close(&flow->evaluator);
    SNT_TRY(snt_evaluator_start(&options, &flow->evaluator, err));
  }
  if (is_fetched(flow)) {
    snt_evaluator_preload(flow->evaluator);
  }
  return snt_environment_take(&flow->environment, err);
}

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

snt_status snt_flow_find_target(struct snt_flow *flow, struct snt_err *err) {
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  SNT_TRY(snt_aws_locations_find(look_up, NULL, &locations, err));
  SNT_TRY(snt_aws_shared_config_load(&locations, &flow->config, err));
  const struct snt_aws_profile_settings *own = snt_settings_profile(flow->settings, flow->options->profile);
  SNT_TRY(snt_aws_target_resolve(flow->config, own, flow->options->profile, &flow->target, err));
  flow->duration_s = flow->options->duration_s != 0 ? flow->options->duration_s
                     : flow->target.duration_s != 0 ? flow->target.duration_s
                                                    : 3600;
  if (flow->duration_s < 900 || flow->duration_s > 43200) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\": a session lasts from 15m to 12h, not %lld s",
                    flow->options->profile, (long long)flow->duration_s);
  }
  return snt_done();
}

snt_status snt_flow_find_target_if_any(struct snt_flow *flow, struct snt_err *err) {
  const char *profile = flow->options->profile;
  snt_status status = snt_flow_find_target(flow, err);
  bool is_unknown =
      status.code == SNT_CODE_PROFILE_INVALID && flow->config != NULL && !snt_aws_profile_exists(flow->config, profile);
  if (!is_unknown) {
    return status;
  }
  flow->target = (struct snt_aws_target){.config = flow->config};
  (void)snprintf(flow->target.profile, sizeof flow->target.profile, "%s", profile);
  return snt_done();
}

snt_status snt_flow_find_caller(struct snt_flow *flow, struct snt_err *err) {
  bool is_default = strcmp(flow->options->profile, "default") == 0;
  return is_default ? snt_flow_find_target_if_any(flow, err) : snt_flow_find_target(flow, err);
}

snt_status snt_flow_begin_policy(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "policy";
  SNT_TRY(flow->bundle == NULL ? snt_flow_check_unsigned(flow, err) : snt_done()); /* a bundle was verified before */
  SNT_TRY(snt_policy_load_begin(&flow->policy, flow->evaluator, &flow->problems, err));
  flow->is_loading = true;
  return snt_done();
}

snt_status snt_flow_link_policy(struct snt_flow *flow, struct snt_err *err) {
  if (!flow->is_loading) {
    return snt_done();
  }
  flow->is_loading = false;
  flow->stage = "policy";
  return snt_evaluator_load_link(flow->evaluator, err);
}

void snt_flow_remember_policy(const struct snt_flow *flow) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  if (flow->log != NULL && snt_ok(snt_flow_state_folder(flow, &folder, NULL))) {
    snt_policy_remember(folder.data, &flow->policy);
  }
}

/* A policy that was accepted before is not waited for: loading the network takes longer than loading it. Any other is,
 * so that a refused one costs no network. */
static snt_status load_file(struct snt_flow *flow, struct snt_err *err) {
  SNT_TRY(flow->is_read ? snt_done() : read_file(flow, err));
  SNT_TRY(snt_flow_begin_policy(flow, err));
  if (flow->is_known) {
    return snt_done();
  }
  if (flow->log != NULL) {
    snt_log_look_ahead(flow->log); /* the template is busy */
  }
  SNT_TRY(snt_flow_link_policy(flow, err));
  SNT_TRY(snt_evaluator_load_confirm(flow->evaluator, err));
  snt_flow_remember_policy(flow);
  return snt_done();
}

snt_status snt_flow_find_policy(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "policy";
  const char *text = snt_settings_text(flow->settings, SNT_SETTING_POLICY_SOURCE);
  SNT_TRY(snt_policy_source_parse(text, flow->options->profile, &flow->source, err));
  return flow->source.origin == SNT_POLICY_ORIGIN_FILE ? load_file(flow, err) : snt_done();
}

snt_status snt_flow_open_log(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "log";
  struct snt_log_options options = {.path = snt_settings_text(flow->settings, SNT_SETTING_LOG_PATH)};
  return snt_log_open(&options, &flow->log, err);
}
