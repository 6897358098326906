#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

enum { VARIABLES_MAX = 128, PAUSE_NS = 2000000, LINES_MAX = 4096, EXIT_NOT_RUN = 127 };

/* What a window, or a program that knows codes, needs. Names that end with '_' are prefixes. */
static const char *const KEPT[] = {"PATH",       "HOME",
                                   "USER",       "LOGNAME",
                                   "SHELL",      "LANG",
                                   "LANGUAGE",   "LC_",
                                   "TMPDIR",     "DISPLAY",
                                   "XAUTHORITY", "WAYLAND_DISPLAY",
                                   "XDG_",       "DBUS_SESSION_BUS_ADDRESS",
                                   "GNUPGHOME",  "PASSWORD_STORE_DIR",
                                   NULL};

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

/* The variables point into our own environment. */
static void choose_variables(char *out[static VARIABLES_MAX]) {
  size_t count = 0;
  for (char **entry = environ; entry != NULL && *entry != NULL && count + 1 < VARIABLES_MAX; entry++) {
    if (snt_process_is_variable(*entry, KEPT)) {
      out[count++] = *entry;
    }
  }
  out[count] = NULL;
}

/* The signals that end a process, unless it does something about them. */
static const int ENDING[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDING_COUNT = sizeof ENDING / sizeof ENDING[0] };

static volatile sig_atomic_t running; /* the group of the helper; 0: none runs */
static struct sigaction first[ENDING_COUNT];

/* The kernel ends the helper with us, and not what the helper has started: a window would stay, or a device be held. */
static void end_both(int signal) {
  int error = errno;
  if (running > 0) {
    (void)kill(-(pid_t)running, SIGKILL);
  }
  (void)raise(signal); /* once more, and nobody takes it now */
  errno = error;
}

static void watch_signals(pid_t group) {
  struct sigaction ours = {.sa_handler = end_both, .sa_flags = (int)SA_RESETHAND};
  running = group;
  for (size_t i = 0; i < ENDING_COUNT; i++) {
    if (sigaction(ENDING[i], NULL, &first[i]) == 0 && first[i].sa_handler == SIG_DFL) {
      (void)sigaction(ENDING[i], &ours, NULL);
    }
  }
}

static void leave_signals(void) {
  running = 0;
  for (size_t i = 0; i < ENDING_COUNT; i++) {
    (void)sigaction(ENDING[i], &first[i], NULL);
  }
}

/* As fork; a signal that comes meanwhile finds the signals watched. */
static pid_t fork_watched(void) {
  sigset_t ending;
  sigset_t before;
  (void)sigemptyset(&ending);
  for (size_t i = 0; i < ENDING_COUNT; i++) {
    (void)sigaddset(&ending, ENDING[i]);
  }
  (void)sigprocmask(SIG_BLOCK, &ending, &before);
  pid_t pid = fork();
  int error = errno;
  if (pid > 0) {
    watch_signals(pid);
  }
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return pid;
}

/* Only what may be called between fork and exec. */
static _Noreturn void become(const char *path, char *const *argv, char *const *variables, const int ends[static 2],
                             pid_t parent) {
  int nowhere = open("/dev/null", O_WRONLY);
  (void)setsid();
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent || nowhere < 0 || dup2(ends[0], 0) < 0 || dup2(ends[1], 1) < 0 || dup2(nowhere, 2) < 0 ||
      syscall(SYS_close_range, 3, ~0U, 0) != 0) {
    _exit(EXIT_NOT_RUN);
  }
  struct sigaction plain = {.sa_handler = SIG_DFL};
  (void)sigaction(SIGPIPE, &plain, NULL);
  (void)sigaction(SIGXFSZ, &plain, NULL);
  sigset_t none;
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)execve(path, argv, variables);
  _exit(EXIT_NOT_RUN);
}

snt_status snt_helper_start(const char *path, char *const *argv, int64_t end_ms, struct snt_helper *out,
                            struct snt_err *err) {
  *out = (struct snt_helper){.to = -1, .from = -1, .end_ms = end_ms, .name = argv[0]};
  char *variables[VARIABLES_MAX];
  choose_variables(variables);
  int in[2];
  int back[2];
  if (pipe2(in, O_CLOEXEC) != 0) {
    return snt_fail(err, SNT_CODE_IO, "%s cannot be started: %s", argv[0], strerror(errno));
  }
  SNT_FD_AUTO int its_in = in[0];
  out->to = in[1];
  if (pipe2(back, O_CLOEXEC) != 0) {
    snt_fd_auto(&out->to);
    return snt_fail(err, SNT_CODE_IO, "%s cannot be started: %s", argv[0], strerror(errno));
  }
  SNT_FD_AUTO int its_out = back[1];
  out->from = back[0];
  pid_t self = getpid();
  pid_t pid = fork_watched();
  if (pid == 0) {
    become(path, argv, variables, (const int[]){its_in, its_out}, self);
  }
  if (pid < 0) {
    snt_fd_auto(&out->to);
    snt_fd_auto(&out->from);
    return snt_fail(err, SNT_CODE_IO, "%s cannot be started: %s", argv[0], strerror(errno));
  }
  out->pid = pid;
  return snt_done();
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

/* While its end was not taken note of, no other process can have its number. */
static int reap(struct snt_helper *helper) {
  int status = 0;
  leave_signals();
  (void)kill(-helper->pid, SIGKILL); /* what it left behind */
  while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR) {
  }
  helper->pid = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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
      *exit_status = reap(helper);
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
  (void)kill(helper->pid, SIGKILL); /* it may not have its group yet */
  (void)reap(helper);
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
