/* net/trust (layer 2, inner): where the certificates come from that vouch for a server. */
#ifndef SNT_NET_TRUST_H
#define SNT_NET_TRUST_H

#include "net/net.h"

/* ca_bundle when it is given, else folder when it has certificates under their hashes, else the first of bundles that
 * can be read (ends with NULL), else the first of bundles, which then fails the calls. Everything is borrowed. */
struct snt_net_trust snt_trust_choose(const char *ca_bundle, const char *folder, const char *const *bundles);
/* The same with the system's places. */
struct snt_net_trust snt_trust_find(const char *ca_bundle);

#endif
