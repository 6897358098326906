#include "issue/flow.h"

/* Whether a plugin may have to be given a secret. */
static bool needs_keychain(const struct snt_policy *policy) {
  for (size_t i = 0; i < policy->plugin_count; i++) {
    if (policy->plugins[i].secret_count > 0) {
      return true;
    }
  }
  return false;
}

/* What cannot be opened is missed where it is asked for. */
void snt_flow_open_facts(struct snt_flow *flow, struct snt_facts_source *source) {
  if (needs_keychain(source->policy) && snt_ok(snt_flow_open_keychain(flow, NULL))) {
    source->keychain = flow->keychain;
  }
  source->geoip_databases = snt_settings_list(flow->settings, SNT_SETTING_GEOIP_DATABASES);
}

/* Without plugins nothing is asked, and nothing is prepared for it. */
snt_status snt_flow_finish_evaluation(struct snt_flow *flow, struct snt_slice request, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf log_path = {0};
  SNT_CLEANUP(snt_facts_source_clear)
  struct snt_facts_source source = {
      .policy = &flow->policy, .user = flow->who.user, .cache = flow->options->fact_cache};
  if (flow->policy.plugin_count == 0) {
    return snt_rounds_finish(&flow->policy, flow->evaluator, request, NULL, &flow->facts, &flow->decision, err);
  }
  snt_flow_open_facts(flow, &source);
  if (snt_ok(snt_log_find_path(snt_settings_text(flow->settings, SNT_SETTING_LOG_PATH), &log_path, NULL))) {
    source.log_path = log_path.data;
  }
  const struct snt_fact_source facts = snt_facts_source_of(&source);
  return snt_rounds_finish(&flow->policy, flow->evaluator, request, &facts, &flow->facts, &flow->decision, err);
}
