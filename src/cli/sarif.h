/* cli/sarif (layer 6): reports of lint in SARIF 2.1.0 (OASIS Standard, 27 March 2020), which code scanning reads. */
#ifndef SNT_CLI_SARIF_H
#define SNT_CLI_SARIF_H

#include "base/buf.h"
#include "policy/lint.h"

/* The check of what is wrong with a refused policy: it comes before all those of lint. */
extern const char SNT_SARIF_INVALID[];

/* Appends one document with one run. Errors of the table have the level "error", advice "warning"; a report that is not
 * complete makes the run one that was not successful, and says so as a notification. A relative path stays one. refused
 * is what is wrong with the policies that were not looked at further, as validate reports it: results of the level
 * "error", and the run was not successful; NULL or empty: none. */
snt_status snt_sarif_format(const struct snt_lint *reports, size_t count, const struct snt_json_value *refused,
                            struct snt_buf *out, struct snt_err *err);

#endif
