/* format/base64 (layer 1): base64 (RFC 4648, section 4) in the one way there is to write it. */
#ifndef SNT_FORMAT_BASE64_H
#define SNT_FORMAT_BASE64_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Appends the text of len bytes, padded, without line breaks. Code NO_MEMORY. */
snt_status snt_base64_encode(const void *data, size_t len, struct snt_buf *out, struct snt_err *err);
/* Writes what text means to out. False, and *len 0, when it is more than cap bytes or is not what encode writes:
 * missing or needless padding, bits after the last byte, a character of no digit. "" is nothing at all. */
bool snt_base64_decode(struct snt_slice text, uint8_t *out, size_t cap, size_t *len);

#endif
