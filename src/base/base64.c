#include "base/base64.h"

#include <string.h>

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL_DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

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

void snt_base64url(const void *data, size_t len, char *out) {
  snt_base64(data, len, out);
  for (char *c = out; *c != '\0'; c++) {
    *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
  }
  out[strcspn(out, "=")] = '\0';
}

/* Up to four digits as the bytes they stand for; what is left over of the last has to be zero. */
static bool read_group(const char *digits, struct snt_slice text, unsigned *group) {
  *group = 0;
  for (size_t i = 0; i < 4; i++) {
    const char *digit = i < text.len && text.data[i] != '\0' ? strchr(digits, text.data[i]) : NULL;
    if (i < text.len && digit == NULL) {
      return false;
    }
    *group = *group << 6 | (digit == NULL ? 0 : (unsigned)(digit - digits));
  }
  return text.len > 1 && (*group & ((1U << 8 * (4 - text.len)) - 1)) == 0;
}

static bool read_digits(const char *digits, struct snt_slice text, void *out, size_t cap, size_t *len) {
  unsigned char *bytes = out;
  *len = 0;
  for (size_t i = 0; i < text.len; i += 4) {
    size_t count = text.len - i < 4 ? text.len - i : 4;
    unsigned group = 0;
    if (!read_group(digits, (struct snt_slice){text.data + i, count}, &group) || cap - *len < count - 1) {
      return false;
    }
    for (size_t k = 0; k < count - 1; k++) {
      bytes[(*len)++] = (unsigned char)(group >> (16 - 8 * k) & 0xff);
    }
  }
  return true;
}

bool snt_base64_parse(struct snt_slice text, void *out, size_t cap, size_t *len) {
  *len = 0;
  if (text.len % 4 != 0) {
    return false;
  }
  for (int i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++) {
    text.len--;
  }
  return read_digits(DIGITS, text, out, cap, len);
}

bool snt_base64url_parse(struct snt_slice text, void *out, size_t cap, size_t *len) {
  return read_digits(URL_DIGITS, text, out, cap, len);
}
