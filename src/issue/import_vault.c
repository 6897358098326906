/* aws-vault's keyrings as a source of keys. */
#include <stdlib.h>
#include <string.h>

#include "aws/vault_item.h"
#include "issue/environment.h"
#include "issue/import_keys.h"

struct vault {
  const struct snt_vault_keyring *keyring;
  void *state;
  struct snt_secret *passphrase;
};

static void close_vault(void **state) {
  struct vault *vault = *state;
  if (vault != NULL) {
    if (vault->state != NULL) {
      vault->keyring->close(&vault->state);
    }
    snt_secret_free(&vault->passphrase);
    free(vault);
  }
  *state = NULL;
}

/* NULL for one that is not set, or empty. */
static const char *variable(const char *name) {
  const char *value = getenv(name);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

static snt_status list_names(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                             void *context, struct snt_err *err) {
  const struct vault *vault = state;
  return vault->keyring->list(vault->state, visit, context, err);
}

static snt_status read_key(void *state, const char *name, struct snt_aws_credentials *out, struct snt_err *err) {
  const struct vault *vault = state;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  memset(out, 0, sizeof *out);
  SNT_TRY(vault->keyring->read(vault->state, name, &text, err));
  return snt_vault_item_parse(name, text, out, err);
}

static snt_status remove_key(void *state, const char *name, struct snt_err *err) {
  const struct vault *vault = state;
  return vault->keyring->remove(vault->state, name, err);
}

snt_status snt_import_source_open_vault(const char *name, bool is_named, struct snt_import_source *out,
                                        struct snt_err *err) {
  *out = (struct snt_import_source){0};
  SNT_CLEANUP(close_vault) void *opened = calloc(1, sizeof(struct vault));
  struct vault *vault = opened;
  if (vault == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_environment_take_vault_passphrase(&vault->passphrase, err));
  struct snt_vault_options options = {.folder = variable("AWS_VAULT_FILE_DIR"),
                                      .collection = variable("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME"),
                                      .store = variable("AWS_VAULT_PASS_PASSWORD_STORE_DIR"),
                                      .prefix = variable("AWS_VAULT_PASS_PREFIX"),
                                      .is_named = is_named,
                                      .passphrase = vault->passphrase};
  const char *wanted = name != NULL ? name : variable("AWS_VAULT_BACKEND");
  snt_status status = snt_vault_open(wanted, &options, &vault->keyring, &vault->state, &out->where, err);
  bool is_odd_variable = name == NULL && wanted != NULL && snt_vault_find(wanted) == NULL;
  SNT_TRY(is_odd_variable ? snt_err_prefix(err, "AWS_VAULT_BACKEND") : status);
  out->list = list_names;
  out->is_cached = snt_vault_is_cached;
  out->read = read_key;
  out->remove = remove_key;
  out->close = close_vault;
  out->state = SNT_MOVE(opened);
  return snt_done();
}
