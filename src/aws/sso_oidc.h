/* aws/sso_oidc (layer 3): the calls of IAM Identity Center OIDC (its API Reference; OAuth 2.0: RFC 6749, 7636, 8628).
 */
#ifndef SNT_AWS_SSO_OIDC_H
#define SNT_AWS_SSO_OIDC_H

#include "aws/sso_call.h"
#include "aws/sso_token.h"

/* What all calls need. Borrowed. */
struct snt_sso_oidc {
  struct snt_http_client *client;
  struct snt_aws_endpoint endpoint; /* of "sso_oidc" */
};

/* redirect_uri: of the authorization code; NULL for the device code. Codes NETWORK, TIMEOUT, AWS_REFUSED,
 * ANSWER_INVALID, as of all of these. */
snt_status snt_sso_register(const struct snt_sso_oidc *oidc, const struct snt_sso_session *session,
                            const char *redirect_uri, struct snt_sso_registration *out, struct snt_err *err);

struct snt_sso_device {
  struct snt_secret *code; /* owned */
  char user_code[65];      /* that the person compares or types */
  char url[1025];          /* where; https, or of this machine's loopback */
  char whole_url[1025];    /* the same with the code in it; "" when there is none */
  int64_t interval_s;      /* between two questions; 5 when the answer does not say */
  int64_t end_ms;          /* monotonic: when the code is over */
};
void snt_sso_device_clear(struct snt_sso_device *device);
#define SNT_SSO_DEVICE_AUTO SNT_CLEANUP(snt_sso_device_clear)
snt_status snt_sso_start_device(const struct snt_sso_oidc *oidc, const struct snt_sso_registration *registration,
                                const char *start_url, struct snt_sso_device *out, struct snt_err *err);

/* What a token is asked for with: one of these. */
struct snt_sso_grant {
  const struct snt_secret *device_code;
  const struct snt_secret *code; /* with verifier and redirect_uri */
  const struct snt_secret *verifier;
  const char *redirect_uri;
  const struct snt_secret *refresh_token;
};
/* How asking ended, where that is for the caller to judge. */
enum snt_sso_wait {
  SNT_SSO_WAIT_NONE = 0,  /* it was refused for good, or failed */
  SNT_SSO_WAIT_PENDING,   /* the person has not done it yet */
  SNT_SSO_WAIT_SLOW_DOWN, /* the same, and asked too often */
  SNT_SSO_WAIT_OUTAGE     /* nothing answered, or "not now": it may be asked again */
};
/* CreateToken. Fills in tokens and times, by the server's clock; the registration and the rest are the caller's.
 * LOGIN_REQUIRED: the grant is over, was revoked, or the person refused. */
snt_status snt_sso_create_token(const struct snt_sso_oidc *oidc, const struct snt_sso_registration *registration,
                                const struct snt_sso_grant *grant, struct snt_sso_token *out, enum snt_sso_wait *wait,
                                struct snt_err *err);

#endif
