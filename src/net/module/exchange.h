/* net/module/exchange (layer 2, inner): one request and its answer in libcurl's hands. */
#ifndef SNT_NET_MODULE_EXCHANGE_H
#define SNT_NET_MODULE_EXCHANGE_H

#include <curl/curl.h>

#include "net/net.h"

struct snt_exchange {
  struct snt_net_call *call;
  const struct snt_net_trust *trust;
  CURL *easy;
  struct curl_slist connect_to;                      /* of the request's route */
  struct curl_slist lines[SNT_HTTP_HEADERS_MAX + 2]; /* of the request; their text lies in head */
  struct snt_secret *head;
  size_t head_bytes; /* of the answer so far */
  bool has_head;     /* the final answer's headers are complete */
  int64_t announced; /* Content-Length; -1 without one */
  bool is_chunked;
  struct snt_err why; /* a callback stopped the call; SNT_CODE_FAILED: none did */
  char detail[CURL_ERROR_SIZE];
};

/* Prepares exchange->easy for a call. The exchange may not move afterwards. Codes NO_MEMORY and BUG. */
snt_status snt_exchange_begin(struct snt_exchange *exchange, const struct snt_net_trust *trust,
                              struct snt_net_call *call, struct snt_err *err);
/* Sets the response's status from libcurl's result. */
void snt_exchange_end(struct snt_exchange *exchange, CURLcode result);
void snt_exchange_clear(struct snt_exchange *exchange);

/* libcurl's callbacks; context is the exchange. */
size_t snt_exchange_take_head(char *line, size_t size, size_t count, void *context);
size_t snt_exchange_take_body(char *data, size_t size, size_t count, void *context);
/* What a failed result means; err is not NULL. */
snt_status snt_exchange_fail(const struct snt_exchange *exchange, CURLcode result, struct snt_err *err);

#endif
