/* base/exchange (layer 0): a program that is given a text and answers with one: a credential helper, `pass`, the
 * credential_process of another tool.
 *
 * MUST
 *  1. give it no descriptor of ours but its three pipes, and no variable that was not asked for;
 *  2. keep what goes in and what comes out in secrets;
 *  3. end it, and whatever it started, when the time is up, and when a signal ends this process. */
#ifndef SNT_BASE_EXCHANGE_H
#define SNT_BASE_EXCHANGE_H

#include <stdint.h>

#include "base/secret.h"

#define SNT_EXCHANGE_COMPLAINT_CAP ((size_t)512)

struct snt_exchange {
  const char *path;               /* of the program */
  char *const *argv;              /* ends with NULL */
  char *const *environment;       /* ends with NULL; NULL: what base/spawn.h gives by itself */
  const struct snt_secret *input; /* NULL: its stdin is at its end from the beginning */
  int64_t end_ms;                 /* monotonic: when it is killed */
  size_t cap;                     /* of its answer, in bytes */
};

struct snt_exchange_answer {
  struct snt_secret *output;                  /* owned; all that it printed */
  int exit_status;                            /* 128 and the signal's number when one ended it */
  char complaint[SNT_EXCHANGE_COMPLAINT_CAP]; /* the first line of its stderr that is not empty, printable; "" */
};
void snt_exchange_answer_clear(struct snt_exchange_answer *answer);
#define SNT_EXCHANGE_ANSWER_AUTO SNT_CLEANUP(snt_exchange_answer_clear)

/* Runs it to its end; what it started and left behind ends with it, and one that left its group is not waited for. One
 * that does not read its input is as good as any. SIGPIPE has to be ignored (base/process.h). Codes IO (it cannot be
 * started), TIMEOUT, ACTION_REQUIRED for an answer over the cap; what its status means is the caller's matter. */
snt_status snt_exchange_run(const struct snt_exchange *exchange, struct snt_exchange_answer *out, struct snt_err *err);

/* Writes the first line of text that is not empty, cut at cap - 1 bytes, with '?' for what is not printable: for a
 * program that complains on its stdout. */
void snt_exchange_first_line(const char *text, char *out, size_t cap);

#endif
