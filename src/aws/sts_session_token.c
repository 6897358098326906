/* STS: GetSessionToken with an MFA code (AWS Security Token Service API Reference).
 *
 * MUST
 *  1. send a code once;
 *  2. hand out nothing unless every field of the answer is there and of its form, the server's time included. */
#include <stdio.h>
#include <string.h>

#include "aws/call.h"
#include "aws/sts_parts.h"

static bool is_code(const char *text) {
  return text != NULL && strlen(text) == SNT_MFA_CODE_LEN && strspn(text, "0123456789") == SNT_MFA_CODE_LEN;
}

snt_status snt_sts_prepare_get_session_token(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                             const struct snt_aws_credentials *credentials,
                                             const struct snt_sts_mfa *parameters, struct snt_err *err) {
  bool has_serial = parameters->serial != NULL && parameters->serial[0] != '\0';
  if (!has_serial || !is_code(parameters->code) || parameters->duration_s <= 0) {
    return snt_fail(err, SNT_CODE_BUG, "GetSessionToken lacks a device, a code of six digits or a duration");
  }
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, NULL, "GetSessionToken", NULL, err));
  char duration[24];
  (void)snprintf(duration, sizeof duration, "%lld", (long long)parameters->duration_s);
  call->duration_s = parameters->duration_s;
  call->is_once = true;
  struct snt_buf *body = &call->body;
  SNT_TRY(snt_buf_append_str(body, "Action=GetSessionToken&Version=2011-06-15", err));
  SNT_TRY(snt_sts_add_field(body, "DurationSeconds", duration, err));
  SNT_TRY(snt_sts_add_field(body, "SerialNumber", parameters->serial, err));
  return snt_sts_add_field(body, "TokenCode", parameters->code, err);
}

snt_status snt_sts_parse_get_session_token(const struct snt_aws_call *call, struct snt_aws_credentials *out,
                                           int64_t *date_ms, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  SNT_TRY(snt_sts_open_answer(call, "GetSessionTokenResponse", &doc, err));
  if (call->response.date_ms <= 0) {
    return snt_sts_refuse_answer(call, "no Date, and policy needs the server's time", err);
  }
  SNT_TRY(snt_sts_take_credentials(call, doc, "GetSessionTokenResult", call->duration_s * 1000, out, err));
  *date_ms = call->response.date_ms;
  return snt_done();
}
