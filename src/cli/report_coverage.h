/* cli/report_coverage (layer 6): what was covered, for people, in JSON, and as LCOV and Cobertura read it. */
#ifndef SNT_CLI_REPORT_COVERAGE_H
#define SNT_CLI_REPORT_COVERAGE_H

#include "cli/report.h"
#include "format/json.h"

/* The totals, a line for each point that is not covered with the reason, and a line for each plugin. */
snt_status snt_report_print_coverage(struct snt_buf *text, const struct snt_coverage *coverage, struct snt_err *err);
/* The members of `coverage` in cli.md's JSON. */
snt_status snt_report_put_coverage(struct snt_json_writer *writer, const struct snt_coverage *coverage,
                                   struct snt_err *err);
/* Whole documents, as struct snt_report_format wants them. */
snt_status snt_report_end_lcov(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err);
snt_status snt_report_end_cobertura(struct snt_report *report, const struct snt_report_totals *totals,
                                    struct snt_err *err);

#endif
