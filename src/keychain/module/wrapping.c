/* A key out of a passphrase as PKCS #5 has it, and keys that were wrapped with AES: what other programs' files need. */
#include <limits.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/secret.h"
#include "keychain/module/signatures.h"

enum { WRAPPING_OVERHEAD = 8 };

static void free_cipher(EVP_CIPHER_CTX **context) {
  EVP_CIPHER_CTX_free(*context); /* wipes the key schedule */
  *context = NULL;
}

snt_status snt_wrapping_pbkdf2(const struct snt_secret *passphrase, struct snt_slice salt, unsigned iterations,
                               struct snt_secret *key, struct snt_err *err) {
  size_t len = snt_secret_len(passphrase);
  if (iterations < 1 || iterations > INT_MAX || len > INT_MAX || salt.len > INT_MAX ||
      snt_secret_cap(key) < SNT_CRYPTO_WRAPPING_KEY_LEN) {
    return snt_fail(err, SNT_CODE_BUG, "PBKDF2 with an odd cost or too little room");
  }
  snt_secret_reset(key);
  if (PKCS5_PBKDF2_HMAC(snt_secret_borrow(passphrase), (int)len, (const unsigned char *)salt.data, (int)salt.len,
                        (int)iterations, EVP_sha256(), SNT_CRYPTO_WRAPPING_KEY_LEN,
                        (unsigned char *)snt_secret_borrow_writable(key)) != 1) {
    snt_secret_reset(key);
    return snt_crypto_fail("PBKDF2", err);
  }
  snt_secret_set_len(key, SNT_CRYPTO_WRAPPING_KEY_LEN);
  return snt_done();
}

snt_status snt_wrapping_unwrap(const struct snt_secret *key, struct snt_slice wrapped, struct snt_secret *out,
                               struct snt_err *err) {
  SNT_CLEANUP(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  int written = 0;
  if (snt_secret_len(key) != SNT_CRYPTO_WRAPPING_KEY_LEN || wrapped.len < 3 * WRAPPING_OVERHEAD ||
      wrapped.len > INT_MAX || wrapped.len % WRAPPING_OVERHEAD != 0 ||
      snt_secret_cap(out) < wrapped.len - WRAPPING_OVERHEAD) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "too few or too many bytes to be unwrapped");
  }
  if (context == NULL) {
    return snt_crypto_fail("AES key wrap", err);
  }
  EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  snt_secret_reset(out);
  unsigned char *plain = (unsigned char *)snt_secret_borrow_writable(out);
  bool is_good =
      EVP_DecryptInit_ex2(context, EVP_aes_128_wrap(), (const unsigned char *)snt_secret_borrow(key), NULL, NULL) ==
          1 &&
      EVP_DecryptUpdate(context, plain, &written, (const unsigned char *)wrapped.data, (int)wrapped.len) == 1;
  if (!is_good || (size_t)written != wrapped.len - WRAPPING_OVERHEAD) {
    snt_secret_reset(out);
    ERR_clear_error();
    return snt_fail(err, SNT_CODE_KEYCHAIN, "it was wrapped with another key, or is damaged");
  }
  snt_secret_set_len(out, (size_t)written);
  return snt_done();
}
