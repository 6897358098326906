/* policy/coverage_why (layer 4): why a rule or a condition was not covered, in words, from what was counted. */
#ifndef SNT_POLICY_COVERAGE_WHY_H
#define SNT_POLICY_COVERAGE_WHY_H

#include "base/buf.h"
#include "policy/coverage.h"

/* Appends the reason for what snt_coverage_missing says of the policy's point; nothing where nothing is missing. */
snt_status snt_coverage_explain(const struct snt_coverage_policy *policy, size_t number, struct snt_buf *out,
                                struct snt_err *err);

#endif
