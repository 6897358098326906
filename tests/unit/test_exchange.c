/* Programs that are given a text and answer with one: whatever they do, they are given what was meant, end in time, and
 * what they said is what they printed. */
#include "check.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exchange.h"
#include "helper_fixture.h"

enum { LONG_MS = 60000, CAP = 1 << 20 };

struct asked {
  const char *body; /* of the script */
  const struct snt_secret *input;
  char *const *environment;
  int64_t ms; /* 0: long enough */
  size_t cap; /* 0: CAP */
};

static snt_status ask(const struct asked *asked, struct snt_exchange_answer *out, struct snt_err *err) {
  char *argv[] = {(char *)"talker", (char *)"an argument", NULL};
  char path[128];
  (void)snprintf(path, sizeof path, "%s", write_script("talker", asked->body));
  const struct snt_exchange exchange = {.path = path,
                                        .argv = argv,
                                        .environment = asked->environment,
                                        .input = asked->input,
                                        .end_ms = in_ms(asked->ms == 0 ? LONG_MS : asked->ms),
                                        .cap = asked->cap == 0 ? CAP : asked->cap};
  snt_status status = snt_exchange_run(&exchange, out, err);
  assert_int_equal(out->output != NULL, snt_ok(status));
  return status;
}

static struct snt_secret *bytes(size_t len) {
  struct snt_secret *secret = NULL;
  assert_ok(snt_secret_new(len, &secret, NULL));
  for (size_t i = 0; i < len; i++) {
    snt_secret_borrow_writable(secret)[i] = (char)(i * 7 % 251);
  }
  snt_secret_set_len(secret, len);
  return secret;
}

static void output_status_and_complaint_are_told_apart(void **state) {
  (void)state;
  static const struct {
    const char *body, *output, *complaint;
    int exit_status;
  } rows[] = {
      {"cat", "the input", "", 0},
      {"printf '%s' \"$1\"", "an argument", "", 0},
      {"exit 3", "", "", 3},
      {"printf 'a\\nb\\n'; echo no >&2; exit 1", "a\nb\n", "no", 1},
      {"printf '\\n \\n  the reason\\nmore\\n' >&2; exit 2", "", "the reason", 2},
      {"printf 'a\\033[1mb\\377\\n' >&2", "", "a?[1mb?", 0},
      {"printf 'caf\\303\\251\\r\\n' >&2", "", "caf\xc3\xa9", 0},
      {"kill -TERM $$", "", "", 128 + SIGTERM},
      {"kill -KILL $$", "", "", 128 + SIGKILL},
      {"exec >&- 2>&-; cat >/dev/null; exit 4", "", "", 4},
  };
  SNT_SECRET_AUTO struct snt_secret *input = NULL;
  assert_ok(snt_secret_new_from("the input", 9, &input, NULL));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
    assert_ok(ask(&(struct asked){.body = rows[i].body, .input = input}, &answer, NULL));
    assert_string_equal(snt_secret_borrow(answer.output), rows[i].output);
    assert_string_equal(answer.complaint, rows[i].complaint);
    assert_int_equal(answer.exit_status, rows[i].exit_status);
  }
}

/* More than any pipe holds, in both directions, in whatever order the program goes about it. */
static void large_texts_go_through_whole_in_any_order(void **state) {
  (void)state;
  static const char *const bodies[] = {"exec cat", "cat >\"$0.all\"; exec cat \"$0.all\"",
                                       "head -c 300000 /dev/zero >&2; exec cat",
                                       "cat; head -c 300000 /dev/zero >&2; exec 2>&-; sleep 0.1"};
  SNT_SECRET_AUTO struct snt_secret *input = bytes(700000);
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
    assert_ok(ask(&(struct asked){.body = bodies[i], .input = input}, &answer, NULL));
    assert_true(snt_secret_is_equal(answer.output, input));
    assert_int_equal(answer.exit_status, 0);
  }
}

static void one_that_reads_nothing_may_answer(void **state) {
  (void)state;
  static const char *const bodies[] = {"echo done", "exec <&-; sleep 0.1; echo done",
                                       "head -c 1 >/dev/null; echo done"};
  SNT_SECRET_AUTO struct snt_secret *input = bytes(700000);
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
    assert_ok(ask(&(struct asked){.body = bodies[i], .input = input}, &answer, NULL));
    assert_string_equal(snt_secret_borrow(answer.output), "done\n");
  }
}

static void without_an_input_its_stdin_is_at_its_end(void **state) {
  (void)state;
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  assert_ok(ask(&(struct asked){.body = "cat; echo end"}, &answer, NULL));
  assert_string_equal(snt_secret_borrow(answer.output), "end\n");
}

static void an_answer_up_to_the_cap_is_taken_and_a_longer_one_is_not(void **state) {
  (void)state;
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  assert_ok(ask(&(struct asked){.body = "printf %032d 7", .cap = 32}, &answer, NULL));
  assert_int_equal(snt_secret_len(answer.output), 32);
  static const char *const bodies[] = {"printf %033d 7", "exec yes 77777777"};
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer none = {0};
    struct snt_err err = {0};
    assert_code(ask(&(struct asked){.body = bodies[i], .cap = 32}, &none, &err), SNT_CODE_ACTION_REQUIRED);
    assert_string_equal(err.message, "talker answered with more than 32 bytes");
  }
}

/* Nothing but its being late is wrong with any of them. */
static void one_that_is_late_is_ended(void **state) {
  (void)state;
  static const char *const bodies[] = {"exec sleep 300", "echo done; exec sleep 300",
                                       "exec >&- 2>&- <&-; exec sleep 300", "exec yes complaint >&2"};
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer none = {0};
    struct snt_err err = {0};
    assert_code(ask(&(struct asked){.body = bodies[i], .ms = 300}, &none, &err), SNT_CODE_TIMEOUT);
    assert_string_equal(err.message, "talker gave no answer in time");
  }
}

static void at_the_deadline_it_ends_with_all_it_started(void **state) {
  (void)state;
  char body[256];
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer none = {0};
  (void)snprintf(body, sizeof body, "sleep 300 &\necho $$ $! > %s/pids\nwait", scripts);
  int parent = 0;
  int child = 0;
  (void)unlink(script_path("pids"));
  for (int ms = 1000; sscanf(read_left("pids"), "%d %d", &parent, &child) != 2; ms *= 3) { /* it has to have begun */
    assert_true(ms < LONG_MS);
    assert_code(ask(&(struct asked){.body = body, .ms = ms}, &none, NULL), SNT_CODE_TIMEOUT);
  }
  assert_int_equal(kill(parent, 0), -1);
  expect_end(child);
}

/* Both hold the pipes open: one in the group, which ends with it, and one that left it, which is not waited for. */
static void what_it_leaves_behind_is_not_waited_for(void **state) {
  (void)state;
  char body[256];
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer answer = {0};
  (void)snprintf(body, sizeof body, "sleep 300 &\necho $! > %s/pids\necho done; echo why >&2; exit 5", scripts);
  assert_ok(ask(&(struct asked){.body = body}, &answer, NULL));
  assert_string_equal(snt_secret_borrow(answer.output), "done\n");
  assert_string_equal(answer.complaint, "why");
  assert_int_equal(answer.exit_status, 5);
  expect_end(atoi(read_left("pids"))); /* NOLINT(cert-err34-c): it is ours */
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer other = {0};
  (void)unlink(script_path("pids"));
  (void)snprintf(body, sizeof body,
                 "setsid sh -c 'echo $$ > %s/pids; exec sleep 300' &\nwhile ! [ -s %s/pids ]; do sleep 0.01; done\n"
                 "echo done",
                 scripts, scripts);
  assert_ok(ask(&(struct asked){.body = body}, &other, NULL));
  assert_string_equal(snt_secret_borrow(other.output), "done\n");
  assert_int_equal(kill(atoi(read_left("pids")), SIGKILL), 0); /* NOLINT(cert-err34-c): as above */
}

/* pidfd_open fails with ENOSYS, as with older kernels and in some containers. */
static bool forbid_pidfds(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* What it left behind holds its pipes open. */
static void without_pidfds_its_end_is_seen_too(void **state) {
  (void)state;
  pid_t pid = fork();
  if (pid == 0) {
    struct snt_exchange_answer answer = {0};
    bool is_good = forbid_pidfds() && syscall(SYS_pidfd_open, getpid(), 0U) < 0 &&
                   snt_ok(ask(&(struct asked){.body = "sleep 300 &\necho done; exit 5"}, &answer, NULL)) &&
                   strcmp(snt_secret_borrow(answer.output), "done\n") == 0 && answer.exit_status == 5;
    snt_exchange_answer_clear(&answer);
    _exit(is_good ? 0 : 1);
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static void a_signal_that_ends_us_ends_all_it_started(void **state) {
  (void)state;
  char body[256];
  int status = 0;
  int parent = 0;
  int child = 0;
  (void)unlink(script_path("pids"));
  (void)snprintf(body, sizeof body, "sleep 300 &\necho $$ $! > %s/pids\nwait", scripts);
  pid_t pid = fork();
  if (pid == 0) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer none = {0};
    (void)signal(SIGTERM, SIG_DFL); /* whatever ran the tests may ignore it */
    _exit((int)ask(&(struct asked){.body = body}, &none, NULL).code);
  }
  while (sscanf(read_left("pids"), "%d %d\n", &parent, &child) != 2) {
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    (void)usleep(10000);
  }
  assert_int_equal(kill(pid, SIGTERM), 0);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  expect_end(parent);
  expect_end(child);
}

static void one_that_cannot_be_run_is_told_with_the_reason(void **state) {
  (void)state;
  char *argv[] = {(char *)"talker", NULL};
  const char *plain = script_path("plain");
  FILE *file = fopen(plain, "we");
  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
  const struct {
    const char *path, *wanted;
  } rows[] = {
      {"/nonexistent/talker", "talker cannot be started: No such file or directory"},
      {plain, "talker cannot be started: Permission denied"},
      {"/", "talker cannot be started: Permission denied"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer none = {0};
    struct snt_err err = {0};
    const struct snt_exchange exchange = {.path = rows[i].path, .argv = argv, .end_ms = in_ms(LONG_MS), .cap = 1};
    assert_code(snt_exchange_run(&exchange, &none, &err), SNT_CODE_IO);
    assert_string_equal(err.message, rows[i].wanted);
    assert_null(none.output);
  }
}

static void it_gets_the_variables_and_descriptors_that_were_meant(void **state) {
  (void)state;
  int low = open("/dev/zero", O_RDONLY); /* NOLINT(android-cloexec-open): it must not get through all the same */
  int secret = fcntl(low, F_DUPFD, 20);  /* NOLINT(android-cloexec-dup): nor must this one */
  assert_true(secret >= 20);
  (void)close(low);
  (void)setenv("AWS_SECRET_ACCESS_KEY", "dropped", 1);
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer own = {0};
  char *environment[] = {(char *)"PATH=/usr/bin:/bin", (char *)"ONLY=this", NULL};
  assert_ok(ask(&(struct asked){.body = "env; ls -l /proc/self/fd", .environment = environment}, &own, NULL));
  const char *seen = snt_secret_borrow(own.output);
  assert_non_null(strstr(seen, "ONLY=this\n"));
  assert_null(strstr(seen, "HOME="));
  assert_null(strstr(seen, "/dev/zero"));
  SNT_EXCHANGE_ANSWER_AUTO struct snt_exchange_answer chosen = {0};
  assert_ok(ask(&(struct asked){.body = "env"}, &chosen, NULL));
  assert_non_null(strstr(snt_secret_borrow(chosen.output), "HOME="));
  assert_null(strstr(snt_secret_borrow(chosen.output), "dropped"));
  (void)close(secret);
}

static void the_first_line_of_a_text_is_told_printable(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"", ""}, {"\n\n", ""}, {"\n a b\nc", "a b"}, {"0123456789abcdef", "0123456"}, {"a\tb", "a?b"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char line[8];
    snt_exchange_first_line(rows[i][0], line, sizeof line);
    assert_string_equal(line, rows[i][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_status_and_complaint_are_told_apart),
      cmocka_unit_test(large_texts_go_through_whole_in_any_order),
      cmocka_unit_test(one_that_reads_nothing_may_answer),
      cmocka_unit_test(without_an_input_its_stdin_is_at_its_end),
      cmocka_unit_test(an_answer_up_to_the_cap_is_taken_and_a_longer_one_is_not),
      cmocka_unit_test(one_that_is_late_is_ended),
      cmocka_unit_test(at_the_deadline_it_ends_with_all_it_started),
      cmocka_unit_test(what_it_leaves_behind_is_not_waited_for),
      cmocka_unit_test(without_pidfds_its_end_is_seen_too),
      cmocka_unit_test(a_signal_that_ends_us_ends_all_it_started),
      cmocka_unit_test(one_that_cannot_be_run_is_told_with_the_reason),
      cmocka_unit_test(it_gets_the_variables_and_descriptors_that_were_meant),
      cmocka_unit_test(the_first_line_of_a_text_is_told_printable),
  };
  (void)signal(SIGPIPE, SIG_IGN);
  begin_scripts();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  end_scripts();
  return failed;
}
