/* Entries as items of the service: application "sentinel", kind and name are their attributes.
 *
 * MUST
 *  1. when an entry is there several times, read the one that was changed last, and remove, after writing, those that
 *     were there before: never what another writer put there meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "keychain/bus/service.h"

enum { READ_TRIES = 3 };

/* The items of an entry, or of a kind. */
struct found {
  struct snt_paths all; /* the unlocked first */
  size_t unlocked;
};

static void clear_found(struct found *found) { snt_paths_clear(&found->all); }
#define FOUND_AUTO SNT_CLEANUP(clear_found)

/* name NULL: of every name. */
static int append_attributes(sd_bus_message *call, const char *kind, const char *name) {
  int error = sd_bus_message_open_container(call, 'a', "{ss}");
  error = error < 0 ? error : sd_bus_message_append(call, "{ss}", "application", "sentinel");
  error = error < 0 ? error : sd_bus_message_append(call, "{ss}", "kind", kind);
  error = error < 0 || name == NULL ? error : sd_bus_message_append(call, "{ss}", "name", name);
  return error < 0 ? error : sd_bus_message_close_container(call);
}

static snt_status begin_search(struct snt_service *service, const char *kind, const char *name,
                               struct snt_pending **out, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_TRY(snt_call_new(service, SNT_SERVICE_PATH, SNT_SERVICE_INTERFACE, "SearchItems", &call, err));
  int error = append_attributes(call, kind, name);
  if (error < 0) {
    return snt_call_fail(error, "SearchItems", err);
  }
  return snt_call_begin(service, call, out, err);
}

snt_status snt_items_begin(struct snt_service *service, struct snt_err *err) {
  return begin_search(service, service->early.kind, service->early.name, &service->early.search, err);
}

/* What was sent with the opening, if it is this; it is good for the first search only. */
static struct snt_pending *take_early(struct snt_service *service, const char *kind, const char *name) {
  struct snt_early *early = &service->early;
  SNT_PENDING_AUTO struct snt_pending *search = SNT_MOVE(early->search);
  bool is_it = search != NULL && name != NULL && strcmp(early->kind, kind) == 0 && strcmp(early->name, name) == 0;
  return is_it ? SNT_MOVE(search) : NULL;
}

static snt_status search(struct snt_service *service, const char *kind, const char *name, struct found *found,
                         struct snt_err *err) {
  SNT_PENDING_AUTO struct snt_pending *sent = take_early(service, kind, name);
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_call_settle(service, &sent, err));
  SNT_TRY(sent == NULL ? begin_search(service, kind, name, &sent, err) : snt_done());
  SNT_TRY(snt_call_finish(service, &sent, SNT_BUS_CALL_MS, &reply, NULL, err));
  SNT_TRY(snt_call_read_paths(reply, &found->all, err));
  found->unlocked = found->all.count;
  return snt_call_read_paths(reply, &found->all, err);
}

static snt_status unlock_item(struct snt_service *service, const struct found *found, size_t index,
                              struct snt_err *err) {
  if (index < found->unlocked) {
    return snt_done();
  }
  return snt_prompt_unlock(service, &(struct snt_paths){&found->all.items[index], 1}, err);
}

static snt_status unlock_all(struct snt_service *service, const struct found *found, struct snt_err *err) {
  size_t locked = found->all.count - found->unlocked;
  if (locked == 0) {
    return snt_done();
  }
  return snt_prompt_unlock(service, &(struct snt_paths){found->all.items + found->unlocked, locked}, err);
}

static snt_status fail_missing(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_NOT_FOUND, "the Secret Service does not hold it");
}

/* NOT_FOUND also when the item went between search and reading. */
static snt_status read_once(struct snt_service *service, const char *kind, const char *name, bool *was_there,
                            struct snt_secret **out, struct snt_err *err) {
  FOUND_AUTO struct found found = {0};
  size_t newest = 0;
  SNT_TRY(search(service, kind, name, &found, err));
  *was_there = found.all.count > 0;
  if (!*was_there) {
    return fail_missing(err);
  }
  SNT_TRY(snt_item_find_newest(service, &found.all, &newest, err));
  SNT_TRY(unlock_item(service, &found, newest, err));
  return snt_item_get_secret(service, found.all.items[newest], out, err);
}

snt_status snt_items_read(void *state, const char *kind, const char *name, struct snt_secret **out,
                          struct snt_err *err) {
  *out = NULL;
  bool was_there = true;
  snt_status status = {SNT_CODE_NOT_FOUND};
  for (int i = 0; i < READ_TRIES && was_there && status.code == SNT_CODE_NOT_FOUND; i++) {
    status = read_once(state, kind, name, &was_there, out, err);
  }
  return status;
}

/* Appends label and attributes as CreateItem's properties. */
static snt_status append_properties(sd_bus_message *call, const char *kind, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf label = {0};
  SNT_TRY(snt_buf_appendf(&label, err, "sentinel: %s %s", kind, name));
  int error = sd_bus_message_open_container(call, 'a', "{sv}");
  error = error < 0 ? error : sd_bus_message_append(call, "{sv}", SNT_ITEM_INTERFACE ".Label", "s", label.data);
  error = error < 0 ? error : sd_bus_message_open_container(call, 'e', "sv");
  error = error < 0 ? error : sd_bus_message_append_basic(call, 's', SNT_ITEM_INTERFACE ".Attributes");
  error = error < 0 ? error : sd_bus_message_open_container(call, 'v', "a{ss}");
  error = error < 0 ? error : append_attributes(call, kind, name);
  error = error < 0 ? error : sd_bus_message_close_container(call);
  error = error < 0 ? error : sd_bus_message_close_container(call);
  error = error < 0 ? error : sd_bus_message_close_container(call);
  return error < 0 ? snt_call_fail(error, "CreateItem", err) : snt_done();
}

/* *item is the path of what holds the value now (free()). */
static snt_status create(struct snt_service *service, const char *kind, const char *name,
                         const struct snt_secret *value, char **item, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_session_open(service, err));
  SNT_TRY(snt_call_new(service, service->collection, SNT_COLLECTION_INTERFACE, "CreateItem", &call, err));
  SNT_TRY(append_properties(call, kind, name, err));
  SNT_TRY(snt_session_append(service, call, value, err));
  int replace = 1;
  int error = sd_bus_message_append_basic(call, 'b', &replace);
  if (error < 0) {
    return snt_call_fail(error, "CreateItem", err);
  }
  SNT_TRY(snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err));
  const char *path = NULL;
  const char *prompt = NULL;
  error = sd_bus_message_read(reply, "oo", &path, &prompt);
  if (error <= 0) {
    return snt_call_fail(error == 0 ? -ENXIO : error, "CreateItem", err);
  }
  *item = NULL;
  SNT_TRY(snt_prompt_finish(service, prompt, item, err));
  *item = *item == NULL ? strdup(path) : *item;
  return *item == NULL ? snt_fail_memory(err) : snt_done();
}

/* Deletes all but one (NULL: all). One that is gone already is no failure; *deleted counts the others. */
static snt_status delete_found(struct snt_service *service, const struct found *found, const char *but, size_t *deleted,
                               struct snt_err *err) {
  for (size_t i = 0; i < found->all.count; i++) {
    const char *item = found->all.items[i];
    if (but == NULL || strcmp(item, but) != 0) {
      snt_status status = snt_item_delete(service, item, err);
      if (!snt_ok(status) && status.code != SNT_CODE_NOT_FOUND) {
        return status;
      }
      *deleted += snt_ok(status) ? 1 : 0;
    }
  }
  return snt_done();
}

snt_status snt_items_write(void *state, const char *kind, const char *name, const struct snt_secret *value,
                           struct snt_err *err) {
  struct snt_service *service = state;
  FOUND_AUTO struct found before = {0};
  SNT_FREE_AUTO char *item = NULL;
  size_t deleted = 0;
  SNT_TRY(search(service, kind, name, &before, err));
  SNT_TRY(snt_prompt_unlock(service, &(struct snt_paths){&service->collection, 1}, err));
  SNT_TRY(unlock_all(service, &before, err));
  SNT_TRY(create(service, kind, name, value, &item, err));
  return delete_found(service, &before, item, &deleted, err);
}

snt_status snt_items_remove(void *state, const char *kind, const char *name, struct snt_err *err) {
  struct snt_service *service = state;
  FOUND_AUTO struct found found = {0};
  size_t deleted = 0;
  SNT_TRY(search(service, kind, name, &found, err));
  SNT_TRY(unlock_all(service, &found, err));
  SNT_TRY(delete_found(service, &found, NULL, &deleted, err));
  return deleted > 0 ? snt_done() : fail_missing(err);
}

snt_status snt_items_check(void *state, struct snt_err *err) {
  struct snt_service *service = state;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  int is_locked = 1;
  SNT_TRY(snt_item_get_property(service, service->collection, SNT_COLLECTION_INTERFACE, "Locked", &reply, err));
  int error = sd_bus_message_enter_container(reply, 'v', "b");
  error = error < 0 ? error : sd_bus_message_read_basic(reply, 'b', &is_locked);
  if (error <= 0) {
    return snt_call_fail(error == 0 ? -ENXIO : error, "Get", err);
  }
  return is_locked == 0 ? snt_done() : snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the Secret Service is locked");
}

snt_status snt_items_list(void *state, const char *kind,
                          snt_status (*visit)(void *context, const char *name, struct snt_err *err), void *context,
                          struct snt_err *err) {
  struct snt_service *service = state;
  FOUND_AUTO struct found found = {0};
  SNT_TRY(search(service, kind, NULL, &found, err));
  SNT_TRY(unlock_all(service, &found, err)); /* a locked item does not tell its name */
  for (size_t i = 0; i < found.all.count; i++) {
    SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
    const char *name = NULL;
    snt_status status =
        snt_item_get_property(service, found.all.items[i], SNT_ITEM_INTERFACE, "Attributes", &reply, err);
    if (status.code == SNT_CODE_NOT_FOUND) {
      continue; /* removed meanwhile */
    }
    SNT_TRY(status);
    SNT_TRY(snt_item_read_attribute(reply, "name", &name, err));
    if (name != NULL) {
      SNT_TRY(visit(context, name, err));
    }
  }
  return snt_done();
}
