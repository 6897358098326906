#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/secret.h"
#include "keychain/crypto.h"

#define MESSAGE "sentinel-bundle-v1\nacme-aws\nprod\n7\n"

/* Bytes of a test: a key, a message or a signature. */
struct bytes {
  uint8_t data[1024];
  size_t len;
};

/* Every bit; below valgrind, which takes a hundred times as long, some of them. */
static size_t flip_step(void) { return getenv("SENTINEL_VALGRIND") == NULL ? 1 : 401; }

static struct snt_slice slice(const struct bytes *bytes) {
  return (struct snt_slice){(const char *)bytes->data, bytes->len};
}

static struct bytes unhex(const char *text) {
  struct bytes out = {.len = strlen(text) / 2};
  assert_true(out.len <= sizeof out.data);
  for (size_t i = 0; i < out.len; i++) {
    unsigned byte = 0;
    assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
    out.data[i] = (uint8_t)byte;
  }
  return out;
}

static const struct snt_crypto *load(void) {
  const struct snt_crypto *crypto = NULL;
  assert_ok(snt_crypto_load(&crypto, NULL));
  return crypto;
}

static snt_status verify(enum snt_signature_algorithm algorithm, const struct bytes *key, const struct bytes *signature,
                         struct snt_err *err) {
  return snt_signature_verify(algorithm, slice(key), snt_slice_of(MESSAGE), slice(signature), err);
}

static void algorithms_have_names(void **state) {
  (void)state;
  assert_int_equal(snt_signature_find("ed25519"), SNT_SIGNATURE_ED25519);
  assert_int_equal(snt_signature_find("RSASSA_PSS_SHA_256"), SNT_SIGNATURE_RSA_PSS);
  assert_int_equal(snt_signature_find("ECDSA_SHA_256"), SNT_SIGNATURE_ECDSA);
  static const char *const rows[] = {"", "Ed25519", "RSASSA_PSS_SHA_512", "RSASSA_PKCS1_V1_5_SHA_256", "ECDSA_SHA_384"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(snt_signature_find(rows[i]), SNT_SIGNATURE_NONE);
  }
  const struct bytes key = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  assert_code(verify(SNT_SIGNATURE_NONE, &key, &key, NULL), SNT_CODE_ANSWER_NO);
}

/* RFC 8032, section 7.1: seed, public key, message, signature. */
static const char *const RFC_8032[][4] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
     "55141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
     "00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc"
     "027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2"
     "a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad"
     "9bef1177331a704"},
};

static void ed25519_does_what_the_rfc_says(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof RFC_8032 / sizeof RFC_8032[0]; i++) {
    const struct bytes seed = unhex(RFC_8032[i][0]);
    const struct bytes public = unhex(RFC_8032[i][1]);
    struct bytes message = unhex(RFC_8032[i][2]);
    const struct bytes signature = unhex(RFC_8032[i][3]);
    SNT_SECRET_AUTO struct snt_secret *secret = NULL;
    uint8_t key[SNT_ED25519_LEN];
    uint8_t made[SNT_ED25519_SIGNATURE_LEN];
    assert_ok(snt_secret_new_from(seed.data, seed.len, &secret, NULL));
    assert_ok(load()->ed25519_public(secret, key, NULL));
    assert_memory_equal(key, public.data, sizeof key);
    assert_ok(load()->ed25519_sign(secret, slice(&message), made, NULL));
    assert_memory_equal(made, signature.data, sizeof made);
    assert_ok(snt_signature_verify(SNT_SIGNATURE_ED25519, slice(&public), slice(&message), slice(&signature), NULL));
    message.data[message.len++] = 0;
    assert_code(snt_signature_verify(SNT_SIGNATURE_ED25519, slice(&public), slice(&message), slice(&signature), NULL),
                SNT_CODE_ANSWER_NO);
  }
}

static void a_seed_has_32_bytes(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  uint8_t out[SNT_ED25519_SIGNATURE_LEN];
  assert_ok(snt_secret_new_from("0123456789012345678901234567890", 31, &seed, NULL));
  assert_code(load()->ed25519_public(seed, out, NULL), SNT_CODE_BUG);
  assert_code(load()->ed25519_sign(seed, snt_slice_of(MESSAGE), out, NULL), SNT_CODE_BUG);
}

/* Of the second key of the RFC, for MESSAGE. Made by arithmetic on the curve: A is the public key, a its scalar. */
static void ed25519_has_one_form_of_each_signature(void **state) {
  (void)state;
  const struct bytes public = unhex(RFC_8032[1][1]);
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  const struct bytes seed = unhex(RFC_8032[1][0]);
  struct bytes good = {.len = SNT_ED25519_SIGNATURE_LEN};
  assert_ok(snt_secret_new_from(seed.data, seed.len, &secret, NULL));
  assert_ok(load()->ed25519_sign(secret, snt_slice_of(MESSAGE), good.data, NULL));
  assert_ok(verify(SNT_SIGNATURE_ED25519, &public, &good, NULL));
  for (size_t i = 0; i < 8 * good.len; i += flip_step()) {
    struct bytes bad = good;
    bad.data[i / 8] ^= (uint8_t)(1U << i % 8);
    assert_code(verify(SNT_SIGNATURE_ED25519, &public, &bad, NULL), SNT_CODE_ANSWER_NO);
  }
  for (size_t len = 0; len <= good.len + 1; len++) {
    struct bytes other = good;
    other.len = len;
    bool is_good = snt_ok(verify(SNT_SIGNATURE_ED25519, &public, &other, NULL));
    assert_int_equal(is_good, len == good.len);
  }
  /* S + L, which is the same number modulo L. */
  static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                    0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
  struct bytes twice = good;
  unsigned carry = 0;
  for (int i = 0; i < 32; i++) {
    carry += (unsigned)twice.data[32 + i] + order[i];
    twice.data[32 + i] = (uint8_t)carry;
    carry >>= 8;
  }
  assert_code(verify(SNT_SIGNATURE_ED25519, &public, &twice, NULL), SNT_CODE_ANSWER_NO);
  /* R is the neutral element, S = H(R, A, M) a: right when R is written as 1, and not as p + 1 or as 1 with a sign. */
  static const struct {
    const char *signature;
    bool is_good;
  } rows[] = {
      {"01000000000000000000000000000000000000000000000000000000000000009e0814953580b7bd8452d4c13a236d95026c25700edfef7"
       "f0b282e0ca329e70b",
       true},
      {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f2ffc94e60c8bee048a0a27f9bbb6e697685d850b4fa391e"
       "fdb8d9e2e7b567708",
       false},
      {"01000000000000000000000000000000000000000000000000000000000000806b5de0a67d15e256253198fde6561d02b2eb06858adc9b1"
       "483bdeb286daf5904",
       false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct bytes signature = unhex(rows[i].signature);
    assert_int_equal(snt_ok(verify(SNT_SIGNATURE_ED25519, &public, &signature, NULL)), rows[i].is_good);
  }
}

/* y of small order, with and without the sign of x; y + p for y below 19; and one that is only nearly so. */
static void keys_with_which_everybody_signs_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *key;
    bool is_good;
  } rows[] = {
      {"0000000000000000000000000000000000000000000000000000000000000000", false},
      {"0000000000000000000000000000000000000000000000000000000000000080", false},
      {"0100000000000000000000000000000000000000000000000000000000000000", false},
      {"0100000000000000000000000000000000000000000000000000000000000080", false},
      {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
      {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
      {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", false},
      {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", false},
      {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", false},
      {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", false},
      {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
      {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
      {"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", false},
      {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
      {"ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", true},
      {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7e", true},
      {"ffffffffffffffffffffffffffffffffffff7fffffffffffffffffffffffff7f", true},
      {"0300000000000000000000000000000000000000000000000000000000000000", true},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct bytes key = unhex(rows[i].key);
    enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
    if (snt_ok(snt_signature_check_key(slice(&key), &algorithm, NULL)) != rows[i].is_good) {
      fail_msg("%s", rows[i].key);
    }
    assert_int_equal(algorithm, rows[i].is_good ? SNT_SIGNATURE_ED25519 : SNT_SIGNATURE_NONE);
  }
}

/* With the neutral element for a key, R = 1 and S = 0 sign everything. */
static void such_a_key_verifies_nothing(void **state) {
  (void)state;
  struct bytes key = {.data = {1}, .len = 32};
  struct bytes signature = {.data = {1}, .len = 64};
  assert_code(verify(SNT_SIGNATURE_ED25519, &key, &signature, NULL), SNT_CODE_ANSWER_NO);
}

static EVP_PKEY *make_key(const char *kind, const char *name, const char *text, size_t bits) {
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
  EVP_PKEY *key = NULL;
  unsigned exponent = name != NULL && strcmp(name, "e") == 0 ? 3 : 65537;
  OSSL_PARAM rsa[] = {OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits),
                      OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent), OSSL_PARAM_construct_end()};
  OSSL_PARAM curve[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)text, 0),
                        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                                         (char *)(uintptr_t)(name != NULL ? name : "uncompressed"), 0),
                        OSSL_PARAM_construct_end()};
  assert_int_equal(EVP_PKEY_keygen_init(context), 1);
  if (bits > 0 || text != NULL) {
    assert_int_equal(EVP_PKEY_CTX_set_params(context, bits > 0 ? rsa : curve), 1);
  }
  assert_int_equal(EVP_PKEY_generate(context, &key), 1);
  EVP_PKEY_CTX_free(context);
  return key;
}

static struct bytes public_of(EVP_PKEY *key) {
  struct bytes out = {0};
  unsigned char *at = out.data;
  assert_true(i2d_PUBKEY(key, NULL) <= (int)sizeof out.data);
  out.len = (size_t)i2d_PUBKEY(key, &at);
  return out;
}

/* Takes the key. */
static struct bytes public_and_free(EVP_PKEY *key) {
  struct bytes out = public_of(key);
  EVP_PKEY_free(key);
  return out;
}

/* salt -100: PKCS #1 v1.5. */
static struct bytes sign_rsa(EVP_PKEY *key, const char *digest, const char *mgf1, int salt) {
  struct bytes out = {.len = sizeof out.data};
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *of_key = NULL;
  assert_int_equal(EVP_DigestSignInit_ex(context, &of_key, digest, NULL, NULL, key, NULL), 1);
  if (salt != -100) {
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(of_key, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(of_key, mgf1, NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(of_key, salt), 1);
  }
  assert_int_equal(EVP_DigestSign(context, out.data, &out.len, (const unsigned char *)MESSAGE, strlen(MESSAGE)), 1);
  EVP_MD_CTX_free(context);
  return out;
}

static void rsa_pss_is_taken_with_32_bytes_of_salt_only(void **state) {
  (void)state;
  EVP_PKEY *key = make_key("RSA", NULL, NULL, 2048);
  const struct bytes public = public_of(key);
  static const struct {
    const char *digest, *mgf1;
    int salt;
    bool is_good;
  } rows[] = {
      {"SHA256", "SHA256", 32, true},
      {"SHA256", "SHA256", RSA_PSS_SALTLEN_DIGEST, true}, /* which is 32 */
      {"SHA256", "SHA256", 0, false},
      {"SHA256", "SHA256", 20, false},
      {"SHA256", "SHA256", 31, false},
      {"SHA256", "SHA256", 33, false},
      {"SHA256", "SHA256", RSA_PSS_SALTLEN_MAX, false},
      {"SHA256", "SHA1", 32, false},
      {"SHA256", "SHA512", 32, false},
      {"SHA512", "SHA512", 32, false},
      {"SHA1", "SHA1", 32, false},
      {"SHA256", "", -100, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    const struct bytes signature = sign_rsa(key, rows[i].digest, rows[i].mgf1, rows[i].salt);
    snt_status status = verify(SNT_SIGNATURE_RSA_PSS, &public, &signature, &err);
    if (snt_ok(status) != rows[i].is_good) {
      fail_msg("%s, %s, salt %d: %s", rows[i].digest, rows[i].mgf1, rows[i].salt, err.message);
    }
  }
  EVP_PKEY_free(key);
}

/* Made without libcrypto, after RFC 8017, 8.1.1 and 9.1.1, in a few lines of Python: salt is the bytes 0 to 31. */
static void rsa_pss_of_another_program_is_verified(void **state) {
  (void)state;
  const struct bytes public = unhex(
      "30820122300d06092a864886f70d01010105000382010f003082010a0282010100c8fca91916e737aa04027f0f7cd176e8826619b8e0e17a"
      "5a2e603cbac8d40483e3f897ebac720a2fb181dfe0fa71df11a759899d2194c2fd21e318ad097e1e79755b76ec0439da37a486b2e7435f67"
      "74da55304640f39479b6216d0b69739f20a67c71fe9bcd93270380eca706aad5ed582058ffefd7bf3c8ed90a1f4a47bb793906a250c294cc"
      "d2e0c4489ca69a3455a289541bdb468f086c28f502f046d341d06bdb9e7d215e035a0a5ee1d468b65af320896c930842b5816207af515665"
      "c86468d24cc9de9f2d48692747c906632713a91434b0aefb35e9686a1e12ba19bc3c440998f2809a251d2c9eb6300f9d21629c678cb3a2fd"
      "507373657b272dea710203010001");
  struct bytes signature = unhex(
      "a6f869dd878484164e9cebe91f6f2ff823bd69075ed1e5181f2ade430ab7ccf244ad5c06ff6de37be7179bf822a9195d60956ed984cf611e"
      "38549a8ae9e2f688f807e65e8d33c7a1b560c2ce3f893bf2386b8467062ca43027865810ae91d3a0bf8a2964995cebf7e4f7a6becada467e"
      "161ab9db8bfce5ba4a6f8279659d00ee616411021dc6f4c66b1d3f92f6d621ae2b2652b6a37522aff1201c0f554bed6086baa078ab39498f"
      "6aba4623a669822a34322eb852fb7459e468a66952954ccc24b344c4cf3ac0467edb042b765c6210897fab8a1f1a4ed189c550511de9fc4a"
      "85b27ac63033b0ab3777ee28c5d78183035520c7352b4df74e1e4cbbac6dc5de");
  assert_ok(verify(SNT_SIGNATURE_RSA_PSS, &public, &signature, NULL));
  signature.data[255] ^= 1;
  assert_code(verify(SNT_SIGNATURE_RSA_PSS, &public, &signature, NULL), SNT_CODE_ANSWER_NO);
}

/* Signatures are made until one begins with a zero: without it, the number is the same. */
static void an_rsa_signature_has_the_modulus_length(void **state) {
  (void)state;
  EVP_PKEY *key = make_key("RSA", NULL, NULL, 2048);
  const struct bytes public = public_of(key);
  struct bytes signature = {0};
  struct snt_err err = {0};
  do {
    signature = sign_rsa(key, "SHA256", "SHA256", 32);
  } while (signature.data[0] != 0);
  assert_ok(verify(SNT_SIGNATURE_RSA_PSS, &public, &signature, NULL));
  struct bytes shorter = signature;
  memmove(shorter.data, signature.data + 1, --shorter.len);
  assert_code(verify(SNT_SIGNATURE_RSA_PSS, &public, &shorter, &err), SNT_CODE_ANSWER_NO);
  assert_string_equal(err.message, "the signature is of another length than the key's are");
  struct bytes longer = signature;
  memmove(longer.data + 1, signature.data, signature.len);
  longer.len++;
  longer.data[0] = 0;
  assert_code(verify(SNT_SIGNATURE_RSA_PSS, &public, &longer, NULL), SNT_CODE_ANSWER_NO);
  EVP_PKEY_free(key);
}

static struct bytes sign_ec(EVP_PKEY *key, const char *digest) {
  struct bytes out = {.len = sizeof out.data};
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  assert_int_equal(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL), 1);
  assert_int_equal(EVP_DigestSign(context, out.data, &out.len, (const unsigned char *)MESSAGE, strlen(MESSAGE)), 1);
  EVP_MD_CTX_free(context);
  return out;
}

/* The signature as DER with another r and s: each is multiplied by 0 or 1 and the curve's order is added n times; below
 * 0 it becomes negative. */
static struct bytes change_numbers(const struct bytes *signature, int r_times, int r_orders, int s_times,
                                   int s_orders) {
  static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const unsigned char *at = signature->data;
  ECDSA_SIG *read = d2i_ECDSA_SIG(NULL, &at, (long)signature->len);
  BIGNUM *n = NULL;
  BIGNUM *numbers[2] = {BN_dup(ECDSA_SIG_get0_r(read)), BN_dup(ECDSA_SIG_get0_s(read))};
  const int times[2] = {r_times, s_times};
  const int orders[2] = {r_orders, s_orders};
  assert_true(BN_hex2bn(&n, order) > 0);
  for (int i = 0; i < 2; i++) {
    if (times[i] == 0) {
      BN_zero(numbers[i]);
    }
    for (int k = 0; k < abs(orders[i]); k++) {
      assert_int_equal(orders[i] > 0 ? BN_add(numbers[i], numbers[i], n) : BN_sub(numbers[i], numbers[i], n), 1);
    }
  }
  assert_int_equal(ECDSA_SIG_set0(read, numbers[0], numbers[1]), 1);
  struct bytes out = {0};
  unsigned char *to = out.data;
  out.len = (size_t)i2d_ECDSA_SIG(read, &to);
  ECDSA_SIG_free(read);
  BN_free(n);
  return out;
}

static void ecdsa_is_taken_with_numbers_in_their_range_only(void **state) {
  (void)state;
  EVP_PKEY *key = make_key("EC", NULL, "P-256", 0);
  const struct bytes public = public_of(key);
  const struct bytes good = sign_ec(key, "SHA256");
  static const struct {
    int r_times, r_orders, s_times, s_orders;
    bool is_good;
  } rows[] = {{1, 0, 1, 0, true},  {0, 0, 1, 0, false},  {1, 0, 0, 0, false}, {0, 0, 0, 0, false},
              {1, 1, 1, 0, false}, {1, 0, 1, 1, false},  {0, 1, 1, 0, false}, {1, 0, 0, 1, false},
              {0, 1, 0, 1, false}, {1, -1, 1, 0, false}, {1, 0, 1, -1, false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct bytes changed =
        change_numbers(&good, rows[i].r_times, rows[i].r_orders, rows[i].s_times, rows[i].s_orders);
    assert_int_equal(snt_ok(verify(SNT_SIGNATURE_ECDSA, &public, &changed, NULL)), rows[i].is_good);
  }
  const struct bytes of_sha1 = sign_ec(key, "SHA1");
  const struct bytes of_sha512 = sign_ec(key, "SHA512");
  assert_code(verify(SNT_SIGNATURE_ECDSA, &public, &of_sha1, NULL), SNT_CODE_ANSWER_NO);
  assert_code(verify(SNT_SIGNATURE_ECDSA, &public, &of_sha512, NULL), SNT_CODE_ANSWER_NO);
  EVP_PKEY_free(key);
}

/* Puts bytes in the place of `cut` bytes at `at`. */
static struct bytes edit(const struct bytes *from, size_t at, size_t cut, const char *put, size_t put_len) {
  struct bytes out = {.len = from->len - cut + put_len};
  memcpy(out.data, from->data, at);
  memcpy(out.data + at, put, put_len);
  memcpy(out.data + at + put_len, from->data + at + cut, from->len - at - cut);
  return out;
}

/* RFC 6979, A.2.5: P-256, SHA-256, "sample"; r and s both have their first bit set. */
static void ecdsa_is_taken_as_der_only(void **state) {
  (void)state;
  static const char message[] = "sample";
  const struct bytes public =
      unhex("3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669"
            "622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  const struct bytes good =
      unhex("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6"
            "e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  const struct {
    struct bytes signature;
    bool is_good;
  } rows[] = {
      {good, true},
      {edit(&good, good.len, 0, "\0", 1), false},      /* something after it */
      {edit(&good, good.len, 0, "\x05\0", 2), false},  /* the same, as DER */
      {edit(&good, 1, 1, "\x81\x46", 2), false},       /* lengths that are longer than they need be */
      {edit(&good, 1, 1, "\x82\0\x46", 3), false},     /* */
      {edit(&good, 1, 1, "\x80", 1), false},           /* without a length, and without an end */
      {edit(&good, 1, 1, "\x47", 1), false},           /* a wrong length */
      {edit(&good, 1, 1, "\x45", 1), false},           /* */
      {edit(&good, 1, 3, "\x47\x02\x22\0", 4), false}, /* a zero that says nothing */
      {edit(&good, 1, 4, "\x45\x02\x20", 3), false},   /* without the zero: negative */
      {edit(&good, 2, 1, "\x04", 1), false},           /* not an integer */
      {edit(&good, 0, 1, "\x31", 1), false},           /* a set */
      {edit(&good, 0, 1, "\xb0", 1), false},           /* */
      {edit(&good, 0, good.len, "0\x06\x02\x01\x01\x02\x01\x01", 8), false},
      {edit(&good, 0, good.len, "0\x03\x02\x01\x01", 5), false}, /* one number */
      {edit(&good, 0, good.len, "0\0", 2), false},
      {edit(&good, 0, good.len, "", 0), false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    snt_status status = snt_signature_verify(SNT_SIGNATURE_ECDSA, slice(&public), snt_slice_of(message),
                                             slice(&rows[i].signature), NULL);
    if (snt_ok(status) != rows[i].is_good) {
      fail_msg("row %zu", i);
    }
  }
  struct bytes indefinite = edit(&good, 1, 1, "\x80", 1);
  indefinite = edit(&indefinite, indefinite.len, 0, "\0\0", 2);
  assert_code(
      snt_signature_verify(SNT_SIGNATURE_ECDSA, slice(&public), snt_slice_of(message), slice(&indefinite), NULL),
      SNT_CODE_ANSWER_NO);
  struct bytes plain = {.len = 64}; /* r and s without DER */
  memcpy(plain.data, good.data + 5, 32);
  memcpy(plain.data + 32, good.data + 40, 32);
  assert_code(snt_signature_verify(SNT_SIGNATURE_ECDSA, slice(&public), snt_slice_of(message), slice(&plain), NULL),
              SNT_CODE_ANSWER_NO);
  for (size_t i = 0; i < 8 * good.len; i += flip_step()) {
    struct bytes bad = good;
    bad.data[i / 8] ^= (uint8_t)(1U << i % 8);
    assert_code(snt_signature_verify(SNT_SIGNATURE_ECDSA, slice(&public), snt_slice_of(message), slice(&bad), NULL),
                SNT_CODE_ANSWER_NO);
  }
}

static void check_refused(const struct bytes *key, const char *message) {
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_ECDSA;
  struct snt_err err = {0};
  assert_code(snt_signature_check_key(slice(key), &algorithm, &err), SNT_CODE_ANSWER_NO);
  assert_string_equal(err.message, message);
  assert_int_equal(algorithm, SNT_SIGNATURE_NONE);
  const struct bytes none = {.len = 64};
  assert_code(verify(SNT_SIGNATURE_ECDSA, key, &none, NULL), SNT_CODE_ANSWER_NO);
  assert_code(verify(SNT_SIGNATURE_RSA_PSS, key, &none, NULL), SNT_CODE_ANSWER_NO);
}

static void keys_of_other_kinds_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *kind, *name, *text;
    size_t bits;
    const char *message;
  } rows[] = {
      {"EC", NULL, "P-384", 0, "the key is not on the curve P-256 (ECC_NIST_P256)"},
      {"EC", NULL, "P-521", 0, "the key is not on the curve P-256 (ECC_NIST_P256)"},
      {"EC", NULL, "secp256k1", 0, "the key is not on the curve P-256 (ECC_NIST_P256)"},
      {"ED25519", NULL, NULL, 0, "the key is neither RSA nor on an elliptic curve"},
      {"X25519", NULL, NULL, 0, "the key is neither RSA nor on an elliptic curve"},
      {"RSA-PSS", NULL, NULL, 2048, "the key is neither RSA nor on an elliptic curve"},
      {"RSA", NULL, NULL, 1024, "the key has 1024 bits; RSA keys of 2048 to 4096 are taken"},
      {"RSA", NULL, NULL, 2040, "the key has 2040 bits; RSA keys of 2048 to 4096 are taken"},
      {"RSA", "e", NULL, 2048, "the key has another public exponent than 65537"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct bytes key = public_and_free(make_key(rows[i].kind, rows[i].name, rows[i].text, rows[i].bits));
    check_refused(&key, rows[i].message);
  }
}

/* A modulus of that many bits: a number, not a product of primes, for nothing is signed with it. */
static struct bytes rsa_of(int bits) {
  BIGNUM *modulus = BN_new();
  BIGNUM *exponent = BN_new();
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
  uint8_t numbers[1100] = {0};
  assert_int_equal(BN_set_bit(modulus, bits - 1), 1);
  assert_int_equal(BN_add_word(modulus, 1), 1);
  assert_int_equal(BN_set_word(exponent, 65537), 1);
  assert_int_equal(BN_bn2nativepad(modulus, numbers, 1024), 1024);
  assert_int_equal(BN_bn2nativepad(exponent, numbers + 1024, 8), 8);
  OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, numbers, 1024),
                         OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, numbers + 1024, 8), OSSL_PARAM_construct_end()};
  assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
  assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
  EVP_PKEY_CTX_free(context);
  BN_free(modulus);
  BN_free(exponent);
  return public_and_free(key);
}

static void rsa_keys_of_2048_to_4096_bits_are_taken(void **state) {
  (void)state;
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
  static const int good[] = {2048, 3072, 4096};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    const struct bytes key = rsa_of(good[i]);
    assert_ok(snt_signature_check_key(slice(&key), &algorithm, NULL));
    assert_int_equal(algorithm, SNT_SIGNATURE_RSA_PSS);
  }
  const struct bytes little = rsa_of(2047);
  const struct bytes large = rsa_of(4097);
  check_refused(&little, "the key has 2047 bits; RSA keys of 2048 to 4096 are taken");
  check_refused(&large, "the key has 4097 bits; RSA keys of 2048 to 4096 are taken");
}

static void a_key_is_taken_in_one_form(void **state) {
  (void)state;
  static const char message[] = "the key is not a SubjectPublicKeyInfo in DER, as KMS's GetPublicKey gives it";
  EVP_PKEY *ec = make_key("EC", NULL, "P-256", 0);
  const struct bytes good = public_of(ec);
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
  assert_ok(snt_signature_check_key(slice(&good), &algorithm, NULL));
  assert_int_equal(algorithm, SNT_SIGNATURE_ECDSA);
  EVP_PKEY_free(ec);
  /* The point with its x and one bit only is another text of the same key. */
  char point[33];
  memcpy(point, good.data + 26, sizeof point);
  point[0] = (char)(2 + (good.data[good.len - 1] & 1));
  struct bytes compressed = edit(&good, 26, 65, point, sizeof point);
  compressed.data[1] = 0x39;
  compressed.data[24] = 0x22;
  check_refused(&compressed, message);
  struct bytes hybrid = good;
  hybrid.data[26] = (uint8_t)(6 + (good.data[good.len - 1] & 1));
  check_refused(&hybrid, message);
  /* openssl ecparam -name prime256v1 -genkey -noout -param_enc explicit | openssl ec -pubout -outform DER */
  const struct bytes explicit_curve = unhex(
      "3082014b3082010306072a8648ce3d02013081f7020101302c06072a8648ce3d0101022100ffffffff0000000100000000000000000000"
      "0000ffffffffffffffffffffffff305b0420ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635"
      "d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e90044104"
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315e"
      "cecbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101034200040bb044e0"
      "665795c430f2638b4eea150b97a2e03637821ffd877992973c58bcf818b9d000b3eecc62edf332017f3e423df9a8a8f9cdff208d201a16"
      "8e543b9f8e");
  check_refused(&explicit_curve, message);
  const struct bytes rows[] = {
      edit(&good, good.len, 0, "\0", 1),
      edit(&good, good.len - 1, 1, "", 0),
      edit(&good, 1, 1, "\x81\x59", 2),
      edit(&good, 0, good.len, "", 0),
      edit(&good, 0, good.len, "0\0", 2),
      edit(&good, 0, 1, "\x31", 1),
      edit(&good, good.len - 1, 1, "\xff\xff", 1), /* not on the curve */
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_refused(&rows[i], message);
  }
}

static void an_rsa_key_is_taken_in_one_form(void **state) {
  (void)state;
  static const char message[] = "the key is not a SubjectPublicKeyInfo in DER, as KMS's GetPublicKey gives it";
  const struct bytes good = rsa_of(2048);
  enum snt_signature_algorithm algorithm = SNT_SIGNATURE_NONE;
  assert_ok(snt_signature_check_key(slice(&good), &algorithm, NULL));
  /* 30 82 01 22  30 0d 06 09 (rsaEncryption) 05 00  03 82 01 0f 00  30 82 01 0a  02 82 01 01 ... 02 03 01 00 01 */
  assert_memory_equal(good.data, "\x30\x82\x01\x22\x30\x0d", 6);
  struct bytes without_null = edit(&good, 17, 2, "", 0);
  without_null.data[3] -= 2;
  without_null.data[5] -= 2;
  struct bytes long_exponent = edit(&good, good.len - 4, 1, "\x04\0", 2); /* 02 04 00 01 00 01 */
  long_exponent.data[3] += 1;
  long_exponent.data[22] += 1;
  long_exponent.data[27] += 1;
  const struct bytes rows[] = {edit(&good, good.len, 0, "\0", 1),
                               edit(&good, good.len - 1, 1, "", 0),
                               edit(&good, 1, 1, "\x83\0", 2),
                               edit(&good, 5, 1, "\x81\x0d", 2),
                               without_null,
                               long_exponent,
                               edit(&good, good.len, 0, "\x05\0", 2),
                               edit(&good, 17, 1, "\x04", 1),
                               edit(&good, 23, 1, "\1", 1)};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    check_refused(&rows[i], message);
  }
}

static void a_key_of_another_kind_than_the_algorithm_is_refused(void **state) {
  (void)state;
  EVP_PKEY *ec = make_key("EC", NULL, "P-256", 0);
  EVP_PKEY *rsa = make_key("RSA", NULL, NULL, 2048);
  const struct bytes ec_key = public_of(ec);
  const struct bytes rsa_key = public_of(rsa);
  const struct bytes ec_signature = sign_ec(ec, "SHA256");
  const struct bytes rsa_signature = sign_rsa(rsa, "SHA256", "SHA256", 32);
  const struct bytes plain_key = unhex(RFC_8032[0][1]);
  struct snt_err err = {0};
  assert_ok(verify(SNT_SIGNATURE_ECDSA, &ec_key, &ec_signature, &err));
  assert_ok(verify(SNT_SIGNATURE_RSA_PSS, &rsa_key, &rsa_signature, &err));
  assert_code(verify(SNT_SIGNATURE_RSA_PSS, &ec_key, &ec_signature, &err), SNT_CODE_ANSWER_NO);
  assert_string_equal(err.message, "the key is of another kind than the signature");
  assert_code(verify(SNT_SIGNATURE_ECDSA, &rsa_key, &rsa_signature, &err), SNT_CODE_ANSWER_NO);
  assert_code(verify(SNT_SIGNATURE_ED25519, &rsa_key, &rsa_signature, &err), SNT_CODE_ANSWER_NO);
  assert_code(verify(SNT_SIGNATURE_ECDSA, &plain_key, &ec_signature, &err), SNT_CODE_ANSWER_NO);
  EVP_PKEY_free(ec);
  EVP_PKEY_free(rsa);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(algorithms_have_names),
      cmocka_unit_test(ed25519_does_what_the_rfc_says),
      cmocka_unit_test(a_seed_has_32_bytes),
      cmocka_unit_test(ed25519_has_one_form_of_each_signature),
      cmocka_unit_test(keys_with_which_everybody_signs_are_refused),
      cmocka_unit_test(such_a_key_verifies_nothing),
      cmocka_unit_test(rsa_pss_is_taken_with_32_bytes_of_salt_only),
      cmocka_unit_test(rsa_pss_of_another_program_is_verified),
      cmocka_unit_test(an_rsa_signature_has_the_modulus_length),
      cmocka_unit_test(ecdsa_is_taken_with_numbers_in_their_range_only),
      cmocka_unit_test(ecdsa_is_taken_as_der_only),
      cmocka_unit_test(keys_of_other_kinds_are_refused),
      cmocka_unit_test(rsa_keys_of_2048_to_4096_bits_are_taken),
      cmocka_unit_test(a_key_is_taken_in_one_form),
      cmocka_unit_test(an_rsa_key_is_taken_in_one_form),
      cmocka_unit_test(a_key_of_another_kind_than_the_algorithm_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
