/* net/metadata (layer 2): the way to the hosts that give a container or an instance its keys: the AWS SDKs ask them by
 * plain http, and nobody between them and this machine could answer in their place.
 *
 * MUST
 *  1. plain http goes to a loopback address or to one of the addresses of AWS's own, never further, by no proxy;
 *  2. what may go there is said by the route of one call; no other call may. */
#ifndef SNT_NET_METADATA_H
#define SNT_NET_METADATA_H

#include <stdbool.h>

struct snt_http_route;

/* Whether plain http may go to a host, as snt_url_parse leaves it: a literal loopback address, "localhost" (which
 * libcurl asks nobody about), 169.254.169.254 and fd00:ec2::254 (instances), 169.254.170.2, 169.254.170.23 and
 * fd00:ec2::23 (containers). */
bool snt_metadata_host_check(const char *host);
/* Whether it is one of the addresses of AWS's own, and not the loopback. */
bool snt_metadata_host_is_own(const char *host);
/* For plain http. Lives for ever. */
const struct snt_http_route *snt_metadata_route(void);

#endif
