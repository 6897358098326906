/* base/handover (layer 0): giving the browser of this user a page whose address is a secret.
 *
 * A browser is told where to go by its arguments, which everybody on the machine can read. So it is told to go to a
 * socket of ours on the loopback, which sends it on to the page, once.
 *
 * MUST
 *  1. send on nobody but a process of this user, who knows the path of 128 random bits;
 *  2. send on once;
 *  3. keep the address in secrets, and have the browser keep no copy of the answer. */
#ifndef SNT_BASE_HANDOVER_H
#define SNT_BASE_HANDOVER_H

#include <stdint.h>

#include "base/secret.h"

struct snt_handover {
  int listener; /* -1: none */
  char url[96]; /* http://127.0.0.1:PORT/..., for snt_browser_open_for; not a secret once it was used */
  char path[40];
};

/* Code IO. */
snt_status snt_handover_open(struct snt_handover *out, struct snt_err *err);
/* Waits until a browser was sent on to page, at most until end_ms (monotonic). Codes TIMEOUT, IO, NO_MEMORY. */
snt_status snt_handover_serve(struct snt_handover *handover, const struct snt_secret *page, int64_t end_ms,
                              struct snt_err *err);
void snt_handover_close(struct snt_handover *handover);
#define SNT_HANDOVER_AUTO SNT_CLEANUP(snt_handover_close)

#endif
