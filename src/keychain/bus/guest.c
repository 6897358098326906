/* Items that another program keeps in a collection of its own. They are read and deleted, and never written.
 *
 * MUST
 *  1. touch nothing outside of that collection. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "keychain/bus/service.h"

#define COLLECTIONS SNT_SERVICE_PATH "/collection/"

static void clear_paths(struct snt_paths *paths) { snt_paths_clear(paths); }
#define PATHS_AUTO SNT_CLEANUP(clear_paths)

static int read_hex(char c) {
  const char *digit = c == '\0' ? NULL : strchr("0123456789abcdef", c);
  return digit == NULL ? -1 : (int)(digit - "0123456789abcdef");
}

/* Whether a part of a path stands for this name: services write _XX for a byte that a path cannot hold. */
static bool is_name(const char *part, const char *name) {
  for (; *part != '\0' && *name != '\0'; part++, name++) {
    if (*part == *name) {
      continue;
    }
    int high = part[0] == '_' ? read_hex(part[1]) : -1;
    int low = high < 0 ? -1 : read_hex(part[2]);
    if (low < 0 || (char)(high << 4 | low) != *name) {
      return false;
    }
    part += 2;
  }
  return *part == '\0' && *name == '\0';
}

/* An array of paths that is a property. */
static snt_status read_property_paths(struct snt_service *service, const char *path, const char *interface,
                                      const char *property, struct snt_paths *out, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_item_get_property(service, path, interface, property, &reply, err));
  int error = sd_bus_message_enter_container(reply, 'v', "ao");
  return error < 0 ? snt_call_fail(error, "Get", err) : snt_call_read_paths(reply, out, err);
}

/* The collection as the only one of *out. */
static snt_status find_collection(struct snt_service *service, const char *name, struct snt_paths *out,
                                  struct snt_err *err) {
  PATHS_AUTO struct snt_paths all = {0};
  SNT_TRY(read_property_paths(service, SNT_SERVICE_PATH, SNT_SERVICE_INTERFACE, "Collections", &all, err));
  for (size_t i = 0; i < all.count; i++) {
    size_t len = strlen(COLLECTIONS);
    if (strncmp(all.items[i], COLLECTIONS, len) == 0 && is_name(all.items[i] + len, name)) {
      return snt_paths_add(out, all.items[i], err);
    }
  }
  return snt_fail(err, SNT_CODE_NOT_FOUND, "the Secret Service has no collection \"%.200s\"", name);
}

/* The same, unlocked. */
static snt_status open_collection(struct snt_service *service, const char *name, struct snt_paths *out,
                                  struct snt_err *err) {
  SNT_TRY(find_collection(service, name, out, err));
  return snt_prompt_unlock(service, out, err);
}

/* All items with that value. Code NOT_FOUND for none. */
static snt_status search(struct snt_service *service, const struct snt_bus_place *place, const char *value,
                         struct snt_paths *out, struct snt_err *err) {
  PATHS_AUTO struct snt_paths collection = {0};
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(open_collection(service, place->collection, &collection, err));
  SNT_TRY(snt_call_new(service, collection.items[0], SNT_COLLECTION_INTERFACE, "SearchItems", &call, err));
  int error = sd_bus_message_append(call, "a{ss}", 1, place->attribute, value);
  if (error < 0) {
    return snt_call_fail(error, "SearchItems", err);
  }
  SNT_TRY(snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err));
  SNT_TRY(snt_call_read_paths(reply, out, err));
  return out->count > 0 ? snt_done() : snt_fail(err, SNT_CODE_NOT_FOUND, "the Secret Service does not hold it");
}

static snt_status find_item(struct snt_service *service, const struct snt_bus_place *place, const char *value,
                            struct snt_paths *found, const char **out, struct snt_err *err) {
  size_t newest = 0;
  SNT_TRY(search(service, place, value, found, err));
  SNT_TRY(snt_item_find_newest(service, found, &newest, err));
  SNT_TRY(snt_prompt_unlock(service, &(struct snt_paths){&found->items[newest], 1}, err));
  *out = found->items[newest];
  return snt_done();
}

snt_status snt_guest_find(void *state, const struct snt_bus_place *place, struct snt_err *err) {
  PATHS_AUTO struct snt_paths collection = {0};
  return find_collection(state, place->collection, &collection, err);
}

snt_status snt_guest_list(void *state, const struct snt_bus_place *place,
                          snt_status (*visit)(void *context, const char *value, struct snt_err *err), void *context,
                          struct snt_err *err) {
  PATHS_AUTO struct snt_paths collection = {0};
  PATHS_AUTO struct snt_paths items = {0};
  SNT_TRY(open_collection(state, place->collection, &collection, err));
  SNT_TRY(read_property_paths(state, collection.items[0], SNT_COLLECTION_INTERFACE, "Items", &items, err));
  for (size_t i = 0; i < items.count; i++) {
    SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
    const char *value = NULL;
    snt_status status = snt_item_get_property(state, items.items[i], SNT_ITEM_INTERFACE, "Attributes", &reply, err);
    if (status.code == SNT_CODE_NOT_FOUND) {
      continue; /* removed meanwhile */
    }
    SNT_TRY(status);
    SNT_TRY(snt_item_read_attribute(reply, place->attribute, &value, err));
    if (value != NULL) {
      SNT_TRY(visit(context, value, err));
    }
  }
  return snt_done();
}

snt_status snt_guest_read(void *state, const struct snt_bus_place *place, const char *value, struct snt_secret **out,
                          struct snt_err *err) {
  *out = NULL;
  PATHS_AUTO struct snt_paths found = {0};
  const char *item = NULL;
  SNT_TRY(find_item(state, place, value, &found, &item, err));
  return snt_item_get_secret(state, item, out, err);
}

snt_status snt_guest_remove(void *state, const struct snt_bus_place *place, const char *value, struct snt_err *err) {
  PATHS_AUTO struct snt_paths found = {0};
  const char *item = NULL;
  SNT_TRY(find_item(state, place, value, &found, &item, err));
  return snt_item_delete(state, item, err);
}
