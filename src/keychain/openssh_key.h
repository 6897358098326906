/* keychain/openssh_key (layer 2): Ed25519 keys in OpenSSH's files: the private one is "openssh-key-v1" of its
 * PROTOCOL.key, the public one a line as in authorized_keys.
 *
 * MUST
 *  1. keep what is read of a private key, and what is to be written, in secrets only;
 *  2. take a private key only from a file that nobody else can read or write, and make files like that;
 *  3. believe neither copy of the public key: it is what the seed gives. */
#ifndef SNT_KEYCHAIN_OPENSSH_KEY_H
#define SNT_KEYCHAIN_OPENSSH_KEY_H

#include "base/secret.h"
#include "keychain/signature.h"

/* The seed, 32 bytes. Codes NOT_FOUND, IO (another may read it), SYNTAX, and ACTION_REQUIRED for one that is encrypted,
 * with what to do. */
snt_status snt_openssh_key_load(const char *path, struct snt_secret **seed, struct snt_err *err);
/* Makes the file PATH (0600) and PATH.pub (0644), neither of which may be there; on a failure neither is. The comment
 * is at most 200 bytes of printable UTF-8. Codes IO, USAGE. */
snt_status snt_openssh_key_store(const char *path, const struct snt_secret *seed, const char *comment,
                                 struct snt_err *err);
/* The public key of a file of either sort. Codes as of snt_openssh_key_load. */
snt_status snt_openssh_public_load(const char *path, uint8_t out[static SNT_ED25519_LEN], struct snt_err *err);

#endif
