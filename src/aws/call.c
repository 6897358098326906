/* Signing, sending, and asking once more.
 *
 * MUST
 *  1. ask no region more than twice, and spend no more than its time on it;
 *  2. never repeat what AWS refused, except once for skew;
 *  3. send what is_once on a connection of its own, where nothing sends it again. */
#include "aws/call.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/refusal.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/str.h"
#include "snt_build_id.h"

enum { CALLS_MAX = 8, CONNECT_MS = 1000, TOTAL_MS = 3000, LEAST_MS = 50, PAUSE_MS = 100 };

void snt_aws_call_clear(struct snt_aws_call *call) {
  snt_buf_clear(&call->body);
  snt_http_response_clear(&call->response);
  free(call->what);
  free(call->subject);
  free(call->source_identity);
  memset(call, 0, sizeof *call);
}

snt_status snt_aws_call_begin(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                              const struct snt_aws_credentials *credentials, const char *target, const char *action,
                              const char *subject, struct snt_err *err) {
  snt_aws_call_clear(call);
  char service[sizeof endpoint->service];
  char what[160];
  for (size_t i = 0; i < sizeof service; i++) {
    service[i] = (char)toupper((unsigned char)endpoint->service[i]);
  }
  (void)snprintf(what, sizeof what, "%s %s in %s", service, action, endpoint->region);
  call->endpoint = *endpoint;
  call->credentials = credentials;
  call->target = target;
  call->what = snt_str_dup(what);
  call->subject = subject == NULL ? NULL : snt_str_dup(subject);
  if (call->what == NULL || (subject != NULL && call->subject == NULL)) {
    snt_aws_call_clear(call);
    return snt_fail_memory(err);
  }
  return snt_done();
}

struct round;

/* What on_answer of one request of a round gets. */
struct seat {
  struct round *round;
  size_t index;
};

/* One sending of some of the calls. */
struct round {
  size_t count;
  struct seat seats[CALLS_MAX];
  bool is_moved[CALLS_MAX]; /* the response is in its call already */
  struct snt_aws_call *calls[CALLS_MAX];
  struct snt_sigv4_result signatures[CALLS_MAX];
  struct snt_buf urls[CALLS_MAX];
  struct snt_http_request requests[CALLS_MAX];
  struct snt_http_response responses[CALLS_MAX];
};

static void clear_round(struct round *round) {
  for (size_t i = 0; i < round->count; i++) {
    snt_sigv4_result_clear(&round->signatures[i]);
    snt_buf_clear(&round->urls[i]);
    snt_http_response_clear(&round->responses[i]);
  }
}

static void add_header(struct snt_http_request *request, const char *name, const char *value) {
  request->headers[request->header_count++] = (struct snt_http_header){name, value};
}

/* The path of the endpoint; the URL has none when it ends with the authority. */
static const char *path_of(const char *url) {
  const char *authority = strstr(url, "//");
  const char *path = authority == NULL ? NULL : strchr(authority + 2, '/');
  return path == NULL ? "" : path;
}

/* The headers that a signature covers; Host comes with the URL. */
struct covered {
  struct snt_sigv4_header list[3];
  size_t count;
};

static struct covered headers_of(const struct snt_aws_call *call) {
  bool is_json = call->target != NULL;
  const char *type = is_json ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded; charset=utf-8";
  return (struct covered){{{"Host", call->endpoint.host}, {"Content-Type", type}, {"X-Amz-Target", call->target}},
                          is_json ? 3 : 2};
}

static snt_status sign_call(const struct snt_aws_call *call, const struct covered *covered,
                            struct snt_sigv4_result *signature, struct snt_http_request *request, struct snt_err *err) {
  const char *path = path_of(call->endpoint.url);
  struct snt_sigv4_request to_sign = {.method = "POST",
                                      .path = path[0] == '\0' ? "/" : path,
                                      .query = "",
                                      .headers = covered->list,
                                      .header_count = covered->count,
                                      .body = request->body,
                                      .body_len = request->body_len,
                                      .region = call->endpoint.region,
                                      .service = call->endpoint.service,
                                      .time_ms = snt_clock_wall_ms() + call->clock_offset_ms};
  SNT_TRY(snt_sigv4_sign(&to_sign, call->credentials, signature, err));
  add_header(request, "X-Amz-Date", signature->amz_date);
  if (call->credentials->session_token != NULL) {
    add_header(request, "X-Amz-Security-Token", snt_secret_borrow(call->credentials->session_token));
  }
  add_header(request, "Authorization", signature->authorization.data);
  return snt_done();
}

static snt_status build_request(const struct snt_aws_call *call, struct snt_sigv4_result *signature,
                                struct snt_buf *url, struct snt_http_request *request, struct snt_err *err) {
  bool has_path = path_of(call->endpoint.url)[0] != '\0';
  const struct covered covered = headers_of(call);
  SNT_TRY(snt_buf_appendf(url, err, "%s%s", call->endpoint.url, has_path ? "" : "/"));
  *request = (struct snt_http_request){.method = "POST",
                                       .url = url->data,
                                       .body = snt_buf_borrow(&call->body),
                                       .body_len = call->body.len,
                                       .body_cap = call->body_cap,
                                       .connect_timeout_ms = CONNECT_MS};
  for (size_t i = 1; i < covered.count; i++) {
    add_header(request, covered.list[i].name, covered.list[i].value);
  }
  if (call->credentials != NULL) {
    SNT_TRY(sign_call(call, &covered, signature, request, err));
  }
  add_header(request, "User-Agent", "sentinel/" SNT_VERSION);
  return snt_done();
}

static void move_response(struct round *round, size_t i) {
  if (!round->is_moved[i]) {
    snt_http_response_clear(&round->calls[i]->response);
    round->calls[i]->response = round->responses[i];
    memset(&round->responses[i], 0, sizeof round->responses[i]);
    round->is_moved[i] = true;
  }
}

static void take_answer(void *context) {
  const struct seat *seat = context;
  struct snt_aws_call *call = seat->round->calls[seat->index];
  if (call->on_answer != NULL && seat->round->responses[seat->index].http_status == 200) {
    move_response(seat->round, seat->index);
    call->on_answer(call->context, call);
  }
}

/* Sends the round's calls and moves the answers into them. */
static snt_status send_round(struct snt_http_client *client, struct round *round, int64_t left_ms, bool is_again,
                             struct snt_err *err) {
  for (size_t i = 0; i < round->count; i++) {
    SNT_TRY(build_request(round->calls[i], &round->signatures[i], &round->urls[i], &round->requests[i], err));
    round->requests[i].timeout_ms = round->calls[i]->timeout_ms > 0 ? round->calls[i]->timeout_ms : (int)left_ms;
    round->requests[i].is_fresh = is_again || round->calls[i]->is_once;
    round->seats[i] = (struct seat){round, i};
    round->requests[i].on_answer = take_answer;
    round->requests[i].context = &round->seats[i];
  }
  SNT_TRY(snt_http_perform(client, round->requests, round->responses, round->count, err));
  for (size_t i = 0; i < round->count; i++) {
    move_response(round, i);
  }
  return snt_done();
}

bool snt_aws_call_is_outage(const struct snt_aws_call *call) {
  enum snt_code code = call->response.status.code;
  return call->response.is_retryable || code == SNT_CODE_NETWORK || code == SNT_CODE_TIMEOUT;
}

/* Learns the server's clock from a refusal for skew. */
static bool corrects_clock(struct snt_aws_call *call) {
  const struct snt_http_response *response = &call->response;
  if (!snt_ok(response->status) || response->http_status < 400 || response->http_status > 499 ||
      response->date_ms == 0) {
    return false;
  }
  struct snt_aws_refusal refusal;
  snt_aws_refusal_read(call, &refusal);
  if (!snt_aws_refusal_is_skew(&refusal)) {
    return false;
  }
  int64_t server_ms = response->date_ms + (snt_clock_monotonic_ms() - response->received_at_ms);
  call->clock_offset_ms = server_ms - snt_clock_wall_ms();
  return true;
}

/* Those of the first round that may be asked once more; a server that answered "not now" gets a moment. */
static void choose_again(const struct round *first, struct round *again) {
  bool has_busy = false;
  for (size_t i = 0; i < first->count; i++) {
    struct snt_aws_call *call = first->calls[i];
    bool is_outage = snt_aws_call_is_outage(call) && call->response.sent < 2;
    if (!call->is_once && (is_outage || corrects_clock(call))) {
      again->calls[again->count++] = call;
      has_busy = has_busy || (is_outage && call->response.http_status != 0);
    }
  }
  if (has_busy) {
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
  }
}

snt_status snt_aws_perform(struct snt_http_client *client, struct snt_aws_call *const *calls, size_t count,
                           struct snt_err *err) {
  int64_t start_ms = snt_clock_monotonic_ms();
  SNT_CLEANUP(clear_round) struct round first = {.count = count};
  SNT_CLEANUP(clear_round) struct round again = {0};
  if (count > CALLS_MAX) {
    first.count = 0;
    return snt_fail(err, SNT_CODE_BUG, "%zu calls at once are too many", count);
  }
  for (size_t i = 0; i < count; i++) {
    first.calls[i] = calls[i];
  }
  SNT_TRY(send_round(client, &first, TOTAL_MS, false, err));
  choose_again(&first, &again);
  int64_t left_ms = TOTAL_MS - (snt_clock_monotonic_ms() - start_ms);
  return again.count == 0 || left_ms < LEAST_MS ? snt_done() : send_round(client, &again, left_ms, true, err);
}
