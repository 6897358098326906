#include "cli/report_faults.h"

#include <stdlib.h>
#include <string.h>

void snt_report_faults_clear(struct snt_report_faults *faults) {
  free(faults->list);
  snt_json_free(&faults->doc);
  memset(faults, 0, sizeof *faults);
}

static const char *text_of(const struct snt_json_value *problem, const char *key) {
  const char *text = snt_json_string(snt_json_get(problem, key), NULL);
  return text == NULL ? "" : text;
}

snt_status snt_report_find_faults(const struct snt_report_totals *totals, struct snt_report_faults *out,
                                  struct snt_err *err) {
  SNT_REPORT_FAULTS_AUTO struct snt_report_faults faults = {0};
  SNT_BUF_AUTO struct snt_buf list = {0};
  *out = faults;
  SNT_TRY(snt_buf_appendf(&list, err, "[%s]", snt_buf_borrow(totals->problems)));
  SNT_TRY(snt_json_parse(list.data, list.len, "the problems", &faults.doc, err));
  faults.problems = snt_json_count(snt_json_root(faults.doc));
  faults.list = calloc(faults.problems + totals->missed_count + 1, sizeof *faults.list);
  if (faults.list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < faults.problems; i++) {
    const struct snt_json_value *problem = snt_json_at(snt_json_root(faults.doc), i);
    struct snt_report_fault *fault = &faults.list[faults.count++];
    *fault = (struct snt_report_fault){.file = text_of(problem, "file"), .message = text_of(problem, "message")};
    (void)snt_json_integer(snt_json_get(problem, "line"), &fault->line);
    (void)snt_json_integer(snt_json_get(problem, "column"), &fault->column);
  }
  for (size_t i = 0; i < totals->missed_count; i++) {
    const struct snt_report_gate *gate = &totals->missed[i];
    faults.list[faults.count++] = (struct snt_report_fault){.gate = gate->name, .message = gate->why.message};
  }
  *out = faults;
  faults = (struct snt_report_faults){0}; /* ownership went to out */
  return snt_done();
}
