/* The Secret Service of the desktop: GNOME Keyring, KWallet and others, over D-Bus. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "keychain/backend.h"
#include "keychain/bus.h"
#include "keychain/names.h"

static const char WHERE[] = "the Secret Service";

struct service {
  const struct snt_bus *bus;
  void *conversation;
};

static void close_service(void **state) {
  struct service *service = *state;
  if (service != NULL) {
    if (service->conversation != NULL) {
      service->bus->close(&service->conversation);
    }
    free(service);
  }
  *state = NULL;
}

static snt_status open_service(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_service) void *opened = calloc(1, sizeof(struct service));
  if (opened == NULL) {
    return snt_fail_memory(err);
  }
  struct service *service = opened;
  snt_status status = snt_bus_open(options, false, &service->bus, &service->conversation, err);
  if (!snt_ok(status)) {
    return err != NULL && err->hint[0] == '\0'
               ? snt_err_hint(err, "run it in a desktop session, or choose another keychain: --backend file")
               : status;
  }
  *state = SNT_MOVE(opened);
  return snt_done();
}

static snt_status check_service(void *state, struct snt_err *err) {
  struct service *service = state;
  snt_status status = service->bus->check(service->conversation, err);
  return status.code == SNT_CODE_NOT_FOUND ? snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's keyring is gone")
                                           : status;
}

static void hush(void *state, bool is_hushed) {
  struct service *service = state;
  service->bus->hush(service->conversation, is_hushed);
}

/* NOT_FOUND is told in the keychain's words. */
static snt_status name_entry(snt_status status, const char *kind, const char *name, struct snt_err *err) {
  return status.code == SNT_CODE_NOT_FOUND ? snt_keychain_fail_missing(kind, name, WHERE, err) : status;
}

static snt_status read_entry(void *state, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  struct service *service = state;
  return name_entry(service->bus->read(service->conversation, kind, name, out, err), kind, name, err);
}

static snt_status write_entry(void *state, const char *kind, const char *name, const struct snt_secret *value,
                              struct snt_err *err) {
  struct service *service = state;
  snt_status status = service->bus->write(service->conversation, kind, name, value, err);
  return status.code == SNT_CODE_NOT_FOUND
             ? snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's keyring is gone: \"%s\" was not stored", name)
             : status;
}

static snt_status remove_entry(void *state, const char *kind, const char *name, struct snt_err *err) {
  struct service *service = state;
  return name_entry(service->bus->remove(service->conversation, kind, name, err), kind, name, err);
}

static snt_status collect(void *context, const char *name, struct snt_err *err) {
  return snt_names_add(context, name, 0, err);
}

static snt_status list_entries(void *state, const char *kind, void (*visit)(void *context, const char *name),
                               void *context, struct snt_err *err) {
  struct service *service = state;
  SNT_NAMES_AUTO struct snt_names names = {0};
  SNT_TRY(service->bus->list(service->conversation, kind, collect, &names, err));
  snt_names_sort(&names);
  for (size_t i = 0; i < names.count; i++) {
    visit(context, names.items[i].name);
  }
  return snt_done();
}

const struct snt_keychain_backend SNT_KEYCHAIN_SECRET_SERVICE = {
    .name = "secret-service",
    .summary = "the desktop's Secret Service (GNOME Keyring, KWallet), unlocked with the login",
    .is_automatic = true,
    .open = open_service,
    .close = close_service,
    .check = check_service,
    .hush = hush,
    .read = read_entry,
    .write = write_entry,
    .remove = remove_entry,
    .list = list_entries,
};
