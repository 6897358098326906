/* aws/sso_access (layer 3): an access token that is good now: the one that is kept, refreshed before it ends. */
#ifndef SNT_AWS_SSO_ACCESS_H
#define SNT_AWS_SSO_ACCESS_H

#include "aws/base_sources.h"
#include "aws/sso_store.h"
#include "base/turn.h"

/* One asking. Borrows both. */
struct snt_sso_access {
  const struct snt_aws_search *search;
  const struct snt_sso_session *session;
  struct snt_sso_token token; /* what is in hand */
  bool is_from_file;
  bool is_doubtful; /* by the local clock it is over, and it cannot be refreshed: only AWS knows better */
};
void snt_sso_access_clear(struct snt_sso_access *access);
#define SNT_SSO_ACCESS_AUTO SNT_CLEANUP(snt_sso_access_clear)

/* What the search keeps tokens in. */
struct snt_sso_store snt_sso_store_of(const struct snt_aws_search *search);
/* For whoever writes down a sign-in: one process at a time, in a folder of the user's; NULL, or one that takes no file:
 * each by itself. Code TIMEOUT. */
snt_status snt_sso_take_turn(const char *folder, const struct snt_sso_session *session, struct snt_turn *turn,
                             struct snt_err *err);
/* Loads the token, and refreshes one that ends within five minutes, in turn with other processes. That it cannot be
 * refreshed is no failure while it lives. Nobody is asked. Codes LOGIN_REQUIRED (there is none; it is over or was
 * revoked), those of the keychain, NETWORK, TIMEOUT, AWS_REFUSED, ANSWER_INVALID, CONFIG_INVALID. */
snt_status snt_sso_access_open(struct snt_sso_access *access, struct snt_err *err);
/* The one in hand was refused: another one. LOGIN_REQUIRED when it cannot be refreshed. */
snt_status snt_sso_access_renew(struct snt_sso_access *access, struct snt_err *err);

#endif
