/* aws/base_cache (layer 3, inner): temporary base credentials that cost a call, and are good for more than one: those
 * of a role in IAM Identity Center, of a web identity, of a role on the way. Without them no two calls would share a
 * session, whose names are made under the base secret.
 *
 * An entry belongs to the secret it was obtained with: the access token, the identity token, the secret key before it.
 */
#ifndef SNT_AWS_BASE_CACHE_H
#define SNT_AWS_BASE_CACHE_H

#include "aws/base_sources.h"

/* Of one set of credentials. All is borrowed. */
struct snt_aws_base_kept {
  const struct snt_secret *owner; /* ask may put another one here: what it got belongs to that */
  struct snt_slice text; /* all that tells them from others (URL of the endpoint, account, role, ...); certificates and
                          * proxy are added to it */
  snt_status (*ask)(void *context, struct snt_aws_credentials *out, struct snt_err *err);
  void *context;
};

/* Those that are kept and are good for another five minutes; else those that ask gets, which are kept as far as that is
 * possible, and only where they have an end. Of many who have the same to ask, one asks, and its refusal is theirs
 * too: they wait for at most 10 s. Fails as ask does. */
snt_status snt_aws_base_cache_obtain(const struct snt_aws_search *search, const struct snt_aws_base_kept *kept,
                                     struct snt_aws_credentials *out, struct snt_err *err);

#endif
