/* STS: GetCallerIdentity and AssumeRole (Query API, AWS Security Token Service API Reference).
 *
 * MUST
 *  1. ask for no session without a SourceIdentity;
 *  2. hand out no session unless every field of the answer is there, of its form, and for the role that was asked for;
 *  3. keep the secrets of an answer in secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "aws/identity.h"
#include "aws/refusal.h"
#include "base/clock.h"
#include "base/str.h"
#include "format/time.h"
#include "format/uri.h"
#include "format/xml.h"

enum { SECRET_KEY_MAX = 256, TOKEN_MAX = 12288, SESSION_MAX_MS = 12 * 3600 * 1000, SLACK_MS = 5 * 60 * 1000 };

static const char *const XML_TYPES[] = {"text/xml", "application/xml", NULL};

static snt_status add_field(struct snt_buf *body, const char *name, const char *value, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(body, err, "&%s=", name));
  return snt_uri_encode(snt_slice_of(value), false, body, err);
}

/* A field that may be missing. */
static snt_status add_known(struct snt_buf *body, const char *name, const char *value, struct snt_err *err) {
  return value == NULL || value[0] == '\0' ? snt_done() : add_field(body, name, value, err);
}

snt_status snt_sts_prepare_get_caller_identity(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                               const struct snt_aws_credentials *credentials, struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "GetCallerIdentity", NULL, err));
  return snt_buf_append_str(&call->body, "Action=GetCallerIdentity&Version=2011-06-15", err);
}

static snt_status add_tags(struct snt_buf *body, const struct snt_sts_assume_role *parameters, struct snt_err *err) {
  for (size_t i = 0; i < parameters->tag_count; i++) {
    char name[48];
    (void)snprintf(name, sizeof name, "Tags.member.%zu.Key", i + 1);
    SNT_TRY(add_field(body, name, parameters->tags[i].key, err));
    (void)snprintf(name, sizeof name, "Tags.member.%zu.Value", i + 1);
    SNT_TRY(add_field(body, name, parameters->tags[i].value, err));
  }
  return snt_done();
}

static bool is_set(const char *text) { return text != NULL && text[0] != '\0'; }

snt_status snt_sts_prepare_assume_role(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials,
                                       const struct snt_sts_assume_role *parameters, struct snt_err *err) {
  bool is_whole = is_set(parameters->role_arn) && is_set(parameters->role_session_name) &&
                  is_set(parameters->source_identity) && parameters->duration_s > 0 &&
                  is_set(parameters->mfa_serial) == is_set(parameters->mfa_code);
  if (!is_whole) {
    return snt_fail(err, SNT_CODE_BUG, "AssumeRole lacks a role, a name, a SourceIdentity, a duration or an MFA code");
  }
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "AssumeRole", parameters->role_arn, err));
  char duration[24];
  (void)snprintf(duration, sizeof duration, "%lld", (long long)parameters->duration_s);
  call->duration_s = parameters->duration_s;
  call->source_identity = snt_str_dup(parameters->source_identity);
  if (call->source_identity == NULL) {
    return snt_fail_memory(err);
  }
  struct snt_buf *body = &call->body;
  SNT_TRY(snt_buf_append_str(body, "Action=AssumeRole&Version=2011-06-15", err));
  SNT_TRY(add_field(body, "RoleArn", parameters->role_arn, err));
  SNT_TRY(add_field(body, "RoleSessionName", parameters->role_session_name, err));
  SNT_TRY(add_field(body, "SourceIdentity", parameters->source_identity, err));
  SNT_TRY(add_field(body, "DurationSeconds", duration, err));
  SNT_TRY(add_known(body, "ExternalId", parameters->external_id, err));
  SNT_TRY(add_known(body, "SerialNumber", parameters->mfa_serial, err));
  SNT_TRY(add_known(body, "TokenCode", parameters->mfa_code, err));
  SNT_TRY(add_known(body, "Policy", parameters->policy, err));
  return add_tags(body, parameters, err);
}

static snt_status refuse_answer(const struct snt_aws_call *call, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer of %s makes no sense (%s)", call->what,
                  call->endpoint.host, what);
}

/* The document of a good answer, with the root that the action has. */
static snt_status open_answer(const struct snt_aws_call *call, const char *root, struct snt_xml_doc **out,
                              struct snt_err *err) {
  *out = NULL;
  SNT_TRY(snt_aws_call_check(call, XML_TYPES, err));
  const struct snt_secret *body = call->response.body;
  struct snt_err inner = {0};
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  if (!snt_ok(snt_xml_parse(snt_secret_borrow(body), snt_secret_len(body), "the answer", &doc, &inner))) {
    return inner.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : refuse_answer(call, inner.message, err);
  }
  if (strcmp(snt_xml_root(doc), root) != 0) {
    return refuse_answer(call, "another kind of document", err);
  }
  *out = SNT_MOVE(doc);
  return snt_done();
}

/* A field of printable ASCII without spaces, quotes and backslashes, at most max bytes: it goes into JSON as it is. */
static snt_status find_field(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *path,
                             size_t max, const char **out, struct snt_err *err) {
  size_t len = 0;
  const char *text = snt_xml_find(doc, path, &len);
  bool is_good = text != NULL && len >= 1 && len <= max;
  for (size_t i = 0; is_good && i < len; i++) {
    is_good = text[i] > 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\';
  }
  *out = is_good ? text : NULL;
  return is_good ? snt_done() : refuse_answer(call, path, err);
}

static snt_status parse_caller(const struct snt_aws_call *call, const struct snt_xml_doc *doc,
                               struct snt_sts_caller *out, struct snt_err *err) {
  const char *arn = NULL;
  const char *account = NULL;
  const char *id = NULL;
  SNT_TRY(find_field(call, doc, "GetCallerIdentityResult/Arn", sizeof out->arn - 1, &arn, err));
  SNT_TRY(find_field(call, doc, "GetCallerIdentityResult/Account", sizeof out->account - 1, &account, err));
  SNT_TRY(find_field(call, doc, "GetCallerIdentityResult/UserId", 256, &id, err));
  struct snt_aws_identity identity = {0};
  SNT_TRY(snt_aws_identity_parse(arn, NULL, &identity, err));
  if (strcmp(identity.account, account) != 0) {
    return refuse_answer(call, "an ARN of another account", err);
  }
  if (call->response.date_ms <= 0) {
    return refuse_answer(call, "no Date, and the decision needs the server's time", err);
  }
  (void)snprintf(out->arn, sizeof out->arn, "%s", arn);
  (void)snprintf(out->account, sizeof out->account, "%s", account);
  out->date_ms = call->response.date_ms;
  out->received_at_ms = call->response.received_at_ms;
  return snt_done();
}

snt_status snt_sts_parse_get_caller_identity(const struct snt_aws_call *call, struct snt_sts_caller *out,
                                             struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_TRY(open_answer(call, "GetCallerIdentityResponse", &doc, err));
  struct snt_sts_caller caller = {0};
  SNT_TRY(parse_caller(call, doc, &caller, err));
  *out = caller;
  return snt_done();
}

void snt_sts_session_clear(struct snt_sts_session *session) {
  snt_aws_credentials_clear(&session->credentials);
  memset(session, 0, sizeof *session);
}

/* In the future, and not further than STS can go; by the server's clock, so that a wrong one here does no harm. */
static snt_status take_expiry(const struct snt_aws_call *call, const char *text, int64_t *out, struct snt_err *err) {
  int64_t now_ms = call->response.date_ms > 0 ? call->response.date_ms : snt_clock_wall_ms();
  if (!snt_ok(snt_time_parse(text, out, NULL)) || *out <= now_ms || *out > now_ms + SESSION_MAX_MS + SLACK_MS) {
    return refuse_answer(call, "AssumeRoleResult/Credentials/Expiration", err);
  }
  return snt_done();
}

static snt_status take_credentials(const struct snt_aws_call *call, const struct snt_xml_doc *doc,
                                   struct snt_aws_credentials *out, struct snt_err *err) {
  const char *id = NULL;
  const char *key = NULL;
  const char *token = NULL;
  const char *expiry = NULL;
  SNT_TRY(find_field(call, doc, "AssumeRoleResult/Credentials/AccessKeyId", sizeof out->access_key_id - 1, &id, err));
  SNT_TRY(find_field(call, doc, "AssumeRoleResult/Credentials/SecretAccessKey", SECRET_KEY_MAX, &key, err));
  SNT_TRY(find_field(call, doc, "AssumeRoleResult/Credentials/SessionToken", TOKEN_MAX, &token, err));
  SNT_TRY(find_field(call, doc, "AssumeRoleResult/Credentials/Expiration", 64, &expiry, err));
  if (!snt_aws_access_key_id_check(id)) {
    return refuse_answer(call, "AssumeRoleResult/Credentials/AccessKeyId", err);
  }
  SNT_TRY(take_expiry(call, expiry, &out->expires_at_ms, err));
  (void)snprintf(out->access_key_id, sizeof out->access_key_id, "%s", id);
  (void)snprintf(out->source, sizeof out->source, "%s", call->what);
  SNT_TRY(snt_secret_new_from(key, strlen(key), &out->secret_key, err));
  return snt_secret_new_from(token, strlen(token), &out->session_token, err);
}

/* The session has to be one of the role that was asked for, and carry the SourceIdentity where STS repeats it. */
static snt_status check_role(const struct snt_aws_call *call, const struct snt_xml_doc *doc, char *out, size_t cap,
                             struct snt_err *err) {
  const char *arn = NULL;
  SNT_TRY(find_field(call, doc, "AssumeRoleResult/AssumedRoleUser/Arn", cap - 1, &arn, err));
  struct snt_aws_identity session = {0};
  char account[13];
  char role[128];
  SNT_TRY(snt_aws_role_arn_parse(call->subject, account, role, err));
  if (!snt_ok(snt_aws_identity_parse(arn, NULL, &session, NULL)) || strcmp(session.account, account) != 0 ||
      strcmp(session.role, role) != 0) {
    return refuse_answer(call, "a session of another role", err);
  }
  size_t len = 0;
  const char *repeated = snt_xml_find(doc, "AssumeRoleResult/SourceIdentity", &len);
  if (repeated != NULL && strcmp(repeated, call->source_identity) != 0) {
    return refuse_answer(call, "a session with another SourceIdentity", err);
  }
  (void)snprintf(out, cap, "%s", arn);
  return snt_done();
}

snt_status snt_sts_parse_assume_role(const struct snt_aws_call *call, struct snt_sts_session *out,
                                     struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_TRY(open_answer(call, "AssumeRoleResponse", &doc, err));
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  SNT_TRY(check_role(call, doc, session.assumed_role_arn, sizeof session.assumed_role_arn, err));
  SNT_TRY(take_credentials(call, doc, &session.credentials, err));
  *out = session;
  memset(&session, 0, sizeof session); /* ownership went to out */
  return snt_done();
}

bool snt_sts_is_duration_refused(const struct snt_aws_call *call) {
  struct snt_aws_refusal refusal = {0};
  if (!snt_ok(call->response.status) || call->response.http_status != 400) {
    return false;
  }
  snt_aws_refusal_read(call, &refusal);
  return strcmp(refusal.code, "ValidationError") == 0 && strstr(refusal.message, "MaxSessionDuration") != NULL;
}
