/* base/buf (layer 0): a growable byte buffer that is wiped when it grows and when it is cleared.
 *
 * data is always followed by a NUL that len does not count. Initialise with {0}. For text that may hold secrets use
 * struct snt_secret: a buffer is wiped, but neither locked nor kept out of a core dump. */
#ifndef SNT_BASE_BUF_H
#define SNT_BASE_BUF_H

#include <stdarg.h>

#include "base/cleanup.h"
#include "base/status.h"

struct snt_buf {
  char *data; /* NULL while empty */
  size_t len;
  size_t cap;
};

/* All of these fail only with NO_MEMORY, and then leave the content as it was. */
snt_status snt_buf_reserve(struct snt_buf *buf, size_t more, struct snt_err *err);
snt_status snt_buf_append(struct snt_buf *buf, const void *data, size_t len, struct snt_err *err);
snt_status snt_buf_append_str(struct snt_buf *buf, const char *text, struct snt_err *err);
snt_status snt_buf_append_char(struct snt_buf *buf, char c, struct snt_err *err);
snt_status snt_buf_appendf(struct snt_buf *buf, struct snt_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
snt_status snt_buf_vappendf(struct snt_buf *buf, struct snt_err *err, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
/* "" for an empty buffer; dies with the next change. */
const char *snt_buf_borrow(const struct snt_buf *buf);
/* Wipes the content and keeps the memory. */
void snt_buf_reset(struct snt_buf *buf);
/* Wipes and frees. */
void snt_buf_clear(struct snt_buf *buf);
/* Hands the text to the caller (free()); NULL when out of memory. The buffer is empty afterwards. */
char *snt_buf_take(struct snt_buf *buf);
#define SNT_BUF_AUTO SNT_CLEANUP(snt_buf_clear)

#endif
