/* issue/publish_internal (layer 5): what publish_plan.c and publish_renew.c ask of a bundle. */
#ifndef SNT_ISSUE_PUBLISH_INTERNAL_H
#define SNT_ISSUE_PUBLISH_INTERNAL_H

#include "issue/publish.h"

/* Name, installation, and what signing needs. Code POLICY_INVALID. */
snt_status snt_publish_check_manifest(const struct snt_publish_options *options, const struct snt_publish_view *view,
                                      const struct snt_draft *draft, struct snt_err *err);
/* policy.min_serial. Code POLICY_INVALID. */
snt_status snt_publish_check_lowest(const struct snt_publish_view *view, int64_t serial, struct snt_err *err);
/* How many will have signed. Code USAGE. */
snt_status snt_publish_check_signer_count(const struct snt_publish_view *view, const struct snt_pointer *pointer,
                                          struct snt_err *err);

#endif
