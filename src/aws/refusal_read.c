/* What AWS says when it refuses.
 *
 * MUST
 *  1. pass on only the first line of AWS's text, cleaned and cut: the lines after it may repeat what was signed,
 *     session token included;
 *  2. pass on none of it when it holds a secret of the call. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "aws/refusal.h"
#include "base/str.h"
#include "format/json.h"
#include "format/xml.h"

static bool holds(const char *text, const char *part) { return strstr(text, part) != NULL; }

static bool holds_secret(const char *text, const struct snt_secret *secret) {
  return secret != NULL && snt_secret_len(secret) > 0 && holds(text, snt_secret_borrow(secret));
}

/* "com.amazonaws.ssm#ParameterNotFound" and "ParameterNotFound:http://..." are ParameterNotFound. */
static void take_code(const char *text, struct snt_aws_refusal *out) {
  const char *hash = strrchr(text, '#');
  const char *start = hash == NULL ? text : hash + 1;
  size_t len = strcspn(start, ":");
  for (size_t i = 0; i < len; i++) {
    if (!isalnum((unsigned char)start[i]) && start[i] != '.' && start[i] != '_' && start[i] != '-') {
      return;
    }
  }
  if (len < sizeof out->code) {
    memcpy(out->code, start, len);
    out->code[len] = '\0';
  }
}

static void hide_message(struct snt_aws_refusal *out) {
  (void)snprintf(out->message, sizeof out->message, "(AWS's text holds a secret and is not shown)");
}

/* Whoever repeats a secret may cut it off. */
static bool shows_part(const struct snt_aws_call *call, const char *message) {
  const struct snt_aws_credentials *credentials = call->credentials;
  return snt_secret_is_in(call->bearer, message) ||
         (credentials != NULL && (snt_secret_is_in(credentials->secret_key, message) ||
                                  snt_secret_is_in(credentials->session_token, message)));
}

static void take_message(const struct snt_aws_call *call, const char *text, struct snt_aws_refusal *out) {
  const struct snt_aws_credentials *credentials = call->credentials;
  bool holds_key = credentials != NULL &&
                   (holds_secret(text, credentials->secret_key) || holds_secret(text, credentials->session_token));
  if (holds_key || holds_secret(text, call->bearer)) {
    hide_message(out);
    return;
  }
  size_t len = strcspn(text, "\r\n");
  bool is_cut = len > sizeof out->message - 4;
  len = is_cut ? sizeof out->message - 4 : len;
  while (is_cut && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) { /* not within a character */
    len--;
  }
  if (!snt_utf8_check_printable(text, len)) {
    return;
  }
  (void)snprintf(out->message, sizeof out->message, "%.*s%s", (int)len, text, is_cut ? "..." : "");
  if (shows_part(call, out->message)) {
    hide_message(out);
  }
}

/* The shapes that AWS's services and their doubles use. */
static void read_xml(const struct snt_aws_call *call, const char *data, size_t len, struct snt_aws_refusal *out) {
  static const char *const shapes[][3] = {
      {"ErrorResponse", "Error/Code", "Error/Message"},
      {"ErrorResponse", "Errors/Error/Code", "Errors/Error/Message"},
      {"Response", "Errors/Error/Code", "Errors/Error/Message"},
      {"Error", "Code", "Message"},
  };
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  if (!snt_ok(snt_xml_parse(data, len, "a refusal", &doc, NULL))) {
    return;
  }
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    size_t unused = 0;
    const char *code = snt_xml_find(doc, shapes[i][1], &unused);
    if (strcmp(snt_xml_root(doc), shapes[i][0]) == 0 && code != NULL) {
      const char *message = snt_xml_find(doc, shapes[i][2], &unused);
      take_code(code, out);
      take_message(call, message == NULL ? "" : message, out);
      return;
    }
  }
}

static void read_json(const struct snt_aws_call *call, const char *data, size_t len, struct snt_aws_refusal *out) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(data, len, "a refusal", &doc, NULL))) {
    return;
  }
  const struct snt_json_value *root = snt_json_root(doc);
  const char *code = snt_json_string(snt_json_get(root, "__type"), NULL);
  const char *message = snt_json_string(snt_json_get(root, "message"), NULL);
  message = message == NULL ? snt_json_string(snt_json_get(root, "Message"), NULL) : message;
  take_code(code == NULL ? "" : code, out);
  take_message(call, message == NULL ? "" : message, out);
}

void snt_aws_refusal_read(const struct snt_aws_call *call, struct snt_aws_refusal *out) {
  memset(out, 0, sizeof *out);
  if (call->response.body == NULL) {
    return;
  }
  const char *data = snt_secret_borrow(call->response.body);
  size_t len = snt_secret_len(call->response.body);
  const char *start = data + strspn(data, " \t\r\n");
  if (*start == '<') {
    read_xml(call, data, len, out);
  } else if (*start == '{') {
    read_json(call, data, len, out);
  }
}

bool snt_aws_refusal_is_skew(const struct snt_aws_refusal *refusal) {
  static const char *const always[] = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"};
  for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
    if (strcmp(refusal->code, always[i]) == 0) {
      return true;
    }
  }
  bool is_signature =
      strcmp(refusal->code, "InvalidSignatureException") == 0 || strcmp(refusal->code, "SignatureDoesNotMatch") == 0;
  return is_signature &&
         (holds(refusal->message, "Signature expired") || holds(refusal->message, "Signature not yet current"));
}
