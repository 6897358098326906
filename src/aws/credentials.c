/* MUST
 *  1. a secret goes from a secret into a secret; no message, and no buffer that is not wiped, ever holds one;
 *  2. half a key, an expired key and a key that cannot be one are errors, never a reason to look further. */
#include "aws/credentials.h"

#include <stdio.h>
#include <string.h>

#include "format/json.h"

enum { ID_MIN = 16, ID_MAX = 128, SECRET_MAX = 256, TOKEN_MAX = 16 * 1024 };

void snt_aws_credentials_clear(struct snt_aws_credentials *credentials) {
  snt_secret_free(&credentials->secret_key);
  snt_secret_free(&credentials->session_token);
  memset(credentials, 0, sizeof *credentials);
}

bool snt_aws_access_key_id_check(const char *id) {
  size_t len = strlen(id);
  return len >= ID_MIN && len <= ID_MAX && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len;
}

/* Printable ASCII without spaces; a NUL in it ends the text early and fails the length. */
static bool is_visible(const char *text, size_t len, size_t max) {
  if (len < 1 || len > max) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    if (text[i] <= 0x20 || text[i] > 0x7e) {
      return false;
    }
  }
  return true;
}

static const char *find_fault(const struct snt_aws_key_text *text) {
  if (text->id.len == 0 || text->secret.len == 0) {
    return "half a key: the access key id or the secret access key is missing";
  }
  if (text->id.len > ID_MAX || memchr(text->id.data, '\0', text->id.len) != NULL) {
    return "an access key id that cannot be one";
  }
  if (!is_visible(text->secret.data, text->secret.len, SECRET_MAX)) {
    return "a secret access key that cannot be one";
  }
  if (text->token.len > 0 && !is_visible(text->token.data, text->token.len, TOKEN_MAX)) {
    return "a session token that cannot be one";
  }
  return NULL;
}

snt_status snt_aws_credentials_take_text(const struct snt_aws_key_text *text, const char *what, enum snt_code code,
                                         struct snt_aws_credentials *out, struct snt_err *err) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials fresh = {0};
  const char *fault = find_fault(text);
  if (fault == NULL) {
    (void)snprintf(fresh.access_key_id, sizeof fresh.access_key_id, "%.*s", (int)text->id.len, text->id.data);
    fault = snt_aws_access_key_id_check(fresh.access_key_id) ? NULL : "an access key id that cannot be one";
  }
  if (fault != NULL) {
    SNT_IGNORE(snt_fail(err, code, "%s holds %s", what, fault));
    return snt_err_hint(err, "an access key id has 16 to 128 capital letters and digits, a secret access key at most "
                             "256 printable characters");
  }
  SNT_TRY(snt_secret_new_from(text->secret.data, text->secret.len, &fresh.secret_key, err));
  if (text->token.len > 0) {
    SNT_TRY(snt_secret_new_from(text->token.data, text->token.len, &fresh.session_token, err));
  }
  (void)snprintf(fresh.source, sizeof fresh.source, "%s", what);
  *out = fresh;
  fresh = (struct snt_aws_credentials){0}; /* ownership went to out */
  return snt_done();
}

static struct snt_slice text_of(const struct snt_json_value *object, const char *key) {
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(snt_json_get(object, key), &text.len);
  return text.data == NULL ? (struct snt_slice){"", 0} : text;
}

snt_status snt_aws_credentials_parse(const struct snt_secret *entry, struct snt_aws_credentials *out,
                                     struct snt_err *err) {
  static const char *const keys[] = {"access_key_id", "secret_access_key", "session_token", NULL};
  memset(out, 0, sizeof *out);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(snt_secret_borrow(entry), snt_secret_len(entry), "the keychain entry", &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  if (snt_json_type(root) != SNT_JSON_OBJECT) {
    return snt_fail(err, SNT_CODE_SYNTAX, "the keychain entry is not a JSON object");
  }
  SNT_TRY(snt_json_check_keys(root, "the keychain entry", keys, err));
  struct snt_aws_key_text text = {text_of(root, "access_key_id"), text_of(root, "secret_access_key"),
                                  text_of(root, "session_token")};
  return snt_aws_credentials_take_text(&text, "the keychain entry", SNT_CODE_SYNTAX, out, err);
}

/* The secret is printable ASCII: only these two need an escape in JSON. */
static snt_status put_member(struct snt_secret *out, const char *key, const char *text, size_t len,
                             struct snt_err *err) {
  SNT_TRY(snt_secret_append(out, key, strlen(key), err));
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '"' || text[i] == '\\') {
      SNT_TRY(snt_secret_append(out, "\\", 1, err));
    }
    SNT_TRY(snt_secret_append(out, text + i, 1, err));
  }
  return snt_secret_append(out, "\"", 1, err);
}

snt_status snt_aws_credentials_format(const struct snt_aws_credentials *credentials, struct snt_secret **out,
                                      struct snt_err *err) {
  *out = NULL;
  const struct snt_secret *secret = credentials->secret_key;
  const struct snt_secret *token = credentials->session_token;
  struct snt_aws_key_text text = {snt_slice_of(credentials->access_key_id), {"", 0}, {"", 0}};
  if (secret != NULL) {
    text.secret = (struct snt_slice){snt_secret_borrow(secret), snt_secret_len(secret)};
  }
  if (token != NULL) {
    text.token = (struct snt_slice){snt_secret_borrow(token), snt_secret_len(token)};
  }
  const char *fault = find_fault(&text);
  if (fault != NULL || !snt_aws_access_key_id_check(credentials->access_key_id)) {
    return snt_fail(err, SNT_CODE_BUG, "the key to be stored has %s", fault == NULL ? "an odd id" : fault);
  }
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(snt_secret_new(256 + 2 * (text.id.len + text.secret.len + text.token.len), &entry, err));
  SNT_TRY(put_member(entry, "{\"access_key_id\":\"", text.id.data, text.id.len, err));
  SNT_TRY(put_member(entry, ",\"secret_access_key\":\"", text.secret.data, text.secret.len, err));
  if (text.token.len > 0) {
    SNT_TRY(put_member(entry, ",\"session_token\":\"", text.token.data, text.token.len, err));
  }
  SNT_TRY(snt_secret_append(entry, "}", 1, err));
  *out = SNT_MOVE(entry);
  return snt_done();
}
