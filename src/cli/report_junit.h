/* cli/report_junit (layer 6): JUnit's XML, as CI systems read it. */
#ifndef SNT_CLI_REPORT_JUNIT_H
#define SNT_CLI_REPORT_JUNIT_H

#include "cli/report.h"

/* As struct snt_report_format wants them. */
snt_status snt_report_add_junit(struct snt_report *report, const struct snt_case *of, struct snt_err *err);
snt_status snt_report_end_junit(struct snt_report *report, const struct snt_report_totals *totals, struct snt_err *err);

#endif
