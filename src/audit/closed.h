/* audit/closed (layer 4): the closed segments of a log: how they are named, and how one is found. */
#ifndef SNT_AUDIT_CLOSED_H
#define SNT_AUDIT_CLOSED_H

#include <stdint.h>

#include "base/buf.h"

/* A closed segment: "decisions.<first>-<last>.jsonl". */
struct snt_log_closed {
  char name[256];
  int64_t first, last; /* the sequence numbers that the name tells of; last 0: there is none */
};

/* Appends "decisions.1-41.jsonl" for "decisions.jsonl". Code NO_MEMORY. */
snt_status snt_log_closed_format(const char *log, int64_t first, int64_t last, struct snt_buf *out,
                                 struct snt_err *err);
/* Whether candidate is the name of a closed segment of the log called log, at most 255 bytes long. */
bool snt_log_closed_parse(const char *log, const char *candidate, struct snt_log_closed *out);
/* Whether path is named like a closed segment, of whatever log. */
bool snt_log_closed_check(const char *path, struct snt_log_closed *out);

/* The segment that ends with record last, for 0 the newest one; of several the one that holds most. log is the name of
 * the log in the folder. No such segment is no failure. Code IO. */
snt_status snt_log_closed_find(int folder_fd, const char *log, int64_t last, struct snt_log_closed *out,
                               struct snt_err *err);
/* The same beside the log that has path; also appends the segment's path. A folder that is not there holds none. */
snt_status snt_log_closed_find_beside(const char *path, int64_t last, struct snt_log_closed *out,
                                      struct snt_buf *out_path, struct snt_err *err);

#endif
