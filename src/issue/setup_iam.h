/* issue/setup_iam (layer 5): what AWS has to allow, to whom, and nothing more: one document for each part that somebody
 * plays, in the forms in which accounts are looked after. Nothing is asked of AWS here.
 *
 * MUST
 *  1. name actions and parameters as narrowly as IAM can; "*" stands only where a name is not known beforehand;
 *  2. say the same in every form: the policy is written once, and each form holds that text. */
#ifndef SNT_ISSUE_SETUP_IAM_H
#define SNT_ISSUE_SETUP_IAM_H

#include "base/buf.h"

/* The names of --format, as enum snt_setup_format has them. */
#define SNT_SETUP_FORMATS "json, terraform, cloudformation"
enum snt_setup_format { SNT_SETUP_JSON = 0, SNT_SETUP_TERRAFORM, SNT_SETUP_CLOUDFORMATION, SNT_SETUP_FORMAT_COUNT };
/* Code USAGE for another name. */
snt_status snt_setup_format_find(const char *name, enum snt_setup_format *out, struct snt_err *err);

enum snt_setup_document {
  SNT_SETUP_READER = 0,
  SNT_SETUP_ASSUME,
  SNT_SETUP_PUBLISHER,
  SNT_SETUP_JANITOR,
  SNT_SETUP_TRUST,
  SNT_SETUP_PROTECT,
  SNT_SETUP_DOCUMENT_COUNT
};

/* What the documents speak of. All are checked already: nothing in them has to be escaped. */
struct snt_setup_scope {
  const char *name;           /* of the bundle: "prod" */
  const char *partition;      /* "aws" */
  const char *account;        /* that holds the parameters */
  const char *const *regions; /* end with NULL; so do roles */
  const char *const *roles;   /* ARNs */
  const char *kms_key;        /* ARN of the key that signs; NULL: KMS does not */
};

/* One line: what it is for. */
const char *snt_setup_document_summary(enum snt_setup_document document);
/* Appends "iam/terraform/reader.tf", and the document. Codes NO_MEMORY, BUG. */
snt_status snt_setup_document_path(enum snt_setup_document document, enum snt_setup_format format,
                                   const struct snt_setup_scope *scope, struct snt_buf *out, struct snt_err *err);
snt_status snt_setup_document_write(enum snt_setup_document document, enum snt_setup_format format,
                                    const struct snt_setup_scope *scope, struct snt_buf *out, struct snt_err *err);

#endif
