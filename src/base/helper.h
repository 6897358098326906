/* base/helper (layer 0): a program that asks a person, or knows the answer.
 *
 * MUST
 *  1. give it nothing of ours: no descriptor, no variable but those of base/spawn.h, no core dump, no stdin but a pipe
 *     of its own, and nowhere to write but another one;
 *  2. keep what it says in a secret of a fixed size;
 *  3. end it, and whatever it started, when the time is up, and when a signal ends this process. */
#ifndef SNT_BASE_HELPER_H
#define SNT_BASE_HELPER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/secret.h"

/* A program that runs. Zeroed memory is none. */
struct snt_helper {
  pid_t pid;        /* 0: none, or its end was seen */
  int to, from;     /* its stdin and stdout; -1: closed */
  int64_t end_ms;   /* monotonic: when it is killed */
  const char *name; /* for messages; borrowed */
};

/* The path of the first of PATH's absolute folders that has an executable file of this name; false for none. Relative
 * folders are not looked at: what asks for a secret does not depend on where one stands. */
bool snt_helper_find(const char *name, char *out, size_t cap);
/* Starts the program of path with argv, in a session and a process group of its own, until end_ms. One runs at a time.
 * Code IO. */
snt_status snt_helper_start(const char *path, char *const *argv, int64_t end_ms, struct snt_helper *out,
                            struct snt_err *err);
snt_status snt_helper_write(struct snt_helper *helper, const char *text, struct snt_err *err);
/* Replaces line by the next one, without its newline; *is_end when there is none. Codes TIMEOUT, ACTION_REQUIRED for a
 * line that is longer than line's capacity. */
snt_status snt_helper_read_line(struct snt_helper *helper, struct snt_secret *line, bool *is_end, struct snt_err *err);
/* Kills it, if it still runs, with its group. */
void snt_helper_end(struct snt_helper *helper);
#define SNT_HELPER_AUTO SNT_CLEANUP(snt_helper_end)
/* All of it for a program that prints one line: start, the first line, the end. *out is a new secret of at most cap
 * bytes; *exit_status is 128 and the signal's number when one ended it. Codes as above; what the status means is the
 * caller's matter. */
snt_status snt_helper_run(const char *path, char *const *argv, int64_t end_ms, size_t cap, struct snt_secret **out,
                          int *exit_status, struct snt_err *err);

#endif
