/* aws/iam (layer 3): the access keys of the user whose key signs (IAM API Reference: ListAccessKeys, CreateAccessKey,
 * DeleteAccessKey). No call names a user: IAM knows him by the signature. Prepared, performed and parsed as in
 * service.h. */
#ifndef SNT_AWS_IAM_H
#define SNT_AWS_IAM_H

#include "aws/service.h"

/* IAM's own limit is 2; an answer with more than these makes no sense. */
#define SNT_IAM_KEYS_MAX 8

struct snt_iam_key {
  char id[129];
  bool is_active;
  char created[32]; /* as IAM wrote it, "2026-01-19T02:47:33Z"; "" when it wrote none */
};
struct snt_iam_keys {
  struct snt_iam_key list[SNT_IAM_KEYS_MAX];
  size_t count;
};
/* NULL when it is not among them. Borrowed. */
const struct snt_iam_key *snt_iam_keys_find(const struct snt_iam_keys *keys, const char *id);

snt_status snt_iam_prepare_list_keys(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                     const struct snt_aws_credentials *credentials, struct snt_err *err);
snt_status snt_iam_parse_list_keys(const struct snt_aws_call *call, struct snt_iam_keys *out, struct snt_err *err);

/* Goes out once: after an outage there may be a new key whose secret nobody has. */
snt_status snt_iam_prepare_create_key(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                      const struct snt_aws_credentials *credentials, struct snt_err *err);
snt_status snt_iam_parse_create_key(const struct snt_aws_call *call, struct snt_aws_credentials *out,
                                    struct snt_err *err);

snt_status snt_iam_prepare_delete_key(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                      const struct snt_aws_credentials *credentials, const char *id,
                                      struct snt_err *err);
/* Done, too, when IAM has no such key any more. */
snt_status snt_iam_parse_delete_key(const struct snt_aws_call *call, struct snt_err *err);

#endif
