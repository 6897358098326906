#include "cli/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { FOLDERS_MAX = 4096, IGNORED_MAX = 16, QUIET_MS = 75, QUIET_MAX_MS = 1000 };
enum {
  EVENTS =
      IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
};

struct folder {
  int id;      /* of inotify */
  char *shown; /* the path as it was given */
};

struct snt_watch {
  int fd;
  struct folder *folders;
  size_t count;
  char *ignored[IGNORED_MAX]; /* real paths */
  size_t ignored_count;
};

snt_status snt_watch_new(struct snt_watch **out, struct snt_err *err) {
  *out = NULL;
  SNT_WATCH_AUTO struct snt_watch *watch = calloc(1, sizeof *watch);
  if (watch == NULL) {
    return snt_fail_memory(err);
  }
  watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (watch->fd < 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "changes cannot be watched: %s", strerror(errno)));
    return snt_err_hint(err, "inotify is needed, and fs.inotify.max_user_instances may be too small");
  }
  *out = watch;
  watch = NULL; /* ownership went to out */
  return snt_done();
}

void snt_watch_free(struct snt_watch **watch) {
  if (*watch == NULL) {
    return;
  }
  for (size_t i = 0; i < (*watch)->count; i++) {
    free((*watch)->folders[i].shown);
  }
  for (size_t i = 0; i < (*watch)->ignored_count; i++) {
    free((*watch)->ignored[i]);
  }
  if ((*watch)->fd >= 0) {
    (void)close((*watch)->fd);
  }
  free((*watch)->folders);
  free(*watch);
  *watch = NULL;
}

/* The path with its folder's links resolved; the file itself need not be there. False when the folder is not. */
static bool resolve(const char *path, char out[PATH_MAX]) {
  char folder[PATH_MAX], real[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t len = slash == NULL ? 0 : (size_t)(slash - path);
  if (len >= sizeof folder) {
    return false;
  }
  memcpy(folder, path, len);
  folder[len] = '\0';
  const char *base = slash == NULL ? path : slash + 1;
  const char *at = slash == NULL ? "." : len == 0 ? "/" : folder;
  int size = realpath(at, real) == NULL ? -1 : snprintf(out, PATH_MAX, "%s/%s", real, base);
  return size > 0 && size < PATH_MAX;
}

snt_status snt_watch_ignore(struct snt_watch *watch, const char *file, struct snt_err *err) {
  char real[PATH_MAX];
  if (!resolve(file, real)) {
    return snt_done(); /* writing it will say so */
  }
  if (watch->ignored_count == IGNORED_MAX) {
    return snt_fail(err, SNT_CODE_USAGE, "more than %d files are to be left out of watching", IGNORED_MAX);
  }
  watch->ignored[watch->ignored_count] = snt_str_dup(real);
  return watch->ignored[watch->ignored_count++] != NULL ? snt_done() : snt_fail_memory(err);
}

/* Whether it was new to the watch: a folder that is reached twice is watched once. */
static snt_status note_folder(struct snt_watch *watch, int id, const char *path, bool *is_new, struct snt_err *err) {
  *is_new = false;
  for (size_t i = 0; i < watch->count; i++) {
    if (watch->folders[i].id == id) {
      return snt_done();
    }
  }
  if (watch->count == FOLDERS_MAX) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "there are more than %d folders to watch, %s among them", FOLDERS_MAX, path));
    return snt_err_hint(err, "name a folder that holds only policies and plugins");
  }
  struct folder *folders = realloc(watch->folders, (watch->count + 1) * sizeof *folders);
  char *shown = snt_str_dup(path);
  watch->folders = folders == NULL ? watch->folders : folders;
  if (folders == NULL || shown == NULL) {
    free(shown);
    return snt_fail_memory(err);
  }
  watch->folders[watch->count++] = (struct folder){.id = id, .shown = shown};
  *is_new = true;
  return snt_done();
}

static snt_status add_below(struct snt_watch *watch, const char *path, struct snt_err *err) {
  DIR *folder = opendir(path);
  snt_status status = snt_done();
  for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL && snt_ok(status);
       entry = readdir(folder)) {
    SNT_BUF_AUTO struct snt_buf below = {0};
    struct stat st;
    if (entry->d_name[0] == '.') {
      continue;
    }
    status = snt_buf_appendf(&below, err, "%s%s%s", path, snt_str_ends_with(path, "/") ? "" : "/", entry->d_name);
    if (snt_ok(status) && lstat(below.data, &st) == 0 && S_ISDIR(st.st_mode)) {
      status = snt_watch_add(watch, below.data, err);
    }
  }
  if (folder != NULL) {
    (void)closedir(folder);
  }
  return status;
}

snt_status snt_watch_add(struct snt_watch *watch, const char *folder, struct snt_err *err) {
  bool is_new = false;
  int id = inotify_add_watch(watch->fd, folder, EVENTS);
  if (id < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return snt_fail(err, SNT_CODE_USAGE, "there is no folder %s", folder);
  }
  if (id < 0 && errno == EACCES) {
    return snt_done(); /* the run says that it cannot be looked into */
  }
  if (id < 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "%s cannot be watched: %s", folder, strerror(errno)));
    return snt_err_hint(err, "fs.inotify.max_user_watches may be too small");
  }
  SNT_TRY(note_folder(watch, id, folder, &is_new, err));
  return is_new ? add_below(watch, folder, err) : snt_done();
}

static const char *find_folder(const struct snt_watch *watch, int id) {
  for (size_t i = 0; i < watch->count; i++) {
    if (watch->folders[i].id == id) {
      return watch->folders[i].shown;
    }
  }
  return NULL;
}

static bool is_ignored(const struct snt_watch *watch, const char *path) {
  char real[PATH_MAX];
  for (size_t i = 0; i < watch->ignored_count && resolve(path, real); i++) {
    const char *ignored = watch->ignored[i];
    size_t len = strlen(ignored);
    bool is_its = strncmp(real, ignored, len) == 0;
    if (is_its && (real[len] == '\0' || (real[len] == '.' && snt_str_ends_with(real, ".tmp")))) {
      return true;
    }
  }
  return false;
}

/* A file that was made is told again when it is closed; folders and links are there at once. */
static bool is_whole(const struct inotify_event *event, const char *path) {
  struct stat st;
  return (event->mask & IN_CREATE) == 0 || (event->mask & IN_ISDIR) != 0 ||
         (lstat(path, &st) == 0 && (S_ISLNK(st.st_mode) || st.st_nlink > 1));
}

/* Takes the first that counts into changed, when that is empty. */
static snt_status take_event(const struct snt_watch *watch, const struct inotify_event *event, struct snt_buf *changed,
                             struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  if ((event->mask & IN_Q_OVERFLOW) != 0) {
    return changed->len > 0 ? snt_done() : snt_buf_append_str(changed, "much", err);
  }
  const char *folder = find_folder(watch, event->wd);
  if (folder == NULL || (event->mask & IN_IGNORED) != 0 || changed->len > 0) {
    return snt_done();
  }
  if (event->len == 0) {
    return snt_buf_append_str(changed, folder, err);
  }
  SNT_TRY(snt_buf_appendf(&path, err, "%s%s%s", folder, snt_str_ends_with(folder, "/") ? "" : "/", event->name));
  bool counts = event->name[0] != '.' && is_whole(event, path.data) && !is_ignored(watch, path.data);
  return counts ? snt_buf_append(changed, path.data, path.len, err) : snt_done();
}

/* Takes all that has happened; *is_any says whether something did. */
static snt_status take_events(const struct snt_watch *watch, struct snt_buf *changed, bool *is_any,
                              struct snt_err *err) {
  alignas(struct inotify_event) char events[16 * 1024];
  ssize_t len = 0;
  *is_any = false;
  while ((len = read(watch->fd, events, sizeof events)) > 0) {
    *is_any = true;
    for (ssize_t at = 0; at < len;) {
      const struct inotify_event *event = (const struct inotify_event *)(const void *)(events + at);
      SNT_TRY(take_event(watch, event, changed, err));
      at += (ssize_t)(sizeof *event + event->len);
    }
  }
  bool is_error = len < 0 && errno != EAGAIN && errno != EINTR;
  return is_error ? snt_fail(err, SNT_CODE_IO, "changes cannot be watched: %s", strerror(errno)) : snt_done();
}

snt_status snt_watch_wait(struct snt_watch *watch, struct snt_buf *changed, struct snt_err *err) {
  struct pollfd poller = {.fd = watch->fd, .events = POLLIN};
  bool is_any = false;
  while (changed->len == 0) {
    (void)poll(&poller, 1, -1);
    SNT_TRY(take_events(watch, changed, &is_any, err));
  }
  int64_t end = snt_clock_monotonic_ms() + QUIET_MAX_MS;
  while (snt_clock_monotonic_ms() < end && poll(&poller, 1, QUIET_MS) != 0) {
    SNT_TRY(take_events(watch, changed, &is_any, err));
  }
  return snt_done();
}
