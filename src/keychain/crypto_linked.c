/* The crypto module is part of the program. */
#include "base/module.h"
#include "keychain/crypto.h"

extern const struct snt_module snt_module_crypto;

snt_status snt_crypto_load(const struct snt_crypto **out, struct snt_err *err) {
  (void)err;
  *out = snt_module_crypto.table;
  return snt_done();
}
