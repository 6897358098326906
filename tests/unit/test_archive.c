#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/archive.h"

static struct snt_slice slice_of(const struct snt_buf *buf) { return (struct snt_slice){buf->data, buf->len}; }

static void what_is_written_is_read(void **state) {
  (void)state;
  static const char *const names[] = {"a", "a.lua", "a/b c.lua", "b\xc3\xa4.txt"};
  static const char *const contents[] = {"", "\n", "1\n2\n", "no end"};
  SNT_BUF_AUTO struct snt_buf text = {0};
  for (size_t i = 0; i < 4; i++) {
    assert_ok(snt_archive_add(&text, names[i], snt_slice_of(contents[i]), NULL));
  }
  assert_string_equal(text.data, "a\n0\n\na.lua\n1\n\n\na/b c.lua\n4\n1\n2\n\nb\xc3\xa4.txt\n6\nno end\n");
  assert_null(snt_archive_check(slice_of(&text)));
  struct snt_archive archive = snt_archive_of(slice_of(&text));
  for (size_t i = 0; i < 4; i++) {
    assert_true(snt_archive_next(&archive));
    assert_string_equal(archive.file.name, names[i]);
    assert_true(snt_slice_is(archive.file.content, contents[i]));
  }
  assert_false(snt_archive_next(&archive));
  assert_null(archive.damage);
  for (size_t len = 1; len < text.len; len++) { /* cut off anywhere but between two files */
    bool is_between = false;
    struct snt_archive cut = snt_archive_of((struct snt_slice){text.data, len});
    while (snt_archive_next(&cut)) {
      is_between = is_between || cut.rest.len == 0;
    }
    assert_true(is_between == (cut.damage == NULL));
  }
}

static void names_lie_below_the_folder(void **state) {
  (void)state;
  static const char *const good[] = {"a", "policy.lua", "rules/a.lua", "a b", "a..b", "a/b..", "\xc3\xa4"};
  static const char *const bad[] = {"",  "/",    "/a",  "a/",  "a//b", "..",   "../x",  "a/../b",      ".a",
                                    ".", "a/.b", "a/.", "a\n", "\t",   "\x7f", "a\xff", "\xe2\x80\xaa"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_true(snt_archive_check_name(good[i]));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    if (snt_archive_check_name(bad[i])) {
      fail_msg("\"%s\" is a name", bad[i]);
    }
    assert_code(snt_archive_add(&text, bad[i], snt_slice_of(""), NULL), SNT_CODE_POLICY_INVALID);
    assert_int_equal(text.len, 0);
    assert_ok(snt_buf_appendf(&text, NULL, "%s\n0\n\n", bad[i]));
    assert_non_null(snt_archive_check(slice_of(&text)));
  }
  char name[SNT_ARCHIVE_NAME_MAX + 2] = {0};
  memset(name, 'a', SNT_ARCHIVE_NAME_MAX);
  assert_true(snt_archive_check_name(name));
  name[SNT_ARCHIVE_NAME_MAX] = 'a';
  assert_false(snt_archive_check_name(name));
}

static void nothing_else_is_an_archive(void **state) {
  (void)state;
  static const struct {
    const char *text, *damage;
  } rows[] = {
      {"", "it has no file"},
      {"a", "a name is cut off"},
      {"a\n", "a size is not a number"},
      {"a\n1", "a size is not a number"},
      {"a\n\nx\n", "a size is not a number"},
      {"a\n01\nx\n", "a size is not a number"},
      {"a\n00\n\n", "a size is not a number"},
      {"a\n-1\nx\n", "a size is not a number"},
      {"a\n+1\nx\n", "a size is not a number"},
      {"a\n 1\nx\n", "a size is not a number"},
      {"a\n1 \nx\n", "a size is not a number"},
      {"a\n12345678\nx\n", "a size is not a number"},
      {"a\n524289\nx\n", "larger than 512 KiB"},
      {"a\n9999999\nx\n", "larger than 512 KiB"},
      {"a\n1\nx", "shorter or longer"},
      {"a\n2\nx\n", "shorter or longer"},
      {"a\n0\nx\n", "shorter or longer"},
      {"a\n1\nxy\n", "shorter or longer"},
      {"a\n1\nx\n\n", "does not lie below"},
      {"a\n1\nx\nb\n1\nx\n\n", "does not lie below"},
      {"b\n1\nx\na\n1\nx\n", "not in order"},
      {"a\n1\nx\na\n1\nx\n", "not in order"},
      {"a/b\n1\nx\na.b\n1\nx\n", "not in order"},
      {"a\n1\nx\nb", "a name is cut off"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *damage = snt_archive_check(snt_slice_of(rows[i].text));
    if (damage == NULL || strstr(damage, rows[i].damage) == NULL) {
      fail_msg("\"%s\": %s", rows[i].text, damage == NULL ? "it is good" : damage);
    }
  }
  struct snt_archive cut = snt_archive_of((struct snt_slice){"a\n1\nx\n", 5});
  assert_false(snt_archive_next(&cut));
  static const char nul[] = "a\0b\n1\nx\n";
  assert_non_null(snt_archive_check((struct snt_slice){nul, sizeof nul - 1}));
}

static void an_archive_has_256_files_and_2_mib_at_most(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf text = {0};
  char name[32];
  for (int i = 0; i < 256; i++) {
    (void)snprintf(name, sizeof name, "%03d", i);
    assert_ok(snt_archive_add(&text, name, snt_slice_of("x"), NULL));
  }
  assert_null(snt_archive_check(slice_of(&text)));
  assert_ok(snt_archive_add(&text, "999", snt_slice_of("x"), NULL));
  assert_string_equal(snt_archive_check(slice_of(&text)), "it has more than 256 files");
  snt_buf_reset(&text);
  SNT_FREE_AUTO char *large = calloc(1, SNT_ARCHIVE_FILE_CAP + 1);
  assert_non_null(large);
  for (int i = 0; i < 4; i++) {
    (void)snprintf(name, sizeof name, "%d", i);
    assert_ok(snt_archive_add(&text, name, (struct snt_slice){large, SNT_ARCHIVE_FILE_CAP}, NULL));
  }
  assert_null(snt_archive_check(slice_of(&text)));
  assert_true(text.len <= SNT_ARCHIVE_CAP);
  assert_code(snt_archive_add(&text, "4", (struct snt_slice){large, SNT_ARCHIVE_FILE_CAP + 1}, NULL),
              SNT_CODE_POLICY_INVALID);
  assert_ok(snt_archive_add(&text, "4", snt_slice_of("x"), NULL));
  assert_non_null(strstr(snt_archive_check(slice_of(&text)), "all files than 2 MiB"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(names_lie_below_the_folder),
      cmocka_unit_test(nothing_else_is_an_archive),
      cmocka_unit_test(an_archive_has_256_files_and_2_mib_at_most),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
