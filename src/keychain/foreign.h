/* keychain/foreign (layer 2, inner): a keychain that another program keeps, which is run once for each thing asked. It
 * asks a person when it likes, and cannot be told not to. */
#ifndef SNT_KEYCHAIN_FOREIGN_H
#define SNT_KEYCHAIN_FOREIGN_H

#include "base/exchange.h"
#include "keychain/backend.h"
#include "keychain/file_place.h"

struct snt_foreign {
  char *path; /* of the program; owned */
  int deadline_ms;
  struct snt_file_place place; /* whose lock writers take */
};

/* Finds the program: a path, or a name on PATH. Codes KEYCHAIN, NO_MEMORY. */
snt_status snt_foreign_open(const struct snt_keychain_options *options, const char *program, struct snt_foreign *out,
                            struct snt_err *err);
void snt_foreign_clear(struct snt_foreign *foreign);

struct snt_foreign_call {
  char *const *argv;              /* ends with NULL */
  const struct snt_secret *input; /* NULL: none */
  size_t cap;                     /* of the answer */
  int deadline_ms;                /* 0: the keychain's */
};
/* Codes KEYCHAIN, and TIMEOUT; what the exit status means is the caller's matter. */
snt_status snt_foreign_run(const struct snt_foreign *foreign, const struct snt_foreign_call *call,
                           struct snt_exchange_answer *out, struct snt_err *err);
/* One writer at a time; the lock ends when *fd is closed. Code KEYCHAIN. */
snt_status snt_foreign_lock(const struct snt_foreign *foreign, int *fd, struct snt_err *err);
/* What failed, failed of the keychain. */
snt_status snt_foreign_as_keychain(snt_status status, struct snt_err *err);

#endif
