/* audit/reader (layer 4): the lines of a log file, one after the other, in constant memory. */
#ifndef SNT_AUDIT_READER_H
#define SNT_AUDIT_READER_H

#include <stdint.h>

#include "base/buf.h"

enum snt_log_piece {
  SNT_LOG_PIECE_END = 0,
  SNT_LOG_PIECE_LINE,
  SNT_LOG_PIECE_LONG, /* a line over 64 KiB: its first 64 KiB */
  SNT_LOG_PIECE_TORN, /* the last line, without a newline */
};

/* Initialise with {.fd = -1}. */
struct snt_log_reader {
  int fd;
  char *data; /* owned */
  size_t start, end;
  bool is_eof;
  bool is_skipping; /* behind the first 64 KiB of a longer line */
};

/* Opens the file of a log for reading, without blocking. Codes: NOT_A_LOG (missing, not a regular file), IO; the
 * message begins with path. */
snt_status snt_log_reader_open_file(const char *path, int *fd, int64_t *size, struct snt_err *err);
/* The same codes, and NO_MEMORY. */
snt_status snt_log_reader_open(const char *path, struct snt_log_reader *out, struct snt_err *err);
void snt_log_reader_close(struct snt_log_reader *reader);
#define SNT_LOG_READER_AUTO SNT_CLEANUP(snt_log_reader_close)
/* The next line without its newline; line dies with the next call, and line[-1] is the caller's to write. */
snt_status snt_log_reader_next(struct snt_log_reader *reader, enum snt_log_piece *piece, char **line, size_t *len,
                               struct snt_err *err);

#endif
