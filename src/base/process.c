#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"

/* Where the kernel put arguments and environment: one after the other, and the program's file name behind them. */
static char *strings_begin;
static char *strings_end;
static char **first_environment;
static struct sigaction first_pipe, first_xfsz, first_child;
static struct rlimit first_core;

void snt_process_remember(int argc, char **argv, char **envp) {
  /* envp may point elsewhere by now: a preloaded library's setenv moves a string to the heap and leaves the first one
   * where it was. So the range is the kernel's, not what lies between the strings that envp names. */
  strings_begin = argc > 0 ? argv[0] : NULL;
  strings_end = (char *)getauxval(AT_EXECFN); /* an address, which is what the kernel's table holds */
  size_t count = 1;
  for (char **p = envp; p != NULL && *p != NULL; p++) {
    count++;
  }
  first_environment = calloc(count, sizeof *first_environment);
  for (size_t i = 0; first_environment != NULL && i + 1 < count; i++) {
    first_environment[i] = envp[i];
  }
}

static const char *const DROPPED[] = {"SSLKEYLOGFILE", "OPENSSL_",    "TZDIR",       "GCONV_PATH", "MALLOC_", "LOCPATH",
                                      "RES_OPTIONS",   "LOCALDOMAIN", "HOSTALIASES", "CURL_HOME",  NULL};

bool snt_process_is_variable(const char *entry, const char *const *names) {
  for (const char *const *name = names; *name != NULL; name++) {
    size_t len = strlen(*name);
    bool is_prefix = (*name)[len - 1] == '_';
    if (strncmp(entry, *name, len) == 0 && (is_prefix || entry[len] == '=')) {
      return true;
    }
  }
  return false;
}

static void drop_variables(void) {
  char **keep = environ;
  for (char **p = environ; p != NULL && *p != NULL; p++) {
    if (!snt_process_is_variable(*p, DROPPED)) {
      *keep++ = *p;
    }
  }
  if (keep != NULL) {
    *keep = NULL;
  }
}

/* A file that is opened later must not become stdout. What stands in for a closed stdout cannot be written to. */
static void open_standard_descriptors(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0) {
      (void)open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
    }
  }
}

void snt_process_harden(void) {
  (void)prctl(PR_SET_DUMPABLE, 0);
  (void)getrlimit(RLIMIT_CORE, &first_core);
  struct rlimit none = {0, first_core.rlim_max};
  (void)setrlimit(RLIMIT_CORE, &none);
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  (void)sigaction(SIGPIPE, &ignore, &first_pipe);
  (void)sigaction(SIGXFSZ, &ignore, &first_xfsz);
  struct sigaction plain = {.sa_handler = SIG_DFL}; /* where it is ignored, how a child ended is lost */
  (void)sigaction(SIGCHLD, &plain, &first_child);
  drop_variables();
  open_standard_descriptors();
}

void snt_process_restore(void) {
  (void)setrlimit(RLIMIT_CORE, &first_core);
  (void)sigaction(SIGPIPE, &first_pipe, NULL);
  (void)sigaction(SIGXFSZ, &first_xfsz, NULL);
  (void)sigaction(SIGCHLD, &first_child, NULL);
}

char **snt_process_environment(void) { return first_environment == NULL ? environ : first_environment; }

void snt_process_wipe_strings(void) {
  if (strings_begin != NULL && strings_begin < strings_end) {
    explicit_bzero(strings_begin, (size_t)(strings_end - strings_begin));
  }
  environ = NULL;
  first_environment = NULL;
}
