/* The crypto module: scrypt and AES-256-GCM out of libcrypto's providers; signing.c,
 * verifying.c and wrapping.c have the rest.
 *
 * MUST
 *  1. give out no byte that was not authenticated;
 *  2. say nothing of keys, passphrases and contents in an error. */
#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/module.h"
#include "base/secret.h"
#include "keychain/crypto.h"
#include "keychain/module/signatures.h"
#include "snt_build_id.h"

enum { SCRYPT_R = 8, SCRYPT_P = 1 };

static void free_cipher(EVP_CIPHER_CTX **context) {
  EVP_CIPHER_CTX_free(*context); /* wipes the key schedule */
  *context = NULL;
}

snt_status snt_crypto_fail(const char *what, struct snt_err *err) {
  const char *reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return snt_fail(err, SNT_CODE_KEYCHAIN, "%s failed in libcrypto: %s", what,
                  reason == NULL ? "no reason given" : reason);
}

static snt_status derive(const struct snt_secret *passphrase, const uint8_t *salt, size_t salt_len, unsigned log2_n,
                         struct snt_secret *key, struct snt_err *err) {
  if (log2_n < 1 || log2_n > 24 || snt_secret_cap(key) < SNT_CRYPTO_KEY_LEN) {
    return snt_fail(err, SNT_CODE_BUG, "scrypt with an odd cost or too little room");
  }
  uint64_t n = UINT64_C(1) << log2_n;
  uint64_t memory = 2 * 128 * SCRYPT_R * n + 1024 * 1024; /* a limit, not what is used; the default is too low */
  int is_good = EVP_PBE_scrypt(snt_secret_borrow(passphrase), snt_secret_len(passphrase), salt, salt_len, n, SCRYPT_R,
                               SCRYPT_P, memory, (unsigned char *)snt_secret_borrow_writable(key), SNT_CRYPTO_KEY_LEN);
  if (is_good != 1) {
    snt_secret_reset(key);
    return snt_crypto_fail("scrypt", err);
  }
  snt_secret_set_len(key, SNT_CRYPTO_KEY_LEN);
  return snt_done();
}

/* A context with key and nonce, that has seen the associated data. */
static snt_status begin(const struct snt_secret *key, const uint8_t *nonce, const void *aad, size_t aad_len,
                        bool is_sealing, EVP_CIPHER_CTX **out, struct snt_err *err) {
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int written = 0;
  if (snt_secret_len(key) != SNT_CRYPTO_KEY_LEN || aad_len > INT_MAX) {
    return snt_fail(err, SNT_CODE_BUG, "AES-256-GCM with an odd key");
  }
  if (context == NULL ||
      EVP_CipherInit_ex2(context, EVP_aes_256_gcm(), (const unsigned char *)snt_secret_borrow(key), nonce,
                         is_sealing ? 1 : 0, NULL) != 1 ||
      EVP_CipherUpdate(context, NULL, &written, aad, (int)aad_len) != 1) {
    return snt_crypto_fail("AES-256-GCM", err);
  }
  *out = SNT_MOVE(context);
  return snt_done();
}

static snt_status seal(const struct snt_secret *key, const uint8_t nonce[static SNT_CRYPTO_NONCE_LEN], const void *aad,
                       size_t aad_len, const void *plain, size_t len, uint8_t *out, struct snt_err *err) {
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = NULL;
  int written = 0;
  int last = 0;
  if (len > INT_MAX - SNT_CRYPTO_TAG_LEN) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "%zu bytes are too many to be sealed", len);
  }
  SNT_TRY(begin(key, nonce, aad, aad_len, true, &context, err));
  if (EVP_CipherUpdate(context, out, &written, plain, (int)len) != 1 ||
      EVP_CipherFinal_ex(context, out + written, &last) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SNT_CRYPTO_TAG_LEN, out + len) != 1) {
    return snt_crypto_fail("AES-256-GCM", err);
  }
  return snt_done();
}

static snt_status open_sealed(const struct snt_secret *key, const uint8_t nonce[static SNT_CRYPTO_NONCE_LEN],
                              const void *aad, size_t aad_len, const void *sealed, size_t len, struct snt_secret *out,
                              struct snt_err *err) {
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = NULL;
  int written = 0;
  int last = 0;
  if (len < SNT_CRYPTO_TAG_LEN || len > INT_MAX || snt_secret_cap(out) < len - SNT_CRYPTO_TAG_LEN) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "too few or too many bytes to be opened");
  }
  size_t plain_len = len - SNT_CRYPTO_TAG_LEN;
  const unsigned char *bytes = sealed;
  unsigned char tag[SNT_CRYPTO_TAG_LEN];
  for (size_t i = 0; i < sizeof tag; i++) {
    tag[i] = bytes[plain_len + i];
  }
  snt_secret_reset(out);
  unsigned char *plain = (unsigned char *)snt_secret_borrow_writable(out);
  SNT_TRY(begin(key, nonce, aad, aad_len, false, &context, err));
  if (EVP_CipherUpdate(context, plain, &written, bytes, (int)plain_len) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1 ||
      EVP_CipherFinal_ex(context, plain + written, &last) != 1) {
    snt_secret_reset(out);
    ERR_clear_error();
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the seal is broken");
  }
  snt_secret_set_len(out, plain_len);
  return snt_done();
}

static const struct snt_crypto TABLE = {
    .scrypt = derive,
    .seal = seal,
    .open = open_sealed,
    .pbkdf2 = snt_wrapping_pbkdf2,
    .unwrap = snt_wrapping_unwrap,
    .ed25519_public = snt_signing_public,
    .ed25519_sign = snt_signing_sign,
    .check_key = snt_verifying_check_key,
    .verify = snt_verifying_verify,
};

SNT_MODULE_EXPORT extern const struct snt_module snt_module_crypto;
const struct snt_module snt_module_crypto = {SNT_BUILD_ID, &TABLE};
