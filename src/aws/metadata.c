/* MUST
 *  1. by plain http, ask nobody but the hosts of net/metadata.h;
 *  2. end when the time is up, and after the tries;
 *  3. no message holds a key or a token. */
#include "aws/metadata.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/metadata.h"
#include "snt_build_id.h"

enum { BODY_CAP = 16 * 1024, PAUSE_MS = 100, LEAST_MS = 20, TEXT_CAP = 512 };

static bool is_busy(const struct snt_http_response *response) {
  return response->http_status >= 500 || response->http_status == 429;
}

/* Whether another try may do better: nobody answered, or "not now". */
static bool may_ask_again(const struct snt_http_response *response) {
  enum snt_code code = response->status.code;
  return snt_ok(response->status) ? is_busy(response) : code == SNT_CODE_NETWORK || code == SNT_CODE_TIMEOUT;
}

static int64_t left_of(const struct snt_aws_metadata *host) {
  return host->end_ms == 0 ? INT64_MAX : host->end_ms - snt_clock_monotonic_ms();
}

static snt_status ask_once(const struct snt_aws_metadata *host, const struct snt_aws_metadata_question *question,
                           struct snt_http_response *response, struct snt_err *err) {
  static const struct snt_http_route direct = {0};
  int64_t left_ms = left_of(host);
  int timeout_ms = left_ms < host->try_ms ? (int)(left_ms < LEAST_MS ? LEAST_MS : left_ms) : host->try_ms;
  struct snt_http_request request = {.method = question->method,
                                     .url = question->url,
                                     .headers = {{"Accept", "*/*"}, {"User-Agent", "sentinel/" SNT_VERSION}},
                                     .header_count = 2,
                                     .connect_timeout_ms = timeout_ms,
                                     .timeout_ms = timeout_ms,
                                     .body_cap = BODY_CAP,
                                     .route = host->is_plain ? snt_metadata_route() : &direct};
  if (question->header != NULL) {
    request.headers[request.header_count++] = (struct snt_http_header){question->header, question->value};
  }
  return snt_http_perform(host->client, &request, response, 1, err);
}

snt_status snt_aws_metadata_open(const struct snt_aws_search *search, const struct snt_url *url, const char *what,
                                 struct snt_aws_metadata *host, struct snt_err *err) {
  host->place = url->authority;
  host->is_plain = strcmp(url->scheme, "http") == 0;
  if (host->is_plain && !snt_metadata_host_check(url->host)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: plain http to %s is refused", what, url->host));
    return snt_err_hint(err, "use https, a loopback address, or one of AWS's own: 169.254.169.254 and [fd00:ec2::254] "
                             "of an instance, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] of a container");
  }
  struct snt_aws_endpoint endpoint = {.is_overridden = !snt_metadata_host_is_own(url->host)};
  (void)snprintf(endpoint.url, sizeof endpoint.url, "%s://%s", url->scheme, url->authority);
  (void)snprintf(endpoint.host, sizeof endpoint.host, "%s", url->authority);
  (void)snprintf(endpoint.named_by, sizeof endpoint.named_by, "%s", endpoint.is_overridden ? what : "");
  SNT_TRY(search->open_client(search->context, &host->client, err));
  return search->check_endpoint(search->context, &endpoint, err);
}

snt_status snt_aws_metadata_ask(const struct snt_aws_metadata *host, const struct snt_aws_metadata_question *question,
                                struct snt_http_response *response, struct snt_err *err) {
  memset(response, 0, sizeof *response);
  for (int i = 0; i < host->tries; i++) {
    if (i > 0 && left_of(host) < PAUSE_MS + LEAST_MS) {
      break;
    }
    if (i > 0) {
      (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    snt_http_response_clear(response);
    SNT_TRY(ask_once(host, question, response, err));
    if (!may_ask_again(response)) {
      break;
    }
  }
  snt_status status = response->status;
  if (!snt_ok(status)) {
    if (err != NULL) {
      *err = response->err;
    }
    snt_http_response_clear(response);
  }
  return status;
}

static snt_status refuse_body(const struct snt_aws_metadata *host, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "the answer of %s makes no sense: %s", host->place, what);
}

snt_status snt_aws_metadata_line(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                                 const char *what, size_t max, struct snt_slice *out, struct snt_err *err) {
  *out = (struct snt_slice){snt_secret_borrow(response->body), 0};
  size_t end = strcspn(out->data, "\r\n"); /* a NUL ends it, too */
  while (out->len < end && out->data[out->len] > 0x20 && out->data[out->len] < 0x7f) {
    out->len++;
  }
  bool is_good = out->len >= 1 && out->len <= max && strspn(out->data + out->len, " \t") == end - out->len;
  return is_good ? snt_done() : refuse_body(host, what, err);
}

snt_status snt_aws_metadata_json(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                                 struct snt_json_doc **out, struct snt_err *err) {
  struct snt_err inner = {0};
  snt_status status =
      snt_json_parse(snt_secret_borrow(response->body), snt_secret_len(response->body), "the body", out, &inner);
  if (snt_ok(status)) {
    return status;
  }
  return status.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : refuse_body(host, inner.message, err);
}

const char *snt_aws_metadata_text(const struct snt_aws_metadata *host, const struct snt_json_value *object,
                                  const char *key) {
  const char *text = snt_json_printable(snt_json_get(object, key), TEXT_CAP);
  bool is_told_again = text != NULL && snt_secret_is_in(host->token, text);
  return text == NULL || is_told_again ? "" : text;
}

/* Hosts write either. */
static const char *find_text(const struct snt_aws_metadata *host, const struct snt_json_value *root, const char *key,
                             const char *other) {
  const char *text = snt_aws_metadata_text(host, root, key);
  return text[0] != '\0' ? text : snt_aws_metadata_text(host, root, other);
}

snt_status snt_aws_metadata_refuse(const struct snt_aws_metadata *host, const struct snt_http_response *response,
                                   struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  bool is_json =
      snt_ok(snt_json_parse(snt_secret_borrow(response->body), snt_secret_len(response->body), "it", &doc, NULL));
  const struct snt_json_value *root = is_json ? snt_json_root(doc) : NULL;
  const char *code = find_text(host, root, "code", "Code");
  const char *message = find_text(host, root, "message", "Message");
  return snt_fail(err, SNT_CODE_AWS_REFUSED, "%s answered HTTP %ld%s%s%s%s", host->place, response->http_status,
                  code[0] == '\0' ? "" : ", ", code, message[0] == '\0' ? "" : ": ", message);
}
