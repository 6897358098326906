/* MUST
 *  1. lay to rest only what was opened with the key, after its tag was found to be right;
 *  2. rest no longer than the key does. */
#include "keychain/file_rest.h"

#include <string.h>

#include "base/sha256.h"
#include "keychain/file_key.h"
#include "keychain/kernel_keys.h"

enum { ENTRIES_MAX = 12 * 1024 }; /* of 20,000 bytes that the kernel gives to a user */

static void describe(const struct snt_secret *key, const struct snt_buf *file, char out[static 64]) {
  uint8_t bytes[SNT_SEALED_HEADER_LEN + SNT_CRYPTO_TAG_LEN];
  uint8_t digest[SNT_SHA256_LEN];
  memcpy(bytes, file->data, SNT_SEALED_HEADER_LEN);
  memcpy(bytes + SNT_SEALED_HEADER_LEN, file->data + file->len - SNT_CRYPTO_TAG_LEN, SNT_CRYPTO_TAG_LEN);
  snt_hmac_sha256(snt_secret_borrow(key), snt_secret_len(key), bytes, sizeof bytes, digest);
  memcpy(out, "sentinel:opened:", 16);
  snt_hex(digest, 20, out + 16);
}

bool snt_file_rest_find(const struct snt_secret *key, const struct snt_buf *file, struct snt_secret **entries) {
  char description[64];
  describe(key, file, description);
  return snt_kernel_key_read(description, entries) == 0;
}

void snt_file_rest_lay(const struct snt_secret *key, const struct snt_buf *file, const struct snt_secret *entries) {
  char description[64];
  size_t len = snt_secret_len(entries);
  if (len == 0 || len > ENTRIES_MAX) {
    return;
  }
  describe(key, file, description);
  (void)snt_kernel_key_write(description, snt_secret_borrow(entries), len, SNT_FILE_KEY_REST_S);
}

void snt_file_rest_forget(const struct snt_secret *key, const struct snt_buf *file) {
  char description[64];
  describe(key, file, description);
  (void)snt_kernel_key_remove(description);
}
