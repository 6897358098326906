/* The low-level functions are marked deprecated in OpenSSL 3; their replacements load providers and a configuration
 * file first, which takes longer than all that is done here.
 *
 * MUST
 *  1. wipe the exponent, the shared number and every copy of the key. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "keychain/bus/dh.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/aes.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "base/random.h"
#include "base/sha256.h"

/* Twice the strength that the group has, and some; a longer exponent only takes longer. */
enum { EXPONENT_LEN = 32 };

struct snt_dh {
  BIGNUM *prime;
  BIGNUM *exponent;
};

static void free_number(BIGNUM **number) {
  BN_clear_free(*number);
  *number = NULL;
}
#define NUMBER_AUTO SNT_CLEANUP(free_number)

static void free_scratch(BN_CTX **scratch) {
  BN_CTX_free(*scratch);
  *scratch = NULL;
}

void snt_dh_free(struct snt_dh **dh) {
  if (dh != NULL && *dh != NULL) {
    free_number(&(*dh)->prime);
    free_number(&(*dh)->exponent);
    free(*dh);
    *dh = NULL;
  }
}

/* base to the exponent, as 128 bytes. */
static snt_status raise(const struct snt_dh *dh, const BIGNUM *base, uint8_t out[static SNT_DH_PUBLIC_LEN],
                        struct snt_err *err) {
  SNT_CLEANUP(free_scratch) BN_CTX *scratch = BN_CTX_secure_new();
  NUMBER_AUTO BIGNUM *result = BN_new();
  if (scratch == NULL || result == NULL ||
      BN_mod_exp_mont_consttime(result, base, dh->exponent, dh->prime, scratch, NULL) != 1 ||
      BN_bn2binpad(result, out, SNT_DH_PUBLIC_LEN) != SNT_DH_PUBLIC_LEN) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's key exchange failed in libcrypto");
  }
  return snt_done();
}

snt_status snt_dh_new(struct snt_dh **dh, uint8_t out[static SNT_DH_PUBLIC_LEN], struct snt_err *err) {
  *dh = NULL;
  uint8_t random[EXPONENT_LEN];
  SNT_DH_AUTO struct snt_dh *made = calloc(1, sizeof *made);
  NUMBER_AUTO BIGNUM *base = BN_new();
  if (made == NULL || base == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_random_bytes(random, sizeof random, err));
  made->prime = BN_get_rfc2409_prime_1024(NULL);
  made->exponent = BN_bin2bn(random, sizeof random, NULL);
  OPENSSL_cleanse(random, sizeof random);
  if (made->prime == NULL || made->exponent == NULL || BN_set_word(base, 2) != 1) {
    return snt_fail_memory(err);
  }
  SNT_TRY(raise(made, base, out, err));
  *dh = SNT_MOVE(made);
  return snt_done();
}

/* HKDF with no salt and no info; one block is more than enough. */
static snt_status derive(const uint8_t shared[static SNT_DH_PUBLIC_LEN], struct snt_secret **key, struct snt_err *err) {
  static const uint8_t salt[SNT_SHA256_LEN];
  static const uint8_t first_block = 1;
  uint8_t extracted[SNT_SHA256_LEN];
  uint8_t block[SNT_SHA256_LEN];
  snt_hmac_sha256(salt, sizeof salt, shared, SNT_DH_PUBLIC_LEN, extracted);
  snt_hmac_sha256(extracted, sizeof extracted, &first_block, 1, block);
  snt_status status = snt_secret_new_from(block, SNT_DH_KEY_LEN, key, err);
  OPENSSL_cleanse(extracted, sizeof extracted);
  OPENSSL_cleanse(block, sizeof block);
  return status;
}

/* From 2 to prime - 2: the others have powers that anybody can tell. */
static bool is_safe(const struct snt_dh *dh, const BIGNUM *number) {
  NUMBER_AUTO BIGNUM *last = BN_dup(dh->prime);
  return last != NULL && BN_sub_word(last, 1) == 1 && !BN_is_zero(number) && !BN_is_one(number) &&
         BN_cmp(number, last) < 0;
}

snt_status snt_dh_agree(const struct snt_dh *dh, const void *their_public, size_t len, struct snt_secret **key,
                        struct snt_err *err) {
  *key = NULL;
  uint8_t shared[SNT_DH_PUBLIC_LEN];
  if (len == 0 || len > SNT_DH_PUBLIC_LEN) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's public key has %zu bytes", len);
  }
  NUMBER_AUTO BIGNUM *number = BN_bin2bn(their_public, (int)len, NULL);
  if (number == NULL || !is_safe(dh, number)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's public key makes no sense");
  }
  SNT_TRY(raise(dh, number, shared, err));
  snt_status status = derive(shared, key, err);
  OPENSSL_cleanse(shared, sizeof shared);
  return status;
}

/* One pass over len bytes of whole blocks; the schedule is wiped. */
static snt_status run_cipher(const struct snt_secret *key, const uint8_t *iv, const void *from, size_t len, void *to,
                             bool is_encrypting, struct snt_err *err) {
  AES_KEY schedule;
  uint8_t chain[SNT_DH_BLOCK_LEN];
  const unsigned char *bytes = (const unsigned char *)snt_secret_borrow(key);
  memcpy(chain, iv, sizeof chain);
  bool is_good =
      snt_secret_len(key) == SNT_DH_KEY_LEN &&
      (is_encrypting ? AES_set_encrypt_key(bytes, 128, &schedule) : AES_set_decrypt_key(bytes, 128, &schedule)) == 0;
  if (is_good) {
    AES_cbc_encrypt(from, to, len, &schedule, chain, is_encrypting ? AES_ENCRYPT : AES_DECRYPT);
  }
  OPENSSL_cleanse(&schedule, sizeof schedule);
  return is_good ? snt_done() : snt_fail(err, SNT_CODE_BUG, "AES-128-CBC with an odd key");
}

snt_status snt_dh_encrypt(const struct snt_secret *key, const uint8_t iv[static SNT_DH_BLOCK_LEN],
                          const struct snt_secret *plain, uint8_t **out, size_t *out_len, struct snt_err *err) {
  *out = NULL;
  SNT_SECRET_AUTO struct snt_secret *padded = NULL;
  size_t len = snt_secret_len(plain);
  size_t padding = SNT_DH_BLOCK_LEN - len % SNT_DH_BLOCK_LEN;
  uint8_t pad[SNT_DH_BLOCK_LEN];
  memset(pad, (int)padding, sizeof pad);
  SNT_TRY(snt_secret_new(len + padding, &padded, err));
  SNT_TRY(snt_secret_append(padded, snt_secret_borrow(plain), len, err));
  SNT_TRY(snt_secret_append(padded, pad, padding, err));
  SNT_FREE_AUTO uint8_t *sealed = malloc(len + padding);
  if (sealed == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(run_cipher(key, iv, snt_secret_borrow(padded), len + padding, sealed, true, err));
  *out_len = len + padding;
  *out = SNT_MOVE(sealed);
  return snt_done();
}

/* The length without the padding; 0 when the padding makes no sense (what is stored is never empty). */
static size_t unpadded(const uint8_t *bytes, size_t len) {
  size_t padding = bytes[len - 1];
  bool is_good = padding >= 1 && padding <= SNT_DH_BLOCK_LEN;
  for (size_t i = 1; is_good && i <= padding; i++) {
    is_good = bytes[len - i] == padding;
  }
  return is_good ? len - padding : 0;
}

snt_status snt_dh_decrypt(const struct snt_secret *key, const uint8_t iv[static SNT_DH_BLOCK_LEN], const void *sealed,
                          size_t len, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  if (len == 0 || len % SNT_DH_BLOCK_LEN != 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's secret is not of whole blocks");
  }
  SNT_SECRET_AUTO struct snt_secret *plain = NULL;
  SNT_TRY(snt_secret_new(len, &plain, err));
  char *room = snt_secret_borrow_writable(plain);
  SNT_TRY(run_cipher(key, iv, sealed, len, room, false, err));
  size_t plain_len = unpadded((const uint8_t *)room, len);
  if (plain_len == 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's secret cannot be decrypted");
  }
  snt_secret_set_len(plain, plain_len);
  *out = SNT_MOVE(plain);
  return snt_done();
}
