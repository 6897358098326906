/* cli/report (layer 6): what `sentinel test` has to say, in one of several formats. */
#ifndef SNT_CLI_REPORT_H
#define SNT_CLI_REPORT_H

#include "base/buf.h"
#include "policy/spec.h"

/* A gate that was missed. */
struct snt_report_gate {
  const char *name;
  struct snt_err why;
};

struct snt_report_totals {
  size_t counts[SNT_CASE_STATUS_COUNT];
  const struct snt_coverage *coverage; /* empty where nothing was counted */
  const struct snt_mutation *mutation; /* NULL: it was not asked for */
  bool tells_coverage;                 /* in reports of cases, too */
  bool is_shuffled;
  uint32_t seed;                        /* of the order of files and cases */
  const struct snt_buf *problems;       /* of what did not load: JSON, without the brackets of the array */
  const struct snt_report_gate *missed; /* where nothing worse happened */
  size_t missed_count;
};

struct snt_report;

/* A row of the table: each appends to report->text. */
struct snt_report_format {
  const char *name;
  bool is_of_lines; /* it tells of covered lines, and nothing of cases: for files only */
  snt_status (*begin)(struct snt_report *report, struct snt_err *err);
  snt_status (*add)(struct snt_report *report, const struct snt_case *of, struct snt_err *err);
  snt_status (*end)(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err);
};

struct snt_report {
  const struct snt_report_format *format;
  const char *path; /* NULL: stdout */
  struct snt_buf text;
  size_t number; /* of cases so far */
  char last_file[1024];
};

/* Not a format that can be named: the cases that are missing, in the place of what was run. */
extern const struct snt_report_format SNT_REPORT_SUGGESTIONS;
/* NULL for a name that is none. */
const struct snt_report_format *snt_report_find_format(const char *name);
/* What --format takes, and what --report takes beside that. */
#define SNT_REPORT_FORMATS "pretty, tap, junit, json, github"
#define SNT_REPORT_FORMATS_OF_LINES "lcov, cobertura"

#endif
