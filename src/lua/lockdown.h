/* lua/lockdown (layer 3): what a process gives up before it looks at policy (architecture.md, Processes).
 *
 * MUST
 *  1. be checked step by step: a step that fails, and may not, ends the process before it has read one byte of policy;
 *  2. come last in the order of the list: seccomp after everything that needs a system call that it takes away. */
#ifndef SNT_LUA_LOCKDOWN_H
#define SNT_LUA_LOCKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sock_filter;
struct snt_evaluator_options;

/* What differs between a build that ships and one with sanitizers; lockdown_build*.c, of which CMake picks one. */
struct snt_lockdown_build {
  const struct sock_filter *template_filter, *worker_filter;
  unsigned short template_len, worker_len;
  size_t address_space; /* RLIMIT_AS in bytes; 0: none */
  int patience;         /* limits of wall-clock time are so many times as long */
};
extern const struct snt_lockdown_build SNT_LOCKDOWN_BUILD;

/* Where every template keeps its socket: all other descriptors are closed, and 0 to 2 are /dev/null. */
#define SNT_LOCKDOWN_FD 3

/* The version of Landlock's interface that the kernel offers; 0: none, and errno says why. */
int snt_lockdown_landlock_version(void);
/* Locks the calling process down; socket becomes SNT_LOCKDOWN_FD. parent is the process whose death ends this one.
 * NULL, or the name of the step that failed (errno says why). */
const char *snt_lockdown_template(int socket, pid_t parent, const struct snt_evaluator_options *options);
/* The same in a worker that a locked-down template forked; the socket and others, of which some may be -1, are closed.
 */
const char *snt_lockdown_worker(const int *others, size_t n, pid_t parent, bool is_rlimits_only);
/* What a template gives up beyond that when it evaluates itself: everything that a worker has not. */
const char *snt_lockdown_further(bool is_rlimits_only);

#endif
