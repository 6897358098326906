#include "policy/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "format/select.h"
#include "policy/bundle.h"

enum { SPEC_CAP = 512 * 1024, FIXTURE_CAP = 64 * 1024, NAME_CAP = 1024, MESSAGE_CAP = 4200, SEEN_CAP = 6000 };

static const char *const STATUS_NAMES[] = {
#define SNT_CASE_NAME(name, text) text,
    SNT_CASE_STATUSES(SNT_CASE_NAME)
#undef SNT_CASE_NAME
};

const char *snt_case_status_name(enum snt_case_status status) {
  return (unsigned)status < SNT_CASE_STATUS_COUNT ? STATUS_NAMES[status] : STATUS_NAMES[SNT_CASE_FAILED];
}

/* A spec being run. */
struct run {
  const char *path;
  const struct snt_spec_options *options;
  struct snt_buf source;
  struct snt_buf plugin_folder; /* of a plugin's own spec */
  char plugin[SNT_PLUGIN_NAME_CAP];
  struct snt_buf *problems;
  struct snt_json_doc *doc; /* of the list of cases */
  const struct snt_json_value *cases, *files, *zones;
  struct snt_coverage_policy *covered; /* of the policy in force */
  bool is_stopped;
};

static void clear_run(struct run *run) {
  snt_buf_clear(&run->source);
  snt_buf_clear(&run->plugin_folder);
  snt_json_free(&run->doc);
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* "a/b" of "a/b/c_spec.lua", "." of "c_spec.lua". */
static snt_status folder_of(const char *path, struct snt_buf *out, struct snt_err *err) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? snt_buf_append_str(out, ".", err) : snt_buf_append(out, path, (size_t)(slash - path), err);
}

/* .../plugins/NAME/spec/x_spec.lua is the spec of that plugin. */
static snt_status find_plugin(struct run *run, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf manifest = {0};
  SNT_BUF_AUTO struct snt_buf parent = {0};
  SNT_TRY(folder_of(run->path, &folder, err));
  SNT_TRY(folder_of(folder.data, &parent, err));
  SNT_TRY(snt_buf_appendf(&manifest, err, "%s/plugin.lua", parent.data));
  bool is_spec_folder = snt_str_ends_with(folder.data, "/spec") || strcmp(folder.data, "spec") == 0;
  if (!is_spec_folder || !exists(manifest.data)) {
    return snt_done();
  }
  const char *slash = strrchr(parent.data, '/');
  (void)snprintf(run->plugin, sizeof run->plugin, "%s", slash == NULL ? parent.data : slash + 1);
  return snt_buf_append_str(&run->plugin_folder, parent.data, err);
}

/* dev.yaml, dev.lua or dev/ for dev_spec.lua; else what policy("...") names, beside the spec. */
static snt_status find_policy(const struct run *run, const char *named, struct snt_buf *out, struct snt_err *err) {
  static const char *const ends[] = {".yaml", ".yml", ".lua", "", NULL};
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(folder_of(run->path, &folder, err));
  if (named != NULL) {
    return snt_buf_appendf(out, err, "%s/%s", folder.data, named);
  }
  const char *base = strrchr(run->path, '/') == NULL ? run->path : strrchr(run->path, '/') + 1;
  int stem = (int)(strlen(base) - strlen("_spec.lua"));
  for (const char *const *end = ends; *end != NULL; end++) {
    snt_buf_reset(out);
    SNT_TRY(snt_buf_appendf(out, err, "%s/%.*s%s", folder.data, stem, base, *end));
    if (exists(out->data)) {
      return snt_done();
    }
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: there is no policy %.*s.yaml, %.*s.lua or %.*s/ beside it",
                      run->path, stem, base, stem, base, stem, base));
  return snt_err_hint(err, "name the spec after its policy, or its policy in it: policy(\"file\")");
}

static snt_status read_policy(const struct run *run, const char *named, struct snt_policy *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (run->plugin[0] != '\0') {
    SNT_TRY(snt_bundle_read_plugin(run->plugin_folder.data, out, err));
    return run->options->recorder == NULL ? snt_done() : snt_bundle_grant_plugin(run->plugin_folder.data, out, err);
  }
  SNT_TRY(find_policy(run, named, &path, err));
  return snt_policy_read_file(path.data, false, out, err);
}

/* Zones that the spec may name, in arguments of a plugin. */
static snt_status send_zones(const struct run *run, struct snt_evaluator *evaluator, struct snt_err *err) {
  for (size_t i = 0; i < snt_json_count(run->zones); i++) {
    const char *name = snt_json_string(snt_json_at(run->zones, i), NULL);
    SNT_TRY(name == NULL ? snt_done() : snt_evaluator_add_zone(evaluator, name, err));
  }
  return snt_done();
}

/* The files that mocks name, as JSON that this process wrote. */
static snt_status send_files(const struct run *run, struct snt_evaluator *evaluator, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(folder_of(run->path, &folder, err));
  for (size_t i = 0; i < snt_json_count(run->files); i++) {
    SNT_BUF_AUTO struct snt_buf path = {0};
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_BUF_AUTO struct snt_buf written = {0};
    SNT_BUF_AUTO struct snt_buf name = {0};
    SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
    struct snt_err inner = {0};
    const char *file = snt_json_string(snt_json_at(run->files, i), NULL);
    SNT_TRY(snt_buf_appendf(&path, err, "%s/%s", folder.data, file));
    SNT_TRY(snt_buf_appendf(&name, err, "spec/%s", file));
    if (!exists(path.data) && snt_str_ends_with(run->path, ".lua")) {
      continue; /* a text that only looks like a file's name */
    }
    snt_status status = snt_file_read(path.data, SNT_FILE_ANY, FIXTURE_CAP, &text, &inner);
    if (snt_ok(status)) {
      status = snt_json_parse(snt_buf_borrow(&text), text.len, path.data, &doc, &inner);
    }
    if (!snt_ok(status)) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: json_file: %s", run->path, inner.message);
    }
    struct snt_json_writer writer;
    snt_json_writer_init(&writer, &written, err);
    SNT_TRY(snt_select_write(snt_json_root(doc), NULL, &writer, NULL, err));
    SNT_TRY(snt_json_finish(&writer));
    SNT_TRY(snt_evaluator_add_file(evaluator, name.data, (struct snt_slice){written.data, written.len}, err));
  }
  return snt_done();
}

/* An evaluator with the policy in force and the spec's top level run; reply gets its list of cases. */
static snt_status start(struct run *run, struct snt_policy *policy, struct snt_evaluator **evaluator,
                        struct snt_buf *reply, struct snt_err *err) {
  static const struct snt_evaluator_options options = {.trace = SNT_TRACE_ALL};
  SNT_TRY(snt_evaluator_start(&options, evaluator, err));
  SNT_TRY(policy == NULL ? snt_done() : snt_policy_load(policy, *evaluator, run->problems, err));
  SNT_TRY(policy == NULL ? snt_done() : send_files(run, *evaluator, err));
  SNT_TRY(policy == NULL ? snt_done() : send_zones(run, *evaluator, err));
  bool is_covered = policy != NULL && run->options->coverage != NULL && run->plugin[0] == '\0';
  return snt_evaluator_load_spec(*evaluator, run->path, run->plugin, &run->source, is_covered, reply, run->problems,
                                 err);
}

static snt_status refuse_reply(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a spec makes no sense (%s)", what);
}

/* A printable text of fewer than cap bytes, or NULL. */
static const char *take_text(const struct snt_json_value *object, const char *key, size_t cap) {
  size_t len = 0;
  const char *text = snt_json_string(snt_json_get(object, key), &len);
  return text != NULL && len < cap && strlen(text) == len && snt_utf8_check_printable(text, len) ? text : NULL;
}

static bool is_line(int64_t line) { return line >= 0 && line < 1000000; }

/* A name below the spec's folder: specs do not read elsewhere. */
static bool is_policy_name(const char *name) { return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL; }

static snt_status check_cases(const struct run *run, struct snt_err *err) {
  static const char *const keys[] = {"name", "line", "policy", NULL};
  for (size_t i = 0; i < snt_json_count(run->cases); i++) {
    const struct snt_json_value *of = snt_json_at(run->cases, i);
    int64_t line = 0;
    bool has_policy = snt_json_type(snt_json_get(of, "policy")) != SNT_JSON_NULL;
    const char *policy = take_text(of, "policy", NAME_CAP);
    if (snt_json_type(of) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(of, "", keys, NULL)) ||
        take_text(of, "name", NAME_CAP) == NULL || !snt_json_integer(snt_json_get(of, "line"), &line) ||
        !is_line(line) || (has_policy && policy == NULL)) {
      return refuse_reply("cases", err);
    }
    if (has_policy && !is_policy_name(policy)) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%lld:1: policy(\"%s\") is no file beside the spec", run->path,
                      (long long)line, policy);
    }
  }
  for (size_t i = 0; i < snt_json_count(run->files); i++) {
    size_t len = 0;
    const char *name = snt_json_string(snt_json_at(run->files, i), &len);
    if (name == NULL || len > 200 || strlen(name) != len || !snt_utf8_check_printable(name, len)) {
      return refuse_reply("files", err);
    }
    if (!is_policy_name(name)) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: json_file \"%s\" is no file below the spec", run->path,
                      name);
    }
  }
  return snt_json_type(run->cases) == SNT_JSON_ARRAY ? snt_done() : refuse_reply("cases", err);
}

/* What there is to run; no policy is needed to know. */
static snt_status list_cases(struct run *run, struct snt_err *err) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(start(run, NULL, &evaluator, &reply, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&reply), reply.len, "a spec's cases", &run->doc, err));
  run->cases = snt_json_get(snt_json_root(run->doc), "cases");
  run->files = snt_json_get(snt_json_root(run->doc), "files");
  run->zones = snt_json_get(snt_json_root(run->doc), "zones");
  return check_cases(run, err);
}

static snt_status take_result(const struct run *run, const struct snt_buf *reply, struct snt_json_doc **doc,
                              struct snt_case *out, struct snt_err *err) {
  static const char *const keys[] = {"status", "message", "line", "malformed", "seen", NULL};
  SNT_TRY(snt_json_parse(snt_buf_borrow(reply), reply->len, "a case's result", doc, err));
  const struct snt_json_value *root = snt_json_root(*doc);
  const char *status = take_text(root, "status", 16);
  int64_t line = 0;
  bool has_line = snt_json_type(snt_json_get(root, "line")) != SNT_JSON_NULL;
  out->message = take_text(root, "message", MESSAGE_CAP);
  if (!snt_ok(snt_json_check_keys(root, "", keys, NULL)) || status == NULL || out->message == NULL ||
      !snt_json_bool(snt_json_get(root, "malformed"), &out->is_malformed) ||
      (has_line && (!snt_json_integer(snt_json_get(root, "line"), &line) || !is_line(line)))) {
    return refuse_reply("result", err);
  }
  out->line = has_line ? line : out->line;
  const char *seen = take_text(root, "seen", SEEN_CAP);
  bool is_seen = seen != NULL && (seen[0] == '\0' || (run->covered != NULL && snt_coverage_add(run->covered, seen)));
  SNT_TRY(is_seen ? snt_done() : refuse_reply("coverage", err));
  for (int i = 0; i < SNT_CASE_STATUS_COUNT; i++) {
    if (strcmp(status, STATUS_NAMES[i]) == 0) {
      out->status = (enum snt_case_status)i;
      return snt_done();
    }
  }
  return refuse_reply("status", err);
}

/* False when the evaluator is gone: the next case needs another one. */
static bool run_case(struct run *run, struct snt_evaluator *evaluator, size_t number) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_err inner = {0};
  const struct snt_json_value *of = snt_json_at(run->cases, number);
  struct snt_case result = {.name = take_text(of, "name", NAME_CAP), .file = run->path, .message = ""};
  (void)snt_json_integer(snt_json_get(of, "line"), &result.line);
  struct snt_spec_recorder *recorder = run->options->recorder;
  snt_status status = recorder == NULL ? snt_evaluator_run_case(evaluator, number, &reply, &inner)
                                       : snt_spec_record_case(recorder, evaluator, number, &reply, &inner);
  bool is_alive = status.code != SNT_CODE_EVALUATOR;
  if (snt_ok(status)) {
    status = take_result(run, &reply, &doc, &result, &inner);
  }
  if (!snt_ok(status)) {
    result.status = SNT_CASE_FAILED;
    result.message = inner.message;
  }
  run->is_stopped = !run->options->on_case(run->options->context, &result);
  return is_alive;
}

static snt_status begin_coverage(struct run *run, const struct snt_policy *policy, const struct snt_buf *reply,
                                 struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (run->options->coverage == NULL || run->plugin[0] != '\0') {
    return snt_done();
  }
  SNT_TRY(snt_json_parse(snt_buf_borrow(reply), reply->len, "a spec's cases", &doc, err));
  return snt_coverage_begin(run->options->coverage, policy->file_name, snt_json_get(snt_json_root(doc), "points"),
                            &run->covered, err);
}

static bool is_wanted(const struct run *run, size_t number, const char *policy) {
  const struct snt_json_value *of = snt_json_at(run->cases, number);
  const char *own = take_text(of, "policy", NAME_CAP);
  const char *filter = run->options->filter;
  bool is_same = own == NULL || policy == NULL ? own == policy : strcmp(own, policy) == 0;
  return is_same && (filter == NULL || strstr(take_text(of, "name", NAME_CAP), filter) != NULL);
}

/* All cases with this policy, in order. */
static snt_status run_cases(struct run *run, const char *named, struct snt_policy *policy, struct snt_err *err) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  run->covered = NULL;
  for (size_t i = 0; i < snt_json_count(run->cases) && !run->is_stopped; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    if (!is_wanted(run, i, named)) {
      continue;
    }
    if (evaluator == NULL) {
      snt_policy_clear(policy);
      SNT_TRY(read_policy(run, named, policy, err));
      SNT_TRY(start(run, policy, &evaluator, &reply, err));
      SNT_TRY(begin_coverage(run, policy, &reply, err));
    }
    if (!run_case(run, evaluator, i)) {
      snt_evaluator_close(&evaluator);
    }
  }
  return snt_done();
}

static snt_status run_with(struct run *run, const char *named, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  struct snt_spec_recorder *recorder = run->options->recorder;
  if (recorder == NULL) {
    return run_cases(run, named, &policy, err);
  }
  snt_spec_recorder_begin(recorder, run->path, &policy);
  snt_status status = run_cases(run, named, &policy, err);
  SNT_TRY(snt_spec_recorder_end(recorder, err));
  return status;
}

static bool is_first_of_its_policy(const struct run *run, size_t number) {
  const char *policy = take_text(snt_json_at(run->cases, number), "policy", NAME_CAP);
  for (size_t i = 0; i < number; i++) {
    const char *other = take_text(snt_json_at(run->cases, i), "policy", NAME_CAP);
    if (policy == NULL || other == NULL ? policy == other : strcmp(policy, other) == 0) {
      return false;
    }
  }
  return true;
}

snt_status snt_spec_run(const char *path, const struct snt_spec_options *options, struct snt_buf *problems,
                        struct snt_err *err) {
  SNT_CLEANUP(clear_run) struct run run = {.path = path, .options = options, .problems = problems};
  struct snt_err inner = {0};
  snt_status status = snt_file_read(path, SNT_FILE_ANY, SPEC_CAP, &run.source, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", inner.message);
  }
  SNT_TRY(find_plugin(&run, err));
  SNT_TRY(list_cases(&run, err));
  for (size_t i = 0; i < snt_json_count(run.cases) && !run.is_stopped; i++) {
    if (is_first_of_its_policy(&run, i)) {
      SNT_TRY(run_with(&run, take_text(snt_json_at(run.cases, i), "policy", NAME_CAP), err));
    }
  }
  return snt_done();
}
