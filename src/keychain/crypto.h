/* keychain/crypto (layer 2): encryption at rest and signatures, from libcrypto's providers, in a module that is loaded
 * on first use. */
#ifndef SNT_KEYCHAIN_CRYPTO_H
#define SNT_KEYCHAIN_CRYPTO_H

#include <stdint.h>

#include "keychain/signature.h"

struct snt_secret;

#define SNT_CRYPTO_KEY_LEN 32
#define SNT_CRYPTO_WRAPPING_KEY_LEN 16
#define SNT_CRYPTO_NONCE_LEN 12
#define SNT_CRYPTO_TAG_LEN 16

/* The module's table. */
struct snt_crypto {
  /* scrypt (RFC 7914) with N = 2^log2_n, r = 8, p = 1; key has room for 32 bytes and gets them. */
  snt_status (*scrypt)(const struct snt_secret *passphrase, const uint8_t *salt, size_t salt_len, unsigned log2_n,
                       struct snt_secret *key, struct snt_err *err);
  /* AES-256-GCM. out has room for len + SNT_CRYPTO_TAG_LEN; the tag comes last. */
  snt_status (*seal)(const struct snt_secret *key, const uint8_t nonce[static SNT_CRYPTO_NONCE_LEN], const void *aad,
                     size_t aad_len, const void *plain, size_t len, uint8_t *out, struct snt_err *err);
  /* Code KEYCHAIN when the tag is wrong; then out is wiped. len counts the tag. */
  snt_status (*open)(const struct snt_secret *key, const uint8_t nonce[static SNT_CRYPTO_NONCE_LEN], const void *aad,
                     size_t aad_len, const void *sealed, size_t len, struct snt_secret *out, struct snt_err *err);
  /* PBKDF2 with HMAC-SHA-256 (RFC 8018); key has room for 16 bytes and gets them. */
  snt_status (*pbkdf2)(const struct snt_secret *passphrase, struct snt_slice salt, unsigned iterations,
                       struct snt_secret *key, struct snt_err *err);
  /* What was wrapped with AES-128 (RFC 3394); out has room for wrapped.len - 8 bytes. Code KEYCHAIN when it was not
   * wrapped with this key; then out is wiped. */
  snt_status (*unwrap)(const struct snt_secret *key, struct snt_slice wrapped, struct snt_secret *out,
                       struct snt_err *err);
  /* Ed25519: the public key of a seed of 32 bytes, and its signature. Code KEYCHAIN. */
  snt_status (*ed25519_public)(const struct snt_secret *seed, uint8_t out[static SNT_ED25519_LEN], struct snt_err *err);
  snt_status (*ed25519_sign)(const struct snt_secret *seed, struct snt_slice message,
                             uint8_t out[static SNT_ED25519_SIGNATURE_LEN], struct snt_err *err);
  /* keychain/signature.h. */
  snt_status (*check_key)(struct snt_slice key, enum snt_signature_algorithm *out, struct snt_err *err);
  snt_status (*verify)(enum snt_signature_algorithm algorithm, struct snt_slice key, struct snt_slice message,
                       struct snt_slice signature, struct snt_err *err);
};

/* Loads the module once a process. */
snt_status snt_crypto_load(const struct snt_crypto **out, struct snt_err *err);

#endif
