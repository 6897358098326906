#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "policy/pointer.h"

#define SHA256 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define KEY "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define ARN "kms:arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
/* 64 bytes of 0. */
#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define SIGNED "{\"key\":\"" KEY "\",\"algorithm\":\"ed25519\",\"signature\":\"" ZEROS "\"}"
#define SIGNED_KMS "{\"key\":\"" ARN "\",\"algorithm\":\"ECDSA_SHA_256\",\"signature\":\"MAYCAQECAQE=\"}"
#define POINTER                                                                                                        \
  "{\"sentinel_pointer\":1,\"name\":\"prod\",\"serial\":7,\"sha256\":\"" SHA256 "\",\"size\":6145,\"parts\":3,"        \
  "\"not_before\":\"-\",\"not_after\":\"2026-02-18T00:00:00Z\",\"installation\":\"acme-aws\",\"signatures\":[" SIGNED  \
  "," SIGNED_KMS "]}"
#define SOURCE "ssm:/sentinel/policies/prod"

static snt_status parse(const char *text, struct snt_pointer *out, struct snt_err *err) {
  return snt_pointer_parse(SOURCE, snt_slice_of(text), out, err);
}

/* POINTER with the first `from` replaced; free it. */
static char *changed(const char *from, const char *to) {
  static const char text[] = POINTER;
  const char *at = strstr(text, from);
  assert_non_null(at);
  size_t len = sizeof text + strlen(to);
  char *out = malloc(len);
  assert_non_null(out);
  (void)snprintf(out, len, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  return out;
}

static void what_is_written_is_read(void **state) {
  (void)state;
  struct snt_pointer pointer = {0};
  SNT_BUF_AUTO struct snt_buf again = {0};
  assert_ok(parse(POINTER, &pointer, NULL));
  assert_string_equal(pointer.name, "prod");
  assert_int_equal(pointer.serial, 7);
  assert_string_equal(pointer.sha256, SHA256);
  assert_int_equal(pointer.size, 6145);
  assert_int_equal(pointer.parts, 3);
  assert_true(pointer.not_before_ms == INT64_MIN);
  assert_true(pointer.not_after_ms == INT64_C(1771372800000));
  assert_string_equal(pointer.installation, "acme-aws");
  assert_int_equal(pointer.signature_count, 2);
  assert_string_equal(pointer.signatures[0].key, KEY);
  assert_int_equal(pointer.signatures[0].len, 64);
  assert_string_equal(pointer.signatures[1].algorithm, "ECDSA_SHA_256");
  assert_memory_equal(pointer.signatures[1].bytes, "\x30\x06\x02\x01\x01\x02\x01\x01", 8);
  assert_ok(snt_pointer_format(&pointer, &again, NULL));
  assert_string_equal(again.data, POINTER);
}

static void the_signed_bytes_are_exactly_these(void **state) {
  (void)state;
  struct snt_pointer pointer = {0};
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  assert_ok(parse(POINTER, &pointer, NULL));
  assert_ok(snt_pointer_signed_bytes(&pointer, &bytes, NULL));
  assert_string_equal(bytes.data, "sentinel-bundle-v1\nacme-aws\nprod\n7\n" SHA256 "\n6145\n-\n2026-02-18T00:00:00Z\n");
  char *dated = changed("\"-\"", "\"2026-01-19T02:47:33Z\"");
  snt_buf_reset(&bytes);
  assert_ok(parse(dated, &pointer, NULL));
  assert_true(pointer.not_before_ms == INT64_C(1768790853000));
  assert_ok(snt_pointer_signed_bytes(&pointer, &bytes, NULL));
  assert_non_null(strstr(bytes.data, "\n6145\n2026-01-19T02:47:33Z\n2026-02-18T00:00:00Z\n"));
  free(dated);
}

static void only_what_begins_as_one_is_one(void **state) {
  (void)state;
  assert_true(snt_pointer_is_one(snt_slice_of(POINTER)));
  assert_true(snt_pointer_is_one(snt_slice_of("{\"sentinel_pointer\":")));
  assert_false(snt_pointer_is_one(snt_slice_of("{\"sentinel_pointer\"")));
  assert_false(snt_pointer_is_one(snt_slice_of(" {\"sentinel_pointer\":1}")));
  assert_false(snt_pointer_is_one(snt_slice_of("version: 1\n")));
  assert_false(snt_pointer_is_one((struct snt_slice){NULL, 0}));
}

/* from -> to in POINTER, and what the message says. */
static const struct {
  const char *from, *to, *message;
} CHANGES[] = {
    {"\"name\":\"prod\",", "", "\"name\" of the pointer is missing"},
    {",\"installation\":\"acme-aws\"", "", "\"installation\" of the pointer is missing"},
    {"\"name\":\"prod\"", "\"name\":\"prod\",\"name\":\"prod\"", "a key stands twice"},
    {"\"name\":\"prod\"", "\"name\":\"prod\",\"title\":\"x\"", "unknown key \"title\""},
    {"\"algorithm\":", "\"comment\":\"x\",\"algorithm\":", "unknown key \"comment\""},
    {"\"algorithm\":\"ed25519\",", "", "\"algorithm\" of the pointer is missing"},
    {"pointer\":1", "pointer\":2", "sentinel_pointer of the pointer has to be 1"},
    {"pointer\":1", "pointer\":\"1\"", "sentinel_pointer of the pointer has to be a whole number"},
    {"pointer\":1", "pointer\":1.0", "sentinel_pointer of the pointer has to be a whole number"},
    {"\"prod\"", "\"\"", "name of the pointer has to be 1 to 64"},
    {"\"prod\"", "\"a/b\"", "name of the pointer has to be 1 to 64"},
    {"\"prod\"", "\"a\\nb\"", "name of the pointer has to be a text"},
    {"\"prod\"", "\"a\\u0000b\"", "not strict JSON"},
    {"\"prod\"", "null", "name of the pointer has to be a text"},
    {"\"prod\"", "\"" SHA256 "0\"", "name of the pointer has to be a text of less than 65 bytes"},
    {"\"serial\":7", "\"serial\":0", "serial of the pointer has to be a whole number from 1"},
    {"\"serial\":7", "\"serial\":-7", "serial of the pointer has to be a whole number from 1"},
    {"\"serial\":7", "\"serial\":9007199254740992", "serial of the pointer has to be a whole number from 1"},
    {"\"serial\":7", "\"serial\":99999999999999999999", "not strict JSON"},
    {"\"serial\":7", "\"serial\":7e0", "serial of the pointer has to be a whole number"},
    {"\"serial\":7", "\"serial\":\"7\"", "serial of the pointer has to be a whole number"},
    {"9f86", "9F86", "sha256 of the pointer has to be 64 of the digits 0-9 a-f"},
    {"9f86", "9f8", "sha256 of the pointer has to be 64 of the digits 0-9 a-f"},
    {"9f86", "9f8g", "sha256 of the pointer has to be 64 of the digits 0-9 a-f"},
    {"\"size\":6145", "\"size\":0", "size of the pointer has to be 1 to 1048576 bytes"},
    {"\"size\":6145", "\"size\":1048577", "size of the pointer has to be 1 to 1048576 bytes"},
    {"\"size\":6145", "\"size\":6144", "parts of the pointer has to be the size in parts"},
    {"\"size\":6145", "\"size\":9217", "parts of the pointer has to be the size in parts"},
    {"\"parts\":3", "\"parts\":0", "parts of the pointer has to be the size in parts"},
    {"\"parts\":3", "\"parts\":true", "parts of the pointer has to be a whole number"},
    {"\"-\"", "\"\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2026-02-18T00:00:00Z\"", "not_after of the pointer has to be later than not_before"},
    {"\"-\"", "\"2026-02-18T00:00:01Z\"", "not_after of the pointer has to be later than not_before"},
    {"\"-\"", "\"2026-02-17T00:00:00+00:00\"", "not_before of the pointer has to be a text of less than 21"},
    {"\"-\"", "\"2026-01-18t00:00:00Z\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2026-01-18 00:00:00Z\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2026-01-18T00:00:00z\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2026-02-29T00:00:00Z\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2026-01-18T24:00:00Z\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2016-12-31T23:59:60Z\"", "not_before of the pointer has to be a time"},
    {"\"-\"", "\"2026-01-18T00:00Z\"", "not_before of the pointer has to be a time"},
    {"\"2026-02-18T00:00:00Z\"", "\"-\"", "not_after of the pointer has to be a time"},
    {"\"2026-02-18T00:00:00Z\"", "\"2026-02-18T0:00:00.0Z\"", "not_after of the pointer has to be a text"},
    {"\"acme-aws\"", "\"acme aws\"", "installation of the pointer has to be 1 to 64"},
    {"[" SIGNED "," SIGNED_KMS "]", "{}", "signatures of the pointer has to be a list of at most 8"},
    {SIGNED ",", SIGNED "," SIGNED ",", "signed twice with the key ed25519:11qYAY"},
    {SIGNED, "\"x\"", "each part of the pointer has to be a JSON object"},
    {SIGNED, "1,1,1,1,1,1,1," SIGNED, "signatures of the pointer has to be a list of at most 8"},
    {"\"ed25519\"", "\"ECDSA_SHA_256\"", "a signature of the pointer has to be of a key"},
    {"\"ECDSA_SHA_256\"", "\"ed25519\"", "a signature of the pointer has to be of a key"},
    {"\"ECDSA_SHA_256\"", "\"ECDSA_SHA_384\"", "a signature of the pointer has to be of a key"},
    {"\"ed25519:1", "\"rsa:1", "a signature of the pointer has to be of a key"},
    {"AAA==\"", "AAA=\"", "a signature of the pointer has to be base64"},
    {"AAA==\"", "AAB==\"", "a signature of the pointer has to be base64"},
    {"AAA==\"", "AAA==\\n\"", "signature of the pointer has to be a text"},
    {"AAAA==\"", "==\"", "a signature of the pointer has to be 64 bytes long"},
    {ZEROS, ZEROS ZEROS, "a signature of the pointer has to be base64"},
    {"MAYCAQECAQE=", "", "a signature of the pointer has to be not empty"},
    {"{\"sent", " {\"sent", "not written as pointers are"},
    {"1,\"name", "1, \"name", "not written as pointers are"},
    {"\"prod\"", "\"\\u0070rod\"", "not written as pointers are"},
    {"\"serial\":7", "\"serial\":-0", "serial of the pointer has to be"},
    {"\"name\":\"prod\",\"serial\":7", "\"serial\":7,\"name\":\"prod\"", "not written as pointers are"},
    {"]}", "]}\n", "not written as pointers are"},
    {"]}", "]}{}", "not strict JSON"},
    {"]}", "]", "not strict JSON"},
};

static void what_is_not_one_is_refused_with_its_key(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
    struct snt_pointer pointer = {.name = "left"};
    struct snt_err err = {0};
    char *text = changed(CHANGES[i].from, CHANGES[i].to);
    snt_status status = parse(text, &pointer, &err);
    if (status.code != SNT_CODE_POLICY_INVALID || strstr(err.message, CHANGES[i].message) == NULL ||
        strncmp(err.message, SOURCE, strlen(SOURCE)) != 0 || pointer.name[0] != '\0') {
      fail_msg("%s: %s, %s", text, snt_code_name(status.code), err.message);
    }
    free(text);
  }
}

static void no_byte_is_flipped_unseen(void **state) {
  (void)state;
  static const char text[] = POINTER;
  char *copy = malloc(sizeof text);
  assert_non_null(copy);
  for (size_t i = 0; i < 8 * strlen(text); i++) {
    struct snt_pointer pointer = {0};
    SNT_BUF_AUTO struct snt_buf again = {0};
    memcpy(copy, text, sizeof text);
    copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
    struct snt_slice value = {copy, strlen(text)};
    if (snt_ok(snt_pointer_parse(SOURCE, value, &pointer, NULL))) {
      assert_ok(snt_pointer_format(&pointer, &again, NULL));
      assert_int_equal(again.len, value.len);
      assert_memory_equal(again.data, copy, value.len);
      assert_string_not_equal(again.data, POINTER);
    }
  }
  free(copy);
}

static void nothing_of_that_length_is_one(void **state) {
  (void)state;
  static char text[SNT_POINTER_CAP + 1];
  struct snt_pointer pointer = {0};
  struct snt_err err = {0};
  memset(text, ' ', sizeof text);
  memcpy(text, POINTER, strlen(POINTER));
  struct snt_slice value = {text, sizeof text};
  assert_code(snt_pointer_parse(SOURCE, value, &pointer, &err), SNT_CODE_POLICY_INVALID);
  assert_string_equal(err.message, SOURCE ": a pointer of 8193 bytes; at most 8192");
}

static void nothing_shorter_is_one(void **state) {
  (void)state;
  for (size_t len = 0; len < strlen(POINTER); len++) {
    struct snt_pointer pointer = {0};
    assert_code(snt_pointer_parse(SOURCE, (struct snt_slice){POINTER, len}, &pointer, NULL), SNT_CODE_POLICY_INVALID);
  }
}

static void what_would_not_be_read_is_not_written(void **state) {
  (void)state;
  struct snt_pointer good = {0};
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  assert_ok(parse(POINTER, &good, NULL));
  struct snt_pointer pointer = good;
  pointer.serial = 0;
  assert_code(snt_pointer_format(&pointer, &out, &err), SNT_CODE_POLICY_INVALID);
  assert_string_equal(err.message,
                      "the pointer to be written: serial of the pointer has to be a whole number from 1 to "
                      "9007199254740991");
  pointer = good;
  (void)snprintf(pointer.name, sizeof pointer.name, "prod\n8");
  assert_code(snt_pointer_signed_bytes(&pointer, &out, &err), SNT_CODE_POLICY_INVALID);
  pointer = good;
  pointer.signature_count = SNT_SIGNATURES_MAX + 1;
  assert_code(snt_pointer_format(&pointer, &out, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "signatures of the pointer has to be a list of at most 8"));
  assert_int_equal(out.len, 0);
}

static snt_status parse_anew(const void *text) {
  struct snt_pointer pointer = {.name = "left"};
  snt_status status = parse(text, &pointer, NULL);
  assert_string_equal(pointer.name, snt_ok(status) ? "prod" : "");
  return status;
}

static void a_pointer_that_there_is_no_memory_for_is_not_half_read(void **state) {
  (void)state;
  assert_true(fail_alloc_walk(parse_anew, POINTER) > 10);
}

/* Eight signatures of the longest keys of KMS that there are. */
static void as_many_signatures_as_there_may_be_fit(void **state) {
  (void)state;
  struct snt_pointer pointer = {0};
  struct snt_pointer again = {0};
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  assert_ok(parse(POINTER, &pointer, NULL));
  pointer.signature_count = SNT_SIGNATURES_MAX;
  for (int i = 0; i < SNT_SIGNATURES_MAX; i++) {
    struct snt_signature *signature = &pointer.signatures[i];
    *signature = (struct snt_signature){.algorithm = "RSASSA_PSS_SHA_256", .len = 512};
    (void)snprintf(signature->key, sizeof signature->key,
                   "kms:arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890a%d", i);
  }
  assert_ok(snt_pointer_format(&pointer, &out, &err));
  assert_ok(snt_pointer_parse(SOURCE, (struct snt_slice){out.data, out.len}, &again, &err));
  memset(pointer.signatures[0].key + 4, 'x', 2000);
  snt_buf_reset(&out);
  assert_code(snt_pointer_format(&pointer, &out, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "at most 8192: sign it with fewer keys"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(the_signed_bytes_are_exactly_these),
      cmocka_unit_test(only_what_begins_as_one_is_one),
      cmocka_unit_test(what_is_not_one_is_refused_with_its_key),
      cmocka_unit_test(no_byte_is_flipped_unseen),
      cmocka_unit_test(nothing_of_that_length_is_one),
      cmocka_unit_test(nothing_shorter_is_one),
      cmocka_unit_test(what_would_not_be_read_is_not_written),
      cmocka_unit_test(a_pointer_that_there_is_no_memory_for_is_not_half_read),
      cmocka_unit_test(as_many_signatures_as_there_may_be_fit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
