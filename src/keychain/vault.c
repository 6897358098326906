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

/* The first that is there. What cannot be used (no desktop, no pass) is passed over here: it is not what was asked for.
 */
static snt_status open_first(const struct snt_vault_options *options, const struct snt_vault_keyring **keyring,
                             void **state, struct snt_buf *where, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf looked = {0};
  for (size_t i = 0; SNT_VAULT_KEYRINGS[i]->name != NULL; i++) {
    struct snt_err why = {0};
    snt_buf_reset(where);
    snt_status status = SNT_VAULT_KEYRINGS[i]->open(options, state, where, &why);
    if (snt_ok(status)) {
      *keyring = SNT_VAULT_KEYRINGS[i];
      return status;
    }
    SNT_TRY(snt_buf_appendf(&looked, err, "%s%s: %s", i == 0 ? "" : "; ", SNT_VAULT_KEYRINGS[i]->name, why.message));
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
    return snt_err_hint(err, "write --keyring " SNT_VAULT_NAMES);
  }
  SNT_TRY(found->open(options, state, where, err));
  *keyring = found;
  return snt_done();
}
