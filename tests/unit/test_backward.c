/* A log is read from its end as it stands, all of it and nothing twice, and never ends before its beginning in silence.
 */
#include "fail_alloc.h"
#include "log_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "audit/backward.h"
#include "audit/log.h"
#include "audit/segments.h"

static char folder[64];
static char path[128];
static struct log_fixture fixture;

static int begin(void **state) {
  (void)state;
  log_fixture_begin(&fixture);
  return log_fixture_make_folder(folder, path);
}

static int end(void **state) {
  (void)state;
  log_fixture_end(&fixture);
  return log_fixture_remove_folder(folder);
}

/* Another chain. */
static void begin_again(void) {
  log_fixture_end(&fixture);
  log_fixture_begin(&fixture);
}

static const char *path_of(const char *name) {
  static char out[192];
  (void)snprintf(out, sizeof out, "%s/%s", folder, name);
  return out;
}

/* A record with so many bytes of filling. */
static void add_record(size_t filling) {
  static char members[SNT_LOG_LINE_CAP];
  int used = snprintf(members, sizeof members, "\"time\":\"2026-01-19T02:47:33.000Z\",\"kind\":\"x\",\"n\":\"");
  memset(members + used, 'n', filling);
  members[(size_t)used + filling] = '"';
  members[(size_t)used + filling + 1] = '\0';
  log_fixture_add(&fixture, members);
}

static void add_records(int count) {
  for (int i = 0; i < count; i++) {
    add_record(10);
  }
}

/* One of 64 KiB, without its newline. */
static void add_longest(void) {
  size_t start = fixture.lines.len;
  const struct snt_log_head head = fixture.head;
  add_record(0);
  size_t len = fixture.lines.len - start - 1;
  fixture.lines.len = start;
  fixture.head = head;
  add_record(SNT_LOG_LINE_CAP - len);
  assert_int_equal(fixture.lines.len - start - 1, SNT_LOG_LINE_CAP);
}

/* Closes what was added since the last time. */
static void close_as(const char *name) { log_fixture_write(&fixture, path_of(name), ""); }

/* Three segments of two records, and a log of two: 1-2, 3-4, 5-6, and 7 and 8. */
static void write_four(void) {
  add_records(2);
  close_as("decisions.1-2.jsonl");
  add_records(2);
  close_as("decisions.3-4.jsonl");
  add_records(2);
  close_as("decisions.5-6.jsonl");
  add_records(2);
  close_as("decisions.jsonl");
}

/* What the reader from the front tells: the oracle. */
static void read_forward(struct snt_buf *out) {
  SNT_LOG_SEGMENTS_AUTO struct snt_log_segments segments = {.last = {.fd = -1}, .segment = {.fd = -1}};
  enum snt_log_piece piece = SNT_LOG_PIECE_LINE;
  assert_ok(snt_log_segments_open(path, &segments, NULL));
  while (piece != SNT_LOG_PIECE_END) {
    char *line = NULL;
    size_t len = 0;
    assert_ok(snt_log_segments_next(&segments, &piece, &line, &len, NULL));
    if (piece == SNT_LOG_PIECE_LINE) {
      assert_ok(snt_buf_append(out, line, len, NULL));
      assert_ok(snt_buf_append_str(out, "\n", NULL));
    }
  }
}

/* Holds every line that comes against the end of wanted, which gets shorter; returns how many there are. */
static size_t assert_backward(struct snt_buf *wanted, int64_t *read_bytes) {
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  size_t count = 0;
  assert_ok(snt_log_backward_open(path, &backward, NULL));
  for (;; count++) {
    const char *line = NULL;
    size_t len = 0;
    assert_ok(snt_log_backward_next(&backward, &line, &len, NULL));
    if (line == NULL) {
      break;
    }
    assert_true(len < wanted->len && line[len] == '\n');
    wanted->len -= len + 1;
    assert_memory_equal(line, wanted->data + wanted->len, len + 1);
  }
  assert_int_equal(wanted->len, 0);
  *read_bytes = backward.read_bytes;
  return count;
}

static void assert_same_lines(size_t count) {
  SNT_BUF_AUTO struct snt_buf wanted = {0};
  int64_t read_bytes = 0;
  read_forward(&wanted);
  assert_int_equal(assert_backward(&wanted, &read_bytes), count);
}

static void every_line_comes_from_the_last_to_the_first(void **state) {
  (void)state;
  enum { LINES = 3000 };
  SNT_BUF_AUTO struct snt_buf wanted = {0};
  int64_t read_bytes = 0;
  uint32_t random = 1;
  for (size_t i = 0; i < LINES; i++) {
    random = random * 1664525 + 1013904223;
    bool is_long = random % 50 == 0;
    add_record((random >> 8) % (is_long ? SNT_LOG_LINE_CAP - 300 : 700));
  }
  struct stat st;
  close_as("decisions.jsonl");
  assert_int_equal(stat(path, &st), 0);
  assert_true(st.st_size > 1024 * 1024);
  read_forward(&wanted);
  assert_int_equal(assert_backward(&wanted, &read_bytes), LINES);
  assert_int_equal(read_bytes, st.st_size);
}

/* The longest line there is, and lines behind it of len bytes in all, a few more each time. */
static void try_borders(size_t len) {
  begin_again();
  add_records(100);
  add_longest();
  for (size_t start = fixture.lines.len; fixture.lines.len - start < len - 472;) {
    add_record(10);
  }
  size_t count = (size_t)fixture.head.seq;
  SNT_BUF_AUTO struct snt_buf before = fixture.lines;
  const struct snt_log_head head = fixture.head;
  fixture.lines = (struct snt_buf){0};
  for (size_t i = 0; i < 260; i++) {
    assert_ok(snt_buf_append(&fixture.lines, before.data, before.len, NULL));
    fixture.head = head;
    add_record(i);
    close_as("decisions.jsonl");
    assert_same_lines(count);
  }
  snt_buf_clear(&fixture.lines);
}

/* The longest line ends, and begins, on every byte around the border of a block. */
static void borders_of_blocks_cut_no_line(void **state) {
  (void)state;
  for (size_t i = 0; i < 40; i++) {
    add_record(SNT_LOG_LINE_CAP - 300 + 2 * i);
    add_records((int)i % 3);
  }
  close_as("decisions.jsonl");
  assert_same_lines(40 + 39);
  snt_buf_clear(&fixture.lines);
  try_borders(SNT_LOG_LINE_CAP);
  try_borders(2 * SNT_LOG_LINE_CAP);
}

static void many_lines_come_at_once_in_their_order(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf wanted = {0};
  for (int i = 0; i < 3; i++) {
    char name[64];
    int64_t first = fixture.head.seq;
    add_records(2000);
    (void)snprintf(name, sizeof name, "decisions.%d-%d.jsonl", (int)first, (int)fixture.head.seq - 1);
    close_as(i == 2 ? "decisions.jsonl" : name);
  }
  read_forward(&wanted);
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  assert_ok(snt_log_backward_open(path, &backward, NULL));
  size_t blocks = 0;
  for (size_t len = 1; len > 0; blocks++) {
    const char *lines = NULL;
    assert_ok(snt_log_backward_next_lines(&backward, &lines, &len, NULL));
    assert_true(len <= wanted.len);
    wanted.len -= len;
    assert_memory_equal(lines, wanted.data + wanted.len, len);
  }
  assert_int_equal(wanted.len, 0);
  assert_true(blocks > 6);
}

static void it_goes_on_through_closed_segments(void **state) {
  (void)state;
  write_four();
  assert_same_lines(8);
  assert_int_equal(truncate(path, 0), 0);
  assert_same_lines(6);
  assert_int_equal(unlink(path), 0);
  assert_same_lines(6);
}

static void assert_first_seq(const char *wanted) {
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  const char *line = NULL;
  size_t len = 0;
  assert_ok(snt_log_backward_open(path, &backward, NULL));
  assert_ok(snt_log_backward_next(&backward, &line, &len, NULL));
  assert_non_null(line);
  assert_non_null(memmem(line, len, wanted, strlen(wanted)));
}

static void a_torn_line_is_passed_over(void **state) {
  (void)state;
  add_records(2);
  close_as("decisions.1-2.jsonl");
  log_fixture_write(&fixture, path, "{\"v\":1,\"chain\":\"a1b2"); /* and nothing else */
  assert_first_seq("\"seq\":2,");
  add_records(1);
  log_fixture_write(&fixture, path, "{\"v\":1,\"chain\":\"a1b2");
  assert_first_seq("\"seq\":3,");
  assert_same_lines(3);
}

/* As an append cuts it off, between two looks at the file. */
static void a_torn_line_may_be_cut_off_meanwhile(void **state) {
  (void)state;
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  const char *line = NULL;
  size_t len = 0;
  add_records(2000);
  off_t size = (off_t)fixture.lines.len;
  log_fixture_write(&fixture, path, "{\"v\":1");
  assert_ok(snt_log_backward_open(path, &backward, NULL));
  assert_int_equal(truncate(path, size), 0);
  assert_ok(snt_log_backward_next(&backward, &line, &len, NULL));
  assert_non_null(memmem(line, len, "\"seq\":2000,", 11));
  /* What was whole is never cut off. */
  assert_int_equal(truncate(path, 100), 0);
  struct snt_err err = {0};
  snt_status status = snt_done();
  while (snt_ok(status) && line != NULL) {
    status = snt_log_backward_next(&backward, &line, &len, &err);
  }
  assert_code(status, SNT_CODE_IO);
  assert_non_null(strstr(err.message, "it became shorter"));
}

static void no_more_is_read_than_is_asked_for(void **state) {
  (void)state;
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  const char *line = NULL;
  size_t len = 0;
  write_four();
  assert_int_equal(unlink(path_of("decisions.5-6.jsonl")), 0);
  assert_ok(snt_log_backward_open(path, &backward, NULL));
  assert_ok(snt_log_backward_next(&backward, &line, &len, NULL));
  assert_ok(snt_log_backward_next(&backward, &line, &len, NULL));
  assert_non_null(memmem(line, len, "\"seq\":7,", 8));
  begin_again();
  add_records(20000);
  close_as("other.jsonl");
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward other = {.fd = -1};
  assert_ok(snt_log_backward_open(path_of("other.jsonl"), &other, NULL));
  assert_ok(snt_log_backward_next(&other, &line, &len, NULL));
  assert_int_equal(other.read_bytes, 64 * 1024);
}

/* Reads back until it ends, or fails: with text in the message. */
static void assert_fails(const char *text) {
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  struct snt_err err = {0};
  const char *line = "";
  size_t len = 0;
  snt_status status = snt_log_backward_open(path, &backward, &err);
  while (snt_ok(status) && line != NULL) {
    status = snt_log_backward_next(&backward, &line, &len, &err);
  }
  assert_code(status, SNT_CODE_NOT_A_LOG);
  if (strstr(err.message, text) == NULL) {
    fail_msg("%s", err.message);
  }
  /* Whoever asks again gets no better answer. */
  assert_false(backward.is_there && snt_ok(snt_log_backward_next(&backward, &line, &len, NULL)));
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...) {
  char command[512];
  int used = snprintf(command, sizeof command, "cd %s && ", folder);
  va_list args;
  va_start(args, format);
  (void)vsnprintf(command + used, sizeof command - (size_t)used, format, args);
  va_end(args);
  assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): fixed text */
}

static void what_is_missing_or_is_another_is_a_failure(void **state) {
  (void)state;
  static const struct {
    const char *change, *message;
  } rows[] = {
      {"rm decisions.5-6.jsonl", "decisions.jsonl begins with record 7, and no closed segment ends before it"},
      {"rm decisions.3-4.jsonl", "decisions.5-6.jsonl begins with record 5, and no closed segment"},
      {"rm decisions.1-2.jsonl", "decisions.3-4.jsonl begins with record 3, and no closed segment"},
      {"sed -i s/nnn/nnm/ decisions.5-6.jsonl", "decisions.5-6.jsonl does not end with record 6, as its name"},
      {"sed -i '$d' decisions.3-4.jsonl", "decisions.3-4.jsonl does not end with record 4"},
      {"truncate -s 0 decisions.3-4.jsonl", "decisions.3-4.jsonl does not end with record 4"},
      {"truncate -s -1 decisions.3-4.jsonl", "decisions.3-4.jsonl does not end with record 4"},
      {"printf '{' >> decisions.3-4.jsonl", "decisions.3-4.jsonl does not end with record 4"},
      {"sed -i 1d decisions.3-4.jsonl", "decisions.3-4.jsonl: its first line is not record 3"},
      {"mv decisions.3-4.jsonl decisions.2-4.jsonl", "decisions.2-4.jsonl: its first line is not record 2"},
      {"sed -i '1s/.*/hello/' decisions.3-4.jsonl", "decisions.3-4.jsonl: its first line is not JSON"},
      {"sed -i '1s/.*/hello/' decisions.jsonl", "decisions.jsonl: its first line is not JSON"},
      {"sed -i '1s/\"prev\":\"0/\"prev\":\"1/' decisions.1-2.jsonl", "first line is record 1, and its prev is not"},
      {"rm decisions.5-6.jsonl; mkfifo decisions.5-6.jsonl", "decisions.5-6.jsonl is not a regular file"},
      {"rm decisions.5-6.jsonl; mkdir decisions.5-6.jsonl", "decisions.5-6.jsonl is not a regular file"},
      {"rm decisions.5-6.jsonl; ln -s nowhere decisions.5-6.jsonl", "there is no decision log"},
      {"rm decisions.jsonl; mkfifo decisions.jsonl", "decisions.jsonl is not a regular file"},
      {"rm decisions.jsonl; sed -i '$d' decisions.5-6.jsonl", "decisions.5-6.jsonl does not end with record 6"},
      {"truncate -s 0 decisions.jsonl; rm decisions.3-4.jsonl", "decisions.5-6.jsonl begins with record 5"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    run("rm -rf decisions*");
    begin_again();
    write_four();
    run("%s", rows[i].change);
    assert_fails(rows[i].message);
  }
}

static void a_line_over_the_cap_is_a_failure(void **state) {
  (void)state;
  for (size_t i = 0; i < 4; i++) { /* also where the block's border is in the middle of it */
    add_records(1);
    log_fixture_write(&fixture, path, "");
    run("head -c %zu /dev/zero | tr '\\0' x >> decisions.jsonl; echo >> decisions.jsonl",
        SNT_LOG_LINE_CAP + (i > 2 ? 100000 : 1));
    for (size_t k = 0; k < 200 * i; k++) {
      add_record(100);
    }
    log_fixture_write(&fixture, path_of("more"), "");
    run("cat more >> decisions.jsonl");
    assert_fails("decisions.jsonl has a line over 64 KiB");
    begin_again();
  }
}

static void a_closed_segment_may_be_read_alone(void **state) {
  (void)state;
  write_four();
  run("rm decisions.1-2.jsonl");
  (void)snprintf(path, sizeof path, "%s/decisions.3-4.jsonl", folder);
  assert_same_lines(2);
}

/* In whatever order the folder lists them. */
static void of_segments_with_one_end_the_longest_is_found(void **state) {
  (void)state;
  struct snt_log_closed found;
  SNT_BUF_AUTO struct snt_buf found_path = {0};
  run("for i in $(seq 30 -1 2); do touch decisions.$i-40.jsonl decisions.$i-39.jsonl decisions.1-$i.jsonl; done");
  assert_ok(snt_log_closed_find_beside(path, 40, &found, &found_path, NULL));
  assert_string_equal(found.name, "decisions.2-40.jsonl");
  assert_string_equal(found_path.data, path_of("decisions.2-40.jsonl"));
  assert_ok(snt_log_closed_find_beside(path, 0, &found, &found_path, NULL));
  assert_string_equal(found.name, "decisions.2-40.jsonl");
  assert_ok(snt_log_closed_find_beside(path, 39, &found, &found_path, NULL));
  assert_string_equal(found.name, "decisions.2-39.jsonl");
  assert_ok(snt_log_closed_find_beside(path, 38, &found, &found_path, NULL));
  assert_int_equal(found.last, 0);
}

static void no_log_is_no_line_and_no_failure(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
    const char *line = "";
    size_t len = 1;
    assert_ok(snt_log_backward_open(path, &backward, NULL));
    assert_int_equal(backward.is_there, i > 0);
    assert_ok(snt_log_backward_next(&backward, &line, &len, NULL));
    assert_null(line);
    assert_ok(snt_log_backward_next_lines(&backward, &line, &len, NULL));
    assert_int_equal(len, 0);
    run(i == 0 ? "touch decisions.jsonl"
               : "printf '{' > decisions.jsonl; touch decisions.1.jsonl decisions.01-2.jsonl");
  }
  (void)snprintf(path, sizeof path, "%s/nowhere/decisions.jsonl", folder);
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  assert_ok(snt_log_backward_open(path, &backward, NULL));
  assert_false(backward.is_there);
  (void)snprintf(path, sizeof path, "/dev/null/decisions.jsonl");
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward other = {.fd = -1};
  assert_code(snt_log_backward_open(path, &other, NULL), SNT_CODE_NOT_A_LOG);
}

static snt_status read_all(const void *context) {
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  const char *line = "";
  size_t len = 0;
  (void)context;
  SNT_TRY(snt_log_backward_open(path, &backward, NULL));
  while (line != NULL) {
    SNT_TRY(snt_log_backward_next(&backward, &line, &len, NULL));
  }
  return snt_done();
}

static void memory_may_end_anywhere(void **state) {
  (void)state;
  write_four();
  assert_true(fail_alloc_walk(read_all, NULL) > 5);
}

#define BACKWARD_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      BACKWARD_TEST(every_line_comes_from_the_last_to_the_first),
      BACKWARD_TEST(borders_of_blocks_cut_no_line),
      BACKWARD_TEST(many_lines_come_at_once_in_their_order),
      BACKWARD_TEST(it_goes_on_through_closed_segments),
      BACKWARD_TEST(a_torn_line_is_passed_over),
      BACKWARD_TEST(a_torn_line_may_be_cut_off_meanwhile),
      BACKWARD_TEST(no_more_is_read_than_is_asked_for),
      BACKWARD_TEST(what_is_missing_or_is_another_is_a_failure),
      BACKWARD_TEST(a_line_over_the_cap_is_a_failure),
      BACKWARD_TEST(a_closed_segment_may_be_read_alone),
      BACKWARD_TEST(of_segments_with_one_end_the_longest_is_found),
      BACKWARD_TEST(no_log_is_no_line_and_no_failure),
      BACKWARD_TEST(memory_may_end_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
