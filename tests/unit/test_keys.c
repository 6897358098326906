#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/secret.h"
#include "keychain/crypto.h"
#include "policy/keys.h"

#define SOURCE "ssm:/sentinel/policies/prod"
#define EC_ARN "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define RSA_ARN "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
/* What KMS would have made of the pointer below (policy.md, Bundles):
 *   openssl ecparam -name prime256v1 -genkey -noout -out ec.pem; openssl ec -in ec.pem -pubout -outform DER
 *   openssl dgst -sha256 -sign ec.pem signed-bytes
 *   openssl genrsa -out rsa.pem 2048; openssl rsa -in rsa.pem -pubout -outform DER
 *   openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256 \
 *     -sign rsa.pem signed-bytes */
#define EC_PUBLIC                                                                                                      \
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKHPP+PYE/QDpB2SnYaxMlTZOGBeHJWnJ6hOUUiFAVWNihjWO5EQHfw572ReG"                   \
  "gP1LenO3LNsbrPhwNf+fwejL8g=="
#define EC_SIGNATURE "MEYCIQC4C1BdS2io8oI4ZDVm3K/MXX5bAVI9FpF/N+mL3uZaygIhAODoWxUaSE82TidWBPZaAUohVgpw+y7MoYfgnvRcZJXu"
#define RSA_PUBLIC                                                                                                     \
  "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAywNdD00urpeWmBbiwrba6qaoKkSCDjvE24lY9T9AQWNyiY0Djdtw"                   \
  "5PUZf0R5RNkyuQ0BGf6pstAv8jJfWU3K1QRWmhq9tDqipqeQjXYtAApo/BJqrZJ0b72MwqDMACj2WJfel8FRkTBG1SdYXLHz"                   \
  "0N2Bz0mKY5VscxG6qmreYyh5mX0/BTVPy9phQgegUqbtJH8StaOuUi5W47jDQjYzSYWcjd36XK/fqGwaTPzOmLRydk62E+jA"                   \
  "lyB0gPG7yMzaJpI12xD8xdWIVZ4YXQ003Vb7vpomvSs4dKTf8E5Si861rfgffSWioc3KvkjzChkagVxmNGy/7xqfoEfqxcDL"                   \
  "lwIDAQAB"
#define RSA_SIGNATURE                                                                                                  \
  "LGR4utIbq1srnnEDwuK6K4+bDhAGUp9mKegwKwO8xHNmfFOb8TxZsAWdXcE3FRo3xeztnpFgcCLuL0ZEgEI66Ni65pvOjngY"                   \
  "OcsL+NcUtJUCGizYr71mufEWf6R2hcQBZBBBJLlUCQ5Fsfs6tpKi2gCAYihCJGi/4mpS2jjcLbuqtOvliGQVELGQfJ1+hD/x"                   \
  "2ud7uqVmVbG1h1venjezNSMhiKUkFeNevP9GhCEJ+FWH5xlDlmgscP2npH8MYlENLEsJuzgm5kMiv4Mz8FgwcpBGlQBBj6rM"                   \
  "yBBHNUWCm5ZT1VM/kyFPKPAgC4dYwspoVFKLiLYhryodKyGhVtcDYg=="

static const struct snt_pointer POINTER = {
    .name = "prod",
    .serial = 7,
    .sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    .size = 6145,
    .parts = 3,
    .not_before = "-",
    .not_after = "2026-02-18T00:00:00Z",
    .installation = "acme-aws",
};

/* The line of the Ed25519 key whose seed is 32 times `byte`. */
static void line_of(char byte, char line[static 64]) {
  const struct snt_crypto *crypto = NULL;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  uint8_t public[SNT_ED25519_LEN];
  assert_ok(snt_crypto_load(&crypto, NULL));
  assert_ok(snt_secret_new(SNT_ED25519_LEN, &seed, NULL));
  for (int i = 0; i < SNT_ED25519_LEN; i++) {
    assert_ok(snt_secret_append(seed, &byte, 1, NULL));
  }
  assert_ok(crypto->ed25519_public(seed, public, NULL));
  memcpy(line, "ed25519:", 8);
  snt_base64(public, sizeof public, line + 8);
}

/* Adds a signature of that key. */
static void sign(struct snt_pointer *pointer, char byte) {
  const struct snt_crypto *crypto = NULL;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  struct snt_signature *signature = &pointer->signatures[pointer->signature_count++];
  assert_ok(snt_crypto_load(&crypto, NULL));
  assert_ok(snt_secret_new(SNT_ED25519_LEN, &seed, NULL));
  for (int i = 0; i < SNT_ED25519_LEN; i++) {
    assert_ok(snt_secret_append(seed, &byte, 1, NULL));
  }
  *signature = (struct snt_signature){.algorithm = "ed25519", .len = SNT_ED25519_SIGNATURE_LEN};
  line_of(byte, signature->key);
  assert_ok(snt_pointer_signed_bytes(&POINTER, &bytes, NULL));
  assert_ok(crypto->ed25519_sign(seed, (struct snt_slice){bytes.data, bytes.len}, signature->bytes, NULL));
}

static void add(struct snt_pointer *pointer, const char *arn, const char *algorithm, const char *base64) {
  struct snt_signature *signature = &pointer->signatures[pointer->signature_count++];
  *signature = (struct snt_signature){0};
  (void)snprintf(signature->key, sizeof signature->key, "kms:%s", arn);
  (void)snprintf(signature->algorithm, sizeof signature->algorithm, "%s", algorithm);
  assert_true(snt_base64_parse(snt_slice_of(base64), signature->bytes, sizeof signature->bytes, &signature->len));
}

static void lines_are_keys(void **state) {
  (void)state;
  char one[64];
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  line_of(1, one);
  const char *const lines[] = {one, "kms:" EC_ARN "#" EC_PUBLIC, "kms:" RSA_ARN "#" RSA_PUBLIC, NULL};
  assert_ok(snt_policy_keys_read(lines, 2, &keys, NULL));
  assert_int_equal(keys.count, 3);
  assert_int_equal(keys.min_signatures, 2);
  assert_string_equal(keys.list[0].id, one);
  assert_int_equal(keys.list[0].public_len, 32);
  assert_string_equal(keys.list[1].id, "kms:" EC_ARN);
  assert_int_equal(keys.list[1].public_len, 91);
  assert_string_equal(keys.list[2].id, "kms:" RSA_ARN);
}

static void one_signature_is_the_least_where_there_are_keys(void **state) {
  (void)state;
  char one[64];
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys none = {0};
  line_of(1, one);
  const char *const lines[] = {one, NULL};
  assert_ok(snt_policy_keys_read(lines, 0, &keys, NULL));
  assert_int_equal(keys.min_signatures, 1);
  assert_ok(snt_policy_keys_read(NULL, 0, &none, NULL));
  assert_int_equal(none.min_signatures, 0);
  assert_ok(snt_policy_keys_verify(&none, &POINTER, SOURCE, NULL));
}

static void what_is_no_key_is_refused_with_the_remedy(void **state) {
  (void)state;
  static const struct {
    const char *line, *message, *hint;
  } rows[] = {
      {"", "\"\" has to be ed25519:BASE64 or kms:ARN#BASE64", "policy keygen --public FILE"},
      {"rsa:AAAA", "\"rsa:AAAA\" has to be ed25519:BASE64", "policy keygen --public FILE"},
      {"ED25519:AAAA", "has to be ed25519:BASE64", ""},
      {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtq", "\"ssh-ed25519 AAAAC3Nz...\" has to be ed25519:BASE64",
       "--public FILE"},
      {"ed25519:", "has to be a key in base64", ""},
      {"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", "has to be a key in base64", ""},
      {"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= ", "has to be a key in base64", ""},
      {"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", "has to be a key in base64", ""},
      {"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==", "\"ed25519:11qYAYKxCrfV...\": the key is not", ""},
      {"ed25519:" EC_PUBLIC, "has to be a key of 32 bytes", ""},
      /* y = 0 and y = p + 3: of small order, and not below the prime. */
      {"ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "the key is none that Ed25519 makes", ""},
      {"ed25519:8P///////////////////////////////////////38=", "the key is none that Ed25519 makes", ""},
      {"kms:" EC_ARN, "\"kms:" EC_ARN "\" has no public key", "policy keygen --kms " EC_ARN},
      {"kms:" EC_ARN "#", "has to be a key in base64", ""},
      {"kms:" EC_ARN "#AAAA", "the key is not a SubjectPublicKeyInfo", ""},
      {"kms:" EC_ARN "#11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "has to be an RSA or elliptic-curve key", ""},
      {"kms:arn:aws:kms:us-east-1:123456789012:alias/policy#" EC_PUBLIC, "with the ARN of a key", "an alias can be"},
      {"kms:arn:aws:iam::123456789012:key/x#" EC_PUBLIC, "with the ARN of a key", ""},
      {"kms:arn:aws:kms:us-east-1:123456789012:key/#" EC_PUBLIC, "with the ARN of a key", ""},
      {"kms:1234abcd-12ab-34cd-56ef-1234567890ab#" EC_PUBLIC, "with the ARN of a key", ""},
      {"kms:arn:aws:kms#:us-east-1:123456789012:key/x", "with the ARN of a key", ""},
      {"kms:arn:", "with the ARN of a key", ""},
      {"kms:", "with the ARN of a key", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
    struct snt_err err = {0};
    const char *const lines[] = {rows[i].line, NULL};
    snt_status status = snt_policy_keys_read(lines, 1, &keys, &err);
    if (status.code != SNT_CODE_CONFIG_INVALID || strncmp(err.message, "policy.keys: ", 13) != 0 ||
        strstr(err.message, rows[i].message) == NULL || strstr(err.hint, rows[i].hint) == NULL || keys.count != 0) {
      fail_msg("%s: %s, %s (%s)", rows[i].line, snt_code_name(status.code), err.message, err.hint);
    }
  }
}

static void a_key_is_listed_once(void **state) {
  (void)state;
  char one[64];
  line_of(1, one);
  const char *const rows[][3] = {
      {one, one, NULL},
      {"kms:" EC_ARN "#" EC_PUBLIC, "kms:" EC_ARN "#" RSA_PUBLIC, NULL},
      {"kms:" EC_ARN "#" EC_PUBLIC, "kms:" RSA_ARN "#" EC_PUBLIC, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
    struct snt_err err = {0};
    assert_code(snt_policy_keys_read(rows[i], 1, &keys, &err), SNT_CODE_CONFIG_INVALID);
    assert_non_null(strstr(err.message, "is there twice"));
    assert_string_equal(err.hint, "a key counts once; remove one of the two lines");
  }
}

static void no_more_signatures_are_asked_for_than_there_can_be(void **state) {
  (void)state;
  char lines_text[9][64];
  const char *lines[10] = {0};
  for (char i = 0; i < 9; i++) {
    line_of((char)(i + 1), lines_text[(int)i]);
    lines[(int)i] = lines_text[(int)i];
  }
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  struct snt_err err = {0};
  assert_code(snt_policy_keys_read(lines + 7, 3, &keys, &err), SNT_CODE_CONFIG_INVALID);
  assert_string_equal(err.message, "policy.min_signatures is 3, and there are 2 keys in policy.keys");
  assert_code(snt_policy_keys_read(lines, 9, &keys, &err), SNT_CODE_CONFIG_INVALID);
  assert_code(snt_policy_keys_read(lines, -1, &keys, &err), SNT_CODE_CONFIG_INVALID);
  assert_code(snt_policy_keys_read(NULL, 1, &keys, &err), SNT_CODE_CONFIG_INVALID);
  assert_ok(snt_policy_keys_read(lines, 8, &keys, &err));
  assert_int_equal(keys.count, 9);
}

/* Keys 1, 2, 3 and the two of KMS. */
static void configure(int64_t min_signatures, struct snt_policy_keys *out) {
  char one[64];
  char two[64];
  char three[64];
  line_of(1, one);
  line_of(2, two);
  line_of(3, three);
  const char *const lines[] = {one, two, three, "kms:" EC_ARN "#" EC_PUBLIC, "kms:" RSA_ARN "#" RSA_PUBLIC, NULL};
  assert_ok(snt_policy_keys_read(lines, min_signatures, out, NULL));
}

static void enough_right_signatures_are_accepted(void **state) {
  (void)state;
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  struct snt_err err = {0};
  struct snt_pointer pointer = POINTER;
  configure(3, &keys);
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  assert_string_equal(err.message, SOURCE " is not signed, and policy.keys asks for 3 of 5 keys");
  sign(&pointer, 2);
  add(&pointer, EC_ARN, "ECDSA_SHA_256", EC_SIGNATURE);
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  assert_string_equal(err.message,
                      SOURCE " is signed with 2 of the keys in policy.keys, and policy.min_signatures is 3");
  assert_string_equal(err.hint,
                      "let the holders of more keys sign the packed file: sentinel policy sign FILE.bundle --key KEY");
  add(&pointer, RSA_ARN, "RSASSA_PSS_SHA_256", RSA_SIGNATURE);
  assert_ok(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err));
  sign(&pointer, 1);
  assert_ok(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err));
}

/* Whatever else is right: one that is not, or of a key that is not listed, refuses the whole. */
static void one_wrong_signature_refuses(void **state) {
  (void)state;
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  struct snt_err err = {0};
  struct snt_pointer pointer = POINTER;
  configure(1, &keys);
  sign(&pointer, 1);
  assert_ok(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err));
  sign(&pointer, 4);
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, " is signed with the key ed25519:"));
  assert_non_null(strstr(err.message, "..., which policy.keys does not list"));
  assert_non_null(strstr(err.hint, "add the key to policy.keys if you trust it"));
  pointer.signature_count = 1;
  sign(&pointer, 2);
  pointer.signatures[1].bytes[0] ^= 1;
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "is refused: the signature is not the key's"));
  pointer.signature_count = 1;
  sign(&pointer, 1);
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "signed twice with the key"));
}

static void a_signature_of_one_key_is_not_anothers(void **state) {
  (void)state;
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  struct snt_err err = {0};
  struct snt_pointer pointer = POINTER;
  configure(1, &keys);
  sign(&pointer, 1);
  line_of(2, pointer.signatures[0].key);
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  pointer = POINTER;
  add(&pointer, RSA_ARN, "ECDSA_SHA_256", EC_SIGNATURE);
  assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "kms:" RSA_ARN " is refused: the key is of another kind than the signature"));
}

static void every_field_is_signed(void **state) {
  (void)state;
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  struct snt_pointer signed_one = POINTER;
  configure(1, &keys);
  sign(&signed_one, 1);
  for (int i = 0; i < 7; i++) {
    struct snt_pointer pointer = signed_one;
    switch (i) {
    case 0:
      (void)snprintf(pointer.name, sizeof pointer.name, "dev");
      break;
    case 1:
      pointer.serial++;
      break;
    case 2:
      pointer.sha256[0] = '8';
      break;
    case 3:
      pointer.size--;
      pointer.parts = 2;
      break;
    case 4:
      (void)snprintf(pointer.not_before, sizeof pointer.not_before, "2026-01-18T00:00:00Z");
      break;
    case 5:
      (void)snprintf(pointer.not_after, sizeof pointer.not_after, "2027-02-18T00:00:00Z");
      break;
    default:
      pointer.installation[0] = '\0';
      break;
    }
    assert_code(snt_policy_keys_verify(&keys, &pointer, SOURCE, NULL), SNT_CODE_POLICY_INVALID);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_keys),
      cmocka_unit_test(one_signature_is_the_least_where_there_are_keys),
      cmocka_unit_test(what_is_no_key_is_refused_with_the_remedy),
      cmocka_unit_test(a_key_is_listed_once),
      cmocka_unit_test(no_more_signatures_are_asked_for_than_there_can_be),
      cmocka_unit_test(enough_right_signatures_are_accepted),
      cmocka_unit_test(one_wrong_signature_refuses),
      cmocka_unit_test(a_signature_of_one_key_is_not_anothers),
      cmocka_unit_test(every_field_is_signed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
