/* validate, lint, schema: a policy and an evaluator, and nothing else. Nothing here reaches the network or a secret. */
#include <sys/stat.h>

#include "format/json.h"
#include "issue/issue.h"
#include "policy/bundle.h"
#include "policy/describe.h"
#include "policy/grants_check.h"
#include "policy/pack.h"

static snt_status load(const char *path, struct snt_policy *policy, struct snt_evaluator **evaluator,
                       struct snt_buf *problems, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_TRY(snt_policy_read_file(path, false, policy, err));
  SNT_TRY(snt_evaluator_start(&options, evaluator, err));
  return snt_policy_load(policy, *evaluator, problems, err);
}

snt_status snt_issue_validate(const char *path, struct snt_buf *problems, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(load(path, &policy, &evaluator, problems, err));
  return snt_policy_check_grants(&policy, err);
}

snt_status snt_issue_pack(const char *path, struct snt_policy *out, struct snt_buf *packed, struct snt_buf *problems,
                          struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  *out = (struct snt_policy){0};
  SNT_TRY(load(path, &policy, &evaluator, problems, err));
  SNT_TRY(snt_policy_check_grants(&policy, err));
  SNT_TRY(snt_pack(&policy, packed, err));
  *out = policy;
  policy = (struct snt_policy){0}; /* ownership went to out */
  return snt_done();
}

/* The functions of plugins, as loading the policy would have them; of a folder with a policy that cannot fail. */
static snt_status load_plugins(const struct snt_policy *policy, struct snt_evaluator *evaluator,
                               struct snt_buf *problems, struct snt_err *err) {
  static const char rules[] = "version: \"1\"\nrules:\n  - {name: none, effect: deny, conditions: {}}\n";
  struct snt_policy_text text = snt_policy_text_of(policy);
  if (text.frame == NULL) {
    text.kind = SNT_POLICY_KIND_YAML;
    text.data = rules;
    text.len = sizeof rules - 1;
  }
  return policy->plugin_count == 0 ? snt_done() : snt_evaluator_load(evaluator, &text, problems, err);
}

static snt_status read_plugin(const char *path, struct snt_policy *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_bundle_find_plugin(path, &folder, err));
  return snt_bundle_read_plugin(folder.data, out, err);
}

snt_status snt_issue_describe(const char *path, struct snt_policy *out, struct snt_buf *problems, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_BUF_AUTO struct snt_buf manifest = {0};
  struct stat st;
  *out = (struct snt_policy){0};
  SNT_TRY(snt_buf_appendf(&manifest, err, "%s/" SNT_BUNDLE_MANIFEST, path));
  bool is_bundle = stat(manifest.data, &st) == 0 || snt_str_ends_with(path, SNT_PACKED_SUFFIX);
  SNT_TRY(is_bundle ? snt_policy_read_file(path, false, &policy, err) : read_plugin(path, &policy, err));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(snt_policy_describe(&policy, evaluator, problems, err));
  SNT_TRY(load_plugins(&policy, evaluator, problems, err));
  *out = policy;
  policy = (struct snt_policy){0}; /* ownership went to out */
  return snt_done();
}

/* What the plugins that the policy may use lack: {"oncall": "http oncalls"}. */
static void put_ungranted(struct snt_json_writer *writer, const struct snt_policy *policy) {
  snt_json_begin_object(writer, "ungranted");
  for (size_t i = 0; i < policy->plugin_count; i++) {
    char what[256] = "";
    if (!snt_policy_grants_all(policy, &policy->plugins[i], what, sizeof what)) {
      snt_json_put_string(writer, policy->plugins[i].name, what);
    }
  }
  snt_json_end_object(writer);
}

/* What binds the policy from outside of it. */
static snt_status describe_bundle(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "targets", policy->is_bundle && policy->manifest.has_targets);
  if (policy->is_bundle && policy->manifest.max_duration_s > 0) {
    snt_json_put_integer(&writer, "max_duration", policy->manifest.max_duration_s);
  }
  put_ungranted(&writer, policy);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static snt_status lint(const struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_lint *out,
                       struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf facts = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(describe_bundle(policy, &facts, err));
  SNT_TRY(snt_evaluator_lint(evaluator, &facts, &reply, err));
  return snt_lint_parse(snt_buf_borrow(&reply), reply.len, out, err);
}

snt_status snt_issue_lint(const char *path, struct snt_lint *out, struct snt_buf *problems, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  *out = (struct snt_lint){0};
  SNT_TRY(load(path, &policy, &evaluator, problems, err));
  SNT_TRY(snt_policy_check_grants(&policy, err));
  return lint(&policy, evaluator, out, err);
}

snt_status snt_issue_lint_policy(struct snt_policy *policy, struct snt_lint *out, struct snt_buf *problems,
                                 struct snt_err *err) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  *out = (struct snt_lint){0};
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(snt_policy_load(policy, evaluator, problems, err));
  return lint(policy, evaluator, out, err);
}

snt_status snt_issue_schema(const char *path, struct snt_buf *out, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(path == NULL ? snt_done() : snt_policy_read_file(path, false, &policy, err));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(policy.manifest.grants.count == 0 ? snt_done() : snt_policy_describe(&policy, evaluator, NULL, err));
  for (size_t i = 0; i < policy.plugin_count; i++) {
    SNT_TRY(snt_evaluator_add_plugin(evaluator, &policy.plugin_texts[i], err));
  }
  return snt_evaluator_schema(evaluator, out, err);
}
