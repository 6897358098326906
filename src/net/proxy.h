/* net/proxy (layer 2, inner): which proxy an https URL goes by. libcurl is told, not asked, so that what the record
 * says is what happened; the rules are libcurl's. */
#ifndef SNT_NET_PROXY_H
#define SNT_NET_PROXY_H

#include "base/buf.h"
#include "format/uri.h"

/* https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY: the first that is set, unless no_proxy or NO_PROXY lists the host.
 * "" for none, and always for plain http. Borrowed from the environment; may hold a password. */
const char *snt_proxy_find(const struct snt_url *url);
/* The one of those variables that is set first, for messages; "" for none. */
const char *snt_proxy_variable(void);
/* Whether one of the comma or space separated entries is "*", the host (lower case), a domain above it, or a network
 * that holds its address. */
bool snt_proxy_is_excepted(const char *list, const char *host);
/* Fails with CONFIG_INVALID, without naming it (it may hold a password), when proxy is not scheme://host:port of a kind
 * that libcurl knows. */
snt_status snt_proxy_check(const char *proxy, struct snt_err *err);
/* Appends scheme://host:port, without user and password. */
snt_status snt_proxy_describe(const char *proxy, struct snt_buf *out, struct snt_err *err);

#endif
