/* The TPM module is a file of its own. */
#include "base/module.h"
#include "keychain/tpm.h"

snt_status snt_tpm_load(const struct snt_tpm **out, struct snt_err *err) {
  static const void *table;
  *out = NULL;
  if (table == NULL) {
    SNT_TRY(snt_module_load("tpm", &table, err));
  }
  *out = table;
  return snt_done();
}
