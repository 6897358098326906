/* The table, and what holds for every row of it.
 *
 * MUST
 *  1. check kind, name and size before a backend sees them. */
#include "keychain/keychain.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "keychain/backend.h"

const struct snt_keychain_backend *const SNT_KEYCHAIN_BACKENDS[] = {
    &SNT_KEYCHAIN_FILE,
    &SNT_KEYCHAIN_KEYRING,
    &(const struct snt_keychain_backend){.name = NULL},
};

struct snt_keychain {
  const struct snt_keychain_backend *backend;
  void *state;
};

snt_status snt_keychain_fail_missing(const char *kind, const char *name, const char *where, struct snt_err *err) {
  bool is_plugin = strcmp(kind, SNT_KEYCHAIN_KIND_PLUGIN) == 0;
  SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_FOUND, "there is no entry \"%s\" in %s", name, where));
  return snt_err_hint(err, "store it with: sentinel add %s%s", is_plugin ? "--secret " : "", name);
}

static snt_status fail_unknown(const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf names = {0};
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    SNT_TRY(snt_buf_appendf(&names, err, ", %s", SNT_KEYCHAIN_BACKENDS[i]->name));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "there is no keychain backend \"%.64s\"", name));
  return snt_err_hint(err, "the backends are auto%s", snt_buf_borrow(&names));
}

static bool is_chosen(const struct snt_keychain_backend *backend, const char *wanted) {
  bool is_auto = wanted == NULL || strcmp(wanted, "auto") == 0;
  return is_auto ? backend->is_automatic : strcmp(backend->name, wanted) == 0;
}

snt_status snt_keychain_open(const struct snt_keychain_options *options, struct snt_keychain **out,
                             struct snt_err *err) {
  *out = NULL;
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = calloc(1, sizeof *keychain);
  if (keychain == NULL) {
    return snt_fail_memory(err);
  }
  snt_status status = {SNT_CODE_FAILED};
  bool was_tried = false;
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL && !snt_ok(status); i++) {
    if (is_chosen(SNT_KEYCHAIN_BACKENDS[i], options->backend)) {
      was_tried = true;
      keychain->backend = SNT_KEYCHAIN_BACKENDS[i];
      status = keychain->backend->open(options, &keychain->state, err);
    }
  }
  if (!was_tried) {
    return fail_unknown(options->backend, err);
  }
  SNT_TRY(status);
  *out = SNT_MOVE(keychain);
  return snt_done();
}

void snt_keychain_close(struct snt_keychain **keychain) {
  if (keychain == NULL || *keychain == NULL) {
    return;
  }
  if ((*keychain)->state != NULL) {
    (*keychain)->backend->close(&(*keychain)->state);
  }
  free(*keychain);
  *keychain = NULL;
}

void snt_keychain_hush(struct snt_keychain *keychain, bool is_hushed) {
  if (keychain->backend->hush != NULL) {
    keychain->backend->hush(keychain->state, is_hushed);
  }
}

const char *snt_keychain_backend_name(const struct snt_keychain *keychain) { return keychain->backend->name; }

static snt_status check_kind(const char *kind, struct snt_err *err) {
  size_t len = strlen(kind);
  bool is_good =
      len > 0 && len <= SNT_KEYCHAIN_KIND_MAX && strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
  return is_good ? snt_done() : snt_fail(err, SNT_CODE_BUG, "an entry of an odd kind");
}

static snt_status check_entry(const char *kind, const char *name, struct snt_err *err) {
  SNT_TRY(check_kind(kind, err));
  size_t len = strlen(name);
  if (len == 0 || len > SNT_KEYCHAIN_NAME_MAX || !snt_utf8_check_printable(name, len)) {
    return snt_fail(err, SNT_CODE_USAGE, "the name of a keychain entry is 1 to %zu bytes of printable UTF-8",
                    SNT_KEYCHAIN_NAME_MAX);
  }
  return snt_done();
}

snt_status snt_keychain_read(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_secret **out,
                             struct snt_err *err) {
  *out = NULL;
  SNT_TRY(check_entry(kind, name, err));
  return keychain->backend->read(keychain->state, kind, name, out, err);
}

snt_status snt_keychain_write(struct snt_keychain *keychain, const char *kind, const char *name,
                              const struct snt_secret *value, struct snt_err *err) {
  SNT_TRY(check_entry(kind, name, err));
  size_t len = snt_secret_len(value);
  if (len == 0 || len > SNT_KEYCHAIN_VALUE_CAP) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the entry \"%s\" has %zu bytes; 1 to %zu can be stored", name, len,
                    SNT_KEYCHAIN_VALUE_CAP);
  }
  return keychain->backend->write(keychain->state, kind, name, value, err);
}

snt_status snt_keychain_remove(struct snt_keychain *keychain, const char *kind, const char *name, struct snt_err *err) {
  SNT_TRY(check_entry(kind, name, err));
  return keychain->backend->remove(keychain->state, kind, name, err);
}

snt_status snt_keychain_list(struct snt_keychain *keychain, const char *kind,
                             void (*visit)(void *context, const char *name), void *context, struct snt_err *err) {
  SNT_TRY(check_kind(kind, err));
  return keychain->backend->list(keychain->state, kind, visit, context, err);
}
