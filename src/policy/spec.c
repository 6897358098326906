#include "policy/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/bundle.h"
#include "policy/manifest_format.h"
#include "policy/shuffle.h"
#include "policy/spec_fixture.h"
#include "policy/spec_policy.h"

enum { SPEC_CAP = 2048 * 1024, NAME_CAP = 1024, MESSAGE_CAP = 4200, SEEN_CAP = 64 * 1024 };

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
  size_t *order;                       /* in which the cases are run */
  struct snt_evaluator *evaluator;     /* with the spec loaded; NULL when it is gone */
  bool is_bound;                       /* it has a policy */
  struct snt_policy policy;            /* that one */
  bool is_pure;                        /* whose cases may follow each other in one worker */
  struct snt_coverage_policy *covered; /* of that policy */
  struct snt_buf policy_file;          /* its file */
  struct snt_buf policy_name;          /* what the spec calls it, or could: below its folder */
  bool has_failed;                     /* a case with it */
  bool is_stopped;
};

static void clear_run(struct run *run) {
  snt_buf_clear(&run->source);
  snt_buf_clear(&run->plugin_folder);
  snt_policy_clear(&run->policy);
  snt_buf_clear(&run->policy_file);
  snt_buf_clear(&run->policy_name);
  snt_evaluator_close(&run->evaluator);
  snt_json_free(&run->doc);
  free(run->order);
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* "a/b" of "a/b/c_spec.lua", "." of "c_spec.lua". */
static snt_status folder_of(const char *path, struct snt_buf *out, struct snt_err *err) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? snt_buf_append_str(out, ".", err) : snt_buf_append(out, path, (size_t)(slash - path), err);
}

/* The folder of the spec at path, and the folder that it lies in. */
static snt_status split_spec(const char *path, struct snt_buf *folder, struct snt_buf *parent, struct snt_err *err) {
  SNT_TRY(folder_of(path, folder, err));
  SNT_FREE_AUTO char *here = strcmp(folder->data, ".") == 0 ? realpath(".", NULL) : NULL;
  if (here != NULL) {
    snt_buf_reset(folder);
    SNT_TRY(snt_buf_append_str(folder, here, err));
  }
  return folder_of(folder->data, parent, err);
}

/* .../plugins/NAME/spec/x_spec.lua is the spec of that plugin, wherever it is named from. */
static snt_status find_plugin(struct run *run, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf manifest = {0};
  SNT_BUF_AUTO struct snt_buf parent = {0};
  SNT_TRY(split_spec(run->path, &folder, &parent, err));
  SNT_TRY(snt_buf_appendf(&manifest, err, "%s/plugin.lua", parent.data));
  bool is_spec_folder = snt_str_ends_with(folder.data, "/spec") || strcmp(folder.data, "spec") == 0;
  if (!is_spec_folder || !exists(manifest.data)) {
    return snt_done();
  }
  SNT_TRY(snt_bundle_find_plugin(parent.data, &run->plugin_folder, err));
  const char *slash = strrchr(run->plugin_folder.data, '/');
  (void)snprintf(run->plugin, sizeof run->plugin, "%s", slash == NULL ? run->plugin_folder.data : slash + 1);
  return snt_done();
}

/* The line of the first case that has the policy. */
static int64_t line_of_first(const struct run *run, const char *named) {
  int64_t line = 1;
  for (size_t i = 0; i < snt_json_count(run->cases); i++) {
    const struct snt_json_value *of = snt_json_at(run->cases, i);
    const char *policy = snt_json_string(snt_json_get(of, "policy"), NULL);
    if (policy != NULL && named != NULL && strcmp(policy, named) == 0) {
      (void)snt_json_integer(snt_json_get(of, "line"), &line);
      return line;
    }
  }
  return line;
}

/* What a table beside the policy calls it: a bundle's folder has a slash at its end. */
static snt_status name_policy(struct run *run, const char *path, struct snt_err *err) {
  const char *slash = strrchr(run->path, '/');
  struct stat st;
  bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  snt_buf_reset(&run->policy_name);
  return snt_buf_appendf(&run->policy_name, err, "%s%s", slash == NULL ? path : path + (slash - run->path) + 1,
                         is_folder ? "/" : "");
}

static snt_status read_policy(struct run *run, const char *named, struct snt_policy *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (run->plugin[0] != '\0') {
    SNT_TRY(snt_bundle_read_plugin(run->plugin_folder.data, out, err));
    return run->options->recorder == NULL ? snt_done() : snt_bundle_grant_plugin(run->plugin_folder.data, out, err);
  }
  SNT_TRY(snt_spec_find_policy(run->path, named, &path, err));
  SNT_TRY(name_policy(run, path.data, err));
  snt_status status = snt_policy_read_file(path.data, false, out, err);
  if (status.code == SNT_CODE_NO_POLICY) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%lld:1: there is no policy %s", run->path,
                        (long long)line_of_first(run, named), path.data));
    return snt_err_hint(err, "a spec names a file or a bundle in its own folder or below it");
  }
  return status;
}

/* Zones that the spec may name, in arguments of a plugin. */
static snt_status send_zones(const struct run *run, struct snt_err *err) {
  for (size_t i = 0; i < snt_json_count(run->zones); i++) {
    const char *name = snt_json_string(snt_json_at(run->zones, i), NULL);
    SNT_TRY(name == NULL ? snt_done() : snt_evaluator_add_zone(run->evaluator, name, err));
  }
  return snt_done();
}

/* An evaluator with the spec's top level run; reply gets its list of cases. */
static snt_status start(struct run *run, struct snt_buf *reply, struct snt_err *err) {
  static const struct snt_evaluator_options options = {.trace = SNT_TRACE_ALL, .is_long = true};
  run->is_bound = false;
  SNT_TRY(snt_evaluator_start(&options, &run->evaluator, err));
  return snt_evaluator_load_spec(run->evaluator, run->path, run->plugin, &run->source, reply, run->problems, err);
}

static snt_status refuse_reply(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a spec makes no sense (%s)", what);
}

/* A printable text of fewer than cap bytes, or NULL. */
static const char *take_text(const struct snt_json_value *object, const char *key, size_t cap) {
  return snt_json_printable(snt_json_get(object, key), cap);
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
    const char *name = snt_json_printable(snt_json_at(run->files, i), 201);
    if (name == NULL) {
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
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(start(run, &reply, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&reply), reply.len, "a spec's cases", &run->doc, err));
  run->cases = snt_json_get(snt_json_root(run->doc), "cases");
  run->files = snt_json_get(snt_json_root(run->doc), "files");
  run->zones = snt_json_get(snt_json_root(run->doc), "zones");
  return check_cases(run, err);
}

static snt_status take_result(const struct run *run, const struct snt_json_value *root, struct snt_case *out,
                              struct snt_err *err) {
  static const char *const keys[] = {"status", "message", "line", "malformed", "seen", NULL};
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

/* Tells of one case: what the evaluator said of it, or why it said nothing. */
static void report_case(struct run *run, size_t number, const char *text, size_t len, const char *failure) {
  struct snt_err inner = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  const struct snt_json_value *of = snt_json_at(run->cases, number);
  struct snt_case result = {.name = take_text(of, "name", NAME_CAP), .file = run->path, .message = ""};
  (void)snt_json_integer(snt_json_get(of, "line"), &result.line);
  snt_status status = failure == NULL ? snt_json_parse(text, len, "a case's result", &doc, &inner) : snt_done();
  status = snt_ok(status) && failure == NULL ? take_result(run, snt_json_root(doc), &result, &inner) : status;
  if (!snt_ok(status) || failure != NULL) {
    result.status = SNT_CASE_FAILED;
    result.message = failure != NULL ? failure : inner.message;
  }
  run->has_failed = run->has_failed || result.status == SNT_CASE_FAILED;
  run->is_stopped = !run->options->on_case(run->options->context, &result);
}

static size_t count_lines(const struct snt_buf *text) {
  size_t count = 0;
  for (size_t i = 0; i < text->len; i++) {
    count += text->data[i] == '\n' ? 1 : 0;
  }
  return count;
}

/* Some cases in one worker. False when that did not end well: nothing was told of them then, unless it is one. */
static bool run_cases(struct run *run, const size_t *numbers, size_t count) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err inner = {0};
  snt_status status = snt_evaluator_run_cases(run->evaluator, numbers, count, &reply, &inner);
  if (count == 1) {
    report_case(run, numbers[0], snt_buf_borrow(&reply), reply.len, snt_ok(status) ? NULL : inner.message);
  } else if (snt_ok(status) && count_lines(&reply) != count) {
    status = refuse_reply("results", &inner);
  }
  if (!snt_ok(status)) {
    snt_evaluator_close(&run->evaluator);
    return false;
  }
  const char *line = snt_buf_borrow(&reply);
  for (size_t i = 0; i < count && count > 1 && !run->is_stopped; i++) {
    const char *end = strchr(line, '\n');
    report_case(run, numbers[i], line, (size_t)(end - line), NULL);
    line = end + 1;
  }
  return true;
}

/* One case, whose questions that no mock answers are asked for real. */
static void record_case(struct run *run, size_t number) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err inner = {0};
  snt_status status = snt_spec_record_case(run->options->recorder, run->evaluator, number, &reply, &inner);
  if (status.code == SNT_CODE_EVALUATOR) {
    snt_evaluator_close(&run->evaluator);
  }
  report_case(run, number, snt_buf_borrow(&reply), reply.len, snt_ok(status) ? NULL : inner.message);
}

/* What a spec is told of its policy: lua/stdlib/spec_runner.lua, bind. A role that is not among a bundle's targets is
 * denied before evaluation. */
static snt_status describe_policy(const struct run *run, const char *named, struct snt_buf *out, struct snt_err *err) {
  const struct snt_manifest *manifest = &run->policy.manifest;
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "cover", run->options->coverage != NULL);
  snt_json_put_string(&writer, "policy", named == NULL ? "" : named);
  if (run->policy.is_bundle && manifest->has_targets) {
    snt_json_put_string(&writer, "bundle", manifest->name);
    snt_manifest_put_targets(&writer, manifest);
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

/* The policy comes into force, and the spec gets it. */
static snt_status bind_policy(struct run *run, const char *named, struct snt_err *err) {
  struct snt_policy *policy = &run->policy;
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  bool is_covered = run->options->coverage != NULL;
  snt_policy_clear(policy);
  SNT_TRY(read_policy(run, named, policy, err));
  SNT_TRY(snt_policy_load(policy, run->evaluator, run->problems, err));
  SNT_TRY(snt_fixture_send(run->path, run->files, run->evaluator, err));
  SNT_TRY(send_zones(run, err));
  SNT_TRY(describe_policy(run, named, &about, err));
  SNT_TRY(
      snt_evaluator_bind_spec(run->evaluator, (struct snt_slice){about.data, about.len}, &reply, run->problems, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&reply), reply.len, "a spec's policy", &doc, err));
  run->is_bound = true;
  snt_buf_reset(&run->policy_file);
  SNT_TRY(snt_buf_append_str(&run->policy_file, policy->file_name, err));
  SNT_TRY(snt_json_bool(snt_json_get(snt_json_root(doc), "pure"), &run->is_pure) ? snt_done()
                                                                                 : refuse_reply("pure", err));
  struct snt_slice path = run->plugin[0] == '\0' ? snt_slice_of(policy->file_name)
                                                 : (struct snt_slice){run->plugin_folder.data, run->plugin_folder.len};
  return is_covered ? snt_coverage_begin(run->options->coverage, path, policy->root_len,
                                         snt_json_get(snt_json_root(doc), "points"), &run->covered, err)
                    : snt_done();
}

/* An evaluator with the spec and this policy: the one that is there, or a new one. */
static snt_status ensure_bound(struct run *run, const char *named, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf ignored = {0};
  if (run->evaluator != NULL && run->is_bound) {
    return snt_done();
  }
  SNT_TRY(run->evaluator == NULL ? start(run, &ignored, err) : snt_done());
  return bind_policy(run, named, err);
}

static bool is_same_policy(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

static const char *policy_of(const struct run *run, size_t number) {
  return take_text(snt_json_at(run->cases, number), "policy", NAME_CAP);
}

static bool is_wanted(const struct run *run, size_t number, const char *policy) {
  const char *filter = run->options->filter;
  return is_same_policy(policy_of(run, number), policy) &&
         (filter == NULL || strstr(take_text(snt_json_at(run->cases, number), "name", NAME_CAP), filter) != NULL);
}

static snt_status put_in_order(struct run *run, struct snt_err *err) {
  size_t count = snt_json_count(run->cases);
  run->order = calloc(count + 1, sizeof *run->order);
  if (run->order == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    run->order[i] = i;
  }
  if (run->options->seed != NULL) {
    snt_shuffle(*run->options->seed, run->order, count);
  }
  return snt_done();
}

/* The numbers of the cases with this policy that are wanted, in order; the caller frees them. */
static size_t *select_cases(const struct run *run, const char *named, size_t *count) {
  size_t all = snt_json_count(run->cases);
  size_t *numbers = calloc(all + 1, sizeof *numbers);
  *count = 0;
  for (size_t i = 0; numbers != NULL && i < all; i++) {
    if (is_wanted(run, run->order[i], named)) {
      numbers[(*count)++] = run->order[i];
    }
  }
  return numbers;
}

/* Cases that may follow each other are run many at a time; when that does not end well, one by one. */
static snt_status run_selected(struct run *run, const char *named, const size_t *numbers, size_t count,
                               struct snt_err *err) {
  size_t most = SNT_CASES_MAX;
  for (size_t i = 0; i < count && !run->is_stopped;) {
    SNT_TRY(ensure_bound(run, named, err));
    size_t here = run->is_pure ? most : 1;
    here = here < count - i ? here : count - i;
    if (run->options->recorder != NULL && !run->is_pure) { /* pure ones ask nothing */
      record_case(run, numbers[i++]);
    } else if (run_cases(run, numbers + i, here) || here == 1) {
      i += here;
    } else {
      most = 1;
    }
  }
  return snt_done();
}

/* The same, and what was recorded is told. */
static snt_status run_recorded(struct run *run, const char *named, const size_t *numbers, size_t count,
                               struct snt_err *err) {
  struct snt_spec_recorder *recorder = run->options->recorder;
  if (recorder == NULL) {
    return run_selected(run, named, numbers, count, err);
  }
  snt_spec_recorder_begin(recorder, run->path, &run->policy);
  snt_status status = run_selected(run, named, numbers, count, err);
  SNT_TRY(snt_spec_recorder_end(recorder, err));
  return status;
}

/* What earlier specs left of the policy's mutants. */
static snt_status run_mutants(const struct run *run, const char *named, struct snt_err *err) {
  const struct snt_mutation_subject subject = {.file = snt_buf_borrow(&run->policy_file),
                                               .name = snt_buf_borrow(&run->policy_name),
                                               .called = named == NULL ? "" : named};
  return snt_mutation_run(run->options->mutation, &subject, run->evaluator, err);
}

static snt_status run_with(struct run *run, const char *named, struct snt_err *err) {
  size_t count = 0;
  size_t *numbers = select_cases(run, named, &count);
  if (numbers == NULL) {
    return snt_fail_memory(err);
  }
  run->has_failed = false;
  snt_status status = run_recorded(run, named, numbers, count, err);
  free(numbers);
  bool is_mutated = run->options->mutation != NULL && run->plugin[0] == '\0' && count > 0;
  if (is_mutated && run->has_failed) {
    run->options->mutation->untried++;
  } else if (snt_ok(status) && is_mutated && !run->is_stopped) {
    status = ensure_bound(run, named, err);
    status = snt_ok(status) ? run_mutants(run, named, err) : status;
  }
  if (run->is_bound) { /* an evaluator takes one policy */
    snt_evaluator_close(&run->evaluator);
  }
  return status;
}

static bool is_first_of_its_policy(const struct run *run, size_t at) {
  for (size_t i = 0; i < at; i++) {
    if (is_same_policy(policy_of(run, run->order[i]), policy_of(run, run->order[at]))) {
      return false;
    }
  }
  return true;
}

/* The name stands before every problem of a spec. */
static snt_status tell_unreadable(const char *path, const struct snt_err *inner, struct snt_err *err) {
  const char *what = inner->message;
  what += snt_str_starts_with(what, path) ? strlen(path) : 0;
  bool is_reason = snt_str_starts_with(what, ": ");
  snt_status status = snt_fail(err, SNT_CODE_POLICY_INVALID, "the spec%s%s", is_reason ? " cannot be read" : "", what);
  return strstr(what, "larger") == NULL ? status : snt_err_hint(err, "split it into several");
}

snt_status snt_spec_run(const char *path, const struct snt_spec_options *options, struct snt_buf *problems,
                        struct snt_err *err) {
  SNT_CLEANUP(clear_run) struct run run = {.path = path, .options = options, .problems = problems};
  struct snt_err inner = {0};
  snt_status status = snt_file_read(path, SNT_FILE_ANY, SPEC_CAP, &run.source, &inner);
  if (!snt_ok(status)) {
    return tell_unreadable(path, &inner, err);
  }
  SNT_TRY(find_plugin(&run, err));
  SNT_TRY(list_cases(&run, err));
  SNT_TRY(put_in_order(&run, err));
  for (size_t i = 0; i < snt_json_count(run.cases) && !run.is_stopped; i++) {
    if (is_first_of_its_policy(&run, i)) {
      SNT_TRY(run_with(&run, policy_of(&run, run.order[i]), err));
    }
  }
  return snt_done();
}
