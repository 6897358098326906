/* aws/base_roles (layer 3, inner): base credentials that are a session of a role: the source profile has a role of its
 * own, and that one another source.
 *
 * The policy decides on the role at the end alone. What is assumed on the way carries no SourceIdentity, because one
 * that is set stays for all that follow. */
#ifndef SNT_AWS_BASE_ROLES_H
#define SNT_AWS_BASE_ROLES_H

#include "aws/base_sources.h"

/* Assumes the steps of chain, one with the session of the one before it; base is what signs the first, and becomes the
 * session of the last. A session is named as its step says, else "sentinel-<user part>" after whoever base is. It lasts
 * an hour at most, and is kept (aws/base_cache.h). Codes: PROFILE_INVALID (a step needs an MFA code, an ARN that cannot
 * be one), CONFIG_INVALID (no region), those of AWS's answers; base is then as it was, or a session on the way. */
snt_status snt_aws_base_roles_assume(const struct snt_aws_search *search, const struct snt_aws_chain *chain,
                                     struct snt_aws_credentials *base, struct snt_err *err);

#endif
