/* base/turn (layer 0): one process at a time, by a name: who comes later waits, and is told what the one before could
 * not do, or that there is nothing to wait for.
 *
 * The lock is the kernel's (flock): it ends with the process that holds it. The file holds no secret. */
#ifndef SNT_BASE_TURN_H
#define SNT_BASE_TURN_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/status.h"

/* Initialise with {.fd = -1}. */
struct snt_turn {
  int fd;
  bool is_held;
  char path[4352];
  int64_t began_at_ms; /* when it began to wait; boot time */
  bool has_waited;
  bool is_free;        /* while it waited, a holder had nothing to share: it goes on without the turn, as others do */
  bool was_told;       /* while it waited, a holder failed: told is how */
  struct snt_err told; /* as snt_turn_tell was given it */
};

/* Waits up to deadline_ms for the turn called name (at most 200 of [A-Za-z0-9-]) in a folder that is there and the
 * user's own; it is held then, or is_free. Codes IO, TIMEOUT (somebody holds it for longer), BUG. */
snt_status snt_turn_take(const char *folder, const char *name, int deadline_ms, struct snt_turn *turn,
                         struct snt_err *err);
/* What those who wait now may take as their own failure. Best effort: who is not told tries for himself. */
void snt_turn_tell(struct snt_turn *turn, const struct snt_err *err);
/* What was done for those who wait cannot be had by them: none of them is to wait for another. Best effort. */
void snt_turn_release(struct snt_turn *turn);
/* Ends the turn, and leaves no file. Accepts a turn that was not taken. */
void snt_turn_end(struct snt_turn *turn);
#define SNT_TURN_AUTO SNT_CLEANUP(snt_turn_end)

#endif
