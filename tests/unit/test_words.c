#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/words.h"

/* The words, each in brackets. */
static void assert_words(const char *line, const char *wanted) {
  SNT_WORDS_AUTO struct snt_words words = {0};
  char text[256] = "";
  assert_ok(snt_words_split(line, &words, NULL));
  for (size_t i = 0; i < words.count; i++) {
    size_t len = strlen(text);
    (void)snprintf(text + len, sizeof text - len, "[%s]", words.list[i]);
  }
  assert_null(words.list[words.count]);
  assert_string_equal(text, wanted);
}

static void lines_without_an_end_are_refused(void **state) {
  (void)state;
  static const char *const lines[] = {"", " \t\r\n", "a 'b", "a \"b", "'", "\"", "a\\", "\\", "\"a\\\"", "'a' \"b'"};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    struct snt_words words = {.count = 7};
    struct snt_err err = {0};
    assert_code(snt_words_split(lines[i], &words, &err), SNT_CODE_SYNTAX);
    assert_null(words.list);
    assert_null(words.text);
    assert_int_equal(words.count, 0);
    assert_true(err.message[0] != '\0');
  }
}

static void words_are_what_quotes_make_them(void **state) {
  (void)state;
  static const struct {
    const char *line, *words;
  } rows[] = {
      {"a", "[a]"},
      {"  a\tb\r\nc  ", "[a][b][c]"},
      {"''", "[]"},
      {"\"\" a ''", "[][a][]"},
      {"a'b c'd", "[ab cd]"},
      {"'a\"b' \"a'b\"", "[a\"b][a'b]"},
      {"'a\\'", "[a\\]"},
      {"'a\\\\b\\\"c'", "[a\\\\b\\\"c]"},
      {"\"a\\\"b\\\\c\\$d\\e\"", "[a\"b\\c\\$d\\e]"},
      {"a\\ b \\\\ \\' \\n", "[a b][\\]['][n]"},
      {"a#b # $HOME ~ * ; |", "[a#b][#][$HOME][~][*][;][|]"},
      {"a b c d e f g", "[a][b][c][d][e][f][g]"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_words(rows[i].line, rows[i].words);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_without_an_end_are_refused),
      cmocka_unit_test(words_are_what_quotes_make_them),
  };
  return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
