/* base/sha256 (layer 0): SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), and hexadecimal.
 *
 * libcrypto's plain functions: they need no provider, whose first use costs 0.6 ms a process. */
#ifndef SNT_BASE_SHA256_H
#define SNT_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNT_SHA256_LEN 32
#define SNT_SHA256_HEX_CAP 65 /* 64 digits and a NUL */

void snt_sha256(const void *data, size_t len, uint8_t out[static SNT_SHA256_LEN]);
/* Constant time. */
bool snt_digest_is_equal(const void *a, const void *b, size_t len);
/* Lower case, NUL at the end. */
void snt_sha256_hex(const void *data, size_t len, char out[static SNT_SHA256_HEX_CAP]);
void snt_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[static SNT_SHA256_LEN]);
/* Writes 2 * len digits and a NUL. */
void snt_hex(const void *data, size_t len, char *out);

#endif
