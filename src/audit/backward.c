#include "audit/backward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/log.h"
#include "audit/reader.h"
#include "base/sha256.h"

/* Whoever asks finds what he looks for near the end, mostly. A line fits into what is carried from block to block. */
enum { FIRST_BLOCK = 64 * 1024, BLOCK = 128 * 1024, CARRY_CAP = 64 * 1024 + 1, DATA_CAP = BLOCK + CARRY_CAP };

static bool is_closed(const struct snt_log_backward *backward) { return backward->closed.last != 0; }

/* The chain is broken; the error was just set. */
static snt_status hint_at_verify(struct snt_err *err) {
  return snt_err_hint(err, "`sentinel log verify` tells what is damaged; put closed segments back beside the log, or "
                           "move all of its files away to begin a new chain");
}

/* Files ---------------------------------------------------------------------------------------------------------- */

static snt_status open_file(struct snt_log_backward *backward, struct snt_err *err) {
  snt_fd_auto(&backward->fd);
  SNT_TRY(snt_log_reader_open_file(backward->path.data, &backward->fd, &backward->offset, err));
  backward->is_there = true;
  backward->has_end = false;
  backward->is_checked = false;
  backward->carry = DATA_CAP;
  backward->begin = DATA_CAP;
  backward->end = DATA_CAP;
  return snt_done();
}

static snt_status refuse_end(const struct snt_log_backward *backward, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_A_LOG,
                      "%s does not end with record %lld, as its name and what comes after it have it",
                      backward->path.data, (long long)backward->closed.last));
  return hint_at_verify(err);
}

static snt_status refuse_missing(const struct snt_log_backward *backward, int64_t first, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_A_LOG,
                      "records are missing: %s begins with record %lld, and no closed segment ends before it",
                      backward->path.data, (long long)first));
  return hint_at_verify(err);
}

/* The head of the file's first line, which stands in data when the whole file was read. */
static snt_status read_first(const struct snt_log_backward *backward, struct snt_log_head *out, struct snt_err *err) {
  const char *line = backward->data + backward->begin;
  const char *feed = memchr(line, '\n', DATA_CAP - backward->begin);
  struct snt_err why = {0};
  snt_status status = snt_log_head_parse(line, (size_t)(feed - line), out, &why);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (snt_ok(status) && is_closed(backward) && out->seq != backward->closed.first) {
    status = snt_fail(&why, SNT_CODE_NOT_A_LOG, "is not record %lld", (long long)backward->closed.first);
  }
  if (snt_ok(status) && out->seq == 1 && strcmp(out->prev, SNT_LOG_NO_PREV) != 0) {
    status = snt_fail(&why, SNT_CODE_NOT_A_LOG, "is record 1, and its prev is not 64 zeros");
  }
  if (!snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_A_LOG, "%s: its first line %s", backward->path.data, why.message));
    return hint_at_verify(err);
  }
  return status;
}

/* Goes on with the segment before the file whose first line that is; NULL: which holds no line. */
static snt_status open_before(struct snt_log_backward *backward, const struct snt_log_head *first, bool *is_start,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_log_closed found;
  struct snt_log_closed alone;
  SNT_TRY(snt_log_closed_find_beside(backward->log, first == NULL ? 0 : first->seq - 1, &found, &path, err));
  if (found.last == 0) {
    *is_start = first == NULL || (snt_log_closed_check(backward->log, &alone) && alone.first == first->seq);
    return *is_start ? snt_done() : refuse_missing(backward, first->seq, err);
  }
  snt_buf_reset(&backward->path);
  SNT_TRY(snt_buf_append_str(&backward->path, path.data, err));
  SNT_TRY(open_file(backward, err));
  memcpy(backward->wanted_sha256, first == NULL ? "" : first->prev, first == NULL ? 1 : sizeof first->prev);
  backward->closed = found;
  return snt_done();
}

/* *is_start: nothing stands before the file that was read. */
static snt_status step_back(struct snt_log_backward *backward, bool *is_start, struct snt_err *err) {
  struct snt_log_head first;
  if (!backward->has_end) {
    return is_closed(backward) ? refuse_end(backward, err) : open_before(backward, NULL, is_start, err);
  }
  SNT_TRY(read_first(backward, &first, err));
  *is_start = first.seq == 1;
  return *is_start ? snt_done() : open_before(backward, &first, is_start, err);
}

snt_status snt_log_backward_open(const char *path, struct snt_log_backward *out, struct snt_err *err) {
  struct snt_err failure = {0};
  *out = (struct snt_log_backward){.fd = -1, .log = path, .data = malloc(DATA_CAP)};
  if (out->data == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_buf_append_str(&out->path, path, err));
  snt_status status = open_file(out, &failure);
  if (snt_ok(status)) {
    return status;
  }
  if (access(path, F_OK) != 0 && errno == ENOENT) {
    bool is_start = false;
    return open_before(out, NULL, &is_start, err);
  }
  if (err != NULL) {
    *err = failure;
  }
  return status;
}

void snt_log_backward_close(struct snt_log_backward *backward) {
  snt_fd_auto(&backward->fd);
  snt_buf_clear(&backward->path);
  free(backward->data);
  *backward = (struct snt_log_backward){.fd = -1};
}

/* Blocks --------------------------------------------------------------------------------------------------------- */

/* len bytes before offset. Only the end of the log itself may have been cut off meanwhile: a torn line was. */
static snt_status read_before(struct snt_log_backward *backward, char *out, size_t len, size_t *have,
                              struct snt_err *err) {
  *have = 0;
  while (*have < len) {
    off_t at = (off_t)(backward->offset - (int64_t)(len - *have));
    ssize_t got = pread(backward->fd, out + *have, len - *have, at);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got == 0 && !backward->has_end) {
      break;
    }
    if (got <= 0) {
      return snt_fail(err, SNT_CODE_IO, "%s cannot be read: %s", backward->path.data,
                      got == 0 ? "it became shorter" : strerror(errno));
    }
    *have += (size_t)got;
  }
  backward->offset -= (int64_t)len;
  backward->read_bytes += (int64_t)len;
  return snt_done();
}

/* Leaves behind what stands after the last newline of the file. A closed segment has nothing there. */
static snt_status cut_torn(struct snt_log_backward *backward, size_t start, struct snt_err *err) {
  const char *data = backward->data;
  const char *feed = memrchr(data + start, '\n', backward->end - start);
  size_t end = feed == NULL ? start : (size_t)(feed - data) + 1;
  if (is_closed(backward) && (feed == NULL || end != backward->end)) {
    return refuse_end(backward, err);
  }
  backward->has_end = feed != NULL;
  backward->end = end;
  return snt_done();
}

/* Reads the block before what was read; it may hold no beginning of a line. */
static snt_status read_block(struct snt_log_backward *backward, struct snt_err *err) {
  char *data = backward->data;
  size_t kept = backward->begin - backward->carry;
  int64_t cap = backward->read_bytes == 0 ? FIRST_BLOCK : BLOCK;
  size_t len = (size_t)(backward->offset < cap ? backward->offset : cap);
  size_t start = DATA_CAP - kept - len;
  size_t have = 0;
  memmove(data + DATA_CAP - kept, data + backward->carry, kept);
  SNT_TRY(read_before(backward, data + start, len, &have, err));
  backward->end = start + have + kept;
  SNT_TRY(backward->has_end ? snt_done() : cut_torn(backward, start, err));
  const char *feed = backward->offset == 0 ? NULL : memchr(data + start, '\n', backward->end - start);
  backward->carry = start;
  backward->begin = feed == NULL ? start : (size_t)(feed - data) + 1;
  if (backward->begin - backward->carry > CARRY_CAP) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "%s has a line over 64 KiB", backward->path.data);
  }
  return snt_done();
}

/* The line that ends at data[end - 1]. */
static struct snt_slice find_last(const struct snt_log_backward *backward) {
  const char *data = backward->data + backward->begin;
  size_t len = backward->end - backward->begin - 1;
  const char *feed = memrchr(data, '\n', len);
  size_t start = feed == NULL ? 0 : (size_t)(feed - data) + 1;
  return (struct snt_slice){data + start, len - start};
}

/* A closed segment ends with the record that its name tells of, and whose hash the next file begins with. */
static snt_status check_end(struct snt_log_backward *backward, struct snt_err *err) {
  struct snt_log_head head;
  char sha256[SNT_SHA256_HEX_CAP];
  struct snt_slice line = find_last(backward);
  bool is_wanted = snt_ok(snt_log_head_parse(line.data, line.len, &head, NULL)) && head.seq == backward->closed.last;
  if (is_wanted && backward->wanted_sha256[0] != '\0') {
    snt_sha256_hex(line.data, line.len, sha256);
    is_wanted = strcmp(sha256, backward->wanted_sha256) == 0;
  }
  backward->is_checked = is_wanted;
  return is_wanted ? snt_done() : refuse_end(backward, err);
}

/* Lines between begin and end; none before the first record. */
static snt_status find_lines(struct snt_log_backward *backward, struct snt_err *err) {
  bool is_start = !backward->is_there;
  while (!is_start && backward->begin == backward->end) {
    SNT_TRY(backward->offset > 0 ? read_block(backward, err) : step_back(backward, &is_start, err));
  }
  bool is_due = !is_start && is_closed(backward) && !backward->is_checked;
  return is_due ? check_end(backward, err) : snt_done();
}

snt_status snt_log_backward_next(struct snt_log_backward *backward, const char **line, size_t *len,
                                 struct snt_err *err) {
  *line = NULL;
  *len = 0;
  SNT_TRY(find_lines(backward, err));
  if (backward->begin == backward->end) {
    return snt_done();
  }
  struct snt_slice last = find_last(backward);
  if (last.len > SNT_LOG_LINE_CAP) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "%s has a line over 64 KiB", backward->path.data);
  }
  backward->end = (size_t)(last.data - backward->data);
  *line = last.data;
  *len = last.len;
  return snt_done();
}

snt_status snt_log_backward_next_lines(struct snt_log_backward *backward, const char **lines, size_t *len,
                                       struct snt_err *err) {
  SNT_TRY(find_lines(backward, err));
  *lines = backward->data + backward->begin;
  *len = backward->end - backward->begin;
  backward->end = backward->begin;
  return snt_done();
}
