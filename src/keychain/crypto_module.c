/* The crypto module is a file of its own. */
#include "base/module.h"
#include "keychain/crypto.h"

snt_status snt_crypto_load(const struct snt_crypto **out, struct snt_err *err) {
  static const void *table;
  *out = NULL;
  if (table == NULL) {
    SNT_TRY(snt_module_load("crypto", &table, err));
  }
  *out = table;
  return snt_done();
}
