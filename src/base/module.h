/* base/module (layer 0): parts of the program that are loaded on first use, because linking them costs every start.
 *
 * A module is <name>.so in the folder of the program itself (its real path, never from the environment). It exports
 * `const struct snt_module snt_module_<name>`, whose build id must be the program's. */
#ifndef SNT_BASE_MODULE_H
#define SNT_BASE_MODULE_H

#include "base/status.h"

struct snt_module {
  char build_id[33];
  const void *table; /* the functions, of a type that the module's header defines */
};

#define SNT_MODULE_EXPORT __attribute__((visibility("default")))

/* table dies with the process. Fails with BUG (an installation fault) when the file is missing or of another build. */
snt_status snt_module_load(const char *name, const void **table, struct snt_err *err);

#endif
