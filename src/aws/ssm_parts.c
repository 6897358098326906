/* MUST
 *  1. take no ciphertext for a policy. */
#include "aws/ssm_parts.h"

#include <string.h>

#include "base/str.h"

enum { NAME_CAP = 2049 };
#define EPOCH_MAX_S 253402300799.0 /* the end of the year 9999 */

void snt_ssm_parameter_clear(struct snt_ssm_parameter *parameter) {
  snt_buf_clear(&parameter->value);
  memset(parameter, 0, sizeof *parameter);
}

const char *snt_ssm_name_of(const struct snt_json_value *parameter) {
  return snt_json_printable(snt_json_get(parameter, "Name"), NAME_CAP);
}

bool snt_ssm_is_list(const struct snt_json_value *parameter) {
  return snt_json_is(snt_json_get(parameter, "Type"), "StringList");
}

/* What KMS makes, in base64 (its blobs begin with these bytes), or what a test double has instead of it. */
static bool is_ciphertext(const char *value, size_t len) {
  static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  bool begins_like_kms = snt_str_starts_with(value, "AQICA") || snt_str_starts_with(value, "AQECA");
  return snt_str_starts_with(value, "kms:") || (begins_like_kms && strspn(value, base64) == len);
}

static snt_status refuse(const struct snt_aws_call *call, const char *name, const char *what, struct snt_err *err) {
  SNT_IGNORE(snt_aws_json_refuse(call, what, err));
  return snt_err_prefix(err, "SSM parameter %.300s", name);
}

static snt_status take_value(const struct snt_aws_call *call, const char *name, const struct snt_json_value *value,
                             struct snt_ssm_parameter *out, struct snt_err *err) {
  size_t len = 0;
  const char *text = snt_json_string(value, &len);
  if (text == NULL) {
    return refuse(call, name, "its Value", err);
  }
  if (out->is_secure && is_ciphertext(text, len)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "SSM parameter %.300s in %s is a SecureString that came without being decrypted", name,
                        call->endpoint.region));
    return snt_err_hint(err, "the caller needs kms:Decrypt on the parameter's KMS key");
  }
  return snt_buf_append(&out->value, text, len, err);
}

/* AWS's number of seconds with a fraction; 0 for none, and for one that is no time. */
static int64_t read_time(const struct snt_json_value *value) {
  double seconds = 0;
  bool is_time = snt_json_number(value, &seconds) && seconds > 0 && seconds < EPOCH_MAX_S;
  return is_time ? (int64_t)(seconds * 1000.0 + 0.5) : 0;
}

snt_status snt_ssm_take_parameter(const struct snt_aws_call *call, const char *name,
                                  const struct snt_json_value *parameter, struct snt_ssm_parameter *out,
                                  struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_CLEANUP(snt_ssm_parameter_clear) struct snt_ssm_parameter taken = {0};
  if (!snt_json_is(snt_json_get(parameter, "Name"), name)) {
    return snt_aws_json_refuse(call, "another parameter than the one asked for", err);
  }
  if (!snt_json_integer(snt_json_get(parameter, "Version"), &taken.version) || taken.version < 1) {
    return refuse(call, name, "its Version", err);
  }
  const struct snt_json_value *type = snt_json_get(parameter, "Type");
  taken.is_secure = snt_json_is(type, "SecureString");
  if (!taken.is_secure && !snt_json_is(type, "String")) {
    return refuse(call, name, snt_ssm_is_list(parameter) ? "it is a StringList" : "its Type", err);
  }
  taken.modified_ms = read_time(snt_json_get(parameter, "LastModifiedDate"));
  SNT_TRY(take_value(call, name, snt_json_get(parameter, "Value"), &taken, err));
  *out = taken;
  memset(&taken, 0, sizeof taken); /* ownership went to out */
  return snt_done();
}
