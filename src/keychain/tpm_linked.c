/* The TPM module is part of the program. */
#include "base/module.h"
#include "keychain/tpm.h"

extern const struct snt_module snt_module_tpm;

snt_status snt_tpm_load(const struct snt_tpm **out, struct snt_err *err) {
  (void)err;
  *out = snt_module_tpm.table;
  return snt_done();
}
