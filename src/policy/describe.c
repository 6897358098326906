#include "policy/describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/archive.h"

/* "/b/prod/plugins/oncall/plugin.lua" */
static snt_status name_manifest(const struct snt_policy *policy, const char *plugin, struct snt_buf *out,
                                struct snt_err *err) {
  SNT_TRY(snt_buf_append(out, policy->file_name, policy->root_len, err));
  return snt_buf_appendf(out, err, "plugins/%s/plugin.lua", plugin);
}

static bool is_lua(const char *name) { return snt_str_ends_with(name, ".lua"); }

snt_status snt_policy_hash_plugin(const struct snt_policy *policy, const char *plugin,
                                  char out[static SNT_SHA256_HEX_CAP], struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf code = {0};
  SNT_TRY(snt_buf_appendf(&folder, err, "plugins/%s/", plugin));
  for (size_t i = 0; i < policy->file_count; i++) {
    const struct snt_policy_file *file = &policy->files[i];
    if (is_lua(file->name) && snt_str_starts_with(file->name, folder.data)) {
      struct snt_slice content = {snt_buf_borrow(&file->text), file->text.len};
      SNT_TRY(snt_archive_add(&code, file->name, content, err));
    }
  }
  snt_sha256_hex(snt_buf_borrow(&code), code.len, out);
  return snt_done();
}

static snt_status check_pins(const char *file, const struct snt_grant *grant, const struct snt_plugin *plugin,
                             struct snt_err *err) {
  bool has_version = grant->version[0] == '\0' || strcmp(plugin->version, grant->version) == 0;
  bool has_hash = grant->sha256[0] == '\0' || strcmp(plugin->sha256, grant->sha256) == 0;
  if (!has_version) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: version is %s, and bundle.yaml pins %s", file,
                        plugin->version, grant->version));
    return snt_err_hint(err, "review the plugin and pin its version in bundle.yaml");
  }
  if (!has_hash) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "%s:1:1: the plugin's code has the sha256 %s, and bundle.yaml pins %s", file, plugin->sha256,
                        grant->sha256));
    return snt_err_hint(err, "review what changed in the plugin's folder, and pin the new hash in bundle.yaml");
  }
  return snt_done();
}

static snt_status describe(const struct snt_policy *policy, const struct snt_grant *grant,
                           struct snt_evaluator *evaluator, struct snt_plugin *out, struct snt_buf *problems,
                           struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(name_manifest(policy, grant->plugin, &name, err));
  const struct snt_policy_file *file = snt_policy_find_file(policy, name.data + policy->root_len);
  if (file == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: there is no such file", name.data));
    return snt_err_hint(err, "bundle.yaml lists the plugin \"%s\": add it, or remove it there", grant->plugin);
  }
  SNT_TRY(snt_evaluator_describe(evaluator, grant->plugin, name.data, &file->text, &reply, problems, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&reply), reply.len, "a plugin's manifest", &doc, err));
  struct snt_slice source = {snt_buf_borrow(&file->text), file->text.len};
  SNT_TRY(snt_plugin_parse(name.data, source, snt_json_root(doc), out, err));
  if (strcmp(out->name, grant->plugin) != 0) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator describes another plugin than it was asked for");
  }
  SNT_TRY(snt_policy_hash_plugin(policy, grant->plugin, out->sha256, err));
  return check_pins(name.data, grant, out, err);
}

/* What the template is given: with the names of the files that are both needed and granted. */
static snt_status write_text(const struct snt_policy *policy, const struct snt_grant *grant,
                             const struct snt_plugin *plugin, struct snt_buf *out, struct snt_err *err) {
  SNT_FREE_AUTO char **files = calloc(policy->file_count + 1, sizeof *files);
  size_t count = 0;
  if (files == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < policy->file_count; i++) {
    char *name = policy->files[i].name;
    if (!is_lua(name) && snt_grant_fits(grant->files, name) && snt_grant_fits(plugin->files, name)) {
      files[count++] = name;
    }
  }
  return snt_plugin_format(plugin, files, count, out, err);
}

static snt_status make_room(struct snt_policy *policy, struct snt_err *err) {
  size_t count = policy->manifest.grants.count;
  policy->plugins = calloc(count + 1, sizeof *policy->plugins);
  policy->plugin_texts = calloc(count + 1, sizeof *policy->plugin_texts);
  return policy->plugins == NULL || policy->plugin_texts == NULL ? snt_fail_memory(err) : snt_done();
}

snt_status snt_policy_describe(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_buf *problems,
                               struct snt_err *err) {
  const struct snt_grants *grants = &policy->manifest.grants;
  if (policy->plugins != NULL) {
    return snt_done();
  }
  SNT_TRY(make_room(policy, err));
  for (size_t i = 0; i < grants->count; i++) {
    policy->plugin_count++; /* also what fails half-way is cleared with the policy */
    SNT_TRY(describe(policy, &grants->list[i], evaluator, &policy->plugins[i], problems, err));
    SNT_TRY(write_text(policy, &grants->list[i], &policy->plugins[i], &policy->plugin_texts[i], err));
  }
  return snt_done();
}

/* The manifest is what was signed, and still nobody's word but the packer's. */
static snt_status take_described(const struct snt_policy *policy, const struct snt_grant *grant, struct snt_plugin *out,
                                 struct snt_err *err) {
  struct snt_err inner = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(grant->said.data, grant->said.len, "a plugin's manifest", &doc, err));
  snt_status status = snt_plugin_parse(policy->source, (struct snt_slice){0}, snt_json_root(doc), out, &inner);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(status) || strcmp(out->name, grant->plugin) != 0 || strcmp(out->version, grant->version) != 0) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: what its manifest says of plugin \"%s\" makes no sense",
                    policy->source, grant->plugin);
  }
  memcpy(out->sha256, grant->sha256, sizeof out->sha256);
  return snt_done();
}

snt_status snt_policy_take_described(struct snt_policy *policy, struct snt_err *err) {
  const struct snt_grants *grants = &policy->manifest.grants;
  SNT_TRY(make_room(policy, err));
  for (size_t i = 0; i < grants->count; i++) {
    policy->plugin_count++;
    SNT_TRY(take_described(policy, &grants->list[i], &policy->plugins[i], err));
    SNT_TRY(write_text(policy, &grants->list[i], &policy->plugins[i], &policy->plugin_texts[i], err));
  }
  return snt_done();
}

/* Whether a question that is granted can be asked: its secret and, where it is known, its host. */
static bool can_ask(const struct snt_question *question, const struct snt_grant *grant, char *what, size_t cap) {
  char host[256];
  if (question->secret[0] != '\0' && !snt_grant_lists(grant->secrets, question->secret)) {
    (void)snprintf(what, cap, "secrets %s", question->secret);
    return false;
  }
  for (char *const *granted = grant->hosts; granted != NULL && *granted != NULL; granted++) {
    if (snt_question_reaches(question, *granted)) {
      return true;
    }
  }
  (void)snt_question_host(question, host);
  (void)snprintf(what, cap, "hosts %s", host);
  return false;
}

bool snt_policy_may_ask(const struct snt_question *question, const struct snt_grant *grant) {
  char what[320];
  return snt_grant_lists(grant->http, question->name) && can_ask(question, grant, what, sizeof what);
}

bool snt_policy_may_reach(const struct snt_plugin *plugin, const struct snt_grant *grant, const char *host) {
  for (size_t i = 0; i < plugin->question_count; i++) {
    if (snt_policy_may_ask(&plugin->questions[i], grant) && snt_question_reaches(&plugin->questions[i], host)) {
      return true;
    }
  }
  return false;
}

bool snt_policy_may_read(const struct snt_plugin *plugin, const char *pattern) {
  for (char *const *needed = plugin->files; needed != NULL && *needed != NULL; needed++) {
    if (snt_glob_overlaps(*needed, pattern)) {
      return true;
    }
  }
  return false;
}

static bool lacks_all_files(const struct snt_plugin *plugin, const struct snt_grant *grant) {
  for (char *const *granted = grant->files; granted != NULL && *granted != NULL; granted++) {
    if (snt_policy_may_read(plugin, *granted)) {
      return false;
    }
  }
  return plugin->files != NULL;
}

bool snt_policy_grants_all(const struct snt_policy *policy, const struct snt_plugin *plugin, char *what, size_t cap) {
  static const struct snt_grant none = {.plugin = ""};
  const struct snt_grant *found = snt_grants_find(&policy->manifest.grants, plugin->name);
  const struct snt_grant *grant = found == NULL ? &none : found;
  bool may_ask = false;
  for (size_t i = 0; i < plugin->question_count; i++) {
    const struct snt_question *question = &plugin->questions[i];
    bool is_granted = snt_grant_lists(grant->http, question->name);
    if (is_granted && !can_ask(question, grant, what, cap)) {
      return false;
    }
    may_ask = may_ask || is_granted;
  }
  if (plugin->question_count > 0 && !may_ask) {
    (void)snprintf(what, cap, "http %s", plugin->questions[0].name);
    return false;
  }
  bool lacks_geoip = plugin->needs_geoip && !grant->has_geoip;
  bool lacks_history = plugin->needs_history && !grant->has_history;
  bool lacks_files = lacks_all_files(plugin, grant);
  (void)snprintf(what, cap, "%s", lacks_geoip ? "geoip" : lacks_history ? "history" : lacks_files ? "files" : "");
  return !lacks_geoip && !lacks_history && !lacks_files;
}
