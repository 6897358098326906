/* issue/signers (layer 5, internal): the keys that sign what is published: those of keychain/signer.h, and keys of KMS
 * ("kms:ARN"), which are asked over the network.
 *
 * MUST
 *  1. use no signature that the key's own public half does not verify. */
#ifndef SNT_ISSUE_SIGNERS_H
#define SNT_ISSUE_SIGNERS_H

#include "issue/flow.h"
#include "keychain/signer.h"
#include "policy/keys.h"

struct snt_signers {
  struct snt_signer list[SNT_SIGNATURES_MAX];
  char *lines[SNT_SIGNATURES_MAX + 1]; /* their public halves, as policy.keys has them; ends with NULL */
  size_t count;
};
void snt_signers_clear(struct snt_signers *signers);
#define SNT_SIGNERS_AUTO SNT_CLEANUP(snt_signers_clear)

/* FILE, keychain:NAME, agent:..., kms:ARN, each once. KMS is asked for the public half with the flow's credentials,
 * which are found where they are not there yet; the flow has settings and has to stay. Codes USAGE for too many and for
 * one that is given twice; those of keychain/signer.h and aws/kms.h. */
snt_status snt_signers_open(struct snt_flow *flow, const char *const *names, size_t count, struct snt_signers *out,
                            struct snt_err *err);
/* Their public halves, all of which have to have signed. */
snt_status snt_signers_list_keys(const struct snt_signers *signers, struct snt_policy_keys *out, struct snt_err *err);
/* Adds a signature of each to the pointer; one that its key made before is replaced. Code USAGE for too many. */
snt_status snt_signers_sign(const struct snt_signers *signers, struct snt_pointer *pointer, struct snt_err *err);

#endif
