/* A suite of the cases, one for each file that did not load, and one of the gates that were missed. */
#include "cli/report_junit.h"

#include <string.h>

#include "cli/report_faults.h"
#include "cli/report_xml.h"

struct counts {
  size_t tests, failures, errors, skipped;
};

static snt_status begin_case(struct snt_buf *text, const char *name, const char *class, struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(text, "    <testcase", err));
  SNT_TRY(snt_report_xml_attribute(text, "name", name, err));
  return snt_report_xml_attribute(text, "classname", class, err);
}

static snt_status put_place(struct snt_buf *text, const char *file, int64_t line, struct snt_err *err) {
  SNT_TRY(snt_report_xml_attribute(text, "file", file, err));
  return snt_buf_appendf(text, err, " line=\"%lld\"", (long long)line);
}

/* kind: "failure", "error", "skipped". */
static snt_status end_case(struct snt_buf *text, const char *kind, const char *message, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(text, err, "><%s", kind));
  SNT_TRY(snt_report_xml_attribute(text, "message", message, err));
  return snt_buf_append_str(text, "/></testcase>\n", err);
}

snt_status snt_report_add_junit(struct snt_report *report, const struct snt_case *of, struct snt_err *err) {
  struct snt_buf *text = &report->text;
  SNT_TRY(begin_case(text, of->name, of->file, err));
  SNT_TRY(put_place(text, of->file, of->line, err));
  return of->status == SNT_CASE_PASSED
             ? snt_buf_append_str(text, "/>\n", err)
             : end_case(text, of->status == SNT_CASE_FAILED ? "failure" : "skipped", of->message, err);
}

/* element: "testsuites", "testsuite". */
static snt_status begin_suite(struct snt_buf *text, const char *element, const char *name, const struct counts *counts,
                              struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(text, err, "<%s", element));
  SNT_TRY(snt_report_xml_attribute(text, "name", name, err));
  return snt_buf_appendf(text, err, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n", counts->tests,
                         counts->failures, counts->errors, counts->skipped);
}

static snt_status put_problem(struct snt_buf *text, const struct snt_report_fault *fault, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf place = {0};
  SNT_TRY(snt_buf_appendf(&place, err, "%s:%lld:%lld", fault->file, (long long)fault->line, (long long)fault->column));
  SNT_TRY(begin_case(text, place.data, fault->file, err));
  SNT_TRY(put_place(text, fault->file, fault->line, err));
  return end_case(text, "error", fault->message, err);
}

static snt_status put_gate(struct snt_buf *text, const struct snt_report_fault *fault, struct snt_err *err) {
  SNT_TRY(begin_case(text, fault->gate, "gates", err));
  return end_case(text, "failure", fault->message, err);
}

static bool is_same_suite(const struct snt_report_fault *a, const struct snt_report_fault *b) {
  return a->gate != NULL ? b->gate != NULL : b->gate == NULL && strcmp(a->file, b->file) == 0;
}

static snt_status put_faults(struct snt_buf *text, const struct snt_report_faults *faults, struct snt_err *err) {
  for (size_t i = 0, end = 0; i < faults->count; i = end) {
    const struct snt_report_fault *first = &faults->list[i];
    while (end < faults->count && is_same_suite(first, &faults->list[end])) {
      end++;
    }
    bool is_gate = first->gate != NULL;
    struct counts counts = {.tests = end - i, .failures = is_gate ? end - i : 0, .errors = is_gate ? 0 : end - i};
    SNT_TRY(snt_buf_append_str(text, "  ", err));
    SNT_TRY(begin_suite(text, "testsuite", is_gate ? "gates" : first->file, &counts, err));
    for (size_t k = i; k < end; k++) {
      SNT_TRY((is_gate ? put_gate : put_problem)(text, &faults->list[k], err));
    }
    SNT_TRY(snt_buf_append_str(text, "  </testsuite>\n", err));
  }
  return snt_done();
}

/* The heads hold the counts, which are known last. */
snt_status snt_report_end_junit(struct snt_report *report, const struct snt_report_totals *totals,
                                struct snt_err *err) {
  SNT_REPORT_FAULTS_AUTO struct snt_report_faults faults = {0};
  SNT_BUF_AUTO struct snt_buf all = {0};
  SNT_TRY(snt_report_find_faults(totals, &faults, err));
  struct counts cases = {report->number, totals->counts[SNT_CASE_FAILED], 0, totals->counts[SNT_CASE_SKIPPED]};
  struct counts whole = {cases.tests + faults.count, cases.failures + faults.count - faults.problems, faults.problems,
                         cases.skipped};
  SNT_TRY(snt_buf_append_str(&all, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", err));
  SNT_TRY(begin_suite(&all, "testsuites", "sentinel", &whole, err));
  SNT_TRY(snt_buf_append_str(&all, "  ", err));
  SNT_TRY(begin_suite(&all, "testsuite", "sentinel", &cases, err));
  SNT_TRY(totals->is_shuffled
              ? snt_buf_appendf(&all, err, "    <properties><property name=\"seed\" value=\"%u\"/></properties>\n",
                                totals->seed)
              : snt_done());
  SNT_TRY(snt_buf_append(&all, snt_buf_borrow(&report->text), report->text.len, err));
  SNT_TRY(snt_buf_append_str(&all, "  </testsuite>\n", err));
  SNT_TRY(put_faults(&all, &faults, err));
  SNT_TRY(snt_buf_append_str(&all, "</testsuites>\n", err));
  snt_buf_reset(&report->text);
  return snt_buf_append(&report->text, all.data, all.len, err);
}
