/* aws-vault's keyring in the Secret Service: a collection of its own, an item for each key; the attribute "profile" is
 * its name, the secret its text. */
#include <stdlib.h>

#include "keychain/bus.h"
#include "keychain/keychain.h"
#include "keychain/vault.h"

struct service {
  const struct snt_bus *bus;
  void *conversation;
  struct snt_bus_place place;
};

static void close_service(void **state) {
  struct service *service = *state;
  if (service != NULL && service->conversation != NULL) {
    service->bus->close(&service->conversation);
  }
  free(service);
  *state = NULL;
}

static snt_status open_service(const struct snt_vault_options *options, void **state, struct snt_buf *where,
                               struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_service) void *opened = calloc(1, sizeof(struct service));
  struct service *service = opened;
  if (service == NULL) {
    return snt_fail_memory(err);
  }
  service->place.collection = options->collection == NULL ? "awsvault" : options->collection;
  service->place.attribute = "profile";
  SNT_TRY(snt_buf_appendf(where, err, "the collection \"%.200s\" of the Secret Service", service->place.collection));
  struct snt_keychain_options how = {.prompt_deadline_ms = options->prompt_deadline_ms};
  SNT_TRY(snt_bus_open(&how, true, &service->bus, &service->conversation, err));
  SNT_TRY(service->bus->guest_find(service->conversation, &service->place, err));
  *state = SNT_MOVE(opened);
  return snt_done();
}

static snt_status list_items(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                             void *context, struct snt_err *err) {
  struct service *service = state;
  return service->bus->guest_list(service->conversation, &service->place, visit, context, err);
}

static snt_status read_item(void *state, const char *name, struct snt_secret **out, struct snt_err *err) {
  struct service *service = state;
  return service->bus->guest_read(service->conversation, &service->place, name, out, err);
}

static snt_status remove_item(void *state, const char *name, struct snt_err *err) {
  struct service *service = state;
  return service->bus->guest_remove(service->conversation, &service->place, name, err);
}

const struct snt_vault_keyring SNT_VAULT_SERVICE = {
    .name = "secret-service",
    .summary = "a collection of the desktop's Secret Service",
    .open = open_service,
    .close = close_service,
    .list = list_items,
    .read = read_item,
    .remove = remove_item,
};
