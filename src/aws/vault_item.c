/* MUST
 *  1. keep what stands in an item in secrets and in the wiped memory of format/json;
 *  2. say nothing of its content in an error. */
#include "aws/vault_item.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "format/json.h"

/* How many parts a text has between commas. */
static size_t count_parts(const char *text) {
  size_t count = 1;
  for (; *text != '\0'; text++) {
    count += *text == ',' ? 1 : 0;
  }
  return count;
}

/* "sts.GetSessionToken,cHJvZmlsZQ,bWZh,1700000000", "session,profile,mfa,1700000000": four parts, the last a time. */
static bool is_session(const char *name) {
  const char *last = strrchr(name, ',');
  return count_parts(name) == 4 && last[1] != '\0' && strspn(last + 1, "0123456789") == strlen(last + 1);
}

/* "profile session (123)", the oldest form. */
static bool is_oldest_session(const char *name) {
  const char *mark = strstr(name, " session (");
  return mark != NULL && mark != name && snt_str_ends_with(name, ")");
}

bool snt_vault_is_cached(const char *name) {
  return snt_str_starts_with(name, "oidc:") || snt_str_starts_with(name, "session:") || is_session(name) ||
         is_oldest_session(name);
}

static snt_status fail(const char *name, const char *why, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "the entry %.256s of aws-vault %s", name, why);
}

static struct snt_slice text_of(const struct snt_json_value *object, const char *key) {
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(snt_json_get(object, key), &text.len);
  return text.data == NULL ? (struct snt_slice){"", 0} : text;
}

static snt_status parse_object(const char *name, const struct snt_secret *text, struct snt_json_doc **out,
                               struct snt_err *err) {
  snt_status status = snt_json_parse(snt_secret_borrow(text), snt_secret_len(text), "the entry", out, NULL);
  bool is_good = snt_ok(status) && snt_json_type(snt_json_root(*out)) == SNT_JSON_OBJECT;
  return is_good ? snt_done() : fail(name, "is not a JSON object", err);
}

static snt_status decode_data(const char *name, struct snt_slice data, struct snt_secret **out, struct snt_err *err) {
  size_t len = 0;
  SNT_TRY(snt_secret_new(data.len, out, err));
  if (!snt_base64_parse(data, snt_secret_borrow_writable(*out), data.len, &len) || len == 0) {
    return fail(name, "has no data in base64", err);
  }
  snt_secret_set_len(*out, len);
  return snt_done();
}

snt_status snt_vault_item_parse(const char *name, const struct snt_secret *text, struct snt_aws_credentials *out,
                                struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_JSON_AUTO struct snt_json_doc *item = NULL;
  SNT_JSON_AUTO struct snt_json_doc *data = NULL;
  SNT_SECRET_AUTO struct snt_secret *decoded = NULL;
  SNT_TRY(parse_object(name, text, &item, err));
  if (!snt_json_is(snt_json_get(snt_json_root(item), "Key"), name)) {
    return fail(name, "says that it is another one", err);
  }
  SNT_TRY(decode_data(name, text_of(snt_json_root(item), "Data"), &decoded, err));
  SNT_TRY(parse_object(name, decoded, &data, err));
  const struct snt_json_value *root = snt_json_root(data);
  struct snt_aws_key_text key = {text_of(root, "AccessKeyID"), text_of(root, "SecretAccessKey"),
                                 text_of(root, "SessionToken")};
  char what[300];
  (void)snprintf(what, sizeof what, "the entry %.256s of aws-vault", name);
  return snt_aws_credentials_take_text(&key, what, SNT_CODE_SYNTAX, out, err);
}
