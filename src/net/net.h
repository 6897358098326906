/* net/net (layer 2, inner): what the network module offers to net/http; nothing else includes it. */
#ifndef SNT_NET_NET_H
#define SNT_NET_NET_H

#include "net/http.h"

/* Exactly one of folder and bundle is set. */
struct snt_net_trust {
  const char *folder; /* certificates under the hashes of their names */
  const char *bundle; /* one file of PEM certificates */
};

/* One call; everything is the caller's and outlives it. */
struct snt_net_call {
  const struct snt_http_request *request;    /* checked: the URL, no control characters in headers */
  const char *scheme;                        /* "http" or "https": the only one that is allowed */
  const char *host;                          /* for messages */
  const char *proxy;                         /* "" for none; may hold a password */
  struct snt_http_response *response;        /* zeroed; date_ms stays 0 */
  char date[64];                             /* the Date header as it came */
  void (*on_end)(struct snt_net_call *call); /* NULL, or called when the response is what it will be */
};

struct snt_net {
  snt_status (*open)(const struct snt_net_trust *trust, void **state, struct snt_err *err);
  void (*close)(void **state);
  /* As snt_http_perform. */
  snt_status (*perform)(void *state, struct snt_net_call *calls, size_t count, struct snt_err *err);
};

/* Loads the module, or finds it when it is linked. */
snt_status snt_net_load(const struct snt_net **out, struct snt_err *err);

#endif
