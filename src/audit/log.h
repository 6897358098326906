/* audit/log (layer 4): the decision log: JSON lines with a hash chain (log.md).
 *
 * MUST
 *  1. a record is on the disk (fdatasync) before append returns success;
 *  2. the bytes of a line, without its newline, are what is hashed; nothing is serialised again to verify;
 *  3. the file is opened without following a link and without blocking; it is a regular file with one link, the user's
 *     own, not writable by others, and so is its folder;
 *  4. at most one torn line is ever cut, and a `recovered` record says so; a write that failed is never retried on the
 *     same file. */
#ifndef SNT_AUDIT_LOG_H
#define SNT_AUDIT_LOG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define SNT_LOG_LINE_CAP ((size_t)64 * 1024)

struct snt_log;

struct snt_log_options {
  const char *path; /* as snt_log_find_path takes it; the folders of the default are made */
};

/* Appends where the log is: configured, or for NULL the default,
 * ${XDG_STATE_HOME:-~/.local/state}/sentinel/decisions.jsonl. Code LOG without HOME. */
snt_status snt_log_find_path(const char *configured, struct snt_buf *out, struct snt_err *err);
/* Whether the log is where it is by default, also when that is configured. */
bool snt_log_is_default(const char *configured);

/* Opens and checks; a fresh file is created 0600. Code LOG, naming path and remedy. */
snt_status snt_log_open(const struct snt_log_options *options, struct snt_log **out, struct snt_err *err);
void snt_log_close(struct snt_log **log);
#define SNT_LOG_AUTO SNT_CLEANUP(snt_log_close)
const char *snt_log_path(const struct snt_log *log);

/* Where a record came to stand. */
struct snt_log_position {
  char chain[37];
  int64_t seq;
  char sha256[65]; /* of the line */
};

/* Appends count (at least one) records, which follow each other. Each is the inside of a JSON object without braces,
 * beginning with the "time" member: `"time":"...","kind":"decision",...`; the log puts v, chain, seq and prev before
 * it. Takes the lock (at most 2 s), repairs a torn tail, one write, one fdatasync. out is where the last came to stand.
 * Code LOG; LOG too when a line would be over 64 KiB, and then none is written. Several processes may append to one
 * file. */
snt_status snt_log_append(struct snt_log *log, const struct snt_slice *records, size_t count,
                          struct snt_log_position *out, struct snt_err *err);
/* Reads the end of the log ahead of the next append, which need not do it then. It may be done at any time. */
void snt_log_look_ahead(struct snt_log *log);
/* The id of the chain that the next record will belong to; "" while there is no record. Borrowed until the next call.
 */
const char *snt_log_chain(struct snt_log *log);
/* The time of the last record in ms, 0 when there is none: decisions on a local clock are never earlier. */
snt_status snt_log_last_time(struct snt_log *log, int64_t *out_ms, struct snt_err *err);

#endif
