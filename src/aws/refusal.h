/* aws/refusal (layer 3): what AWS says when it refuses, as our errors; for the services and call.c. */
#ifndef SNT_AWS_REFUSAL_H
#define SNT_AWS_REFUSAL_H

#include "aws/service.h"

struct snt_aws_refusal {
  char code[65];     /* "AccessDenied"; "" when the answer names none */
  char message[513]; /* for people: one line, cleaned, cut, without a secret; may be "" */
};

/* From XML or JSON, whatever the service speaks: gateways and test doubles answer in the other one. */
void snt_aws_refusal_read(const struct snt_aws_call *call, struct snt_aws_refusal *out);
/* Whether the signature's time was refused, so that signing with the server's time may help. */
bool snt_aws_refusal_is_skew(const struct snt_aws_refusal *refusal);
/* Whether the call has a whole answer of a status from 400 to 499, with one of the codes (ends with NULL). */
bool snt_aws_call_is_refused_as(const struct snt_aws_call *call, const char *const *codes);
/* Done when the call has a whole answer with status 200 and one of the content types (ends with NULL); else the error
 * of service.h's parse functions. */
snt_status snt_aws_call_check(const struct snt_aws_call *call, const char *const *content_types, struct snt_err *err);

#endif
