/* sentinel plugin list, inspect: what plugins need, and what of that a bundle grants. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/problems.h"
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

/* Calls visit for each plugin of a bundle, of a plugin's own, or of a folder of plugins; those that are refused are
 * kept, and do not end it. */
struct visit {
  /* NULL: only problems are wanted */
  snt_status (*visit)(void *context, const struct snt_policy *policy, const struct snt_plugin *plugin,
                      struct snt_err *err);
  void *context;
  size_t count;
  struct snt_problems problems;
  struct snt_err failure; /* of the first one that was refused */
};

static void clear_visit(struct visit *visit) { snt_problems_clear(&visit->problems); }

/* Whether this was told already, of the bundle. */
static bool is_told(const struct visit *visit, const struct snt_err *failure, const struct snt_buf *array) {
  const struct snt_buf *list = &visit->problems.list;
  bool is_listed =
      array->len > 2 && list->len > 0 && memmem(list->data, list->len, array->data + 1, array->len - 2) != NULL;
  return is_listed || strcmp(failure->message, visit->failure.message) == 0;
}

static snt_status visit_path(struct visit *visit, const char *path, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_BUF_AUTO struct snt_buf array = {0};
  struct snt_err failure = {0};
  snt_status status = snt_issue_describe(path, &policy, &array, &failure);
  if (!snt_ok(status) && is_told(visit, &failure, &array)) {
    return snt_done();
  }
  SNT_TRY(snt_problems_add(&visit->problems, path, status, &failure, &array, err));
  if (!snt_ok(status) && visit->problems.refused == 1) {
    visit->failure = failure;
  }
  for (size_t i = 0; visit->visit != NULL && i < policy.plugin_count; i++) {
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

/* A bundle is refused for its first plugin that is: what is wrong with the others is told by each alone. */
static snt_status visit_bundle(struct visit *visit, const char *path, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_TRY(visit_path(visit, path, err));
  if (visit->problems.refused == 0 || !snt_ok(snt_policy_read_file(path, false, &policy, NULL))) {
    return snt_done();
  }
  visit->visit = NULL;
  for (size_t i = 0; i < policy.manifest.grants.count; i++) {
    SNT_BUF_AUTO struct snt_buf plugin = {0};
    SNT_TRY(snt_buf_appendf(&plugin, err, "%s/plugins/%s", path, policy.manifest.grants.list[i].plugin));
    SNT_TRY(has_file(plugin.data, "plugin.lua") ? visit_path(visit, plugin.data, err) : snt_done());
  }
  return snt_done();
}

static snt_status visit_any(struct visit *visit, const char *path, struct snt_err *err) {
  bool is_plugin = has_file(path, "plugin.lua");
  bool is_bundle = has_file(path, SNT_BUNDLE_MANIFEST) || snt_str_ends_with(path, SNT_PACKED_SUFFIX);
  return is_bundle ? visit_bundle(visit, path, err)
                   : (is_plugin ? visit_path(visit, path, err) : visit_folder(visit, path, err));
}

/* What is printed, line by line or as JSON. */
struct printing {
  struct snt_out *out;
  struct snt_json_writer *json; /* NULL: for people */
};

static snt_status finish_json(struct snt_json_writer *json, const struct snt_buf *problems, struct snt_out *out,
                              struct snt_err *err) {
  snt_json_end_array(json);
  if (problems->len > 2) {
    snt_json_put_raw(json, "problems", (struct snt_slice){problems->data, problems->len});
  }
  snt_json_end_object(json);
  SNT_TRY(snt_json_finish(json));
  return snt_out_text(out, "\n", err);
}

/* Beside what was printed of the others; one problem alone is the command's own error. */
static snt_status tell_problems(const struct visit *visit, const struct snt_buf *problems, struct snt_err *err) {
  const struct printing *printing = visit->context;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(problems->data, problems->len, "the list of problems", &doc, err));
  size_t count = snt_json_count(snt_json_root(doc));
  bool is_alone = count == 1 && visit->count == 0;
  if (printing->json != NULL) {
    SNT_TRY(finish_json(printing->json, problems, printing->out, err));
  } else if (!is_alone) {
    SNT_TRY(snt_problems_print(&visit->problems, false, printing->out, err));
  }
  if (is_alone) {
    *err = visit->failure;
    return (snt_status){err->code};
  }
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "plugins are refused: %zu %s", count,
                  count == 1 ? "problem" : "problems");
}

static snt_status print_all(struct visit *visit, const char *path, struct snt_err *err) {
  const struct printing *printing = visit->context;
  SNT_BUF_AUTO struct snt_buf problems = {0};
  if (printing->json != NULL) {
    snt_json_begin_object(printing->json, NULL);
    snt_json_begin_array(printing->json, "plugins");
  }
  snt_status status = visit_any(visit, path, err);
  if (!snt_ok(status)) {
    snt_buf_reset(&printing->out->text); /* half a document is none */
    return status;
  }
  SNT_TRY(snt_buf_appendf(&problems, err, "[%s]", snt_buf_borrow(&visit->problems.list)));
  if (visit->problems.refused > 0) {
    return tell_problems(visit, &problems, err);
  }
  if (printing->json != NULL) {
    return finish_json(printing->json, &problems, printing->out, err);
  }
  return visit->count > 0 ? snt_done() : snt_out_text(printing->out, "no plugin lies there\n", err);
}

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
  struct printing printing = {.out = out, .json = snt_args_has(args, SNT_OPTION_JSON) ? &writer : NULL};
  SNT_CLEANUP(clear_visit) struct visit visit = {.visit = print_row, .context = &printing};
  snt_json_writer_init(&writer, &out->text, err);
  return print_all(&visit, args->argument_count > 0 ? args->arguments[0] : "plugins", err);
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

/* "service (string, required): the service's id" */
static snt_status print_argument(struct snt_out *out, const char *name, const struct snt_json_value *argument,
                                 struct snt_err *err) {
  bool is_required = false;
  const char *type = snt_json_string(snt_json_get(argument, "type"), NULL);
  const char *description = snt_json_string(snt_json_get(argument, "description"), NULL);
  (void)snt_json_bool(snt_json_get(argument, "required"), &is_required);
  SNT_TRY(snt_out_text(out, "  takes    ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, name, err));
  SNT_TRY(snt_out_text(out, " (", err));
  SNT_TRY(snt_cli_print_clean(&out->text, type == NULL ? "" : type, err));
  SNT_TRY(snt_out_text(out, is_required ? ", required): " : "): ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, description == NULL ? "" : description, err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_arguments(struct snt_out *out, const struct snt_plugin *plugin, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(plugin->args.data, plugin->args.len, "the arguments", &doc, err));
  size_t count = snt_json_count(snt_json_root(doc));
  for (size_t i = 0; i < count; i++) {
    const struct snt_json_value *argument = NULL;
    const char *name = snt_json_key_at(snt_json_root(doc), i, &argument);
    SNT_TRY(print_argument(out, name, argument, err));
  }
  return count > 0 ? snt_done() : snt_out_text(out, "  takes    no arguments\n", err);
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
  SNT_TRY(print_arguments(out, plugin, err));
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
  struct printing printing = {.out = out, .json = snt_args_has(args, SNT_OPTION_JSON) ? &writer : NULL};
  SNT_CLEANUP(clear_visit) struct visit visit = {.visit = inspect, .context = &printing};
  if (args->argument_count == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "name a bundle's folder, or a plugin's"));
    return snt_err_hint(err, "in a bundle a plugin may do what its bundle.yaml grants; alone it may do nothing");
  }
  snt_json_writer_init(&writer, &out->text, err);
  return print_all(&visit, args->arguments[0], err);
}
