#include "audit/segments.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/tail.h"

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

bool snt_log_segments_range(const char *path, int64_t *first, int64_t *last) {
  const char *name = name_of(path);
  const char *dash = strrchr(name, '-');
  const char *dot = dash == NULL ? NULL : memrchr(name, '.', (size_t)(dash - name));
  if (dot == NULL) {
    return false;
  }
  SNT_BUF_AUTO struct snt_buf log = {0};
  const char *rest = dash + 1 + strspn(dash + 1, "0123456789");
  return snt_ok(snt_buf_append(&log, name, (size_t)(dot - name), NULL)) &&
         snt_ok(snt_buf_append_str(&log, rest, NULL)) && snt_log_segment_check(log.data, name, first, last);
}

/* A closed segment by its name. */
struct found {
  char name[256];
  int64_t first, last; /* last 0: none */
};

/* The segment that ends with record last, and with 0 the newest one; of several the one that holds most. */
static snt_status find_segment(const char *folder, const char *log, int64_t last, struct found *out,
                               struct snt_err *err) {
  *out = (struct found){0};
  DIR *dir = opendir(folder);
  if (dir == NULL && errno == ENOENT) {
    return snt_done(); /* then the log itself is not there either, which is told */
  }
  if (dir == NULL) {
    return snt_fail(err, SNT_CODE_IO, "%s: the closed segments of the log cannot be looked for: %s", folder,
                    strerror(errno));
  }
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    struct found found = {0};
    size_t len = strlen(entry->d_name);
    if (len >= sizeof found.name || !snt_log_segment_check(log, entry->d_name, &found.first, &found.last)) {
      continue;
    }
    bool is_better = last == 0 ? found.last > out->last : found.last == last && out->last == 0;
    if (is_better || (found.last == out->last && found.first < out->first)) {
      memcpy(found.name, entry->d_name, len + 1);
      *out = found;
    }
  }
  (void)closedir(dir);
  return snt_done();
}

/* Puts a path in front of the others. */
static snt_status add_path(struct snt_log_segments *segments, const char *folder, const char *name,
                           struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_buf_appendf(&path, err, "%s%s", folder, name));
  char **paths = realloc(segments->paths, (segments->count + 1) * sizeof *paths);
  char *copy = paths == NULL ? NULL : snt_str_dup(path.data);
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
  const char *path = segments->name;
  SNT_FREE_AUTO char *folder = snt_str_dup_slice((struct snt_slice){path, (size_t)(name_of(path) - path)});
  if (folder == NULL) {
    return snt_fail_memory(err);
  }
  for (;;) {
    struct found found;
    SNT_TRY(find_segment(folder[0] == '\0' ? "." : folder, name_of(path), last, &found, err));
    if (found.last == 0) {
      return snt_done();
    }
    SNT_TRY(add_path(segments, folder, found.name, err));
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
  int64_t range[2];
  snt_status opened = snt_log_reader_open(path, &out->last, &failure);
  bool is_there = snt_ok(opened);
  bool is_missing = !is_there && access(path, F_OK) != 0 && errno == ENOENT;
  if ((is_there || is_missing) && !snt_log_segments_range(path, &range[0], &range[1]) && goes_on(out->last.fd)) {
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
