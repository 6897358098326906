#include "base/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

struct terminal {
  int fd;
  int endings; /* readable when a signal that is to end us waits until the terminal is as it was; -1: none waits */
  bool was_changed;
  struct termios saved;
  sigset_t signals;
};

/* A signal that ended the process between the two calls would leave the terminal without echo. */
static void hide_echo(struct terminal *terminal) {
  sigset_t all;
  sigfillset(&all);
  (void)sigprocmask(SIG_BLOCK, &all, &terminal->signals);
  struct termios quiet;
  if (tcgetattr(terminal->fd, &terminal->saved) == 0) {
    quiet = terminal->saved;
    quiet.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ISIG);
    quiet.c_lflag |= ICANON | ECHONL;
    quiet.c_cc[VEOL] = 3; /* control-C ends the line, or it would wait for the return key */
    terminal->was_changed = tcsetattr(terminal->fd, TCSAFLUSH, &quiet) == 0;
  }
}

/* The signals stay: they come as soon as nothing blocks them. */
static int watch_endings(const sigset_t *not_watched) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  sigset_t watched;
  sigemptyset(&watched);
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
    if (sigismember(not_watched, signals[i]) == 0) {
      sigaddset(&watched, signals[i]);
    }
  }
  return signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void restore(struct terminal *terminal) {
  snt_fd_auto(&terminal->endings);
  if (terminal->was_changed) {
    (void)tcsetattr(terminal->fd, TCSAFLUSH, &terminal->saved);
  }
  (void)sigprocmask(SIG_SETMASK, &terminal->signals, NULL);
}

static snt_status read_line(const struct terminal *terminal, int deadline_ms, struct snt_secret *line,
                            struct snt_err *err) {
  int64_t end = snt_clock_monotonic_ms() + deadline_ms;
  for (;;) {
    int64_t left = end - snt_clock_monotonic_ms();
    struct pollfd ready[] = {{.fd = terminal->fd, .events = POLLIN}, {.fd = terminal->endings, .events = POLLIN}};
    int count = left > 0 ? poll(ready, 2, (int)left) : 0;
    if (count == 0) {
      return snt_fail(err, SNT_CODE_TIMEOUT, "nobody answered within %d s", deadline_ms / 1000);
    }
    char c = 0;
    if (count > 0 && ready[1].revents != 0) {
      return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the question was not answered");
    }
    ssize_t got = count < 0 ? -1 : read(terminal->fd, &c, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (got <= 0 || c == 3 || c == 4) { /* end of input, control-C, control-D */
      return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the question was not answered");
    }
    if (c == '\n' || c == '\r') {
      return snt_done();
    }
    SNT_TRY(snt_secret_append(line, &c, 1, err));
  }
}

static int open_terminal(void) { return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY); }

bool snt_tty_is_there(void) {
  SNT_FD_AUTO int fd = open_terminal();
  return fd >= 0 && tcgetpgrp(fd) == getpgrp();
}

snt_status snt_tty_ask(const char *prompt, bool is_hidden, int deadline_ms, size_t cap, struct snt_secret **out,
                       struct snt_err *err) {
  *out = NULL;
  SNT_FD_AUTO int fd = open_terminal();
  if (fd < 0) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "there is no terminal to ask on");
  }
  SNT_SECRET_AUTO struct snt_secret *line = NULL;
  SNT_TRY(snt_secret_new(cap, &line, err));
  struct terminal terminal = {.fd = fd, .endings = -1};
  sigemptyset(&terminal.signals);
  (void)sigprocmask(SIG_BLOCK, NULL, &terminal.signals);
  if (is_hidden) {
    hide_echo(&terminal);
    terminal.endings = watch_endings(&terminal.signals);
  }
  snt_status status = snt_file_write_all(fd, prompt, strlen(prompt), err);
  if (snt_ok(status)) {
    status = read_line(&terminal, deadline_ms, line, err);
  }
  restore(&terminal);
  SNT_TRY(status);
  *out = SNT_MOVE(line);
  return snt_done();
}
