/* Signature Version 4.
 *
 * MUST
 *  1. keep the secret key, and what is derived from it, on the stack for no longer than the signature takes, and wipe
 *     it;
 *  2. sign every header that it is given, and the session token, so that none can be changed on the way. */
#include "aws/sigv4.h"

#include <string.h>

#include "aws/sigv4_uri.h"
#include "base/sha256.h"
#include "format/time.h"

enum { HEADERS_MAX = 64, SECRET_MAX = 512 };

void snt_sigv4_result_clear(struct snt_sigv4_result *result) {
  snt_buf_clear(&result->canonical_request);
  snt_buf_clear(&result->string_to_sign);
  snt_buf_clear(&result->authorization);
  explicit_bzero(result, sizeof *result);
}

struct headers {
  struct snt_sigv4_header list[HEADERS_MAX];
  size_t count;
};

/* By lower-case name; headers of one name keep their order. qsort promises no order among equals, so they are put in
 * one by one. */
static snt_status add_header(struct headers *headers, const char *name, const char *value, struct snt_err *err) {
  if (headers->count == HEADERS_MAX) {
    return snt_fail(err, SNT_CODE_BUG, "more than %d headers cannot be signed", HEADERS_MAX);
  }
  size_t at = headers->count++;
  for (; at > 0 && strcasecmp(headers->list[at - 1].name, name) > 0; at--) {
    headers->list[at] = headers->list[at - 1];
  }
  headers->list[at] = (struct snt_sigv4_header){name, value};
  return snt_done();
}

static snt_status collect_headers(const struct snt_sigv4_request *request,
                                  const struct snt_aws_credentials *credentials, const struct snt_sigv4_result *result,
                                  struct headers *out, struct snt_err *err) {
  for (size_t i = 0; i < request->header_count; i++) {
    SNT_TRY(add_header(out, request->headers[i].name, request->headers[i].value, err));
  }
  SNT_TRY(add_header(out, "x-amz-date", result->amz_date, err));
  if (request->signs_body_header) {
    SNT_TRY(add_header(out, "x-amz-content-sha256", result->content_sha256, err));
  }
  if (credentials->session_token != NULL && !request->omits_session_token) {
    SNT_TRY(add_header(out, "x-amz-security-token", snt_secret_borrow(credentials->session_token), err));
  }
  return snt_done();
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static snt_status add_lower(const char *text, struct snt_buf *out, struct snt_err *err) {
  for (; *text != '\0'; text++) {
    SNT_TRY(snt_buf_append_char(out, *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text, err));
  }
  return snt_done();
}

/* Trimmed, and every run of white space is one space. */
static snt_status add_value(const char *value, struct snt_buf *out, struct snt_err *err) {
  bool is_first = true;
  while (*value != '\0') {
    while (is_space(*value)) {
      value++;
    }
    size_t len = 0;
    while (value[len] != '\0' && !is_space(value[len])) {
      len++;
    }
    if (len > 0) {
      SNT_TRY(snt_buf_append_str(out, is_first ? "" : " ", err));
      SNT_TRY(snt_buf_append(out, value, len, err));
      is_first = false;
    }
    value += len;
  }
  return snt_done();
}

static bool is_repeated(const struct headers *headers, size_t i) {
  return i > 0 && strcasecmp(headers->list[i - 1].name, headers->list[i].name) == 0;
}

static snt_status add_headers(const struct headers *headers, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < headers->count; i++) {
    if (is_repeated(headers, i)) {
      SNT_TRY(snt_buf_append_char(out, ',', err));
    } else {
      SNT_TRY(snt_buf_append_str(out, i == 0 ? "" : "\n", err));
      SNT_TRY(add_lower(headers->list[i].name, out, err));
      SNT_TRY(snt_buf_append_char(out, ':', err));
    }
    SNT_TRY(add_value(headers->list[i].value, out, err));
  }
  return snt_buf_append_char(out, '\n', err);
}

static snt_status add_names(const struct headers *headers, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < headers->count; i++) {
    if (!is_repeated(headers, i)) {
      SNT_TRY(snt_buf_append_str(out, i == 0 ? "" : ";", err));
      SNT_TRY(add_lower(headers->list[i].name, out, err));
    }
  }
  return snt_done();
}

static snt_status make_canonical(const struct snt_sigv4_request *request, const struct headers *headers,
                                 const struct snt_buf *names, struct snt_sigv4_result *result, struct snt_err *err) {
  struct snt_buf *out = &result->canonical_request;
  SNT_TRY(snt_buf_appendf(out, err, "%s\n", request->method));
  SNT_TRY(snt_sigv4_add_path(request->path, request->is_path_unnormalised, out, err));
  SNT_TRY(snt_buf_append_char(out, '\n', err));
  SNT_TRY(snt_sigv4_add_query(request->query, out, err));
  SNT_TRY(snt_buf_append_char(out, '\n', err));
  SNT_TRY(add_headers(headers, out, err));
  return snt_buf_appendf(out, err, "\n%s\n%s", snt_buf_borrow(names), result->content_sha256);
}

static void hmac_text(const uint8_t key[static SNT_SHA256_LEN], const char *text, uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t mac[SNT_SHA256_LEN];
  snt_hmac_sha256(key, SNT_SHA256_LEN, text, strlen(text), mac);
  memcpy(out, mac, sizeof mac);
  explicit_bzero(mac, sizeof mac);
}

static snt_status make_signature(const struct snt_sigv4_request *request, const struct snt_secret *secret_key,
                                 struct snt_sigv4_result *result, struct snt_err *err) {
  char first[4 + SECRET_MAX] = "AWS4";
  size_t len = snt_secret_len(secret_key);
  if (len > SECRET_MAX) {
    return snt_fail(err, SNT_CODE_BUG, "a secret access key with more than %d bytes cannot sign", SECRET_MAX);
  }
  memcpy(first + 4, snt_secret_borrow(secret_key), len);
  char day[9] = {0};
  memcpy(day, result->amz_date, 8);
  uint8_t key[SNT_SHA256_LEN];
  snt_hmac_sha256(first, 4 + len, day, strlen(day), key);
  explicit_bzero(first, sizeof first);
  hmac_text(key, request->region, key);
  hmac_text(key, request->service, key);
  hmac_text(key, "aws4_request", key);
  uint8_t mac[SNT_SHA256_LEN];
  snt_hmac_sha256(key, sizeof key, result->string_to_sign.data, result->string_to_sign.len, mac);
  snt_hex(mac, sizeof mac, result->signature);
  explicit_bzero(key, sizeof key);
  return snt_done();
}

static snt_status sign(const struct snt_sigv4_request *request, const struct snt_aws_credentials *credentials,
                       struct snt_sigv4_result *result, struct snt_err *err) {
  if (credentials->secret_key == NULL) {
    return snt_fail(err, SNT_CODE_BUG, "there is no secret access key to sign with");
  }
  snt_time_format_basic(request->time_ms, result->amz_date);
  snt_sha256_hex(request->body_len == 0 ? "" : request->body, request->body_len, result->content_sha256);
  struct headers headers = {0};
  SNT_BUF_AUTO struct snt_buf names = {0};
  SNT_TRY(collect_headers(request, credentials, result, &headers, err));
  SNT_TRY(add_names(&headers, &names, err));
  SNT_TRY(make_canonical(request, &headers, &names, result, err));
  char hash[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(result->canonical_request.data, result->canonical_request.len, hash);
  SNT_TRY(snt_buf_appendf(&result->string_to_sign, err, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/%s/aws4_request\n%s",
                          result->amz_date, result->amz_date, request->region, request->service, hash));
  SNT_TRY(make_signature(request, credentials->secret_key, result, err));
  return snt_buf_appendf(&result->authorization, err,
                         "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                         credentials->access_key_id, result->amz_date, request->region, request->service,
                         snt_buf_borrow(&names), result->signature);
}

snt_status snt_sigv4_sign(const struct snt_sigv4_request *request, const struct snt_aws_credentials *credentials,
                          struct snt_sigv4_result *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  snt_status status = sign(request, credentials, out, err);
  if (!snt_ok(status)) {
    snt_sigv4_result_clear(out);
  }
  return status;
}
