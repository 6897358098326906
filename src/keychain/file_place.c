/* MUST
 *  1. use no file that another user could have written, or that is readable by others;
 *  2. leave the old file or the new one, whenever this process is killed;
 *  3. lose no entry to another writer. */
#include "keychain/file_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

enum { LOCK_PAUSE_MS = 5 };

void snt_file_place_clear(struct snt_file_place *place) {
  free(place->folder);
  free(place->path);
  memset(place, 0, sizeof *place);
}

static const char *absolute(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && value[0] == '/' ? value : NULL;
}

static snt_status append_folder(const char *folder, struct snt_buf *out, struct snt_err *err) {
  const char *data = absolute("XDG_DATA_HOME");
  const char *home = absolute("HOME");
  if (folder != NULL) {
    return snt_buf_append_str(out, folder, err);
  }
  if (data != NULL) {
    return snt_buf_appendf(out, err, "%s/sentinel", data);
  }
  return home == NULL ? snt_done() : snt_buf_appendf(out, err, "%s/.local/share/sentinel", home);
}

snt_status snt_file_place_find(const char *folder, const char *name, struct snt_file_place *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  out->name = name;
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(append_folder(folder, &text, err));
  if (text.len == 0) {
    return snt_done();
  }
  SNT_TRY(snt_buf_appendf(&path, err, "%s/%s", text.data, name));
  out->folder = snt_buf_take(&text);
  out->path = snt_buf_take(&path);
  if (out->folder == NULL || out->path == NULL) {
    snt_file_place_clear(out);
    return snt_fail_memory(err);
  }
  return snt_done();
}

/* What a file operation says, said of the keychain. */
static snt_status as_keychain(snt_status status, struct snt_err *err) {
  if (status.code != SNT_CODE_IO) {
    return status;
  }
  if (err != NULL) {
    err->code = SNT_CODE_KEYCHAIN;
  }
  return (snt_status){SNT_CODE_KEYCHAIN};
}

/* In a folder that others can write, they could put an older file of ours back. */
static snt_status check_folder(const char *folder, struct snt_err *err) {
  struct stat st;
  if (stat(folder, &st) != 0) {
    bool is_missing = errno == ENOENT || errno == ENOTDIR;
    return snt_fail(err, is_missing ? SNT_CODE_NOT_FOUND : SNT_CODE_KEYCHAIN, "%s: %s", folder, strerror(errno));
  }
  if (!S_ISDIR(st.st_mode)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain's folder %s is not a folder", folder);
  }
  if (st.st_uid != geteuid() && st.st_uid != 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain's folder %s belongs to another user (uid %u)", folder,
                    (unsigned)st.st_uid);
  }
  if ((st.st_mode & 022) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain's folder %s is writable by other users", folder));
    return snt_err_hint(err, "chmod go-w '%s'", folder);
  }
  return snt_done();
}

snt_status snt_file_place_read(const struct snt_file_place *place, size_t max, struct snt_buf *out,
                               struct snt_err *err) {
  if (place->path == NULL) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "HOME is not set");
  }
  SNT_TRY(check_folder(place->folder, err));
  struct stat st;
  if (lstat(place->path, &st) == 0 && S_ISLNK(st.st_mode)) { /* a write would replace it, and part the two */
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is a symbolic link", place->path));
    return snt_err_hint(err, "put the file itself there");
  }
  return as_keychain(snt_file_read(place->path, SNT_FILE_PRIVATE, max, out, err), err);
}

snt_status snt_file_place_prepare(const struct snt_file_place *place, struct snt_err *err) {
  if (place->path == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no place for the keychain: HOME is not set"));
    return snt_err_hint(err, "set HOME or XDG_DATA_HOME to an absolute path");
  }
  snt_status status = snt_file_make_folders(place->folder, err);
  if (!snt_ok(status)) {
    status = as_keychain(status, err);
    return snt_err_hint(err, "the keychain lies in %s; set XDG_DATA_HOME to a folder you can write", place->folder);
  }
  return check_folder(place->folder, err);
}

snt_status snt_file_place_lock(const struct snt_file_place *place, int wait_ms, int *fd, struct snt_err *err) {
  *fd = -1;
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_buf_appendf(&path, err, "%s.lock", place->path));
  SNT_FD_AUTO int lock = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (lock < 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "%s: %s", path.data, strerror(errno));
  }
  int64_t end = snt_clock_monotonic_ms() + wait_ms;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    bool is_held = errno == EWOULDBLOCK || errno == EINTR;
    if (!is_held || snt_clock_monotonic_ms() > end) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "%s: %s", path.data,
                          is_held ? "another process holds it" : strerror(errno)));
      return snt_err_hint(err, "wait for the other sentinel to end, and try again");
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_MS * 1000000L}, NULL);
  }
  *fd = lock;
  lock = -1; /* ownership went to the caller */
  return snt_done();
}

static bool is_leftover(const struct snt_file_place *place, const char *name) {
  size_t prefix = strlen(place->name);
  return strlen(name) == prefix + 21 && strncmp(name, place->name, prefix) == 0 && name[prefix] == '.' &&
         strspn(name + prefix + 1, "0123456789abcdef") == 16 && strcmp(name + prefix + 17, ".tmp") == 0;
}

/* The lock is ours, so nobody is writing them. */
static void remove_leftovers(const struct snt_file_place *place) {
  DIR *dir = opendir(place->folder);
  if (dir == NULL) {
    return;
  }
  for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
    if (is_leftover(place, entry->d_name)) {
      (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
  }
  (void)closedir(dir);
}

snt_status snt_file_place_replace(const struct snt_file_place *place, const struct snt_buf *content,
                                  struct snt_err *err) {
  remove_leftovers(place);
  return as_keychain(snt_file_replace(place->path, content->data, content->len, 0600, err), err);
}

snt_status snt_file_place_remove(const struct snt_file_place *place, struct snt_err *err) {
  remove_leftovers(place);
  if (unlink(place->path) != 0 && errno != ENOENT) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "%s: %s", place->path, strerror(errno));
  }
  return snt_done();
}
