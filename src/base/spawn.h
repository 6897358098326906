/* base/spawn (layer 0): a program of another's, in a session and a process group of its own.
 *
 * MUST
 *  1. give it no descriptor but the three that it is meant to have, and no variable that was not chosen;
 *  2. end it, and whatever it started, when a signal ends this process. */
#ifndef SNT_BASE_SPAWN_H
#define SNT_BASE_SPAWN_H

#include <sys/types.h>

#include "base/status.h"

struct snt_spawn {
  const char *path;
  char *const *argv;        /* ends with NULL; the first is its name in messages */
  char *const *environment; /* ends with NULL; NULL: snt_spawn_choose without more */
  int in, out, complaints;  /* become its stdin, stdout and stderr; borrowed, none of them below 3 */
};

/* How many variables are chosen at most, with the NULL. */
#define SNT_SPAWN_VARIABLES 128
/* Those of our variables that a program of the desktop, or one that knows the user's secrets, needs; and those of more
 * (as in snt_process_is_variable; NULL: none). They point into our own environment. */
void snt_spawn_choose(const char *const *more, char *out[static SNT_SPAWN_VARIABLES]);

/* The program runs when this returns. One runs at a time. Code IO, with the reason, when it cannot be run. */
snt_status snt_spawn(const struct snt_spawn *spawn, pid_t *out, struct snt_err *err);
/* Kills its group, and with it the program if it still runs, and takes note of its end: its exit status, or 128 and the
 * number of the signal that ended it. */
int snt_spawn_reap(pid_t pid);

#endif
