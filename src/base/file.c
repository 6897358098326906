#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "base/secret.h"
#include "base/str.h"

static snt_status check_file(int fd, const char *path, enum snt_file_check check, struct snt_err *err) {
  struct stat st;
  if (fstat(fd, &st) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", path, strerror(errno));
  }
  if (!S_ISREG(st.st_mode)) {
    return snt_fail(err, SNT_CODE_IO, "%s is not a regular file", path);
  }
  if (check != SNT_FILE_ANY && (st.st_mode & 022) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is writable by other users", path));
    return snt_err_hint(err, "chmod go-w '%s'", path);
  }
  if (check == SNT_FILE_PRIVATE && (st.st_mode & 044) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is readable by other users", path));
    return snt_err_hint(err, "chmod 600 '%s'", path);
  }
  bool is_owner_good = st.st_uid == 0 || (check != SNT_FILE_ROOT && st.st_uid == geteuid());
  if (check != SNT_FILE_ANY && !is_owner_good) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s belongs to another user (uid %u)", path, (unsigned)st.st_uid));
    return snt_err_hint(err, check == SNT_FILE_ROOT ? "it must belong to root" : "it must belong to you or to root");
  }
  return snt_done();
}

static snt_status fail_to_open(const char *path, struct snt_err *err) {
  bool is_missing = errno == ENOENT || errno == ENOTDIR;
  return snt_fail(err, is_missing ? SNT_CODE_NOT_FOUND : SNT_CODE_IO, "%s: %s", path, strerror(errno));
}

/* Who may write a folder may take a file away, unless the folder is sticky; what he puts there is not root's. */
static snt_status check_root_folder(int fd, const char *folder, struct snt_err *err) {
  struct stat st;
  if (fstat(fd, &st) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", folder, strerror(errno));
  }
  if (!S_ISDIR(st.st_mode)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is %s", folder, S_ISLNK(st.st_mode) ? "a link" : "not a folder"));
    return snt_err_hint(err, "make it a folder that belongs to root");
  }
  if (st.st_uid != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s belongs to another user (uid %u)", folder, (unsigned)st.st_uid));
    return snt_err_hint(err, "chown root '%s'", folder);
  }
  if ((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is writable by other users", folder));
    return snt_err_hint(err, "chmod go-w '%s'", folder);
  }
  return snt_done();
}

/* An absolute path, whose folder is looked at whether the file is there or not. */
static snt_status open_of_root(const char *path, int *out, struct snt_err *err) {
  const char *name = strrchr(path, '/') + 1;
  SNT_FREE_AUTO char *folder = snt_str_dup_slice((struct snt_slice){path, (size_t)(name - 1 - path)});
  if (folder == NULL) {
    return snt_fail_memory(err);
  }
  SNT_FD_AUTO int folder_fd = open(folder, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (folder_fd < 0) {
    return fail_to_open(folder, err);
  }
  SNT_TRY(check_root_folder(folder_fd, folder, err));
  *out = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  if (*out < 0 && errno == ELOOP) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s is a link", path));
    return snt_err_hint(err, "put the file itself there");
  }
  return *out < 0 ? fail_to_open(path, err) : snt_done();
}

static snt_status open_checked(const char *path, enum snt_file_check check, int *out, struct snt_err *err) {
  SNT_FD_AUTO int fd = -1;
  if (check == SNT_FILE_ROOT) {
    SNT_TRY(open_of_root(path, &fd, err));
  } else {
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  }
  if (fd < 0) {
    return fail_to_open(path, err);
  }
  SNT_TRY(check_file(fd, path, check, err));
  *out = fd;
  fd = -1;
  return snt_done();
}

/* At most cap bytes; *got is 0 at the end. */
static snt_status read_piece(int fd, const char *path, void *piece, size_t cap, size_t *got, struct snt_err *err) {
  ssize_t count = 0;
  do {
    count = read(fd, piece, cap);
  } while (count < 0 && errno == EINTR);
  *got = count > 0 ? (size_t)count : 0;
  return count < 0 ? snt_fail(err, SNT_CODE_IO, "%s: %s", path, strerror(errno)) : snt_done();
}

static snt_status fail_large(const char *path, size_t max, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_IO, "%s is larger than %zu bytes", path, max);
}

snt_status snt_file_read(const char *path, enum snt_file_check check, size_t max, struct snt_buf *out,
                         struct snt_err *err) {
  SNT_FD_AUTO int fd = -1;
  char piece[8192];
  size_t start = out->len;
  size_t got = 0;
  SNT_TRY(open_checked(path, check, &fd, err));
  do {
    SNT_TRY(read_piece(fd, path, piece, sizeof piece, &got, err));
    size_t room = max - (out->len - start);
    bool is_too_large = got > room;
    got = is_too_large ? room : got;
    SNT_TRY(got == 0 ? snt_done() : snt_buf_append(out, piece, got, err));
    if (is_too_large) {
      return fail_large(path, max, err);
    }
  } while (got > 0);
  explicit_bzero(piece, sizeof piece);
  return snt_done();
}

snt_status snt_file_read_secret(const char *path, enum snt_file_check check, size_t max, struct snt_secret **out,
                                struct snt_err *err) {
  SNT_FD_AUTO int fd = -1;
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  size_t len = 0;
  size_t got = 0;
  *out = NULL;
  SNT_TRY(open_checked(path, check, &fd, err));
  SNT_TRY(snt_secret_new(max + 1, &secret, err));
  do {
    SNT_TRY(read_piece(fd, path, snt_secret_borrow_writable(secret) + len, max + 1 - len, &got, err));
    len += got;
  } while (got > 0 && len <= max);
  if (len > max) {
    return fail_large(path, max, err);
  }
  snt_secret_set_len(secret, len);
  *out = SNT_MOVE(secret);
  return snt_done();
}

snt_status snt_file_write_all(int fd, const void *data, size_t len, struct snt_err *err) {
  const char *bytes = data;
  while (len > 0) {
    ssize_t put = write(fd, bytes, len);
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put < 0) {
      return snt_fail(err, SNT_CODE_IO, "write: %s", strerror(errno));
    }
    bytes += put;
    len -= (size_t)put;
  }
  return snt_done();
}

static snt_status sync_folder_of(const char *path, struct snt_err *err) {
  SNT_FREE_AUTO char *folder = snt_str_dup(path);
  if (folder == NULL) {
    return snt_fail_memory(err);
  }
  char *slash = strrchr(folder, '/');
  if (slash != NULL) {
    slash[slash == folder ? 1 : 0] = '\0';
  }
  SNT_FD_AUTO int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", folder, strerror(errno));
  }
  return snt_done();
}

static snt_status fill(int fd, const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err) {
  snt_status status = snt_file_write_all(fd, data, len, err);
  if (!snt_ok(status)) {
    return snt_err_prefix(err, "%s", path);
  }
  if (fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", path, strerror(errno));
  }
  return snt_done();
}

snt_status snt_file_create(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err) {
  SNT_FD_AUTO int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode);
  if (fd < 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", path, strerror(errno));
  }
  snt_status status = fill(fd, path, data, len, mode, err);
  if (!snt_ok(status)) {
    (void)unlink(path);
  }
  return status;
}

/* A new file that is going to be `path`: a failure is told of that, which is what the caller knows. */
static snt_status create_beside(const char *fresh, const char *path, struct snt_slice text, unsigned mode,
                                struct snt_err *err) {
  struct snt_err inner = {0};
  snt_status status = snt_file_create(fresh, text.data, text.len, mode, &inner);
  if (snt_ok(status)) {
    return status;
  }
  bool is_named = snt_str_starts_with(inner.message, fresh);
  return snt_fail(err, status.code, "%s%s", is_named ? path : "", inner.message + (is_named ? strlen(fresh) : 0));
}

/* A device, a pipe, or /dev/stdout, whatever that leads to, is not what a new file can stand for. */
static snt_status check_replaceable(const char *path, struct snt_err *err) {
  struct stat info;
  bool is_odd = stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
  if (!is_odd && !snt_str_starts_with(path, "/dev/")) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s: it is no regular file, and is not replaced", path));
  return snt_err_hint(err, "name a file that is new, or is to be replaced");
}

/* Writes a new file beside path and gives it the name: link(2) never takes the place of another. */
static snt_status write_whole(const char *path, struct snt_slice text, unsigned mode, bool is_replacing,
                              struct snt_err *err) {
  char id[17];
  SNT_TRY(snt_random_request_id(id, err));
  SNT_BUF_AUTO struct snt_buf fresh = {0};
  SNT_TRY(snt_buf_appendf(&fresh, err, "%s.%s.tmp", path, id));
  SNT_TRY(create_beside(fresh.data, path, text, mode, err));
  int result = is_replacing ? rename(fresh.data, path) : link(fresh.data, path);
  snt_status status = result == 0 ? snt_done() : snt_fail(err, SNT_CODE_IO, "%s: %s", path, strerror(errno));
  if (result != 0 || !is_replacing) {
    (void)unlink(fresh.data);
  }
  SNT_TRY(status);
  return sync_folder_of(path, err);
}

snt_status snt_file_replace(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err) {
  SNT_TRY(check_replaceable(path, err));
  return write_whole(path, (struct snt_slice){data, len}, mode, true, err);
}

snt_status snt_file_put_new(const char *path, const void *data, size_t len, unsigned mode, struct snt_err *err) {
  return write_whole(path, (struct snt_slice){data, len}, mode, false, err);
}

snt_status snt_path_expand(const char *path, struct snt_buf *out, struct snt_err *err) {
  const char *home = getenv("HOME");
  if (!snt_str_starts_with(path, "~/")) {
    return snt_buf_append_str(out, path, err);
  }
  if (home == NULL || home[0] != '/') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: HOME is not set to an absolute path", path));
    return snt_err_hint(err, "set HOME, or write an absolute path");
  }
  return snt_buf_appendf(out, err, "%s%s", home, path + 1);
}

snt_status snt_path_absolute(const char *path, struct snt_buf *out, struct snt_err *err) {
  if (path[0] == '/') {
    return snt_buf_append_str(out, path, err);
  }
  SNT_FREE_AUTO char *folder = getcwd(NULL, 0);
  if (folder == NULL) {
    return snt_fail(err, SNT_CODE_IO, "the current folder: %s", strerror(errno));
  }
  return snt_buf_appendf(out, err, "%s/%s", folder, path);
}

snt_status snt_file_make_folders(const char *path, struct snt_err *err) {
  const char *home = getenv("HOME");
  size_t keep = home != NULL && home[0] == '/' && snt_str_starts_with(path, home) ? strlen(home) : 0;
  SNT_FREE_AUTO char *partial = snt_str_dup(path);
  if (partial == NULL) {
    return snt_fail_memory(err);
  }
  for (char *p = partial + 1; p[-1] != '\0'; p++) {
    if (*p != '/' && *p != '\0') {
      continue;
    }
    char saved = *p;
    *p = '\0';
    bool is_ours = (size_t)(p - partial) > keep;
    bool is_there = is_ours ? mkdir(partial, 0700) == 0 || errno == EEXIST : access(partial, F_OK) == 0;
    if (!is_there) {
      return snt_fail(err, SNT_CODE_IO, "%s: %s", partial, strerror(errno));
    }
    *p = saved;
  }
  return snt_done();
}
