/* How libcurl is told what a call may do.
 *
 * MUST
 *  1. TLS 1.2 or later, peer and name verified, for the server and for a proxy of https;
 *  2. one protocol, no redirect, no netrc, no cookie, no compressed body;
 *  3. the request's head lies in a secret: a header may be a session token. */
#include "net/module/exchange.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECT_MS = 1000, TOTAL_MS = 3000, SENDINGS_MAX = 2 };

/* What holds for every call. */
static const struct {
  CURLoption option;
  long value;
} RULES[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
    {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_PATH_AS_IS, 1}, /* the path is signed as it stands */
    {CURLOPT_QUICK_EXIT, 1}, /* a call that is late does not wait for a name server */
};

static CURLcode set_rules(CURL *easy) {
  for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
    CURLcode code = curl_easy_setopt(easy, RULES[i].option, RULES[i].value);
    if (code != CURLE_OK) {
      return code;
    }
  }
  return CURLE_OK;
}

/* Sets in order until one fails. */
#define SET(option, value)                                                                                             \
  do {                                                                                                                 \
    CURLcode set_code = curl_easy_setopt(easy, (option), (value));                                                     \
    if (set_code != CURLE_OK) {                                                                                        \
      return set_code;                                                                                                 \
    }                                                                                                                  \
  } while (0)

static CURLcode set_trust(CURL *easy, const struct snt_net_trust *trust) {
  SET(CURLOPT_CAINFO, trust->bundle); /* NULL takes away libcurl's own default */
  SET(CURLOPT_CAPATH, trust->folder);
  SET(CURLOPT_PROXY_CAINFO, trust->bundle);
  SET(CURLOPT_PROXY_CAPATH, trust->folder);
  return CURLE_OK;
}

static CURLcode set_route(CURL *easy, const struct snt_net_call *call) {
  const struct snt_http_request *request = call->request;
  SET(CURLOPT_URL, request->url);
  SET(CURLOPT_PROTOCOLS_STR, call->scheme);
  SET(CURLOPT_PROXY, call->proxy); /* "" keeps libcurl from asking the environment */
  SET(CURLOPT_NOPROXY, call->proxy[0] == '\0' ? "*" : "");
  SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_MS));
  SET(CURLOPT_TIMEOUT_MS, (long)(request->timeout_ms > 0 ? request->timeout_ms : TOTAL_MS));
  return CURLE_OK;
}

static CURLcode set_request(CURL *easy, const struct snt_http_request *request) {
  bool is_post = strcmp(request->method, "POST") == 0;
  SET(CURLOPT_FRESH_CONNECT, request->is_fresh ? 1L : 0L);
  if (is_post || request->body_len > 0) {
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    SET(CURLOPT_POSTFIELDS, request->body_len == 0 ? "" : request->body);
  }
  if (!is_post && strcmp(request->method, "GET") != 0) {
    SET(CURLOPT_CUSTOMREQUEST, request->method);
  }
  return CURLE_OK;
}

/* The address itself is looked at: what a name resolved to before, or will again, does not matter. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
  struct snt_exchange *exchange = context;
  const struct snt_http_route *route = exchange->call->request->route;
  bool is_good = route->may_connect == NULL || route->may_connect(&address->addr, route->allows_private);
  if (purpose != CURLSOCKTYPE_IPCXN || !is_good) {
    SNT_IGNORE(snt_fail(&exchange->why, SNT_CODE_NETWORK, "%s: its address is one that may not be asked",
                        exchange->call->host));
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode set_further_rules(struct snt_exchange *exchange) {
  const struct snt_http_route *route = exchange->call->request->route;
  CURL *easy = exchange->easy;
  if (route == NULL) {
    return CURLE_OK;
  }
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_OPENSOCKETDATA, exchange);
  if (route->connect_to != NULL) {
    exchange->connect_to.data = (char *)(uintptr_t)route->connect_to; /* libcurl only reads it */
    SET(CURLOPT_CONNECT_TO, &exchange->connect_to);
  }
  return CURLE_OK;
}

/* libcurl sends again by itself what went out on a kept connection that was closed: once is enough. */
static int count_sending(void *context, char *local, char *remote, int local_port, int remote_port) {
  struct snt_exchange *exchange = context;
  (void)local, (void)remote, (void)local_port, (void)remote_port;
  if (exchange->call->response->sent == SENDINGS_MAX) {
    SNT_IGNORE(snt_fail(&exchange->why, SNT_CODE_NETWORK, "%s: it closed the connection without an answer",
                        exchange->call->host));
    return CURL_PREREQFUNC_ABORT;
  }
  exchange->call->response->sent++;
  return CURL_PREREQFUNC_OK;
}

static CURLcode set_ears(CURL *easy, struct snt_exchange *exchange) {
  SET(CURLOPT_PREREQFUNCTION, count_sending);
  SET(CURLOPT_PREREQDATA, exchange);
  SET(CURLOPT_HTTPHEADER, exchange->lines);
  SET(CURLOPT_HEADERFUNCTION, snt_exchange_take_head);
  SET(CURLOPT_HEADERDATA, exchange);
  SET(CURLOPT_WRITEFUNCTION, snt_exchange_take_body);
  SET(CURLOPT_WRITEDATA, exchange);
  SET(CURLOPT_ERRORBUFFER, exchange->detail);
  SET(CURLOPT_PRIVATE, exchange);
  return CURLE_OK;
}

static CURLcode set_all(struct snt_exchange *exchange) {
  CURL *easy = exchange->easy;
  CURLcode code = set_rules(easy);
  code = code != CURLE_OK ? code : set_trust(easy, exchange->trust);
  code = code != CURLE_OK ? code : set_route(easy, exchange->call);
  code = code != CURLE_OK ? code : set_further_rules(exchange);
  code = code != CURLE_OK ? code : set_request(easy, exchange->call->request);
  return code != CURLE_OK ? code : set_ears(easy, exchange);
}

/* Appends one line and its NUL to the head, and the line to the list that libcurl reads (and copies from). */
static snt_status add_line(struct snt_exchange *exchange, size_t index, const char *name, const char *mark,
                           const char *value, struct snt_err *err) {
  char *text = snt_secret_borrow_writable(exchange->head) + snt_secret_len(exchange->head);
  SNT_TRY(snt_secret_append(exchange->head, name, strlen(name), err));
  SNT_TRY(snt_secret_append(exchange->head, mark, strlen(mark), err));
  SNT_TRY(snt_secret_append(exchange->head, value, strlen(value) + 1, err));
  exchange->lines[index] = (struct curl_slist){.data = text};
  if (index > 0) {
    exchange->lines[index - 1].next = &exchange->lines[index];
  }
  return snt_done();
}

static snt_status build_head(struct snt_exchange *exchange, struct snt_err *err) {
  static const char *const silenced[] = {"Expect", "Content-Type"}; /* what libcurl would add by itself */
  const struct snt_http_request *request = exchange->call->request;
  size_t cap = 64;
  bool has_type = false;
  for (size_t i = 0; i < request->header_count; i++) {
    cap += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 3;
    has_type = has_type || strcasecmp(request->headers[i].name, "Content-Type") == 0;
  }
  SNT_TRY(snt_secret_new(cap, &exchange->head, err));
  size_t count = 0;
  for (size_t i = 0; i < (has_type ? 1 : 2); i++) {
    SNT_TRY(add_line(exchange, count++, silenced[i], ":", "", err));
  }
  for (size_t i = 0; i < request->header_count; i++) {
    const struct snt_http_header *header = &request->headers[i];
    bool is_empty = header->value[0] == '\0'; /* libcurl drops "Name:", and sends "Name;" as "Name:" */
    SNT_TRY(add_line(exchange, count++, header->name, is_empty ? ";" : ": ", header->value, err));
  }
  return snt_done();
}

snt_status snt_exchange_begin(struct snt_exchange *exchange, const struct snt_net_trust *trust,
                              struct snt_net_call *call, struct snt_err *err) {
  exchange->call = call;
  exchange->trust = trust;
  exchange->announced = -1;
  SNT_TRY(build_head(exchange, err));
  exchange->easy = curl_easy_init();
  if (exchange->easy == NULL) {
    return snt_fail_memory(err);
  }
  CURLcode code = set_all(exchange);
  if (code != CURLE_OK) {
    return snt_fail(err, code == CURLE_OUT_OF_MEMORY ? SNT_CODE_NO_MEMORY : SNT_CODE_BUG, "libcurl: %s",
                    curl_easy_strerror(code));
  }
  return snt_done();
}

void snt_exchange_clear(struct snt_exchange *exchange) {
  curl_easy_cleanup(exchange->easy);
  exchange->easy = NULL;
  snt_secret_free(&exchange->head);
}
