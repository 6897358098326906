/* issue/sso_callback (layer 5, internal): where the browser brings the authorization code of IAM Identity Center: a
 * socket on this machine's loopback (RFC 8252, 7.3), with PKCE (RFC 7636).
 *
 * MUST
 *  1. take a code only with the state that this process made up, once;
 *  2. keep the code in a secret, and out of every message. */
#ifndef SNT_ISSUE_SSO_CALLBACK_H
#define SNT_ISSUE_SSO_CALLBACK_H

#include "aws/sso_oidc.h"

/* What is registered: AWS lets any port follow the host. */
#define SNT_SSO_REDIRECT_URI "http://127.0.0.1/oauth/callback"

struct snt_sso_callback {
  int listener;                /* -1: none */
  char redirect_uri[64];       /* with the port */
  char state[37];              /* that comes back with the code */
  char challenge[64];          /* of the verifier */
  struct snt_secret *verifier; /* owned */
};
/* Code IO. */
snt_status snt_sso_callback_open(struct snt_sso_callback *out, struct snt_err *err);
void snt_sso_callback_close(struct snt_sso_callback *callback);
#define SNT_SSO_CALLBACK_AUTO SNT_CLEANUP(snt_sso_callback_close)

/* Appends the page to show. */
snt_status snt_sso_callback_write_url(const struct snt_sso_callback *callback, const struct snt_aws_endpoint *oidc,
                                      const struct snt_sso_registration *registration, struct snt_buf *out,
                                      struct snt_err *err);
/* Waits for the browser until end_ms (monotonic); what is not the answer to this sign-in is refused there, and waited
 * on. Codes TIMEOUT; LOGIN_REQUIRED when the person, or IAM Identity Center, refused. */
snt_status snt_sso_callback_await(struct snt_sso_callback *callback, int64_t end_ms, struct snt_secret **code,
                                  struct snt_err *err);

#endif
