#include "aws/sso_json.h"

#include <string.h>

bool snt_sso_is_visible(struct snt_slice text, size_t max) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] <= 0x20 || text.data[i] > 0x7e) {
      return false;
    }
  }
  return text.len > 0 && text.len <= max;
}

static snt_status put_text(struct snt_secret *out, const char *text, struct snt_err *err) {
  return snt_secret_append(out, text, strlen(text), err);
}

/* Printable text: only these two need an escape. */
static snt_status put_string(struct snt_secret *out, struct snt_slice text, struct snt_err *err) {
  SNT_TRY(put_text(out, "\"", err));
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] == '"' || text.data[i] == '\\') {
      SNT_TRY(put_text(out, "\\", err));
    }
    SNT_TRY(snt_secret_append(out, text.data + i, 1, err));
  }
  return put_text(out, "\"", err);
}

static snt_status put_key(struct snt_secret *out, const char *key, struct snt_err *err) {
  SNT_TRY(put_text(out, snt_secret_len(out) == 0 ? "{" : ", ", err));
  SNT_TRY(put_string(out, snt_slice_of(key), err));
  return put_text(out, ": ", err);
}

snt_status snt_sso_json_put(struct snt_secret *out, const char *key, struct snt_slice text, struct snt_err *err) {
  SNT_TRY(put_key(out, key, err));
  return put_string(out, text, err);
}

snt_status snt_sso_json_put_secret(struct snt_secret *out, const char *key, const struct snt_secret *text,
                                   struct snt_err *err) {
  return snt_sso_json_put(out, key, (struct snt_slice){snt_secret_borrow(text), snt_secret_len(text)}, err);
}

snt_status snt_sso_json_put_words(struct snt_secret *out, const char *key, const char *words, struct snt_err *err) {
  SNT_TRY(put_key(out, key, err));
  SNT_TRY(put_text(out, "[", err));
  for (const char *word = words; *word != '\0'; word += strspn(word, " ")) {
    size_t len = strcspn(word, " ");
    SNT_TRY(put_text(out, word == words ? "" : ", ", err));
    SNT_TRY(put_string(out, (struct snt_slice){word, len}, err));
    word += len;
  }
  return put_text(out, "]", err);
}

snt_status snt_sso_json_end(struct snt_secret *out, struct snt_err *err) { return put_text(out, "}", err); }
