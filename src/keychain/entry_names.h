/* keychain/entry_names (layer 2): the names of a kind's entries and where each lies, for who does something with each:
 * what is asked for meanwhile changes neither. */
#ifndef SNT_KEYCHAIN_ENTRY_NAMES_H
#define SNT_KEYCHAIN_ENTRY_NAMES_H

#include "keychain/keychain.h"

struct snt_entry_name {
  char *name;          /* owned */
  const char *backend; /* where it lies */
};

/* Zeroed memory is an empty list. */
struct snt_entry_names {
  struct snt_entry_name *items; /* owned */
  size_t count;
};
void snt_entry_names_clear(struct snt_entry_names *names);
#define SNT_ENTRY_NAMES_AUTO SNT_CLEANUP(snt_entry_names_clear)

/* In byte order. Codes of snt_keychain_list, and NO_MEMORY. */
snt_status snt_entry_names_load(struct snt_keychain *keychain, const char *kind, struct snt_entry_names *out,
                                struct snt_err *err);

#endif
