/* audit/segments (layer 4): all files of a log as one: its closed segments, the oldest first, and then the file itself.
 */
#ifndef SNT_AUDIT_SEGMENTS_H
#define SNT_AUDIT_SEGMENTS_H

#include "audit/reader.h"

struct snt_log_segments {
  struct snt_log_reader last;    /* the file that was named; fd -1: it is not there, but segments are */
  struct snt_log_reader segment; /* that is being read */
  char **paths;                  /* of the segments before it; owned */
  size_t count;
  size_t at;        /* of paths, where the piece stands that was returned last; count: in the file that was named */
  const char *path; /* of that file; borrowed */
  int64_t line;     /* of that piece in its file, from 1; a torn one is not counted */
  const char *name; /* the path that was named; the caller's */
};

/* Opens a log, and finds the closed segments beside it by their names: unless the log begins a chain, the newest, and
 * those that end where the next one begins. A log that is not there is no failure then. A path that is a segment itself
 * stands for that one alone. Codes as of snt_log_reader_open. */
snt_status snt_log_segments_open(const char *path, struct snt_log_segments *out, struct snt_err *err);
void snt_log_segments_close(struct snt_log_segments *segments);
#define SNT_LOG_SEGMENTS_AUTO SNT_CLEANUP(snt_log_segments_close)
/* As snt_log_reader_next, over all files. A torn piece may be the end of any of them. */
snt_status snt_log_segments_next(struct snt_log_segments *segments, enum snt_log_piece *piece, char **line, size_t *len,
                                 struct snt_err *err);

#endif
