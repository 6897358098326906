/* MUST
 *  1. wipe the exponent, the shared number and every copy of the key. */
#include "keychain/bus/dh.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

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

static void free_cipher(EVP_CIPHER_CTX **context) {
  EVP_CIPHER_CTX_free(*context);
  *context = NULL;
}

static snt_status fail_crypto(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_KEYCHAIN, "%s failed in libcrypto", what);
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
    return fail_crypto("the key exchange", err);
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

static EVP_CIPHER_CTX *begin(const struct snt_secret *key, const uint8_t *iv, bool is_encrypting) {
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  bool is_good = context != NULL && snt_secret_len(key) == SNT_DH_KEY_LEN &&
                 EVP_CipherInit_ex2(context, EVP_aes_128_cbc(), (const unsigned char *)snt_secret_borrow(key), iv,
                                    is_encrypting ? 1 : 0, NULL) == 1;
  return is_good ? SNT_MOVE(context) : NULL;
}

snt_status snt_dh_encrypt(const struct snt_secret *key, const uint8_t iv[static SNT_DH_BLOCK_LEN],
                          const struct snt_secret *plain, uint8_t **out, size_t *out_len, struct snt_err *err) {
  *out = NULL;
  size_t len = snt_secret_len(plain);
  int written = 0;
  int last = 0;
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = begin(key, iv, true);
  SNT_FREE_AUTO uint8_t *sealed = malloc(len + SNT_DH_BLOCK_LEN);
  if (sealed == NULL) {
    return snt_fail_memory(err);
  }
  if (context == NULL || len > INT_MAX - SNT_DH_BLOCK_LEN ||
      EVP_CipherUpdate(context, sealed, &written, (const unsigned char *)snt_secret_borrow(plain), (int)len) != 1 ||
      EVP_CipherFinal_ex(context, sealed + written, &last) != 1) {
    return fail_crypto("AES-128-CBC", err);
  }
  *out_len = (size_t)written + (size_t)last;
  *out = SNT_MOVE(sealed);
  return snt_done();
}

snt_status snt_dh_decrypt(const struct snt_secret *key, const uint8_t iv[static SNT_DH_BLOCK_LEN], const void *sealed,
                          size_t len, struct snt_secret **out, struct snt_err *err) {
  *out = NULL;
  int written = 0;
  int last = 0;
  if (len == 0 || len % SNT_DH_BLOCK_LEN != 0 || len > INT_MAX - SNT_DH_BLOCK_LEN) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's secret is not of whole blocks");
  }
  SNT_SECRET_AUTO struct snt_secret *plain = NULL;
  SNT_TRY(snt_secret_new(len + SNT_DH_BLOCK_LEN, &plain, err));
  unsigned char *room = (unsigned char *)snt_secret_borrow_writable(plain);
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = begin(key, iv, false);
  if (context == NULL || EVP_CipherUpdate(context, room, &written, sealed, (int)len) != 1 ||
      EVP_CipherFinal_ex(context, room + written, &last) != 1) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the Secret Service's secret cannot be decrypted");
  }
  snt_secret_set_len(plain, (size_t)written + (size_t)last);
  *out = SNT_MOVE(plain);
  return snt_done();
}
