#include "facts/reflect.h"

#include <string.h>

#include "base/buf.h"

enum { ENCODED_MIN = 6 };

static bool holds(const char *data, size_t len, const char *part, size_t part_len) {
  return part_len > 0 && len >= part_len && memmem(data, len, part, part_len) != NULL;
}

static int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  char lower = (char)(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The value of count hexadecimal digits, or -1. */
static int value_of(const char *digits, size_t left, size_t count) {
  int value = 0;
  for (size_t i = 0; i < count; i++) {
    int digit = i < left ? digit_of(digits[i]) : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

/* The bytes behind %41, A and \/ ; characters beyond one byte stay as they are. */
static snt_status unescape(const char *data, size_t len, struct snt_buf *out) {
  for (size_t i = 0; i < len; i++) {
    char c = data[i];
    if (c == '%' && value_of(data + i + 1, len - i - 1, 2) >= 0) {
      c = (char)value_of(data + i + 1, len - i - 1, 2);
      i += 2;
    } else if (c == '\\' && i + 1 < len && data[i + 1] == 'u') {
      int code = value_of(data + i + 2, len - i - 2, 4);
      c = code >= 0 && code < 128 ? (char)code : c;
      i += code >= 0 && code < 128 ? 5 : 0;
    } else if (c == '\\' && i + 1 < len) {
      c = data[++i];
    }
    SNT_TRY(snt_buf_append_char(out, c, NULL));
  }
  return snt_done();
}

/* Hexadecimal digits in pairs, from either side of a pair. */
static bool holds_hex(const char *data, size_t len, const struct snt_secret *secret) {
  const char *bytes = snt_secret_borrow(secret);
  size_t count = snt_secret_len(secret);
  for (size_t i = 0; i + 2 * count <= len; i++) {
    size_t k = 0;
    while (k < count && value_of(data + i + 2 * k, 2, 2) == (unsigned char)bytes[k]) {
      k++;
    }
    if (k == count) {
      return true;
    }
  }
  return false;
}

static char base64_digit(unsigned value, bool is_url) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return is_url && value >= 62 ? "-_"[value - 62] : digits[value];
}

/* The digits of base64 that depend on nothing but the secret, when `before` (0, 1 or 2) bytes of a group of three stand
 * in front of it. */
static snt_status encode_inner(const struct snt_secret *secret, size_t before, bool is_url, struct snt_buf *out) {
  const unsigned char *bytes = (const unsigned char *)snt_secret_borrow(secret);
  size_t bits = 8 * snt_secret_len(secret);
  size_t skip = before == 0 ? 0 : before == 1 ? 4 : 2; /* bits of the first digit that is shared */
  for (size_t at = skip; at + 6 <= bits; at += 6) {
    unsigned value = 0;
    for (size_t i = 0; i < 6; i++) {
      size_t bit = at + i;
      value = value << 1 | ((unsigned)bytes[bit / 8] >> (7 - bit % 8) & 1U);
    }
    SNT_TRY(snt_buf_append_char(out, base64_digit(value, is_url), NULL));
  }
  return snt_done();
}

static bool holds_base64(const char *data, size_t len, const struct snt_secret *secret) {
  for (size_t kind = 0; kind < 6; kind++) {
    SNT_BUF_AUTO struct snt_buf part = {0};
    if (!snt_ok(encode_inner(secret, kind % 3, kind >= 3, &part)) || holds(data, len, part.data, part.len)) {
      return true;
    }
  }
  return false;
}

bool snt_reflect_check(const struct snt_secret *secret, const char *data, size_t len) {
  const char *bytes = snt_secret_borrow(secret);
  size_t count = snt_secret_len(secret);
  if (holds(data, len, bytes, count) || count < ENCODED_MIN) {
    return holds(data, len, bytes, count);
  }
  SNT_BUF_AUTO struct snt_buf plain = {0};
  if (!snt_ok(unescape(data, len, &plain))) {
    return true;
  }
  return holds(snt_buf_borrow(&plain), plain.len, bytes, count) || holds_hex(data, len, secret) ||
         holds_base64(data, len, secret) || holds_base64(snt_buf_borrow(&plain), plain.len, secret);
}
