/* MUST
 *  1. send what is good for one use once;
 *  2. pass on AWS's text only as one printable line, and none of it when it holds a secret of the call. */
#include "aws/sso_call.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "snt_build_id.h"

enum { CONNECT_MS = 1000, TOTAL_MS = 3000, LEAST_MS = 50, PAUSE_MS = 100, TOO_MANY = 429, BODY_CAP = 128 * 1024 };

void snt_sso_call_clear(struct snt_sso_call *call) {
  snt_secret_free(&call->body);
  snt_http_response_clear(&call->response);
  memset(call, 0, sizeof *call);
}

static void add_header(struct snt_http_request *request, const char *name, const char *value) {
  request->headers[request->header_count++] = (struct snt_http_header){name, value};
}

static snt_status send_once(struct snt_http_client *client, struct snt_sso_call *call, int64_t left_ms, bool is_again,
                            struct snt_err *err) {
  char url[sizeof call->endpoint.url + sizeof call->path];
  (void)snprintf(url, sizeof url, "%s%s", call->endpoint.url, call->path);
  bool has_body = call->body != NULL;
  struct snt_http_request request = {.method = has_body ? "POST" : "GET",
                                     .url = url,
                                     .body = has_body ? snt_secret_borrow(call->body) : NULL,
                                     .body_len = has_body ? snt_secret_len(call->body) : 0,
                                     .body_cap = BODY_CAP,
                                     .connect_timeout_ms = CONNECT_MS,
                                     .timeout_ms = (int)left_ms,
                                     .is_fresh = is_again || call->is_once};
  if (has_body) {
    add_header(&request, "Content-Type", "application/json");
  }
  if (call->bearer != NULL) {
    add_header(&request, "x-amz-sso_bearer_token", snt_secret_borrow(call->bearer));
  }
  add_header(&request, "User-Agent", "sentinel/" SNT_VERSION);
  snt_http_response_clear(&call->response);
  return snt_http_perform(client, &request, &call->response, 1, err);
}

static bool is_outage(const struct snt_sso_call *call) {
  enum snt_code code = call->response.status.code;
  return call->response.is_retryable || code == SNT_CODE_NETWORK || code == SNT_CODE_TIMEOUT;
}

/* "com.amazonaws.switchboard.portal#UnauthorizedException" is UnauthorizedException. */
static void take_code(struct snt_sso_call *call, const char *text) {
  const char *hash = strrchr(text, '#');
  const char *code = hash == NULL ? text : hash + 1;
  size_t len = 0;
  while (isalnum((unsigned char)code[len]) || code[len] == '_') {
    len++;
  }
  if (code[len] == '\0' && len < sizeof call->refusal.code) {
    memcpy(call->refusal.code, code, len + 1);
  }
}

static void take_message(struct snt_sso_call *call, const struct snt_json_value *root) {
  const char *const keys[] = {"error_description", "message", "Message"};
  const char *text = NULL;
  for (size_t i = 0; text == NULL && i < sizeof keys / sizeof keys[0]; i++) {
    text = snt_json_printable(snt_json_get(root, keys[i]), sizeof call->refusal.message);
  }
  bool is_secret = text != NULL && snt_secret_is_in(call->bearer, text);
  for (size_t i = 0; text != NULL && i < sizeof call->secrets / sizeof call->secrets[0]; i++) {
    is_secret = is_secret || snt_secret_is_in(call->secrets[i], text);
  }
  if (text != NULL && !is_secret) {
    (void)snprintf(call->refusal.message, sizeof call->refusal.message, "%s", text);
  }
}

/* What a status of the portal means where the body does not say. */
static const char *code_of_status(long status) {
  switch (status) {
  case 401:
    return "UnauthorizedException";
  case 403:
    return "ForbiddenException";
  case 404:
    return "ResourceNotFoundException";
  case TOO_MANY:
    return "TooManyRequestsException";
  default:
    return "";
  }
}

/* {"error": "slow_down", "error_description": ...} of OIDC, {"__type": "...#ForbiddenException", "message": ...} of the
 * portal. */
static void read_refusal(struct snt_sso_call *call) {
  memset(&call->refusal, 0, sizeof call->refusal);
  const struct snt_http_response *response = &call->response;
  if (!snt_ok(response->status) || response->http_status < 400 || response->body == NULL) {
    return;
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (snt_ok(
          snt_json_parse(snt_secret_borrow(response->body), snt_secret_len(response->body), "a refusal", &doc, NULL))) {
    const struct snt_json_value *root = snt_json_root(doc);
    const char *code = snt_json_string(snt_json_get(root, "error"), NULL);
    code = code == NULL ? snt_json_string(snt_json_get(root, "__type"), NULL) : code;
    take_code(call, code == NULL ? "" : code);
    take_message(call, root);
  }
  if (call->refusal.code[0] == '\0') {
    (void)snprintf(call->refusal.code, sizeof call->refusal.code, "%s", code_of_status(response->http_status));
  }
}

snt_status snt_sso_call_perform(struct snt_http_client *client, struct snt_sso_call *call, struct snt_err *err) {
  int64_t start_ms = snt_clock_monotonic_ms();
  SNT_TRY(send_once(client, call, TOTAL_MS, false, err));
  int64_t left_ms = TOTAL_MS - PAUSE_MS - (snt_clock_monotonic_ms() - start_ms);
  if (!call->is_once && is_outage(call) && call->response.sent < 2 && left_ms >= LEAST_MS) {
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    SNT_TRY(send_once(client, call, left_ms, true, err));
  }
  read_refusal(call);
  return snt_done();
}

static snt_status fail_refused(const struct snt_sso_call *call, struct snt_err *err) {
  const char *code = call->refusal.code;
  const char *message = call->refusal.message;
  long status = call->response.http_status;
  if (status >= 500) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "IAM Identity Center %s failed: %s answered HTTP %ld%s%s",
                        call->action, call->endpoint.host, status, code[0] == '\0' ? "" : ", ", code));
    return snt_err_hint(err, "try again in a moment");
  }
  if (code[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_INVALID,
                        "IAM Identity Center %s: %s answered HTTP %ld and nothing that AWS would say", call->action,
                        call->endpoint.host, status));
    return snt_err_hint(err, "see that sso_region, AWS_ENDPOINT_URL and the proxy settings lead to AWS");
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "AWS refused IAM Identity Center %s in %s: %s%s%s", call->action,
                      call->endpoint.region, code, message[0] == '\0' ? "" : ": ", message));
  return status == TOO_MANY ? snt_err_hint(err, "wait a moment and try again") : (snt_status){SNT_CODE_AWS_REFUSED};
}

snt_status snt_sso_call_refuse(const struct snt_sso_call *call, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "IAM Identity Center %s: the answer of %s makes no sense (%s)",
                  call->action, call->endpoint.host, what);
}

snt_status snt_sso_call_open(const struct snt_sso_call *call, struct snt_json_doc **out, struct snt_err *err) {
  *out = NULL;
  const struct snt_http_response *response = &call->response;
  if (!snt_ok(response->status)) {
    SNT_IGNORE(snt_fail(err, response->status.code, "IAM Identity Center %s: %s", call->action, response->err.message));
    return snt_err_hint(err, "%s", response->err.hint);
  }
  if (response->http_status >= 400) {
    return fail_refused(call, err);
  }
  if (response->http_status != 200 || response->body == NULL) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID,
                    "IAM Identity Center %s: %s answered HTTP %ld (redirects are not followed)", call->action,
                    call->endpoint.host, response->http_status);
  }
  struct snt_err inner = {0};
  if (!snt_ok(snt_json_parse(snt_secret_borrow(response->body), snt_secret_len(response->body), "the answer", out,
                             &inner))) {
    return inner.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : snt_sso_call_refuse(call, inner.message, err);
  }
  if (snt_json_type(snt_json_root(*out)) != SNT_JSON_OBJECT) {
    snt_json_free(out);
    return snt_sso_call_refuse(call, "it is not an object", err);
  }
  return snt_done();
}

bool snt_sso_call_is_refused_as(const struct snt_sso_call *call, const char *const *codes) {
  for (; *codes != NULL; codes++) {
    if (strcmp(call->refusal.code, *codes) == 0) {
      return true;
    }
  }
  return false;
}

int64_t snt_sso_call_now_ms(const struct snt_sso_call *call) {
  const struct snt_http_response *response = &call->response;
  return response->date_ms > 0 ? response->date_ms + (snt_clock_monotonic_ms() - response->received_at_ms)
                               : snt_clock_wall_ms();
}
