/* Ed25519 with a seed of ours. What libcrypto keeps of it, it wipes (EVP_PKEY_free). */
#include <openssl/evp.h>

#include "base/secret.h"
#include "keychain/module/signatures.h"

static void free_key(EVP_PKEY **key) {
  EVP_PKEY_free(*key);
  *key = NULL;
}

static void free_digest(EVP_MD_CTX **context) {
  EVP_MD_CTX_free(*context);
  *context = NULL;
}

static snt_status read_seed(const struct snt_secret *seed, EVP_PKEY **out, struct snt_err *err) {
  if (snt_secret_len(seed) != SNT_ED25519_LEN) {
    return snt_fail(err, SNT_CODE_BUG, "an Ed25519 seed of another length than 32");
  }
  *out = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)snt_secret_borrow(seed),
                                      SNT_ED25519_LEN);
  return *out == NULL ? snt_crypto_fail("Ed25519", err) : snt_done();
}

snt_status snt_signing_public(const struct snt_secret *seed, uint8_t out[static SNT_ED25519_LEN], struct snt_err *err) {
  SNT_CLEANUP(free_key) EVP_PKEY *key = NULL;
  size_t len = SNT_ED25519_LEN;
  SNT_TRY(read_seed(seed, &key, err));
  return EVP_PKEY_get_raw_public_key(key, out, &len) == 1 && len == SNT_ED25519_LEN ? snt_done()
                                                                                    : snt_crypto_fail("Ed25519", err);
}

snt_status snt_signing_sign(const struct snt_secret *seed, struct snt_slice message,
                            uint8_t out[static SNT_ED25519_SIGNATURE_LEN], struct snt_err *err) {
  SNT_CLEANUP(free_key) EVP_PKEY *key = NULL;
  SNT_CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
  size_t len = SNT_ED25519_SIGNATURE_LEN;
  SNT_TRY(read_seed(seed, &key, err));
  bool is_signed = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestSign(context, out, &len, (const unsigned char *)message.data, message.len) == 1 &&
                   len == SNT_ED25519_SIGNATURE_LEN;
  return is_signed ? snt_done() : snt_crypto_fail("Ed25519", err);
}
