/* issue/setup_iam_internal (layer 5, internal): a document's statements, for the forms that hold them. */
#ifndef SNT_ISSUE_SETUP_IAM_INTERNAL_H
#define SNT_ISSUE_SETUP_IAM_INTERNAL_H

#include "issue/setup_iam.h"

/* Appends the policy as compact JSON. */
snt_status snt_setup_policy_write(enum snt_setup_document document, const struct snt_setup_scope *scope,
                                  struct snt_buf *out, struct snt_err *err);

#endif
