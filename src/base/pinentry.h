/* base/pinentry (layer 0): asking through a pinentry with a window, which speaks Assuan over its pipes. */
#ifndef SNT_BASE_PINENTRY_H
#define SNT_BASE_PINENTRY_H

#include <stdint.h>

#include "base/secret.h"

/* What the window says: one line of text, what is asked for ("passphrase"), until when (monotonic). */
struct snt_pinentry {
  const char *path;
  const char *text;
  const char *label;
  int64_t end_ms;
};

/* *out is a new secret of at most cap bytes. Codes: NOT_FOUND when this one has no window (it would ask on a terminal,
 * has no display, or does not run), so that another one may be tried; ACTION_REQUIRED when nobody answered, TIMEOUT,
 * IO. */
snt_status snt_pinentry_ask(const struct snt_pinentry *pinentry, size_t cap, struct snt_secret **out,
                            struct snt_err *err);

#endif
