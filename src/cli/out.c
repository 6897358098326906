#include "cli/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void snt_out_init(struct snt_out *out) {
  const char *no_colour = getenv("NO_COLOR");
  memset(out, 0, sizeof *out);
  out->has_colour = isatty(STDOUT_FILENO) == 1 && (no_colour == NULL || no_colour[0] == '\0');
}

void snt_out_clear(struct snt_out *out) { snt_buf_clear(&out->text); }

snt_status snt_out_text(struct snt_out *out, const char *text, struct snt_err *err) {
  return snt_buf_append_str(&out->text, text, err);
}

snt_status snt_out_printf(struct snt_out *out, struct snt_err *err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *line = NULL;
  int len = vasprintf(&line, format, args);
  va_end(args);
  if (len < 0) {
    return snt_fail_memory(err);
  }
  snt_status status = snt_buf_append(&out->text, line, (size_t)len, err);
  free(line);
  return status;
}

const char *snt_out_colour(const struct snt_out *out, const char *code) {
  static const struct {
    const char *code;
    const char *sequence;
  } rows[] = {{"", "\033[0m"},    {"1", "\033[1m"},   {"31", "\033[31m"},
              {"32", "\033[32m"}, {"33", "\033[33m"}, {"2", "\033[2m"}};
  for (size_t i = 0; out->has_colour && i < sizeof rows / sizeof rows[0]; i++) {
    if (strcmp(rows[i].code, code) == 0) {
      return rows[i].sequence;
    }
  }
  return "";
}

static snt_status write_once(const char *data, size_t len, struct snt_err *err) {
  struct stat before;
  bool is_file = fstat(STDOUT_FILENO, &before) == 0 && S_ISREG(before.st_mode);
  off_t start = is_file ? lseek(STDOUT_FILENO, 0, SEEK_CUR) : 0;
  size_t done = 0;
  while (done < len) {
    ssize_t put = write(STDOUT_FILENO, data + done, len - done);
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      int reason = errno;
      if (is_file && done > 0) {
        /* With O_APPEND the file ended at its size; otherwise at the position. Nothing half-written stays. */
        bool is_append = (fcntl(STDOUT_FILENO, F_GETFL) & O_APPEND) != 0;
        (void)!ftruncate(STDOUT_FILENO, is_append ? before.st_size : start);
      }
      return snt_fail(err, SNT_CODE_OUTPUT, "the result cannot be written to stdout: %s", strerror(reason));
    }
    done += (size_t)put;
  }
  return snt_done();
}

snt_status snt_out_flush(struct snt_out *out, struct snt_err *err) {
  SNT_TRY(out->text.len == 0 ? snt_done() : write_once(out->text.data, out->text.len, err));
  snt_buf_reset(&out->text);
  return snt_done();
}

snt_status snt_out_secret(const struct snt_secret *secret, struct snt_err *err) {
  return write_once(snt_secret_borrow(secret), snt_secret_len(secret), err);
}

snt_status snt_out_check_secret(bool is_forced, struct snt_err *err) {
  int flags = fcntl(STDOUT_FILENO, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    return snt_fail(err, SNT_CODE_OUTPUT, "stdout is closed");
  }
  if (!is_forced && isatty(STDOUT_FILENO) == 1) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "this would print credentials on a terminal"));
    return snt_err_hint(err, "it is meant for credential_process; use `sentinel exec`, or add --force-tty");
  }
  return snt_done();
}
