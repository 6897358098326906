/* policy/grants_check (layer 4): whether a bundle grants what there is. A name that is misspelt grants nothing, and the
 * plugin is denied what it needs: that is safe, and found out late. */
#ifndef SNT_POLICY_GRANTS_CHECK_H
#define SNT_POLICY_GRANTS_CHECK_H

#include "policy/source.h"

/* Of a bundle whose plugins are described: questions and secrets that it grants are the plugin's, and files that it
 * names without a wildcard are there. Code POLICY_INVALID, with the place in the manifest and the nearest name. */
snt_status snt_policy_check_grants(const struct snt_policy *policy, struct snt_err *err);

#endif
