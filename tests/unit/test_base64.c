#include "check.h"

#include <string.h>

#include "format/base64.h"

/* RFC 4648, section 10, and both ends of the alphabet. */
static const struct {
  const char *bytes, *text;
} PAIRS[] = {{"", ""},
             {"f", "Zg=="},
             {"fo", "Zm8="},
             {"foo", "Zm9v"},
             {"foob", "Zm9vYg=="},
             {"fooba", "Zm9vYmE="},
             {"foobar", "Zm9vYmFy"},
             {"\xfb\xff\xbf", "+/+/"},
             {"\xff\xff\xff", "////"}};

static bool decode(const char *text, uint8_t *out, size_t cap, size_t *len) {
  return snt_base64_decode((struct snt_slice){text, strlen(text)}, out, cap, len);
}

static void what_encode_would_not_write_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {
      "Z",     "Zg",       "Zg=",      "Zm9",  "Zm9v=",   "Zm9vYg",   "Zm9vYg=",  "=",      "==",
      "====",  "Z===",     "Zg==Zg==", "Zh==", "Zm9=",    "Zm8=Zm8",  "Zm8=Zm8=", "Zm9v\n", " Zm9v",
      "Zm 9v", "Zm9v Zm9", "Zm9-",     "Zm9_", "Zm9\x80", "Zm9vZ=g=", "Zm9v====", "Z-==",   "Zg==\n\n\n\n",
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint8_t out[64];
    size_t len = 7;
    if (decode(rows[i], out, sizeof out, &len) || len != 0) {
      fail_msg("\"%s\" was taken", rows[i]);
    }
  }
  uint8_t out[8];
  size_t len = 7;
  assert_false(snt_base64_decode((struct snt_slice){"Zm9\0", 4}, out, sizeof out, &len));
  for (size_t i = 1; i < 8; i++) { /* what follows is not looked at */
    assert_int_equal(snt_base64_decode((struct snt_slice){"Zm9vYmFy", i}, out, sizeof out, &len), i == 4);
  }
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  uint8_t out[8] = {[6] = 0xaa};
  size_t len = 7;
  assert_false(decode("Zm9vYmFy", out, 5, &len));
  assert_int_equal(len, 0);
  assert_true(decode("Zm9vYmFy", out, 6, &len));
  assert_int_equal(len, 6);
  assert_true(decode("Zm8=", out + 4, 2, &len));
  assert_int_equal(out[6], 0xaa);
  assert_false(decode("Zm8=", out, 1, &len));
}

static void both_ways_agree(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    uint8_t out[16];
    size_t len = 0;
    assert_ok(snt_base64_encode(PAIRS[i].bytes, strlen(PAIRS[i].bytes), &text, NULL));
    assert_string_equal(snt_buf_borrow(&text), PAIRS[i].text);
    assert_true(decode(PAIRS[i].text, out, sizeof out, &len));
    assert_int_equal(len, strlen(PAIRS[i].bytes));
    assert_memory_equal(out, PAIRS[i].bytes, len);
  }
}

static void a_text_is_appended(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_append_str(&text, "x:", NULL));
  assert_ok(snt_base64_encode("foo", 3, &text, NULL));
  assert_string_equal(text.data, "x:Zm9v");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_encode_would_not_write_is_refused),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(both_ways_agree),
      cmocka_unit_test(a_text_is_appended),
  };
  return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
