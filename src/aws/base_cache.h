/* aws/base_cache (layer 3, inner): temporary base credentials that cost a call, and are good for more than one: those
 * of a role in IAM Identity Center, of a web identity, of a role on the way. Without them no two calls would share a
 * session, whose names are made under the base secret.
 *
 * An entry belongs to the secret it was obtained with: the access token, the identity token, the secret key before it.
 */
#ifndef SNT_AWS_BASE_CACHE_H
#define SNT_AWS_BASE_CACHE_H

#include "aws/base_sources.h"

/* text: all that tells these credentials from others (URL of the endpoint, account, role, ...); certificates and proxy
 * are added to it. False: none that are good for another five minutes. */
bool snt_aws_base_cache_read(const struct snt_aws_search *search, const struct snt_secret *owner, struct snt_slice text,
                             struct snt_aws_credentials *out);
/* Best effort; only those with an end are kept. */
void snt_aws_base_cache_write(const struct snt_aws_search *search, const struct snt_secret *owner,
                              struct snt_slice text, const struct snt_aws_credentials *credentials);

#endif
