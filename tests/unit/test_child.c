#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "issue/child.h"

/* Work that does as it is told, and what comes of it here. */
struct task {
  enum { RIGHT, FAILS, DIES, SENDS_LESS, SENDS_MORE, SENDS_NOTHING, IS_HEARD_NO_MORE } how;
  size_t announced, max;
  char folder[64]; /* where the child notes that it could not send */
  pid_t worked_in; /* set by work: another process's */
  struct snt_buf text;
};

static snt_status work(void *context, struct snt_err *err) {
  struct task *task = context;
  task->worked_in = getpid();
  if (task->how == DIES) {
    (void)raise(SIGKILL);
  }
  if (task->how == FAILS) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no %s", "thing"));
    return snt_err_hint(err, "make one");
  }
  return snt_done();
}

static snt_status send_nothing_that_is_heard(const struct task *task, int fd) {
  static const char piece[65536];
  for (int i = 0; i < 64; i++) {
    if (!snt_ok(snt_file_write_all(fd, piece, sizeof piece, NULL))) {
      char path[128];
      (void)snprintf(path, sizeof path, "%s/unheard", task->folder);
      return snt_file_replace(path, "", 0, 0600, NULL);
    }
  }
  return snt_done();
}

static snt_status send_text(const void *context, int fd) {
  const struct task *task = context;
  static const char text[] = "0123456789";
  static const size_t lengths[] = {[RIGHT] = 10, [SENDS_LESS] = 9, [SENDS_MORE] = 11, [SENDS_NOTHING] = 0};
  if (task->how == IS_HEARD_NO_MORE) {
    return send_nothing_that_is_heard(task, fd);
  }
  size_t len = lengths[task->how];
  SNT_TRY(snt_file_write_all(fd, &task->worked_in, sizeof task->worked_in, NULL));
  return snt_file_write_all(fd, text, len, NULL);
}

static snt_status receive_text(void *context, int fd) {
  struct task *task = context;
  if (task->how == IS_HEARD_NO_MORE) {
    return (snt_status){SNT_CODE_IO};
  }
  SNT_TRY(snt_child_read(fd, &task->worked_in, sizeof task->worked_in));
  return snt_child_read_text(fd, task->announced, task->max, &task->text);
}

static snt_status run(struct task *task, struct snt_err *err) {
  const struct snt_child child = {
      .what = "tests", .context = task, .work = work, .send = send_text, .receive = receive_text};
  return snt_child_run(&child, err);
}

static void an_answer_comes_whole_from_another_process(void **state) {
  (void)state;
  struct task task = {.how = RIGHT, .announced = 10, .max = 10};
  assert_ok(run(&task, NULL));
  assert_string_equal(snt_buf_borrow(&task.text), "0123456789");
  assert_int_equal(task.text.len, 10);
  assert_true(task.worked_in > 0 && task.worked_in != getpid());
  snt_buf_clear(&task.text);
}

static void an_empty_text_is_a_text(void **state) {
  (void)state;
  struct task task = {.how = SENDS_NOTHING};
  assert_ok(run(&task, NULL));
  assert_string_equal(snt_buf_borrow(&task.text), "");
  snt_buf_clear(&task.text);
}

static void its_error_arrives_whole(void **state) {
  (void)state;
  struct task task = {.how = FAILS};
  struct snt_err err = {0};
  assert_int_equal(run(&task, &err).code, SNT_CODE_NO_POLICY);
  assert_int_equal(err.code, SNT_CODE_NO_POLICY);
  assert_string_equal(err.message, "there is no thing");
  assert_string_equal(err.hint, "make one");
  assert_int_equal(run(&task, NULL).code, SNT_CODE_NO_POLICY);
  assert_int_equal(task.worked_in, 0); /* what is done there stays there */
}

static void an_answer_that_is_not_what_was_announced_is_none(void **state) {
  (void)state;
  const struct task rows[] = {{.how = DIES},
                              {.how = SENDS_LESS, .announced = 10, .max = 10},
                              {.how = SENDS_MORE, .announced = 10, .max = 10},
                              {.how = SENDS_NOTHING, .announced = 10, .max = 10},
                              {.how = RIGHT, .announced = 10, .max = 9}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct task task = rows[i];
    struct snt_err err = {0};
    if (run(&task, &err).code != SNT_CODE_IO || strstr(err.message, "the process that tests") == NULL ||
        err.hint[0] == '\0') {
      fail_msg("row %zu: %s", i, err.message);
    }
    snt_buf_clear(&task.text);
  }
}

/* Otherwise each would wait for the other, until the child's own limit ends it. */
static void who_still_writes_is_not_waited_for(void **state) {
  (void)state;
  struct task task = {.how = IS_HEARD_NO_MORE, .folder = "/tmp/snt-child-XXXXXX"};
  char path[128];
  assert_non_null(mkdtemp(task.folder));
  (void)snprintf(path, sizeof path, "%s/unheard", task.folder);
  assert_int_equal(run(&task, NULL).code, SNT_CODE_IO);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(task.folder), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_comes_whole_from_another_process),
      cmocka_unit_test(an_empty_text_is_a_text),
      cmocka_unit_test(its_error_arrives_whole),
      cmocka_unit_test(an_answer_that_is_not_what_was_announced_is_none),
      cmocka_unit_test(who_still_writes_is_not_waited_for),
  };
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  (void)sigaction(SIGPIPE, &ignore, NULL);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
