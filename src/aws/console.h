/* aws/console (layer 3): signing in to the AWS console with a session, by federation (AWS IAM User Guide, "Enable
 * custom identity broker access to the AWS console").
 *
 * MUST
 *  1. send the session only to the sign-in endpoint, in a request's body, and keep what it becomes in secrets;
 *  2. ask for no console session of a length of its own: it ends when the session does, which is what was granted;
 *  3. put nothing of an answer into a message. */
#ifndef SNT_AWS_CONSOLE_H
#define SNT_AWS_CONSOLE_H

#include "aws/service.h"

/* What the console shows first, and from where. */
struct snt_console_page {
  struct snt_aws_endpoint signin; /* of snt_console_find */
  char partition[16];             /* of the role */
  char account[13], role[65];     /* of the role's ARN; role without its path */
  char region[64];
  char service[65]; /* "" for the console's own start */
};

/* "s3": 1 to 64 of [a-z0-9-], not '-' first. Code USAGE naming it. */
snt_status snt_console_check_service(const char *service, struct snt_err *err);
/* Everything but signin, which is where the service "signin" is in page's region. service may be NULL. Codes
 * PROFILE_INVALID (a partition whose console is not known), USAGE (a region of another partition than the role's). */
snt_status snt_console_find(const char *role_arn, const char *region, const char *service,
                            struct snt_console_page *page, struct snt_err *err);
/* Exchanges the session for a token that signs in once, within minutes. Asked once more after an outage. Codes NETWORK,
 * TIMEOUT, AWS_REFUSED, ANSWER_INVALID. */
snt_status snt_console_ask_token(struct snt_http_client *client, const struct snt_aws_endpoint *signin,
                                 const struct snt_aws_credentials *session, struct snt_secret **out,
                                 struct snt_err *err);
/* The address that signs in with the token and shows the page. */
snt_status snt_console_format_url(const struct snt_console_page *page, const struct snt_secret *token,
                                  struct snt_secret **out, struct snt_err *err);

#endif
