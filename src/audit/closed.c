#include "audit/closed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static const char ENDING[] = ".jsonl";

static size_t stem_len(const char *log) {
  size_t len = strlen(log);
  return snt_str_ends_with(log, ENDING) ? len - (sizeof ENDING - 1) : len;
}

snt_status snt_log_closed_format(const char *log, int64_t first, int64_t last, struct snt_buf *out,
                                 struct snt_err *err) {
  size_t stem = stem_len(log);
  SNT_TRY(snt_buf_append(out, log, stem, err));
  return snt_buf_appendf(out, err, ".%lld-%lld%s", (long long)first, (long long)last, log + stem);
}

/* A decimal number without sign and leading zero; moves *text behind it. */
static bool take_number(const char **text, int64_t *out) {
  size_t digits = strspn(*text, "0123456789");
  if (digits == 0 || digits > 18 || **text == '0') {
    return false;
  }
  *out = strtoll(*text, NULL, 10);
  *text += digits;
  return true;
}

bool snt_log_closed_parse(const char *log, const char *candidate, struct snt_log_closed *out) {
  size_t stem = stem_len(log);
  size_t len = strlen(candidate);
  struct snt_log_closed found = {0};
  if (len >= sizeof found.name || strncmp(log, candidate, stem) != 0 || candidate[stem] != '.') {
    return false;
  }
  const char *rest = candidate + stem + 1;
  if (!take_number(&rest, &found.first) || *rest++ != '-' || !take_number(&rest, &found.last) ||
      strcmp(rest, log + stem) != 0 || found.first > found.last) {
    return false;
  }
  memcpy(found.name, candidate, len + 1);
  *out = found;
  return true;
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

bool snt_log_closed_check(const char *path, struct snt_log_closed *out) {
  const char *name = name_of(path);
  const char *dash = strrchr(name, '-');
  const char *dot = dash == NULL ? NULL : memrchr(name, '.', (size_t)(dash - name));
  if (dot == NULL) {
    return false;
  }
  SNT_BUF_AUTO struct snt_buf log = {0};
  const char *rest = dash + 1 + strspn(dash + 1, "0123456789");
  return snt_ok(snt_buf_append(&log, name, (size_t)(dot - name), NULL)) &&
         snt_ok(snt_buf_append_str(&log, rest, NULL)) && snt_log_closed_parse(log.data, name, out);
}

static bool is_better(const struct snt_log_closed *found, int64_t last, const struct snt_log_closed *than) {
  if (last != 0 && found->last != last) {
    return false;
  }
  return found->last > than->last || (found->last == than->last && found->first < than->first);
}

snt_status snt_log_closed_find(int folder_fd, const char *log, int64_t last, struct snt_log_closed *out,
                               struct snt_err *err) {
  *out = (struct snt_log_closed){0};
  int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL) {
    int reason = errno;
    snt_fd_auto(&fd);
    return snt_fail(err, SNT_CODE_IO, "the closed segments of %s cannot be looked for: %s", log, strerror(reason));
  }
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    struct snt_log_closed found;
    if (snt_log_closed_parse(log, entry->d_name, &found) && is_better(&found, last, out)) {
      *out = found;
    }
  }
  (void)closedir(folder);
  return snt_done();
}

snt_status snt_log_closed_find_beside(const char *path, int64_t last, struct snt_log_closed *out,
                                      struct snt_buf *out_path, struct snt_err *err) {
  *out = (struct snt_log_closed){0};
  struct snt_slice folder = {path, (size_t)(name_of(path) - path)}; /* with its slash */
  SNT_FREE_AUTO char *name = folder.len == 0 ? snt_str_dup(".") : snt_str_dup_slice(folder);
  if (name == NULL) {
    return snt_fail_memory(err);
  }
  SNT_FD_AUTO int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) {
    return snt_done();
  }
  if (fd < 0) {
    return snt_fail(err, SNT_CODE_IO, "the closed segments of %s cannot be looked for: %s", path, strerror(errno));
  }
  SNT_TRY(snt_log_closed_find(fd, name_of(path), last, out, err));
  if (out->last == 0) {
    return snt_done();
  }
  SNT_TRY(snt_buf_append(out_path, folder.data, folder.len, err));
  return snt_buf_append_str(out_path, out->name, err);
}
