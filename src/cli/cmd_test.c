/* sentinel test: the specs of policies and plugins. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/problems.h"
#include "format/json.h"
#include "policy/spec.h"

enum { DEPTH_MAX = 16 };

enum format { FORMAT_PRETTY, FORMAT_TAP, FORMAT_JSON };

static const char *const FORMATS[] = {"pretty", "tap", "json", NULL};

/* A run of all specs. */
struct testing {
  struct snt_out *out;
  enum format format;
  const char *filter;
  bool stops_at_failure, is_stopped;
  const char *last_file; /* that was printed */
  size_t counts[SNT_CASE_STATUS_COUNT];
  struct snt_json_writer writer;
  struct snt_problems problems;
  snt_status status; /* of printing */
  struct snt_err *err;
};

static size_t total(const struct testing *testing) {
  size_t all = 0;
  for (int i = 0; i < SNT_CASE_STATUS_COUNT; i++) {
    all += testing->counts[i];
  }
  return all;
}

static snt_status print_pretty(struct testing *testing, const struct snt_case *of) {
  static const char *const marks[] = {
      [SNT_CASE_FAILED] = "FAIL", [SNT_CASE_PASSED] = "ok", [SNT_CASE_SKIPPED] = "skip"};
  struct snt_err *err = testing->err;
  struct snt_buf *text = &testing->out->text;
  if (testing->last_file == NULL || strcmp(testing->last_file, of->file) != 0) {
    SNT_TRY(snt_cli_print_clean(text, of->file, err));
    SNT_TRY(snt_out_text(testing->out, "\n", err));
    testing->last_file = of->file;
  }
  SNT_TRY(snt_out_printf(testing->out, err, "  %-5s ", marks[of->status]));
  SNT_TRY(snt_cli_print_clean(text, of->name, err));
  if (of->message[0] != '\0') {
    SNT_TRY(snt_out_text(testing->out, "\n        ", err));
    SNT_TRY(of->status == SNT_CASE_FAILED ? snt_out_printf(testing->out, err, "line %lld: ", (long long)of->line)
                                          : snt_done());
    SNT_TRY(snt_cli_print_clean(text, of->message, err));
  }
  return snt_out_text(testing->out, "\n", err);
}

static snt_status print_tap(struct testing *testing, const struct snt_case *of) {
  struct snt_err *err = testing->err;
  struct snt_buf *text = &testing->out->text;
  SNT_TRY(
      snt_out_printf(testing->out, err, "%sok %zu - ", of->status == SNT_CASE_FAILED ? "not " : "", total(testing)));
  SNT_TRY(snt_cli_print_clean(text, of->name, err));
  SNT_TRY(of->status == SNT_CASE_SKIPPED ? snt_out_text(testing->out, " # SKIP ", err) : snt_done());
  if (of->message[0] != '\0') {
    SNT_TRY(of->status == SNT_CASE_SKIPPED
                ? snt_done()
                : snt_out_printf(testing->out, err, "\n# %s:%lld: ", of->file, (long long)of->line));
    SNT_TRY(snt_cli_print_clean(text, of->message, err));
  }
  return snt_out_text(testing->out, "\n", err);
}

static void put_json(struct testing *testing, const struct snt_case *of) {
  snt_json_begin_object(&testing->writer, NULL);
  snt_json_put_string(&testing->writer, "name", of->name);
  snt_json_put_string(&testing->writer, "file", of->file);
  snt_json_put_integer(&testing->writer, "line", of->line);
  snt_json_put_string(&testing->writer, "status", snt_case_status_name(of->status));
  snt_json_put_string(&testing->writer, "message", of->message[0] == '\0' ? NULL : of->message);
  snt_json_end_object(&testing->writer);
}

static bool take_case(void *context, const struct snt_case *of) {
  struct testing *testing = context;
  testing->counts[of->status]++;
  if (testing->format == FORMAT_JSON) {
    put_json(testing, of);
  } else {
    testing->status = (testing->format == FORMAT_TAP ? print_tap : print_pretty)(testing, of);
  }
  testing->is_stopped = !snt_ok(testing->status) || (testing->stops_at_failure && of->status == SNT_CASE_FAILED);
  return !testing->is_stopped;
}

static snt_status run_spec(struct testing *testing, const char *path, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf array = {0};
  struct snt_err failure = {0};
  struct snt_spec_options options = {.filter = testing->filter, .on_case = take_case, .context = testing};
  if (snt_str_ends_with(path, "_spec.yaml")) {
    struct snt_case skipped = {.name = "table", .file = path, .line = 1, .status = SNT_CASE_SKIPPED};
    skipped.message = "tables (*_spec.yaml) are not run by this version";
    (void)take_case(testing, &skipped);
    return testing->status;
  }
  snt_status status = snt_spec_run(path, &options, &array, &failure);
  SNT_TRY(testing->status);
  return snt_ok(status) ? status : snt_problems_add(&testing->problems, path, status, &failure, &array, err);
}

static bool is_spec(const char *name) {
  return snt_str_ends_with(name, "_spec.lua") || snt_str_ends_with(name, "_spec.yaml");
}

static snt_status run_path(struct testing *testing, const char *path, int depth, struct snt_err *err);

/* What lies in a folder, in the order of its names. */
static snt_status run_folder(struct testing *testing, const char *path, int depth, struct snt_err *err) {
  struct dirent **entries = NULL;
  int count = depth > DEPTH_MAX ? 0 : scandir(path, &entries, NULL, alphasort);
  snt_status status = count < 0 ? snt_fail(err, SNT_CODE_USAGE, "%s cannot be listed", path) : snt_done();
  for (int i = 0; i < count; i++) {
    SNT_BUF_AUTO struct snt_buf below = {0};
    if (snt_ok(status) && !testing->is_stopped && entries[i]->d_name[0] != '.') {
      status =
          snt_buf_appendf(&below, err, "%s%s%s", path, snt_str_ends_with(path, "/") ? "" : "/", entries[i]->d_name);
      status = snt_ok(status) ? run_path(testing, below.data, depth + 1, err) : status;
    }
    free(entries[i]);
  }
  free(entries);
  return status;
}

/* Links to folders are not followed; a file that is named itself is run whatever it is called. */
static snt_status run_path(struct testing *testing, const char *path, int depth, struct snt_err *err) {
  struct stat st;
  if ((depth == 0 ? stat : lstat)(path, &st) != 0) {
    return depth > 0 ? snt_done() : snt_fail(err, SNT_CODE_USAGE, "there is no %s", path);
  }
  if (S_ISDIR(st.st_mode)) {
    return run_folder(testing, path, depth, err);
  }
  bool is_wanted = is_spec(path);
  if (depth == 0 && !is_wanted) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s is no spec", path));
    return snt_err_hint(err, "a spec's name ends in _spec.lua");
  }
  return is_wanted ? run_spec(testing, path, err) : snt_done();
}

static snt_status take_format(const struct snt_args *args, enum format *out, struct snt_err *err) {
  const char *text = args->values[SNT_OPTION_FORMAT];
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  *out = is_json ? FORMAT_JSON : FORMAT_PRETTY;
  if (text != NULL && is_json) {
    return snt_fail(err, SNT_CODE_USAGE, "--json is --format json: give one of them");
  }
  for (int i = 0; text != NULL && FORMATS[i] != NULL; i++) {
    if (strcmp(text, FORMATS[i]) == 0) {
      *out = (enum format)i;
      return snt_done();
    }
  }
  return text == NULL ? snt_done()
                      : snt_fail(err, SNT_CODE_USAGE, "--format: \"%.100s\" is not pretty, tap or json", text);
}

static snt_status run_all(struct testing *testing, const struct snt_args *args, struct snt_err *err) {
  if (args->argument_count == 0) {
    return run_path(testing, "policies", 0, err);
  }
  for (size_t i = 0; i < args->argument_count && !testing->is_stopped; i++) {
    SNT_TRY(run_path(testing, args->arguments[i], 0, err));
  }
  return snt_done();
}

static snt_status finish(struct testing *testing, struct snt_err *err) {
  const size_t *counts = testing->counts;
  if (testing->format == FORMAT_JSON) {
    struct snt_json_writer *writer = &testing->writer;
    snt_json_end_array(writer);
    snt_json_put_integer(writer, "passed", (int64_t)counts[SNT_CASE_PASSED]);
    snt_json_put_integer(writer, "failed", (int64_t)counts[SNT_CASE_FAILED]);
    snt_json_put_integer(writer, "skipped", (int64_t)counts[SNT_CASE_SKIPPED]);
    snt_json_begin_object(writer, "coverage");
    snt_json_end_object(writer);
    snt_json_begin_object(writer, "mutation");
    snt_json_end_object(writer);
    snt_json_end_object(writer);
    SNT_TRY(snt_json_finish(writer));
    return snt_out_text(testing->out, "\n", err);
  }
  if (testing->problems.refused > 0) {
    SNT_TRY(snt_problems_print(&testing->problems, false, testing->out, err));
  }
  return testing->format == FORMAT_TAP
             ? snt_out_printf(testing->out, err, "1..%zu\n", total(testing))
             : snt_out_printf(testing->out, err, "%zu passed, %zu failed, %zu skipped\n", counts[SNT_CASE_PASSED],
                              counts[SNT_CASE_FAILED], counts[SNT_CASE_SKIPPED]);
}

/* The worst of what happened. */
static snt_status judge(const struct testing *testing, struct snt_err *err) {
  const size_t *counts = testing->counts;
  SNT_TRY(testing->problems.refused > 0 ? snt_problems_status(&testing->problems, err) : snt_done());
  if (counts[SNT_CASE_FAILED] > 0) {
    return snt_fail(err, SNT_CODE_ANSWER_NO, "%zu of %zu tests failed", counts[SNT_CASE_FAILED], total(testing));
  }
  return counts[SNT_CASE_PASSED] > 0 ? snt_done() : snt_fail(err, SNT_CODE_ANSWER_NO, "no test was found");
}

snt_status snt_cmd_test(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct testing testing = {.out = out, .status = snt_done(), .err = err};
  SNT_TRY(take_format(args, &testing.format, err));
  testing.filter = args->values[SNT_OPTION_FILTER];
  testing.stops_at_failure = snt_args_has(args, SNT_OPTION_FAIL_FAST);
  if (testing.format == FORMAT_JSON) {
    snt_json_writer_init(&testing.writer, &out->text, err);
    snt_json_begin_object(&testing.writer, NULL);
    snt_json_begin_array(&testing.writer, "tests");
  } else if (testing.format == FORMAT_TAP) {
    SNT_TRY(snt_out_text(out, "TAP version 13\n", err));
  }
  snt_status status = run_all(&testing, args, err);
  if (snt_ok(status)) {
    status = finish(&testing, err);
  }
  if (snt_ok(status)) {
    status = judge(&testing, err);
  }
  snt_problems_clear(&testing.problems);
  return status;
}
