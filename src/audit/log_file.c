#include "audit/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/log.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

enum { LOCK_WAIT_MS = 2000, LOCK_NAP_FIRST_US = 100, LOCK_NAP_MAX_US = 10000 };

/* The log whose folder or file is refused, in one form: which, why, and what to do. */
static snt_status refuse(const char *path, const char *why, const char *remedy, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the decision log: %s %s", path, why));
  return snt_err_hint(err, "%s", remedy);
}

snt_status snt_log_find_path(const char *configured, struct snt_buf *out, struct snt_err *err) {
  const char *state = getenv("XDG_STATE_HOME");
  const char *home = getenv("HOME");
  if (configured != NULL) {
    return snt_buf_append_str(out, configured, err);
  }
  if (state != NULL && state[0] == '/') {
    return snt_buf_appendf(out, err, "%s/sentinel/decisions.jsonl", state);
  }
  if (home == NULL || home[0] != '/') {
    snt_status status = snt_fail(err, SNT_CODE_LOG, "there is no place for the decision log: HOME is not set");
    SNT_IGNORE(snt_err_hint(err, "set HOME, or log.path in the configuration to an absolute path"));
    return status;
  }
  return snt_buf_appendf(out, err, "%s/.local/state/sentinel/decisions.jsonl", home);
}

bool snt_log_is_default(const char *configured) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  return configured == NULL || (snt_ok(snt_log_find_path(NULL, &path, NULL)) && strcmp(configured, path.data) == 0);
}

snt_status snt_log_file_make_folder(const char *path, struct snt_err *err) {
  SNT_FREE_AUTO char *folder = snt_str_dup(path);
  if (folder == NULL) {
    return snt_fail_memory(err);
  }
  *strrchr(folder, '/') = '\0';
  struct snt_err inner = {0};
  if (access(folder, F_OK) != 0 && !snt_ok(snt_file_make_folders(folder, &inner))) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "the folder of the decision log cannot be made: %s", inner.message));
    return snt_err_hint(err, "make %s (mode 700), or set log.path in the configuration", folder);
  }
  return snt_done();
}

static snt_status split_path(struct snt_log_file *file, const char *path, struct snt_err *err) {
  file->path = snt_str_dup(path);
  file->folder = snt_str_dup(path);
  if (file->path == NULL || file->folder == NULL) {
    return snt_fail_memory(err);
  }
  char *slash = strrchr(file->path, '/');
  file->name = slash == NULL ? file->path : slash + 1;
  size_t folder_len = (size_t)(file->name - file->path);
  if (folder_len == 0) {
    free(file->folder);
    file->folder = snt_str_dup(".");
    return file->folder == NULL ? snt_fail_memory(err) : snt_done();
  }
  file->folder[folder_len > 1 ? folder_len - 1 : folder_len] = '\0';
  return snt_done();
}

static snt_status check_folder(const struct snt_log_file *file, struct snt_err *err) {
  struct stat st;
  if (fstat(file->folder_fd, &st) != 0) {
    return refuse(file->folder, strerror(errno), "check the folder", err);
  }
  if (st.st_uid != geteuid()) {
    return refuse(file->folder, "belongs to another user", "keep the log in a folder of your own", err);
  }
  if ((st.st_mode & 022) != 0) {
    return refuse(file->folder, "is writable by other users", "chmod go-w the folder", err);
  }
  return snt_done();
}

static snt_status open_folder(struct snt_log_file *file, struct snt_err *err) {
  file->folder_fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (file->folder_fd >= 0) {
    return check_folder(file, err);
  }
  struct stat st;
  int reason = errno;
  if (lstat(file->folder, &st) == 0 && S_ISLNK(st.st_mode)) {
    return refuse(file->folder, "is a link", "name the folder itself in log.path", err);
  }
  if (reason == ENOENT) {
    return refuse(file->folder, "does not exist", "make the folder (mode 700): one that is configured is never made",
                  err);
  }
  return refuse(file->folder, strerror(reason), "make it a folder of your own", err);
}

/* What is printed would stand in the log, credentials among it, or in the place of its records. */
static bool is_stdout(const struct stat *st) {
  struct stat out;
  return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == st->st_dev && out.st_ino == st->st_ino;
}

static snt_status check_file(const struct snt_log_file *file, struct snt_err *err) {
  struct stat st;
  if (fstat(file->fd, &st) != 0) {
    return refuse(file->path, strerror(errno), "check the file", err);
  }
  if (!S_ISREG(st.st_mode)) {
    return refuse(file->path, "is not a regular file", "move it away, or set log.path", err);
  }
  if (st.st_uid != geteuid()) {
    return refuse(file->path, "belongs to another user", "move it away, or set log.path", err);
  }
  if ((st.st_mode & 022) != 0) {
    return refuse(file->path, "is writable by other users", "chmod go-w the file", err);
  }
  if (st.st_nlink > 1) {
    return refuse(file->path, "has more than one link", "remove the other names of the file", err);
  }
  if (is_stdout(&st)) {
    return refuse(file->path, "is where stdout goes", "send stdout elsewhere", err);
  }
  return snt_done();
}

/* create is O_CREAT; 0: a file that is missing stays so, and is no failure. */
static snt_status open_file(struct snt_log_file *file, int create, struct snt_err *err) {
  file->fd = openat(file->folder_fd, file->name,
                    O_RDWR | O_APPEND | create | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
  if (file->fd >= 0) {
    return check_file(file, err);
  }
  if (create == 0 && errno == ENOENT) {
    return snt_done();
  }
  if (errno == ELOOP) {
    return refuse(file->path, "is a link", "name the file itself in log.path", err);
  }
  return refuse(file->path, strerror(errno), "make it writable for you, or set log.path", err);
}

static snt_status open_both(struct snt_log_file *file, int create, struct snt_err *err) {
  SNT_TRY(open_folder(file, err));
  return open_file(file, create, err);
}

static snt_status open_path(struct snt_log_file *file, const char *path, int create, struct snt_err *err) {
  SNT_TRY(split_path(file, path, err));
  if (file->name[0] == '\0' || strcmp(file->name, ".") == 0 || strcmp(file->name, "..") == 0) {
    return refuse(path, "names a folder", "name a file in log.path", err);
  }
  return open_both(file, create, err);
}

snt_status snt_log_file_open(struct snt_log_file *file, const char *path, struct snt_err *err) {
  return open_path(file, path, O_CREAT, err);
}

snt_status snt_log_file_look(struct snt_log_file *file, const char *path, struct snt_err *err) {
  return open_path(file, path, 0, err);
}

static void close_both(struct snt_log_file *file) {
  snt_fd_auto(&file->fd);
  snt_fd_auto(&file->folder_fd);
  file->fd = -1;
  file->folder_fd = -1;
}

void snt_log_file_close(struct snt_log_file *file) {
  close_both(file);
  free(file->path);
  free(file->folder);
  *file = (struct snt_log_file){.folder_fd = -1, .fd = -1};
}

static snt_status wait_for_lock(const struct snt_log_file *file, int64_t deadline_ms, struct snt_err *err) {
  long nap_us = LOCK_NAP_FIRST_US;
  while (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return refuse(file->path, strerror(errno), "keep the log on a file system that has locks", err);
    }
    if (snt_clock_monotonic_ms() >= deadline_ms) {
      return refuse(file->path, "is locked by another process since 2 s", "find it with `lsof` or `fuser`", err);
    }
    struct timespec nap = {0, nap_us * 1000};
    (void)nanosleep(&nap, NULL);
    nap_us = nap_us * 2 < LOCK_NAP_MAX_US ? nap_us * 2 : LOCK_NAP_MAX_US;
  }
  return snt_done();
}

/* Another process may have closed the segment, or somebody moved the file away, before the lock was ours. */
static bool is_current(const struct snt_log_file *file) {
  struct stat held;
  struct stat named;
  return fstat(file->fd, &held) == 0 && fstatat(AT_FDCWD, file->path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

snt_status snt_log_file_lock(struct snt_log_file *file, struct snt_err *err) {
  int64_t deadline_ms = snt_clock_monotonic_ms() + LOCK_WAIT_MS;
  for (;;) {
    if (file->fd < 0) {
      close_both(file);
      SNT_TRY(open_both(file, O_CREAT, err));
    }
    SNT_TRY(wait_for_lock(file, deadline_ms, err));
    if (is_current(file)) {
      break;
    }
    close_both(file);
    if (snt_clock_monotonic_ms() >= deadline_ms) {
      return refuse(file->path, "is replaced again and again by another process", "find out which", err);
    }
  }
  snt_status status = check_folder(file, err);
  if (snt_ok(status)) {
    status = check_file(file, err);
  }
  if (!snt_ok(status)) {
    snt_log_file_unlock(file);
  }
  return status;
}

void snt_log_file_unlock(struct snt_log_file *file) {
  if (file->fd >= 0) {
    (void)flock(file->fd, LOCK_UN);
  }
}
