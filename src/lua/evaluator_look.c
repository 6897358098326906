#include "lua/evaluator_look.h"

#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "lua/evaluator_internal.h"

enum { PROC_CAP = 64 * 1024 };

static snt_status read_proc(pid_t pid, const char *name, struct snt_buf *out, struct snt_err *err) {
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  struct snt_err inner = {0};
  if (!snt_ok(snt_file_read(path, SNT_FILE_ANY, PROC_CAP, out, &inner))) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the kernel does not tell of the evaluator: %s", inner.message);
  }
  return snt_done();
}

/* What follows the name at the beginning of a line; NULL when no line begins with it. */
static const char *find_line(const struct snt_buf *text, const char *name) {
  size_t len = strlen(name);
  for (const char *line = snt_buf_borrow(text); *line != '\0';) {
    if (strncmp(line, name, len) == 0) {
      return line + len;
    }
    line += strcspn(line, "\n");
    line += *line == '\n' ? 1 : 0;
  }
  return NULL;
}

/* The soft limit, "unlimited" or a number. */
static bool read_limit(const struct snt_buf *text, const char *name, int64_t *out) {
  const char *value = find_line(text, name);
  if (value == NULL) {
    return false;
  }
  value += strspn(value, " ");
  char *end = NULL;
  *out = strncmp(value, "unlimited", 9) == 0 ? -1 : (int64_t)strtoll(value, &end, 10);
  return end != value;
}

snt_status snt_evaluator_look(const struct snt_evaluator *evaluator, struct snt_evaluator_look *out,
                              struct snt_err *err) {
  *out = (struct snt_evaluator_look){0};
  SNT_BUF_AUTO struct snt_buf status = {0};
  SNT_BUF_AUTO struct snt_buf limits = {0};
  if (evaluator->pid <= 0) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator has ended");
  }
  SNT_TRY(read_proc(evaluator->pid, "status", &status, err));
  SNT_TRY(read_proc(evaluator->pid, "limits", &limits, err));
  struct snt_evaluator_look look = {0};
  const char *privileges = find_line(&status, "NoNewPrivs:");
  const char *seccomp = find_line(&status, "Seccomp:");
  look.has_no_new_privs = privileges != NULL && strtol(privileges, NULL, 10) == 1;
  look.has_seccomp = seccomp != NULL && strtol(seccomp, NULL, 10) == 2;
  if (!read_limit(&limits, "Max cpu time", &look.cpu_s) ||
      !read_limit(&limits, "Max address space", &look.address_space) ||
      !read_limit(&limits, "Max file size", &look.file_size) ||
      !read_limit(&limits, "Max core file size", &look.core_size) ||
      !read_limit(&limits, "Max open files", &look.descriptors)) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the kernel tells of the evaluator's limits in another form");
  }
  *out = look;
  return snt_done();
}

const char *snt_evaluator_interpreter(char out[static 32]) {
  /* "$LuaVersion: Lua 5.4.4  Copyright ..." */
  const char *name = strstr(lua_ident, "Lua 5");
  size_t len = name == NULL ? 0 : 4 + strcspn(name + 4, " $");
  (void)snprintf(out, 32, "%.*s", (int)(len > 31 ? 31 : len), name == NULL ? "" : name);
  return out;
}
