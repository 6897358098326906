/* cli/test_paths (layer 6): the specs below the paths of `sentinel test`. */
#ifndef SNT_CLI_TEST_PATHS_H
#define SNT_CLI_TEST_PATHS_H

#include <stdint.h>

#include "base/buf.h"

/* A spec, or a folder that cannot be looked into. */
struct snt_test_path {
  char *path;
  char *problem; /* NULL for a spec */
  char *place;   /* its real folder and its name there: those of one place are one */
};

struct snt_test_paths {
  struct snt_test_path *list;
  size_t count;
  size_t known; /* of them: those that were there before the path that is being added */
};
void snt_test_paths_clear(struct snt_test_paths *paths);
#define SNT_TEST_PATHS_AUTO SNT_CLEANUP(snt_test_paths_clear)

/* Adds the spec that path is, or those below it, in the order of their names, but none that is among them already.
 * Links to folders are not followed, and what begins with a dot is left out. Folders that cannot be listed, or are
 * nested more than 16 deep, are problems: the others are looked at all the same. Code USAGE for a path that does not
 * exist or is no spec, and for a spec whose name is not UTF-8. */
snt_status snt_test_paths_add(struct snt_test_paths *paths, const char *path, struct snt_err *err);
/* The refusal of such a path, which is not there. */
snt_status snt_test_paths_absent(const char *path, struct snt_err *err);
/* Puts them into the seed's order. */
snt_status snt_test_paths_shuffle(struct snt_test_paths *paths, uint32_t seed, struct snt_err *err);

#endif
