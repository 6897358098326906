/* `openssl s_server`, with certificates that are made in a folder of the test's own and live for a day. */
#ifndef SNT_TESTS_TLS_SERVER_H
#define SNT_TESTS_TLS_SERVER_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/snt-tls-XXXXXX";
static bool has_openssl;

/* One shell line in the folder; false when it fails. */
static inline bool run(const char *line) {
  char command[2048];
  (void)snprintf(command, sizeof command, "cd %s && (%s) >>log 2>&1", folder, line);
  return system(command) == 0; /* NOLINT(cert-env33-c): fixed text */
}

/* NAME.pem and NAME.key, for who trusts ca.pem. */
static inline bool make_leaf(const char *name, const char *san) {
  char line[1024];
  (void)snprintf(
      line, sizeof line,
      "printf 'subjectAltName=%s\\n' > ext && openssl req -newkey rsa:2048 -nodes -keyout %s.key -subj /CN=x "
      "-out csr && openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile ext "
      "-out %s.pem",
      san, name, name);
  return run(line);
}

/* The folder with ca.pem and ca.key, and no proxy for this process. False, with a message, where there is no openssl
 * program. */
static inline bool make_authority(void) {
  static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  (void)signal(SIGPIPE, SIG_IGN);
  for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
    (void)unsetenv(proxies[i]);
  }
  assert_non_null(mkdtemp(folder));
  has_openssl = run("command -v openssl");
  if (!has_openssl) {
    leave_out("openssl", " is not installed");
    return false;
  }
  assert_true(run("openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj '/CN=test CA' -days 1 -out ca.pem"));
  return true;
}

static inline int remove_authority(void **state) {
  (void)state;
  char command[128];
  (void)snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : -1; /* NOLINT(cert-env33-c): fixed text */
}

/* s_server says "ACCEPT 127.0.0.1:PORT" once it listens. */
static inline int read_port(int fd) {
  char text[512];
  size_t len = 0;
  for (;;) {
    ssize_t got = read(fd, text + len, sizeof text - 1 - len);
    if (got <= 0) {
      fail_msg("openssl s_server did not start");
    }
    len += (size_t)got;
    text[len] = '\0';
    const char *mark = strstr(text, "ACCEPT 127.0.0.1:");
    if (mark != NULL && strchr(mark, '\n') != NULL) {
      return atoi(mark + 17);
    }
  }
}

/* how is "-www" for a page of s_server's own that does not say where it ends, "-HTTP" for files of the folder that are
 * whole answers. */
static inline pid_t start_tls(const char *leaf, const char *version, const char *how, int *port) {
  int output[2];
  assert_int_equal(pipe2(output, O_CLOEXEC), 0);
  pid_t pid = fork();
  if (pid == 0) {
    char pem[64], key[64];
    (void)snprintf(pem, sizeof pem, "%s.pem", leaf);
    (void)snprintf(key, sizeof key, "%s.key", leaf);
    (void)alarm(600);
    int null = open("/dev/null", O_RDWR);
    (void)dup2(null, 0);
    (void)dup2(output[1], 1);
    (void)dup2(null, 2);
    bool is_there = chdir(folder) == 0;
    if (is_there) {
      (void)execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pem, "-key", key, how,
                   "-cipher", "ALL:@SECLEVEL=0", version, (char *)NULL);
    }
    _exit(3);
  }
  (void)close(output[1]);
  *port = read_port(output[0]);
  (void)close(output[0]);
  return pid;
}

static inline void stop_tls(pid_t pid) {
  (void)kill(pid, SIGKILL);
  (void)waitpid(pid, NULL, 0);
}

#endif
