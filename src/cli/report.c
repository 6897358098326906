#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/common.h"
#include "cli/mutants.h"
#include "cli/report_coverage.h"
#include "cli/report_faults.h"
#include "cli/report_junit.h"
#include "format/json.h"

static snt_status no_begin(struct snt_report *report, struct snt_err *err) {
  (void)report, (void)err;
  return snt_done();
}

/* For people. */

static snt_status add_pretty(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  static const char *const marks[] = {
      [SNT_CASE_FAILED] = "FAIL", [SNT_CASE_PASSED] = "ok", [SNT_CASE_SKIPPED] = "skip"};
  struct snt_buf *text = &report->text;
  if (strcmp(report->last_file, of->file) != 0) {
    SNT_TRY(snt_cli_print_clean(text, of->file, err));
    SNT_TRY(snt_buf_append_char(text, '\n', err));
    (void)snprintf(report->last_file, sizeof report->last_file, "%s", of->file);
  }
  SNT_TRY(snt_buf_appendf(text, err, "  %-5s ", marks[of->status]));
  SNT_TRY(snt_cli_print_clean(text, of->name, err));
  if (of->message[0] != '\0') {
    SNT_TRY(snt_buf_append_str(text, "\n        ", err));
    SNT_TRY(of->status == SNT_CASE_FAILED ? snt_buf_appendf(text, err, "line %lld: ", (long long)of->line)
                                          : snt_done());
    SNT_TRY(snt_cli_print_clean(text, of->message, err));
  }
  return snt_buf_append_char(text, '\n', err);
}

static snt_status end_pretty(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_TRY(totals->tells_coverage ? snt_report_print_coverage(&report->text, totals->coverage, err) : snt_done());
  SNT_TRY(totals->mutation == NULL ? snt_done() : snt_mutation_print(totals->mutation, &report->text, err));
  SNT_TRY(totals->is_shuffled
              ? snt_buf_appendf(&report->text, err, "shuffled: --shuffle %u runs the same files in this order again\n",
                                totals->seed)
              : snt_done());
  return snt_buf_appendf(&report->text, err, "%zu passed, %zu failed, %zu skipped\n", totals->counts[SNT_CASE_PASSED],
                         totals->counts[SNT_CASE_FAILED], totals->counts[SNT_CASE_SKIPPED]);
}

/* Test Anything Protocol, version 13. */

static snt_status begin_tap(struct snt_report *report, struct snt_err *err) {
  return snt_buf_append_str(&report->text, "TAP version 13\n", err);
}

static snt_status describe_tap(struct snt_buf *text, const char *description, struct snt_err *err) {
  for (const char *c = description; *c != '\0'; c++) {
    SNT_TRY(snt_buf_append_char(text, *c == '#' ? '?' : *c, err)); /* it would begin a directive */
  }
  return snt_done();
}

static snt_status add_tap(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_buf_appendf(text, err, "%sok %zu - ", of->status == SNT_CASE_FAILED ? "not " : "", report->number));
  SNT_TRY(describe_tap(text, of->name, err));
  SNT_TRY(of->status == SNT_CASE_SKIPPED ? snt_buf_append_str(text, " # SKIP ", err) : snt_done());
  if (of->message[0] != '\0') {
    SNT_TRY(of->status == SNT_CASE_SKIPPED
                ? snt_done()
                : snt_buf_appendf(text, err, "\n# %s:%lld: ", of->file, (long long)of->line));
    SNT_TRY(snt_cli_print_clean(text, of->message, err));
  }
  return snt_buf_append_char(text, '\n', err);
}

/* What did not load and what was missed count as tests: a plan of nothing would be one that was skipped. */
static snt_status end_tap(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_REPORT_FAULTS_AUTO struct snt_report_faults faults = {0};
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_report_find_faults(totals, &faults, err));
  for (size_t i = 0; i < faults.count; i++) {
    const struct snt_report_fault *fault = &faults.list[i];
    SNT_BUF_AUTO struct snt_buf told = {0};
    SNT_TRY(snt_cli_print_clean(&told, fault->file == NULL ? "" : fault->file, err));
    SNT_TRY(snt_buf_append_str(&told, fault->file == NULL ? "" : ": ", err));
    SNT_TRY(snt_cli_print_clean(&told, fault->message, err));
    SNT_TRY(snt_buf_appendf(text, err, "not ok %zu - ", ++report->number));
    SNT_TRY(describe_tap(text, snt_buf_borrow(&told), err));
    SNT_TRY(fault->file == NULL ? snt_done() : snt_buf_appendf(text, err, "\n# line %lld", (long long)fault->line));
    SNT_TRY(snt_buf_append_char(text, '\n', err));
  }
  SNT_TRY(totals->is_shuffled ? snt_buf_appendf(&report->text, err, "# seed %u\n", totals->seed) : snt_done());
  return snt_buf_appendf(&report->text, err, "1..%zu\n", report->number);
}

/* cli.md's JSON. */

static snt_status begin_json(struct snt_report *report, struct snt_err *err) {
  return snt_buf_append_str(&report->text, "{\"tests\":[", err);
}

static snt_status add_json(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  struct snt_json_writer writer;
  SNT_TRY(report->number > 1 ? snt_buf_append_char(&report->text, ',', err) : snt_done());
  snt_json_writer_init(&writer, &report->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "name", of->name);
  snt_json_put_string(&writer, "file", of->file);
  snt_json_put_integer(&writer, "line", of->line);
  snt_json_put_string(&writer, "status", snt_case_status_name(of->status));
  snt_json_put_string(&writer, "message", of->message[0] == '\0' ? NULL : of->message);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static snt_status end_json(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  struct snt_json_writer writer;
  SNT_TRY(snt_buf_appendf(&report->text, err,
                          "],\"passed\":%zu,\"failed\":%zu,\"skipped\":%zu,\"problems\":[%s],\"coverage\":",
                          totals->counts[SNT_CASE_PASSED], totals->counts[SNT_CASE_FAILED],
                          totals->counts[SNT_CASE_SKIPPED], snt_buf_borrow(totals->problems)));
  snt_json_writer_init(&writer, &report->text, err);
  snt_json_begin_object(&writer, NULL);
  SNT_TRY(totals->tells_coverage ? snt_report_put_coverage(&writer, totals->coverage, err) : snt_done());
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  SNT_TRY(totals->is_shuffled ? snt_buf_appendf(&report->text, err, ",\"seed\":%u", totals->seed) : snt_done());
  SNT_TRY(snt_buf_append_str(&report->text, ",\"mutation\":", err));
  SNT_TRY(totals->mutation == NULL ? snt_buf_append_str(&report->text, "{}", err)
                                   : snt_mutation_write(totals->mutation, &report->text, err));
  return snt_buf_append_str(&report->text, "}\n", err);
}

/* GitHub's workflow commands: annotations at the line of what failed. */

static snt_status add_github(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  struct snt_buf *text = &report->text;
  if (of->status == SNT_CASE_PASSED) {
    return snt_done();
  }
  SNT_TRY(snt_buf_append_str(text, of->status == SNT_CASE_FAILED ? "::error file=" : "::notice file=", err));
  SNT_TRY(snt_github_append(text, of->file, "%\r\n:,", err));
  SNT_TRY(snt_buf_appendf(text, err, ",line=%lld,title=", (long long)of->line));
  SNT_TRY(snt_github_append(text, of->name, "%\r\n:,", err));
  SNT_TRY(snt_buf_append_str(text, "::", err));
  SNT_TRY(snt_github_append(text, of->message, "%\r\n", err));
  return snt_buf_append_char(text, '\n', err);
}

static snt_status annotate_fault(struct snt_buf *text, const struct snt_report_fault *fault, struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(text, "::error", err));
  if (fault->file != NULL) {
    SNT_TRY(snt_buf_append_str(text, " file=", err));
    SNT_TRY(snt_github_append(text, fault->file, "%\r\n:,", err));
    SNT_TRY(snt_buf_appendf(text, err, ",line=%lld", (long long)fault->line));
  }
  SNT_TRY(snt_buf_append_str(text, "::", err));
  SNT_TRY(snt_github_append(text, fault->message, "%\r\n", err));
  return snt_buf_append_char(text, '\n', err);
}

static snt_status end_github(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_REPORT_FAULTS_AUTO struct snt_report_faults faults = {0};
  SNT_TRY(snt_report_find_faults(totals, &faults, err));
  for (size_t i = 0; i < faults.count; i++) {
    SNT_TRY(annotate_fault(&report->text, &faults.list[i], err));
  }
  SNT_TRY(totals->mutation == NULL ? snt_done() : snt_mutation_annotate(totals->mutation, &report->text, err));
  return end_pretty(report, totals, err);
}

/* LCOV and Cobertura tell of lines, not of cases. */

static snt_status add_nothing(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  (void)report, (void)of, (void)err;
  return snt_done();
}

/* Nothing is suggested for a policy whose tests fail. */
static snt_status add_failed(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  if (of->status != SNT_CASE_FAILED) {
    return snt_done();
  }
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_buf_append_str(text, "# ", err));
  SNT_TRY(snt_cli_print_clean(text, of->file, err));
  SNT_TRY(snt_buf_appendf(text, err, ":%lld: nothing is suggested before this passes: ", (long long)of->line));
  SNT_TRY(snt_cli_print_clean(text, of->name, err));
  SNT_TRY(snt_buf_append_str(text, ": ", err));
  SNT_TRY(snt_cli_print_clean(text, of->message, err));
  return snt_buf_append_char(text, '\n', err);
}

static snt_status end_suggestions(struct snt_report *report, const struct snt_report_totals *totals,
                                  struct snt_err *err) {
  SNT_TRY(snt_mutation_suggest(totals->mutation, &report->text, err));
  bool is_whole = report->text.len == 0 && totals->counts[SNT_CASE_FAILED] == 0 && totals->problems->len == 0;
  return is_whole ? snt_buf_append_str(&report->text, "# no case is missing\n", err) : snt_done();
}

const struct snt_report_format SNT_REPORT_SUGGESTIONS = {"suggest", false, no_begin, add_failed, end_suggestions};

static const struct snt_report_format FORMATS[] = {
    {"pretty", false, no_begin, add_pretty, end_pretty},
    {"tap", false, begin_tap, add_tap, end_tap},
    {"junit", false, no_begin, snt_report_add_junit, snt_report_end_junit},
    {"json", false, begin_json, add_json, end_json},
    {"github", false, no_begin, add_github, end_github},
    {"lcov", true, no_begin, add_nothing, snt_report_end_lcov},
    {"cobertura", true, no_begin, add_nothing, snt_report_end_cobertura}};

const struct snt_report_format *snt_report_find_format(const char *name) {
  for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
    if (strcmp(FORMATS[i].name, name) == 0) {
      return &FORMATS[i];
    }
  }
  return NULL;
}
