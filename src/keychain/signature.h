/* keychain/signature (layer 2): verification with public keys. No secret is named here, so that code beside policy may
 * use it. Of the crypto module, which is loaded on first use.
 *
 * MUST
 *  1. take a signature only in the one form that its algorithm has;
 *  2. refuse a key of another kind than the algorithm's. */
#ifndef SNT_KEYCHAIN_SIGNATURE_H
#define SNT_KEYCHAIN_SIGNATURE_H

#include <stdint.h>

#include "base/status.h"
#include "base/str.h"

#define SNT_ED25519_LEN 32 /* a public key, and a seed */
#define SNT_ED25519_SIGNATURE_LEN 64

enum snt_signature_algorithm {
  SNT_SIGNATURE_NONE = 0,
  SNT_SIGNATURE_ED25519, /* RFC 8032, pure; the key is 32 bytes */
  SNT_SIGNATURE_RSA_PSS, /* SHA-256, MGF1 with SHA-256, 32 bytes of salt; 2048 to 4096 bits, exponent 65537 */
  SNT_SIGNATURE_ECDSA,   /* SHA-256, P-256; the signature is DER */
};

/* "ed25519", "RSASSA_PSS_SHA_256", "ECDSA_SHA_256": KMS's names. */
enum snt_signature_algorithm snt_signature_find(const char *name);
/* What a key verifies: 32 bytes are Ed25519's, written the one way there is and not of small order; else a
 * SubjectPublicKeyInfo in DER. Code ANSWER_NO for any other key, saying what is wrong with "the key". */
snt_status snt_signature_check_key(struct snt_slice key, enum snt_signature_algorithm *out, struct snt_err *err);
/* Code ANSWER_NO when it is not the key's signature of the message, or the key is none for the algorithm. */
snt_status snt_signature_verify(enum snt_signature_algorithm algorithm, struct snt_slice key, struct snt_slice message,
                                struct snt_slice signature, struct snt_err *err);

#endif
