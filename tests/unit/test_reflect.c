#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "facts/reflect.h"

#define SECRET "s3cr3t/Key+1"

static bool holds(const char *secret, const char *data) {
  SNT_SECRET_AUTO struct snt_secret *of = NULL;
  assert_ok(snt_secret_new_from(secret, strlen(secret), &of, NULL));
  return snt_reflect_check(of, data, strlen(data));
}

static void a_secret_is_found_in_every_common_encoding(void **state) {
  (void)state;
  static const char *const rows[] = {
      SECRET,
      "x" SECRET "y",
      "{\"a\":\"s3cr3t\\/Key+1\"}",
      "{\"a\":\"\\u0073\\u0033cr3t/Key+1\"}",
      "s3cr3t%2FKey%2b1",
      "%73%33%63%72%33%74%2f%4b%65%79%2b%31",
      "7333637233742f4b65792b31",
      "00 7333637233742F4B65792B31 00",
      "a7333637233742f4b65792b31", /* from the middle of a pair */
      "czNjcjN0L0tleSsx",          /* base64 */
      "eHMzY3IzdC9LZXkrMQ==",      /* of "x" and it */
      "eHlzM2NyM3QvS2V5KzE=",      /* of "xy" and it */
      "czNjcjN0L0tleSsxeg==",      /* and something behind it */
      "czNjcjN0L0tleSsx%0A",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (!holds(SECRET, rows[i])) {
      fail_msg("not found in %s", rows[i]);
    }
  }
}

static void a_secret_beyond_ascii_is_found_in_json(void **state) {
  (void)state;
  assert_true(holds("p\xc3\xa4ssw\xe2\x82\xac\xf0\x9f\x94\x91", "{\"a\":\"p\\u00e4ssw\\u20AC\\ud83d\\udd11\"}"));
  assert_true(holds("p\xc3\xa4ssword", "{\"a\":\"p\xc3\xa4ss\\u0077ord\"}"));
  assert_true(holds("ab/%41cdef", "{\"a\":\"ab\\/%41cdef\"}")); /* a percent sign of its own */
  assert_false(holds("p\xc3\xa4ssword", "{\"a\":\"p\\u00e5ssword\\ud83d\\ud\"}"));
}

static void what_is_like_it_is_not_it(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "s3cr3t",
                                     "s3cr3t/Key+2",
                                     "S3CR3T/KEY+1",
                                     "7333637233742f4b65792b32",
                                     "czNjcjN0L0tleSsy",
                                     "{\"more\":false}",
                                     "%",
                                     "\\",
                                     "\\u",
                                     "\\u12",
                                     "%4"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (holds(SECRET, rows[i])) {
      fail_msg("found in %s", rows[i]);
    }
  }
  assert_true(holds("abc", "xabcx"));
  assert_false(holds("abc", "616263")); /* too short to be told from chance */
  assert_false(holds("", "anything"));
}

/* Secrets of all lengths, in base64 at all places of a text of bytes. */
static void a_secret_within_anything_in_base64_is_found(void **state) {
  (void)state;
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t before = 0; before < 7; before++) {
    for (size_t len = 6; len < 20; len++) {
      unsigned char bytes[64] = {0};
      char text[128] = "";
      size_t total = before + len + 4;
      for (size_t i = 0; i < total; i++) {
        bytes[i] = (unsigned char)(33 + (i * 37 + before * 11 + len) % 90);
      }
      char secret[32] = "";
      memcpy(secret, bytes + before, len);
      size_t at = 0;
      for (size_t i = 0; i + 2 < total; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16 | (unsigned)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6) {
          text[at++] = digits[group >> shift & 63];
        }
      }
      if (!holds(secret, text)) {
        fail_msg("%zu bytes at %zu are not found", len, before);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_secret_is_found_in_every_common_encoding),
      cmocka_unit_test(a_secret_beyond_ascii_is_found_in_json),
      cmocka_unit_test(what_is_like_it_is_not_it),
      cmocka_unit_test(a_secret_within_anything_in_base64_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
