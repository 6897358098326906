/* MUST
 *  1. take an answer from nobody but a process of this user: the state stands among the arguments of the browser, which
 *     everybody on the machine can read, and who knows it could have this user signed in as somebody else;
 *  2. take one answer. */
#include "issue/sso_callback.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws/sso_json.h"
#include "base/base64.h"
#include "base/loopback.h"
#include "base/random.h"
#include "base/sha256.h"
#include "format/uri.h"

enum { VERIFIER_BYTES = 48, VALUE_CAP = 8 * 1024, WORD_CAP = 65 };

static const char PATH[] = "GET /oauth/callback?";
static const char HEADERS[] = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
                              "Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\n"
                              "Connection: close\r\n\r\n";
#define PAGE(title, text)                                                                                              \
  "<!doctype html><html lang=\"en\"><title>" title "</title><h1>" title "</h1><p>" text "</p></html>\n"

/* What the browser is answered. */
struct reply {
  const char *status, *page;
};
static const struct reply TAKEN = {"200 OK", PAGE("Sentinel", "Sentinel has the answer. This page may be closed.")};
static const struct reply REFUSED = {
    "200 OK", PAGE("Sentinel", "IAM Identity Center did not let you in. This page may be closed.")};
static const struct reply ODD = {
    "400 Bad Request", PAGE("Sentinel", "This is not the answer to the sign-in that Sentinel is waiting for.")};
static const struct reply NOTHING = {"404 Not Found", PAGE("Sentinel", "There is nothing here.")};

static snt_status make_verifier(struct snt_sso_callback *out, struct snt_err *err) {
  uint8_t bytes[VERIFIER_BYTES];
  uint8_t digest[SNT_SHA256_LEN];
  char text[SNT_BASE64_CAP(VERIFIER_BYTES)];
  SNT_TRY(snt_random_bytes(bytes, sizeof bytes, err));
  snt_base64url(bytes, sizeof bytes, text);
  snt_sha256(text, strlen(text), digest);
  snt_base64url(digest, sizeof digest, out->challenge);
  snt_status status = snt_secret_new_from(text, strlen(text), &out->verifier, err);
  explicit_bzero(bytes, sizeof bytes);
  explicit_bzero(text, sizeof text);
  return status;
}

void snt_sso_callback_close(struct snt_sso_callback *callback) {
  if (callback->listener >= 0) {
    (void)close(callback->listener);
  }
  snt_secret_free(&callback->verifier);
  *callback = (struct snt_sso_callback){.listener = -1};
}

snt_status snt_sso_callback_open(struct snt_sso_callback *out, struct snt_err *err) {
  *out = (struct snt_sso_callback){.listener = -1};
  SNT_SSO_CALLBACK_AUTO struct snt_sso_callback callback = *out;
  unsigned port = 0;
  SNT_TRY(make_verifier(&callback, err));
  SNT_TRY(snt_random_uuid(callback.state, err));
  SNT_TRY(snt_loopback_listen(&callback.listener, &port, err));
  (void)snprintf(callback.redirect_uri, sizeof callback.redirect_uri, "http://127.0.0.1:%u/oauth/callback", port);
  *out = callback;
  callback = (struct snt_sso_callback){.listener = -1}; /* ownership went to out */
  return snt_done();
}

snt_status snt_sso_callback_write_url(const struct snt_sso_callback *callback, const struct snt_aws_endpoint *oidc,
                                      const struct snt_sso_registration *registration, struct snt_buf *out,
                                      struct snt_err *err) {
  const struct {
    const char *name, *value;
  } fields[] = {{"client_id", registration->client_id},
                {"redirect_uri", callback->redirect_uri},
                {"state", callback->state},
                {"code_challenge", callback->challenge},
                {"code_challenge_method", "S256"},
                {"scopes", registration->scopes}};
  SNT_TRY(snt_buf_appendf(out, err, "%s/authorize?response_type=code", oidc->url));
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    SNT_TRY(snt_buf_appendf(out, err, "&%s=", fields[i].name));
    SNT_TRY(snt_uri_encode(snt_slice_of(fields[i].value), false, out, err));
  }
  return snt_done();
}

/* The answer */

static int hex_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
  const char *found = lower == '\0' ? NULL : strchr(digits, lower);
  return found == NULL ? -1 : (int)(found - digits);
}

/* The value of a field of a query that ends at a blank, decoded; of two with one name, and of what is not well formed,
 * none. out has room for cap bytes and is empty then. */
static bool find_field(const char *query, const char *name, char *out, size_t cap) {
  size_t name_len = strlen(name);
  size_t end = strcspn(query, " ");
  size_t count = 0;
  size_t len = 0;
  for (size_t at = 0; at < end; at += strcspn(query + at, "& ") + 1) {
    if (strncmp(query + at, name, name_len) != 0 || query[at + name_len] != '=') {
      continue;
    }
    const char *c = query + at + name_len + 1;
    for (len = 0, count++; *c != '&' && *c != ' ' && len + 1 < cap; c++) {
      int high = *c == '%' ? hex_digit(c[1]) : 0;
      int low = *c == '%' && high >= 0 ? hex_digit(c[2]) : 0;
      if (high < 0 || low < 0 || (*c == '%' && high + low == 0)) {
        break;
      }
      out[len++] = *c == '%' ? (char)(high * 16 + low) : *c == '+' ? ' ' : *c;
      c += *c == '%' ? 2 : 0;
    }
    count += *c != '&' && *c != ' '; /* too long, or not well formed */
  }
  out[count == 1 ? len : 0] = '\0';
  return count == 1;
}

/* The head of a request. What comes with another state is told nothing, and changes nothing. */
static const struct reply *judge(const struct snt_sso_callback *callback, const char *head, struct snt_secret *code,
                                 char refusal[static WORD_CAP]) {
  char state[WORD_CAP];
  const char *query = head + strlen(PATH);
  if (strncmp(head, PATH, strlen(PATH)) != 0) {
    return &NOTHING;
  }
  bool is_known = find_field(query, "state", state, sizeof state) && strlen(state) == strlen(callback->state) &&
                  snt_digest_is_equal(state, callback->state, strlen(state));
  if (!is_known) {
    return &ODD;
  }
  if (find_field(query, "error", refusal, WORD_CAP)) {
    return &REFUSED;
  }
  char *text = snt_secret_borrow_writable(code);
  bool is_there = find_field(query, "code", text, snt_secret_cap(code));
  snt_secret_set_len(code, strlen(text));
  const struct snt_slice slice = {text, snt_secret_len(code)};
  return is_there && snt_sso_is_visible(slice, VALUE_CAP) ? &TAKEN : &ODD;
}

static void answer(int fd, const struct reply *reply) {
  char text[1024];
  int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s%s", reply->status,
                     strlen(reply->page), HEADERS, reply->page);
  if (len > 0 && (size_t)len < sizeof text && snt_loopback_send(fd, text, (size_t)len)) {
    snt_loopback_finish(fd);
  }
}

static snt_status fail_refused(const char *refusal, struct snt_err *err) {
  bool is_word = refusal[0] != '\0' && strspn(refusal, "abcdefghijklmnopqrstuvwxyz_") == strlen(refusal);
  return snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "IAM Identity Center: signing in was refused in the browser (%s)",
                  is_word ? refusal : "no reason that can be shown");
}

snt_status snt_sso_callback_await(struct snt_sso_callback *callback, int64_t end_ms, struct snt_secret **code,
                                  struct snt_err *err) {
  *code = NULL;
  SNT_SECRET_AUTO struct snt_secret *head = NULL;
  SNT_SECRET_AUTO struct snt_secret *found = NULL;
  char refusal[WORD_CAP] = "";
  SNT_TRY(snt_secret_new(SNT_LOOPBACK_HEAD_CAP, &head, err));
  SNT_TRY(snt_secret_new(VALUE_CAP, &found, err));
  const struct reply *reply = NULL;
  while (callback->listener >= 0) {
    SNT_FD_AUTO int fd = -1;
    SNT_TRY(snt_loopback_accept(callback->listener, end_ms, "the sign-in", &fd, err));
    snt_secret_reset(found);
    if (!snt_loopback_read_head(fd, snt_secret_borrow_writable(head), SNT_LOOPBACK_HEAD_CAP)) {
      continue;
    }
    reply = judge(callback, snt_secret_borrow(head), found, refusal);
    reply = reply == &NOTHING || snt_loopback_is_ours(fd) ? reply : &ODD;
    if (reply == &TAKEN || reply == &REFUSED) { /* one answer is enough */
      (void)close(callback->listener);
      callback->listener = -1;
    }
    answer(fd, reply);
  }
  if (reply == &REFUSED) {
    return fail_refused(refusal, err);
  }
  *code = SNT_MOVE(found);
  return snt_done();
}
