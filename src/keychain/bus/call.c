/* What calls and answers are made of. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "keychain/bus/service.h"

static const char SERVICE_NAME[] = "org.freedesktop.secrets";

void snt_bus_free_message(sd_bus_message **message) { *message = sd_bus_message_unref(*message); }

snt_status snt_paths_add(struct snt_paths *paths, const char *path, struct snt_err *err) {
  char **more = reallocarray(paths->items, paths->count + 1, sizeof *more);
  if (more == NULL) {
    return snt_fail_memory(err);
  }
  paths->items = more;
  more[paths->count] = snt_str_dup(path);
  if (more[paths->count] == NULL) {
    return snt_fail_memory(err);
  }
  paths->count++;
  return snt_done();
}

void snt_paths_clear(struct snt_paths *paths) {
  for (size_t i = 0; i < paths->count; i++) {
    free(paths->items[i]);
  }
  free(paths->items);
  *paths = (struct snt_paths){0};
}

snt_status snt_call_fail(int error, const char *what, struct snt_err *err) {
  if (error == -ENOMEM) {
    return snt_fail_memory(err);
  }
  return error == -ENXIO || error == -EBADMSG
             ? snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's answer to %s makes no sense", what)
             : snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service cannot be used: %s: %s", what, strerror(-error));
}

snt_status snt_call_new(struct snt_service *service, const char *path, const char *interface, const char *method,
                        sd_bus_message **out, struct snt_err *err) {
  *out = NULL;
  SNT_MESSAGE_AUTO sd_bus_message *call = NULL;
  const char *name = service->owner == NULL ? SERVICE_NAME : service->owner;
  int error = sd_bus_message_new_method_call(service->bus, &call, name, path, interface, method);
  error = error < 0 ? error : sd_bus_message_sensitive(call);
  if (error < 0) {
    return snt_call_fail(error, method, err);
  }
  *out = SNT_MOVE(call);
  return snt_done();
}

static bool is_one_of(const char *name, const char *const *names) {
  for (; *names != NULL; names++) {
    if (strcmp(name, *names) == 0) {
      return true;
    }
  }
  return false;
}

snt_status snt_call_fail_answer(const char *method, const sd_bus_error *answer, struct snt_err *err) {
  static const char *const gone[] = {"org.freedesktop.Secret.Error.NoSuchObject",
                                     "org.freedesktop.DBus.Error.UnknownObject", NULL};
  static const char *const absent[] = {"org.freedesktop.DBus.Error.ServiceUnknown",
                                       "org.freedesktop.DBus.Error.NameHasNoOwner", NULL};
  if (is_one_of(answer->name, gone)) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "the Secret Service does not hold it");
  }
  if (is_one_of(answer->name, absent)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "there is no Secret Service on the D-Bus session");
  }
  if (strcmp(answer->name, "org.freedesktop.Secret.Error.IsLocked") == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED, "the Secret Service was locked meanwhile"));
    return snt_err_hint(err, "unlock it, and try again");
  }
  return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service refuses %s: %.300s (%.100s)", method,
                  answer->message == NULL ? "no reason given" : answer->message, answer->name);
}

snt_status snt_call_read_paths(sd_bus_message *reply, struct snt_paths *paths, struct snt_err *err) {
  static const char what[] = "SearchItems or Unlock";
  const char *path = NULL;
  int error = sd_bus_message_enter_container(reply, 'a', "o");
  if (error < 0) {
    return snt_call_fail(error, what, err);
  }
  while ((error = sd_bus_message_read_basic(reply, 'o', &path)) > 0) {
    SNT_TRY(snt_paths_add(paths, path, err));
  }
  error = error < 0 ? error : sd_bus_message_exit_container(reply);
  return error < 0 ? snt_call_fail(error, what, err) : snt_done();
}
