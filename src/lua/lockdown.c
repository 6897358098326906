#include "lua/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lua/evaluator.h"

#ifndef __NR_landlock_create_ruleset
#error "the kernel headers know no Landlock; install those of Linux 5.13 or later"
#endif

/* Descriptors: three that lead nowhere, the socket, a worker's answer, and two pipes while the next one is forked. */
enum { CPU_SECONDS = 3, LONG_CPU_SECONDS = 120, DESCRIPTORS = 9 };

/* 0 to 2 lead nowhere, so that nothing a library prints can get into a pipe that took their place. */
static bool keep_only(int socket) {
  int opened = open("/dev/null", O_RDWR);
  int null = opened < 0 ? -1 : fcntl(opened, F_DUPFD, SNT_LOCKDOWN_FD + 1); /* not where the socket goes */
  if (null < 0 || dup2(socket, SNT_LOCKDOWN_FD) < 0) {
    return false;
  }
  for (int fd = 0; fd <= 2; fd++) {
    if (dup2(null, fd) < 0) {
      return false;
    }
  }
  return syscall(SYS_close_range, SNT_LOCKDOWN_FD + 1, ~0U, 0) == 0;
}

int snt_lockdown_landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1U /* LANDLOCK_CREATE_RULESET_VERSION */);
  return version > 0 ? (int)version : 0;
}

/* The rights that each version of Landlock's interface knows (linux/landlock.h); older headers lack the newer ones. */
static bool forbid_files_and_ports(void) {
  struct {
    uint64_t files, ports, scopes;
  } handled = {0};
  int abi = snt_lockdown_landlock_version();
  if (abi == 0) {
    return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM;
  }
  static const int file_rights[] = {0, 13, 14, 15, 15, 16};
  handled.files = (UINT64_C(1) << file_rights[abi > 5 ? 5 : abi]) - 1;
  handled.ports = abi >= 4 ? 3 : 0;
  handled.scopes = abi >= 6 ? 3 : 0;
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
  if (ruleset < 0) {
    return false;
  }
  long restricted = syscall(SYS_landlock_restrict_self, ruleset, 0);
  return close(ruleset) == 0 && restricted == 0;
}

/* A limit that is lower already stays: nobody may raise it again. */
static bool set_limit(__rlimit_resource_t resource, rlim_t value) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) {
    return false;
  }
  limit.rlim_max = limit.rlim_max < value ? limit.rlim_max : value;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(resource, &limit) == 0;
}

static bool set_limits(bool is_long) {
  size_t space = SNT_LOCKDOWN_BUILD.address_space * (is_long ? 3 : 1);
  rlim_t seconds = is_long ? LONG_CPU_SECONDS : CPU_SECONDS;
  return set_limit(RLIMIT_CPU, seconds * (rlim_t)SNT_LOCKDOWN_BUILD.patience) &&
         (space == 0 || set_limit(RLIMIT_AS, space)) && set_limit(RLIMIT_FSIZE, 0) && set_limit(RLIMIT_CORE, 0) &&
         set_limit(RLIMIT_NOFILE, DESCRIPTORS);
}

/* A parent that died before the call would never send the signal. */
static bool die_with(pid_t parent) {
  return prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL) == 0 && getppid() == parent;
}

static bool install_filter(const struct sock_filter *filter, unsigned short len) {
  struct sock_fprog program = {.len = len, .filter = (struct sock_filter *)(uintptr_t)filter};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* A caller that ignores SIGCHLD, or blocks signals, would leave the template blind; a worker that died must not end it.
 */
static bool reset_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  struct sigaction plain = {.sa_handler = SIG_DFL};
  struct sigaction ignored = {.sa_handler = SIG_IGN};
  return sigaction(SIGCHLD, &plain, NULL) == 0 && sigaction(SIGPIPE, &ignored, NULL) == 0 &&
         sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

const char *snt_lockdown_template(int socket, pid_t parent, const struct snt_evaluator_options *options) {
  if (!reset_signals()) {
    return "signals";
  }
  if (!keep_only(socket)) {
    return "close descriptors";
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) { /* Landlock asks for it */
    return "no_new_privs";
  }
  if (!forbid_files_and_ports()) {
    return "Landlock";
  }
  if (!set_limits(options->is_long)) {
    return "resource limits";
  }
  if (prctl(PR_SET_DUMPABLE, 0) != 0) {
    return "not dumpable";
  }
  if (!die_with(parent)) {
    return "parent-death signal";
  }
  bool is_filtered = install_filter(SNT_LOCKDOWN_BUILD.template_filter, SNT_LOCKDOWN_BUILD.template_len);
  return is_filtered || options->is_rlimits_only ? NULL : "seccomp";
}

const char *snt_lockdown_worker(const int *others, size_t n, pid_t parent, bool is_rlimits_only) {
  if (!die_with(parent)) {
    return "parent-death signal";
  }
  bool is_closed = close(SNT_LOCKDOWN_FD) == 0;
  for (size_t i = 0; i < n; i++) {
    is_closed = (others[i] < 0 || close(others[i]) == 0) && is_closed;
  }
  if (!is_closed) {
    return "close descriptors";
  }
  return snt_lockdown_further(is_rlimits_only);
}

const char *snt_lockdown_further(bool is_rlimits_only) {
  bool is_filtered = install_filter(SNT_LOCKDOWN_BUILD.worker_filter, SNT_LOCKDOWN_BUILD.worker_len);
  return is_filtered || is_rlimits_only ? NULL : "seccomp";
}
