/* MUST
 *  1. ask a host only when its exact name is granted;
 *  2. look for the secret in everything that is passed on, before it is;
 *  3. take an answer for a fact only when it is one that its plugin should judge: no redirect, no failure of the
 *     server. */
#include "facts/http_fact.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "facts/facts_internal.h"
#include "facts/reflect.h"
#include "format/select.h"

void snt_http_fact_clear(struct snt_http_fact *fact) {
  snt_buf_clear(&fact->url);
  snt_secret_free(&fact->secret);
  snt_secret_free(&fact->header);
}

bool snt_http_fact_prepare(struct snt_http_fact *fact) {
  struct snt_err inner = {0};
  char host[256];
  if (!snt_ok(snt_question_build(fact->fact->question, snt_fact_param, fact->fact, &fact->url, host, &inner))) {
    snt_fact_fail(fact->fact, SNT_FACT_UNAVAILABLE, "%s", inner.message);
    return false;
  }
  if (!snt_grant_lists(fact->grant->hosts, host)) {
    snt_fact_fail(fact->fact, SNT_FACT_UNAVAILABLE, "the bundle does not grant host %s", host);
    return false;
  }
  return true;
}

static snt_status append_base64(struct snt_secret *out, const struct snt_secret *secret, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_TRY(snt_secret_new(SNT_BASE64_CAP(snt_secret_len(secret)), &text, err));
  snt_base64(snt_secret_borrow(secret), snt_secret_len(secret), snt_secret_borrow_writable(text));
  return snt_secret_append(out, snt_secret_borrow(text), strlen(snt_secret_borrow(text)), err);
}

snt_status snt_http_fact_add_secret(struct snt_http_fact *fact, struct snt_secret *secret, struct snt_err *err) {
  const struct snt_plugin_secret *of = snt_plugin_find_secret(fact->fact->plugin, fact->fact->question->secret);
  const char *mark = strchr(of->format, '%');
  fact->secret = secret;
  for (size_t i = 0; i < snt_secret_len(secret); i++) {
    unsigned char c = (unsigned char)snt_secret_borrow(secret)[i];
    if (c < 0x20 || c == 0x7f) {
      return snt_fail(err, SNT_CODE_SYNTAX, "secret \"%s\" holds a control character", of->name);
    }
  }
  SNT_TRY(snt_secret_new(strlen(of->format) + 2 * snt_secret_len(secret) + 4, &fact->header, err));
  SNT_TRY(snt_secret_append(fact->header, of->format, (size_t)(mark - of->format), err));
  SNT_TRY(mark[1] == 'b' ? append_base64(fact->header, secret, err)
                         : snt_secret_append(fact->header, snt_secret_borrow(secret), snt_secret_len(secret), err));
  return snt_secret_append(fact->header, mark + 2, strlen(mark + 2), err);
}

static bool is_json(const struct snt_http_response *response) {
  const char *type = response->content_type;
  return strcmp(type, "application/json") == 0 || snt_str_ends_with(type, "+json");
}

static snt_status write_body(const struct snt_fact *fact, const struct snt_http_response *response,
                             struct snt_json_writer *writer, struct snt_err *err) {
  struct snt_slice body = {snt_secret_borrow(response->body), snt_secret_len(response->body)};
  if (!is_json(response)) {
    bool is_text = body.len <= SNT_FACT_BYTES_MAX && snt_utf8_check(body.data, body.len);
    snt_json_put_slice(writer, "text", is_text ? body : (struct snt_slice){"", 0});
    return is_text ? snt_done() : snt_fail(err, SNT_CODE_SYNTAX, "the answer is no text of at most 4 KiB");
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(body.data, body.len, "the answer", &doc, err));
  return snt_select_write(snt_json_root(doc), fact->question->select, writer, "json", err);
}

static snt_status write_value(struct snt_fact *fact, const struct snt_http_response *response, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_buf_clear(&fact->value);
  snt_json_writer_init(&writer, &fact->value, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_integer(&writer, "status", response->http_status);
  snt_json_begin_object(&writer, "headers");
  snt_json_put_string(&writer, "content-type", response->content_type);
  snt_json_end_object(&writer);
  SNT_TRY(write_body(fact, response, &writer, err));
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

/* The type comes in small letters, whatever the server wrote. */
static bool is_in_type(const struct snt_secret *secret, const char *type) {
  size_t len = snt_secret_len(secret);
  for (; len > 0 && strlen(type) >= len; type++) {
    if (strncasecmp(type, snt_secret_borrow(secret), len) == 0) {
      return true;
    }
  }
  return false;
}

/* Whether what is passed on would hold the secret. */
static bool reflects(const struct snt_secret *secret, const struct snt_http_response *response) {
  const char *type = response->content_type;
  return snt_reflect_check(secret, snt_secret_borrow(response->body), snt_secret_len(response->body)) ||
         snt_reflect_check(secret, type, strlen(type)) || is_in_type(secret, type);
}

/* What is no answer that a plugin should judge. */
static bool is_refused_status(long status) {
  return status < 200 || status / 100 == 3 || status >= 500 || status == 429;
}

snt_status snt_http_fact_take(struct snt_http_fact *fact, const struct snt_http_response *response,
                              struct snt_err *err) {
  struct snt_fact *of = fact->fact;
  struct snt_err inner = {0};
  if (!snt_ok(response->status)) {
    bool is_late = response->status.code == SNT_CODE_TIMEOUT;
    snt_fact_fail(of, is_late ? SNT_FACT_TIMEOUT : SNT_FACT_UNAVAILABLE, "%s", response->err.message);
    return snt_done();
  }
  if (is_refused_status(response->http_status)) {
    snt_fact_fail(of, SNT_FACT_UNAVAILABLE, "it answered %ld", response->http_status);
    return snt_done();
  }
  if (fact->secret != NULL && reflects(fact->secret, response)) {
    snt_fact_fail(of, SNT_FACT_UNAVAILABLE, "its answer holds the secret that it was sent");
    return snt_done();
  }
  snt_status status = write_value(of, response, &inner);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(status)) {
    snt_fact_fail(of, SNT_FACT_UNAVAILABLE, "%s", inner.message);
    return snt_done();
  }
  of->status = SNT_FACT_OK;
  return snt_done();
}
