/* aws/sso_portal (layer 3): the calls of IAM Identity Center's access portal (its API Reference). */
#ifndef SNT_AWS_SSO_PORTAL_H
#define SNT_AWS_SSO_PORTAL_H

#include "aws/sso_call.h"

struct snt_sso_role {
  const char *account; /* its id */
  const char *name;
};

/* GetRoleCredentials. *is_refused: the access token was, so that another one may help. Codes LOGIN_REQUIRED then;
 * AWS_REFUSED, naming account and role when they are not this person's; NETWORK, TIMEOUT, ANSWER_INVALID. */
snt_status snt_sso_get_role_credentials(struct snt_http_client *client, const struct snt_aws_endpoint *endpoint,
                                        const struct snt_secret *access_token, const struct snt_sso_role *role,
                                        struct snt_aws_credentials *out, bool *is_refused, struct snt_err *err);

#endif
