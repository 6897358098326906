/* aws/kms_arn (layer 3): the names of KMS keys. No secret is named here, so that code beside policy may use it. */
#ifndef SNT_AWS_KMS_ARN_H
#define SNT_AWS_KMS_ARN_H

#include "base/status.h"

/* Whether arn is that of a key ("arn:aws:kms:us-east-1:123456789012:key/UUID", or key/mrk- and 32 hex digits), of a
 * partition that has the region. Code USAGE with a hint; an alias is refused, for it may be pointed at another key. */
snt_status snt_kms_arn_check(const char *arn, char region[static 64], struct snt_err *err);

#endif
