/* issue/parameter (layer 5, internal): a policy of SSM, for who starts evaluators afterwards: it is read in a child of
 * this process, which alone sees credentials and network (issue/child). */
#ifndef SNT_ISSUE_PARAMETER_H
#define SNT_ISSUE_PARAMETER_H

#include "issue/issue.h"

/* As `credentials` would read it with these options, except that nothing is asked of STS, and that the policy is
 * neither remembered nor put in force. Their profile is whose credentials are used; they have no policy, so that a
 * locked policy.source has no say. source is a parameter. Codes: those of finding the profile, its credentials and the
 * region, and of asking SSM; IO when the child gives no answer. */
snt_status snt_parameter_read(const struct snt_issue_options *options, const struct snt_policy_source *source,
                              struct snt_policy *out, struct snt_err *err);

#endif
