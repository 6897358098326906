/* Signatures of others, checked with public keys. libcrypto says what is right; what it would let pass in more than one
 * form is looked at before.
 *
 * MUST
 *  1. take one form of each key: 32 bytes below the field's prime, or exactly the DER that libcrypto writes itself;
 *  2. take one form of each signature: its whole length, the whole DER, the salt that the algorithm says. */
#include <limits.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "keychain/module/signatures.h"

#define NOT_DER "the key is not a SubjectPublicKeyInfo in DER, as KMS's GetPublicKey gives it"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, RSA_EXPONENT = 65537, PSS_SALT_LEN = 32 };

static void free_key(EVP_PKEY **key) {
  EVP_PKEY_free(*key);
  *key = NULL;
}

static void free_digest(EVP_MD_CTX **context) {
  EVP_MD_CTX_free(*context);
  *context = NULL;
}

static void free_number(BIGNUM **number) {
  BN_free(*number);
  *number = NULL;
}

static void free_der(unsigned char **der) {
  OPENSSL_free(*der);
  *der = NULL;
}

/* What is wrong is said here; libcrypto's reasons are of no use to a reader. */
static snt_status refuse(const char *what, struct snt_err *err) {
  ERR_clear_error();
  return snt_fail(err, SNT_CODE_ANSWER_NO, "%s", what);
}

/* The y of the points of order 1, 2, 4 and 8: with such a key everybody signs. */
static bool is_of_small_order(const uint8_t y[static SNT_ED25519_LEN]) {
  static const uint8_t rows[][SNT_ED25519_LEN] = {
      {0},
      {1},
      {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
      {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
       0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
      {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
       0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (memcmp(rows[i], y, SNT_ED25519_LEN) == 0) {
      return true;
    }
  }
  return false;
}

/* Whether y is 2^255 - 19 or more, which is another's second name. */
static bool is_past_prime(const uint8_t y[static SNT_ED25519_LEN]) {
  bool is_full = y[31] == 0x7f && y[0] >= 0xed;
  for (size_t i = 1; i < 31; i++) {
    is_full = is_full && y[i] == 0xff;
  }
  return is_full;
}

static snt_status read_ed25519(struct snt_slice bytes, EVP_PKEY **out, struct snt_err *err) {
  uint8_t y[SNT_ED25519_LEN];
  memcpy(y, bytes.data, sizeof y);
  y[31] &= 0x7f; /* without the sign of x */
  if (is_past_prime(y) || is_of_small_order(y)) {
    return refuse("the key is none that Ed25519 makes", err);
  }
  *out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)bytes.data, bytes.len);
  return *out == NULL ? snt_crypto_fail("Ed25519", err) : snt_done();
}

static snt_status check_rsa(const EVP_PKEY *key, struct snt_err *err) {
  SNT_CLEANUP(free_number) BIGNUM *exponent = NULL;
  int bits = EVP_PKEY_get_bits(key);
  if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) {
    return snt_fail(err, SNT_CODE_ANSWER_NO, "the key has %d bits; RSA keys of 2048 to 4096 are taken", bits);
  }
  bool is_usual =
      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_is_word(exponent, RSA_EXPONENT) == 1;
  return is_usual ? snt_done() : refuse("the key has another public exponent than 65537", err);
}

/* The curve by its name and the point with both numbers: libcrypto also keeps other forms as they came. */
static bool is_usual_p256(struct snt_slice der) {
  static const uint8_t begin[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                  0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
  return der.len == sizeof begin + 64 && memcmp(der.data, begin, sizeof begin) == 0;
}

static snt_status check_p256(const EVP_PKEY *key, struct snt_slice der, struct snt_err *err) {
  char curve[32] = "";
  if (EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1 || strcmp(curve, "prime256v1") != 0) {
    return refuse("the key is not on the curve P-256 (ECC_NIST_P256)", err);
  }
  return is_usual_p256(der) ? snt_done() : refuse(NOT_DER, err);
}

static snt_status check_kind(const EVP_PKEY *key, struct snt_slice der, enum snt_signature_algorithm *algorithm,
                             struct snt_err *err) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    *algorithm = SNT_SIGNATURE_RSA_PSS;
    return check_rsa(key, err);
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    *algorithm = SNT_SIGNATURE_ECDSA;
    return check_p256(key, der, err);
  }
  return refuse("the key is neither RSA nor on an elliptic curve", err);
}

/* A SubjectPublicKeyInfo that is written as libcrypto writes it: nothing after it, nothing said in another way. */
static snt_status read_der(struct snt_slice bytes, EVP_PKEY **out, struct snt_err *err) {
  SNT_CLEANUP(free_key) EVP_PKEY *key = NULL;
  SNT_CLEANUP(free_der) unsigned char *again = NULL;
  const unsigned char *at = (const unsigned char *)bytes.data;
  key = bytes.len > LONG_MAX ? NULL : d2i_PUBKEY(NULL, &at, (long)bytes.len);
  int len = key == NULL ? -1 : i2d_PUBKEY(key, &again);
  if (len < 0 || (size_t)len != bytes.len || memcmp(again, bytes.data, bytes.len) != 0) {
    return refuse(NOT_DER, err);
  }
  *out = SNT_MOVE(key);
  return snt_done();
}

static snt_status read_key(struct snt_slice bytes, EVP_PKEY **out, enum snt_signature_algorithm *algorithm,
                           struct snt_err *err) {
  SNT_CLEANUP(free_key) EVP_PKEY *key = NULL;
  if (bytes.len == SNT_ED25519_LEN) {
    *algorithm = SNT_SIGNATURE_ED25519;
    return read_ed25519(bytes, out, err);
  }
  SNT_TRY(read_der(bytes, &key, err));
  SNT_TRY(check_kind(key, bytes, algorithm, err));
  *out = SNT_MOVE(key);
  return snt_done();
}

snt_status snt_verifying_check_key(struct snt_slice key, enum snt_signature_algorithm *out, struct snt_err *err) {
  SNT_CLEANUP(free_key) EVP_PKEY *read = NULL;
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
  SNT_TRY(read_key(key, &read, &algorithm, err));
  *out = algorithm;
  return snt_done();
}

static bool prepare(EVP_MD_CTX *context, enum snt_signature_algorithm algorithm, EVP_PKEY *key) {
  EVP_PKEY_CTX *of_key = NULL;
  bool is_plain = algorithm == SNT_SIGNATURE_ED25519;
  if (EVP_DigestVerifyInit_ex(context, &of_key, is_plain ? NULL : "SHA256", NULL, NULL, key, NULL) != 1) {
    return false;
  }
  return algorithm != SNT_SIGNATURE_RSA_PSS || (EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING) == 1 &&
                                                EVP_PKEY_CTX_set_rsa_mgf1_md_name(of_key, "SHA256", NULL) == 1 &&
                                                EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, PSS_SALT_LEN) == 1);
}

snt_status snt_verifying_verify(enum snt_signature_algorithm algorithm, struct snt_slice key, struct snt_slice message,
                                struct snt_slice signature, struct snt_err *err) {
  SNT_CLEANUP(free_key) EVP_PKEY *read = NULL;
  enum snt_signature_algorithm of_key = SNT_SIGNATURE_NONE;
  SNT_TRY(read_key(key, &read, &of_key, err));
  if (of_key != algorithm) {
    return refuse("the key is of another kind than the signature", err);
  }
  /* Without this a signature that begins with zeros would be one without them, too. */
  if (algorithm != SNT_SIGNATURE_ECDSA && signature.len != (size_t)EVP_PKEY_get_size(read)) {
    return refuse("the signature is of another length than the key's are", err);
  }
  SNT_CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context == NULL || !prepare(context, algorithm, read)) {
    return snt_crypto_fail("verification", err);
  }
  int answer = EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.len,
                                (const unsigned char *)message.data, message.len);
  return answer == 1 ? snt_done() : refuse("the signature is not the key's", err);
}
