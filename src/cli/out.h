/* cli/out (layer 6): the only writer of stdout. Text is gathered and written once, at the end of a command, or of
 * each run of one that goes on. */
#ifndef SNT_CLI_OUT_H
#define SNT_CLI_OUT_H

#include "base/buf.h"
#include "base/secret.h"

struct snt_out {
  struct snt_buf text;
  bool has_colour;
};

void snt_out_init(struct snt_out *out);
void snt_out_clear(struct snt_out *out);
#define SNT_OUT_AUTO SNT_CLEANUP(snt_out_clear)
snt_status snt_out_printf(struct snt_out *out, struct snt_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
snt_status snt_out_text(struct snt_out *out, const char *text, struct snt_err *err);
/* An ANSI sequence ("1;32"), "" to reset; nothing without colour. */
const char *snt_out_colour(const struct snt_out *out, const char *code);
/* Writes what was gathered since the last time. Code OUTPUT. */
snt_status snt_out_flush(struct snt_out *out, struct snt_err *err);
/* One write of the whole secret. If a regular file takes only a part, it is cut back. Code OUTPUT. */
snt_status snt_out_secret(const struct snt_secret *secret, struct snt_err *err);
/* Code USAGE when stdout is a terminal and is_forced is not set; OUTPUT when stdout is closed. */
snt_status snt_out_check_secret(bool is_forced, struct snt_err *err);

#endif
