/* aws/refusal_rules (layer 3): what refusal.c and refusal_store.c share. */
#ifndef SNT_AWS_REFUSAL_RULES_H
#define SNT_AWS_REFUSAL_RULES_H

#include "aws/refusal.h"

/* What a rule of refusal.c gets. */
struct snt_refused {
  const struct snt_aws_call *call;
  const struct snt_aws_refusal *refusal;
};

/* Sets the error to what AWS said. */
snt_status snt_refused_say(const struct snt_refused *it, enum snt_code code, struct snt_err *err);
/* Copies the word after a label; "" when there is none. */
void snt_refused_word(const char *text, const char *label, char *out, size_t cap);

/* Of Parameter Store and KMS. The first is only a hint: which permission is missing, and on what. */
snt_status snt_refused_hint_permission(const struct snt_refused *it, struct snt_err *err);
snt_status snt_refused_no_parameter(const struct snt_refused *it, struct snt_err *err);
snt_status snt_refused_put(const struct snt_refused *it, struct snt_err *err);
snt_status snt_refused_key(const struct snt_refused *it, struct snt_err *err);

#endif
