#include "check.h"

#include <string.h>

#include "base/base64.h"

/* RFC 4648, section 10, and the two last digits. */
static const struct {
  const char *plain, *text;
} PAIRS[] = {{"", ""},
             {"f", "Zg=="},
             {"fo", "Zm8="},
             {"foo", "Zm9v"},
             {"foob", "Zm9vYg=="},
             {"fooba", "Zm9vYmE="},
             {"foobar", "Zm9vYmFy"},
             {"\xfb\xff\xfe", "+//+"}};

static void what_is_written_is_read(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++) {
    char text[16];
    char plain[16];
    size_t len = 0;
    snt_base64(PAIRS[i].plain, strlen(PAIRS[i].plain), text);
    assert_string_equal(text, PAIRS[i].text);
    assert_int_equal(strlen(text) + 1, SNT_BASE64_CAP(strlen(PAIRS[i].plain)));
    assert_true(snt_base64_parse(snt_slice_of(text), plain, strlen(PAIRS[i].plain), &len));
    assert_int_equal(len, strlen(PAIRS[i].plain));
    assert_memory_equal(plain, PAIRS[i].plain, len);
  }
}

static void what_is_written_otherwise_is_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"Z",          "Zg",    "Zg=",    "Zg===",    "Zm8",         "Zm9v=",    "=",
                                     "====",       "Z===",  "Zh==",   "Zn==",     "Zm9=",        "Zm8=Zm9v", "Zg==Zg==",
                                     "Zm9v ",      " Zm9v", "Zm9v\n", "Zm\n9v",   "-_-_",        "Zm9v====", "Zg=A",
                                     "Z\xc3\xa9=", "=Zm9",  "Zm9vYg", "Zm9vYmF=", "Zm9v\r\nYmFy"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char plain[16];
    size_t len = 0;
    if (snt_base64_parse(snt_slice_of(rows[i]), plain, sizeof plain, &len)) {
      fail_msg("\"%s\" was read", rows[i]);
    }
  }
  char plain[16];
  size_t len = 0;
  assert_false(snt_base64_parse((struct snt_slice){"Zm9vYmFy", 6}, plain, sizeof plain, &len)); /* what is behind it */
  assert_false(snt_base64_parse((struct snt_slice){"Zm\0v", 4}, plain, sizeof plain, &len));
  assert_false(snt_base64_parse(snt_slice_of("Zm9vYmFy"), plain, 5, &len));
  assert_false(snt_base64_parse(snt_slice_of("Zg=="), plain, 0, &len));
}

/* Of each text of four digits at most one spelling is read for each content. */
static void each_content_has_one_spelling(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    char text[5] = {'Z', (char)c, '=', '=', '\0'};
    char again[5];
    unsigned char plain[3];
    size_t len = 0;
    if (snt_base64_parse((struct snt_slice){text, 4}, plain, sizeof plain, &len)) {
      snt_base64(plain, len, again);
      assert_string_equal(again, text);
    }
  }
}

/* RFC 4648, section 5; RFC 7515, appendix C. */
static void the_form_of_urls_has_no_padding(void **state) {
  (void)state;
  static const struct {
    const char *text, *plain;
  } rows[] = {{"", ""}, {"Zg", "f"}, {"Zm8", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg", "foob"}, {"-__-", "\xfb\xff\xfe"}};
  static const char *const bad[] = {"Z",    "Zm9vY",  "Zg==",  "Zm8=", "Zh",      "Zm9",
                                    "+//+", "Zm9v\n", " Zm9v", "=",    "Zm\x39.v"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char plain[16], text[16];
    size_t len = 0;
    snt_base64url(rows[i].plain, strlen(rows[i].plain), text);
    assert_string_equal(text, rows[i].text);
    assert_true(snt_base64url_parse(snt_slice_of(rows[i].text), plain, strlen(rows[i].plain), &len));
    assert_int_equal(len, strlen(rows[i].plain));
    assert_memory_equal(plain, rows[i].plain, len);
    assert_true(len == 0 || !snt_base64url_parse(snt_slice_of(rows[i].text), plain, len - 1, &len));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char plain[16];
    size_t len = 0;
    if (snt_base64url_parse(snt_slice_of(bad[i]), plain, sizeof plain, &len)) {
      fail_msg("\"%s\" was read", bad[i]);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(what_is_written_otherwise_is_refused),
      cmocka_unit_test(each_content_has_one_spelling),
      cmocka_unit_test(the_form_of_urls_has_no_padding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
