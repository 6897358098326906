#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"

enum { REPORT = 3 /* the descriptor that says why it could not be run */, EXIT_NOT_RUN = 127 };

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

void snt_spawn_choose(const char *const *more, char *out[static SNT_SPAWN_VARIABLES]) {
  size_t count = 0;
  for (char **entry = environ; entry != NULL && *entry != NULL && count + 1 < SNT_SPAWN_VARIABLES; entry++) {
    if (snt_process_is_variable(*entry, KEPT) || (more != NULL && snt_process_is_variable(*entry, more))) {
      out[count++] = *entry;
    }
  }
  out[count] = NULL;
}

/* The signals that end a process, unless it does something about them. */
static const int ENDING[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDING_COUNT = sizeof ENDING / sizeof ENDING[0] };

static volatile sig_atomic_t running; /* the group of the program; 0: none runs */
static struct sigaction first[ENDING_COUNT];

/* The kernel ends the program with us, and not what the program has started: a window would stay, or a device be held.
 */
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

/* The report is closed when the program runs, and so is all else. */
static bool arrange(const struct snt_spawn *spawn, int report) {
  return dup2(spawn->in, 0) == 0 && dup2(spawn->out, 1) == 1 && dup2(spawn->complaints, 2) == 2 &&
         (report == REPORT || dup3(report, REPORT, O_CLOEXEC) == REPORT) &&
         syscall(SYS_close_range, REPORT + 1, ~0U, 0) == 0;
}

/* Only what may be called between fork and exec. */
static _Noreturn void become(const struct snt_spawn *spawn, char *const *variables, int report, pid_t parent) {
  (void)setsid();
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(EXIT_NOT_RUN);
  }
  if (arrange(spawn, report)) {
    report = REPORT;
    struct sigaction plain = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGPIPE, &plain, NULL);
    (void)sigaction(SIGXFSZ, &plain, NULL);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve(spawn->path, spawn->argv, variables);
  }
  int reason = errno;
  (void)!write(report, &reason, sizeof reason);
  _exit(EXIT_NOT_RUN);
}

/* 0: it runs. */
static int read_report(int report) {
  int reason = 0;
  ssize_t got = 0;
  do {
    got = read(report, &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);
  return got == sizeof reason ? reason : 0;
}

static snt_status fail_to_start(const char *name, int error, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_IO, "%s cannot be started: %s", name, strerror(error));
}

snt_status snt_spawn(const struct snt_spawn *spawn, pid_t *out, struct snt_err *err) {
  *out = 0;
  char *chosen[SNT_SPAWN_VARIABLES];
  snt_spawn_choose(NULL, chosen);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    return fail_to_start(spawn->argv[0], errno, err);
  }
  SNT_FD_AUTO int ours = report[0];
  SNT_FD_AUTO int its = report[1];
  pid_t self = getpid();
  pid_t pid = fork_watched();
  if (pid == 0) {
    become(spawn, spawn->environment == NULL ? chosen : spawn->environment, its, self);
  }
  if (pid < 0) {
    return fail_to_start(spawn->argv[0], errno, err);
  }
  snt_fd_auto(&its);
  int reason = read_report(ours);
  if (reason != 0) {
    (void)snt_spawn_reap(pid);
    return fail_to_start(spawn->argv[0], reason, err);
  }
  *out = pid;
  return snt_done();
}

/* While its end was not taken note of, no other process can have its number. */
int snt_spawn_reap(pid_t pid) {
  int status = 0;
  leave_signals();
  (void)kill(-pid, SIGKILL); /* with what it left behind */
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
