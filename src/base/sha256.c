/* The low-level functions are marked deprecated in OpenSSL 3; their replacement loads a provider first. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/sha256.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum { BLOCK_LEN = 64 };

void snt_sha256(const void *data, size_t len, uint8_t out[static SNT_SHA256_LEN]) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, data, len);
  SHA256_Final(out, &context);
  OPENSSL_cleanse(&context, sizeof context);
}

bool snt_digest_is_equal(const void *a, const void *b, size_t len) { return CRYPTO_memcmp(a, b, len) == 0; }

void snt_hex(const void *data, size_t len, char *out) {
  static const char digits[] = "0123456789abcdef";
  const uint8_t *bytes = data;
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  out[2 * len] = '\0';
}

void snt_sha256_hex(const void *data, size_t len, char out[static SNT_SHA256_HEX_CAP]) {
  uint8_t digest[SNT_SHA256_LEN];
  snt_sha256(data, len, digest);
  snt_hex(digest, sizeof digest, out);
}

static void hash_padded(const uint8_t key[static BLOCK_LEN], uint8_t pad, const void *data, size_t len,
                        uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t block[BLOCK_LEN];
  for (size_t i = 0; i < BLOCK_LEN; i++) {
    block[i] = key[i] ^ pad;
  }
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, block, sizeof block);
  SHA256_Update(&context, data, len);
  SHA256_Final(out, &context);
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(&context, sizeof context);
}

void snt_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                     uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t block[BLOCK_LEN] = {0};
  if (key_len > sizeof block) {
    snt_sha256(key, key_len, block);
  } else if (key_len > 0) {
    memcpy(block, key, key_len);
  }
  uint8_t inner[SNT_SHA256_LEN];
  hash_padded(block, 0x36, data, len, inner);
  hash_padded(block, 0x5c, inner, sizeof inner, out);
  OPENSSL_cleanse(block, sizeof block);
  OPENSSL_cleanse(inner, sizeof inner);
}
