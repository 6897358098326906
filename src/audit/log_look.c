#include "audit/log_look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "audit/log_file.h"
#include "audit/segments.h"
#include "audit/tail.h"
#include "format/time.h"

/* Of the nearest folder that is there. */
static int64_t find_free(const char *path) {
  SNT_FREE_AUTO char *folder = snt_str_dup(path);
  struct statvfs fs;
  for (char *slash = folder == NULL ? NULL : strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
    *slash = '\0';
    if (statvfs(slash == folder ? "/" : folder, &fs) == 0) {
      return (int64_t)(fs.f_bavail * fs.f_frsize);
    }
  }
  return statvfs(".", &fs) == 0 ? (int64_t)(fs.f_bavail * fs.f_frsize) : -1;
}

static void take_last(const struct snt_log_tail *tail, struct snt_log_look *out) {
  out->has_record = tail->has_record;
  out->seq = tail->has_record ? tail->head.seq : 0;
  if (tail->has_record && !snt_ok(snt_time_parse(tail->head.time, &out->last_ms, NULL))) {
    out->last_ms = 0;
  }
}

static snt_status look_at_end(const struct snt_log_file *file, struct snt_log_look *out, struct snt_err *err) {
  struct snt_log_tail tail = {0};
  struct snt_err inner = {0};
  if (!snt_ok(snt_log_tail_read(file->fd, &tail, &inner))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the decision log: %s %s", file->path, inner.message));
    return snt_err_hint(err, "check it with `sentinel log verify`, then move it away");
  }
  take_last(&tail, out);
  out->has_torn_tail = tail.good_size < tail.size;
  out->size = tail.size;
  out->is_held = flock(file->fd, LOCK_SH | LOCK_NB) != 0; /* ends when the file is closed */
  return snt_done();
}

/* What the file goes on with. */
static snt_status look_at_segments(const struct snt_log_file *file, struct snt_log_look *out, struct snt_err *err) {
  SNT_LOG_SEGMENTS_AUTO struct snt_log_segments segments = {.last = {.fd = -1}, .segment = {.fd = -1}};
  struct snt_log_tail tail = {0};
  struct stat st;
  if (!out->has_record) {
    SNT_TRY(snt_log_tail_read_segment(file->folder_fd, file->name, &tail, err));
    take_last(&tail, out);
    out->is_closed = tail.has_record;
  }
  if (out->has_record && snt_ok(snt_log_segments_open(file->path, &segments, NULL))) {
    for (size_t i = 0; i < segments.count; i++) {
      out->size += stat(segments.paths[i], &st) == 0 ? st.st_size : 0;
    }
  }
  return snt_done();
}

static snt_status look_at_folder(const struct snt_log_file *file, struct snt_err *err) {
  if (access(file->folder, W_OK | X_OK) == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the decision log: %s: %s", file->folder, strerror(errno)));
  return snt_err_hint(err, "make the folder writable for you, or set log.path");
}

snt_status snt_log_look(const char *path, bool is_default, struct snt_log_look *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_log_look look = {.free_bytes = find_free(path)};
  SNT_CLEANUP(snt_log_file_close) struct snt_log_file file = {.folder_fd = -1, .fd = -1};
  SNT_FREE_AUTO char *folder = snt_str_dup(path);
  char *slash = folder == NULL ? NULL : strrchr(folder, '/');
  if (slash != NULL) {
    *slash = '\0';
  }
  if (slash != NULL && is_default && access(folder, F_OK) != 0 && errno == ENOENT) {
    *out = look;
    return snt_done();
  }
  SNT_TRY(snt_log_file_look(&file, path, err));
  look.is_there = file.fd >= 0;
  SNT_TRY(look.is_there ? look_at_end(&file, &look, err) : look_at_folder(&file, err));
  SNT_TRY(look_at_segments(&file, &look, err));
  *out = look;
  return snt_done();
}
