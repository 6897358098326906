/* The kernel keyring: one key of type "user" for each entry, "sentinel:entry:<kind>:<name>". It forgets at reboot.
 *
 * MUST
 *  1. hold entries under descriptions that only this file writes. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "keychain/backend.h"
#include "keychain/kernel_keys.h"
#include "keychain/names.h"

static const char WHERE[] = "the kernel keyring (it is empty after a reboot)";

static snt_status fail_kernel(int error, const char *what, const char *name, struct snt_err *err) {
  if (error == EDQUOT) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_KEYCHAIN, "%s \"%s\": the kernel's quota of keys for this user is used up", what, name));
    return snt_err_hint(err, "see /proc/key-users and /proc/sys/kernel/keys/, or use --backend file");
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "%s \"%s\" in the kernel keyring: %s", what, name, strerror(error)));
  return snt_err_hint(err, "containers often forbid the kernel keyring; use --backend file");
}

static snt_status describe(const char *kind, const char *name, struct snt_buf *out, struct snt_err *err) {
  return snt_buf_appendf(out, err, "sentinel:entry:%s:%s", kind, name);
}

static snt_status open_ring(const struct snt_keychain_options *options, void **state, struct snt_err *err) {
  (void)options;
  *state = NULL;
  int error = snt_kernel_keys_check();
  if (error != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the kernel keyring is not available: %s", strerror(error)));
    return snt_err_hint(err, "containers often forbid the kernel keyring; use --backend file");
  }
  return snt_done();
}

static void close_ring(void **state) { *state = NULL; }

static snt_status read_entry(void *state, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf description = {0};
  SNT_TRY(describe(kind, name, &description, err));
  int error = snt_kernel_key_read(description.data, out);
  if (error == ENOKEY) {
    return snt_keychain_fail_missing(kind, name, WHERE, err);
  }
  return error == 0 ? snt_done() : fail_kernel(error, "reading", name, err);
}

static snt_status write_entry(void *state, const char *kind, const char *name, const struct snt_secret *value,
                              struct snt_err *err) {
  (void)state;
  size_t len = snt_secret_len(value);
  if (len > SNT_KERNEL_KEY_MAX) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the entry \"%s\" has %zu bytes; a key of the kernel holds %zu", name,
                        len, SNT_KERNEL_KEY_MAX));
    return snt_err_hint(err, "use --backend file");
  }
  SNT_BUF_AUTO struct snt_buf description = {0};
  SNT_TRY(describe(kind, name, &description, err));
  int error = snt_kernel_key_write(description.data, snt_secret_borrow(value), len, 0);
  return error == 0 ? snt_done() : fail_kernel(error, "storing", name, err);
}

static snt_status remove_entry(void *state, const char *kind, const char *name, struct snt_err *err) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf description = {0};
  SNT_TRY(describe(kind, name, &description, err));
  int error = snt_kernel_key_remove(description.data);
  if (error == ENOKEY) {
    return snt_keychain_fail_missing(kind, name, WHERE, err);
  }
  return error == 0 ? snt_done() : fail_kernel(error, "removing", name, err);
}

static int collect(void *context, const char *rest) {
  return snt_ok(snt_names_add(context, rest, 0, NULL)) ? 0 : ENOMEM;
}

static snt_status list_entries(void *state, const char *kind, void (*visit)(void *context, const char *name),
                               void *context, struct snt_err *err) {
  (void)state;
  SNT_NAMES_AUTO struct snt_names names = {0};
  SNT_BUF_AUTO struct snt_buf prefix = {0};
  SNT_TRY(describe(kind, "", &prefix, err));
  int error = snt_kernel_keys_list(prefix.data, collect, &names);
  if (error != 0) {
    return error == ENOMEM ? snt_fail_memory(err) : fail_kernel(error, "listing", kind, err);
  }
  snt_names_sort(&names);
  for (size_t i = 0; i < names.count; i++) {
    visit(context, names.items[i].name);
  }
  return snt_done();
}

const struct snt_keychain_backend SNT_KEYCHAIN_KEYRING = {
    .name = "keyring",
    .summary = "the kernel keyring of this user: no passphrase, forgotten at reboot",
    .is_automatic = false,
    .open = open_ring,
    .close = close_ring,
    .read = read_entry,
    .write = write_entry,
    .remove = remove_entry,
    .list = list_entries,
};
