/* net/http (layer 2): HTTP calls with a deadline and a size cap, several at a time.
 *
 * MUST
 *  1. TLS 1.2 or later, certificate and name verified; plain http only to a literal loopback address, and for a call
 *     whose route says so to the hosts of net/metadata.h; never by a proxy;
 *  2. no redirect, cookie, netrc or compressed body; a body shorter than announced or over the cap fails the call;
 *  3. nothing is loaded before a client is opened, no socket opened before the first call; bodies go straight into a
 *     secret, and what libcurl frees is wiped;
 *  4. ask a call's route about the very address of the socket that is opened. */
#ifndef SNT_NET_HTTP_H
#define SNT_NET_HTTP_H

#include <stdint.h>

#include "base/secret.h"

#define SNT_HTTP_BODY_CAP ((size_t)1024 * 1024)
#define SNT_HTTP_HEADERS_MAX 16

struct snt_http_header {
  const char *name;
  const char *value; /* the caller's; may be a secret (session token): borrowed for the call */
};

struct sockaddr;

/* Rules for calls that are not made to AWS's services. No proxy: it would connect in their place. */
struct snt_http_route {
  /* Asked for each address that is about to be connected to, whatever the name resolved to before. NULL: any. */
  bool (*may_connect)(const struct sockaddr *address, bool allows_private);
  bool allows_private;
  bool is_metadata;       /* plain http is allowed to the hosts of net/metadata.h; else only https is */
  const char *connect_to; /* NULL; tests: "NAME:PORT:ADDRESS:PORT" (curl, CURLOPT_CONNECT_TO) */
};

struct snt_http_request {
  const char *method; /* "GET", "POST" */
  const char *url;    /* absolute, encoded */
  struct snt_http_header headers[SNT_HTTP_HEADERS_MAX];
  size_t header_count;
  const char *body;
  size_t body_len;
  int connect_timeout_ms;             /* 0: 1000 */
  int timeout_ms;                     /* whole call; 0: 3000 */
  size_t body_cap;                    /* 0: SNT_HTTP_BODY_CAP */
  bool is_fresh;                      /* on a connection of its own: it goes out once */
  const struct snt_http_route *route; /* NULL: no further rules */
  void (*on_answer)(void *context);   /* NULL, or called when the whole answer is there; others may still be awaited */
  void *context;
};

struct snt_http_response {
  snt_status status;       /* of this call; NETWORK, TIMEOUT or ANSWER_INVALID when there is no whole answer;
                              CONFIG_INVALID, SYNTAX or BUG when it was refused before a socket was opened */
  struct snt_err err;      /* when status is a failure: names the host and what failed */
  long http_status;        /* 200 and so on; 0 without an answer */
  struct snt_secret *body; /* owned; never NULL after a whole answer */
  char content_type[128];  /* lower case, without parameters; "" when absent */
  int64_t date_ms;         /* of the Date header; 0 when absent or not a date */
  int64_t received_at_ms;  /* monotonic, when the headers had come */
  bool is_retryable;       /* nothing answered, or 5xx or 429 */
  int sent;                /* how often it went out: a kept connection that turns out to be closed costs another one */
};
void snt_http_response_clear(struct snt_http_response *response);

/* Settings that hold for all calls of the process. Strings are borrowed for the life of the client. */
struct snt_http_options {
  const char *ca_bundle; /* AWS_CA_BUNDLE or its config key; NULL: the hashed folder, else the system's bundle */
};

struct snt_http_client;
/* Loads the network module (BUG when it is not installed). Proxies come from HTTPS_PROXY, https_proxy, ALL_PROXY and
 * NO_PROXY, as in curl. */
snt_status snt_http_client_open(const struct snt_http_options *options, struct snt_http_client **out,
                                struct snt_err *err);
void snt_http_client_close(struct snt_http_client **client);
#define SNT_HTTP_CLIENT_AUTO SNT_CLEANUP(snt_http_client_close)

/* Runs the calls in parallel and waits for all. Connections are kept for later calls. Fails only when nothing could be
 * tried (NO_MEMORY, BUG); how each call went is in its response. */
snt_status snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                            struct snt_http_response *responses, size_t count, struct snt_err *err);

/* For the record (aws.md, Endpoints): where the certificates come from ("system", or the bundle's path) and the proxy
 * that an https URL would use ("" for none; user and password removed). */
const char *snt_http_ca_source(const struct snt_http_client *client);
snt_status snt_http_proxy_for(const struct snt_http_client *client, const char *url, char *out, size_t cap,
                              struct snt_err *err);

#endif
