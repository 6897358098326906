/* aws/sso_store (layer 3): where sign-ins to IAM Identity Center are kept: the keychain, and the AWS CLI's folder
 * ~/.aws/sso/cache, which is read, and written where that is wanted.
 *
 * Where both know a session, the later end wins: whoever signed in last is right. */
#ifndef SNT_AWS_SSO_STORE_H
#define SNT_AWS_SSO_STORE_H

#include "aws/sso_token.h"
#include "keychain/keychain.h"

/* Borrows both. */
struct snt_sso_store {
  struct snt_keychain *keychain; /* NULL: none */
  bool is_in_keychain;           /* what is new goes there; else, and without a keychain, into the AWS CLI's folder */
  const char *folder;            /* in the place of the AWS CLI's; NULL: that one */
};

/* LOGIN_REQUIRED, naming the session, why (NULL: nobody signed in), and how to sign in. */
snt_status snt_sso_fail_login(const struct snt_sso_session *session, const char *why, struct snt_err *err);

/* *is_from_file: it is the AWS CLI's. Codes LOGIN_REQUIRED when there is none, or none that can be used; those of the
 * keychain when it cannot be read and the AWS CLI has none. */
snt_status snt_sso_store_load(const struct snt_sso_store *store, const struct snt_sso_session *session,
                              struct snt_sso_token *out, bool *is_from_file, struct snt_err *err);
/* Whether one who signs in now could be kept: asks for what unlocks or makes the keychain, and writes into it. Codes as
 * of saving. */
snt_status snt_sso_store_check(const struct snt_sso_store *store, struct snt_err *err);
/* Of one who signs in now. Appends for people where it went. Codes of the keychain, IO, CONFIG_INVALID (no home). */
snt_status snt_sso_store_save(const struct snt_sso_store *store, const struct snt_sso_session *session,
                              const struct snt_sso_token *token, struct snt_buf *where, struct snt_err *err);
/* Of one that was refreshed, in the background: nobody is asked, and no keychain is made for it; then it goes back to
 * the file that it was read from. */
snt_status snt_sso_store_renew(const struct snt_sso_store *store, const struct snt_sso_session *session,
                               const struct snt_sso_token *token, bool is_from_file, struct snt_err *err);
/* Removes it from where it is kept; what the AWS CLI keeps for itself stays, and *stays says so. Code NOT_FOUND. */
snt_status snt_sso_store_remove(const struct snt_sso_store *store, const struct snt_sso_session *session, bool *stays,
                                struct snt_err *err);

#endif
