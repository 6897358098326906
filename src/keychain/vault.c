#include "keychain/vault.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const struct snt_vault_keyring *const SNT_VAULT_KEYRINGS[] = {
    &SNT_VAULT_SERVICE,
    &SNT_VAULT_PASS,
    &SNT_VAULT_FILE,
    &(const struct snt_vault_keyring){.name = NULL},
};

const struct snt_vault_keyring *snt_vault_find(const char *name) {
  size_t i = 0;
  while (SNT_VAULT_KEYRINGS[i]->name != NULL && strcmp(SNT_VAULT_KEYRINGS[i]->name, name) != 0) {
    i++;
  }
  return SNT_VAULT_KEYRINGS[i]->name == NULL ? NULL : SNT_VAULT_KEYRINGS[i];
}

snt_status snt_vault_expand(const char *path, struct snt_buf *out, struct snt_err *err) {
  const char *home = getenv("HOME");
  if (path[0] != '~' || (path[1] != '/' && path[1] != '\0')) {
    return snt_buf_append_str(out, path, err);
  }
  if (home == NULL || home[0] != '/') {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: there is no home, HOME is not set", path);
  }
  SNT_TRY(snt_buf_append_str(out, home, err));
  return snt_buf_append_str(out, path + 1, err);
}

static snt_status count(void *context, const char *name, struct snt_err *err) {
  (void)name;
  (void)err;
  ++*(size_t *)context;
  return snt_done();
}

static snt_status open_row(const struct snt_vault_keyring *row, const struct snt_vault_options *options, void **state,
                           struct snt_buf *where, struct snt_err *err) {
  snt_buf_reset(where);
  return row->open(options, state, where, err);
}

/* Whether it is there and has items; out tells otherwise. What cannot be used here (no desktop, no pass) is passed
 * over: it is not what was asked for. */
static snt_status look(const struct snt_vault_keyring *row, const struct snt_vault_options *options,
                       struct snt_buf *where, bool *is_there, size_t *items, struct snt_buf *out, struct snt_err *err) {
  void *state = NULL;
  struct snt_err why = {0};
  *items = 0;
  snt_status status = open_row(row, options, &state, where, &why);
  *is_there = snt_ok(status);
  status = *is_there ? row->list(state, count, items, &why) : status;
  if (*is_there) {
    row->close(&state);
  }
  return snt_ok(status) ? snt_done()
                        : snt_buf_appendf(out, err, "%s%s: %s", out->len == 0 ? "" : "; ", row->name, why.message);
}

/* The first that has items, else the first that is there. */
static snt_status open_first(const struct snt_vault_options *options, const struct snt_vault_keyring **keyring,
                             void **state, struct snt_buf *where, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf looked = {0};
  const struct snt_vault_keyring *found = NULL;
  size_t items = 0;
  for (size_t i = 0; SNT_VAULT_KEYRINGS[i]->name != NULL && items == 0; i++) {
    bool is_there = false;
    SNT_TRY(look(SNT_VAULT_KEYRINGS[i], options, where, &is_there, &items, &looked, err));
    found = is_there && (found == NULL || items > 0) ? SNT_VAULT_KEYRINGS[i] : found;
  }
  if (found != NULL) {
    SNT_TRY(open_row(found, options, state, where, err));
    *keyring = found;
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_FOUND, "no keyring of aws-vault was found (%s)", looked.data));
  return snt_err_hint(err, "name it with --keyring, and its place as aws-vault has it: AWS_VAULT_FILE_DIR, "
                           "AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME, AWS_VAULT_PASS_PREFIX");
}

snt_status snt_vault_open(const char *name, const struct snt_vault_options *options,
                          const struct snt_vault_keyring **keyring, void **state, struct snt_buf *where,
                          struct snt_err *err) {
  *keyring = NULL;
  *state = NULL;
  if (name == NULL) {
    return open_first(options, keyring, state, where, err);
  }
  const struct snt_vault_keyring *found = snt_vault_find(name);
  if (found == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.64s\" is no keyring of aws-vault that can be read here", name));
    return snt_err_hint(err, "write --keyring " SNT_VAULT_NAMES
                             "; a key that is elsewhere is taken by `sentinel add P --stdin`");
  }
  SNT_TRY(found->open(options, state, where, err));
  *keyring = found;
  return snt_done();
}
