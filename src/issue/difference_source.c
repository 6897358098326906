/* Policies that are to be compared: read, opened and checked. */
#include <string.h>

#include "issue/difference.h"
#include "issue/parameter.h"
#include "issue/settings.h"
#include "policy/pack.h"

static snt_status start_evaluator(const char *config, struct snt_evaluator **out, struct snt_err *err) {
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  SNT_TRY(snt_settings_load(config, &settings, err));
  struct snt_evaluator_options options = {.is_rlimits_only =
                                              snt_settings_is(settings, SNT_SETTING_SANDBOX, "rlimits-only")};
  return snt_evaluator_start(&options, out, err);
}

/* A packed bundle gets its files' texts. */
static snt_status open_packed(const struct snt_issue_open_options *options, struct snt_policy *policy,
                              struct snt_err *err) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(start_evaluator(options->asking.config, &evaluator, err));
  return snt_policy_open(policy, evaluator, err);
}

snt_status snt_issue_open_policy(const struct snt_issue_open_options *options, const char *source,
                                 struct snt_policy *out, struct snt_err *err) {
  struct snt_policy_source parsed = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  *out = (struct snt_policy){0};
  if (options->profile == NULL && strstr(source, "{profile}") != NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%.200s: {profile} is another policy for each profile", source));
    return snt_err_hint(err, "say which one is meant with --profile");
  }
  SNT_TRY(snt_policy_source_parse(source, options->profile, &parsed, err));
  SNT_TRY(parsed.origin == SNT_POLICY_ORIGIN_SSM ? snt_parameter_read(&options->asking, &parsed, &policy, err)
                                                 : snt_policy_read_file(parsed.path, false, &policy, err));
  SNT_TRY(policy.packed.len > 0 ? open_packed(options, &policy, err) : snt_done());
  *out = policy;
  policy = (struct snt_policy){0}; /* ownership went to out */
  return snt_done();
}

snt_status snt_issue_check_policy(const struct snt_issue_open_options *options, struct snt_policy *policy,
                                  struct snt_buf *problems, struct snt_err *err) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(start_evaluator(options->asking.config, &evaluator, err));
  return snt_policy_load(policy, evaluator, problems, err);
}
