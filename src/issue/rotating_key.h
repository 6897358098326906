/* issue/rotating_key (layer 5): the keys of a rotation in the keychain: the one that is relied on (kind "aws"), and,
 * until the rotation is finished, the new one beside it (kind "rotating", the same name).
 *
 * The side entry is the old key's id, a newline, and the new key as in aws/credentials.h. */
#ifndef SNT_ISSUE_ROTATING_KEY_H
#define SNT_ISSUE_ROTATING_KEY_H

#include "aws/credentials.h"

struct snt_rotating_key {
  char replaces[129]; /* the old key's id */
  struct snt_aws_credentials key;
};
void snt_rotating_key_clear(struct snt_rotating_key *rotating);
#define SNT_ROTATING_KEY_AUTO SNT_CLEANUP(snt_rotating_key_clear)

/* NOT_FOUND when no rotation is under way; KEYCHAIN, with the remedy, for an entry that cannot be one. */
snt_status snt_rotating_key_load(struct snt_keychain *keychain, const char *profile, struct snt_rotating_key *out,
                                 struct snt_err *err);
/* Done only when it was read back as it was written. */
snt_status snt_rotating_key_store(struct snt_keychain *keychain, const char *profile,
                                  const struct snt_rotating_key *rotating, struct snt_err *err);

/* The same for the key that is relied on; snt_aws_credentials_load reads it. */
snt_status snt_relied_key_store(struct snt_keychain *keychain, const char *profile,
                                const struct snt_aws_credentials *key, struct snt_err *err);

#endif
