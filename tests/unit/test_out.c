#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/out.h"

static int saved_stdout = -1;

/* Tests swap descriptor 1; cmocka writes to it between them. */
static int save_stdout(void **state) {
  (void)state;
  (void)fflush(stdout);
  saved_stdout = dup(STDOUT_FILENO);
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
  return saved_stdout < 0 ? -1 : 0;
}

static int restore_stdout(void **state) {
  (void)state;
  (void)dup2(saved_stdout, STDOUT_FILENO);
  (void)close(saved_stdout);
  return 0;
}

static snt_status write_text(int fd, const char *text) {
  SNT_SECRET_AUTO struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &secret, NULL));
  (void)dup2(fd, STDOUT_FILENO);
  snt_status status = snt_out_secret(secret, NULL);
  (void)dup2(saved_stdout, STDOUT_FILENO);
  return status;
}

static void a_full_device_and_a_pipe_without_reader_are_output_errors(void **state) {
  (void)state;
  SNT_FD_AUTO int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  assert_code(write_text(full, "{}\n"), SNT_CODE_OUTPUT);
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  (void)close(ends[0]);
  assert_code(write_text(ends[1], "{}\n"), SNT_CODE_OUTPUT);
  (void)close(ends[1]);
}

static void a_file_that_takes_only_a_part_is_cut_back(void **state) {
  (void)state;
  static const int modes[] = {0, O_APPEND};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    char path[] = "/tmp/snt-out-XXXXXX";
    int made = mkstemp(path);
    assert_true(made >= 0);
    assert_int_equal(write(made, "before\n", 7), 7);
    (void)close(made);
    SNT_FD_AUTO int fd = open(path, O_WRONLY | O_CLOEXEC | modes[i]);
    (void)lseek(fd, 0, SEEK_END);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {12, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    snt_status status = write_text(fd, "{\"Version\":1}\n");
    (void)setrlimit(RLIMIT_FSIZE, &old);
    assert_code(status, SNT_CODE_OUTPUT);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 7);
    (void)unlink(path);
  }
}

static void a_whole_document_goes_out_in_one_piece(void **state) {
  (void)state;
  int ends[2];
  char got[64] = "";
  assert_int_equal(pipe(ends), 0);
  assert_ok(write_text(ends[1], "{\"Version\":1}\n"));
  (void)close(ends[1]);
  assert_int_equal(read(ends[0], got, sizeof got - 1), 14);
  assert_string_equal(got, "{\"Version\":1}\n");
  (void)close(ends[0]);
}

static void a_closed_or_read_only_stdout_is_found_before_anything_is_issued(void **state) {
  (void)state;
  (void)close(STDOUT_FILENO);
  snt_status closed = snt_out_check_secret(false, NULL);
  SNT_FD_AUTO int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  (void)dup2(null, STDOUT_FILENO);
  snt_status read_only = snt_out_check_secret(true, NULL);
  (void)dup2(saved_stdout, STDOUT_FILENO);
  assert_code(closed, SNT_CODE_OUTPUT);
  assert_code(read_only, SNT_CODE_OUTPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_full_device_and_a_pipe_without_reader_are_output_errors, save_stdout,
                                      restore_stdout),
      cmocka_unit_test_setup_teardown(a_file_that_takes_only_a_part_is_cut_back, save_stdout, restore_stdout),
      cmocka_unit_test_setup_teardown(a_whole_document_goes_out_in_one_piece, save_stdout, restore_stdout),
      cmocka_unit_test_setup_teardown(a_closed_or_read_only_stdout_is_found_before_anything_is_issued, save_stdout,
                                      restore_stdout)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
