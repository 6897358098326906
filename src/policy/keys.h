/* policy/keys (layer 4): the public keys that may sign policy, and whether enough of them did.
 *
 * MUST
 *  1. count each key once, and refuse a pointer with any signature that is wrong or of a key that is not configured;
 *  2. verify here, with what the configuration pins: neither KMS nor an agent is asked. */
#ifndef SNT_POLICY_KEYS_H
#define SNT_POLICY_KEYS_H

#include "policy/pointer.h"

struct snt_policy_key {
  char id[2112];       /* "ed25519:BASE64", "kms:ARN": what a signature names */
  uint8_t public[800]; /* 32 bytes of Ed25519; of KMS the DER of SubjectPublicKeyInfo */
  size_t public_len;
};

struct snt_policy_keys {
  struct snt_policy_key *list;
  size_t count;
  int64_t min_signatures; /* from 1 where there are keys; 0: none are asked for */
};
void snt_policy_keys_clear(struct snt_policy_keys *keys);
#define SNT_POLICY_KEYS_AUTO SNT_CLEANUP(snt_policy_keys_clear)

/* The lines of policy.keys: "ed25519:BASE64" and "kms:ARN#BASE64", ended by NULL (or NULL: there are none);
 * min_signatures 0: 1. Code CONFIG_INVALID, naming the key and the remedy: a duplicate, a KMS key without its public
 * key, more signatures wanted than there are keys. */
snt_status snt_policy_keys_read(const char *const *lines, int64_t min_signatures, struct snt_policy_keys *out,
                                struct snt_err *err);
/* Without keys everything is good. source ("ssm:/sentinel/policies/prod") is for messages. Code POLICY_INVALID. */
snt_status snt_policy_keys_verify(const struct snt_policy_keys *keys, const struct snt_pointer *pointer,
                                  const char *source, struct snt_err *err);

#endif
