/* keychain/bus (layer 2): a conversation with the Secret Service of the freedesktop, over D-Bus, in a module that is
 * loaded on first use. */
#ifndef SNT_KEYCHAIN_BUS_H
#define SNT_KEYCHAIN_BUS_H

#include "base/secret.h"

struct snt_bus_options {
  const char *address; /* of the session bus, in D-Bus' own form; only sockets of this machine are accepted */
  bool may_prompt;     /* whether a person could see a prompt */
  int prompt_ms;       /* how long one may take */
  const char *turns;   /* a folder of the user's in which those who have to prompt take turns; NULL: each by himself */
  bool is_guest;       /* only for what another program keeps: it does not matter where new entries would go */
  /* The entry that is sure to be read first: it is looked for, and a session opened for its secret, while the opening
   * waits for other answers. NULL: none is known. */
  const char *first_kind, *first_name;
};

/* Where another program keeps its items: a collection of its own, by the last part of its path, and the attribute that
 * tells one item from the others. */
struct snt_bus_place {
  const char *collection, *attribute;
};

/* The module's table. Functions get the conversation's state. Failures: KEYCHAIN (not available, an odd answer),
 * NOT_FOUND (without a hint: the caller names the entry), ACTION_REQUIRED (locked, and nobody unlocked it). */
struct snt_bus {
  /* Connects, has the service started and finds its keyring, all within 1 s. Code KEYCHAIN. */
  snt_status (*open)(const struct snt_bus_options *options, void **state, struct snt_err *err);
  void (*close)(void **state);
  /* Whether the keyring that new entries go to is unlocked; shows no prompt. */
  snt_status (*check)(void *state, struct snt_err *err);
  /* From here on, until it is undone, no prompt is shown. */
  void (*hush)(void *state, bool is_hushed);
  snt_status (*read)(void *state, const char *kind, const char *name, struct snt_secret **out, struct snt_err *err);
  snt_status (*write)(void *state, const char *kind, const char *name, const struct snt_secret *value,
                      struct snt_err *err);
  snt_status (*remove)(void *state, const char *kind, const char *name, struct snt_err *err);
  /* In no order, and an entry that is there twice is visited twice. A failure of visit ends it and is returned. */
  snt_status (*list)(void *state, const char *kind,
                     snt_status (*visit)(void *context, const char *name, struct snt_err *err), void *context,
                     struct snt_err *err);
  /* Code NOT_FOUND: there is no such collection. No prompt is shown. */
  snt_status (*guest_find)(void *state, const struct snt_bus_place *place, struct snt_err *err);
  /* The values of the attribute, in no order, and one that is there twice is visited twice. */
  snt_status (*guest_list)(void *state, const struct snt_bus_place *place,
                           snt_status (*visit)(void *context, const char *value, struct snt_err *err), void *context,
                           struct snt_err *err);
  /* Of several items with that value the one that was changed last. */
  snt_status (*guest_read)(void *state, const struct snt_bus_place *place, const char *value, struct snt_secret **out,
                           struct snt_err *err);
  /* The one that would be read. */
  snt_status (*guest_remove)(void *state, const struct snt_bus_place *place, const char *value, struct snt_err *err);
};

/* Loads the module once a process. */
snt_status snt_bus_load(const struct snt_bus **out, struct snt_err *err);

struct snt_keychain_options;
/* A conversation with the service of the session that the environment shows; nothing is loaded and nothing connected to
 * where it shows none. Code KEYCHAIN. */
snt_status snt_bus_open(const struct snt_keychain_options *options, bool is_guest, const struct snt_bus **bus,
                        void **state, struct snt_err *err);

#endif
