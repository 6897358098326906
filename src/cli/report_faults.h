/* cli/report_faults (layer 6): why a run did not pass, beside the cases that failed. */
#ifndef SNT_CLI_REPORT_FAULTS_H
#define SNT_CLI_REPORT_FAULTS_H

#include "cli/report.h"
#include "format/json.h"

/* A problem of what did not load, or a gate that was missed. */
struct snt_report_fault {
  const char *file; /* NULL: a gate */
  int64_t line, column;
  const char *gate; /* its name; NULL: a problem */
  const char *message;
};

struct snt_report_faults {
  struct snt_report_fault *list; /* the problems, then the gates; the texts are borrowed from doc and the totals */
  size_t count, problems;
  struct snt_json_doc *doc;
};
void snt_report_faults_clear(struct snt_report_faults *faults);
#define SNT_REPORT_FAULTS_AUTO SNT_CLEANUP(snt_report_faults_clear)

/* The totals have to live as long as the faults. Codes NO_MEMORY and BUG. */
snt_status snt_report_find_faults(const struct snt_report_totals *totals, struct snt_report_faults *out,
                                  struct snt_err *err);

#endif
