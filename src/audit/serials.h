/* audit/serials (layer 4): which serial of a bundle the decision log saw last. */
#ifndef SNT_AUDIT_SERIALS_H
#define SNT_AUDIT_SERIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct snt_log_serial {
  int64_t serial; /* 0: the log tells of none */
  char sha256[65];
};

/* Whose serials are looked for. */
struct snt_log_bundle {
  const char *source; /* "ssm:/sentinel/policies/prod" */
  const char *installation;
  bool is_signed; /* only decisions by one whose signatures were asked for */
};

/* The newest decision by the bundle. Serials only grow, so that it is the highest, too. The log is read from its end,
 * on through its closed segments, until there is one; no log yet is none. Codes as in snt_log_backward_open: what
 * cannot be read may tell of one. */
snt_status snt_log_find_serial(const char *path, const struct snt_log_bundle *bundle, struct snt_log_serial *out,
                               struct snt_err *err);

#endif
