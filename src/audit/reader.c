#include "audit/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log.h"

enum { DATA_CAP = 512 * 1024 };

/* errno tells why it could not be opened. */
static snt_status fail_open(const char *path, struct snt_err *err) {
  if (errno == ENOENT || errno == ENOTDIR) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_A_LOG, "there is no decision log %s", path));
    return snt_err_hint(err, "check the path; the configured log is made by the first decision");
  }
  return snt_fail(err, errno == ELOOP ? SNT_CODE_NOT_A_LOG : SNT_CODE_IO, "%s: %s", path, strerror(errno));
}

snt_status snt_log_reader_open_file(const char *path, int *fd, int64_t *size, struct snt_err *err) {
  *fd = -1;
  SNT_FD_AUTO int opened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (opened < 0) {
    return fail_open(path, err);
  }
  struct stat st;
  if (fstat(opened, &st) != 0 || !S_ISREG(st.st_mode)) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "%s is not a regular file", path);
  }
  *fd = opened;
  *size = st.st_size;
  opened = -1;
  return snt_done();
}

snt_status snt_log_reader_open(const char *path, struct snt_log_reader *out, struct snt_err *err) {
  int64_t size = 0;
  *out = (struct snt_log_reader){.fd = -1};
  SNT_TRY(snt_log_reader_open_file(path, &out->fd, &size, err));
  out->data = malloc(DATA_CAP);
  if (out->data == NULL) {
    return snt_fail_memory(err);
  }
  /* One byte in front of the first line, as there is in front of every other: the newline before it. */
  out->start = 1;
  out->end = 1;
  return snt_done();
}

void snt_log_reader_close(struct snt_log_reader *reader) {
  snt_fd_auto(&reader->fd);
  free(reader->data);
  *reader = (struct snt_log_reader){.fd = -1};
}

/* Moves what is left to the front and reads more behind it. */
static snt_status fill(struct snt_log_reader *reader, struct snt_err *err) {
  memmove(reader->data + 1, reader->data + reader->start, reader->end - reader->start);
  reader->end = reader->end - reader->start + 1;
  reader->start = 1;
  ssize_t got = -1;
  do {
    got = read(reader->fd, reader->data + reader->end, DATA_CAP - reader->end);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    return snt_fail(err, SNT_CODE_IO, "the log cannot be read: %s", strerror(errno));
  }
  reader->is_eof = got == 0;
  reader->end += (size_t)got;
  return snt_done();
}

/* Leaves behind what is left of a line over the cap. False: there is more of it to read. */
static bool skip_long(struct snt_log_reader *reader) {
  const char *newline = memchr(reader->data + reader->start, '\n', reader->end - reader->start);
  reader->start = newline == NULL ? reader->end : (size_t)(newline - reader->data) + 1;
  return newline != NULL;
}

/* True: a piece was found; false: more has to be read. */
static bool take_piece(struct snt_log_reader *reader, enum snt_log_piece *piece, char **line, size_t *len) {
  *line = reader->data + reader->start;
  size_t have = reader->end - reader->start;
  const char *newline = memchr(*line, '\n', have);
  *len = newline == NULL ? have : (size_t)(newline - *line);
  if (*len > SNT_LOG_LINE_CAP) {
    *piece = SNT_LOG_PIECE_LONG;
    *len = SNT_LOG_LINE_CAP;
    reader->start += SNT_LOG_LINE_CAP;
    reader->is_skipping = true;
    return true;
  }
  if (newline == NULL && !reader->is_eof) {
    return false;
  }
  *piece = newline != NULL ? SNT_LOG_PIECE_LINE : *len > 0 ? SNT_LOG_PIECE_TORN : SNT_LOG_PIECE_END;
  reader->start += *len + (newline == NULL ? 0 : 1);
  return true;
}

snt_status snt_log_reader_next(struct snt_log_reader *reader, enum snt_log_piece *piece, char **line, size_t *len,
                               struct snt_err *err) {
  for (;;) {
    if (reader->is_skipping && (skip_long(reader) || reader->is_eof)) {
      reader->is_skipping = false;
    }
    if (!reader->is_skipping && take_piece(reader, piece, line, len)) {
      return snt_done();
    }
    SNT_TRY(fill(reader, err));
  }
}
