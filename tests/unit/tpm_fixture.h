/* A TPM of the test's own: swtpm in a folder of its own, as long as the test lives, on sockets of this machine. */
#ifndef SNT_TESTS_TPM_FIXTURE_H
#define SNT_TESTS_TPM_FIXTURE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "secret_service_fixture.h"

struct tpm {
  char folder[64];
  char tcti[128];
  char log[128]; /* every byte that it reads and writes, in hexadecimal */
  pid_t pid;     /* 0: not running */
};

static inline bool has_tpm(void) { return has_program("swtpm") && has_program("tpm2_getcap"); }

static inline bool is_listening(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool is_there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  (void)close(fd);
  return is_there;
}

/* With the state that lies in its folder. */
static inline void restart_tpm(struct tpm *tpm) {
  char state[96];
  char server[128];
  char control[128];
  char log[160];
  char socket[96];
  int output = -1;
  (void)snprintf(socket, sizeof socket, "%s/sock", tpm->folder);
  (void)snprintf(state, sizeof state, "dir=%s", tpm->folder);
  (void)snprintf(server, sizeof server, "type=unixio,path=%s,mode=0666", socket);
  (void)snprintf(control, sizeof control, "type=unixio,path=%s.ctrl,mode=0666", socket);
  (void)snprintf(log, sizeof log, "file=%s,level=20", tpm->log);
  tpm->pid = start_program((const char *const[]){"swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
                                                 "--ctrl", control, "--flags", "not-need-init,startup-clear", "--log",
                                                 log, NULL},
                           "", &output);
  (void)close(output);
  for (int i = 0; i < 1000 && !is_listening(socket); i++) {
    (void)usleep(10000);
  }
  assert_true(is_listening(socket));
}

static inline void start_tpm(struct tpm *tpm) {
  memset(tpm, 0, sizeof *tpm);
  (void)snprintf(tpm->folder, sizeof tpm->folder, "/tmp/snt-tpm-XXXXXX");
  assert_non_null(mkdtemp(tpm->folder));
  assert_int_equal(chmod(tpm->folder, 0711), 0);
  (void)snprintf(tpm->tcti, sizeof tpm->tcti, "swtpm:path=%s/sock", tpm->folder);
  (void)snprintf(tpm->log, sizeof tpm->log, "%s/log", tpm->folder);
  restart_tpm(tpm);
}

static inline void remove_tpm(struct tpm *tpm) {
  char out[16];
  if (tpm->folder[0] != '\0') {
    stop_program(&tpm->pid);
    (void)RUN("", out, "rm", "-rf", tpm->folder);
  }
}

#endif
