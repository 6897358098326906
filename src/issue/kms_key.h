/* issue/kms_key (layer 5): the public half of a key of KMS, for the configuration. */
#ifndef SNT_ISSUE_KMS_KEY_H
#define SNT_ISSUE_KMS_KEY_H

#include "aws/kms.h"
#include "issue/issue.h"

struct snt_flow;

/* Asks KMS, in the region of the key's ARN, with the credentials of the options' profile. line gets "kms:ARN#BASE64" of
 * policy.keys appended. Codes: USAGE for what is not the ARN of a key; CONFIG_INVALID for a key that cannot sign
 * policy; those of finding the profile and its credentials, and of asking KMS. */
snt_status snt_kms_key_read(const struct snt_issue_options *options, const char *arn, struct snt_buf *line,
                            struct snt_err *err);
/* The same with a flow that has credentials, in the place of one of its own; kms gets the endpoint in the ARN's region,
 * for signing. */
snt_status snt_kms_key_ask(struct snt_flow *flow, const char *arn, struct snt_aws_endpoint *kms,
                           struct snt_kms_public_key *out, struct snt_err *err);

#endif
