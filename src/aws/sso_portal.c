/* MUST
 *  1. hand out nothing unless every field of the answer is there and of its form. */
#include "aws/sso_portal.h"

#include <stdio.h>
#include <string.h>

#include "format/uri.h"

#define CODES(...) ((const char *const[]){__VA_ARGS__, NULL})

static snt_status write_path(struct snt_sso_call *call, const struct snt_sso_role *role, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_buf_append_str(&path, "/federation/credentials?role_name=", err));
  SNT_TRY(snt_uri_encode(snt_slice_of(role->name), false, &path, err));
  SNT_TRY(snt_buf_append_str(&path, "&account_id=", err));
  SNT_TRY(snt_uri_encode(snt_slice_of(role->account), false, &path, err));
  if (path.len >= sizeof call->path) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "the role %.64s is too long", role->name);
  }
  memcpy(call->path, path.data, path.len + 1);
  return snt_done();
}

static struct snt_slice text_of(const struct snt_json_value *object, const char *key) {
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(snt_json_get(object, key), &text.len);
  return text.data == NULL ? (struct snt_slice){"", 0} : text;
}

static snt_status take(const struct snt_sso_call *call, const struct snt_json_value *root,
                       struct snt_aws_credentials *out, struct snt_err *err) {
  const struct snt_json_value *object = snt_json_get(root, "roleCredentials");
  int64_t end_ms = 0;
  const struct snt_aws_key_text text = {text_of(object, "accessKeyId"), text_of(object, "secretAccessKey"),
                                        text_of(object, "sessionToken")};
  if (text.token.len == 0) {
    return snt_sso_call_refuse(call, "sessionToken", err);
  }
  if (!snt_json_integer(snt_json_get(object, "expiration"), &end_ms) || end_ms < 1) {
    return snt_sso_call_refuse(call, "expiration", err);
  }
  SNT_TRY(snt_aws_credentials_take_text(&text, "the answer of IAM Identity Center", SNT_CODE_ANSWER_INVALID, out, err));
  out->expires_at_ms = end_ms;
  return snt_done();
}

static snt_status fail_no_role(const struct snt_sso_call *call, const struct snt_sso_role *role, struct snt_err *err) {
  const char *message = call->refusal.message;
  SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED,
                      "IAM Identity Center gives no credentials of role %.64s in account %.32s: %s%s%s", role->name,
                      role->account, call->refusal.code, message[0] == '\0' ? "" : ": ", message));
  return snt_err_hint(err, "see that sso_account_id and sso_role_name are what the access portal shows, and that it "
                           "was assigned to who has signed in");
}

snt_status snt_sso_get_role_credentials(struct snt_http_client *client, const struct snt_aws_endpoint *endpoint,
                                        const struct snt_secret *access_token, const struct snt_sso_role *role,
                                        struct snt_aws_credentials *out, bool *is_refused, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  *is_refused = false;
  SNT_SSO_CALL_AUTO struct snt_sso_call call = {
      .action = "GetRoleCredentials", .bearer = access_token, .endpoint = *endpoint};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(write_path(&call, role, err));
  SNT_TRY(snt_sso_call_perform(client, &call, err));
  snt_status status = snt_sso_call_open(&call, &doc, err);
  if (call.response.http_status == 401) {
    *is_refused = true;
    return snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "IAM Identity Center: the sign-in is over or was revoked (%s)",
                    call.refusal.code);
  }
  if (snt_sso_call_is_refused_as(&call, CODES("ForbiddenException", "ResourceNotFoundException"))) {
    return fail_no_role(&call, role, err);
  }
  SNT_TRY(status);
  return take(&call, snt_json_root(doc), out, err);
}
