#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/common.h"
#include "cli/mutants.h"
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

/* What was never seen, a line each; a rule that never matched stands for its conditions. */
static snt_status print_uncovered(struct snt_buf *text, const struct snt_coverage_policy *policy, struct snt_err *err) {
  for (size_t i = 0; i < policy->count; i++) {
    const struct snt_coverage_point *point = &policy->points[i];
    const char *missing = snt_coverage_missing(point);
    if (missing[0] == '\0') {
      continue;
    }
    SNT_TRY(snt_buf_append_str(text, "  ", err));
    SNT_TRY(snt_cli_print_clean(text, policy->path, err));
    SNT_TRY(snt_buf_appendf(text, err, ":%lld: %s%s%s%s%s\n", (long long)point->line, point->rule,
                            point->condition[0] == '\0' ? "" : ": ", point->condition,
                            point->rule[0] == '\0' ? "" : " was ", missing));
  }
  return snt_done();
}

static snt_status print_coverage(struct snt_buf *text, const struct snt_coverage *coverage, struct snt_err *err) {
  struct snt_coverage_totals totals = snt_coverage_count(coverage);
  SNT_TRY(snt_buf_appendf(text, err, "coverage: %zu of %zu rules matched, %zu of %zu conditions were true and false\n",
                          totals.rules_matched, totals.rules, totals.conditions_seen, totals.conditions));
  for (size_t i = 0; i < coverage->count; i++) {
    SNT_TRY(print_uncovered(text, &coverage->policies[i], err));
  }
  return snt_done();
}

static snt_status end_pretty(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_TRY(totals->coverage == NULL ? snt_done() : print_coverage(&report->text, totals->coverage, err));
  SNT_TRY(totals->mutation == NULL ? snt_done() : snt_mutation_print(totals->mutation, &report->text, err));
  return snt_buf_appendf(&report->text, err, "%zu passed, %zu failed, %zu skipped\n", totals->counts[SNT_CASE_PASSED],
                         totals->counts[SNT_CASE_FAILED], totals->counts[SNT_CASE_SKIPPED]);
}

/* Test Anything Protocol, version 13. */

static snt_status begin_tap(struct snt_report *report, struct snt_err *err) {
  return snt_buf_append_str(&report->text, "TAP version 13\n", err);
}

static snt_status add_tap(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_buf_appendf(text, err, "%sok %zu - ", of->status == SNT_CASE_FAILED ? "not " : "", report->number));
  for (const char *c = of->name; *c != '\0'; c++) {
    SNT_TRY(snt_buf_append_char(text, *c == '#' ? '?' : *c, err)); /* it would begin a directive */
  }
  SNT_TRY(of->status == SNT_CASE_SKIPPED ? snt_buf_append_str(text, " # SKIP ", err) : snt_done());
  if (of->message[0] != '\0') {
    SNT_TRY(of->status == SNT_CASE_SKIPPED
                ? snt_done()
                : snt_buf_appendf(text, err, "\n# %s:%lld: ", of->file, (long long)of->line));
    SNT_TRY(snt_cli_print_clean(text, of->message, err));
  }
  return snt_buf_append_char(text, '\n', err);
}

static snt_status end_tap(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_BUF_AUTO struct snt_buf list = {0};
  SNT_TRY(snt_buf_appendf(&list, err, "[%s]", snt_buf_borrow(totals->problems)));
  SNT_TRY(snt_json_parse(list.data, list.len, "the problems", &doc, err));
  for (size_t i = 0; i < snt_json_count(snt_json_root(doc)); i++) {
    const struct snt_json_value *problem = snt_json_at(snt_json_root(doc), i);
    SNT_TRY(snt_buf_append_str(&report->text, "# ", err));
    SNT_TRY(snt_cli_print_clean(&report->text, snt_json_string(snt_json_get(problem, "file"), NULL), err));
    SNT_TRY(snt_buf_append_str(&report->text, ": ", err));
    SNT_TRY(snt_cli_print_clean(&report->text, snt_json_string(snt_json_get(problem, "message"), NULL), err));
    SNT_TRY(snt_buf_append_char(&report->text, '\n', err));
  }
  return snt_buf_appendf(&report->text, err, "1..%zu\n", report->number);
}

/* JUnit's XML, as CI systems read it. */

static snt_status append_xml(struct snt_buf *text, const char *value, struct snt_err *err) {
  static const char odd[] = "<>&\"'";
  static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
  for (; *value != '\0'; value++) {
    const char *at = strchr(odd, *value);
    unsigned char c = (unsigned char)*value;
    SNT_TRY(at != NULL ? snt_buf_append_str(text, names[at - odd], err)
                       : snt_buf_append_char(text, c < 0x20 ? '?' : *value, err));
  }
  return snt_done();
}

static snt_status append_attribute(struct snt_buf *text, const char *name, const char *value, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(text, err, " %s=\"", name));
  SNT_TRY(append_xml(text, value, err));
  return snt_buf_append_char(text, '"', err);
}

static snt_status add_junit(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  struct snt_buf *text = &report->text;
  SNT_TRY(snt_buf_append_str(text, "  <testcase", err));
  SNT_TRY(append_attribute(text, "name", of->name, err));
  SNT_TRY(append_attribute(text, "classname", of->file, err));
  SNT_TRY(append_attribute(text, "file", of->file, err));
  SNT_TRY(snt_buf_appendf(text, err, " line=\"%lld\"", (long long)of->line));
  if (of->status == SNT_CASE_PASSED) {
    return snt_buf_append_str(text, "/>\n", err);
  }
  SNT_TRY(snt_buf_append_str(text, of->status == SNT_CASE_FAILED ? "><failure" : "><skipped", err));
  SNT_TRY(append_attribute(text, "message", of->message, err));
  return snt_buf_append_str(text, "/></testcase>\n", err);
}

/* Its head holds the counts, which are known last. */
static snt_status end_junit(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf all = {0};
  SNT_TRY(snt_buf_appendf(&all, err,
                          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<testsuite name=\"sentinel\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
                          report->number, totals->counts[SNT_CASE_FAILED], totals->counts[SNT_CASE_SKIPPED]));
  SNT_TRY(snt_buf_append(&all, snt_buf_borrow(&report->text), report->text.len, err));
  SNT_TRY(snt_buf_append_str(&all, "</testsuite>\n", err));
  snt_buf_reset(&report->text);
  return snt_buf_append(&report->text, all.data, all.len, err);
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

static void put_uncovered(struct snt_json_writer *writer, const struct snt_coverage *coverage) {
  snt_json_begin_array(writer, "uncovered");
  for (size_t i = 0; i < coverage->count; i++) {
    for (size_t k = 0; k < coverage->policies[i].count; k++) {
      const struct snt_coverage_point *point = &coverage->policies[i].points[k];
      const char *missing = snt_coverage_missing(point);
      if (missing[0] == '\0') {
        continue;
      }
      snt_json_begin_object(writer, NULL);
      snt_json_put_string(writer, "policy", coverage->policies[i].path);
      snt_json_put_integer(writer, "line", point->line);
      snt_json_put_string(writer, "rule", point->rule);
      snt_json_put_string(writer, "condition", point->condition[0] == '\0' ? NULL : point->condition);
      snt_json_put_string(writer, "missing", missing);
      snt_json_end_object(writer);
    }
  }
  snt_json_end_array(writer);
}

static void put_coverage(struct snt_json_writer *writer, const struct snt_coverage *coverage) {
  struct snt_coverage_totals totals = snt_coverage_count(coverage);
  snt_json_put_integer(writer, "rules", (int64_t)totals.rules);
  snt_json_put_integer(writer, "rules_matched", (int64_t)totals.rules_matched);
  snt_json_put_integer(writer, "conditions", (int64_t)totals.conditions);
  snt_json_put_integer(writer, "conditions_seen", (int64_t)totals.conditions_seen);
  put_uncovered(writer, coverage);
}

static snt_status end_json(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  struct snt_json_writer writer;
  SNT_TRY(snt_buf_appendf(&report->text, err,
                          "],\"passed\":%zu,\"failed\":%zu,\"skipped\":%zu,\"problems\":[%s],\"coverage\":",
                          totals->counts[SNT_CASE_PASSED], totals->counts[SNT_CASE_FAILED],
                          totals->counts[SNT_CASE_SKIPPED], snt_buf_borrow(totals->problems)));
  snt_json_writer_init(&writer, &report->text, err);
  snt_json_begin_object(&writer, NULL);
  if (totals->coverage != NULL) {
    put_coverage(&writer, totals->coverage);
  }
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
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

static snt_status end_github(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err) {
  SNT_TRY(totals->mutation == NULL ? snt_done() : snt_mutation_annotate(totals->mutation, &report->text, err));
  return end_pretty(report, totals, err);
}

static const struct snt_report_format FORMATS[] = {{"pretty", no_begin, add_pretty, end_pretty},
                                                   {"tap", begin_tap, add_tap, end_tap},
                                                   {"junit", no_begin, add_junit, end_junit},
                                                   {"json", begin_json, add_json, end_json},
                                                   {"github", no_begin, add_github, end_github}};

static snt_status add_nothing(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  (void)report, (void)of, (void)err;
  return snt_done();
}

static snt_status end_suggestions(struct snt_report *report, const struct snt_report_totals *totals,
                                  struct snt_err *err) {
  SNT_TRY(snt_mutation_suggest(totals->mutation, &report->text, err));
  bool is_whole = report->text.len == 0 && totals->counts[SNT_CASE_FAILED] == 0 && totals->problems->len == 0;
  return is_whole ? snt_buf_append_str(&report->text, "# no case is missing\n", err) : snt_done();
}

const struct snt_report_format SNT_REPORT_SUGGESTIONS = {"suggest", no_begin, add_nothing, end_suggestions};

const struct snt_report_format *snt_report_find_format(const char *name) {
  for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
    if (strcmp(FORMATS[i].name, name) == 0) {
      return &FORMATS[i];
    }
  }
  return NULL;
}

const char *snt_report_format_names(void) { return "pretty, tap, junit, json, github"; }
