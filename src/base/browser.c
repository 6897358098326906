/* xdg-open may be done at once, or stay for as long as the browser runs. So it becomes nobody's child: a process
 * between it and us tells how it ended, if it does so in time, and is gone by then. */
#include "base/browser.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/helper.h"
#include "base/process.h"
#include "base/str.h"

enum { URL_MAX_BYTES = 16 * 1024, VARIABLES_MAX = 128, WAIT_MS = 3000, LOOK_MS = 20, EXIT_NOT_RUN = 127 };

/* What a program of the desktop needs, and what says which browser and by which proxy. Names that end with '_' are
 * prefixes. */
static const char *const KEPT[] = {"PATH",
                                   "HOME",
                                   "USER",
                                   "LOGNAME",
                                   "SHELL",
                                   "LANG",
                                   "LANGUAGE",
                                   "LC_",
                                   "TMPDIR",
                                   "DISPLAY",
                                   "WAYLAND_DISPLAY",
                                   "XAUTHORITY",
                                   "XDG_",
                                   "DBUS_SESSION_BUS_ADDRESS",
                                   "BROWSER",
                                   "DE",
                                   "DESKTOP_",
                                   "KDE_",
                                   "GNOME_",
                                   "MATE_",
                                   "GTK_",
                                   "QT_",
                                   "MOZ_",
                                   "GDK_",
                                   "WSL_",
                                   "SNAP_",
                                   "http_proxy",
                                   "https_proxy",
                                   "no_proxy",
                                   "all_proxy",
                                   "HTTP_PROXY",
                                   "HTTPS_PROXY",
                                   "NO_PROXY",
                                   "ALL_PROXY",
                                   NULL};

static bool is_set(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0';
}

/* In *path where it is. */
static snt_status find_program(char *path, size_t cap, struct snt_err *err) {
  if (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED,
                    "no browser can be opened: there is no desktop here (neither DISPLAY nor WAYLAND_DISPLAY is set)");
  }
  if (!snt_helper_find("xdg-open", path, cap)) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "no browser can be opened: there is no xdg-open on PATH");
  }
  return snt_done();
}

snt_status snt_browser_check(struct snt_err *err) {
  char path[4096];
  return find_program(path, sizeof path, err);
}

/* The characters of RFC 3986 without those that quote, end or expand something in a shell: xdg-open is a script. */
static bool is_plain(const char *url) {
  const char *p = url;
  while ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
         (*p != '\0' && strchr("-._~:/?#[]@&+,=%", *p) != NULL)) {
    p++;
  }
  return *p == '\0' && p - url <= URL_MAX_BYTES;
}

/* https with a host, or http with one that is this machine; nobody's name before the host. */
static bool is_page(const char *url) {
  static const char *const starts[] = {"https://", "http://127.0.0.1", "http://[::1]", "http://localhost"};
  for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
    if (!snt_str_starts_with(url, starts[i])) {
      continue;
    }
    const char *rest = url + strlen(starts[i]);
    size_t len = strcspn(rest, "/?#");
    bool is_host = i == 0 ? len > 0 && rest[0] != ':' : len == 0 || rest[0] == ':';
    return is_host && memchr(rest, '@', len) == NULL;
  }
  return false;
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

/* Only what may be called between fork and exec. */
static _Noreturn void become(const char *path, const char *url, char *const *variables) {
  char name[] = "xdg-open";
  char *const argv[] = {name, (char *)url, NULL};
  if (syscall(SYS_close_range, 3, ~0U, 0) != 0) {
    _exit(EXIT_NOT_RUN);
  }
  snt_process_restore();
  sigset_t none;
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  (void)execve(path, argv, variables);
  _exit(EXIT_NOT_RUN);
}

/* Writes xdg-open's exit status to tell, as one byte, when it ends before the other side of tell is closed. */
static _Noreturn void watch(pid_t pid, int tell) {
  for (;;) {
    int status = 0;
    pid_t ended = waitpid(pid, &status, WNOHANG);
    if (ended != 0) {
      unsigned char byte = (unsigned char)(ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_NOT_RUN);
      (void)!write(tell, &byte, 1);
      _exit(0);
    }
    struct pollfd end = {.fd = tell};
    if (poll(&end, 1, LOOK_MS) > 0) {
      _exit(0);
    }
  }
}

/* The process between: the child of nobody, and without what this process has open, or knows by its environment. */
static _Noreturn void stand_between(const char *path, const char *url, char *const *variables, int tell) {
  int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  (void)setsid();
  if (nowhere < 0 || dup2(nowhere, 0) < 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0 || dup2(tell, 3) < 0 ||
      syscall(SYS_close_range, 4, ~0U, 0) != 0) {
    _exit(EXIT_NOT_RUN);
  }
  (void)signal(SIGPIPE, SIG_IGN);
  pid_t pid = fork();
  if (pid == 0) {
    become(path, url, variables);
  }
  snt_process_wipe_strings();
  if (pid > 0) {
    watch(pid, 3);
  }
  _exit(EXIT_NOT_RUN);
}

/* The side of a pipe that xdg-open's exit status comes out of. */
static snt_status start(const char *path, const char *url, int *out, struct snt_err *err) {
  char *variables[VARIABLES_MAX];
  choose_variables(variables);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return snt_fail(err, SNT_CODE_IO, "xdg-open cannot be started: %s", strerror(errno));
  }
  SNT_FD_AUTO int told = ends[0];
  SNT_FD_AUTO int tell = ends[1];
  pid_t pid = fork();
  if (pid == 0) {
    pid_t between = fork();
    if (between == 0) {
      stand_between(path, url, variables, tell);
    }
    _exit(between < 0 ? EXIT_NOT_RUN : 0);
  }
  if (pid < 0) {
    return snt_fail(err, SNT_CODE_IO, "xdg-open cannot be started: %s", strerror(errno));
  }
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
  }
  *out = told;
  told = -1;
  return snt_done();
}

/* The statuses are those of xdg-open's manual page. */
static snt_status judge(int status, struct snt_err *err) {
  if (status == 0) {
    return snt_done();
  }
  return status == 3 ? snt_fail(err, SNT_CODE_IO, "xdg-open finds no browser")
                     : snt_fail(err, SNT_CODE_IO, "xdg-open failed (exit status %d)", status);
}

/* Taken: it ended well, still runs when the time is up, or the visitor is there. */
static snt_status await(int told, int visitor, struct snt_err *err) {
  int64_t end_ms = snt_clock_monotonic_ms() + WAIT_MS;
  for (int64_t left = WAIT_MS; left > 0; left = end_ms - snt_clock_monotonic_ms()) {
    struct pollfd ready[] = {{.fd = told, .events = POLLIN}, {.fd = visitor, .events = POLLIN}};
    if (poll(ready, 2, (int)left) <= 0) {
      continue; /* a signal, or the time is up */
    }
    if (ready[1].revents != 0) {
      return snt_done();
    }
    unsigned char status = EXIT_NOT_RUN;
    ssize_t got = read(told, &status, 1);
    if (got >= 0) {
      return judge(got == 1 ? status : EXIT_NOT_RUN, err);
    }
  }
  return snt_done();
}

snt_status snt_browser_open_for(const char *url, int visitor, struct snt_err *err) {
  char path[4096];
  if (!is_plain(url) || !is_page(url)) {
    return snt_fail(err, SNT_CODE_USAGE, "what is to be shown in a browser is no address of a web page");
  }
  SNT_TRY(find_program(path, sizeof path, err));
  SNT_FD_AUTO int told = -1;
  SNT_TRY(start(path, url, &told, err));
  return await(told, visitor, err);
}

snt_status snt_browser_open(const char *url, struct snt_err *err) { return snt_browser_open_for(url, -1, err); }
