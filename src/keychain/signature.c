#include "keychain/signature.h"

#include <string.h>

#include "keychain/crypto.h"

enum snt_signature_algorithm snt_signature_find(const char *name) {
  static const struct {
    const char *name;
    enum snt_signature_algorithm algorithm;
  } rows[] = {{"ed25519", SNT_SIGNATURE_ED25519},
              {"RSASSA_PSS_SHA_256", SNT_SIGNATURE_RSA_PSS},
              {"ECDSA_SHA_256", SNT_SIGNATURE_ECDSA}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (strcmp(rows[i].name, name) == 0) {
      return rows[i].algorithm;
    }
  }
  return SNT_SIGNATURE_NONE;
}

snt_status snt_signature_check_key(struct snt_slice key, enum snt_signature_algorithm *out, struct snt_err *err) {
  *out = SNT_SIGNATURE_NONE;
  const struct snt_crypto *crypto = NULL;
  SNT_TRY(snt_crypto_load(&crypto, err));
  return crypto->check_key(key, out, err);
}

snt_status snt_signature_verify(enum snt_signature_algorithm algorithm, struct snt_slice key, struct snt_slice message,
                                struct snt_slice signature, struct snt_err *err) {
  const struct snt_crypto *crypto = NULL;
  SNT_TRY(snt_crypto_load(&crypto, err));
  return crypto->verify(algorithm, key, message, signature, err);
}
