/* STS: GetCallerIdentity and AssumeRole (Query API, AWS Security Token Service API Reference).
 *
 * MUST
 *  1. ask for no session without a SourceIdentity, but for one on the way: it could not be changed later;
 *  2. hand out no session unless it is one of the role that was asked for, and lives no longer than was asked for;
 *  3. send an MFA code once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/call.h"
#include "aws/identity.h"
#include "aws/refusal.h"
#include "aws/sts_parts.h"
#include "base/str.h"
#include "format/time.h"

snt_status snt_sts_prepare_get_caller_identity(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                               const struct snt_aws_credentials *credentials, struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "GetCallerIdentity", NULL, err));
  return snt_buf_append_str(&call->body, "Action=GetCallerIdentity&Version=2011-06-15", err);
}

static snt_status add_tags(struct snt_buf *body, const struct snt_sts_assume_role *parameters, struct snt_err *err) {
  for (size_t i = 0; i < parameters->tag_count; i++) {
    char name[48];
    (void)snprintf(name, sizeof name, "Tags.member.%zu.Key", i + 1);
    SNT_TRY(snt_sts_add_field(body, name, parameters->tags[i].key, err));
    (void)snprintf(name, sizeof name, "Tags.member.%zu.Value", i + 1);
    SNT_TRY(snt_sts_add_field(body, name, parameters->tags[i].value, err));
  }
  return snt_done();
}

static bool is_set(const char *text) { return text != NULL && text[0] != '\0'; }

snt_status snt_sts_prepare_assume_role(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials,
                                       const struct snt_sts_assume_role *parameters, struct snt_err *err) {
  bool is_whole = is_set(parameters->role_arn) && is_set(parameters->role_session_name) &&
                  is_set(parameters->source_identity) != parameters->is_on_the_way && parameters->duration_s > 0 &&
                  is_set(parameters->mfa_serial) == is_set(parameters->mfa_code);
  if (!is_whole) {
    return snt_fail(err, SNT_CODE_BUG, "AssumeRole lacks a role, a name, a SourceIdentity, a duration or an MFA code");
  }
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "AssumeRole", parameters->role_arn, err));
  char duration[24];
  (void)snprintf(duration, sizeof duration, "%lld", (long long)parameters->duration_s);
  call->duration_s = parameters->duration_s;
  call->is_once = is_set(parameters->mfa_code);
  call->source_identity = parameters->is_on_the_way ? NULL : snt_str_dup(parameters->source_identity);
  if (call->source_identity == NULL && !parameters->is_on_the_way) {
    return snt_fail_memory(err);
  }
  struct snt_buf *body = &call->body;
  SNT_TRY(snt_buf_append_str(body, "Action=AssumeRole&Version=2011-06-15", err));
  SNT_TRY(snt_sts_add_field(body, "RoleArn", parameters->role_arn, err));
  SNT_TRY(snt_sts_add_field(body, "RoleSessionName", parameters->role_session_name, err));
  SNT_TRY(snt_sts_add_known(body, "SourceIdentity", parameters->source_identity, err));
  SNT_TRY(snt_sts_add_field(body, "DurationSeconds", duration, err));
  SNT_TRY(snt_sts_add_known(body, "ExternalId", parameters->external_id, err));
  SNT_TRY(snt_sts_add_known(body, "SerialNumber", parameters->mfa_serial, err));
  SNT_TRY(snt_sts_add_known(body, "TokenCode", parameters->mfa_code, err));
  SNT_TRY(snt_sts_add_known(body, "Policy", parameters->policy, err));
  return add_tags(body, parameters, err);
}

void snt_sts_format_lease(int64_t ends_at_ms, char out[static SNT_STS_LEASE_CAP]) {
  char end[32];
  snt_time_format(ends_at_ms, false, end);
  (void)snprintf(out, SNT_STS_LEASE_CAP,
                 "{\"Version\":\"2012-10-17\",\"Statement\":["
                 "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"},"
                 "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\","
                 "\"Condition\":{\"DateGreaterThan\":{\"aws:CurrentTime\":\"%s\"}}}]}",
                 end);
}

static snt_status parse_caller(const struct snt_aws_call *call, const struct snt_xml_doc *doc,
                               struct snt_sts_caller *out, struct snt_err *err) {
  const char *arn = NULL;
  const char *account = NULL;
  const char *id = NULL;
  SNT_TRY(snt_sts_find_field(call, doc, "GetCallerIdentityResult/Arn", sizeof out->arn - 1, &arn, err));
  SNT_TRY(snt_sts_find_field(call, doc, "GetCallerIdentityResult/Account", sizeof out->account - 1, &account, err));
  SNT_TRY(snt_sts_find_field(call, doc, "GetCallerIdentityResult/UserId", 256, &id, err));
  struct snt_aws_identity identity = {0};
  SNT_TRY(snt_aws_identity_parse(arn, NULL, &identity, err));
  if (strcmp(identity.account, account) != 0) {
    return snt_sts_refuse_answer(call, "an ARN of another account", err);
  }
  if (call->response.date_ms <= 0) {
    return snt_sts_refuse_answer(call, "no Date, and the decision needs the server's time", err);
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
  SNT_TRY(snt_sts_open_answer(call, "GetCallerIdentityResponse", &doc, err));
  struct snt_sts_caller caller = {0};
  SNT_TRY(parse_caller(call, doc, &caller, err));
  *out = caller;
  return snt_done();
}

void snt_sts_session_clear(struct snt_sts_session *session) {
  snt_aws_credentials_clear(&session->credentials);
  memset(session, 0, sizeof *session);
}

snt_status snt_sts_parse_assume_role(const struct snt_aws_call *call, struct snt_sts_session *out,
                                     struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_TRY(snt_sts_open_answer(call, "AssumeRoleResponse", &doc, err));
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  SNT_TRY(snt_sts_check_role(call, doc, "AssumeRoleResult", session.assumed_role_arn, err));
  SNT_TRY(snt_sts_take_credentials(call, doc, "AssumeRoleResult", call->duration_s * 1000, &session.credentials, err));
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
