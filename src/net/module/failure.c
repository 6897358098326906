/* What libcurl's results mean to a person, and to whoever might ask again. */
#include <stdio.h>
#include <string.h>

#include "net/module/exchange.h"

enum kind { KIND_OUTAGE, KIND_TIMEOUT, KIND_TRUST, KIND_TLS, KIND_PROXY, KIND_ANSWER, KIND_CUT, KIND_REFUSED };

/* One row for each result that a call can have; any other is an outage without an explanation of ours. */
static const struct row {
  CURLcode result;
  enum kind kind;
  const char *what;
} ROWS[] = {
    {CURLE_COULDNT_RESOLVE_HOST, KIND_OUTAGE, "the name has no address"},
    {CURLE_COULDNT_CONNECT, KIND_OUTAGE, "it cannot be reached"},
    {CURLE_GOT_NOTHING, KIND_OUTAGE, "it closed the connection without an answer"},
    {CURLE_COULDNT_RESOLVE_PROXY, KIND_PROXY, "the proxy's name has no address"},
    {CURLE_PROXY, KIND_PROXY, "the proxy failed"},
    {CURLE_OPERATION_TIMEDOUT, KIND_TIMEOUT, ""},
    {CURLE_PEER_FAILED_VERIFICATION, KIND_TRUST, "its certificate is not trusted"},
    {CURLE_SSL_CACERT_BADFILE, KIND_TRUST, "the trusted certificates cannot be read"},
    {CURLE_SSL_ISSUER_ERROR, KIND_TRUST, "its certificate's issuer is not trusted"},
    {CURLE_SSL_CONNECT_ERROR, KIND_TLS, "TLS 1.2 or later could not be agreed on"},
    {CURLE_PARTIAL_FILE, KIND_ANSWER, "the answer is shorter than announced"},
    {CURLE_UNSUPPORTED_PROTOCOL, KIND_ANSWER, "the answer is not HTTP/1.1"},
    {CURLE_WEIRD_SERVER_REPLY, KIND_ANSWER, "the answer is not HTTP/1.1"},
    {CURLE_BAD_CONTENT_ENCODING, KIND_ANSWER, "the answer's encoding is broken"},
    {CURLE_RECV_ERROR, KIND_CUT, "the connection broke"},
    {CURLE_SEND_ERROR, KIND_CUT, "the connection broke"},
    {CURLE_OUT_OF_MEMORY, KIND_REFUSED, "out of memory"},
    {CURLE_WRITE_ERROR, KIND_REFUSED, "the answer could not be taken"},
};

static struct row find_row(CURLcode result) {
  for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
    if (ROWS[i].result == result) {
      return ROWS[i];
    }
  }
  return (struct row){result, KIND_OUTAGE, curl_easy_strerror(result)};
}

/* libcurl's own text would quote the whole address of a proxy it cannot use. */
static const char *detail_of(const struct snt_exchange *exchange, CURLcode result) {
  bool may_hold_password = strchr(exchange->call->proxy, '@') != NULL;
  return may_hold_password || exchange->detail[0] == '\0' ? curl_easy_strerror(result) : exchange->detail;
}

static bool was_connected(const struct snt_exchange *exchange) {
  curl_off_t connected_us = 0;
  (void)curl_easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
  return connected_us > 0;
}

static snt_status fail_timeout(const struct snt_exchange *exchange, struct snt_err *err) {
  curl_off_t spent_us = 0;
  (void)curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &spent_us);
  return snt_fail(err, SNT_CODE_TIMEOUT, "%s: no %s within %ld ms", exchange->call->host,
                  was_connected(exchange) ? "whole answer" : "connection", (long)(spent_us / 1000));
}

static snt_status fail_trust(const struct snt_exchange *exchange, const char *what, const char *detail,
                             struct snt_err *err) {
  const struct snt_net_trust *trust = exchange->trust;
  SNT_IGNORE(snt_fail(err, SNT_CODE_NETWORK, "%s: %s: %s", exchange->call->host, what, detail));
  return snt_err_hint(err, "certificates are trusted from %s; name another file of them with AWS_CA_BUNDLE",
                      trust->bundle == NULL ? trust->folder : trust->bundle);
}

static snt_status fail_refused(const struct snt_exchange *exchange, const char *what, struct snt_err *err) {
  if (exchange->why.code != SNT_CODE_FAILED) {
    *err = exchange->why;
    return (snt_status){exchange->why.code};
  }
  if (!exchange->has_head && was_connected(exchange)) { /* libcurl's own limit on a line says "out of memory", too */
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer's headers are too large", exchange->call->host);
  }
  return snt_fail(err, SNT_CODE_NO_MEMORY, "%s: %s", exchange->call->host, what);
}

snt_status snt_exchange_fail(const struct snt_exchange *exchange, CURLcode result, struct snt_err *err) {
  const struct row row = find_row(result);
  const char *host = exchange->call->host;
  const char *detail = detail_of(exchange, result);
  if (result == CURLE_COULDNT_CONNECT && exchange->why.code != SNT_CODE_FAILED) {
    *err = exchange->why; /* no socket was opened */
    return (snt_status){exchange->why.code};
  }
  switch (row.kind) {
  case KIND_TIMEOUT:
    return fail_timeout(exchange, err);
  case KIND_TRUST:
    return fail_trust(exchange, row.what, detail, err);
  case KIND_TLS:
    return snt_fail(err, SNT_CODE_NETWORK, "%s: %s: %s", host, row.what, detail);
  case KIND_ANSWER:
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: %s", host, row.what);
  case KIND_CUT:
    return snt_fail(err, exchange->has_head ? SNT_CODE_ANSWER_INVALID : SNT_CODE_NETWORK, "%s: %s: %s", host, row.what,
                    detail);
  case KIND_REFUSED:
    return fail_refused(exchange, row.what, err);
  case KIND_PROXY:
    SNT_IGNORE(snt_fail(err, SNT_CODE_NETWORK, "%s: %s", host, row.what));
    return snt_err_hint(err, "check HTTPS_PROXY and NO_PROXY");
  case KIND_OUTAGE:
    break;
  }
  return snt_fail(err, SNT_CODE_NETWORK, "%s: %s: %s", host, row.what, detail);
}
