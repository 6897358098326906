#include "audit/segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/closed.h"
#include "audit/line.h"
#include "audit/tail.h"

/* Puts a path in front of the others. */
static snt_status add_path(struct snt_log_segments *segments, const char *path, struct snt_err *err) {
  char **paths = realloc(segments->paths, (segments->count + 1) * sizeof *paths);
  char *copy = paths == NULL ? NULL : snt_str_dup(path);
  segments->paths = paths == NULL ? segments->paths : paths;
  if (copy == NULL) {
    return snt_fail_memory(err);
  }
  memmove(paths + 1, paths, segments->count * sizeof *paths);
  paths[0] = copy;
  segments->count++;
  return snt_done();
}

/* Walks back from the newest segment to the first record, as far as one ends where the next begins. */
static snt_status find_before(struct snt_log_segments *segments, struct snt_err *err) {
  int64_t last = 0;
  for (;;) {
    SNT_BUF_AUTO struct snt_buf path = {0};
    struct snt_log_closed found;
    SNT_TRY(snt_log_closed_find_beside(segments->name, last, &found, &path, err));
    if (found.last == 0) {
      return snt_done(); /* where the log itself is not there either, that is told */
    }
    SNT_TRY(add_path(segments, path.data, err));
    if (found.first <= 1) {
      return snt_done();
    }
    last = found.first - 1;
  }
}

/* A file that does not begin a chain goes on with the newest segment; one that holds no record will. */
static bool goes_on(int fd) {
  struct snt_log_head head;
  bool begins = fd >= 0 && snt_log_first_read(fd, &head) && head.seq == 1 && strcmp(head.prev, SNT_LOG_NO_PREV) == 0;
  return !begins;
}

snt_status snt_log_segments_open(const char *path, struct snt_log_segments *out, struct snt_err *err) {
  *out = (struct snt_log_segments){.last = {.fd = -1}, .segment = {.fd = -1}, .name = path, .path = path};
  struct snt_err failure = {0};
  struct snt_log_closed alone;
  snt_status opened = snt_log_reader_open(path, &out->last, &failure);
  bool is_there = snt_ok(opened);
  bool is_missing = !is_there && access(path, F_OK) != 0 && errno == ENOENT;
  if ((is_there || is_missing) && !snt_log_closed_check(path, &alone) && goes_on(out->last.fd)) {
    SNT_TRY(find_before(out, err));
  }
  if (is_there || out->count > 0) {
    return snt_done();
  }
  if (err != NULL) {
    *err = failure;
  }
  return opened;
}

void snt_log_segments_close(struct snt_log_segments *segments) {
  snt_log_reader_close(&segments->last);
  snt_log_reader_close(&segments->segment);
  for (size_t i = 0; i < segments->count; i++) {
    free(segments->paths[i]);
  }
  free(segments->paths);
  *segments = (struct snt_log_segments){.last = {.fd = -1}, .segment = {.fd = -1}};
}

/* The reader of the file that is read now; NULL behind the last. */
static snt_status find_reader(struct snt_log_segments *segments, struct snt_log_reader **out, struct snt_err *err) {
  bool is_last = segments->at == segments->count;
  *out = !is_last ? &segments->segment : segments->last.fd < 0 ? NULL : &segments->last;
  segments->path = is_last ? segments->name : segments->paths[segments->at];
  return is_last || segments->segment.fd >= 0 ? snt_done()
                                              : snt_log_reader_open(segments->path, &segments->segment, err);
}

snt_status snt_log_segments_next(struct snt_log_segments *segments, enum snt_log_piece *piece, char **line, size_t *len,
                                 struct snt_err *err) {
  for (;;) {
    struct snt_log_reader *reader = NULL;
    *piece = SNT_LOG_PIECE_END;
    SNT_TRY(find_reader(segments, &reader, err));
    SNT_TRY(reader == NULL ? snt_done() : snt_log_reader_next(reader, piece, line, len, err));
    segments->line += *piece == SNT_LOG_PIECE_LINE || *piece == SNT_LOG_PIECE_LONG ? 1 : 0;
    if (*piece != SNT_LOG_PIECE_END || segments->at == segments->count) {
      return snt_done();
    }
    snt_log_reader_close(&segments->segment);
    segments->at++;
    segments->line = 0;
  }
}
