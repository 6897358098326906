#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/spawn.h"

enum { PAUSE_NS = 2000000, LINES_MAX = 4096 };

static bool is_program(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool snt_helper_find(const char *name, char *out, size_t cap) {
  const char *path = getenv("PATH");
  for (const char *p = path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path;;) {
    int len = (int)strcspn(p, ":");
    int used = p[0] == '/' ? snprintf(out, cap, "%.*s/%s", len, p, name) : 0;
    if (used > 0 && (size_t)used < cap && is_program(out)) {
      return true;
    }
    if (p[len] == '\0') {
      return false;
    }
    p += len + 1;
  }
}

/* Opens the pipes; the program's ends are *its_in and *its_out. */
static bool open_pipes(struct snt_helper *helper, int *its_in, int *its_out) {
  int in[2];
  int back[2];
  if (pipe2(in, O_CLOEXEC) != 0) {
    return false;
  }
  *its_in = in[0];
  helper->to = in[1];
  if (pipe2(back, O_CLOEXEC) != 0) {
    return false;
  }
  helper->from = back[0];
  *its_out = back[1];
  return true;
}

snt_status snt_helper_start(const char *path, char *const *argv, int64_t end_ms, struct snt_helper *out,
                            struct snt_err *err) {
  *out = (struct snt_helper){.to = -1, .from = -1, .end_ms = end_ms, .name = argv[0]};
  SNT_FD_AUTO int its_in = -1;
  SNT_FD_AUTO int its_out = -1;
  SNT_FD_AUTO int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  snt_status status = {SNT_CODE_IO};
  if (nowhere < 0 || !open_pipes(out, &its_in, &its_out)) {
    status = snt_fail(err, SNT_CODE_IO, "%s cannot be started: %s", argv[0], strerror(errno));
  } else {
    const struct snt_spawn spawn = {.path = path, .argv = argv, .in = its_in, .out = its_out, .complaints = nowhere};
    status = snt_spawn(&spawn, &out->pid, err);
  }
  if (!snt_ok(status)) {
    snt_fd_auto(&out->to);
    snt_fd_auto(&out->from);
  }
  return status;
}

snt_status snt_helper_write(struct snt_helper *helper, const char *text, struct snt_err *err) {
  return snt_file_write_all(helper->to, text, strlen(text), err);
}

static snt_status fail_late(const struct snt_helper *helper, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_TIMEOUT, "%s gave no answer in time", helper->name);
}

static snt_status read_byte(struct snt_helper *helper, char *out, bool *is_end, struct snt_err *err) {
  for (;;) {
    int64_t left = helper->end_ms - snt_clock_monotonic_ms();
    struct pollfd ready = {.fd = helper->from, .events = POLLIN};
    if (left <= 0) {
      return fail_late(helper, err);
    }
    if (poll(&ready, 1, (int)left) <= 0) {
      continue; /* a signal, or the time is up */
    }
    ssize_t got = read(helper->from, out, 1);
    if (got >= 0) {
      *is_end = got == 0;
      return snt_done();
    }
    if (errno != EINTR && errno != EAGAIN) {
      return snt_fail(err, SNT_CODE_IO, "%s cannot be read: %s", helper->name, strerror(errno));
    }
  }
}

snt_status snt_helper_read_line(struct snt_helper *helper, struct snt_secret *line, bool *is_end, struct snt_err *err) {
  *is_end = false;
  snt_secret_reset(line);
  for (;;) {
    char c = 0;
    SNT_TRY(read_byte(helper, &c, is_end, err));
    if (*is_end && snt_secret_len(line) > 0) {
      *is_end = false; /* a last line without a newline; the next call sees the end */
      return snt_done();
    }
    if (*is_end || c == '\n') {
      return snt_done();
    }
    if (snt_secret_len(line) == snt_secret_cap(line)) {
      return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "%s answered with more than %zu bytes", helper->name,
                      snt_secret_cap(line));
    }
    SNT_TRY(snt_secret_append(line, &c, 1, err));
  }
}

/* Closes the pipes and waits for the end of it. Code TIMEOUT. */
static snt_status finish(struct snt_helper *helper, int *exit_status, struct snt_err *err) {
  snt_fd_auto(&helper->to);
  snt_fd_auto(&helper->from);
  for (;;) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)helper->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != EINTR) {
      return snt_fail(err, SNT_CODE_IO, "the end of %s cannot be awaited: %s", helper->name, strerror(errno));
    }
    if (info.si_pid == helper->pid) {
      *exit_status = snt_spawn_reap(helper->pid);
      helper->pid = 0;
      return snt_done();
    }
    if (snt_clock_monotonic_ms() >= helper->end_ms) {
      return fail_late(helper, err);
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
  }
}

void snt_helper_end(struct snt_helper *helper) {
  if (helper->pid == 0) {
    return;
  }
  snt_fd_auto(&helper->to);
  snt_fd_auto(&helper->from);
  (void)snt_spawn_reap(helper->pid);
  helper->pid = 0;
}

snt_status snt_helper_run(const char *path, char *const *argv, int64_t end_ms, size_t cap, struct snt_secret **out,
                          int *exit_status, struct snt_err *err) {
  *out = NULL;
  SNT_HELPER_AUTO struct snt_helper helper = {0};
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  SNT_SECRET_AUTO struct snt_secret *rest = NULL;
  SNT_TRY(snt_secret_new(cap, &answer, err));
  SNT_TRY(snt_secret_new(cap, &rest, err));
  SNT_TRY(snt_helper_start(path, argv, end_ms, &helper, err));
  snt_fd_auto(&helper.to);
  bool is_end = false;
  SNT_TRY(snt_helper_read_line(&helper, answer, &is_end, err));
  for (int lines = 0; !is_end && lines < LINES_MAX; lines++) {
    SNT_TRY(snt_helper_read_line(&helper, rest, &is_end, err));
  }
  SNT_TRY(finish(&helper, exit_status, err));
  *out = SNT_MOVE(answer);
  return snt_done();
}
