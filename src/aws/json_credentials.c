/* MUST
 *  1. hand out no keys unless every field that has to be there is, and is of its form;
 *  2. no message holds a value that was read. */
#include "aws/json_credentials.h"

#include <string.h>

#include "format/time.h"

static snt_status refuse(const char *what, const char *key, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s makes no sense: %s", what, key);
}

/* A string that is not empty. One that may be missing: empty. */
static snt_status take_text(const struct snt_json_value *root, const char *key, bool is_needed, const char *what,
                            struct snt_slice *out, struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(root, key);
  enum snt_json_type type = snt_json_type(value);
  *out = (struct snt_slice){"", 0};
  if (!is_needed && (type == SNT_JSON_NONE || type == SNT_JSON_NULL)) {
    return snt_done();
  }
  const char *text = snt_json_string(value, &out->len);
  if (text == NULL || (is_needed && out->len == 0)) {
    return refuse(what, key, err);
  }
  out->data = text;
  return snt_done();
}

static snt_status check_version(const struct snt_json_value *root, const char *key, const char *what,
                                struct snt_err *err) {
  int64_t version = 0;
  if (key == NULL || (snt_json_integer(snt_json_get(root, key), &version) && version == 1)) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s makes no sense: %s has to be the number 1", what, key);
}

snt_status snt_aws_json_credentials_parse(const struct snt_json_value *root, const struct snt_aws_json_shape *shape,
                                          const char *what, struct snt_aws_credentials *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (snt_json_type(root) != SNT_JSON_OBJECT) {
    return refuse(what, "it is not a JSON object", err);
  }
  struct snt_aws_key_text text = {{"", 0}, {"", 0}, {"", 0}};
  struct snt_slice end = {"", 0};
  int64_t end_ms = 0;
  SNT_TRY(check_version(root, shape->version, what, err));
  SNT_TRY(take_text(root, "AccessKeyId", true, what, &text.id, err));
  SNT_TRY(take_text(root, "SecretAccessKey", true, what, &text.secret, err));
  SNT_TRY(take_text(root, shape->token, shape->is_temporary, what, &text.token, err));
  SNT_TRY(take_text(root, "Expiration", shape->is_temporary, what, &end, err));
  if (end.len > 0 && !snt_ok(snt_time_parse(end.data, &end_ms, NULL))) {
    return refuse(what, "Expiration", err);
  }
  SNT_TRY(snt_aws_credentials_take_text(&text, what, SNT_CODE_ANSWER_INVALID, out, err));
  out->expires_at_ms = end_ms;
  return snt_done();
}
