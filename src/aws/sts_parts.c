/* MUST
 *  1. hand out no credentials unless every field of the answer is there and of its form;
 *  2. keep the secrets of an answer in secrets. */
#include "aws/sts_parts.h"

#include <stdio.h>
#include <string.h>

#include "aws/identity.h"
#include "aws/refusal.h"
#include "base/clock.h"
#include "format/time.h"
#include "format/uri.h"

enum { SECRET_KEY_MAX = 256, TOKEN_MAX = 12288, PATH_CAP = 96, SLACK_MS = 5 * 60 * 1000 };

static const char *const XML_TYPES[] = {"text/xml", "application/xml", NULL};

snt_status snt_sts_add_field(struct snt_buf *body, const char *name, const char *value, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(body, err, "&%s=", name));
  return snt_uri_encode(snt_slice_of(value), false, body, err);
}

snt_status snt_sts_add_known(struct snt_buf *body, const char *name, const char *value, struct snt_err *err) {
  return value == NULL || value[0] == '\0' ? snt_done() : snt_sts_add_field(body, name, value, err);
}

snt_status snt_sts_refuse_answer(const struct snt_aws_call *call, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer of %s makes no sense (%s)", call->what,
                  call->endpoint.host, what);
}

snt_status snt_sts_open_answer(const struct snt_aws_call *call, const char *root, struct snt_xml_doc **out,
                               struct snt_err *err) {
  *out = NULL;
  SNT_TRY(snt_aws_call_check(call, XML_TYPES, err));
  const struct snt_secret *body = call->response.body;
  struct snt_err inner = {0};
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  if (!snt_ok(snt_xml_parse(snt_secret_borrow(body), snt_secret_len(body), "the answer", &doc, &inner))) {
    return inner.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : snt_sts_refuse_answer(call, inner.message, err);
  }
  if (strcmp(snt_xml_root(doc), root) != 0) {
    return snt_sts_refuse_answer(call, "another kind of document", err);
  }
  *out = SNT_MOVE(doc);
  return snt_done();
}

snt_status snt_sts_find_field(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *path,
                              size_t max, const char **out, struct snt_err *err) {
  size_t len = 0;
  const char *text = snt_xml_find(doc, path, &len);
  bool is_good = text != NULL && len >= 1 && len <= max;
  for (size_t i = 0; is_good && i < len; i++) {
    is_good = text[i] > 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\';
  }
  *out = is_good ? text : NULL;
  return is_good ? snt_done() : snt_sts_refuse_answer(call, path, err);
}

/* In the future, and not further than was asked for, or STS can go; by the server's clock, as far as it is known, so
 * that a wrong one here does no harm. */
static snt_status take_expiry(const struct snt_aws_call *call, const char *text, int64_t max_ms, int64_t *out,
                              struct snt_err *err) {
  int64_t now_ms = call->response.date_ms > 0 ? call->response.date_ms : snt_clock_wall_ms() + call->clock_offset_ms;
  if (!snt_ok(snt_time_parse(text, out, NULL)) || *out <= now_ms || *out > now_ms + max_ms + SLACK_MS) {
    return snt_sts_refuse_answer(call, "Credentials/Expiration", err);
  }
  return snt_done();
}

static snt_status find_part(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *result,
                            const char *name, size_t max, const char **out, struct snt_err *err) {
  char path[PATH_CAP];
  (void)snprintf(path, sizeof path, "%s/Credentials/%s", result, name);
  return snt_sts_find_field(call, doc, path, max, out, err);
}

snt_status snt_sts_take_credentials(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *result,
                                    int64_t max_ms, struct snt_aws_credentials *out, struct snt_err *err) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials fresh = {0};
  const char *id = NULL;
  const char *key = NULL;
  const char *token = NULL;
  const char *expiry = NULL;
  SNT_TRY(find_part(call, doc, result, "AccessKeyId", sizeof fresh.access_key_id - 1, &id, err));
  SNT_TRY(find_part(call, doc, result, "SecretAccessKey", SECRET_KEY_MAX, &key, err));
  SNT_TRY(find_part(call, doc, result, "SessionToken", TOKEN_MAX, &token, err));
  SNT_TRY(find_part(call, doc, result, "Expiration", 64, &expiry, err));
  if (!snt_aws_access_key_id_check(id)) {
    return snt_sts_refuse_answer(call, "Credentials/AccessKeyId", err);
  }
  SNT_TRY(take_expiry(call, expiry, max_ms, &fresh.expires_at_ms, err));
  (void)snprintf(fresh.access_key_id, sizeof fresh.access_key_id, "%s", id);
  (void)snprintf(fresh.source, sizeof fresh.source, "%s", call->what);
  SNT_TRY(snt_secret_new_from(key, strlen(key), &fresh.secret_key, err));
  SNT_TRY(snt_secret_new_from(token, strlen(token), &fresh.session_token, err));
  *out = fresh;
  fresh = (struct snt_aws_credentials){0}; /* ownership went to out */
  return snt_done();
}

snt_status snt_sts_check_role(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *result,
                              char out[static SNT_STS_ARN_CAP], struct snt_err *err) {
  char path[PATH_CAP];
  const char *arn = NULL;
  (void)snprintf(path, sizeof path, "%s/AssumedRoleUser/Arn", result);
  SNT_TRY(snt_sts_find_field(call, doc, path, SNT_STS_ARN_CAP - 1, &arn, err));
  struct snt_aws_identity session = {0};
  char account[13];
  char role[128];
  SNT_TRY(snt_aws_role_arn_parse(call->subject, account, role, err));
  if (!snt_ok(snt_aws_identity_parse(arn, NULL, &session, NULL)) || strcmp(session.account, account) != 0 ||
      strcmp(session.role, role) != 0) {
    return snt_sts_refuse_answer(call, "a session of another role", err);
  }
  size_t len = 0;
  (void)snprintf(path, sizeof path, "%s/SourceIdentity", result);
  const char *repeated = snt_xml_find(doc, path, &len);
  if (repeated != NULL && call->source_identity != NULL && strcmp(repeated, call->source_identity) != 0) {
    return snt_sts_refuse_answer(call, "a session with another SourceIdentity", err);
  }
  (void)snprintf(out, SNT_STS_ARN_CAP, "%s", arn);
  return snt_done();
}
