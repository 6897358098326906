/* The way to the D-Bus session of the desktop.
 *
 * MUST
 *  1. load nothing and connect to nothing where the environment shows no D-Bus session. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "keychain/bus.h"
#include "keychain/keychain.h"

enum { PROMPT_MS = 50000 };

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

snt_status snt_bus_open(const struct snt_keychain_options *options, bool is_guest, const struct snt_bus **bus,
                        void **state, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf address = {0};
  SNT_TRY(find_address(&address, err));
  SNT_TRY(snt_bus_load(bus, err));
  struct snt_bus_options how = {
      .address = address.data,
      .may_prompt = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
      .prompt_ms = options->prompt_deadline_ms > 0 ? options->prompt_deadline_ms : PROMPT_MS,
      .turns = find_turns(),
      .is_guest = is_guest,
      .first_kind = options->first_kind,
      .first_name = options->first_name,
  };
  return (*bus)->open(&how, state, err);
}
