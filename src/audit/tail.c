#include "audit/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/closed.h"
#include "audit/log.h"
#include "base/sha256.h"

/* One write is at most a short `recovered` line and a line of ours. Most lines fit the first window. */
enum { TORN_CAP = 64 * 1024 + 4096, WINDOW_FIRST = 8 * 1024, WINDOW_ALL = TORN_CAP + 64 * 1024 + 2 };

static snt_status read_at(int fd, int64_t offset, size_t len, char *out, struct snt_err *err) {
  size_t have = 0;
  while (have < len) {
    ssize_t got = pread(fd, out + have, len - have, (off_t)(offset + (int64_t)have));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return snt_fail(err, SNT_CODE_IO, "cannot be read: %s", got == 0 ? "it became shorter" : strerror(errno));
    }
    have += (size_t)got;
  }
  return snt_done();
}

/* The file's last bytes: from offset start to its end. */
struct window {
  char *data;
  size_t len;
  int64_t start;
};

static snt_status take_torn(const struct window *window, size_t whole_len, struct snt_log_tail *out,
                            struct snt_err *err) {
  size_t torn = window->len - whole_len;
  if (torn > TORN_CAP) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "ends in a line that is longer than 64 KiB");
  }
  out->good_size = window->start + (int64_t)whole_len;
  if (out->good_size == 0 && !snt_log_line_begins_like_ours(window->data, torn)) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is not a decision log");
  }
  snt_sha256_hex(window->data + whole_len, torn, out->torn_sha256);
  return snt_done();
}

/* *is_enough becomes false when the last whole line begins before the window. */
static snt_status take_tail(const struct window *window, struct snt_log_tail *out, bool *is_enough,
                            struct snt_err *err) {
  *is_enough = true;
  const char *end = memrchr(window->data, '\n', window->len);
  if (end == NULL && window->start > 0) {
    *is_enough = false;
    return snt_done();
  }
  if (end == NULL) {
    return take_torn(window, 0, out, err);
  }
  size_t line_end = (size_t)(end - window->data);
  const char *before = memrchr(window->data, '\n', line_end);
  if (before == NULL && window->start > 0) {
    *is_enough = false;
    return snt_done();
  }
  const char *line = before == NULL ? window->data : before + 1;
  size_t len = (size_t)(end - line);
  struct snt_err inner = {0};
  snt_status status = snt_log_head_parse(line, len, &out->head, &inner);
  if (!snt_ok(status)) {
    return snt_fail(err, status.code, "has a last line that is not ours: it %s", inner.message);
  }
  snt_sha256_hex(line, len, out->sha256);
  out->has_record = true;
  return take_torn(window, line_end + 1, out, err);
}

snt_status snt_log_tail_read(int fd, struct snt_log_tail *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct stat st;
  if (fstat(fd, &st) != 0) {
    return snt_fail(err, SNT_CODE_IO, "cannot be read: %s", strerror(errno));
  }
  struct snt_log_tail tail = {.size = st.st_size};
  static const size_t sizes[] = {WINDOW_FIRST, WINDOW_ALL};
  bool is_enough = tail.size == 0;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && !is_enough; i++) {
    size_t len = (uint64_t)tail.size < sizes[i] ? (size_t)tail.size : sizes[i];
    SNT_FREE_AUTO char *data = malloc(len);
    if (data == NULL) {
      return snt_fail_memory(err);
    }
    struct window window = {data, len, tail.size - (int64_t)len};
    SNT_TRY(read_at(fd, window.start, len, data, err));
    SNT_TRY(take_tail(&window, &tail, &is_enough, err));
  }
  if (!is_enough) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "ends in a line that is longer than 64 KiB");
  }
  *out = tail;
  return snt_done();
}

static snt_status read_named(int folder_fd, const char *segment, struct snt_log_tail *out, struct snt_err *err) {
  SNT_FD_AUTO int fd = openat(folder_fd, segment, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) {
    return snt_fail(err, SNT_CODE_LOG, "cannot be opened: %s", strerror(errno));
  }
  if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
    return snt_fail(err, SNT_CODE_LOG, "is not a regular file of yours");
  }
  return snt_log_tail_read(fd, out, err);
}

snt_status snt_log_tail_read_segment(int folder_fd, const char *name, struct snt_log_tail *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_log_closed closed;
  struct snt_err inner = {0};
  if (!snt_ok(snt_log_closed_find(folder_fd, name, 0, &closed, &inner))) {
    return snt_fail(err, SNT_CODE_LOG, "%s", inner.message);
  }
  if (closed.last == 0) {
    return snt_done();
  }
  struct snt_log_tail tail;
  snt_status status = read_named(folder_fd, closed.name, &tail, &inner);
  if (snt_ok(status) && (!tail.has_record || tail.head.seq != closed.last)) {
    status = snt_fail(&inner, SNT_CODE_LOG, "does not end with record %lld", (long long)closed.last);
  }
  if (!snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the closed segment %s %s", closed.name, inner.message));
    return snt_err_hint(err, "check it with `sentinel log verify`, then move it away to begin a new chain");
  }
  *out = tail;
  return snt_done();
}

bool snt_log_first_read(int fd, struct snt_log_head *out) {
  SNT_FREE_AUTO char *data = malloc(SNT_LOG_LINE_CAP + 1);
  ssize_t got = data == NULL ? -1 : pread(fd, data, SNT_LOG_LINE_CAP + 1, 0);
  const char *end = got <= 0 ? NULL : memchr(data, '\n', (size_t)got);
  return end != NULL && snt_ok(snt_log_head_parse(data, (size_t)(end - data), out, NULL));
}
