/* The Secret Service of the desktop: GNOME Keyring, KWallet and others, over D-Bus.
 *
 * MUST
 *  1. load nothing and connect to nothing where the environment shows no D-Bus session. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "keychain/backend.h"
#include "keychain/bus.h"
#include "keychain/names.h"

enum { PROMPT_MS = 50000 };

static const char WHERE[] = "the Secret Service";

struct service {
  const struct snt_bus *bus;
  void *conversation;
};

static bool is_set(const char *variable) {
  const char *value = getenv(variable);
  return value != NULL && value[0] != '\0';
}

/* Bytes that an address cannot hold as they are become %XX. */
static snt_status append_escaped(struct snt_buf *out, const char *text, struct snt_err *err) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/.";
  for (; *text != '\0'; text++) {
    SNT_TRY(strchr(plain, *text) != NULL ? snt_buf_append_char(out, *text, err)
                                         : snt_buf_appendf(out, err, "%%%02x", (unsigned)(unsigned char)*text));
  }
  return snt_done();
}

static snt_status fail_absent(struct snt_err *err) {
  return snt_fail(
      err, SNT_CODE_KEYCHAIN,
      "there is no D-Bus session: DBUS_SESSION_BUS_ADDRESS is not set, and there is no $XDG_RUNTIME_DIR/bus");
}

/* As D-Bus programs find it. Code KEYCHAIN. */
static snt_status find_address(struct snt_buf *out, struct snt_err *err) {
  if (is_set("DBUS_SESSION_BUS_ADDRESS")) {
    return snt_buf_append_str(out, getenv("DBUS_SESSION_BUS_ADDRESS"), err);
  }
  if (!is_set("XDG_RUNTIME_DIR")) {
    return fail_absent(err);
  }
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct stat info;
  SNT_TRY(snt_buf_appendf(&path, err, "%s/bus", getenv("XDG_RUNTIME_DIR")));
  if (stat(path.data, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    return fail_absent(err);
  }
  SNT_TRY(snt_buf_append_str(out, "unix:path=", err));
  return append_escaped(out, path.data, err);
}

/* The folder of this user's session; NULL where there is none. */
static const char *find_turns(void) {
  const char *folder = getenv("XDG_RUNTIME_DIR");
  struct stat info;
  bool is_good = folder != NULL && folder[0] == '/' && stat(folder, &info) == 0 && S_ISDIR(info.st_mode) &&
                 info.st_uid == geteuid() && (info.st_mode & 022) == 0;
  return is_good ? folder : NULL;
}

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

static snt_status open_conversation(const struct snt_keychain_options *options, struct service *service,
                                    struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf address = {0};
  SNT_TRY(find_address(&address, err));
  SNT_TRY(snt_bus_load(&service->bus, err));
  struct snt_bus_options how = {
      .address = address.data,
      .may_prompt = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
      .prompt_ms = options->prompt_deadline_ms > 0 ? options->prompt_deadline_ms : PROMPT_MS,
      .turns = find_turns(),
  };
  return service->bus->open(&how, &service->conversation, err);
}

static snt_status open_service(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  *state = NULL;
  SNT_CLEANUP(close_service) void *opened = calloc(1, sizeof(struct service));
  if (opened == NULL) {
    return snt_fail_memory(err);
  }
  snt_status status = open_conversation(options, opened, err);
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
