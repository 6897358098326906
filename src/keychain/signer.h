/* keychain/signer (layer 2): who signs policy, with a key that is not given out.
 *
 * MUST
 *  1. hold a seed only in a secret, and no longer than the signer is open;
 *  2. give out no signature that the key's public half does not verify. */
#ifndef SNT_KEYCHAIN_SIGNER_H
#define SNT_KEYCHAIN_SIGNER_H

#include "keychain/keychain.h"
#include "keychain/signature.h"

#define SNT_SIGNATURE_CAP 512 /* the largest of RSA */

/* Zeroed memory is none. What signs elsewhere (a key of KMS) is one too, when it fills these fields itself. */
struct snt_signer {
  char key[2112];     /* what its signatures name: "ed25519:BASE64", a line of policy.keys; of KMS "kms:ARN" */
  char algorithm[32]; /* as snt_signature_find knows it */
  void *state;        /* its own */
  /* The signature of a whole message. Codes by who signs. */
  snt_status (*sign)(void *state, struct snt_slice message, uint8_t out[static SNT_SIGNATURE_CAP], size_t *len,
                     struct snt_err *err);
  void (*close)(void **state);
};

/* The ways in which a key is named here, for help: "FILE, keychain:NAME, agent: or agent:ed25519:BASE64". */
#define SNT_SIGNER_FORMS "FILE, keychain:NAME, agent: or agent:ed25519:BASE64"

/* Whether the name is one of the keychain's, which has to be opened then. */
bool snt_signer_needs_keychain(const char *name);
/* Whether it is a file's. */
bool snt_signer_is_file(const char *name);
/* The signer of a local key: a private key file of OpenSSH, an entry of the keychain, a key of the ssh-agent. keychain
 * is borrowed until it returns; NULL for a name that needs none. Codes USAGE for a name that is none of these; of
 * keychain/openssh_key.h, keychain/keychain.h and keychain/ssh_agent.h. */
snt_status snt_signer_open(const char *name, struct snt_keychain *keychain, struct snt_signer *out,
                           struct snt_err *err);
void snt_signer_close(struct snt_signer *signer);
#define SNT_SIGNER_AUTO SNT_CLEANUP(snt_signer_close)

/* Makes a key in the keychain; code KEYCHAIN when the name is taken. line is its "ed25519:BASE64". */
snt_status snt_signer_make(struct snt_keychain *keychain, const char *name, char line[static 64], struct snt_err *err);
/* A new seed. */
snt_status snt_signer_new_seed(struct snt_secret **out, struct snt_err *err);
/* "ed25519:BASE64". */
void snt_signer_line(const uint8_t public[static SNT_ED25519_LEN], char line[static 64]);

#endif
