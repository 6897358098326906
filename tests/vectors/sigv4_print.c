/* Signs the requests that come on stdin, one JSON object a line, and prints the stages as JSON, one object a line. For
 * sigv4_botocore.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "format/json.h"

enum { HEADERS_MAX = 48 };

static const char *text_of(const struct snt_json_value *value, const char *key) {
  const char *text = snt_json_string(snt_json_get(value, key), NULL);
  return text == NULL ? "" : text;
}

static snt_status decode_hex(const char *text, struct snt_buf *out, struct snt_err *err) {
  for (; text[0] != '\0' && text[1] != '\0'; text += 2) {
    char digits[3] = {text[0], text[1], '\0'};
    SNT_TRY(snt_buf_append_char(out, (char)strtol(digits, NULL, 16), err));
  }
  return snt_done();
}

static size_t take_headers(const struct snt_json_value *root, struct snt_sigv4_header out[static HEADERS_MAX]) {
  const struct snt_json_value *list = snt_json_get(root, "headers");
  size_t count = 0;
  for (; count < snt_json_count(list) && count < HEADERS_MAX; count++) {
    const struct snt_json_value *pair = snt_json_at(list, count);
    out[count].name = snt_json_string(snt_json_at(pair, 0), NULL);
    out[count].value = snt_json_string(snt_json_at(pair, 1), NULL);
  }
  return count;
}

static snt_status take_credentials(const struct snt_json_value *root, struct snt_aws_credentials *out,
                                   struct snt_err *err) {
  const char *secret = text_of(root, "secret");
  const char *token = text_of(root, "token");
  (void)snprintf(out->access_key_id, sizeof out->access_key_id, "%s", text_of(root, "id"));
  SNT_TRY(snt_secret_new_from(secret, strlen(secret), &out->secret_key, err));
  return token[0] == '\0' ? snt_done() : snt_secret_new_from(token, strlen(token), &out->session_token, err);
}

static snt_status print_result(const struct snt_sigv4_result *result, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf line = {0};
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &line, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "canonical_request", snt_buf_borrow(&result->canonical_request));
  snt_json_put_string(&writer, "string_to_sign", snt_buf_borrow(&result->string_to_sign));
  snt_json_put_string(&writer, "signature", result->signature);
  snt_json_put_string(&writer, "authorization", snt_buf_borrow(&result->authorization));
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  puts(line.data);
  return snt_done();
}

static void clear_credentials(struct snt_aws_credentials *credentials) {
  snt_secret_free(&credentials->secret_key);
  snt_secret_free(&credentials->session_token);
}

static snt_status sign_line(const char *line, size_t len, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(line, len, "the request", &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  struct snt_sigv4_header headers[HEADERS_MAX];
  SNT_BUF_AUTO struct snt_buf body = {0};
  SNT_SIGV4_AUTO struct snt_sigv4_result result = {0};
  SNT_CLEANUP(clear_credentials) struct snt_aws_credentials credentials = {0};
  SNT_TRY(decode_hex(text_of(root, "body_hex"), &body, err));
  SNT_TRY(take_credentials(root, &credentials, err));
  struct snt_sigv4_request request = {.method = text_of(root, "method"),
                                      .path = text_of(root, "path"),
                                      .query = text_of(root, "query"),
                                      .headers = headers,
                                      .header_count = take_headers(root, headers),
                                      .body = snt_buf_borrow(&body),
                                      .body_len = body.len,
                                      .region = text_of(root, "region"),
                                      .service = text_of(root, "service")};
  (void)snt_json_integer(snt_json_get(root, "time_ms"), &request.time_ms);
  (void)snt_json_bool(snt_json_get(root, "signs_body_header"), &request.signs_body_header);
  SNT_TRY(snt_sigv4_sign(&request, &credentials, &result, err));
  return print_result(&result, err);
}

int main(void) {
  char *line = NULL;
  size_t cap = 0;
  int status = EXIT_SUCCESS;
  for (ssize_t len = getline(&line, &cap, stdin); len >= 0 && status == EXIT_SUCCESS;
       len = getline(&line, &cap, stdin)) {
    struct snt_err err = {0};
    if (!snt_ok(sign_line(line, (size_t)len, &err))) {
      fprintf(stderr, "%s\n", err.message);
      status = EXIT_FAILURE;
    }
  }
  free(line);
  return status;
}
