#include "keychain/entry_text.h"

#include <string.h>

#include "base/base64.h"

static const char PREFIX[] = "base64:";
enum { PREFIX_LEN = sizeof PREFIX - 1 };

static bool has_prefix(struct snt_slice text) {
  return text.len >= PREFIX_LEN && memcmp(text.data, PREFIX, PREFIX_LEN) == 0;
}

/* Blanks at its ends are what a keeper of passwords may take away. */
static bool is_kept_as_it_is(struct snt_slice text) {
  return text.len > 0 && text.data[0] != ' ' && text.data[text.len - 1] != ' ' && !has_prefix(text) &&
         snt_utf8_check_printable(text.data, text.len);
}

snt_status snt_entry_text_format(const struct snt_secret *value, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  struct snt_slice text = {snt_secret_borrow(value), snt_secret_len(value)};
  if (is_kept_as_it_is(text)) {
    return snt_secret_new_from(text.data, text.len, out, err);
  }
  SNT_SECRET_AUTO struct snt_secret *fresh = NULL;
  size_t len = SNT_BASE64_CAP(text.len) - 1;
  SNT_TRY(snt_secret_new(PREFIX_LEN + len, &fresh, err));
  SNT_TRY(snt_secret_append(fresh, PREFIX, PREFIX_LEN, err));
  snt_base64(text.data, text.len, snt_secret_borrow_writable(fresh) + PREFIX_LEN);
  snt_secret_set_len(fresh, PREFIX_LEN + len);
  *out = SNT_MOVE(fresh);
  return snt_done();
}

snt_status snt_entry_text_parse(struct snt_slice text, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  text.len -= text.len > 0 && text.data[text.len - 1] == '\n' ? 1 : 0;
  if (text.len == 0) {
    return snt_fail(err, SNT_CODE_SYNTAX, "it is empty");
  }
  if (!has_prefix(text)) {
    return snt_secret_new_from(text.data, text.len, out, err);
  }
  SNT_SECRET_AUTO struct snt_secret *fresh = NULL;
  size_t len = 0;
  SNT_TRY(snt_secret_new(text.len, &fresh, err));
  struct snt_slice digits = {text.data + PREFIX_LEN, text.len - PREFIX_LEN};
  if (!snt_base64_parse(digits, snt_secret_borrow_writable(fresh), snt_secret_cap(fresh), &len) || len == 0) {
    return snt_fail(err, SNT_CODE_SYNTAX, "what stands behind \"%s\" is no base64", PREFIX);
  }
  snt_secret_set_len(fresh, len);
  *out = SNT_MOVE(fresh);
  return snt_done();
}

snt_status snt_entry_name_format(const struct snt_entry_spelling *spelling, const char *name, struct snt_buf *out,
                                 struct snt_err *err) {
  for (const char *p = name; *p != '\0'; p++) {
    bool is_plain = strchr(spelling->plain, *p) != NULL && (p != name || *p != '.');
    SNT_TRY(is_plain ? snt_buf_append_char(out, *p, err)
                     : snt_buf_appendf(out, err, "%c%02x", spelling->mark, (unsigned)(unsigned char)*p));
  }
  return snt_done();
}

static int hex_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *found = c == '\0' ? NULL : strchr(digits, c);
  return found == NULL ? -1 : (int)(found - digits);
}

snt_status snt_entry_name_parse(const struct snt_entry_spelling *spelling, const char *text, struct snt_buf *out,
                                bool *is_name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf again = {0};
  *is_name = false;
  size_t begin = out->len;
  for (const char *p = text; *p != '\0'; p++) {
    int value = (unsigned char)*p;
    if (*p == spelling->mark) {
      int high = hex_digit(p[1]);
      int low = high < 0 ? -1 : hex_digit(p[2]);
      if (low < 0 || high + low == 0) {
        return snt_done();
      }
      value = high * 16 + low;
      p += 2;
    }
    SNT_TRY(snt_buf_append_char(out, (char)value, err));
  }
  SNT_TRY(snt_entry_name_format(spelling, snt_buf_borrow(out) + begin, &again, err));
  *is_name = out->len > begin && strcmp(again.data, text) == 0;
  return snt_done();
}
