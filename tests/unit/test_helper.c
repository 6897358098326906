/* Programs that ask a person: what they are given, what they may answer, when they end. */
#include "check.h"

#include "helper_fixture.h"

enum { LONG_MS = 30000, CAP = 32 };

static enum snt_code run_script(const char *body, int64_t ms, char *text, int *exit_status, struct snt_err *err) {
  char *argv[] = {(char *)"helper", (char *)"an argument", NULL};
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  char path[128];
  (void)snprintf(path, sizeof path, "%s", write_script("helper", body));
  snt_status status = snt_helper_run(path, argv, in_ms(ms), CAP, &answer, exit_status, err);
  assert_int_equal(answer != NULL, snt_ok(status));
  (void)snprintf(text, CAP + 1, "%s", answer == NULL ? "" : snt_secret_borrow(answer));
  return status.code;
}

static void the_first_line_and_the_exit_status_are_taken(void **state) {
  (void)state;
  static const struct {
    const char *body, *wanted;
    int exit_status;
  } rows[] = {
      {"echo 123456", "123456", 0},
      {"printf 123456", "123456", 0},
      {"printf '123456\\nmore\\n'; exit 3", "123456", 3},
      {"printf '\\n123456\\n'", "", 0},
      {"exit 1", "", 1},
      {"kill -TERM $$", "", 128 + SIGTERM},
      {"printf %032d 7", "00000000000000000000000000000007", 0},
      {"printf '%s' \"$1\"", "an argument", 0},
      {"cat; echo end of stdin", "end of stdin", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[CAP + 1];
    int exit_status = -1;
    struct snt_err err = {0};
    assert_int_equal(run_script(rows[i].body, LONG_MS, text, &exit_status, &err), SNT_CODE_OK);
    assert_string_equal(text, rows[i].wanted);
    assert_int_equal(exit_status, rows[i].exit_status);
  }
}

static void a_longer_answer_is_refused_and_not_shown(void **state) {
  (void)state;
  static const char *const bodies[] = {"printf %033d 7", "echo 1; printf %033d 7", "yes 77777777 | tr -d '\\n'"};
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    char text[CAP + 1];
    int exit_status = -1;
    struct snt_err err = {0};
    assert_int_equal(run_script(bodies[i], LONG_MS, text, &exit_status, &err), SNT_CODE_ACTION_REQUIRED);
    assert_non_null(strstr(err.message, "more than 32 bytes"));
    assert_null(strstr(err.message, "7"));
  }
}

static void a_program_that_cannot_be_run_is_told(void **state) {
  (void)state;
  char *argv[] = {(char *)"nothing", NULL};
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  int exit_status = 0;
  struct snt_err err = {0};
  assert_code(snt_helper_run("/nonexistent/helper", argv, in_ms(LONG_MS), CAP, &answer, &exit_status, &err),
              SNT_CODE_IO);
  assert_string_equal(err.message, "nothing cannot be started: No such file or directory");
}

/* By the lines of env: what it has, and what it must not have. */
static void only_the_desktops_variables_are_handed_on(void **state) {
  (void)state;
  static const char *const kept[] = {"PATH",       "HOME",   "DISPLAY",        "WAYLAND_DISPLAY",
                                     "XAUTHORITY", "LC_ALL", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
                                     "LANG"};
  static const char *const dropped[] = {"AWS_SECRET_ACCESS_KEY",
                                        "AWS_PROFILE",
                                        "SENTINEL_FILE_PASSPHRASE",
                                        "SENTINEL_X",
                                        "LD_PRELOAD_",
                                        "HOMER",
                                        "MY_SECRET"};
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    (void)setenv(kept[i], strcmp(kept[i], "PATH") == 0 ? "/usr/bin:/bin" : "kept", 1);
  }
  for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
    (void)setenv(dropped[i], "dropped", 1);
  }
  char body[128];
  char text[CAP + 1];
  int exit_status = -1;
  (void)snprintf(body, sizeof body, "env > %s/env", scripts);
  assert_int_equal(run_script(body, LONG_MS, text, &exit_status, NULL), SNT_CODE_OK);
  const char *seen = read_left("env");
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    char line[64];
    (void)snprintf(line, sizeof line, "%s=%s\n", kept[i], strcmp(kept[i], "PATH") == 0 ? "/usr/bin:/bin" : "kept");
    assert_non_null(strstr(seen, line));
  }
  assert_null(strstr(seen, "dropped"));
}

static void no_descriptor_and_no_blocked_signal_are_handed_on(void **state) {
  (void)state;
  int low = open("/dev/zero", O_RDONLY); /* NOLINT(android-cloexec-open): it must not get through all the same */
  int secret = fcntl(low, F_DUPFD, 20);  /* NOLINT(android-cloexec-dup): nor must this one */
  assert_true(secret >= 20);
  (void)close(low);
  (void)signal(SIGPIPE, SIG_IGN);
  sigset_t some, before;
  sigemptyset(&some);
  sigaddset(&some, SIGTERM);
  (void)sigprocmask(SIG_BLOCK, &some, &before);
  char body[256];
  char text[CAP + 1];
  int exit_status = -1;
  (void)snprintf(body, sizeof body, "ls -l /proc/self/fd > %s/fds\nreadlink /proc/$$/fd/2", scripts);
  assert_int_equal(run_script(body, LONG_MS, text, &exit_status, NULL), SNT_CODE_OK);
  assert_string_equal(text, "/dev/null");
  assert_non_null(strstr(read_left("fds"), "pipe:"));
  assert_null(strstr(read_left("fds"), "/dev/zero"));
  (void)close(secret);
  static const char *const lines[] = {"SigBlk", "SigIgn"};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) { /* a shell would set them right itself */
    char *argv[] = {(char *)"grep", (char *)lines[i], (char *)"/proc/self/status", NULL};
    SNT_SECRET_AUTO struct snt_secret *answer = NULL;
    assert_ok(snt_helper_run("/bin/grep", argv, in_ms(LONG_MS), CAP, &answer, &exit_status, NULL));
    assert_string_equal(snt_secret_borrow(answer) + strlen(lines[i]), ":\t0000000000000000");
  }
  (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Its own child lives in its group; what it wrote tells both numbers. */
static void at_the_deadline_it_ends_with_all_it_started(void **state) {
  (void)state;
  char body[256];
  char text[CAP + 1];
  int exit_status = -1;
  struct snt_err err = {0};
  (void)snprintf(body, sizeof body, "sleep 300 &\necho $$ $! > %s/pids\nwait", scripts);
  int parent = 0;
  int child = 0;
  (void)unlink(script_path("pids"));
  for (int ms = 1000; sscanf(read_left("pids"), "%d %d", &parent, &child) != 2; ms *= 3) { /* it has to have begun */
    assert_true(ms < LONG_MS);
    assert_int_equal(run_script(body, ms, text, &exit_status, &err), SNT_CODE_TIMEOUT);
    assert_non_null(strstr(err.message, "helper gave no answer in time"));
  }
  assert_int_equal(kill(parent, 0), -1);
  expect_end(child);
}

static void a_signal_that_ends_us_ends_all_it_started(void **state) {
  (void)state;
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
    char body[256];
    int status = 0;
    int parent = 0;
    int child = 0;
    (void)unlink(script_path("pids"));
    (void)snprintf(body, sizeof body, "sleep 300 &\necho $$ $! > %s/pids\nwait", scripts);
    pid_t pid = fork();
    if (pid == 0) {
      char text[CAP + 1];
      (void)signal(signals[i], SIG_DFL); /* whatever ran the tests may ignore it */
      _exit((int)run_script(body, LONG_MS, text, &status, NULL));
    }
    while (sscanf(read_left("pids"), "%d %d\n", &parent, &child) != 2) {
      assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
      (void)usleep(10000);
    }
    assert_int_equal(kill(pid, signals[i]), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
    expect_end(parent);
    expect_end(child);
  }
}

/* nohup, and those who do something about it themselves. */
static void what_the_caller_does_about_a_signal_stays(void **state) {
  (void)state;
  struct sigaction after;
  char text[CAP + 1];
  int exit_status = -1;
  (void)signal(SIGHUP, SIG_IGN);
  assert_int_equal(run_script("kill -HUP $PPID; echo 123456", LONG_MS, text, &exit_status, NULL), SNT_CODE_OK);
  assert_string_equal(text, "123456");
  assert_int_equal(sigaction(SIGHUP, NULL, &after), 0);
  assert_true(after.sa_handler == SIG_IGN);
  (void)signal(SIGHUP, SIG_DFL);
  assert_int_equal(sigaction(SIGTERM, NULL, &after), 0);
  assert_true(after.sa_handler == SIG_DFL);
}

/* It has closed its stdout, and goes on. */
static void one_that_answers_and_stays_is_late_too(void **state) {
  (void)state;
  char text[CAP + 1];
  int exit_status = -1;
  assert_int_equal(run_script("echo 123456; exec sleep 300 >/dev/null", 500, text, &exit_status, NULL),
                   SNT_CODE_TIMEOUT);
}

static void it_is_the_leader_of_a_session_without_a_terminal(void **state) {
  (void)state;
  char text[CAP + 1];
  int exit_status = -1;
  assert_int_equal(run_script("set -- $(cut -d' ' -f1,5,6,7 /proc/$$/stat)\n"
                              "[ $1 = $2 ] && [ $1 = $3 ] && [ $4 = 0 ] && echo leader",
                              LONG_MS, text, &exit_status, NULL),
                   SNT_CODE_OK);
  assert_string_equal(text, "leader");
}

static void only_absolute_folders_of_path_are_looked_at(void **state) {
  (void)state;
  char path[256];
  char found[256];
  (void)write_script("asker", "exit 0");
  (void)mkdir(script_path("folder"), 0700);
  assert_int_equal(chdir(scripts), 0);
  static const char *const blind[] = {"", ".", ":", "./:..", "/nonexistent:.", "folder:"};
  for (size_t i = 0; i < sizeof blind / sizeof blind[0]; i++) {
    (void)setenv("PATH", blind[i], 1);
    assert_false(snt_helper_find("asker", found, sizeof found));
  }
  (void)snprintf(path, sizeof path, ".:/nonexistent:%s:/bin", scripts);
  (void)setenv("PATH", path, 1);
  assert_true(snt_helper_find("asker", found, sizeof found));
  assert_string_equal(found, script_path("asker"));
  assert_false(snt_helper_find("folder", found, sizeof found)); /* executable, and no file */
  assert_false(snt_helper_find("asker", found, 8));
  assert_int_equal(chmod(script_path("asker"), 0600), 0);
  assert_int_equal(access(script_path("asker"), X_OK) == 0, false);
  assert_false(snt_helper_find("asker", found, sizeof found));
  (void)setenv("PATH", "/usr/bin:/bin", 1);
  assert_int_equal(chdir("/"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_line_and_the_exit_status_are_taken),
      cmocka_unit_test(a_longer_answer_is_refused_and_not_shown),
      cmocka_unit_test(a_program_that_cannot_be_run_is_told),
      cmocka_unit_test(only_the_desktops_variables_are_handed_on),
      cmocka_unit_test(no_descriptor_and_no_blocked_signal_are_handed_on),
      cmocka_unit_test(at_the_deadline_it_ends_with_all_it_started),
      cmocka_unit_test(a_signal_that_ends_us_ends_all_it_started),
      cmocka_unit_test(what_the_caller_does_about_a_signal_stays),
      cmocka_unit_test(one_that_answers_and_stays_is_late_too),
      cmocka_unit_test(it_is_the_leader_of_a_session_without_a_terminal),
      cmocka_unit_test(only_absolute_folders_of_path_are_looked_at),
  };
  begin_scripts();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  end_scripts();
  return failed;
}
