/* audit/backward (layer 4): the lines of a log from its end, on through its closed segments to the first record.
 *
 * MUST
 *  1. read nothing twice, and of the file and its segments no more than is asked for;
 *  2. end in silence only before the first record of a chain: a segment that is missing, cannot be read, or is not what
 *     the file behind it goes on with is a failure, for nobody knows what stood in it. */
#ifndef SNT_AUDIT_BACKWARD_H
#define SNT_AUDIT_BACKWARD_H

#include "audit/closed.h"
#include "audit/line.h"

/* Initialise with {.fd = -1}. */
struct snt_log_backward {
  const char *log;    /* the path that was named; the caller's */
  bool is_there;      /* there is a file of that path, or a closed segment beside it */
  int64_t read_bytes; /* so far, of all files */

  /* The file that is read now. */
  int fd;
  struct snt_buf path;
  struct snt_log_closed closed; /* as its name says; last 0: it is the log itself */
  char wanted_sha256[65];       /* of its last line; "" where nothing follows that could tell */
  int64_t offset;               /* what stands before it was not read yet */
  bool has_end;                 /* the end of its last whole line was found */
  bool is_checked;              /* that line is the one that is wanted */

  char *data;               /* owned */
  size_t carry, begin, end; /* in data: the end of a line that begins before it; lines that were not given yet */
};

/* No such file is no failure: then the log is what its closed segments hold, or there is none (is_there). A path that
 * is named like a closed segment may stand for that one alone. Codes of all three: as of snt_log_reader_open, NOT_A_LOG
 * for a line over 64 KiB and for a chain that is broken between two files; the message names the file. */
snt_status snt_log_backward_open(const char *path, struct snt_log_backward *out, struct snt_err *err);
void snt_log_backward_close(struct snt_log_backward *backward);
#define SNT_LOG_BACKWARD_AUTO SNT_CLEANUP(snt_log_backward_close)
/* The line before the one that was given last, without its newline; *line is NULL before the first record. A torn last
 * line is passed over. The line dies with the next call. */
snt_status snt_log_backward_next(struct snt_log_backward *backward, const char **line, size_t *len,
                                 struct snt_err *err);
/* The same for many lines at once, each with its newline, as they stand in the file; *len is 0 before the first record.
 */
snt_status snt_log_backward_next_lines(struct snt_log_backward *backward, const char **lines, size_t *len,
                                       struct snt_err *err);

#endif
