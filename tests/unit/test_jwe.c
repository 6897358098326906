/* JWE under a passphrase: the algorithms' own vectors, a token that python3-jwcrypto made, and what may not be taken.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "keychain/crypto.h"
#include "keychain/jwe.h"

/* {"alg":"PBES2-HS256+A128KW","created":"2026","enc":"A256GCM","p2c":8192,"p2s":"hM4fI6F4ykrm38b7qOpPtQ"} */
static const char TOKEN[] =
    "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJjcmVhdGVkIjoiMjAyNiIsImVuYyI6IkEyNTZHQ00iLCJwMmMiOjgxOTIsInAycyI6ImhNNGZJNk"
    "Y0eWtybTM4YjdxT3BQdFEifQ.yuHuf_GImZ7Q7HecL6Y5vyLLOeyXf-knUojc08Iwdiz-n0-kiD6cLg.7R6Y7e8GFI1mUxZ9.UTXsHssUfLRFJFA-"
    "XJ"
    "g.CD30Y5S28i4K26AvE1YrXQ";
static const char CONTENT[] = "{\"Key\":\"corp\"}";
static const char PASSPHRASE[] = "open sesame";

/* The same passphrase; 70,000 bytes of text in 450 of a token. */
static const char DEFLATED[] =
    "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMiOiJfcU1sQUo2bXFfT1VPSFpUVW1KU2ZnIi"
    "wiemlwIjoiREVGIn0.iLtgL29jXlmWl-c5eSPB42P8KpuYpKTRIl-rPn4b48MlXMkpg7BAOg.joTySRXHB_FfE5CC.ZCRiVPOturPJHbx_CMmxPDEC"
    "tgD9mVTAiVAk1Pyi3FzyEzPvxb1hz1lDBPLrE8-pM2blUY9PObqL4RvKvUAgZpmYc7jRJDoSk-0jNNJjPlQW08fJ6Iyd11QYXdZe5EOWrnCoYqj1ts"
    "BF1sIOs7s7VVXqZBgBd1gtWOlJ0lr2EbzGM6w2J-BYch7nEvjIXLbV9PmgA1Fj2DOAscoy65Wt0-Mhnvla0d2DOf5J.UYyDOD4QlAmj_u6lJozLfA";

static const char *hex_of(const struct snt_secret *value) {
  static char text[256];
  text[0] = '\0';
  for (size_t i = 0; i < snt_secret_len(value); i++) {
    (void)snprintf(text + 2 * i, sizeof text - 2 * i, "%02x", (unsigned)(unsigned char)snt_secret_borrow(value)[i]);
  }
  return text;
}

static struct snt_secret *secret_of(const char *text, size_t len) {
  struct snt_secret *out = NULL;
  assert_ok(snt_secret_new_from(text, len, &out, NULL));
  return out;
}

static const struct snt_crypto *crypto(void) {
  const struct snt_crypto *out = NULL;
  assert_ok(snt_crypto_load(&out, NULL));
  return out;
}

static const char *derive(const char *passphrase, const char *salt, size_t salt_len, unsigned iterations) {
  SNT_SECRET_AUTO struct snt_secret *given = secret_of(passphrase, strlen(passphrase));
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  assert_ok(snt_secret_new(SNT_CRYPTO_WRAPPING_KEY_LEN, &key, NULL));
  assert_ok(crypto()->pbkdf2(given, (struct snt_slice){salt, salt_len}, iterations, key, NULL));
  return hex_of(key);
}

/* RFC 7914, section 11 (the first half of each), and RFC 7517, appendix C.4. */
static void keys_are_derived_as_the_rfcs_have_it(void **state) {
  (void)state;
  static const char salt[] = "PBES2-HS256+A128KW\0\xd9\x60\x93\x70\x96\x75\x46\xf7\x7f\x08\x9b\x89\xae\x2a\x50\xd7";
  assert_string_equal(derive("passwd", "salt", 4, 1), "55ac046e56e3089fec1691c22544b605");
  assert_string_equal(derive("Password", "NaCl", 4, 80000), "4ddcd8f60b98be21830cee5ef22701f9");
  assert_string_equal(derive("Thus from my lips, by yours, my sin is purged.", salt, sizeof salt - 1, 4096),
                      "6eaba95c815c6d75e9f274e9aa0e184b");
}

static snt_status unwrap(const char *key, const char *wrapped, size_t len, struct snt_secret **out) {
  SNT_SECRET_AUTO struct snt_secret *with = secret_of(key, SNT_CRYPTO_WRAPPING_KEY_LEN);
  assert_ok(snt_secret_new(64, out, NULL));
  return crypto()->unwrap(with, (struct snt_slice){wrapped, len}, *out, NULL);
}

/* RFC 3394, section 4.1, and RFC 7517, appendix C.6. */
static void keys_are_unwrapped_as_the_rfcs_have_it(void **state) {
  (void)state;
  static const char kek[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
  static const char other[] = "\x6e\xab\xa9\x5c\x81\x5c\x6d\x75\xe9\xf2\x74\xe9\xaa\x0e\x18\x4b";
  char wrapped[] = "\x1f\xa6\x8b\x0a\x81\x12\xb4\x47\xae\xf3\x4b\xd8\xfb\x5a\x7b\x82\x9d\x3e\x86\x23\x71\xd2\xcf\xe5";
  static const char jwk[] = "\x4e\xba\x97\x3b\x0b\x8d\x51\xf0\xd5\xf5\x53\xd3\x35\xbc\x86\xbc\x42\x7d\x24\xc8"
                            "\xde\x7c\x05\x67\xf9\x34\x75\xb8\x8c\x51\xf6\x9e\xa1\xb1\x14\x21\xf5\x39\x3b\x04";
  SNT_SECRET_AUTO struct snt_secret *first = NULL;
  SNT_SECRET_AUTO struct snt_secret *second = NULL;
  assert_ok(unwrap(kek, wrapped, 24, &first));
  assert_string_equal(hex_of(first), "00112233445566778899aabbccddeeff");
  assert_ok(unwrap(other, jwk, 40, &second));
  assert_string_equal(hex_of(second), "6f1b1934421d144e5cb038f041d05270a1832437caecb9ac811799c2c330fdb6");
  for (size_t len = 0; len < 24; len++) {
    SNT_SECRET_AUTO struct snt_secret *none = NULL;
    assert_code(unwrap(kek, wrapped, len, &none), SNT_CODE_KEYCHAIN);
  }
  for (size_t i = 0; i < 24; i++) {
    SNT_SECRET_AUTO struct snt_secret *none = NULL;
    wrapped[i] = (char)(wrapped[i] ^ 1);
    assert_code(unwrap(kek, wrapped, 24, &none), SNT_CODE_KEYCHAIN);
    assert_int_equal(snt_secret_len(none), 0);
    for (size_t k = 0; k < snt_secret_cap(none); k++) {
      assert_int_equal(snt_secret_borrow(none)[k], 0); /* nothing that was not authenticated stays */
    }
    wrapped[i] = (char)(wrapped[i] ^ 1);
  }
}

static snt_status open_with(const char *text, size_t len, const char *passphrase, struct snt_secret **out,
                            struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *given = secret_of(passphrase, strlen(passphrase));
  return snt_jwe_open((struct snt_slice){text, len}, given, "the file", out, err);
}

static void a_token_of_another_implementation_is_opened(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *content = NULL;
  assert_ok(open_with(TOKEN, strlen(TOKEN), PASSPHRASE, &content, NULL));
  assert_string_equal(snt_secret_borrow(content), CONTENT);
}

static void another_passphrase_opens_nothing(void **state) {
  (void)state;
  static const char *const rows[] = {"", "open sesam", "open sesame ", "Open sesame"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *content = NULL;
    struct snt_err err = {0};
    assert_code(open_with(TOKEN, strlen(TOKEN), rows[i], &content, &err), SNT_CODE_KEYCHAIN);
    assert_null(content);
    assert_non_null(strstr(err.message, "the passphrase does not open the file"));
  }
}

/* Each character put in the place of each, were it not for the time; two suffice to change each bit's group. */
static void a_changed_character_is_noticed_wherever_it_stands(void **state) {
  (void)state;
  char text[sizeof TOKEN];
  static const char others[] = "AB_.=+ \n";
  for (size_t i = 0; i + 1 < sizeof TOKEN; i++) {
    for (const char *other = others; *other != '\0'; other++) {
      SNT_SECRET_AUTO struct snt_secret *content = NULL;
      memcpy(text, TOKEN, sizeof TOKEN);
      text[i] = *other;
      if (TOKEN[i] != *other && snt_ok(open_with(text, strlen(TOKEN), PASSPHRASE, &content, NULL))) {
        fail_msg("'%c' in the place of '%c' at %zu was taken", *other, TOKEN[i], i);
      }
      assert_true(TOKEN[i] == *other || content == NULL);
    }
  }
}

static void a_text_that_is_cut_or_goes_on_is_refused(void **state) {
  (void)state;
  for (size_t len = 0; len < strlen(TOKEN); len++) {
    SNT_SECRET_AUTO struct snt_secret *content = NULL;
    assert_false(snt_ok(open_with(TOKEN, len, PASSPHRASE, &content, NULL)));
  }
  static const char *const tails[] = {"\n", ".", "A", "=", " ", ".AAAA"};
  for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_SECRET_AUTO struct snt_secret *content = NULL;
    assert_ok(snt_buf_appendf(&text, NULL, "%s%s", TOKEN, tails[i]));
    assert_code(open_with(text.data, text.len, PASSPHRASE, &content, NULL), SNT_CODE_SYNTAX);
  }
  SNT_BUF_AUTO struct snt_buf big = {0};
  SNT_SECRET_AUTO struct snt_secret *content = NULL;
  assert_ok(snt_buf_reserve(&big, SNT_JWE_MAX + 2, NULL));
  memset(big.data, 'A', SNT_JWE_MAX + 1);
  assert_code(open_with(big.data, SNT_JWE_MAX + 1, PASSPHRASE, &content, NULL), SNT_CODE_SYNTAX);
}

/* base64url of a header before the rest of the token. */
static void put_header(const char *header, struct snt_buf *out) {
  char text[SNT_BASE64_CAP(4096)];
  snt_base64(header, strlen(header), text);
  for (char *c = text; *c != '\0' && *c != '='; c++) {
    assert_ok(snt_buf_append_char(out, *c == '+' ? '-' : *c == '/' ? '_' : *c, NULL));
  }
  assert_ok(snt_buf_append_str(out, strchr(TOKEN, '.'), NULL));
}

#define ALG "\"alg\":\"PBES2-HS256+A128KW\","
#define ENC "\"enc\":\"A256GCM\","
#define P2C "\"p2c\":8192,"
#define P2S "\"p2s\":\"hM4fI6F4ykrm38b7qOpPtQ\""

static void other_headers_are_refused_before_any_work(void **state) {
  (void)state;
  static const struct {
    const char *header, *why;
  } rows[] = {
      {"{\"alg\":\"none\"," ENC P2C P2S "}", "another algorithm"},
      {"{\"alg\":\"dir\"," ENC P2C P2S "}", "another algorithm"},
      {"{\"alg\":\"PBES2-HS512+A256KW\"," ENC P2C P2S "}", "another algorithm"},
      {"{\"alg\":[\"PBES2-HS256+A128KW\"]," ENC P2C P2S "}", "another algorithm"},
      {"{" ALG "\"enc\":\"A128GCM\"," P2C P2S "}", "another algorithm"},
      {"{" ENC P2C P2S "}", "another algorithm"},
      {"{" ALG P2C P2S "}", "another algorithm"},
      {"{" ALG ALG ENC P2C P2S "}", "not JSON"},
      {"{" ALG ENC P2C P2S "} ", "damaged"}, /* JSON it is, and another text than was authenticated */
      {"{" ALG ENC P2C P2S "}x", "not JSON"},
      {"[]", "another algorithm"},
      {"", "not JSON"},
      {"{" ALG ENC P2C P2S ",\"zip\":\"DEF\"}", "compression"},
      {"{" ALG ENC P2C P2S ",\"zip\":null}", "compression"},
      {"{" ALG ENC P2C P2S ",\"crit\":[\"exp\"]}", "has to be understood"},
      {"{" ALG ENC P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":999," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":0," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":-8192," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":2000001," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":4294975488," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":9223372036854775807," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":1e300," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":8192.0," P2S "}", "rounds"},
      {"{" ALG ENC "\"p2c\":\"8192\"," P2S "}", "rounds"},
      {"{" ALG ENC P2C "\"p2s\":\"\"}", "salt"},
      {"{" ALG ENC P2C "\"p2s\":\"AAAAAAAAAA\"}", "salt"},
      {"{" ALG ENC P2C "\"p2s\":\"hM4fI6F4ykrm38b7qOpPtQ==\"}", "salt"},
      {"{" ALG ENC P2C "\"p2s\":12}", "salt"},
      {"{" ALG ENC P2C "\"x\":1}", "salt"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_SECRET_AUTO struct snt_secret *content = NULL;
    struct snt_err err = {0};
    put_header(rows[i].header, &text);
    assert_code(open_with(text.data, text.len, PASSPHRASE, &content, &err), SNT_CODE_SYNTAX);
    if (strstr(err.message, rows[i].why) == NULL || strstr(err.message, "the file") == NULL) {
      fail_msg("\"%s\" does not say \"%s\"", err.message, rows[i].why);
    }
  }
}

static void what_was_compressed_is_not_blown_up(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *content = NULL;
  struct snt_err err = {0};
  assert_code(open_with(DEFLATED, strlen(DEFLATED), PASSPHRASE, &content, &err), SNT_CODE_SYNTAX);
  assert_non_null(strstr(err.message, "compression"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_are_derived_as_the_rfcs_have_it),
      cmocka_unit_test(keys_are_unwrapped_as_the_rfcs_have_it),
      cmocka_unit_test(a_token_of_another_implementation_is_opened),
      cmocka_unit_test(another_passphrase_opens_nothing),
      cmocka_unit_test(a_changed_character_is_noticed_wherever_it_stands),
      cmocka_unit_test(a_text_that_is_cut_or_goes_on_is_refused),
      cmocka_unit_test(other_headers_are_refused_before_any_work),
      cmocka_unit_test(what_was_compressed_is_not_blown_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
