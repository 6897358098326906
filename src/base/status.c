#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  int exit_status;
  const char *text;
} CODES[] = {
#define SNT_CODE_ROW(name, exit_status, text) {#name, exit_status, text},
    SNT_CODES(SNT_CODE_ROW)
#undef SNT_CODE_ROW
};

static size_t index_of(enum snt_code code) { return (unsigned)code < SNT_CODE_COUNT ? (size_t)code : 0; }

const char *snt_code_name(enum snt_code code) { return CODES[index_of(code)].name; }
const char *snt_code_text(enum snt_code code) { return CODES[index_of(code)].text; }
int snt_code_exit_status(enum snt_code code) { return CODES[index_of(code)].exit_status; }

/* Control characters become spaces; a character that was cut in half at the end goes. */
static void tidy(char *text) {
  size_t length = strlen(text);
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 0x20 || c == 0x7f) {
      text[i] = ' ';
    }
  }
  size_t start = length;
  while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
    start--;
  }
  if (start == 0) {
    return;
  }
  unsigned char lead = (unsigned char)text[start - 1];
  size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (wanted > length - start + 1) {
    text[start - 1] = '\0';
  }
}

static void format_into(char *out, size_t cap, const char *format, va_list args) {
  if (vsnprintf(out, cap, format, args) < 0) {
    out[0] = '\0';
  }
  tidy(out);
}

snt_status snt_err_set(struct snt_err *err, enum snt_code code, const char *file, int line, const char *format, ...) {
  enum snt_code failed = code == SNT_CODE_OK ? SNT_CODE_BUG : code;
  if (err != NULL) {
    va_list args;
    va_start(args, format);
    format_into(err->message, sizeof err->message, format, args);
    va_end(args);
    err->code = failed;
    err->hint[0] = '\0';
    err->file = file;
    err->line = line;
  }
  return (snt_status){failed};
}

snt_status snt_err_hint(struct snt_err *err, const char *format, ...) {
  if (err == NULL) {
    return (snt_status){SNT_CODE_FAILED};
  }
  va_list args;
  va_start(args, format);
  format_into(err->hint, sizeof err->hint, format, args);
  va_end(args);
  return (snt_status){err->code};
}

snt_status snt_err_prefix(struct snt_err *err, const char *format, ...) {
  if (err == NULL) {
    return (snt_status){SNT_CODE_FAILED};
  }
  char old[SNT_ERR_MESSAGE_CAP];
  memcpy(old, err->message, sizeof old);
  va_list args;
  va_start(args, format);
  format_into(err->message, sizeof err->message, format, args);
  va_end(args);
  size_t used = strlen(err->message);
  snprintf(err->message + used, sizeof err->message - used, ": %s", old);
  tidy(err->message);
  return (snt_status){err->code};
}
