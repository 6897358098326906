#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

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

/* The length of the UTF-8 character at the text's beginning; 0: there is none. */
static size_t character_length(const char *text, size_t left) {
  for (size_t len = 1; len <= 4 && len <= left; len++) {
    if (snt_utf8_check(text, len)) {
      return len;
    }
  }
  return 0;
}

/* Control characters become spaces, bytes that are not UTF-8 question marks: an SDK that captures our stderr may decode
 * it strictly. A character that was cut in half at the end goes. */
static void tidy(char *text) {
  size_t length = strlen(text);
  size_t start = length;
  while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) {
    start--;
  }
  if (start > 0) {
    unsigned char lead = (unsigned char)text[start - 1];
    size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (wanted > length - start + 1) {
      length = start - 1;
      text[length] = '\0';
    }
  }
  for (size_t i = 0; i < length;) {
    size_t step = character_length(text + i, length - i);
    if (step == 0) {
      text[i] = '?';
      step = 1;
    } else if (!snt_utf8_check_printable(text + i, step)) {
      memset(text + i, ' ', step);
    }
    i += step;
  }
}

__attribute__((format(printf, 3, 0))) static void format_into(char *out, size_t cap, const char *format, va_list args) {
  if (vsnprintf(out, cap, format, args) < 0) {
    out[0] = '\0';
  }
  tidy(out);
}

/* Where nobody wants the text there is no err to keep the code in, and a hint still has to return it. */
static _Thread_local enum snt_code latest;

snt_status snt_err_set(struct snt_err *err, enum snt_code code, const char *file, int line, const char *format, ...) {
  enum snt_code failed = code == SNT_CODE_OK ? SNT_CODE_BUG : code;
  latest = failed;
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
    return (snt_status){latest};
  }
  va_list args;
  va_start(args, format);
  format_into(err->hint, sizeof err->hint, format, args);
  va_end(args);
  return (snt_status){err->code};
}

snt_status snt_err_prefix(struct snt_err *err, const char *format, ...) {
  if (err == NULL) {
    return (snt_status){latest};
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
