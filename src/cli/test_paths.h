/* cli/test_paths (layer 6): the specs below the paths of `sentinel test`. */
#ifndef SNT_CLI_TEST_PATHS_H
#define SNT_CLI_TEST_PATHS_H

#include <stdint.h>

#include "base/buf.h"

struct snt_test_paths {
  char **list;
  size_t count;
};
void snt_test_paths_clear(struct snt_test_paths *paths);
#define SNT_TEST_PATHS_AUTO SNT_CLEANUP(snt_test_paths_clear)

/* Adds the spec that path is, or those below it, in the order of their names. Links to folders are not followed, and
 * what begins with a dot is left out. Code USAGE for a path that does not exist or is no spec, and for folders that
 * are nested more than 16 deep or cannot be listed. */
snt_status snt_test_paths_add(struct snt_test_paths *paths, const char *path, struct snt_err *err);
/* Puts them into the seed's order. */
snt_status snt_test_paths_shuffle(struct snt_test_paths *paths, uint32_t seed, struct snt_err *err);

#endif
