/* base/base64 (layer 0): RFC 4648: section 4 with padding, section 5 without; no line breaks. */
#ifndef SNT_BASE_BASE64_H
#define SNT_BASE_BASE64_H

#include "base/str.h"

/* The characters of len bytes and a NUL. */
#define SNT_BASE64_CAP(len) (((len) + 2) / 3 * 4 + 1)

/* Writes SNT_BASE64_CAP(len) bytes. */
void snt_base64(const void *data, size_t len, char *out);
/* The same for the alphabet of URLs, without padding; out has room for SNT_BASE64_CAP(len). */
void snt_base64url(const void *data, size_t len, char *out);
/* Takes only what snt_base64 writes: no white space, all padding, no bits that say nothing. False for anything else and
 * for more than cap bytes; then out holds nothing of use. */
bool snt_base64_parse(struct snt_slice text, void *out, size_t cap, size_t *len);
/* Takes only what snt_base64url writes. */
bool snt_base64url_parse(struct snt_slice text, void *out, size_t cap, size_t *len);

#endif
