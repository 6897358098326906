/* MUST
 *  1. lay to rest only what was opened with the key, after its tag was found to be right;
 *  2. rest no longer than the key does;
 *  3. find no copy for another writing than the one it was opened from. */
#include "keychain/file_rest.h"

#include <string.h>

#include "base/sha256.h"
#include "keychain/file_key.h"
#include "keychain/kernel_keys.h"

enum { ENTRIES_MAX = 12 * 1024 }; /* of 20,000 bytes that the kernel gives to a user */

static void describe(const struct snt_secret *key, char out[static 64]) {
  static const char purpose[] = "opened-v1";
  uint8_t digest[SNT_SHA256_LEN];
  snt_hmac_sha256(snt_secret_borrow(key), snt_secret_len(key), purpose, sizeof purpose, digest);
  memcpy(out, "sentinel:opened:", 16);
  snt_hex(digest, 20, out + 16);
}

/* Header and tag are others in each writing. */
static void mark(const struct snt_secret *key, const struct snt_buf *file, uint8_t out[static SNT_SHA256_LEN]) {
  uint8_t bytes[SNT_SEALED_HEADER_LEN + SNT_CRYPTO_TAG_LEN];
  memcpy(bytes, file->data, SNT_SEALED_HEADER_LEN);
  memcpy(bytes + SNT_SEALED_HEADER_LEN, file->data + file->len - SNT_CRYPTO_TAG_LEN, SNT_CRYPTO_TAG_LEN);
  snt_hmac_sha256(snt_secret_borrow(key), snt_secret_len(key), bytes, sizeof bytes, out);
}

bool snt_file_rest_find(const struct snt_secret *key, const struct snt_buf *file, struct snt_secret **entries) {
  char description[64];
  uint8_t wanted[SNT_SHA256_LEN];
  SNT_SECRET_AUTO struct snt_secret *resting = NULL;
  *entries = NULL;
  describe(key, description);
  mark(key, file, wanted);
  if (snt_kernel_key_read(description, &resting) != 0 || snt_secret_len(resting) < sizeof wanted ||
      !snt_digest_is_equal(wanted, snt_secret_borrow(resting), sizeof wanted)) {
    return false;
  }
  return snt_ok(snt_secret_new_from(snt_secret_borrow(resting) + sizeof wanted, snt_secret_len(resting) - sizeof wanted,
                                    entries, NULL));
}

void snt_file_rest_lay(const struct snt_secret *key, const struct snt_buf *file, const struct snt_secret *entries) {
  char description[64];
  uint8_t its_mark[SNT_SHA256_LEN];
  SNT_SECRET_AUTO struct snt_secret *resting = NULL;
  size_t len = snt_secret_len(entries);
  describe(key, description);
  mark(key, file, its_mark);
  bool is_laid =
      len > 0 && len <= ENTRIES_MAX && snt_ok(snt_secret_new(sizeof its_mark + len, &resting, NULL)) &&
      snt_ok(snt_secret_append(resting, its_mark, sizeof its_mark, NULL)) &&
      snt_ok(snt_secret_append(resting, snt_secret_borrow(entries), len, NULL)) &&
      snt_kernel_key_write(description, snt_secret_borrow(resting), snt_secret_len(resting), SNT_FILE_KEY_REST_S) == 0;
  if (!is_laid) { /* an older copy is of no use, and takes room */
    (void)snt_kernel_key_remove(description);
  }
}

void snt_file_rest_forget(const struct snt_secret *key) {
  char description[64];
  describe(key, description);
  (void)snt_kernel_key_remove(description);
}
