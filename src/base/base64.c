#include "base/base64.h"

#include <string.h>

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void snt_base64(const void *data, size_t len, char *out) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < len; i += 3) {
    unsigned group = (unsigned)bytes[i] << 16;
    group |= i + 1 < len ? (unsigned)bytes[i + 1] << 8 : 0;
    group |= i + 2 < len ? bytes[i + 2] : 0;
    *out++ = DIGITS[group >> 18 & 63];
    *out++ = DIGITS[group >> 12 & 63];
    *out++ = i + 1 < len ? DIGITS[group >> 6 & 63] : '=';
    *out++ = i + 2 < len ? DIGITS[group & 63] : '=';
  }
  *out = '\0';
}

/* Four characters as 24 bits. The padding counts as zeros. */
static bool read_group(const char *text, size_t padding, unsigned *group) {
  *group = 0;
  for (size_t i = 0; i < 4; i++) {
    char c = text[i];
    const char *digit = c == '\0' ? NULL : strchr(DIGITS, c);
    bool is_padding = i >= 4 - padding;
    if (is_padding ? c != '=' : digit == NULL) {
      return false;
    }
    *group = *group << 6 | (is_padding ? 0 : (unsigned)(digit - DIGITS));
  }
  return (*group & ((1U << 8 * padding) - 1)) == 0;
}

bool snt_base64_parse(struct snt_slice text, void *out, size_t cap, size_t *len) {
  unsigned char *bytes = out;
  *len = 0;
  for (size_t i = 0; i < text.len; i += 4) {
    bool is_last = text.len - i <= 4;
    unsigned group = 0;
    if (text.len - i < 4) {
      return false;
    }
    size_t padding = is_last && text.data[i + 3] == '=' ? (text.data[i + 2] == '=' ? 2 : 1) : 0;
    if (cap - *len < 3 - padding || !read_group(text.data + i, padding, &group)) {
      return false;
    }
    for (size_t k = 0; k < 3 - padding; k++) {
      bytes[(*len)++] = (unsigned char)(group >> (16 - 8 * k) & 0xff);
    }
  }
  return true;
}
