/* Values as text and names as other keepers take them: both come back as they were. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "keychain/entry_text.h"

static const struct snt_entry_spelling SPELLING = {.mark = '~', .plain = "abc0123456789.@-"};

static void text_stays_and_bytes_become_base64(void **state) {
  (void)state;
  static const struct {
    const char *value;
    size_t len;
    const char *wanted;
  } rows[] = {
      {"{\"a\": \"b\\\\\"}", 12, "{\"a\": \"b\\\\\"}"},
      {"caf\xc3\xa9", 5, "caf\xc3\xa9"},
      {"x", 1, "x"},
      {"a\nb", 3, "base64:YQpi"},
      {"a\n", 2, "base64:YQo="},
      {"\0", 1, "base64:AA=="},
      {"\xff", 1, "base64:/w=="},
      {" a", 2, "base64:IGE="},
      {"a ", 2, "base64:YSA="},
      {"base64:YQ==", 11, "base64:YmFzZTY0OllRPT0="},
      {"base64", 6, "base64"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    SNT_SECRET_AUTO struct snt_secret *text = NULL;
    SNT_SECRET_AUTO struct snt_secret *back = NULL;
    assert_ok(snt_secret_new_from(rows[i].value, rows[i].len, &value, NULL));
    assert_ok(snt_entry_text_format(value, &text, NULL));
    assert_string_equal(snt_secret_borrow(text), rows[i].wanted);
    assert_true(snt_secret_len(text) <= SNT_ENTRY_TEXT_CAP(rows[i].len));
    assert_ok(snt_entry_text_parse(snt_slice_of(rows[i].wanted), &back, NULL));
    assert_true(snt_secret_is_equal(value, back));
  }
}

static void the_largest_value_comes_back(void **state) {
  (void)state;
  enum { LEN = 64 * 1024 };
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  assert_ok(snt_secret_new(LEN, &value, NULL));
  memset(snt_secret_borrow_writable(value), 0x9f, LEN);
  snt_secret_set_len(value, LEN);
  assert_ok(snt_entry_text_format(value, &text, NULL));
  assert_true(snt_secret_len(text) <= SNT_ENTRY_TEXT_CAP(LEN));
  assert_ok(snt_entry_text_parse((struct snt_slice){snt_secret_borrow(text), snt_secret_len(text)}, &back, NULL));
  assert_true(snt_secret_is_equal(value, back));
}

static void what_people_write_is_read_and_nonsense_is_not(void **state) {
  (void)state;
  static const char *const good[][2] = {{"a\n", "a"}, {"a\n\n", "a\n"}, {"a\nb\n", "a\nb"}, {"base64:YQ==\n", "a"}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_ok(snt_entry_text_parse(snt_slice_of(good[i][0]), &value, NULL));
    assert_string_equal(snt_secret_borrow(value), good[i][1]);
  }
  static const char *const bad[] = {"", "\n", "base64:", "base64:YQ", "base64:YQ==\n\n", "base64:!"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_code(snt_entry_text_parse(snt_slice_of(bad[i]), &value, NULL), SNT_CODE_SYNTAX);
    assert_null(value);
  }
}

static void names_are_spelled_and_read_back(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"a", "a"},   {"A", "~41"},   {"a.b", "a.b"},         {".a", "~2ea"},       {"..", "~2e."}, {"a/b", "a~2fb"},
      {"~", "~7e"}, {"c@a", "c@a"}, {"\xc3\xa9", "~c3~a9"}, {"a b%", "a~20b~25"}, {"-", "-"},     {"/", "~2f"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_BUF_AUTO struct snt_buf name = {0};
    bool is_name = false;
    assert_ok(snt_entry_name_format(&SPELLING, rows[i][0], &text, NULL));
    assert_string_equal(text.data, rows[i][1]);
    assert_ok(snt_entry_name_parse(&SPELLING, text.data, &name, &is_name, NULL));
    assert_true(is_name);
    assert_string_equal(name.data, rows[i][0]);
  }
}

static void what_is_spelled_otherwise_is_no_name(void **state) {
  (void)state;
  static const char *const rows[] = {"", "A", "~", "~4", "~4x", "~61", "~2F", "~00", ".a", "a/b", "a~", "a b"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf name = {0};
    bool is_name = true;
    assert_ok(snt_entry_name_parse(&SPELLING, rows[i], &name, &is_name, NULL));
    assert_false(is_name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_stays_and_bytes_become_base64),
      cmocka_unit_test(the_largest_value_comes_back),
      cmocka_unit_test(what_people_write_is_read_and_nonsense_is_not),
      cmocka_unit_test(names_are_spelled_and_read_back),
      cmocka_unit_test(what_is_spelled_otherwise_is_no_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
