/* aws/call (layer 3): what the prepare functions of the services share; for sts.c, iam.c, ssm*.c and kms.c. */
#ifndef SNT_AWS_CALL_H
#define SNT_AWS_CALL_H

#include "aws/service.h"

/* Makes call, whatever it held, an empty one for that action; subject may be NULL. target is borrowed for ever. */
snt_status snt_aws_call_begin(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                              const struct snt_aws_credentials *credentials, const char *target, const char *action,
                              const char *subject, struct snt_err *err);

#endif
