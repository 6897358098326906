/* base/sha1 (layer 0): SHA-1 (FIPS 180-4), for names that other tools have given to files. It protects nothing. */
#ifndef SNT_BASE_SHA1_H
#define SNT_BASE_SHA1_H

#include <stddef.h>

#define SNT_SHA1_HEX_CAP 41 /* 40 digits and a NUL */

/* Lower case, NUL at the end. */
void snt_sha1_hex(const void *data, size_t len, char out[static SNT_SHA1_HEX_CAP]);

#endif
