/* policy/spec_policy (layer 4): the policy that a spec is about. */
#ifndef SNT_POLICY_SPEC_POLICY_H
#define SNT_POLICY_SPEC_POLICY_H

#include "base/buf.h"

/* Its namesake: dev.yaml, dev.lua or dev/ for dev_spec.lua; else what policy("...") names, beside the spec. Code
 * POLICY_INVALID where there is none, or more than one. */
snt_status snt_spec_find_policy(const char *spec, const char *named, struct snt_buf *out, struct snt_err *err);

#endif
