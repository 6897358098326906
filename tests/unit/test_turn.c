#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/turn.h"

enum { LONG_MS = 20000, CALLERS = 20 };

static int make_folder(void **state) {
  char *folder = strdup("/tmp/sentinel-turn.XXXXXX");
  *state = folder;
  return folder != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state) {
  int result = rmdir(*state); /* fails when a turn left a file */
  free(*state);
  return result;
}

static void pause_ms(long ms) { (void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL); }

static int wait_for(pid_t child) {
  int status = -1;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether a process has the file of a turn open. */
static bool has_open(pid_t pid) {
  char path[64];
  char target[256];
  bool is_found = false;
  (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *folder = opendir(path);
  for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL && !is_found;
       entry = readdir(folder)) {
    ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
    target[len > 0 ? len : 0] = '\0';
    is_found = strstr(target, "/name.turn") != NULL;
  }
  if (folder != NULL) {
    (void)closedir(folder);
  }
  return is_found;
}

static char state_of(pid_t pid) {
  char path[64];
  char state = '?';
  (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "re");
  if (file != NULL && fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
    state = '?';
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return state;
}

/* A child that waits for the turn, which is held, and ends with what body makes of it. It sleeps with the turn's file
 * open: then it has found it held. */
static pid_t start_waiter(const char *folder, int (*body)(struct snt_turn *turn)) {
  pid_t child = fork();
  if (child == 0) {
    struct snt_turn turn = {.fd = -1};
    for (int fd = 3; fd < 16; fd++) {
      (void)close(fd); /* the parent's turn */
    }
    bool is_taken = snt_ok(snt_turn_take(folder, "name", LONG_MS, &turn, NULL));
    int result = is_taken ? body(&turn) : 99;
    snt_turn_end(&turn);
    _exit(result);
  }
  for (int tries = 0; !has_open(child) || state_of(child) != 'S'; tries++) {
    assert_true(tries < 20000);
    pause_ms(1);
  }
  return child;
}

static int was_waiting(struct snt_turn *turn) { return turn->has_waited ? 1 : 0; }

static int read_code(struct snt_turn *turn) {
  bool is_whole = strcmp(turn->told.message, "STS refused") == 0 && strcmp(turn->told.hint, "ask somebody") == 0;
  return !turn->was_told ? 0 : is_whole ? (int)turn->told.code : 98;
}

static void a_turn_that_nobody_holds_is_taken_at_once(void **state) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  assert_false(turn.has_waited);
  assert_false(turn.was_told);
}

static void a_turn_that_is_held_is_waited_for(void **state) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  pid_t child = start_waiter(*state, was_waiting);
  snt_turn_end(&turn);
  assert_int_equal(wait_for(child), 1);
}

static void turns_of_other_names_do_not_wait(void **state) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  SNT_TURN_AUTO struct snt_turn other = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  assert_ok(snt_turn_take(*state, "other", 0, &other, NULL));
  assert_false(other.has_waited);
}

static void a_turn_that_is_held_too_long_is_a_time_out_and_stays_held(void **state) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  struct snt_turn late = {.fd = -1};
  struct snt_err err = {0};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  for (int i = 0; i < 2; i++) { /* the first that gives up must not have freed it */
    assert_code(snt_turn_take(*state, "name", 20, &late, &err), SNT_CODE_TIMEOUT);
    assert_int_equal(late.fd, -1);
    assert_non_null(strstr(err.message, "name.turn"));
  }
}

/* Somebody tidied up the folder: the file that is there now is another's turn. */
static void the_file_of_another_turn_is_left_alone(void **state) {
  SNT_TURN_AUTO struct snt_turn first = {.fd = -1};
  SNT_TURN_AUTO struct snt_turn second = {.fd = -1};
  SNT_TURN_AUTO struct snt_turn third = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &first, NULL));
  assert_int_equal(unlink(first.path), 0);
  assert_ok(snt_turn_take(*state, "name", 0, &second, NULL));
  snt_turn_end(&first);
  assert_code(snt_turn_take(*state, "name", 0, &third, NULL), SNT_CODE_TIMEOUT);
}

static void who_waits_is_told_a_failure(void **state) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  pid_t first = start_waiter(*state, read_code);
  pid_t second = start_waiter(*state, read_code);
  struct snt_err err = {0};
  SNT_IGNORE(snt_fail(&err, SNT_CODE_AWS_REFUSED, "STS refused"));
  SNT_IGNORE(snt_err_hint(&err, "ask somebody"));
  snt_turn_tell(&turn, &err);
  snt_turn_end(&turn);
  assert_int_equal(wait_for(first), SNT_CODE_AWS_REFUSED);
  assert_int_equal(wait_for(second), SNT_CODE_AWS_REFUSED);
}

static int is_free(struct snt_turn *turn) { return turn->is_free && !turn->is_held && turn->fd == -1 ? 1 : 0; }

static void who_waits_for_nothing_goes_on_without_the_turn(void **state) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  pid_t first = start_waiter(*state, is_free);
  pid_t second = start_waiter(*state, is_free);
  snt_turn_release(&turn);
  assert_int_equal(flock(turn.fd, LOCK_UN), 0); /* as if it were killed now: the file stays */
  assert_int_equal(wait_for(first), 1);
  assert_int_equal(wait_for(second), 1);
  assert_int_equal(flock(turn.fd, LOCK_EX | LOCK_NB), 0);
  snt_turn_end(&turn);
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL)); /* who comes later takes his turn */
  assert_true(turn.is_held);
}

/* A holder that was killed leaves its file, and what it told stands in it. */
static void an_older_failure_is_not_taken_over(void **state) {
  pid_t child = fork();
  if (child == 0) {
    struct snt_turn turn = {.fd = -1};
    SNT_IGNORE(snt_turn_take(*state, "name", 0, &turn, NULL));
    struct snt_err err = {0};
    SNT_IGNORE(snt_fail(&err, SNT_CODE_AWS_REFUSED, "STS refused"));
    snt_turn_tell(&turn, &err);
    _exit(0);
  }
  assert_int_equal(wait_for(child), 0);
  pause_ms(5);
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  pid_t waiter = start_waiter(*state, read_code);
  snt_turn_end(&turn);
  assert_int_equal(wait_for(waiter), 0);
}

/* In an earlier boot, when the clock stood at more than it does now. */
static void a_failure_of_another_boot_is_not_taken_over(void **state) {
  static const char tale[] = "9999999999999 9\nSTS refused\nask somebody";
  char path[256];
  (void)snprintf(path, sizeof path, "%s/name.turn", (const char *)*state);
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_int_equal(write(fd, tale, strlen(tale)), (ssize_t)strlen(tale));
  assert_int_equal(close(fd), 0);
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
  pid_t waiter = start_waiter(*state, read_code);
  snt_turn_end(&turn);
  assert_int_equal(wait_for(waiter), 0);
}

static void what_is_no_failure_is_not_taken_over(void **state) {
  static const char *const tales[] = {"",
                                      "9999999999999",
                                      "9999999999999 1\nSTS refused\nask somebody",
                                      "9999999999999 9999\nSTS refused\nask somebody",
                                      "x 9\nSTS refused\nask somebody",
                                      "9999999999999 9\nSTS refused"};
  for (size_t i = 0; i < sizeof tales / sizeof tales[0]; i++) {
    SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
    assert_ok(snt_turn_take(*state, "name", 0, &turn, NULL));
    pid_t waiter = start_waiter(*state, read_code);
    assert_int_equal(write(turn.fd, tales[i], strlen(tales[i])), (ssize_t)strlen(tales[i]));
    snt_turn_end(&turn);
    assert_int_equal(wait_for(waiter), 0);
  }
}

static void a_link_and_a_name_that_leads_elsewhere_are_refused(void **state) {
  struct snt_turn turn = {.fd = -1};
  char path[256];
  (void)snprintf(path, sizeof path, "%s/name.turn", (const char *)*state);
  assert_int_equal(symlink("/etc/passwd", path), 0);
  assert_code(snt_turn_take(*state, "name", 0, &turn, NULL), SNT_CODE_IO);
  assert_int_equal(unlink(path), 0);
  assert_code(snt_turn_take(*state, "../name", 0, &turn, NULL), SNT_CODE_BUG);
  assert_code(snt_turn_take(*state, "", 0, &turn, NULL), SNT_CODE_BUG);
}

/* Each adds one to a file that would lose some if two did so at a time. */
static void many_take_turns(void **state) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/count", (const char *)*state);
  pid_t children[CALLERS];
  for (int i = 0; i < CALLERS; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      struct snt_turn turn = {.fd = -1};
      bool is_taken = snt_ok(snt_turn_take(*state, "name", LONG_MS, &turn, NULL));
      int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      struct stat st;
      bool is_read = fstat(fd, &st) == 0;
      pause_ms(1);
      bool is_put = pwrite(fd, "x", 1, st.st_size) == 1;
      snt_turn_end(&turn);
      _exit(is_taken && is_read && is_put ? 0 : 1);
    }
  }
  for (int i = 0; i < CALLERS; i++) {
    assert_int_equal(wait_for(children[i]), 0);
  }
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_size, CALLERS);
  assert_int_equal(unlink(path), 0);
}

static void a_boot_has_an_id_and_a_clock(void **state) {
  (void)state;
  char id[37];
  char again[37];
  snt_clock_boot_id(id);
  snt_clock_boot_id(again);
  assert_int_equal(strlen(id), 36);
  assert_string_equal(id, again);
  assert_true(snt_clock_boot_ms() >= snt_clock_monotonic_ms() - 1000);
}

int main(void) {
#define TURN_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {TURN_TEST(a_turn_that_nobody_holds_is_taken_at_once),
                                     TURN_TEST(a_turn_that_is_held_is_waited_for),
                                     TURN_TEST(turns_of_other_names_do_not_wait),
                                     TURN_TEST(a_turn_that_is_held_too_long_is_a_time_out_and_stays_held),
                                     TURN_TEST(the_file_of_another_turn_is_left_alone),
                                     TURN_TEST(who_waits_is_told_a_failure),
                                     TURN_TEST(who_waits_for_nothing_goes_on_without_the_turn),
                                     TURN_TEST(an_older_failure_is_not_taken_over),
                                     TURN_TEST(a_failure_of_another_boot_is_not_taken_over),
                                     TURN_TEST(what_is_no_failure_is_not_taken_over),
                                     TURN_TEST(a_link_and_a_name_that_leads_elsewhere_are_refused),
                                     TURN_TEST(many_take_turns),
                                     cmocka_unit_test(a_boot_has_an_id_and_a_clock)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
