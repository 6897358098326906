/* aws/ssm_parts (layer 3): what the answers of Parameter Store have in common; for ssm*.c. */
#ifndef SNT_AWS_SSM_PARTS_H
#define SNT_AWS_SSM_PARTS_H

#include "aws/json_answer.h"

/* The name of a parameter of an answer; NULL when it is none that could be shown. */
const char *snt_ssm_name_of(const struct snt_json_value *parameter);
bool snt_ssm_is_list(const struct snt_json_value *parameter);
/* Version, type and value of the parameter called name. POLICY_INVALID for a SecureString that came encrypted,
 * ANSWER_INVALID for a StringList and all else that is odd. */
snt_status snt_ssm_take_parameter(const struct snt_aws_call *call, const char *name,
                                  const struct snt_json_value *parameter, struct snt_ssm_parameter *out,
                                  struct snt_err *err);

#endif
