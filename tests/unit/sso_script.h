/* A scripted IAM Identity Center: snt_http_perform is wrapped by the linker, and answers call by call. */
#ifndef SNT_TESTS_SSO_SCRIPT_H
#define SNT_TESTS_SSO_SCRIPT_H

#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/http.h"

enum { SCRIPT_MAX = 8 };

struct script_line {
  enum snt_code failure; /* FAILED: an answer came */
  long http_status;      /* 0: 200 */
  const char *body;
  int64_t date_ms; /* 0: no Date */
};

static struct {
  struct script_line lines[SCRIPT_MAX];
  size_t count;                /* of what was sent */
  char sent[SCRIPT_MAX][2048]; /* "POST https://HOST/PATH BODY" */
  char bearer[SCRIPT_MAX][64];
} script;

static void script_play(const struct script_line *line, struct snt_http_response *response) {
  memset(response, 0, sizeof *response);
  response->sent = 1;
  response->date_ms = line->date_ms;
  response->received_at_ms = snt_clock_monotonic_ms();
  if (line->failure != SNT_CODE_FAILED) {
    response->status = snt_fail(&response->err, line->failure, "the script says so");
    response->is_retryable = line->failure == SNT_CODE_NETWORK || line->failure == SNT_CODE_TIMEOUT;
    return;
  }
  response->status = snt_done();
  response->http_status = line->http_status == 0 ? 200 : line->http_status;
  response->is_retryable = response->http_status >= 500 || response->http_status == 429;
  const char *body = line->body == NULL ? "" : line->body;
  assert_ok(snt_secret_new_from(body, strlen(body), &response->body, NULL));
}

snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err);
snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *requests,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err) {
  (void)client;
  (void)err;
  assert_int_equal(count, 1);
  assert_true(script.count < SCRIPT_MAX);
  size_t i = script.count++;
  (void)snprintf(script.sent[i], sizeof script.sent[i], "%s %s %s", requests->method, requests->url,
                 requests->body == NULL ? "" : requests->body);
  for (size_t h = 0; h < requests->header_count; h++) {
    if (strcmp(requests->headers[h].name, "x-amz-sso_bearer_token") == 0) {
      (void)snprintf(script.bearer[i], sizeof script.bearer[i], "%s", requests->headers[h].value);
    }
  }
  script_play(&script.lines[i], responses);
  return snt_done();
}

static int script_start(void **state) {
  (void)state;
  memset(&script, 0, sizeof script);
  return 0;
}

static inline void expect_told(const struct snt_err *err, const char *part) {
  if (strstr(err->message, part) == NULL && strstr(err->hint, part) == NULL) {
    fail_msg("\"%s\" is not in: %s (%s)", part, err->message, err->hint);
  }
}

#endif
