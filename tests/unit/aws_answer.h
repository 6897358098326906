/* Canned answers of AWS for the tests of aws/: a call as snt_aws_perform leaves it, filled by hand. */
#ifndef SNT_TESTS_AWS_ANSWER_H
#define SNT_TESTS_AWS_ANSWER_H

#include "check.h"

#include <stdio.h>
#include <string.h>

#include "aws/service.h"

#define BASE_KEY "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define BASE_TOKEN "FwoGZXIvYXdzEBase+Token=="

/* 2026-01-19T02:47:33Z */
#define ANSWER_DATE_MS INT64_C(1768790853000)

static struct snt_aws_credentials base_credentials;

static inline int open_base_credentials(void **state) {
  (void)state;
  base_credentials =
      (struct snt_aws_credentials){.access_key_id = "AKIAIOSFODNN7EXAMPLE", .source = "keychain entry \"corp\" (file)"};
  assert_ok(snt_secret_new_from(BASE_KEY, strlen(BASE_KEY), &base_credentials.secret_key, NULL));
  assert_ok(snt_secret_new_from(BASE_TOKEN, strlen(BASE_TOKEN), &base_credentials.session_token, NULL));
  return 0;
}

static inline int close_base_credentials(void **state) {
  (void)state;
  snt_secret_free(&base_credentials.secret_key);
  snt_secret_free(&base_credentials.session_token);
  return 0;
}

static inline struct snt_aws_endpoint endpoint_of(const char *service) {
  struct snt_aws_endpoint endpoint = {.region = "eu-central-1"};
  (void)snprintf(endpoint.service, sizeof endpoint.service, "%s", service);
  (void)snprintf(endpoint.host, sizeof endpoint.host, "%s.eu-central-1.amazonaws.com", service);
  (void)snprintf(endpoint.url, sizeof endpoint.url, "https://%s", endpoint.host);
  return endpoint;
}

static inline void answer(struct snt_aws_call *call, long http_status, const char *content_type, const char *body) {
  struct snt_http_response *response = &call->response;
  snt_secret_free(&response->body);
  *response = (struct snt_http_response){.status = snt_done(),
                                         .http_status = http_status,
                                         .date_ms = ANSWER_DATE_MS,
                                         .received_at_ms = 1234,
                                         .is_retryable = http_status >= 500 || http_status == 429};
  (void)snprintf(response->content_type, sizeof response->content_type, "%s", content_type);
  assert_ok(snt_secret_new_from(body, strlen(body), &response->body, NULL));
}

/* JSON that is written with ' for ", so that it can be read here; it is overwritten by the next one. */
static inline const char *json_of(const char *text) {
  static char json[16384];
  size_t len = strlen(text);
  assert_true(len < sizeof json);
  for (size_t i = 0; i <= len; i++) {
    json[i] = text[i] == '\'' ? '"' : text[i];
  }
  return json;
}

/* No text of an error may hold what the call was made with. */
static inline void assert_no_secret(const struct snt_err *err) {
  assert_null(strstr(err->message, BASE_KEY));
  assert_null(strstr(err->message, BASE_TOKEN));
  assert_null(strstr(err->hint, BASE_KEY));
  assert_null(strstr(err->hint, BASE_TOKEN));
}

#endif
