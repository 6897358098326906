/* issue/environment (layer 5): the secrets of the environment, taken out of it once. */
#ifndef SNT_ISSUE_ENVIRONMENT_H
#define SNT_ISSUE_ENVIRONMENT_H

#include "aws/credentials.h"

struct snt_environment {
  struct snt_aws_environment aws;
  struct snt_secret *passphrase; /* SENTINEL_FILE_PASSPHRASE; NULL: not set */
};
void snt_environment_clear(struct snt_environment *environment);

/* Moves AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN and
 * SENTINEL_FILE_PASSPHRASE into secrets, overwrites their values where they stood and removes the variables. Call it
 * after the evaluator was started. Half a key, or one that is none, is told in aws.problem: it may never be asked for.
 */
snt_status snt_environment_take(struct snt_environment *out, struct snt_err *err);

/* The passphrase alone, for commands that ask no AWS; *out stays NULL where it is not set. */
snt_status snt_environment_take_passphrase(struct snt_secret **out, struct snt_err *err);
/* The same for that of aws-vault's files, AWS_VAULT_FILE_PASSPHRASE. */
snt_status snt_environment_take_vault_passphrase(struct snt_secret **out, struct snt_err *err);

#endif
