/* What is asked of one item, whoever's it is. */
#include <errno.h>
#include <string.h>

#include "keychain/bus/service.h"

snt_status snt_item_get_property(struct snt_service *service, const char *path, const char *interface,
                                 const char *property, sd_bus_message **reply, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_TRY(snt_call_new(service, path, "org.freedesktop.DBus.Properties", "Get", &call, err));
  int error = sd_bus_message_append(call, "ss", interface, property);
  if (error < 0) {
    return snt_call_fail(error, "Get", err);
  }
  return snt_call_send(service, call, SNT_BUS_CALL_MS, reply, err);
}

/* Seconds; 0 for an item that is gone. */
static snt_status get_time(struct snt_service *service, const char *item, const char *property, uint64_t *out,
                           struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  *out = 0;
  snt_status status = snt_item_get_property(service, item, SNT_ITEM_INTERFACE, property, &reply, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  int error = sd_bus_message_enter_container(reply, 'v', "t");
  error = error < 0 ? error : sd_bus_message_read_basic(reply, 't', out);
  return error <= 0 ? snt_call_fail(error == 0 ? -ENXIO : error, "Get", err) : snt_done();
}

/* Services number their items, so that of two of the same second the longer and then the greater path is the newer. */
static bool is_later_path(const char *a, const char *b) {
  size_t a_len = strlen(a);
  size_t b_len = strlen(b);
  return a_len != b_len ? a_len > b_len : strcmp(a, b) > 0;
}

snt_status snt_item_find_newest(struct snt_service *service, const struct snt_paths *items, size_t *out,
                                struct snt_err *err) {
  uint64_t newest = 0;
  *out = 0;
  for (size_t i = 0; i < items->count && items->count > 1; i++) {
    uint64_t modified = 0;
    SNT_TRY(get_time(service, items->items[i], "Modified", &modified, err));
    if (i == 0 || modified > newest || (modified == newest && is_later_path(items->items[i], items->items[*out]))) {
      newest = modified;
      *out = i;
    }
  }
  return snt_done();
}

snt_status snt_item_get_secret(struct snt_service *service, const char *item, struct snt_secret **out,
                               struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_session_open(service, err));
  SNT_TRY(snt_call_new(service, item, SNT_ITEM_INTERFACE, "GetSecret", &call, err));
  int error = sd_bus_message_append_basic(call, 'o', service->session);
  if (error < 0) {
    return snt_call_fail(error, "GetSecret", err);
  }
  SNT_TRY(snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err));
  return snt_session_read(service, reply, out, err);
}

snt_status snt_item_delete(struct snt_service *service, const char *item, struct snt_err *err) {
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *reply = NULL;
  SNT_TRY(snt_call_new(service, item, SNT_ITEM_INTERFACE, "Delete", &call, err));
  SNT_TRY(snt_call_send(service, call, SNT_BUS_CALL_MS, &reply, err));
  const char *prompt = NULL;
  int error = sd_bus_message_read_basic(reply, 'o', &prompt);
  if (error <= 0) {
    return snt_call_fail(error == 0 ? -ENXIO : error, "Delete", err);
  }
  return snt_prompt_finish(service, prompt, NULL, err);
}

snt_status snt_item_read_attribute(sd_bus_message *reply, const char *attribute, const char **out,
                                   struct snt_err *err) {
  const char *key = NULL;
  const char *value = NULL;
  *out = NULL;
  int error = sd_bus_message_enter_container(reply, 'v', "a{ss}");
  error = error < 0 ? error : sd_bus_message_enter_container(reply, 'a', "{ss}");
  while (error >= 0 && (error = sd_bus_message_read(reply, "{ss}", &key, &value)) > 0) {
    *out = strcmp(key, attribute) == 0 ? value : *out;
  }
  return error < 0 ? snt_call_fail(error, "Get", err) : snt_done();
}
