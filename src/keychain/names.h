/* keychain/names (layer 2): a list of names that is put into byte order, each once. */
#ifndef SNT_KEYCHAIN_NAMES_H
#define SNT_KEYCHAIN_NAMES_H

#include "base/cleanup.h"
#include "base/status.h"

/* Initialise with {0}. */
struct snt_names {
  struct snt_names_item {
    char *name;
    size_t tag; /* the caller's; of two items of one name the lower stays */
  } * items;
  size_t count;
};

/* Copies the name. Code NO_MEMORY. */
snt_status snt_names_add(struct snt_names *names, const char *name, size_t tag, struct snt_err *err);
void snt_names_sort(struct snt_names *names);
void snt_names_clear(struct snt_names *names);
#define SNT_NAMES_AUTO SNT_CLEANUP(snt_names_clear)

#endif
