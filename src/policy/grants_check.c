#include "policy/grants_check.h"

#include <stdlib.h>
#include <string.h>

#include "policy/bundle.h"

static snt_status refuse_grant(const struct snt_policy *policy, const struct snt_grant *grant, const char *key,
                               const char *name, const char *const *known, struct snt_err *err) {
  const char *nearest = snt_str_nearest(name, known);
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%.*s%s:%u:%u: plugins.%s.grant.%s: there is no \"%s\"%s%s%s",
                      (int)policy->root_len, policy->file_name, SNT_BUNDLE_MANIFEST, grant->line, grant->column,
                      grant->plugin, key, name, nearest == NULL ? "" : "; did you mean \"",
                      nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?"));
  return snt_err_hint(err, "`sentinel plugin inspect` shows what the plugin can be granted; remove what it has not");
}

static snt_status check_questions(const struct snt_policy *policy, const struct snt_grant *grant,
                                  const struct snt_plugin *plugin, struct snt_err *err) {
  SNT_FREE_AUTO const char **known = calloc(plugin->question_count + 1, sizeof *known);
  if (known == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < plugin->question_count; i++) {
    known[i] = plugin->questions[i].name;
  }
  for (char *const *name = grant->http; name != NULL && *name != NULL; name++) {
    if (snt_plugin_find_question(plugin, *name) == NULL) {
      return refuse_grant(policy, grant, "http", *name, known, err);
    }
  }
  return snt_done();
}

static snt_status check_secrets(const struct snt_policy *policy, const struct snt_grant *grant,
                                const struct snt_plugin *plugin, struct snt_err *err) {
  SNT_FREE_AUTO const char **known = calloc(plugin->secret_count + 1, sizeof *known);
  if (known == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < plugin->secret_count; i++) {
    known[i] = plugin->secrets[i].name;
  }
  for (char *const *name = grant->secrets; name != NULL && *name != NULL; name++) {
    if (snt_plugin_find_secret(plugin, *name) == NULL) {
      return refuse_grant(policy, grant, "secrets", *name, known, err);
    }
  }
  return snt_done();
}

/* A pattern may wait for files that come later; a name may not. */
static snt_status check_files(const struct snt_policy *policy, const struct snt_grant *grant, struct snt_err *err) {
  static const char *const known[] = {NULL}; /* of the bundle's files only those are read that are granted */
  for (char *const *name = grant->files; name != NULL && *name != NULL; name++) {
    bool is_data = strpbrk(*name, "*?") != NULL ||
                   (!snt_str_ends_with(*name, ".lua") && snt_policy_find_file(policy, *name) != NULL);
    SNT_TRY(is_data ? snt_done() : refuse_grant(policy, grant, "files", *name, known, err));
  }
  return snt_done();
}

snt_status snt_policy_check_grants(const struct snt_policy *policy, struct snt_err *err) {
  for (size_t i = 0; i < policy->plugin_count; i++) {
    const struct snt_grant *grant = &policy->manifest.grants.list[i];
    SNT_TRY(check_questions(policy, grant, &policy->plugins[i], err));
    SNT_TRY(check_secrets(policy, grant, &policy->plugins[i], err));
    SNT_TRY(check_files(policy, grant, err));
  }
  return snt_done();
}
