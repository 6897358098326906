/* What template and worker cannot do. The attempts are made by machine code in the place of policy: the hook of
 * lua/observe.h is this file's. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/evaluator.h"
#include "lua/observe.h"

#define POLICY "version: \"1\"\nrules:\n  - {name: all, effect: allow, conditions: {}}\n"
#define REQUEST                                                                                                        \
  "{\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"account\":\"123456789012\"},\"profile\":\"prod\","                \
  "\"role_arn\":\"arn:aws:iam::123456789012:role/Prod\",\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\","           \
  "\"duration\":3600}"

enum place { WORKER = 1, TEMPLATE = 2, BOTH = 3 };

static char page[4096] __attribute__((aligned(4096)));

static void try_nothing(void) {}
static void try_socket(void) { (void)socket(AF_INET, SOCK_STREAM, 0); }
static void try_unix_socket(void) { (void)socket(AF_UNIX, SOCK_STREAM, 0); }
static void try_open(void) { (void)open("/etc/passwd", O_RDONLY); }
static void try_create(void) { (void)open("/tmp/snt-lockdown", O_WRONLY | O_CREAT, 0600); }
static void try_stat(void) {
  struct stat info;
  (void)stat("/etc/passwd", &info);
}
static void try_execute(void) {
  char *argv[] = {(char *)(uintptr_t) "/bin/true", NULL};
  (void)execv(argv[0], argv);
}
static void try_kill_parent(void) { (void)kill(getppid(), 0); }
static void try_ptrace(void) { (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL); }
static void try_executable_page(void) {
  (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void try_make_executable(void) { (void)mprotect(page, sizeof page, PROT_READ | PROT_EXEC); }
static void try_namespace(void) { (void)unshare(CLONE_NEWUSER); }
static void try_clone_namespace(void) { (void)syscall(SYS_clone, (long)(SIGCHLD | CLONE_NEWUSER), 0, 0, 0, 0); }
static void try_thread(void) { (void)syscall(SYS_clone, (long)(CLONE_VM | CLONE_THREAD | CLONE_SIGHAND), 0, 0, 0, 0); }
static void try_fork(void) { (void)syscall(SYS_clone, (long)SIGCHLD, 0, 0, 0, 0); }
static void try_outlive(void) { (void)prctl(PR_SET_PDEATHSIG, 0UL); }
static void try_dumpable(void) { (void)prctl(PR_SET_DUMPABLE, 1UL); }
static void try_leave_group(void) { (void)setpgid(0, 0); }
static void try_leave_session(void) { (void)setsid(); }
static void try_limits(void) {
  struct rlimit limit;
  (void)getrlimit(RLIMIT_AS, &limit);
}
static void try_duplicate(void) { (void)!dup(3); }
static void try_send(void) { (void)sendto(3, "x", 1, 0, NULL, 0); }
static void try_memory_of_parent(void) { (void)syscall(SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL); }
static void try_perf(void) { (void)syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0UL); }
static void try_bpf(void) { (void)syscall(SYS_bpf, 0, NULL, 0); }
static void try_io_uring(void) { (void)syscall(425, 1, NULL); }
static void try_keys(void) { (void)syscall(SYS_keyctl, 0, 0, 0, 0, 0); }
static void try_personality(void) { (void)personality(READ_IMPLIES_EXEC); }
static void try_shared_memory(void) { (void)syscall(SYS_shmget, 0, 4096UL, 0600); }
static void try_memory_file(void) { (void)syscall(SYS_memfd_create, "x", 0U); }
static void try_close_others(void) { (void)syscall(SYS_close_range, 0, ~0U, 0); }
static void try_another_filter(void) { (void)syscall(SYS_seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, NULL); }

#if defined(__x86_64__)
static void try_x32(void) { (void)syscall(0x40000000L | 1 /* write */, 2, "x", 1); }
static void try_i386(void) {
  long result = 20; /* getpid of i386, which is writev here */
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
}
#else
static void try_x32(void) { try_socket(); }
static void try_i386(void) { try_socket(); }
#endif

static const struct attempt {
  const char *name;
  void (*act)(void);
  enum place places;
  bool is_forbidden_to_sanitizers; /* their filter is wider */
} attempts[] = {
    {"socket", try_socket, BOTH, true},
    {"unix socket", try_unix_socket, BOTH, true},
    {"execute", try_execute, BOTH, true},
    {"ptrace", try_ptrace, BOTH, true},
    {"open", try_open, BOTH, false},
    {"create", try_create, BOTH, false},
    {"stat", try_stat, BOTH, false},
    {"kill the parent", try_kill_parent, BOTH, false},
    {"executable page", try_executable_page, BOTH, false},
    {"make executable", try_make_executable, BOTH, false},
    {"namespace", try_namespace, BOTH, false},
    {"clone a namespace", try_clone_namespace, BOTH, false},
    {"thread", try_thread, BOTH, false},
    {"outlive the core", try_outlive, BOTH, false},
    {"dumpable", try_dumpable, BOTH, false},
    {"leave the group", try_leave_group, BOTH, false},
    {"leave the session", try_leave_session, BOTH, false},
    {"limits", try_limits, BOTH, false},
    {"duplicate", try_duplicate, BOTH, false},
    {"send", try_send, BOTH, false},
    {"memory of the parent", try_memory_of_parent, BOTH, false},
    {"perf", try_perf, BOTH, false},
    {"bpf", try_bpf, BOTH, false},
    {"io_uring", try_io_uring, BOTH, false},
    {"keys", try_keys, BOTH, false},
    {"personality", try_personality, BOTH, false},
    {"shared memory", try_shared_memory, BOTH, false},
    {"memory file", try_memory_file, BOTH, false},
    {"close others", try_close_others, BOTH, false},
    {"x32", try_x32, BOTH, false},
    {"i386", try_i386, BOTH, false},
    {"fork", try_fork, WORKER, false},
    {"another filter", try_another_filter, WORKER, false},
};

/* A fork of this process finds here what to try, and where. */
static const struct attempt *chosen;
static enum place chosen_place;

void snt_observe_before_policy(const char *where) {
  enum place here = strcmp(where, "worker") == 0 ? WORKER : TEMPLATE;
  if (chosen != NULL && here == chosen_place) {
    chosen->act();
  }
}

static struct snt_evaluator_options options;

static snt_status run(struct snt_buf *reply, struct snt_err *err) {
  static const struct snt_policy_text text = {
      .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = POLICY, .len = sizeof POLICY - 1};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(snt_evaluator_load(evaluator, &text, NULL, err));
  return snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, reply, err);
}

static void expect_killed(const struct attempt *attempt, enum place place) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err err = {0};
  chosen = attempt;
  chosen_place = place;
  snt_status status = run(&reply, &err);
  bool names_signal = place == TEMPLATE || strstr(err.message, "killed by signal 31") != NULL; /* SIGSYS */
  if (status.code != SNT_CODE_EVALUATOR || !names_signal || reply.len != 0) {
    fail_msg("%s in the %s: %s, %s", attempt->name, place == WORKER ? "worker" : "template", snt_code_name(status.code),
             err.message);
  }
}

static void attempts_end_the_process_that_makes_them(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    if (SNT_SANITIZED && !attempts[i].is_forbidden_to_sanitizers) {
      continue;
    }
    if ((attempts[i].places & WORKER) != 0) {
      expect_killed(&attempts[i], WORKER);
      options.trace = SNT_TRACE_CANDIDATES; /* it was forked before it was asked */
      expect_killed(&attempts[i], WORKER);
      options.trace = SNT_TRACE_ALL;
    }
    if ((attempts[i].places & TEMPLATE) != 0) {
      expect_killed(&attempts[i], TEMPLATE);
    }
  }
}

/* That the attempts fail for what they try, and not for being tried. */
static void an_attempt_at_nothing_is_answered(void **state) {
  (void)state;
  static const struct attempt nothing = {"nothing", try_nothing, BOTH, false};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  struct snt_err err = {0};
  chosen = &nothing;
  for (chosen_place = WORKER; chosen_place <= TEMPLATE; chosen_place++) {
    if (!snt_ok(run(&reply, &err))) {
      fail_msg("%s", err.message);
    }
    assert_non_null(strstr(snt_buf_borrow(&reply), "\"effect\":\"allow\""));
  }
}

static void use_memory(void) {
  for (int i = 0; i < 100; i++) {
    volatile char *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
      _exit(9);
    }
    block[0] = 1;
  }
}
static void use_too_much_memory(void) {
  for (int i = 0; i < 1000; i++) {
    if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
      _exit(9);
    }
  }
}
static void answer_without_policy(void) {
  (void)!write(4, "allow", 5);
  (void)!write(5, "allow", 5);
  _exit(0);
}
static void spin(void) {
  for (volatile unsigned long i = 0;; i++) {
  }
}
static void end_well(void) { _exit(0); }
static void crash(void) { __builtin_trap(); }

static void a_worker_that_goes_its_own_way_gives_no_verdict(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*act)(void);
    bool is_answered;
  } rows[] = {{"a little memory", use_memory, true},
              {"too much memory", use_too_much_memory, SNT_SANITIZED},
              {"no frame", answer_without_policy, false},
              {"spin", spin, false},
              {"end well", end_well, false},
              {"crash", crash, false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct attempt attempt = {rows[i].name, rows[i].act, WORKER, false};
    SNT_BUF_AUTO struct snt_buf reply = {0};
    struct snt_err err = {0};
    chosen = &attempt;
    chosen_place = WORKER;
    snt_status status = run(&reply, &err);
    if (snt_ok(status) != rows[i].is_answered || (!rows[i].is_answered && status.code != SNT_CODE_EVALUATOR)) {
      fail_msg("%s: %s, %s", rows[i].name, snt_code_name(status.code), err.message);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
  }
}

static void block_template(void) {
  int ends[2];
  char byte = 0;
  (void)!syscall(SYS_pipe2, ends, 0);
  (void)!read(ends[0], &byte, 1); /* both ends are open here: it never returns */
}

static pid_t find_child(pid_t of) {
  char path[64];
  int child = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)of, (int)of);
  FILE *file = fopen(path, "re");
  if (file == NULL || fscanf(file, "%d", &child) != 1) {
    child = 0;
  }
  if (file != NULL) {
    fclose(file);
  }
  return child;
}

/* Ended, or a zombie that nobody reaps in a container without an init. */
static bool is_gone(pid_t pid) {
  char path[64], state = 'X';
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "re");
  if (file != NULL) {
    (void)!fscanf(file, "%*d (%*[^)]) %c", &state);
    fclose(file);
  }
  return state == 'X' || state == 'Z';
}

/* Kills a core whose template or worker makes the attempt; false when the core gave up before, on a busy machine. */
static bool is_killed_with_the_core(const struct attempt *attempt) {
  pid_t core = fork();
  if (core == 0) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    chosen = attempt;
    chosen_place = attempt->places;
    SNT_IGNORE(run(&reply, NULL));
    _exit(0);
  }
  pid_t last = 0;
  int status = 0;
  while (last == 0 && waitpid(core, &status, WNOHANG) == 0) {
    pid_t template = find_child(core);
    last = attempt->places == TEMPLATE || template == 0 ? template : find_child(template);
    usleep(1000);
  }
  if (last == 0) {
    return false;
  }
  usleep(50000); /* now it blocks, or spins; the core gives up after 300 ms at the earliest */
  assert_int_equal(kill(core, SIGKILL), 0);
  assert_int_equal(waitpid(core, &status, 0), core);
  for (int n = 0; n < 1000 && !is_gone(last); n++) {
    usleep(10000);
  }
  assert_true(is_gone(last));
  return WIFSIGNALED(status);
}

/* A process that does not look at its socket, and does not end by itself soon: it is the core's death that ends it. */
static void template_and_worker_die_with_the_core(void **state) {
  (void)state;
  static const struct attempt rows[] = {{"block", block_template, TEMPLATE, false}, {"spin", spin, WORKER, false}};
  for (size_t i = 0; i < 2; i++) {
    int tries = 1;
    while (!is_killed_with_the_core(&rows[i])) {
      assert_true(++tries <= 20);
    }
  }
}

/* Makes one system call fail in this process and all that it forks, as an older kernel or a container would. */
static bool take_away(long number, int reason) {
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)reason),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void without_seccomp_nothing_is_evaluated_unless_the_administrator_says_so(void **state) {
  (void)state;
  static const struct {
    const char *name;
    long number;
    int reason;
    bool is_rlimits_only, is_answered;
  } rows[] = {{"no seccomp", SYS_seccomp, ENOSYS, false, false},
              {"no seccomp, and that is allowed", SYS_seccomp, ENOSYS, true, true},
              {"no Landlock in the kernel", SYS_landlock_create_ruleset, ENOSYS, false, true},
              {"Landlock is switched off", SYS_landlock_create_ruleset, EOPNOTSUPP, false, true},
              {"Landlock is forbidden", SYS_landlock_create_ruleset, EPERM, false, true},
              {"Landlock fails", SYS_landlock_create_ruleset, EMFILE, false, false},
              {"no limits", SYS_prlimit64, EPERM, false, false},
              {"no limits, without seccomp", SYS_prlimit64, EPERM, true, false},
              {"no close_range", SYS_close_range, ENOSYS, true, false}};
  chosen = NULL;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      SNT_BUF_AUTO struct snt_buf reply = {0};
      struct snt_err err = {0};
      options.is_rlimits_only = rows[i].is_rlimits_only;
      snt_status status = take_away(rows[i].number, rows[i].reason) ? run(&reply, &err) : snt_done();
      bool is_refused = status.code == SNT_CODE_EVALUATOR && strstr(err.message, "locked down") != NULL;
      _exit(snt_ok(status) && reply.len > 0 ? 10 : is_refused && reply.len == 0 ? 11 : 12);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != (rows[i].is_answered ? 10 : 11)) {
      fail_msg("%s: status %d", rows[i].name, status);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attempts_end_the_process_that_makes_them),
      cmocka_unit_test(template_and_worker_die_with_the_core),
      cmocka_unit_test(without_seccomp_nothing_is_evaluated_unless_the_administrator_says_so),
      cmocka_unit_test(a_worker_that_goes_its_own_way_gives_no_verdict),
      cmocka_unit_test(an_attempt_at_nothing_is_answered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
