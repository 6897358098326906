/* What libcurl reports of an answer, piece by piece.
 *
 * MUST
 *  1. stop at the cap, of the head as of the body;
 *  2. keep the body in a secret from its first byte; a bigger one takes over, the smaller is wiped;
 *  3. refuse an encoding that was not asked for. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/module/exchange.h"

enum { HEAD_CAP = 64 * 1024, FIRST_BODY_CAP = 16 * 1024 };

static size_t body_cap(const struct snt_exchange *exchange) {
  size_t cap = exchange->call->request->body_cap;
  return cap == 0 ? SNT_HTTP_BODY_CAP : cap;
}

/* Remembers why, and makes libcurl stop: what a callback returns is then never the number of bytes it got. */
static size_t refuse(struct snt_exchange *exchange, const char *what) {
  SNT_IGNORE(snt_fail(&exchange->why, SNT_CODE_ANSWER_INVALID, "%s: %s", exchange->call->host, what));
  return 0;
}

static bool is_name(struct snt_slice name, const char *wanted) {
  return name.len == strlen(wanted) && strncasecmp(name.data, wanted, name.len) == 0;
}

static struct snt_slice trim(struct snt_slice text) {
  while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL) {
    text.len--;
  }
  while (text.len > 0 && strchr(" \t", text.data[0]) != NULL) {
    text.data++;
    text.len--;
  }
  return text;
}

/* Lower case, up to a ';' or blank; nothing when it does not fit or is not ASCII. */
static void take_type(struct snt_slice value, char *out, size_t cap) {
  out[0] = '\0';
  size_t len = 0;
  for (; len < value.len && strchr("; \t", value.data[len]) == NULL; len++) {
    unsigned char c = (unsigned char)value.data[len];
    if (len + 1 >= cap || c < 0x21 || c > 0x7e) {
      out[0] = '\0';
      return;
    }
    out[len] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
    out[len + 1] = '\0';
  }
}

/* -1 when it is not a number. */
static int64_t parse_length(struct snt_slice value) {
  int64_t length = 0;
  for (size_t i = 0; i < value.len; i++) {
    if (value.data[i] < '0' || value.data[i] > '9' || length > INT64_MAX / 16) {
      return -1;
    }
    length = length * 10 + (value.data[i] - '0');
  }
  return value.len == 0 ? -1 : length;
}

/* false, and refused, when the answer contradicts itself or is too large. */
static bool take_length(struct snt_exchange *exchange, struct snt_slice value) {
  int64_t length = parse_length(value);
  if (length < 0 || (exchange->announced >= 0 && exchange->announced != length)) {
    return refuse(exchange, "the answer's Content-Length makes no sense") != 0;
  }
  exchange->announced = length;
  return (uint64_t)length <= body_cap(exchange) || refuse(exchange, "the answer is too large") != 0;
}

static bool take_field(struct snt_exchange *exchange, struct snt_slice name, struct snt_slice value) {
  struct snt_http_response *response = exchange->call->response;
  if (is_name(name, "Content-Length")) {
    return take_length(exchange, value);
  }
  if (is_name(name, "Content-Encoding") && value.len > 0 && !is_name(value, "identity")) {
    return refuse(exchange, "the answer is compressed, which was not asked for") != 0;
  }
  if (is_name(name, "Transfer-Encoding") && !is_name(value, "chunked")) {
    return refuse(exchange, "the answer's Transfer-Encoding was not asked for") != 0;
  }
  exchange->is_chunked = exchange->is_chunked || is_name(name, "Transfer-Encoding");
  if (is_name(name, "Content-Type")) {
    take_type(value, response->content_type, sizeof response->content_type);
  }
  if (is_name(name, "Date") && value.len < sizeof exchange->call->date) {
    memcpy(exchange->call->date, value.data, value.len);
    exchange->call->date[value.len] = '\0';
  }
  return true;
}

/* A head ends with an empty line; one of status 1xx is only the first of several. */
static void end_head(struct snt_exchange *exchange) {
  long status = 0;
  if (curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 200) {
    exchange->has_head = true;
    exchange->call->response->http_status = status;
    exchange->call->response->received_at_ms = snt_clock_monotonic_ms();
  }
}

size_t snt_exchange_take_head(char *line, size_t size, size_t count, void *context) {
  struct snt_exchange *exchange = context;
  size_t len = size * count;
  exchange->head_bytes += len;
  if (exchange->head_bytes > HEAD_CAP) {
    return refuse(exchange, "the answer's headers are too large");
  }
  if (exchange->has_head) {
    return len; /* a trailer: nothing that is looked at comes in one */
  }
  struct snt_slice text = trim((struct snt_slice){line, len});
  const char *colon = memchr(text.data, ':', text.len);
  if (text.len == 0) {
    end_head(exchange);
  } else if (colon != NULL && !(text.len >= 5 && memcmp(text.data, "HTTP/", 5) == 0)) {
    struct snt_slice name = {text.data, (size_t)(colon - text.data)};
    struct snt_slice value = trim((struct snt_slice){colon + 1, text.len - name.len - 1});
    return take_field(exchange, name, value) ? len : 0;
  }
  return len;
}

/* Room for wanted bytes, at most the cap. Content-Length says it at once; without one the room doubles. */
static snt_status make_room(struct snt_exchange *exchange, size_t wanted, struct snt_err *err) {
  struct snt_secret **body = &exchange->call->response->body;
  if (*body != NULL && wanted <= snt_secret_cap(*body)) {
    return snt_done();
  }
  size_t room = *body == NULL ? FIRST_BODY_CAP : 2 * snt_secret_cap(*body);
  room = exchange->announced >= 0 ? (size_t)exchange->announced : room;
  room = room < wanted ? wanted : room;
  room = room > body_cap(exchange) ? body_cap(exchange) : room;
  SNT_SECRET_AUTO struct snt_secret *bigger = NULL;
  SNT_TRY(snt_secret_new(room, &bigger, err));
  if (*body != NULL) {
    SNT_TRY(snt_secret_append(bigger, snt_secret_borrow(*body), snt_secret_len(*body), err));
  }
  snt_secret_free(body);
  *body = SNT_MOVE(bigger);
  return snt_done();
}

size_t snt_exchange_take_body(char *data, size_t size, size_t count, void *context) {
  struct snt_exchange *exchange = context;
  size_t len = size * count;
  struct snt_secret *body = exchange->call->response->body;
  size_t had = body == NULL ? 0 : snt_secret_len(body);
  if (len > body_cap(exchange) - had) {
    return refuse(exchange, "the answer is too large");
  }
  bool is_taken = snt_ok(make_room(exchange, had + len, &exchange->why)) &&
                  snt_ok(snt_secret_append(exchange->call->response->body, data, len, &exchange->why));
  return is_taken ? len : 0;
}

/* A whole answer, perhaps without a body. */
static snt_status complete(struct snt_exchange *exchange, struct snt_err *err) {
  if (!exchange->has_head) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer has no complete head", exchange->call->host);
  }
  bool has_end = exchange->announced >= 0 || exchange->is_chunked || exchange->call->response->http_status == 204;
  if (!has_end && exchange->call->request->route != NULL) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer does not say where it ends: it may have been cut",
                    exchange->call->host);
  }
  return make_room(exchange, 0, err);
}

/* Asking again does not make a certificate better. */
static bool is_about_trust(CURLcode result) {
  return result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE;
}

void snt_exchange_end(struct snt_exchange *exchange, CURLcode result) {
  struct snt_http_response *response = exchange->call->response;
  response->status =
      result == CURLE_OK ? complete(exchange, &response->err) : snt_exchange_fail(exchange, result, &response->err);
  if (!snt_ok(response->status)) {
    snt_secret_free(&response->body);
    response->http_status = 0;
    response->content_type[0] = '\0';
    exchange->call->date[0] = '\0';
    enum snt_code code = response->status.code;
    response->is_retryable = code == SNT_CODE_TIMEOUT || (code == SNT_CODE_NETWORK && !is_about_trust(result));
  }
}
