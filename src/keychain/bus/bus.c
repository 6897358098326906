/* The bus module: the Secret Service over sd-bus, which costs a fifth of what the usual library does.
 *
 * MUST
 *  1. end the opening within a second: with a conversation, or with the reason why there is none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "keychain/bus/dh.h"
#include "keychain/bus/service.h"
#include "snt_build_id.h"

/* "default" is what the user chose, "login" what GNOME makes by itself. */
static const char *const ALIASES[] = {"default", "login", NULL};

static void close_service(void **state) {
  struct snt_service *service = *state;
  if (service != NULL) {
    snt_pending_free(&service->early.search);
    snt_pending_free(&service->opening);
    sd_bus_close_unref(service->bus);
    snt_secret_free(&service->key);
    snt_dh_free(&service->dh);
    free(service->early.kind);
    free(service->early.name);
    free(service->owner);
    free(service->session);
    free(service->collection);
    free(service->turns);
    free(service);
  }
  *state = NULL;
}

/* All further calls go to who answered this one. */
static snt_status keep_owner(struct snt_service *service, sd_bus_message *reply, struct snt_err *err) {
  const char *sender = sd_bus_message_get_sender(reply);
  if (service->owner == NULL && sender != NULL) {
    service->owner = snt_str_dup(sender);
  }
  return service->owner == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status begin_alias(struct snt_service *service, const char *alias, struct snt_pending **out,
                              struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_TRY(snt_call_new(service, SNT_SERVICE_PATH, SNT_SERVICE_INTERFACE, "ReadAlias", &call, err));
  int error = sd_bus_message_append_basic(call, 's', alias);
  if (error < 0) {
    return snt_call_fail(error, "ReadAlias", err);
  }
  return snt_call_begin(service, call, out, err);
}

/* The collection that it leads to into service->collection, which stays NULL when there is none. */
static snt_status finish_alias(struct snt_service *service, struct snt_pending **pending, int64_t deadline_ms,
                               struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  int left_ms = (int)(deadline_ms - snt_clock_monotonic_ms());
  SNT_TRY(snt_call_finish(service, pending, left_ms, &reply, NULL, err));
  SNT_TRY(keep_owner(service, reply, err));
  const char *path = NULL;
  int error = sd_bus_message_read_basic(reply, 'o', &path);
  if (error <= 0) {
    return snt_call_fail(error == 0 ? -ENXIO : error, "ReadAlias", err);
  }
  if (strcmp(path, "/") != 0) {
    service->collection = snt_str_dup(path);
    return service->collection == NULL ? snt_fail_memory(err) : snt_done();
  }
  return snt_done();
}

/* What is going to be needed, in the order in which the service, which does one thing after the other, is to answer:
 * whether it is there, where the entry is, and then what takes it long. */
static snt_status send_ahead(struct snt_service *service, const struct snt_bus_options *options,
                             struct snt_pending **alias, struct snt_err *err) {
  SNT_TRY(begin_alias(service, ALIASES[0], alias, err));
  if (options->first_kind == NULL || options->first_name == NULL) {
    return snt_done();
  }
  service->early.kind = snt_str_dup(options->first_kind);
  service->early.name = snt_str_dup(options->first_name);
  if (service->early.kind == NULL || service->early.name == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_items_begin(service, err));
  return snt_session_begin(service, err);
}

/* alias is on its way. A guest is content with none. */
static snt_status find_collection(struct snt_service *service, struct snt_pending **alias, bool is_guest,
                                  int64_t deadline_ms, struct snt_err *err) {
  SNT_TRY(finish_alias(service, alias, deadline_ms, err));
  for (size_t i = 1; ALIASES[i] != NULL && service->collection == NULL; i++) {
    SNT_TRY(begin_alias(service, ALIASES[i], alias, err));
    SNT_TRY(finish_alias(service, alias, deadline_ms, err));
  }
  if (service->collection != NULL || is_guest) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service has no keyring yet that it could keep entries in"));
  return snt_err_hint(err, "log in to the desktop once, or make a default keyring with its password manager");
}

static snt_status open_service(const struct snt_bus_options *options, void **state, struct snt_err *err) {
  *state = NULL;
  int64_t deadline_ms = snt_clock_monotonic_ms() + SNT_BUS_OPEN_MS;
  SNT_CLEANUP(close_service) void *opened = calloc(1, sizeof(struct snt_service));
  struct snt_service *service = opened;
  if (service == NULL) {
    return snt_fail_memory(err);
  }
  service->may_prompt = options->may_prompt;
  service->prompt_ms = options->prompt_ms;
  service->turns = options->turns == NULL ? NULL : snt_str_dup(options->turns);
  SNT_PENDING_AUTO struct snt_pending *alias = NULL;
  SNT_TRY(snt_bus_connect(options->address, &service->bus, err));
  SNT_TRY(send_ahead(service, options, &alias, err));
  SNT_TRY(snt_bus_wait(service->bus, options->address, deadline_ms, err));
  SNT_TRY(find_collection(service, &alias, options->is_guest, deadline_ms, err));
  *state = SNT_MOVE(opened);
  return snt_done();
}

static void hush(void *state, bool is_hushed) { ((struct snt_service *)state)->is_hushed = is_hushed; }

static const struct snt_bus TABLE = {
    .open = open_service,
    .close = close_service,
    .check = snt_items_check,
    .hush = hush,
    .read = snt_items_read,
    .write = snt_items_write,
    .remove = snt_items_remove,
    .list = snt_items_list,
    .guest_find = snt_guest_find,
    .guest_list = snt_guest_list,
    .guest_read = snt_guest_read,
    .guest_remove = snt_guest_remove,
};

SNT_MODULE_EXPORT extern const struct snt_module snt_module_bus;
const struct snt_module snt_module_bus = {SNT_BUILD_ID, &TABLE};
