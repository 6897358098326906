/* The client: what may be asked, by which proxy, trusting whom. The module does the talking.
 *
 * MUST
 *  1. refuse plain http to anything but a literal loopback address, or what a route to metadata allows, before a socket
 *     is opened;
 *  2. refuse control characters in anything that goes into a request's head;
 *  3. name no header's value and no proxy's password in an error. */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/time.h"
#include "format/uri.h"
#include "net/metadata.h"
#include "net/net.h"
#include "net/proxy.h"
#include "net/trust.h"

struct snt_http_client {
  const struct snt_net *net;
  void *state;
  const char *ca_source;
};

/* What a call needs beside the module's part. */
struct prepared {
  struct snt_url url;
  struct snt_net_call call;
};

void snt_http_response_clear(struct snt_http_response *response) {
  snt_secret_free(&response->body);
  memset(response, 0, sizeof *response);
}

snt_status snt_http_client_open(const struct snt_http_options *options, struct snt_http_client **out,
                                struct snt_err *err) {
  *out = NULL;
  const struct snt_net *net = NULL;
  SNT_TRY(snt_net_load(&net, err));
  SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = calloc(1, sizeof *client);
  if (client == NULL) {
    return snt_fail_memory(err);
  }
  struct snt_net_trust trust = snt_trust_find(options->ca_bundle);
  client->net = net;
  client->ca_source = options->ca_bundle == NULL ? "system" : options->ca_bundle;
  SNT_TRY(net->open(&trust, &client->state, err));
  *out = SNT_MOVE(client);
  return snt_done();
}

void snt_http_client_close(struct snt_http_client **client) {
  if (client == NULL || *client == NULL) {
    return;
  }
  if ((*client)->state != NULL) {
    (*client)->net->close(&(*client)->state);
  }
  free(*client);
  *client = NULL;
}

const char *snt_http_ca_source(const struct snt_http_client *client) { return client->ca_source; }

/* A query is nobody's business here but the server's. */
static snt_status parse_url(const char *text, struct snt_url *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf bare = {0};
  size_t len = strcspn(text, "?");
  SNT_TRY(snt_buf_append(&bare, text, len, err));
  for (const char *p = text + len; *p != '\0'; p++) {
    if (*p <= 0x20 || *p > 0x7e || *p == '#') {
      return snt_fail(err, SNT_CODE_SYNTAX, "URL: the query holds a character that has to be encoded");
    }
  }
  return snt_url_parse(snt_buf_borrow(&bare), "URL", out, err);
}

snt_status snt_http_proxy_for(const struct snt_http_client *client, const char *url, char *out, size_t cap,
                              struct snt_err *err) {
  (void)client;
  if (cap == 0) {
    return snt_fail(err, SNT_CODE_BUG, "no room for a proxy's address");
  }
  out[0] = '\0';
  struct snt_url parsed = {0};
  SNT_TRY(parse_url(url, &parsed, err));
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_proxy_describe(snt_proxy_find(&parsed), &text, err));
  if (text.len >= cap) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "the proxy's address is longer than %zu bytes", cap - 1);
  }
  memcpy(out, snt_buf_borrow(&text), text.len + 1);
  return snt_done();
}

static bool is_token(const char *text) {
  size_t len = strlen(text);
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return len > 0 && strspn(text, allowed) == len;
}

static bool is_field_value(const char *text) {
  for (; *text != '\0'; text++) {
    if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
      return false;
    }
  }
  return true;
}

static snt_status check_head(const struct snt_http_request *request, struct snt_err *err) {
  if (!is_token(request->method) || request->header_count > SNT_HTTP_HEADERS_MAX) {
    return snt_fail(err, SNT_CODE_BUG, "a request with an odd method or too many headers");
  }
  for (size_t i = 0; i < request->header_count; i++) {
    if (!is_token(request->headers[i].name)) {
      return snt_fail(err, SNT_CODE_BUG, "a header's name is not a token");
    }
    if (!is_field_value(request->headers[i].value)) {
      return snt_fail(err, SNT_CODE_CONFIG_INVALID, "the value of the header %s holds a control character",
                      request->headers[i].name);
    }
  }
  return snt_done();
}

/* Where a proxy stands between, it may be what failed; its password is told to nobody. */
static void name_proxy(const struct snt_net_call *call) {
  struct snt_http_response *response = call->response;
  const struct snt_err inner = response->err;
  bool may_be = response->status.code == SNT_CODE_NETWORK || response->status.code == SNT_CODE_TIMEOUT;
  SNT_BUF_AUTO struct snt_buf shown = {0};
  if (!may_be || call->proxy[0] == '\0' || !snt_ok(snt_proxy_describe(call->proxy, &shown, NULL))) {
    return;
  }
  SNT_IGNORE(snt_fail(&response->err, inner.code, "%s (by the proxy %s)", inner.message, shown.data));
  SNT_IGNORE(snt_err_hint(&response->err, "%s",
                          inner.hint[0] == '\0' ? "check the proxy, HTTPS_PROXY and NO_PROXY" : inner.hint));
}

/* What the module leaves to do, as soon as a call has ended. */
static void finish(struct snt_net_call *call) {
  struct snt_http_response *response = call->response;
  name_proxy(call);
  if (!snt_time_parse_http(call->date, &response->date_ms)) {
    response->date_ms = 0;
  }
  bool is_busy = response->http_status >= 500 || response->http_status == 429;
  response->is_retryable = response->is_retryable || (snt_ok(response->status) && is_busy);
  if (snt_ok(response->status) && call->request->on_answer != NULL) {
    call->request->on_answer(call->request->context);
  }
}

static bool may_be_plain(const struct snt_url *url, const struct snt_http_route *route) {
  return route == NULL ? url->is_loopback : route->is_metadata && snt_metadata_host_check(url->host);
}

static snt_status prepare(const struct snt_http_request *request, struct prepared *out, struct snt_err *err) {
  SNT_TRY(parse_url(request->url, &out->url, err));
  if (strcmp(out->url.scheme, "https") != 0 && !may_be_plain(&out->url, request->route)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: plain http is refused", out->url.authority));
    return snt_err_hint(err, "use https; plain http is for literal loopback addresses such as 127.0.0.1 only");
  }
  SNT_TRY(check_head(request, err));
  const char *proxy = request->route == NULL ? snt_proxy_find(&out->url) : "";
  if (proxy[0] != '\0') {
    SNT_TRY(snt_proxy_check(proxy, err));
  }
  out->call.request = request;
  out->call.scheme = out->url.scheme;
  out->call.host = out->url.authority;
  out->call.proxy = proxy;
  out->call.on_end = finish;
  return snt_done();
}

/* The calls that could be prepared stand together, because the module gets them as one array. */
static snt_status perform_prepared(struct snt_http_client *client, const struct prepared *prepared,
                                   struct snt_net_call *calls, size_t count, struct snt_err *err) {
  size_t good = 0;
  for (size_t i = 0; i < count; i++) {
    if (prepared[i].call.request != NULL) {
      calls[good++] = prepared[i].call;
    }
  }
  return good == 0 ? snt_done() : client->net->perform(client->state, calls, good, err);
}

snt_status snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                            struct snt_http_response *responses, size_t count, struct snt_err *err) {
  for (size_t i = 0; i < count; i++) {
    responses[i] = (struct snt_http_response){0};
  }
  SNT_FREE_AUTO struct prepared *prepared = calloc(count + 1, sizeof *prepared);
  SNT_FREE_AUTO struct snt_net_call *calls = calloc(count + 1, sizeof *calls);
  if (prepared == NULL || calls == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    responses[i].status = prepare(&requests[i], &prepared[i], &responses[i].err);
    if (snt_ok(responses[i].status)) {
      responses[i].status = (snt_status){SNT_CODE_FAILED};
      prepared[i].call.response = &responses[i];
    }
  }
  return perform_prepared(client, prepared, calls, count, err);
}
