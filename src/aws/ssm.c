/* SSM: GetParameter with decryption (AWS Systems Manager API Reference; JSON 1.1).
 *
 * MUST
 *  1. take no other parameter's value for the one that was asked for;
 *  2. take no ciphertext for a policy. */
#include <string.h>

#include "aws/call.h"
#include "aws/refusal.h"
#include "base/str.h"
#include "format/json.h"

static const char *const JSON_TYPES[] = {"application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json",
                                         NULL};

snt_status snt_ssm_prepare_get_parameter(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                         const struct snt_aws_credentials *credentials, const char *name,
                                         struct snt_err *err) {
  SNT_TRY(snt_aws_call_begin(call, endpoint, credentials, "AmazonSSM.GetParameter", "GetParameter", name, err));
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &call->body, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "Name", name);
  snt_json_put_bool(&writer, "WithDecryption", true);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

void snt_ssm_parameter_clear(struct snt_ssm_parameter *parameter) {
  snt_buf_clear(&parameter->value);
  memset(parameter, 0, sizeof *parameter);
}

static snt_status refuse_answer(const struct snt_aws_call *call, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s: the answer of %s makes no sense (%s)", call->what,
                  call->endpoint.host, what);
}

/* What KMS makes, in base64 (its blobs begin with these bytes), or what a test double has instead of it. */
static bool is_ciphertext(const char *value, size_t len) {
  static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  bool begins_like_kms = snt_str_starts_with(value, "AQICA") || snt_str_starts_with(value, "AQECA");
  return snt_str_starts_with(value, "kms:") || (begins_like_kms && strspn(value, base64) == len);
}

/* String or SecureString; a list is no policy. */
static snt_status take_type(const struct snt_aws_call *call, const struct snt_json_value *parameter, bool *is_secure,
                            struct snt_err *err) {
  const char *type = snt_json_string(snt_json_get(parameter, "Type"), NULL);
  if (type == NULL) {
    return refuse_answer(call, "Parameter.Type", err);
  }
  if (strcmp(type, "StringList") == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "SSM parameter %.300s in %s is a StringList, not a policy",
                        call->subject, call->endpoint.region));
    return snt_err_hint(err, "store the policy as a parameter of type String or SecureString");
  }
  *is_secure = strcmp(type, "SecureString") == 0;
  return *is_secure || strcmp(type, "String") == 0 ? snt_done() : refuse_answer(call, "Parameter.Type", err);
}

static snt_status take_value(const struct snt_aws_call *call, const struct snt_json_value *parameter,
                             struct snt_ssm_parameter *out, struct snt_err *err) {
  size_t len = 0;
  const char *value = snt_json_string(snt_json_get(parameter, "Value"), &len);
  if (value == NULL) {
    return refuse_answer(call, "Parameter.Value", err);
  }
  if (out->is_secure && is_ciphertext(value, len)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "SSM parameter %.300s in %s is a SecureString that came without being decrypted", call->subject,
                        call->endpoint.region));
    return snt_err_hint(err, "the caller needs kms:Decrypt on the parameter's KMS key");
  }
  return snt_buf_append(&out->value, value, len, err);
}

static snt_status take_parameter(const struct snt_aws_call *call, const struct snt_json_value *root,
                                 struct snt_ssm_parameter *out, struct snt_err *err) {
  const struct snt_json_value *parameter = snt_json_get(root, "Parameter");
  if (snt_json_type(parameter) != SNT_JSON_OBJECT) {
    return refuse_answer(call, "Parameter", err);
  }
  size_t len = 0;
  const char *name = snt_json_string(snt_json_get(parameter, "Name"), &len);
  if (name == NULL || len != strlen(call->subject) || memcmp(name, call->subject, len) != 0) {
    return refuse_answer(call, "another parameter than the one asked for", err);
  }
  if (!snt_json_integer(snt_json_get(parameter, "Version"), &out->version) || out->version < 1) {
    return refuse_answer(call, "Parameter.Version", err);
  }
  SNT_TRY(take_type(call, parameter, &out->is_secure, err));
  return take_value(call, parameter, out, err);
}

snt_status snt_ssm_parse_get_parameter(const struct snt_aws_call *call, struct snt_ssm_parameter *out,
                                       struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_TRY(snt_aws_call_check(call, JSON_TYPES, err));
  const struct snt_secret *body = call->response.body;
  struct snt_err inner = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(snt_secret_borrow(body), snt_secret_len(body), "the answer", &doc, &inner))) {
    return inner.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : refuse_answer(call, inner.message, err);
  }
  SNT_CLEANUP(snt_ssm_parameter_clear) struct snt_ssm_parameter parameter = {0};
  SNT_TRY(take_parameter(call, snt_json_root(doc), &parameter, err));
  *out = parameter;
  memset(&parameter, 0, sizeof parameter); /* ownership went to out */
  return snt_done();
}
