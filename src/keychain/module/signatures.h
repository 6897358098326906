/* keychain/module/signatures: what the files of the crypto module share; keychain/crypto.h says what the functions do.
 */
#ifndef SNT_KEYCHAIN_MODULE_SIGNATURES_H
#define SNT_KEYCHAIN_MODULE_SIGNATURES_H

#include "keychain/crypto.h"

/* libcrypto's first reason for what just failed; code KEYCHAIN. */
snt_status snt_crypto_fail(const char *what, struct snt_err *err);

snt_status snt_wrapping_pbkdf2(const struct snt_secret *passphrase, struct snt_slice salt, unsigned iterations,
                               struct snt_secret *key, struct snt_err *err);
snt_status snt_wrapping_unwrap(const struct snt_secret *key, struct snt_slice wrapped, struct snt_secret *out,
                               struct snt_err *err);
snt_status snt_signing_public(const struct snt_secret *seed, uint8_t out[static SNT_ED25519_LEN], struct snt_err *err);
snt_status snt_signing_sign(const struct snt_secret *seed, struct snt_slice message,
                            uint8_t out[static SNT_ED25519_SIGNATURE_LEN], struct snt_err *err);
snt_status snt_verifying_check_key(struct snt_slice key, enum snt_signature_algorithm *out, struct snt_err *err);
snt_status snt_verifying_verify(enum snt_signature_algorithm algorithm, struct snt_slice key, struct snt_slice message,
                                struct snt_slice signature, struct snt_err *err);

#endif
