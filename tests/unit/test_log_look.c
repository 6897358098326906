/* A look at the log makes nothing, changes nothing, and finds what an append would stumble over. */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log_look.h"
#include "base/file.h"

static const char MEMBERS[] = "\"time\":\"2026-01-19T02:47:33.120Z\",\"time_source\":\"sts\",\"kind\":\"decision\"";

static char folder[64];
static char path[128];

static int begin(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/snt-look-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/decisions.jsonl", folder);
  return 0;
}

static int end(void **state) {
  (void)state;
  (void)unlink(path);
  return rmdir(folder);
}

static void append_records(int count) {
  SNT_LOG_AUTO struct snt_log *log = NULL;
  struct snt_log_options options = {.path = path};
  struct snt_log_position at;
  assert_ok(snt_log_open(&options, &log, NULL));
  for (int i = 0; i < count; i++) {
    const struct snt_slice record = snt_slice_of(MEMBERS);
    assert_ok(snt_log_append(log, &record, 1, &at, NULL));
  }
}

static void a_log_that_is_not_there_yet_stays_so(void **state) {
  (void)state;
  struct snt_log_look look = {0};
  assert_ok(snt_log_look(path, false, &look, NULL));
  assert_false(look.is_there);
  assert_true(look.free_bytes > 0);
  assert_int_equal(access(path, F_OK), -1);
}

static void only_the_folder_of_the_default_may_be_missing(void **state) {
  (void)state;
  char far[192];
  struct snt_log_look look = {0};
  struct snt_err err = {0};
  (void)snprintf(far, sizeof far, "%s/state/sentinel/decisions.jsonl", folder);
  assert_ok(snt_log_look(far, true, &look, NULL));
  assert_false(look.is_there);
  assert_true(look.free_bytes > 0); /* of the folder that is there */
  assert_code(snt_log_look(far, false, &look, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, "does not exist"));
}

static void the_last_record_is_told(void **state) {
  (void)state;
  append_records(3);
  struct snt_log_look look = {0};
  assert_ok(snt_log_look(path, false, &look, NULL));
  assert_true(look.is_there);
  assert_true(look.has_record);
  assert_false(look.has_torn_tail);
  assert_false(look.is_held);
  assert_int_equal(look.seq, 3);
  assert_int_equal(look.last_ms, 1768790853120);
}

static void the_last_record_of_a_closed_segment_is_told(void **state) {
  (void)state;
  char closed[192];
  struct stat st;
  struct snt_log_look look = {0};
  append_records(3);
  (void)snprintf(closed, sizeof closed, "%s/decisions.1-3.jsonl", folder);
  assert_int_equal(rename(path, closed), 0);
  assert_int_equal(stat(closed, &st), 0);
  for (int i = 0; i < 2; i++) { /* the file is not there, and then empty */
    assert_ok(snt_log_look(path, false, &look, NULL));
    assert_int_equal(look.is_there, i == 1);
    assert_true(look.has_record && look.is_closed);
    assert_int_equal(look.seq, 3);
    assert_int_equal(look.last_ms, 1768790853120);
    assert_int_equal(look.size, st.st_size);
    assert_ok(snt_file_replace(path, "", 0, 0600, NULL));
  }
  append_records(1);
  struct stat now;
  assert_int_equal(stat(path, &now), 0);
  assert_ok(snt_log_look(path, false, &look, NULL));
  assert_false(look.is_closed);
  assert_int_equal(look.seq, 4);
  assert_int_equal(look.size, st.st_size + now.st_size);
  /* One that does not hold what its name says, which the next append stumbles over. */
  struct snt_err err = {0};
  assert_int_equal(unlink(path), 0);
  assert_int_equal(truncate(closed, st.st_size - 1), 0);
  assert_code(snt_log_look(path, false, &look, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, "does not end with record 3"));
  assert_int_equal(unlink(closed), 0);
}

static void a_torn_line_is_told_and_left(void **state) {
  (void)state;
  append_records(2);
  struct stat before;
  struct stat after;
  assert_int_equal(stat(path, &before), 0);
  assert_int_equal(truncate(path, before.st_size - 5), 0);
  struct snt_log_look look = {0};
  assert_ok(snt_log_look(path, false, &look, NULL));
  assert_true(look.has_torn_tail);
  assert_int_equal(look.seq, 1);
  assert_int_equal(stat(path, &after), 0);
  assert_int_equal(after.st_size, before.st_size - 5);
}

static void a_lock_of_another_is_told_and_ours_does_not_stay(void **state) {
  (void)state;
  append_records(1);
  struct snt_log_look look = {0};
  SNT_FD_AUTO int fd = open(path, O_RDWR | O_CLOEXEC);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  assert_ok(snt_log_look(path, false, &look, NULL));
  assert_true(look.is_held);
  assert_int_equal(flock(fd, LOCK_UN), 0);
  assert_ok(snt_log_look(path, false, &look, NULL));
  assert_false(look.is_held);
  assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
}

static void what_an_append_refuses_is_refused(void **state) {
  (void)state;
  struct snt_log_look look = {0};
  struct snt_err err = {0};
  assert_ok(snt_file_replace(path, "hello\n", 6, 0600, NULL));
  assert_code(snt_log_look(path, false, &look, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.hint, "log verify"));
  assert_int_equal(unlink(path), 0);
  append_records(1);
  assert_int_equal(chmod(path, 0622), 0);
  assert_code(snt_log_look(path, false, &look, &err), SNT_CODE_LOG);
  assert_non_null(strstr(err.message, "writable by other users"));
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(chmod(folder, 0722), 0);
  assert_code(snt_log_look(path, false, &look, &err), SNT_CODE_LOG);
}

#define LOOK_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      LOOK_TEST(a_log_that_is_not_there_yet_stays_so),
      LOOK_TEST(only_the_folder_of_the_default_may_be_missing),
      LOOK_TEST(the_last_record_is_told),
      LOOK_TEST(the_last_record_of_a_closed_segment_is_told),
      LOOK_TEST(a_torn_line_is_told_and_left),
      LOOK_TEST(a_lock_of_another_is_told_and_ours_does_not_stay),
      LOOK_TEST(what_an_append_refuses_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
