/* STS: AssumeRoleWithWebIdentity (AWS Security Token Service API Reference).
 *
 * MUST
 *  1. hand out no session unless it is one of the role that was asked for;
 *  2. no message holds the token. */
#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/refusal.h"
#include "aws/sts_parts.h"
#include "format/uri.h"

/* No duration is asked for: how long it lives is the server's matter, as far as STS can go. */
enum { SESSION_MAX_MS = 12 * 3600 * 1000 };

static bool is_set(const char *text) { return text != NULL && text[0] != '\0'; }

snt_status snt_sts_prepare_web_identity(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                        const struct snt_sts_web_identity *parameters, struct snt_err *err) {
  const struct snt_secret *token = parameters->token;
  if (!is_set(parameters->role_arn) || !is_set(parameters->role_session_name) || snt_secret_len(token) == 0) {
    return snt_fail(err, SNT_CODE_BUG, "AssumeRoleWithWebIdentity lacks a role, a name or a token");
  }
  SNT_TRY(snt_aws_call_begin(call, endpoint, NULL, NULL, "AssumeRoleWithWebIdentity", parameters->role_arn, err));
  call->bearer = token;
  struct snt_buf *body = &call->body;
  SNT_TRY(snt_buf_append_str(body, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", err));
  SNT_TRY(snt_sts_add_field(body, "RoleArn", parameters->role_arn, err));
  SNT_TRY(snt_sts_add_field(body, "RoleSessionName", parameters->role_session_name, err));
  return snt_sts_add_field(body, "WebIdentityToken", snt_secret_borrow(token), err);
}

/* What a refusal means here, where no key was refused but a token. */
static const struct {
  const char *code, *hint;
} HINTS[] = {
    {"ExpiredTokenException", "the token has expired: whatever writes its file has to write a new one"},
    {"ExpiredToken", "the token has expired: whatever writes its file has to write a new one"},
    {"InvalidIdentityToken", "see that the account has the token's issuer as an OpenID Connect provider, and that its "
                             "audience is one of that provider's"},
    {"InvalidIdentityTokenException", "see that the account has the token's issuer as an OpenID Connect provider, and "
                                      "that its audience is one of that provider's"},
    {"IDPCommunicationError", "AWS could not ask the token's issuer for its keys: try again in a moment"},
    {"IDPRejectedClaim", "the token's issuer refuses it: whatever writes its file has to write a new one"},
    {"AccessDenied",
     "the role's trust policy has to allow sts:AssumeRoleWithWebIdentity to the token's issuer, subject "
     "and audience"},
};

static snt_status refuse(const struct snt_aws_call *call, const struct snt_aws_refusal *refusal, struct snt_err *err) {
  const char *hint = "";
  for (size_t i = 0; i < sizeof HINTS / sizeof HINTS[0]; i++) {
    hint = strcmp(refusal->code, HINTS[i].code) == 0 ? HINTS[i].hint : hint;
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "AWS refused %s for role %.300s: %s%s%s", call->what, call->subject,
                      refusal->code, refusal->message[0] == '\0' ? "" : ": ", refusal->message));
  return hint[0] == '\0' ? (snt_status){SNT_CODE_AWS_REFUSED} : snt_err_hint(err, "%s", hint);
}

snt_status snt_sts_parse_web_identity(const struct snt_aws_call *call, struct snt_sts_session *out,
                                      struct snt_err *err) {
  memset(out, 0, sizeof *out);
  const struct snt_http_response *response = &call->response;
  if (snt_ok(response->status) && response->http_status >= 400 && response->http_status <= 499) {
    struct snt_aws_refusal refusal = {0};
    snt_aws_refusal_read(call, &refusal);
    if (refusal.code[0] != '\0') {
      return refuse(call, &refusal, err);
    }
  }
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_CLEANUP(snt_sts_session_clear) struct snt_sts_session session = {0};
  SNT_TRY(snt_sts_open_answer(call, "AssumeRoleWithWebIdentityResponse", &doc, err));
  SNT_TRY(snt_sts_check_role(call, doc, "AssumeRoleWithWebIdentityResult", session.assumed_role_arn, err));
  SNT_TRY(snt_sts_take_credentials(call, doc, "AssumeRoleWithWebIdentityResult", SESSION_MAX_MS, &session.credentials,
                                   err));
  *out = session;
  memset(&session, 0, sizeof session); /* ownership went to out */
  return snt_done();
}
