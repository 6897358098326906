#include "format/base64.h"

#include <string.h>

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

snt_status snt_base64_encode(const void *data, size_t len, struct snt_buf *out, struct snt_err *err) {
  const uint8_t *bytes = data;
  SNT_TRY(snt_buf_reserve(out, (len + 2) / 3 * 4, err));
  for (size_t i = 0; i < len; i += 3) {
    size_t there = len - i < 3 ? len - i : 3;
    uint32_t group = (uint32_t)bytes[i] << 16;
    group |= there > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
    group |= there > 2 ? bytes[i + 2] : 0;
    char text[4] = {DIGITS[group >> 18], DIGITS[group >> 12 & 63], '=', '='};
    text[2] = there > 1 ? DIGITS[group >> 6 & 63] : '=';
    text[3] = there > 2 ? DIGITS[group & 63] : '=';
    SNT_TRY(snt_buf_append(out, text, sizeof text, err));
  }
  return snt_done();
}

/* count digits, 2 to 4; padding stands for the others of four. */
static bool decode_group(const char *text, size_t count, uint8_t out[static 3]) {
  uint32_t group = 0;
  for (size_t i = 0; i < count; i++) {
    const char *digit = text[i] == '\0' ? NULL : strchr(DIGITS, text[i]);
    if (digit == NULL) {
      return false;
    }
    group |= (uint32_t)(digit - DIGITS) << (18 - 6 * i);
  }
  out[0] = (uint8_t)(group >> 16);
  out[1] = (uint8_t)(group >> 8 & 255);
  out[2] = (uint8_t)(group & 255);
  return (count > 2 || out[1] == 0) && (count > 3 || out[2] == 0);
}

bool snt_base64_decode(struct snt_slice text, uint8_t *out, size_t cap, size_t *len) {
  *len = 0;
  size_t padding = 0;
  while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=') {
    padding++;
  }
  if (text.len % 4 != 0 || text.len / 4 * 3 - padding > cap) {
    return false;
  }
  for (size_t i = 0; i < text.len; i += 4) {
    bool is_last = i + 4 == text.len;
    size_t count = is_last ? 4 - padding : 4;
    uint8_t bytes[3] = {0};
    if (!decode_group(text.data + i, count, bytes)) {
      return false;
    }
    memcpy(out + i / 4 * 3, bytes, count - 1);
  }
  *len = text.len / 4 * 3 - padding;
  return true;
}
