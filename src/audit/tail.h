/* audit/tail (layer 4): what stands at the end of a decision log, and before the beginning of a new segment. */
#ifndef SNT_AUDIT_TAIL_H
#define SNT_AUDIT_TAIL_H

#include "audit/line.h"

struct snt_log_tail {
  bool has_record;
  struct snt_log_head head; /* of the last whole line */
  char sha256[65];          /* of that line; what the next record's prev has to be */
  int64_t size;             /* of the file */
  int64_t good_size;        /* up to and including the last newline */
  char torn_sha256[65];     /* of the size - good_size bytes behind it */
};

/* Reads the end of an open log. A last line that is not ours, and a torn one that cannot be: code NOT_A_LOG, the
 * message being the end of a sentence about the file. Code IO when it cannot be read. */
snt_status snt_log_tail_read(int fd, struct snt_log_tail *out, struct snt_err *err);
/* The end of the newest closed segment of the log called name in the folder; has_record is false when there is none.
 * Code LOG when that segment does not end as its name says. */
snt_status snt_log_tail_read_segment(int folder_fd, const char *name, struct snt_log_tail *out, struct snt_err *err);
/* The head of a log's first line; false when there is none, or it is not ours. */
bool snt_log_first_read(int fd, struct snt_log_head *out);

#endif
