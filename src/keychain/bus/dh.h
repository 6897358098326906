/* keychain/bus/dh (layer 2, inner): the cryptography of dh-ietf1024-sha256-aes128-cbc-pkcs7, as the Secret Service API
 * defines it. It hides secrets from who listens on the bus; it does not authenticate the service. */
#ifndef SNT_KEYCHAIN_BUS_DH_H
#define SNT_KEYCHAIN_BUS_DH_H

#include <stdint.h>

#include "base/secret.h"

enum { SNT_DH_PUBLIC_LEN = 128, SNT_DH_KEY_LEN = 16, SNT_DH_BLOCK_LEN = 16 };

struct snt_dh;

/* A new pair of keys in the second Oakley group (RFC 2409), its public half in out. Code KEYCHAIN. */
snt_status snt_dh_new(struct snt_dh **dh, uint8_t out[static SNT_DH_PUBLIC_LEN], struct snt_err *err);
void snt_dh_free(struct snt_dh **dh);
#define SNT_DH_AUTO SNT_CLEANUP(snt_dh_free)
/* The key that both sides now share: 16 bytes by HKDF-SHA-256 (RFC 5869). Code KEYCHAIN for a public key that gives the
 * secret away. */
snt_status snt_dh_agree(const struct snt_dh *dh, const void *their_public, size_t len, struct snt_secret **key,
                        struct snt_err *err);

/* AES-128-CBC with padding. out (malloc, for the caller) has *out_len bytes. */
snt_status snt_dh_encrypt(const struct snt_secret *key, const uint8_t iv[static SNT_DH_BLOCK_LEN],
                          const struct snt_secret *plain, uint8_t **out, size_t *out_len, struct snt_err *err);
snt_status snt_dh_decrypt(const struct snt_secret *key, const uint8_t iv[static SNT_DH_BLOCK_LEN], const void *sealed,
                          size_t len, struct snt_secret **out, struct snt_err *err);

#endif
