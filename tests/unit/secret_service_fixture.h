/* A Secret Service of the test's own: dbus-daemon and gnome-keyring-daemon in a folder of their own, as long as the
 * test lives. */
#ifndef SNT_TESTS_SECRET_SERVICE_FIXTURE_H
#define SNT_TESTS_SECRET_SERVICE_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keychain/keychain.h"

#define LOGIN_KEYRING "/org/freedesktop/secrets/collection/login"

struct desktop {
  char folder[64];
  char address[256]; /* of the bus */
  pid_t bus;
  pid_t keyring; /* 0: not running */
};

/* Starts argv with a pipe as its stdin (input) and one as its stdout, whose reading end is *output. */
static inline pid_t start_program(const char *const *argv, const char *input, int *output) {
  int in[2];
  int out[2];
  assert_int_equal(pipe2(in, O_CLOEXEC), 0);
  assert_int_equal(pipe2(out, O_CLOEXEC), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    int null = open("/dev/null", O_WRONLY);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(in[0], 0);
    (void)dup2(out[1], 1);
    (void)dup2(null, 2);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
  }
  (void)close(in[0]);
  (void)close(out[1]);
  assert_int_equal(write(in[1], input, strlen(input)), (ssize_t)strlen(input));
  (void)close(in[1]);
  *output = out[0];
  return pid;
}

/* Runs argv to its end; out (of cap bytes) gets its output. Returns its exit status. */
static inline int run_program(const char *const *argv, const char *input, char *out, size_t cap) {
  int output = -1;
  int status = 0;
  size_t len = 0;
  pid_t pid = start_program(argv, input, &output);
  for (ssize_t got = 1; got > 0 && len + 1 < cap; len += got > 0 ? (size_t)got : 0) {
    got = read(output, out + len, cap - 1 - len);
  }
  out[len] = '\0';
  (void)close(output);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
#define RUN(input, out, ...) run_program((const char *const[]){__VA_ARGS__, NULL}, (input), (out), sizeof(out))

static inline bool is_installed(const char *program) {
  char out[256];
  return RUN("", out, "sh", "-c", "command -v \"$0\"", program) == 0;
}

/* Says so when it is not. */
static inline bool has_program(const char *program) {
  bool is_here = is_installed(program);
  if (!is_here) {
    leave_out(program, " is not installed");
  }
  return is_here;
}

/* Whether the programs are here; says so when one is not. */
static inline bool has_desktop(void) {
  return has_program("dbus-daemon") && has_program("dbus-send") && has_program("gnome-keyring-daemon") &&
         has_program("secret-tool");
}

static inline void stop_program(pid_t *pid) {
  if (*pid > 0) {
    (void)kill(*pid, SIGKILL);
    (void)waitpid(*pid, NULL, 0);
  }
  *pid = 0;
}

/* The environment then leads to this bus. It starts no service by itself. */
static inline void start_bus(struct desktop *desktop) {
  static const char config[] =
      "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN' "
      "'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>\n"
      "<busconfig><type>session</type><listen>unix:dir=%s</listen><policy context='default'>"
      "<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>\n";
  char path[128];
  char option[160];
  memset(desktop, 0, sizeof *desktop);
  (void)snprintf(desktop->folder, sizeof desktop->folder, "/tmp/snt-desktop-XXXXXX");
  assert_non_null(mkdtemp(desktop->folder));
  (void)snprintf(path, sizeof path, "%s/bus.conf", desktop->folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fprintf(file, config, desktop->folder) > 0);
  assert_int_equal(fclose(file), 0);
  (void)snprintf(option, sizeof option, "--config-file=%s", path);
  int output = -1;
  desktop->bus =
      start_program((const char *const[]){"dbus-daemon", option, "--nofork", "--print-address", NULL}, "", &output);
  ssize_t len = read(output, desktop->address, sizeof desktop->address - 1);
  assert_true(len > 1);
  desktop->address[len - 1] = '\0';
  (void)close(output);
  assert_int_equal(setenv("DBUS_SESSION_BUS_ADDRESS", desktop->address, 1), 0);
  assert_int_equal(setenv("HOME", desktop->folder, 1), 0);
  assert_int_equal(setenv("XDG_RUNTIME_DIR", desktop->folder, 1), 0);
  assert_int_equal(setenv("LC_ALL", "C.UTF-8", 1), 0); /* for secret-tool's arguments */
  assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
  assert_int_equal(unsetenv("DISPLAY"), 0);
  assert_int_equal(unsetenv("WAYLAND_DISPLAY"), 0);
}

/* --unlock makes the login keyring when there is none. Returns when the service is on the bus. */
static inline void start_keyring(struct desktop *desktop, bool is_unlocked) {
  int output = -1;
  char out[512];
  desktop->keyring = start_program((const char *const[]){"gnome-keyring-daemon", "--foreground", "--components=secrets",
                                                         is_unlocked ? "--unlock" : NULL, NULL},
                                   is_unlocked ? "password" : "", &output);
  (void)close(output);
  for (int i = 0; i < 1000; i++) {
    if (RUN("", out, "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets", "org.freedesktop.DBus.Peer.Ping") == 0) {
      return;
    }
    (void)usleep(10000);
  }
  fail_msg("gnome-keyring-daemon does not come up");
}

static inline void stop_desktop(struct desktop *desktop) {
  char out[16];
  stop_program(&desktop->keyring);
  stop_program(&desktop->bus);
  (void)RUN("", out, "rm", "-rf", desktop->folder);
  (void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
}

static inline void lock_keyring(void) {
  char out[512];
  assert_int_equal(RUN("", out, "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
                       "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
                       "array:objpath:" LOGIN_KEYRING),
                   0);
}

#endif
