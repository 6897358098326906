/* aws/sso_token (layer 3): what a sign-in to IAM Identity Center gave, as the AWS CLI writes it down. The keychain's
 * entry (kind "sso") is the same JSON. */
#ifndef SNT_AWS_SSO_TOKEN_H
#define SNT_AWS_SSO_TOKEN_H

#include "aws/sso_session.h"
#include "base/secret.h"

enum { SNT_SSO_SECRET_MAX = 16 * 1024 }; /* of each secret, in bytes */

/* A program that IAM Identity Center knows: needed for whatever is asked of it. */
struct snt_sso_registration {
  char client_id[513];              /* not a secret */
  struct snt_secret *client_secret; /* owned; NULL: none */
  int64_t expires_at_ms;            /* 0: not known */
  bool is_for_code;                 /* for the authorization code; else for the device code */
  char scopes[513];                 /* "" when that is not known */
};
void snt_sso_registration_clear(struct snt_sso_registration *registration);
#define SNT_SSO_REGISTRATION_AUTO SNT_CLEANUP(snt_sso_registration_clear)

struct snt_sso_token {
  struct snt_secret *access_token;  /* owned; NULL: none */
  struct snt_secret *refresh_token; /* owned; NULL: none */
  int64_t expires_at_ms;            /* of the access token */
  struct snt_sso_registration registration;
  char start_url[257], region[64]; /* "" when that is not known */
};
void snt_sso_token_clear(struct snt_sso_token *token);
#define SNT_SSO_TOKEN_AUTO SNT_CLEANUP(snt_sso_token_clear)

/* what begins the messages. Code SYNTAX. Keys that are not known are no fault: tools add their own. */
snt_status snt_sso_token_parse(const struct snt_secret *text, const char *what, struct snt_sso_token *out,
                               struct snt_err *err);
/* is_own: with what only we write about the registration. Codes NO_MEMORY, BUG. */
snt_status snt_sso_token_format(const struct snt_sso_token *token, bool is_own, struct snt_secret **out,
                                struct snt_err *err);
/* Whether it was given for this session, as far as it says. */
bool snt_sso_token_is_of(const struct snt_sso_token *token, const struct snt_sso_session *session);
/* Whether it can be refreshed: there is all that is needed, and the registration lives. */
bool snt_sso_token_is_refreshable(const struct snt_sso_token *token, int64_t now_ms);

#endif
