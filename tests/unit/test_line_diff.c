#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/line_diff.h"

static void diff(const char *before, const char *after, struct snt_buf *out) {
  struct snt_err err = {0};
  snt_buf_reset(out);
  if (!snt_ok(snt_line_diff("old", snt_slice_of(before), "new", snt_slice_of(after), out, &err))) {
    fail_msg("%s", err.message);
  }
}

static void a_diff_is_what_diff_u_prints(void **state) {
  (void)state;
  static const struct {
    const char *before, *after, *told;
  } rows[] = {{"a\nb\n", "a\nb\n", ""},
              {"", "", ""},
              {"", "a\nb\n", "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
              {"a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n"},
              {"a\nb\nc\n", "a\nx\nc\n", "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
              {"a", "a\n", "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
              {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n",
               "--- old\n+++ new\n@@ -6,4 +6,3 @@\n 6\n 7\n 8\n-9\n"},
              /* six lines between two changes: one hunk; seven: two */
              {"x\n1\n2\n3\n4\n5\n6\nx\n", "y\n1\n2\n3\n4\n5\n6\ny\n",
               "--- old\n+++ new\n@@ -1,8 +1,8 @@\n-x\n+y\n 1\n 2\n 3\n 4\n 5\n 6\n-x\n+y\n"},
              {"x\n1\n2\n3\n4\n5\n6\n7\nx\n", "y\n1\n2\n3\n4\n5\n6\n7\ny\n",
               "--- old\n+++ new\n@@ -1,4 +1,4 @@\n-x\n+y\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-x\n+y\n"}};
  SNT_BUF_AUTO struct snt_buf out = {0};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    diff(rows[i].before, rows[i].after, &out);
    assert_string_equal(snt_buf_borrow(&out), rows[i].told);
  }
}

/* What the diff makes of before: lines are taken from it and from the diff, as patch does. */
static void apply(const char *before, const char *told, struct snt_buf *out) {
  size_t line = 1;
  snt_buf_reset(out);
  const char *at = strstr(told, "@@");
  while (at != NULL && *at != '\0') {
    size_t from = 0;
    size_t count = 1;
    int used = 0;
    assert_true(sscanf(at, "@@ -%zu%n,%zu", &from, &used, &count) >= 1);
    for (; line < (count == 0 ? from + 1 : from); line++) {
      size_t len = strcspn(before, "\n") + 1;
      assert_true(snt_ok(snt_buf_append(out, before, len, NULL)));
      before += len;
    }
    for (at = strchr(at, '\n') + 1; *at != '\0' && strncmp(at, "@@", 2) != 0; at = strchr(at, '\n') + 1) {
      size_t len = strcspn(at + 1, "\n") + 1;
      if (*at != '+') {
        assert_memory_equal(before, at + 1, len);
        before += len;
        line++;
      }
      if (*at != '-') {
        assert_true(snt_ok(snt_buf_append(out, at + 1, len, NULL)));
      }
    }
  }
  assert_true(snt_ok(snt_buf_append_str(out, before, NULL)));
}

static size_t count_lines(const char *told, char sign) {
  size_t count = 0;
  for (const char *at = strstr(told, "@@"); at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
    count += *at == sign && at[1] != '\0' ? 1 : 0;
  }
  return count;
}

/* The fewest edits between two texts of up to 40 lines, by the table of all prefixes. */
static size_t fewest(const char *a, const char *b) {
  size_t table[64][64] = {{0}};
  size_t n = strlen(a) / 2;
  size_t m = strlen(b) / 2;
  for (size_t i = 0; i <= n; i++) {
    for (size_t k = 0; k <= m; k++) {
      size_t best = i == 0                              ? k
                    : k == 0                            ? i
                    : table[i - 1][k] < table[i][k - 1] ? table[i - 1][k] + 1
                                                        : table[i][k - 1] + 1;
      bool is_common = i > 0 && k > 0 && a[2 * (i - 1)] == b[2 * (k - 1)];
      table[i][k] = is_common && table[i - 1][k - 1] < best ? table[i - 1][k - 1] : best;
    }
  }
  return table[n][m];
}

static void make_text(unsigned *seed, char out[static 81]) {
  size_t lines = 0;
  *seed = *seed * 1103515245u + 12345u;
  for (size_t n = *seed >> 16 & 31; lines < n; lines++) {
    *seed = *seed * 1103515245u + 12345u;
    out[2 * lines] = (char)('a' + (*seed >> 16) % 4);
    out[2 * lines + 1] = '\n';
  }
  out[2 * lines] = '\0';
}

static void a_diff_applied_to_the_old_text_gives_the_new_one_with_the_fewest_edits(void **state) {
  (void)state;
  unsigned seed = 7;
  SNT_BUF_AUTO struct snt_buf told = {0};
  SNT_BUF_AUTO struct snt_buf made = {0};
  for (int i = 0; i < 2000; i++) {
    char before[81];
    char after[81];
    make_text(&seed, before);
    make_text(&seed, after);
    diff(before, after, &told);
    apply(before, snt_buf_borrow(&told), &made);
    assert_string_equal(snt_buf_borrow(&made), after);
    size_t edits = count_lines(snt_buf_borrow(&told), '-') + count_lines(snt_buf_borrow(&told), '+');
    assert_int_equal(edits, fewest(before, after));
  }
}

static void texts_that_have_nothing_in_common_are_replaced_whole(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf before = {0};
  SNT_BUF_AUTO struct snt_buf after = {0};
  SNT_BUF_AUTO struct snt_buf told = {0};
  SNT_BUF_AUTO struct snt_buf made = {0};
  assert_true(snt_ok(snt_buf_append_str(&before, "first\n", NULL)));
  assert_true(snt_ok(snt_buf_append_str(&after, "first\n", NULL)));
  for (int i = 0; i < 3000; i++) {
    assert_true(snt_ok(snt_buf_appendf(&before, NULL, "old %d\n", i)));
    assert_true(snt_ok(snt_buf_appendf(&after, NULL, "new %d\n", i)));
  }
  diff(before.data, after.data, &told);
  assert_int_equal(count_lines(told.data, '-'), 3000);
  apply(before.data, told.data, &made);
  assert_string_equal(made.data, after.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_diff_is_what_diff_u_prints),
      cmocka_unit_test(a_diff_applied_to_the_old_text_gives_the_new_one_with_the_fewest_edits),
      cmocka_unit_test(texts_that_have_nothing_in_common_are_replaced_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
