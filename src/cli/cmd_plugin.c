/* sentinel plugin list, inspect: what plugins need, and what of that a bundle grants. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"
#include "issue/issue.h"
#include "policy/bundle.h"
#include "policy/describe.h"
#include "policy/pack.h"

static bool has_file(const char *folder, const char *name) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct stat st;
  return snt_ok(snt_buf_appendf(&path, NULL, "%s/%s", folder, name)) && stat(path.data, &st) == 0;
}

/* Calls visit for each plugin of a bundle, of a plugin's own, or of a folder of plugins. */
struct visit {
  snt_status (*visit)(void *context, const struct snt_policy *policy, const struct snt_plugin *plugin,
                      struct snt_err *err);
  void *context;
  size_t count;
};

static snt_status visit_path(struct visit *visit, const char *path, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_TRY(snt_issue_describe(path, &policy, err));
  for (size_t i = 0; i < policy.plugin_count; i++) {
    visit->count++;
    SNT_TRY(visit->visit(visit->context, &policy, &policy.plugins[i], err));
  }
  return snt_done();
}

static snt_status visit_folder(struct visit *visit, const char *path, struct snt_err *err) {
  struct dirent **entries = NULL;
  int count = scandir(path, &entries, NULL, alphasort);
  snt_status status = snt_done();
  if (count < 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no folder %s", path));
    return snt_err_hint(err, "name a folder of plugins, a plugin or a bundle; `sentinel plugin new NAME` makes one");
  }
  for (int i = 0; i < count; i++) {
    SNT_BUF_AUTO struct snt_buf below = {0};
    if (snt_ok(status) && entries[i]->d_name[0] != '.') {
      status = snt_buf_appendf(&below, err, "%s/%s", path, entries[i]->d_name);
      bool is_plugin = snt_ok(status) && has_file(below.data, "plugin.lua");
      status = is_plugin ? visit_path(visit, below.data, err) : status;
    }
    free(entries[i]);
  }
  free(entries);
  return status;
}

static snt_status visit_any(struct visit *visit, const char *path, struct snt_err *err) {
  bool is_one =
      has_file(path, SNT_BUNDLE_MANIFEST) || has_file(path, "plugin.lua") || snt_str_ends_with(path, SNT_PACKED_SUFFIX);
  return is_one ? visit_path(visit, path, err) : visit_folder(visit, path, err);
}

/* What is printed, line by line or as JSON. */
struct printing {
  struct snt_out *out;
  struct snt_json_writer *json; /* NULL: for people */
};

static snt_status print_row(void *context, const struct snt_policy *policy, const struct snt_plugin *plugin,
                            struct snt_err *err) {
  struct printing *printing = context;
  char missing[256] = "";
  bool is_bundle = policy->name[0] != '\0';
  bool is_granted = snt_policy_grants_all(policy, plugin, missing, sizeof missing);
  if (printing->json != NULL) {
    snt_json_begin_object(printing->json, NULL);
    snt_json_put_string(printing->json, "name", plugin->name);
    snt_json_put_string(printing->json, "version", plugin->version);
    snt_json_put_string(printing->json, "sha256", plugin->sha256);
    snt_json_put_string(printing->json, "summary", plugin->summary);
    snt_json_put_string(printing->json, "ungranted", is_bundle && !is_granted ? missing : NULL);
    snt_json_end_object(printing->json);
    return snt_done();
  }
  SNT_TRY(snt_out_printf(printing->out, err, "%-16s %-8s ", plugin->name, plugin->version));
  SNT_TRY(snt_cli_print_clean(&printing->out->text, plugin->summary, err));
  return is_bundle && !is_granted ? snt_out_printf(printing->out, err, " (not granted: %s)\n", missing)
                                  : snt_out_text(printing->out, "\n", err);
}

snt_status snt_cmd_plugin_list(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_json_writer writer;
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  struct printing printing = {.out = out, .json = is_json ? &writer : NULL};
  struct visit visit = {.visit = print_row, .context = &printing};
  snt_json_writer_init(&writer, &out->text, err);
  if (is_json) {
    snt_json_begin_object(&writer, NULL);
    snt_json_begin_array(&writer, "plugins");
  }
  SNT_TRY(visit_any(&visit, args->argument_count > 0 ? args->arguments[0] : "plugins", err));
  if (!is_json) {
    return visit.count > 0 ? snt_done() : snt_out_text(out, "no plugin lies there\n", err);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

/* "https://api.pagerduty.com" of its URL. */
static int host_length(const struct snt_question *question) {
  const char *host = question->url + strlen("https://");
  return (int)(strlen("https://") + strcspn(host, "/"));
}

static void put_questions(struct snt_json_writer *json, const struct snt_plugin *plugin,
                          const struct snt_grant *grant) {
  snt_json_begin_array(json, "http");
  for (size_t i = 0; i < plugin->question_count; i++) {
    const struct snt_question *question = &plugin->questions[i];
    snt_json_begin_object(json, NULL);
    snt_json_put_string(json, "name", question->name);
    snt_json_put_string(json, "url", question->url);
    snt_json_put_string(json, "secret", question->secret[0] == '\0' ? NULL : question->secret);
    snt_json_put_bool(json, "granted", snt_policy_may_ask(question, grant));
    snt_json_end_object(json);
  }
  snt_json_end_array(json);
  snt_json_begin_array(json, "secrets");
  for (size_t i = 0; i < plugin->secret_count; i++) {
    snt_json_begin_object(json, NULL);
    snt_json_put_string(json, "name", plugin->secrets[i].name);
    snt_json_put_string(json, "header", plugin->secrets[i].header);
    snt_json_put_bool(json, "granted", snt_grant_lists(grant->secrets, plugin->secrets[i].name));
    snt_json_end_object(json);
  }
  snt_json_end_array(json);
}

static void put_list(struct snt_json_writer *json, const char *key, char *const *list) {
  snt_json_begin_array(json, key);
  for (char *const *item = list; item != NULL && *item != NULL; item++) {
    snt_json_put_string(json, NULL, *item);
  }
  snt_json_end_array(json);
}

static void put_plugin(struct snt_json_writer *json, const struct snt_plugin *plugin, const struct snt_grant *grant) {
  snt_json_begin_object(json, NULL);
  snt_json_put_string(json, "name", plugin->name);
  snt_json_put_string(json, "version", plugin->version);
  snt_json_put_string(json, "sha256", plugin->sha256);
  snt_json_put_string(json, "summary", plugin->summary);
  snt_json_put_raw(json, "args", (struct snt_slice){plugin->args.data, plugin->args.len});
  snt_json_put_raw(json, "request", (struct snt_slice){plugin->request.data, plugin->request.len});
  put_questions(json, plugin, grant);
  snt_json_begin_array(json, "hosts");
  for (char *const *host = grant->hosts; host != NULL && *host != NULL; host++) {
    if (snt_policy_may_reach(plugin, grant, *host)) {
      snt_json_put_string(json, NULL, *host);
    }
  }
  snt_json_end_array(json);
  snt_json_put_bool(json, "private", grant->allows_private);
  snt_json_put_bool(json, "geoip", plugin->needs_geoip && grant->has_geoip);
  snt_json_put_bool(json, "history", plugin->needs_history && grant->has_history);
  put_list(json, "needed_files", plugin->files);
  snt_json_begin_array(json, "files");
  for (char *const *file = grant->files; file != NULL && *file != NULL; file++) {
    if (snt_policy_may_read(plugin, *file)) {
      snt_json_put_string(json, NULL, *file);
    }
  }
  snt_json_end_array(json);
  snt_json_put_integer(json, "timeout_ms", plugin->timeout_ms);
  snt_json_put_integer(json, "fuel", plugin->fuel);
  snt_json_end_object(json);
}

static snt_status print_need(struct snt_out *out, const char *what, const char *name, bool is_granted,
                             struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "  %-8s ", is_granted ? "may" : "may not"));
  SNT_TRY(snt_out_text(out, what, err));
  SNT_TRY(snt_cli_print_clean(&out->text, name, err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_questions(struct snt_out *out, const struct snt_plugin *plugin, const struct snt_grant *grant,
                                  struct snt_err *err) {
  for (size_t i = 0; i < plugin->question_count; i++) {
    const struct snt_question *question = &plugin->questions[i];
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_TRY(snt_buf_appendf(&text, err, "%s of %.*s", question->name, host_length(question), question->url));
    SNT_TRY(question->secret[0] == '\0' ? snt_done() : snt_buf_appendf(&text, err, ", sending %s", question->secret));
    SNT_TRY(print_need(out, "ask ", text.data, snt_policy_may_ask(question, grant), err));
  }
  for (char *const *host = grant->hosts; host != NULL && *host != NULL; host++) {
    SNT_TRY(snt_policy_may_reach(plugin, grant, *host) ? print_need(out, "reach ", *host, true, err) : snt_done());
  }
  return snt_done();
}

static bool contains(const char *pattern, const char *other) {
  return strchr(pattern, '?') == NULL && snt_glob_match(pattern, strlen(pattern), other, strlen(other));
}

/* Files that fit what is needed and what is granted: the narrower of the two patterns, or both. */
static snt_status print_readable(struct snt_out *out, const char *needed, const char *granted, struct snt_err *err) {
  if (contains(needed, granted) || contains(granted, needed)) {
    return print_need(out, "read ", contains(needed, granted) ? granted : needed, true, err);
  }
  SNT_BUF_AUTO struct snt_buf both = {0};
  SNT_TRY(snt_buf_appendf(&both, err, "%s, where it fits %s", needed, granted));
  return print_need(out, "read ", both.data, true, err);
}

static snt_status print_files(struct snt_out *out, const struct snt_plugin *plugin, const struct snt_grant *grant,
                              struct snt_err *err) {
  for (char *const *needed = plugin->files; needed != NULL && *needed != NULL; needed++) {
    bool is_granted = false;
    for (char *const *granted = grant->files; granted != NULL && *granted != NULL; granted++) {
      if (snt_glob_overlaps(*needed, *granted)) {
        is_granted = true;
        SNT_TRY(print_readable(out, *needed, *granted, err));
      }
    }
    SNT_TRY(is_granted ? snt_done() : print_need(out, "read ", *needed, false, err));
  }
  return snt_done();
}

static snt_status print_fields(struct snt_out *out, const struct snt_plugin *plugin, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(plugin->request.data, plugin->request.len, "the fields", &doc, err));
  size_t count = snt_json_count(snt_json_root(doc));
  SNT_TRY(snt_out_text(out, count > 0 ? "  sees     " : "  sees     nothing of the request", err));
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_out_text(out, i > 0 ? ", " : "", err));
    SNT_TRY(snt_cli_print_clean(&out->text, snt_json_string(snt_json_at(snt_json_root(doc), i), NULL), err));
  }
  return snt_out_text(out, "\n", err);
}

static snt_status print_plugin(struct snt_out *out, const struct snt_plugin *plugin, const struct snt_grant *grant,
                               struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "%s %s: ", plugin->name, plugin->version));
  SNT_TRY(snt_cli_print_clean(&out->text, plugin->summary, err));
  SNT_TRY(snt_out_text(out, "\n", err));
  SNT_TRY(print_fields(out, plugin, err));
  SNT_TRY(print_questions(out, plugin, grant, err));
  SNT_TRY(plugin->needs_geoip ? print_need(out, "look up addresses (geoip)", "", grant->has_geoip, err) : snt_done());
  SNT_TRY(plugin->needs_history ? print_need(out, "see the user's last grants (history)", "", grant->has_history, err)
                                : snt_done());
  SNT_TRY(print_files(out, plugin, grant, err));
  SNT_TRY(snt_out_printf(out, err, "  within   %lld ms, %lld units of fuel\n", (long long)plugin->timeout_ms,
                         (long long)plugin->fuel));
  return snt_out_printf(out, err, "  sha256   %s\n", plugin->sha256);
}

static snt_status inspect(void *context, const struct snt_policy *policy, const struct snt_plugin *plugin,
                          struct snt_err *err) {
  static const struct snt_grant none = {.plugin = ""};
  struct printing *printing = context;
  const struct snt_grant *grant = snt_grants_find(&policy->manifest.grants, plugin->name);
  if (printing->json == NULL) {
    return print_plugin(printing->out, plugin, grant == NULL ? &none : grant, err);
  }
  put_plugin(printing->json, plugin, grant == NULL ? &none : grant);
  return snt_done();
}

snt_status snt_cmd_plugin_inspect(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_json_writer writer;
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  struct printing printing = {.out = out, .json = is_json ? &writer : NULL};
  struct visit visit = {.visit = inspect, .context = &printing};
  if (args->argument_count == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "name a bundle's folder, or a plugin's"));
    return snt_err_hint(err, "in a bundle a plugin may do what its bundle.yaml grants; alone it may do nothing");
  }
  snt_json_writer_init(&writer, &out->text, err);
  if (is_json) {
    snt_json_begin_object(&writer, NULL);
    snt_json_begin_array(&writer, "plugins");
  }
  SNT_TRY(visit_any(&visit, args->arguments[0], err));
  if (!is_json) {
    return visit.count > 0 ? snt_done() : snt_out_text(out, "no plugin lies there\n", err);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}
