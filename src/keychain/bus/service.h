/* keychain/bus/service (layer 2, inner): what the files of the bus module share. The interface that they speak is the
 * Secret Service API draft 0.2 of freedesktop.org. */
#ifndef SNT_KEYCHAIN_BUS_SERVICE_H
#define SNT_KEYCHAIN_BUS_SERVICE_H

#include <stdint.h>

#include <systemd/sd-bus.h>

#include "keychain/bus.h"

#define SNT_SERVICE_PATH "/org/freedesktop/secrets"
#define SNT_SERVICE_INTERFACE "org.freedesktop.Secret.Service"
#define SNT_COLLECTION_INTERFACE "org.freedesktop.Secret.Collection"
#define SNT_ITEM_INTERFACE "org.freedesktop.Secret.Item"
#define SNT_PROMPT_INTERFACE "org.freedesktop.Secret.Prompt"

enum { SNT_BUS_OPEN_MS = 1000, SNT_BUS_CALL_MS = 5000 };

struct snt_pending; /* a call that was sent; its answer is collected when it is needed */

/* What was sent with the opening, for an entry that is to be read first (struct snt_bus_options). */
struct snt_early {
  char *kind, *name; /* of the entry */
  struct snt_pending *search;
};

/* One conversation. Paths are those of D-Bus objects. */
struct snt_service {
  sd_bus *bus;
  char *owner; /* the connection that answered first; NULL before, and then the well-known name is called */
  struct snt_early early;
  struct snt_pending *opening; /* of the session; NULL: it is not on its way */
  struct snt_dh *dh;           /* our half of the key, while the opening is on its way */
  char *session;               /* path; NULL until it is needed */
  char *collection;            /* path of the one that new entries go to */
  struct snt_secret *key;      /* of the session; NULL: it is not encrypted */
  bool may_prompt;
  char *turns; /* a folder, or NULL */
  bool is_hushed;
  bool is_silent; /* it left a call without an answer: it is not called again */
  int prompt_ms;
};

/* A growing list of paths. */
struct snt_paths {
  char **items;
  size_t count;
};
/* Copies the path. Code NO_MEMORY. */
snt_status snt_paths_add(struct snt_paths *paths, const char *path, struct snt_err *err);
void snt_paths_clear(struct snt_paths *paths);

void snt_bus_free_message(sd_bus_message **message);
#define SNT_MESSAGE_AUTO SNT_CLEANUP(snt_bus_free_message)

/* connect.c: a bus that is about to say hello; calls may be sent already, and go out behind it. Code KEYCHAIN. */
snt_status snt_bus_connect(const char *address, sd_bus **out, struct snt_err *err);
/* Until the bus has answered. deadline_ms: of the monotonic clock. Code KEYCHAIN. */
snt_status snt_bus_wait(sd_bus *bus, const char *address, int64_t deadline_ms, struct snt_err *err);

/* call.c. What went wrong with a message of ours (a negative errno) or an answer: code KEYCHAIN or NO_MEMORY. */
snt_status snt_call_fail(int error, const char *what, struct snt_err *err);
/* An empty call of the service; its memory is wiped when it is freed, and so is the answer's. */
snt_status snt_call_new(struct snt_service *service, const char *path, const char *interface, const char *method,
                        sd_bus_message **out, struct snt_err *err);
/* What an answer that is an error says. Codes KEYCHAIN, NOT_FOUND (there is no such object any more), ACTION_REQUIRED.
 */
snt_status snt_call_fail_answer(const char *method, const sd_bus_error *answer, struct snt_err *err);
/* An array of paths, read into (behind) paths. */
snt_status snt_call_read_paths(sd_bus_message *reply, struct snt_paths *paths, struct snt_err *err);

/* pending.c. Sends the call and does not wait. Code KEYCHAIN. */
snt_status snt_call_begin(struct snt_service *service, sd_bus_message *call, struct snt_pending **out,
                          struct snt_err *err);
/* For what was sent before the owner was known: waits for the answer, and when somebody else gave it than who answered
 * first, *pending becomes NULL: it counts for nothing, and is to be sent again. NULL stays NULL. Code KEYCHAIN. */
snt_status snt_call_settle(struct snt_service *service, struct snt_pending **pending, struct snt_err *err);
/* Waits for the answer at most limit_ms; one that did not come is waited for once. *pending becomes NULL in any case.
 * Codes KEYCHAIN, NOT_FOUND (there is no such object any more), ACTION_REQUIRED. *is_unsupported (or NULL) tells
 * whether the service knows no such thing. */
snt_status snt_call_finish(struct snt_service *service, struct snt_pending **pending, int limit_ms,
                           sd_bus_message **reply, bool *is_unsupported, struct snt_err *err);
/* Both, for what is needed at once. */
snt_status snt_call_send(struct snt_service *service, sd_bus_message *call, int limit_ms, sd_bus_message **reply,
                         struct snt_err *err);
/* Drops the answer, which may still come. */
void snt_pending_free(struct snt_pending **pending);
#define SNT_PENDING_AUTO SNT_CLEANUP(snt_pending_free)

/* session.c. Asks for an encrypted session, and does not wait: it takes the service some milliseconds. Code KEYCHAIN.
 */
snt_status snt_session_begin(struct snt_service *service, struct snt_err *err);
/* Opens the session when it is not open yet, encrypted where the service can: when a secret is to travel. Code
 * KEYCHAIN.
 */
snt_status snt_session_open(struct snt_service *service, struct snt_err *err);
/* Appends value as the API's Secret struct. The session is open. */
snt_status snt_session_append(struct snt_service *service, sd_bus_message *call, const struct snt_secret *value,
                              struct snt_err *err);
/* Reads one. Code KEYCHAIN. */
snt_status snt_session_read(struct snt_service *service, sd_bus_message *reply, struct snt_secret **out,
                            struct snt_err *err);

/* prompt.c. Unlocks what is locked of these collections and items. Codes ACTION_REQUIRED, KEYCHAIN. */
snt_status snt_prompt_unlock(struct snt_service *service, const struct snt_paths *paths, struct snt_err *err);
/* What follows a call that may need a prompt: nothing when it is "/", else it is shown and waited for, by one process
 * at a time: what nobody answered the one, is not asked for those who waited. result (or NULL)
 * gets the path that the prompt led to (free()). Codes ACTION_REQUIRED, KEYCHAIN. */
snt_status snt_prompt_finish(struct snt_service *service, const char *prompt, char **result, struct snt_err *err);

/* item.c. The property of an item, a collection or the service, as a variant that reply is about to read. */
snt_status snt_item_get_property(struct snt_service *service, const char *path, const char *interface,
                                 const char *property, sd_bus_message **reply, struct snt_err *err);
/* The index of the one that was changed last; there is at least one. */
snt_status snt_item_find_newest(struct snt_service *service, const struct snt_paths *items, size_t *out,
                                struct snt_err *err);
/* Codes KEYCHAIN, NOT_FOUND. The item is unlocked. */
snt_status snt_item_get_secret(struct snt_service *service, const char *item, struct snt_secret **out,
                               struct snt_err *err);
snt_status snt_item_delete(struct snt_service *service, const char *item, struct snt_err *err);
/* The value of one attribute, out of the variant of all; NULL: there is none. Borrowed from reply. */
snt_status snt_item_read_attribute(sd_bus_message *reply, const char *attribute, const char **out, struct snt_err *err);

/* items.c. Looks for the entry of service->early, and does not wait. */
snt_status snt_items_begin(struct snt_service *service, struct snt_err *err);
/* guest.c, items.c: as in struct snt_bus. */
snt_status snt_guest_find(void *state, const struct snt_bus_place *place, struct snt_err *err);
snt_status snt_guest_list(void *state, const struct snt_bus_place *place,
                          snt_status (*visit)(void *context, const char *value, struct snt_err *err), void *context,
                          struct snt_err *err);
snt_status snt_guest_read(void *state, const struct snt_bus_place *place, const char *value, struct snt_secret **out,
                          struct snt_err *err);
snt_status snt_guest_remove(void *state, const struct snt_bus_place *place, const char *value, struct snt_err *err);
snt_status snt_items_check(void *state, struct snt_err *err);
snt_status snt_items_read(void *state, const char *kind, const char *name, struct snt_secret **out,
                          struct snt_err *err);
snt_status snt_items_write(void *state, const char *kind, const char *name, const struct snt_secret *value,
                           struct snt_err *err);
snt_status snt_items_remove(void *state, const char *kind, const char *name, struct snt_err *err);
snt_status snt_items_list(void *state, const char *kind,
                          snt_status (*visit)(void *context, const char *name, struct snt_err *err), void *context,
                          struct snt_err *err);

#endif
