/* aws/vault_item (layer 3): what aws-vault keeps under a name: {"Key":..., "Data":BASE64, "Label":..., ...}; the data
 * of a long-lived key is {"AccessKeyID":..., "SecretAccessKey":..., "SessionToken":"", ...}. */
#ifndef SNT_AWS_VAULT_ITEM_H
#define SNT_AWS_VAULT_ITEM_H

#include "aws/credentials.h"

/* Whether a name of aws-vault's is that of a session or of a sign-in, which it makes again when it is gone: it keeps
 * them beside the keys of profiles. */
bool snt_vault_is_cached(const char *name);
/* The key of an item that was found under that name: one that says that it is another's is refused, for the two could
 * have been exchanged. Code SYNTAX, beginning with "the entry NAME". */
snt_status snt_vault_item_parse(const char *name, const struct snt_secret *text, struct snt_aws_credentials *out,
                                struct snt_err *err);

#endif
