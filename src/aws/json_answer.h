/* aws/json_answer (layer 3): opening what the JSON services answer; for ssm*.c and kms.c. */
#ifndef SNT_AWS_JSON_ANSWER_H
#define SNT_AWS_JSON_ANSWER_H

#include "aws/service.h"
#include "format/json.h"

/* The answer of a call that went well: strict JSON. Else the error of service.h's parse functions. */
snt_status snt_aws_json_open(const struct snt_aws_call *call, struct snt_json_doc **out, struct snt_err *err);
/* ANSWER_INVALID, naming the call, the host and what is odd. */
snt_status snt_aws_json_refuse(const struct snt_aws_call *call, const char *what, struct snt_err *err);

#endif
