/* keychain/backend (layer 2, inner): what the rows of the table share. */
#ifndef SNT_KEYCHAIN_BACKEND_H
#define SNT_KEYCHAIN_BACKEND_H

#include "keychain/keychain.h"

#define SNT_KEYCHAIN_KIND_MAX ((size_t)32)
#define SNT_KEYCHAIN_NAME_MAX ((size_t)512)

extern const struct snt_keychain_backend SNT_KEYCHAIN_SECRET_SERVICE;
extern const struct snt_keychain_backend SNT_KEYCHAIN_FILE;
extern const struct snt_keychain_backend SNT_KEYCHAIN_KEYRING;
extern const struct snt_keychain_backend SNT_KEYCHAIN_TPM;
extern const struct snt_keychain_backend SNT_KEYCHAIN_PASS;
extern const struct snt_keychain_backend SNT_KEYCHAIN_DOCKER;

/* NOT_FOUND, with the command that would add it. where: "the keychain /a/b". */
snt_status snt_keychain_fail_missing(const char *kind, const char *name, const char *where, struct snt_err *err);

#endif
