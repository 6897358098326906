/* sentinel test: the specs of policies and plugins. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/problems.h"
#include "cli/report.h"
#include "cli/shadows.h"
#include "cli/test_paths.h"
#include "cli/test_watch.h"
#include "issue/asker.h"

enum { REPORTS_MAX = SNT_REPORTS_MAX + 1, GATES = 5 };

/* A run of all specs. */
struct testing {
  struct snt_report reports[REPORTS_MAX]; /* the first goes to stdout */
  size_t report_count;
  struct snt_report_totals totals;
  const char *filter;
  bool stops_at_failure, is_stopped;
  bool is_gated; /* changes that widen access have to be seen */
  size_t malformed;
  struct snt_coverage coverage;
  struct snt_mutation mutation;
  bool is_covered;
  int64_t min_rule, min_condition, min_mutation; /* percent; -1: no gate */
  struct snt_problems problems;
  struct snt_report_gate missed[GATES];
  bool records;
  struct snt_asker_options asking;
  struct snt_spec_recorder recorder; /* where it records */
  snt_status status;                 /* of reporting */
  struct snt_err *err;
};

static void clear_testing(struct testing *testing) {
  for (size_t i = 0; i < testing->report_count; i++) {
    snt_buf_clear(&testing->reports[i].text);
  }
  snt_problems_clear(&testing->problems);
  snt_coverage_clear(&testing->coverage);
  snt_spec_recorder_clear(&testing->recorder);
  snt_mutation_clear(&testing->mutation);
}

static size_t total(const struct testing *testing) {
  size_t all = 0;
  for (int i = 0; i < SNT_CASE_STATUS_COUNT; i++) {
    all += testing->totals.counts[i];
  }
  return all;
}

static bool take_case(void *context, const struct snt_case *of) {
  struct testing *testing = context;
  testing->totals.counts[of->status]++;
  testing->malformed += of->is_malformed ? 1 : 0;
  for (size_t i = 0; i < testing->report_count && snt_ok(testing->status); i++) {
    struct snt_report *report = &testing->reports[i];
    report->number++;
    testing->status = report->format->add(report, of, testing->err);
  }
  testing->is_stopped = !snt_ok(testing->status) || (testing->stops_at_failure && of->status == SNT_CASE_FAILED);
  return !testing->is_stopped;
}

static snt_status run_spec(struct testing *testing, const struct snt_test_path *spec, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf array = {0};
  struct snt_err failure = {0};
  struct snt_spec_options options = {.filter = testing->filter, .on_case = take_case, .context = testing};
  options.recorder = testing->records ? &testing->recorder : NULL;
  options.seed = testing->totals.is_shuffled ? &testing->totals.seed : NULL;
  options.coverage = testing->is_covered ? &testing->coverage : NULL;
  options.mutation = testing->totals.mutation == NULL ? NULL : &testing->mutation;
  snt_status status = spec->problem == NULL ? snt_spec_run(spec->path, &options, &array, &failure)
                                            : snt_fail(&failure, SNT_CODE_POLICY_INVALID, "%s", spec->problem);
  SNT_TRY(testing->status);
  return snt_problems_add(&testing->problems, spec->path, status, &failure, &array, err);
}

static snt_status add_report(struct testing *testing, const struct snt_report_format *format, const char *path,
                             struct snt_err *err) {
  struct snt_report *report = &testing->reports[testing->report_count++];
  *report = (struct snt_report){.format = format, .path = path};
  testing->is_covered = testing->is_covered || format->is_of_lines;
  return format->begin(report, err);
}

static snt_status add_named_report(struct testing *testing, const char *flag, const char *name, const char *path,
                                   struct snt_err *err) {
  const struct snt_report_format *format = snt_report_find_format(name);
  if (format == NULL) {
    return snt_fail(err, SNT_CODE_USAGE, "%s: \"%.100s\" is none of " SNT_REPORT_FORMATS "%s", flag, name,
                    path == NULL ? "" : ", " SNT_REPORT_FORMATS_OF_LINES);
  }
  if (format->is_of_lines && path == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s: %s tells of covered lines, and nothing of tests", flag, name));
    return snt_err_hint(err, "write it into a file beside the tests' own report: --report %s=FILE", name);
  }
  return add_report(testing, format, path, err);
}

/* "junit=report.xml" */
static snt_status add_file(struct testing *testing, const char *text, struct snt_err *err) {
  const char *equals = strchr(text, '=');
  char name[16] = "";
  size_t len = equals == NULL ? 0 : (size_t)(equals - text);
  if (len == 0 || len >= sizeof name || equals[1] == '\0') {
    return snt_fail(err, SNT_CODE_USAGE, "--report: \"%.100s\" is not FORMAT=FILE", text);
  }
  memcpy(name, text, len);
  return add_named_report(testing, "--report", name, equals + 1, err);
}

static snt_status take_reports(struct testing *testing, const struct snt_args *args, struct snt_err *err) {
  const char *format = args->values[SNT_OPTION_FORMAT];
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  if (format != NULL && is_json) {
    return snt_fail(err, SNT_CODE_USAGE, "--json is --format json: give one of them");
  }
  if (snt_args_has(args, SNT_OPTION_SUGGEST)) {
    SNT_TRY(format == NULL && !is_json ? snt_done()
                                       : snt_fail(err, SNT_CODE_USAGE,
                                                  "--suggest prints cases: leave out --format and "
                                                  "--json, or write them with --report"));
    SNT_TRY(add_report(testing, &SNT_REPORT_SUGGESTIONS, NULL, err));
  } else {
    const char *name = is_json ? "json" : format == NULL ? "pretty" : format;
    SNT_TRY(add_named_report(testing, "--format", name, NULL, err));
  }
  for (size_t i = 0; i < args->report_count; i++) {
    SNT_TRY(add_file(testing, args->reports[i], err));
  }
  return snt_done();
}

static snt_status find_specs(const struct snt_args *args, struct snt_test_paths *out, struct snt_err *err) {
  SNT_TRY(args->argument_count == 0 ? snt_test_paths_add(out, "policies", err) : snt_done());
  for (size_t i = 0; i < args->argument_count; i++) {
    SNT_TRY(snt_test_paths_add(out, args->arguments[i], err));
  }
  return snt_done();
}

static snt_status run_all(struct testing *testing, const struct snt_args *args, struct snt_err *err) {
  SNT_TEST_PATHS_AUTO struct snt_test_paths paths = {0};
  SNT_TRY(find_specs(args, &paths, err));
  SNT_TRY(testing->totals.is_shuffled ? snt_test_paths_shuffle(&paths, testing->totals.seed, err) : snt_done());
  for (size_t i = 0; i < paths.count && !testing->is_stopped; i++) {
    SNT_TRY(run_spec(testing, &paths.list[i], err));
  }
  return snt_done();
}

static bool is_for_people(const struct snt_report *report) {
  return report->format == snt_report_find_format("pretty") || report->format == snt_report_find_format("github");
}

/* The mocks that stand for what was recorded: on stderr where stdout is for programs. */
static snt_status tell_recorded(const struct testing *testing, struct snt_out *out, struct snt_err *err) {
  const struct snt_buf *told = &testing->recorder.told;
  if (is_for_people(&testing->reports[0])) {
    return snt_buf_append(&out->text, snt_buf_borrow(told), told->len, err);
  }
  (void)!write(STDERR_FILENO, snt_buf_borrow(told), told->len);
  return snt_done();
}

/* Problems of what did not load come before the totals, where people read. */
static snt_status finish(struct testing *testing, struct snt_out *out, struct snt_err *err) {
  struct snt_report *first = &testing->reports[0];
  SNT_TRY(is_for_people(first) ? snt_done() : tell_recorded(testing, out, err));
  for (size_t i = 0; i < testing->report_count; i++) {
    struct snt_report *report = &testing->reports[i];
    if (report == first && is_for_people(report)) {
      SNT_TRY(snt_buf_append(&out->text, snt_buf_borrow(&report->text), report->text.len, err));
      SNT_TRY(testing->problems.refused > 0 ? snt_problems_print(&testing->problems, false, out, err) : snt_done());
      SNT_TRY(tell_recorded(testing, out, err));
      snt_buf_reset(&report->text);
    }
    SNT_TRY(report->format->end(report, &testing->totals, err));
    SNT_TRY(report->path == NULL
                ? snt_buf_append(&out->text, report->text.data, report->text.len, err)
                : snt_file_replace(report->path, snt_buf_borrow(&report->text), report->text.len, 0644, err));
  }
  return snt_done();
}

/* The place of one more gate that was missed. */
static struct snt_err *miss(struct testing *testing, const char *name) {
  struct snt_report_gate *gate = &testing->missed[testing->totals.missed_count++];
  gate->name = name;
  return &gate->why;
}

static void check_percent(struct testing *testing, const char *flag, int64_t least, size_t part, size_t whole) {
  int64_t percent = whole == 0 ? 100 : (int64_t)(part * 100 / whole);
  if (percent < least) {
    SNT_IGNORE(snt_fail(miss(testing, flag), SNT_CODE_ANSWER_NO, "%s: %lld percent, and %lld are wanted", flag,
                        (long long)percent, (long long)least));
  }
}

static void check_mutation(struct testing *testing) {
  struct snt_mutation_totals totals = snt_mutation_count(&testing->mutation);
  if (testing->is_gated && totals.widening_survived > 0) {
    struct snt_err *why = miss(testing, "--mutate");
    SNT_IGNORE(snt_fail(why, SNT_CODE_ANSWER_NO, "%zu changes that widen access were seen by no test",
                        totals.widening_survived));
    SNT_IGNORE(snt_err_hint(why, "write cases that they fail; --suggest prints some"));
  }
  check_percent(testing, "--min-mutation", testing->min_mutation, totals.killed, totals.mutants - totals.equivalent);
}

/* What is worse than a missed gate; with such a thing, gates say nothing. */
static snt_status judge_tests(const struct testing *testing, struct snt_err *err) {
  size_t failed = testing->totals.counts[SNT_CASE_FAILED];
  if (testing->problems.refused > 0) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%zu of %zu specs cannot be run", testing->problems.refused,
                    testing->problems.files);
  }
  if (testing->malformed > 0) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%zu of %zu tests are malformed", testing->malformed, total(testing));
  }
  return failed == 0 ? snt_done()
                     : snt_fail(err, SNT_CODE_ANSWER_NO, "%zu of %zu tests failed", failed, total(testing));
}

/* Fills totals.missed, for reports and for judge. */
static void check_gates(struct testing *testing) {
  struct snt_err worse = {0};
  testing->totals.missed = testing->missed;
  if (!snt_ok(judge_tests(testing, &worse))) {
    return;
  }
  struct snt_coverage_totals totals = snt_coverage_count(&testing->coverage);
  check_percent(testing, "--min-rule", testing->min_rule, totals.rules_matched, totals.rules);
  check_percent(testing, "--min-condition", testing->min_condition, totals.conditions_seen, totals.conditions);
  check_mutation(testing);
  if (testing->totals.counts[SNT_CASE_PASSED] == 0) {
    SNT_IGNORE(snt_fail(miss(testing, "tests"), SNT_CODE_ANSWER_NO, "no test was found"));
  }
}

/* The worst of what happened. */
static snt_status judge(const struct testing *testing, struct snt_err *err) {
  SNT_TRY(judge_tests(testing, err));
  if (testing->totals.missed_count == 0) {
    return snt_done();
  }
  *err = testing->missed[0].why;
  return (snt_status){err->code};
}

static snt_status take_percent(const struct snt_args *args, enum snt_option_id id, int64_t *out, struct snt_err *err) {
  const char *text = args->values[id];
  char *end = NULL;
  *out = text == NULL ? -1 : strtol(text, &end, 10);
  bool is_good = text == NULL || (end != text && *end == '\0' && *out >= 0 && *out <= 100);
  return is_good ? snt_done()
                 : snt_fail(err, SNT_CODE_USAGE, "%s: \"%.100s\" is not a number from 0 to 100",
                            SNT_OPTION_TABLE[id].flag, text);
}

static snt_status take_gates(struct testing *testing, const struct snt_args *args, struct snt_err *err) {
  SNT_TRY(take_percent(args, SNT_OPTION_MIN_RULE, &testing->min_rule, err));
  SNT_TRY(take_percent(args, SNT_OPTION_MIN_CONDITION, &testing->min_condition, err));
  testing->is_covered =
      snt_args_has(args, SNT_OPTION_COVERAGE) || testing->min_rule >= 0 || testing->min_condition >= 0;
  testing->totals.tells_coverage = testing->is_covered;
  testing->totals.coverage = &testing->coverage;
  SNT_TRY(take_percent(args, SNT_OPTION_MIN_MUTATION, &testing->min_mutation, err));
  testing->is_gated = snt_args_has(args, SNT_OPTION_MUTATE) || testing->min_mutation >= 0;
  bool is_mutated = testing->is_gated || snt_args_has(args, SNT_OPTION_SUGGEST);
  testing->totals.mutation = is_mutated ? &testing->mutation : NULL;
  return is_mutated && args->values[SNT_OPTION_FILTER] != NULL
             ? snt_fail(err, SNT_CODE_USAGE, "mutation asks all tests: leave out --filter")
             : snt_done();
}

/* --record, and what it needs to ask. */
static snt_status take_recording(struct testing *testing, const struct snt_args *args, struct snt_err *err) {
  testing->records = snt_args_has(args, SNT_OPTION_RECORD);
  testing->asking = (struct snt_asker_options){.config = args->values[SNT_OPTION_CONFIG],
                                               .backend = args->values[SNT_OPTION_BACKEND]};
  testing->recorder.asker = snt_asker_of(&testing->asking);
  if (!testing->records && (testing->asking.config != NULL || testing->asking.backend != NULL)) {
    return snt_fail(err, SNT_CODE_USAGE, "--config and --backend are for --record: no other test reads them");
  }
  if (testing->records && testing->totals.mutation != NULL) {
    return snt_fail(err, SNT_CODE_USAGE, "--record and mutation: record first, and then ask mutants without it");
  }
  return testing->records && snt_args_has(args, SNT_OPTION_WATCH)
             ? snt_fail(err, SNT_CODE_USAGE, "--record and --watch: what is recorded would start the next run")
             : snt_done();
}

static snt_status take_seed(struct testing *testing, const struct snt_args *args, struct snt_err *err) {
  const char *text = args->values[SNT_OPTION_SHUFFLE];
  if (text == NULL) {
    return snt_done();
  }
  size_t digits = strspn(text, "0123456789");
  unsigned long long seed = digits > 0 && digits <= 10 ? strtoull(text, NULL, 10) : UINT64_MAX;
  if (text[digits] != '\0' || seed > UINT32_MAX) {
    return snt_fail(err, SNT_CODE_USAGE, "--shuffle: \"%.100s\" is not a number from 0 to %u", text, UINT32_MAX);
  }
  testing->totals.is_shuffled = true;
  testing->totals.seed = (uint32_t)seed;
  return snt_done();
}

static snt_status run_once(const struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_CLEANUP(clear_testing) struct testing testing = {.status = snt_done(), .err = err};
  testing.totals.problems = &testing.problems.list;
  SNT_TRY(take_gates(&testing, args, err));
  SNT_TRY(take_seed(&testing, args, err));
  SNT_TRY(take_recording(&testing, args, err));
  SNT_TRY(take_reports(&testing, args, err));
  testing.filter = args->values[SNT_OPTION_FILTER];
  testing.stops_at_failure = snt_args_has(args, SNT_OPTION_FAIL_FAST);
  SNT_TRY(run_all(&testing, args, err));
  SNT_TRY(testing.totals.tells_coverage ? snt_cli_find_shadows(&testing.coverage, err) : snt_done());
  check_gates(&testing);
  SNT_TRY(finish(&testing, out, err));
  return judge(&testing, err);
}

snt_status snt_cmd_test(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const char *format = args->values[SNT_OPTION_FORMAT];
  if (!snt_args_has(args, SNT_OPTION_WATCH)) {
    return run_once(args, out, err);
  }
  if (snt_args_has(args, SNT_OPTION_JSON) || (format != NULL && strcmp(format, "pretty") != 0)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--watch is for people, and prints run after run in the format pretty"));
    return snt_err_hint(err, "reports in other formats go into files, which each run replaces: --report FORMAT=FILE");
  }
  return snt_cli_test_watch(args, run_once, out, err);
}
