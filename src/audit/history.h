/* audit/history (layer 4): a user's last grants, from the decision log. */
#ifndef SNT_AUDIT_HISTORY_H
#define SNT_AUDIT_HISTORY_H

#include "base/buf.h"

enum { SNT_HISTORY_MAX = 8 };

/* Appends a JSON array of at most SNT_HISTORY_MAX {"time","profile","role_arn","mode","source_ip"} (source_ip only
 * where it was known), the newest first; empty when there is no log yet. The log is read from its end, on through its
 * closed segments, until there are so many, and at most 32 MiB of it; a log that is longer and tells of no grant there
 * is an error. Codes as in snt_log_backward_open; SYNTAX for a line that is no record. */
snt_status snt_log_history(const char *path, const char *user, struct snt_buf *out, struct snt_err *err);

#endif
