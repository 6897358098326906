/* aws/json_credentials (layer 3, inner): temporary keys as another program or a metadata host hands them out: one JSON
 * object with AccessKeyId, SecretAccessKey, a token and Expiration. */
#ifndef SNT_AWS_JSON_CREDENTIALS_H
#define SNT_AWS_JSON_CREDENTIALS_H

#include "aws/credentials.h"
#include "format/json.h"

struct snt_aws_json_shape {
  const char *token;   /* its key: "Token", "SessionToken" */
  bool is_temporary;   /* token and Expiration have to be there; else they may be missing, or null */
  const char *version; /* the key of a number that has to be 1; NULL: there is none */
};

/* what ("the answer of 169.254.170.2") begins each message and is the source. Keys that are not known are passed over.
 * An end that lies in the past is taken as it is: whether it is over is told by AWS's clock, not by ours. Code
 * ANSWER_INVALID. */
snt_status snt_aws_json_credentials_parse(const struct snt_json_value *root, const struct snt_aws_json_shape *shape,
                                          const char *what, struct snt_aws_credentials *out, struct snt_err *err);

#endif
