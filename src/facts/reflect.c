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

/* A character of at most 21 bits as UTF-8. */
static snt_status append_utf8(unsigned code, struct snt_buf *out) {
  char bytes[4];
  size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  static const unsigned marks[] = {0, 0xc0, 0xe0, 0xf0};
  for (size_t i = more; i > 0; i--) {
    bytes[i] = (char)(0x80 | (code & 0x3f));
    code >>= 6;
  }
  bytes[0] = (char)(marks[more] | code);
  return snt_buf_append(out, bytes, more + 1, NULL);
}

/* The character of \uXXXX, or of two of them, and its length there; 0 when it is none. */
static size_t read_unicode(const char *data, size_t len, unsigned *code) {
  enum { UNIT = 6 };
  int first = len >= 2 && data[0] == '\\' && data[1] == 'u' ? value_of(data + 2, len - 2, 4) : -1;
  bool is_high = first >= 0xd800 && first < 0xdc00;
  bool has_more = is_high && len >= UNIT + 2 && data[UNIT] == '\\' && data[UNIT + 1] == 'u';
  int second = has_more ? value_of(data + UNIT + 2, len - UNIT - 2, 4) : -1;
  bool is_pair = second >= 0xdc00 && second < 0xe000;
  *code = is_pair ? 0x10000U + (((unsigned)first & 0x3ff) << 10) + ((unsigned)second & 0x3ff) : (unsigned)first;
  return is_pair ? 2 * UNIT : first >= 0 ? UNIT : 0;
}

/* The characters behind \u0041 and \/, and where is_percent the bytes behind %41. */
static snt_status unescape(const char *data, size_t len, bool is_percent, struct snt_buf *out) {
  for (size_t i = 0; i < len; i++) {
    unsigned code = 0;
    size_t used = read_unicode(data + i, len - i, &code);
    int byte = is_percent && data[i] == '%' ? value_of(data + i + 1, len - i - 1, 2) : -1;
    if (used > 0) {
      SNT_TRY(append_utf8(code, out));
      i += used - 1;
      continue;
    }
    bool is_escape = data[i] == '\\' && i + 1 < len && data[i + 1] != 'u';
    SNT_TRY(snt_buf_append_char(out, byte >= 0 ? (char)byte : data[i + (is_escape ? 1 : 0)], NULL));
    i += byte >= 0 ? 2 : is_escape ? 1 : 0;
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
  SNT_BUF_AUTO struct snt_buf text = {0};  /* as JSON has it */
  SNT_BUF_AUTO struct snt_buf plain = {0}; /* and as a URL in it */
  if (!snt_ok(unescape(data, len, false, &text)) || !snt_ok(unescape(data, len, true, &plain))) {
    return true;
  }
  return holds(snt_buf_borrow(&text), text.len, bytes, count) ||
         holds(snt_buf_borrow(&plain), plain.len, bytes, count) || holds_hex(data, len, secret) ||
         holds_base64(data, len, secret) || holds_base64(snt_buf_borrow(&plain), plain.len, secret);
}
