#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 256 };

snt_status snt_buf_reserve(struct snt_buf *buf, size_t more, struct snt_err *err) {
  if (more >= SIZE_MAX / 2 - buf->len) {
    return snt_fail_memory(err);
  }
  size_t wanted = buf->len + more + 1;
  if (wanted <= buf->cap) {
    return snt_done();
  }
  size_t cap = buf->cap == 0 ? FIRST_CAP : buf->cap;
  while (cap < wanted) {
    cap *= 2;
  }
  char *grown = malloc(cap);
  if (grown == NULL) {
    return snt_fail_memory(err);
  }
  if (buf->data != NULL) {
    memcpy(grown, buf->data, buf->len);
    explicit_bzero(buf->data, buf->cap);
    free(buf->data);
  }
  grown[buf->len] = '\0';
  buf->data = grown;
  buf->cap = cap;
  return snt_done();
}

snt_status snt_buf_append(struct snt_buf *buf, const void *data, size_t len, struct snt_err *err) {
  SNT_TRY(snt_buf_reserve(buf, len, err));
  if (len > 0) {
    memcpy(buf->data + buf->len, data, len);
  }
  buf->len += len;
  buf->data[buf->len] = '\0';
  return snt_done();
}

snt_status snt_buf_append_str(struct snt_buf *buf, const char *text, struct snt_err *err) {
  return snt_buf_append(buf, text, strlen(text), err);
}

snt_status snt_buf_append_char(struct snt_buf *buf, char c, struct snt_err *err) {
  return snt_buf_append(buf, &c, 1, err);
}

snt_status snt_buf_vappendf(struct snt_buf *buf, struct snt_err *err, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  snt_status status = length < 0 ? snt_fail(err, SNT_CODE_BUG, "a text could not be formatted")
                                 : snt_buf_reserve(buf, (size_t)length, err);
  if (snt_ok(status)) {
    (void)vsnprintf(buf->data + buf->len, (size_t)length + 1, format, again);
    buf->len += (size_t)length;
  }
  va_end(again);
  return status;
}

snt_status snt_buf_appendf(struct snt_buf *buf, struct snt_err *err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  snt_status status = snt_buf_vappendf(buf, err, format, args);
  va_end(args);
  return status;
}

const char *snt_buf_borrow(const struct snt_buf *buf) { return buf->data == NULL ? "" : buf->data; }

void snt_buf_reset(struct snt_buf *buf) {
  if (buf->data != NULL) {
    explicit_bzero(buf->data, buf->cap);
  }
  buf->len = 0;
}

void snt_buf_clear(struct snt_buf *buf) {
  snt_buf_reset(buf);
  free(buf->data);
  *buf = (struct snt_buf){0};
}

char *snt_buf_take(struct snt_buf *buf) {
  if (buf->data == NULL) {
    return strdup("");
  }
  char *text = SNT_MOVE(buf->data);
  *buf = (struct snt_buf){0};
  return text;
}
