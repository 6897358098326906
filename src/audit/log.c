#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/closed.h"
#include "audit/line.h"
#include "audit/log_file.h"
#include "audit/tail.h"
#include "base/random.h"
#include "base/sha256.h"
#include "format/time.h"

struct snt_log {
  struct snt_log_file file;
  struct snt_log_tail ahead; /* the end as it was seen last, when it was whole: it has a record, and no torn line */
  struct snt_log_head chain; /* the end as it was seen for snt_log_chain */
  dev_t ahead_device;        /* of that file */
  ino_t ahead_inode;
  bool is_broken; /* a sync failed, and the segment could not be closed: nothing more is written */
};

snt_status snt_log_open(const struct snt_log_options *options, struct snt_log **out, struct snt_err *err) {
  *out = NULL;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_log_find_path(options->path, &path, err));
  if (snt_log_is_default(options->path)) {
    SNT_TRY(snt_log_file_make_folder(path.data, err));
  }
  SNT_LOG_AUTO struct snt_log *log = calloc(1, sizeof *log);
  if (log == NULL) {
    return snt_fail_memory(err);
  }
  log->file.fd = -1;
  log->file.folder_fd = -1;
  SNT_TRY(snt_log_file_open(&log->file, snt_buf_borrow(&path), err));
  *out = SNT_MOVE(log);
  return snt_done();
}

void snt_log_close(struct snt_log **log) {
  if (log == NULL || *log == NULL) {
    return;
  }
  snt_log_file_close(&(*log)->file);
  free(*log);
  *log = NULL;
}

const char *snt_log_path(const struct snt_log *log) { return log->file.path; }

/* A whole end stays what it was while the file has its size: whoever appends makes it longer, and what is cut is what
 * stands behind it. */
static bool is_as_seen(const struct snt_log *log) {
  struct stat st;
  return log->ahead.has_record && fstat(log->file.fd, &st) == 0 && st.st_size == log->ahead.size &&
         st.st_dev == log->ahead_device && st.st_ino == log->ahead_inode;
}

static void keep_seen(struct snt_log *log, const struct snt_log_tail *tail) {
  struct stat st;
  bool is_whole = tail->has_record && tail->good_size == tail->size && fstat(log->file.fd, &st) == 0;
  log->ahead = is_whole ? *tail : (struct snt_log_tail){0};
  log->ahead_device = is_whole ? st.st_dev : 0;
  log->ahead_inode = is_whole ? st.st_ino : 0;
}

/* The end of the file; where it holds no record yet, the end of the segment that was closed before it. */
static snt_status read_tail(const struct snt_log *log, struct snt_log_tail *out, struct snt_log_tail *before,
                            struct snt_err *err) {
  struct snt_err inner = {0};
  snt_status status = snt_log_tail_read(log->file.fd, out, &inner);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the decision log: %s %s", log->file.path, inner.message));
    return snt_err_hint(err, "nothing was written to it: check it with `sentinel log verify`, then move it away");
  }
  *before = *out;
  return out->has_record ? snt_done() : snt_log_tail_read_segment(log->file.folder_fd, log->file.name, before, err);
}

/* What a record begins with, up to its kind: time and time source. */
static snt_status borrow_time(struct snt_slice members, struct snt_slice *out, struct snt_err *err) {
  static const char time_key[] = "\"time\":\"";
  static const char kind_key[] = "\"kind\":\"";
  const char *kind =
      members.len < sizeof time_key ? NULL : memmem(members.data, members.len, kind_key, sizeof kind_key - 1);
  if (kind == NULL || memcmp(members.data, time_key, sizeof time_key - 1) != 0) {
    return snt_fail(err, SNT_CODE_BUG, "a record does not begin with time and kind");
  }
  *out = (struct snt_slice){members.data, (size_t)(kind - members.data)};
  return snt_done();
}

/* Lines that are about to be written, and where the last of them will stand. */
struct draft {
  struct snt_buf lines;
  struct snt_log_head head; /* of the next line */
  char sha256[65];          /* of the last line in lines */
};

static void draft_clear(struct draft *draft) { snt_buf_clear(&draft->lines); }

static snt_status add_line(struct draft *draft, struct snt_slice members, struct snt_err *err) {
  size_t start = draft->lines.len;
  SNT_TRY(snt_log_line_format(&draft->head, members, &draft->lines, err));
  snt_sha256_hex(draft->lines.data + start, draft->lines.len - start - 1, draft->sha256);
  memcpy(draft->head.prev, draft->sha256, sizeof draft->head.prev);
  draft->head.seq++;
  return snt_done();
}

static snt_status begin_draft(const struct snt_log_tail *before, struct draft *draft, struct snt_err *err) {
  if (!before->has_record) {
    draft->head.seq = 1;
    memcpy(draft->head.prev, SNT_LOG_NO_PREV, sizeof draft->head.prev);
    return snt_random_uuid(draft->head.chain, err);
  }
  memcpy(draft->head.chain, before->head.chain, sizeof draft->head.chain);
  memcpy(draft->head.prev, before->sha256, sizeof draft->head.prev);
  draft->head.seq = before->head.seq + 1;
  return snt_done();
}

/* The record that says what of a torn last line is going to be cut. */
static snt_status add_recovered(const struct snt_log_tail *tail, struct snt_slice members, struct draft *draft,
                                struct snt_err *err) {
  if (tail->good_size == tail->size) {
    return snt_done();
  }
  struct snt_slice time = {0};
  SNT_TRY(borrow_time(members, &time, err));
  SNT_BUF_AUTO struct snt_buf recovered = {0};
  SNT_TRY(snt_buf_append(&recovered, time.data, time.len, err));
  SNT_TRY(snt_buf_appendf(&recovered, err, "\"kind\":\"recovered\",\"length\":%lld,\"sha256\":\"%s\"",
                          (long long)(tail->size - tail->good_size), tail->torn_sha256));
  return add_line(draft, (struct snt_slice){recovered.data, recovered.len}, err);
}

static snt_status cut_torn(const struct snt_log *log, const struct snt_log_tail *tail, struct snt_err *err) {
  if (tail->good_size == tail->size || ftruncate(log->file.fd, (off_t)tail->good_size) == 0) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_LOG, "the decision log: the torn last line of %s cannot be cut: %s", log->file.path,
                  strerror(errno));
}

/* Why only a part of it was written: the limit on the size of files does that, too, and not only a full disk. */
static int find_reason(int64_t size, size_t len) {
  struct rlimit limit;
  bool is_limited =
      getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && (rlim_t)size + len > limit.rlim_cur;
  return is_limited ? EFBIG : ENOSPC;
}

static snt_status fail_write(const struct snt_log *log, int reason, struct snt_err *err) {
  if (reason == EFBIG) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_LOG,
                 "the decision log: %s cannot be written: it would be larger than the limit on the size of files",
                 log->file.path));
    return snt_err_hint(err, "raise the limit (`ulimit -f`, LimitFSIZE of a service)");
  }
  SNT_IGNORE(
      snt_fail(err, SNT_CODE_LOG, "the decision log: %s cannot be written: %s", log->file.path, strerror(reason)));
  return snt_err_hint(err, "make room on that file system, or set log.path");
}

static snt_status write_once(const struct snt_log *log, const struct snt_buf *lines, int64_t size,
                             struct snt_err *err) {
  ssize_t put = -1;
  do {
    put = write(log->file.fd, lines->data, lines->len);
  } while (put < 0 && errno == EINTR);
  if (put == (ssize_t)lines->len) {
    return snt_done();
  }
  int reason = put < 0 ? errno : find_reason(size, lines->len);
  /* If this fails too, the next append finds a torn line and repairs it. */
  (void)!ftruncate(log->file.fd, (off_t)size);
  return fail_write(log, reason, err);
}

static bool sync_file(int fd) {
  int result = -1;
  do {
    result = fdatasync(fd);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

/* After a failed sync nobody knows what the disk holds of the last line, and the kernel may have forgotten that it has
 * to write it. The file gets no more lines: what was never acknowledged is cut off, the rest is renamed, and the next
 * append begins a new file that goes on with the chain. */
static bool close_segment(struct snt_log *log, const struct snt_log_tail *before, int64_t size) {
  struct snt_log_file *file = &log->file;
  if (size == 0) {
    return unlinkat(file->folder_fd, file->name, 0) == 0;
  }
  SNT_BUF_AUTO struct snt_buf segment = {0};
  struct snt_log_head head;
  struct stat st;
  bool is_closed = ftruncate(file->fd, (off_t)size) == 0 && snt_log_first_read(file->fd, &head) &&
                   snt_ok(snt_log_closed_format(file->name, head.seq, before->head.seq, &segment, NULL)) &&
                   fstatat(file->folder_fd, segment.data, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT &&
                   renameat(file->folder_fd, file->name, file->folder_fd, segment.data) == 0;
  (void)fsync(file->folder_fd);
  return is_closed;
}

static snt_status give_up_file(struct snt_log *log, const struct snt_log_tail *before, int64_t size, int reason,
                               struct snt_err *err) {
  log->is_broken = !close_segment(log, before, size);
  snt_log_file_unlock(&log->file);
  snt_fd_auto(&log->file.fd);
  log->file.fd = -1;
  SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the decision log: %s cannot be brought to the disk: %s", log->file.path,
                      strerror(reason)));
  return snt_err_hint(err, log->is_broken ? "check the disk; move the file away before anything is written to it"
                                          : "check the disk; the next record begins a new file");
}

static snt_status append_locked(struct snt_log *log, const struct snt_slice *records, size_t count, struct draft *draft,
                                struct snt_err *err) {
  struct snt_log_tail tail = log->ahead;
  struct snt_log_tail before = log->ahead;
  SNT_TRY(is_as_seen(log) ? snt_done() : read_tail(log, &tail, &before, err));
  SNT_TRY(begin_draft(&before, draft, err));
  SNT_TRY(add_recovered(&tail, records[0], draft, err));
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(add_line(draft, records[i], err));
  }
  SNT_TRY(cut_torn(log, &tail, err));
  /* A file that holds a record has a name that survives a crash: it gets the name before the first record. */
  if (tail.good_size == 0 && fsync(log->file.folder_fd) != 0) {
    return snt_fail(err, SNT_CODE_LOG, "the decision log: the folder of %s cannot be brought to the disk: %s",
                    log->file.path, strerror(errno));
  }
  SNT_TRY(write_once(log, &draft->lines, tail.good_size, err));
  if (!sync_file(log->file.fd)) {
    return give_up_file(log, &before, tail.good_size, errno, err);
  }
  int64_t size = tail.good_size + (int64_t)draft->lines.len;
  tail = (struct snt_log_tail){.has_record = true, .head = draft->head, .size = size, .good_size = size};
  tail.head.seq = draft->head.seq - 1;
  memcpy(tail.sha256, draft->sha256, sizeof tail.sha256);
  keep_seen(log, &tail);
  return snt_done();
}

void snt_log_look_ahead(struct snt_log *log) {
  struct snt_log_tail tail;
  if (snt_ok(snt_log_tail_read(log->file.fd, &tail, NULL))) {
    keep_seen(log, &tail);
  }
}

const char *snt_log_chain(struct snt_log *log) {
  struct snt_log_tail tail;
  struct snt_log_tail before;
  if (!log->ahead.has_record && snt_ok(read_tail(log, &tail, &before, NULL))) {
    log->chain = before.head;
  }
  return log->ahead.has_record ? log->ahead.head.chain : log->chain.chain;
}

snt_status snt_log_append(struct snt_log *log, const struct snt_slice *records, size_t count,
                          struct snt_log_position *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (log->is_broken) {
    return snt_fail(err, SNT_CODE_LOG, "the decision log: %s failed before", log->file.path);
  }
  for (size_t i = 0; i < count; i++) {
    struct snt_slice time = {0};
    SNT_TRY(borrow_time(records[i], &time, err));
  }
  SNT_TRY(snt_log_file_lock(&log->file, err));
  SNT_CLEANUP(draft_clear) struct draft draft = {0};
  snt_status status = append_locked(log, records, count, &draft, err);
  snt_log_file_unlock(&log->file);
  SNT_TRY(status);
  memcpy(out->chain, draft.head.chain, sizeof out->chain);
  memcpy(out->sha256, draft.sha256, sizeof out->sha256);
  out->seq = draft.head.seq - 1;
  return snt_done();
}

snt_status snt_log_last_time(struct snt_log *log, int64_t *out_ms, struct snt_err *err) {
  *out_ms = 0;
  struct snt_log_tail tail;
  struct snt_log_tail before;
  /* Without the lock: a line that is being written has no newline yet, and the one before it is looked at. */
  SNT_TRY(read_tail(log, &tail, &before, err));
  if (!before.has_record) {
    return snt_done();
  }
  struct snt_err inner = {0};
  if (!snt_ok(snt_time_parse(before.head.time, out_ms, &inner))) {
    return snt_fail(err, SNT_CODE_LOG, "the decision log: the last record of %s has no time: %s", log->file.path,
                    inner.message);
  }
  return snt_done();
}
