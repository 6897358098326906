#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/line.h"
#include "audit/log.h"
#include "audit/merkle.h"
#include "audit/verify.h"
#include "base/sha256.h"

enum { LINES = 5 };

static char folder[64];
static char path[128];
static struct snt_buf text;
static struct snt_slice lines[LINES]; /* with their newlines */

static int make_log(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/snt-verify-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/decisions.jsonl", folder);
  struct snt_log_head head = {.chain = "a1b2c3d4-0000-4000-8000-0123456789ab", .seq = 1};
  memcpy(head.prev, SNT_LOG_NO_PREV, sizeof head.prev);
  size_t starts[LINES + 1] = {0};
  for (int i = 0; i < LINES; i++) {
    char members[128];
    (void)snprintf(members, sizeof members, "\"time\":\"2026-01-19T02:47:3%d.000Z\",\"kind\":\"decision\",\"n\":\"%d\"",
                   i, i);
    if (!snt_ok(snt_log_line_format(&head, snt_slice_of(members), &text, NULL))) {
      return -1;
    }
    starts[i + 1] = text.len;
    snt_sha256_hex(text.data + starts[i], starts[i + 1] - starts[i] - 1, head.prev);
    head.seq++;
  }
  for (int i = 0; i < LINES; i++) {
    lines[i] = (struct snt_slice){text.data + starts[i], starts[i + 1] - starts[i]};
  }
  return 0;
}

static int remove_log(void **state) {
  (void)state;
  snt_buf_clear(&text);
  char command[128];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static void write_file(const char *file, const void *data, size_t len) {
  FILE *stream = fopen(file, "w");
  assert_non_null(stream);
  assert_int_equal(fwrite(data, 1, len, stream), len);
  assert_int_equal(fclose(stream), 0);
}

static struct snt_log_report verify(const void *data, size_t len) {
  write_file(path, data, len);
  struct snt_log_report report = {0};
  struct snt_err err = {0};
  snt_status status = snt_log_verify(path, &report, &err);
  if (!snt_ok(status)) {
    fail_msg("%s", err.message);
  }
  return report;
}

/* order is a text of line numbers, "1243"; other characters stand for themselves. */
static struct snt_log_report verify_order(const char *order) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  for (; *order != '\0'; order++) {
    int index = *order - '1';
    if (index >= 0 && index < LINES) {
      assert_ok(snt_buf_append(&file, lines[index].data, lines[index].len, NULL));
    } else {
      assert_ok(snt_buf_append_char(&file, *order, NULL));
    }
  }
  return verify(file.data, file.len);
}

static void what_is_no_log_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *content, *what;
  } rows[] = {
      {"", "holds no record"},
      {"torn", "holds no record"},
      {"\n", "line 1 is not JSON"},
      {"hello\nworld\n", "line 1 is not JSON"},
      {"{}\n", "line 1 is not a record"},
      {"[1]\n", "line 1 is not a record"},
      {"{\"v\":2,\"chain\":\"a1b2c3d4-0000-4000-8000-0123456789ab\",\"seq\":1}\n", "version 2"},
      {"{\"v\":1,\"chain\":\"x\",\"seq\":1,\"prev\":\"\"}\n", "no chain, seq or prev"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    write_file(path, rows[i].content, strlen(rows[i].content));
    struct snt_log_report report;
    struct snt_err err = {0};
    assert_code(snt_log_verify(path, &report, &err), SNT_CODE_NOT_A_LOG);
    if (strstr(err.message, rows[i].what) == NULL) {
      fail_msg("\"%s\" does not say \"%s\"", err.message, rows[i].what);
    }
    assert_false(report.is_ok);
  }
}

static void what_is_no_file_is_refused(void **state) {
  (void)state;
  char fifo[128];
  (void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
  assert_int_equal(mkfifo(fifo, 0600), 0);
  const char *const paths[] = {folder, fifo, "/dev/null", "/nowhere/decisions.jsonl", ""};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    struct snt_log_report report;
    struct snt_err err = {0};
    assert_code(snt_log_verify(paths[i], &report, &err), SNT_CODE_NOT_A_LOG);
    assert_false(report.is_ok);
  }
}

static void the_untouched_log_is_intact(void **state) {
  (void)state;
  struct snt_log_report report = verify_order("12345");
  assert_true(report.is_ok);
  assert_int_equal(report.records, LINES);
  assert_int_equal(report.first_bad, 0);
  assert_int_equal(report.last_seq, LINES);
  assert_string_equal(report.damage, "");
  assert_false(report.has_torn_tail);
}

static void each_kind_of_damage_is_told_with_its_place(void **state) {
  (void)state;
  static const struct {
    const char *order;
    int64_t first_bad;
    const char *what;
  } rows[] = {
      {"1245", 3, "missing"},
      {"2345", 1, "missing"},
      {"45", 1, "missing"},
      {"15", 2, "missing"},
      {"13245", 2, "reordered"},
      {"21345", 1, "reordered"},
      {"12354", 4, "reordered"},
      {"123345", 3, "duplicated"},
      {"1234512345", 1, "second time"},
      {"1231", 1, "second time"},
      {"12\n345", 3, "line 3 is not JSON"},
      {"12x\n345", 3, "line 3 is not JSON"},
      {"x\n12345", 1, "line 1 is not JSON"},
      {"12345{}\n", 6, "line 6 is not a record"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_log_report report = verify_order(rows[i].order);
    assert_false(report.is_ok);
    if (report.first_bad != rows[i].first_bad || strstr(report.damage, rows[i].what) == NULL) {
      fail_msg("%s: record %d: %s", rows[i].order, (int)report.first_bad, report.damage);
    }
  }
}

/* What a file alone can show: a log whose end was cut off is a shorter log, with another root. */
static void a_log_cut_at_a_line_is_intact_and_has_another_root(void **state) {
  (void)state;
  struct snt_log_report whole = verify_order("12345");
  struct snt_log_report cut = verify_order("1234");
  assert_true(cut.is_ok);
  assert_int_equal(cut.last_seq, 4);
  assert_string_not_equal(whole.root, cut.root);
}

static void a_torn_tail_is_a_note(void **state) {
  (void)state;
  struct snt_log_report whole = verify_order("1234");
  for (size_t torn = 1; torn < lines[4].len; torn++) {
    struct snt_log_report report = verify(text.data, text.len - lines[4].len + torn);
    assert_true(report.is_ok);
    assert_true(report.has_torn_tail);
    assert_int_equal(report.records, 4);
    assert_string_equal(report.root, whole.root);
  }
}

/* Replaces what in line index by with and expects the damage there. */
static void assert_edit(size_t index, const char *what, const char *with, int64_t first_bad, const char *damage) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  for (size_t i = 0; i < LINES; i++) {
    const char *at = i == index ? memmem(lines[i].data, lines[i].len, what, strlen(what)) : NULL;
    if (i == index) {
      assert_non_null(at);
      assert_ok(snt_buf_append(&file, lines[i].data, (size_t)(at - lines[i].data), NULL));
      assert_ok(snt_buf_append_str(&file, with, NULL));
      at += strlen(what);
      assert_ok(snt_buf_append(&file, at, lines[i].len - (size_t)(at - lines[i].data), NULL));
    } else {
      assert_ok(snt_buf_append(&file, lines[i].data, lines[i].len, NULL));
    }
  }
  struct snt_log_report report = verify(file.data, file.len);
  assert_false(report.is_ok);
  if (report.first_bad != first_bad || strstr(report.damage, damage) == NULL) {
    fail_msg("%s -> %s: record %d: %s", what, with, (int)report.first_bad, report.damage);
  }
}

static void an_edited_record_is_named(void **state) {
  (void)state;
  assert_edit(0, "\"n\":\"0\"", "\"n\":\"7\"", 1, "record 1 was changed");
  assert_edit(2, "\"n\":\"2\"", "\"n\":\"7\"", 3, "record 3 was changed");
  assert_edit(2, "\"n\":\"2\"", "\"n\":\"2\" ", 3, "record 3 was changed");
  assert_edit(3, "\"n\":\"3\"", "\"n\":\"7\"", 4, "one of them was changed");
  assert_edit(2, "\"prev\":\"", "\"prev\":\"0", 3, "no chain, seq or prev");
  assert_edit(2, "\"seq\":3", "\"seq\":9", 3, "seq 9 instead of 3");
  assert_edit(2, "\"chain\":\"a1", "\"chain\":\"b1", 3, "another chain");
  assert_edit(2, "\"v\":1", "\"v\":3", 3, "version 3");
  assert_edit(2, "\"n\":", "\"m\":1,\"m\":", 3, "not JSON");
  assert_edit(0, "\"prev\":\"0", "\"prev\":\"1", 1, "64 zeros");
}

static void a_line_with_NUL_or_over_64_KiB_is_damage(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf file = {0};
  assert_ok(snt_buf_append(&file, text.data, text.len, NULL));
  file.data[lines[0].len + 10] = '\0';
  struct snt_log_report report = verify(file.data, file.len);
  assert_int_equal(report.first_bad, 2);
  assert_string_equal(report.damage, "line 2 holds a NUL byte");

  snt_buf_reset(&file);
  assert_ok(snt_buf_append(&file, lines[0].data, lines[0].len, NULL));
  for (size_t i = 0; i < 700000; i++) {
    assert_ok(snt_buf_append_char(&file, 'a', NULL));
  }
  assert_ok(snt_buf_append_char(&file, '\n', NULL));
  assert_ok(snt_buf_append(&file, lines[1].data, lines[1].len, NULL));
  report = verify(file.data, file.len);
  assert_int_equal(report.first_bad, 2);
  assert_int_equal(report.records, 3);
  assert_string_equal(report.damage, "line 2 is longer than 64 KiB");
}

/* The promise of the chain, byte by byte: nothing but the last record can be changed unseen. */
static void every_flipped_byte_before_the_last_record_is_found(void **state) {
  (void)state;
  size_t last = text.len - lines[4].len;
  size_t unseen = 0;
  for (size_t i = 0; i < text.len; i++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      text.data[i] = (char)(text.data[i] ^ (1 << bit));
      struct snt_log_report report = verify(text.data, text.len);
      if (report.is_ok && i < last) {
        fail_msg("byte %zu, bit %u", i, bit);
      }
      if (report.is_ok) {
        /* Nothing behind the last record vouches for it; the report says which one that is. */
        assert_true(report.last_seq == LINES || report.has_torn_tail);
        unseen++;
      }
      text.data[i] = (char)(text.data[i] ^ (1 << bit));
    }
  }
  assert_true(unseen > 0);
}

static void a_closed_segment_holds_what_its_name_says(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool is_ok;
  } rows[] = {{"decisions.3-5.jsonl", true},   {"decisions.3-6.jsonl", false}, {"decisions.2-5.jsonl", false},
              {"decisions.03-5.jsonl", false}, {"decisions.jsonl", false},     {"other.3-5", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, rows[i].name);
    struct snt_log_report report = verify_order("345");
    if (report.is_ok != rows[i].is_ok) {
      fail_msg("%s: %s", rows[i].name, report.damage);
    }
    (void)unlink(path);
  }
}

/* Writes lines first to last under a name in the folder. */
static void write_part(const char *name, int first, int last) {
  char file[192];
  (void)snprintf(file, sizeof file, "%s/%s", folder, name);
  write_file(file, lines[first - 1].data, (size_t)(lines[last - 1].data + lines[last - 1].len - lines[first - 1].data));
}

static struct snt_log_report verify_path(void) {
  struct snt_log_report report = {0};
  struct snt_err err = {0};
  if (!snt_ok(snt_log_verify(path, &report, &err))) {
    fail_msg("%s", err.message);
  }
  return report;
}

static void a_log_is_verified_with_the_segments_that_it_goes_on_with(void **state) {
  (void)state;
  struct snt_log_report whole = verify(text.data, text.len);
  write_part("decisions.1-2.jsonl", 1, 2);
  write_part("decisions.3-4.jsonl", 3, 4);
  write_part("decisions.jsonl", 5, 5);
  struct snt_log_report report = verify_path();
  assert_true(report.is_ok);
  assert_int_equal(report.records, LINES);
  assert_int_equal(report.segments, 2);
  assert_string_equal(report.root, whole.root);
  write_file(path, "", 0); /* the next record goes on behind the newest */
  assert_int_equal(verify_path().records, LINES - 1);
  (void)unlink(path);
  assert_int_equal(verify_path().records, LINES - 1);
  write_file(path, text.data, text.len); /* a chain of its own: those beside it are of an older one */
  assert_int_equal(verify_path().segments, 0);
}

static void damage_of_a_segment_is_told_where_it_is(void **state) {
  (void)state;
  static const struct {
    const char *file;
    int first, last, line; /* what it holds; the line that is changed, 0: none */
    int64_t first_bad;
    const char *damage;
  } rows[] = {
      {"decisions.1-2.jsonl", 1, 2, 1, 1,
       "decisions.1-2.jsonl: record 1 was changed: prev of record 2 is not its hash"},
      {"decisions.1-2.jsonl", 1, 2, 2, 2,
       "decisions.1-2.jsonl: record 2 was changed: prev of record 3 is not its hash"},
      {"decisions.3-4.jsonl", 3, 4, 4, 4,
       "decisions.3-4.jsonl: prev of record 5 is not the hash of record 4: one of them was changed"},
      {"decisions.3-4.jsonl", 3, 3, 0, 4,
       "decisions.3-4.jsonl: records are missing: the segment ends with record 3, and its name says 4"},
      {"decisions.1-2.jsonl", 2, 2, 0, 1,
       "decisions.1-2.jsonl: records are missing: the log begins with record 2, and no closed segment ends before it"},
      {"decisions.jsonl", 3, 5, 0, 3, "a record 3 stands a second time, in line 1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    write_part("decisions.1-2.jsonl", 1, 2);
    write_part("decisions.3-4.jsonl", 3, 4);
    write_part("decisions.jsonl", 5, 5);
    char *n = rows[i].line == 0 ? NULL : strstr((char *)(uintptr_t)lines[rows[i].line - 1].data, "\"n\":\"");
    char kept = n == NULL ? '\0' : n[5];
    if (n != NULL) {
      n[5] = 'x';
    }
    write_part(rows[i].file, rows[i].first, rows[i].last);
    struct snt_log_report report = verify_path();
    if (report.is_ok || report.first_bad != rows[i].first_bad || strcmp(report.damage, rows[i].damage) != 0) {
      fail_msg("row %zu: %lld: %s", i, (long long)report.first_bad, report.damage);
    }
    if (n != NULL) {
      n[5] = kept;
    }
  }
}

static void segments_that_are_missing_are_missed(void **state) {
  (void)state;
  char other[192];
  (void)snprintf(other, sizeof other, "%s/decisions.1-2.jsonl", folder);
  write_part("decisions.3-4.jsonl", 3, 4);
  write_part("decisions.jsonl", 5, 5);
  assert_string_equal(
      verify_path().damage,
      "decisions.3-4.jsonl: records are missing: the log begins with record 3, and no closed segment ends before it");
  (void)unlink(path);
  (void)snprintf(path, sizeof path, "%s/decisions.3-4.jsonl", folder);
  struct snt_log_report report = verify_path(); /* alone */
  assert_true(report.is_ok);
  assert_int_equal(report.unseen, 2);
  write_part("decisions.1-2.jsonl", 1, 2);
  SNT_BUF_AUTO struct snt_buf torn = {0};
  assert_ok(snt_buf_append(&torn, lines[0].data, lines[0].len + lines[1].len, NULL));
  assert_ok(snt_buf_append_str(&torn, "{", NULL));
  write_file(other, torn.data, torn.len);
  (void)snprintf(path, sizeof path, "%s/decisions.jsonl", folder);
  assert_string_equal(verify_path().damage,
                      "decisions.1-2.jsonl: something stands behind record 2, the last of a closed segment");
  assert_false(verify_path().has_torn_tail);
}

static void the_root_is_that_of_RFC_6962(void **state) {
  (void)state;
  /* The leaves of the reference tests of Certificate Transparency, and the roots of the first n of them. */
  static const struct {
    const char *leaf;
    size_t len;
    const char *root;
  } rows[] = {
      {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
      {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
      {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
      {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
      {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
      {"\x50\x51\x52\x53\x54\x55\x56\x57", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
      {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
  };
  struct snt_merkle tree = {0};
  char root[SNT_SHA256_HEX_CAP];
  snt_merkle_root(&tree, root);
  assert_string_equal(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint8_t leaf[32];
    memcpy(leaf + 1, rows[i].leaf, rows[i].len);
    snt_merkle_add(&tree, leaf, rows[i].len);
    snt_merkle_root(&tree, root);
    assert_string_equal(root, rows[i].root);
  }
}

static snt_status count_line(void *context, const char *line, size_t len, struct snt_err *err) {
  (void)err;
  size_t *count = context;
  assert_memory_equal(line, lines[*count].data, len);
  assert_int_equal(len + 1, lines[*count].len);
  *count += 1;
  return snt_done();
}

static void a_walk_visits_whole_lines_only(void **state) {
  (void)state;
  write_file(path, text.data, text.len - 1);
  size_t count = 0;
  assert_ok(snt_log_walk(path, count_line, &count, NULL));
  assert_int_equal(count, LINES - 1);
  write_part("decisions.1-3.jsonl", 1, 3);
  write_part("decisions.jsonl", 4, 5);
  count = 0;
  assert_ok(snt_log_walk(path, count_line, &count, NULL));
  assert_int_equal(count, LINES);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_log, remove_log)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(what_is_no_log_is_refused),
      CASE(what_is_no_file_is_refused),
      CASE(the_untouched_log_is_intact),
      CASE(each_kind_of_damage_is_told_with_its_place),
      CASE(a_log_cut_at_a_line_is_intact_and_has_another_root),
      CASE(a_torn_tail_is_a_note),
      CASE(an_edited_record_is_named),
      CASE(a_line_with_NUL_or_over_64_KiB_is_damage),
      CASE(every_flipped_byte_before_the_last_record_is_found),
      CASE(a_closed_segment_holds_what_its_name_says),
      CASE(a_log_is_verified_with_the_segments_that_it_goes_on_with),
      CASE(damage_of_a_segment_is_told_where_it_is),
      CASE(segments_that_are_missing_are_missed),
      CASE(the_root_is_that_of_RFC_6962),
      CASE(a_walk_visits_whole_lines_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
