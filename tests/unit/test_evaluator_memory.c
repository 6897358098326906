/* Invariant I3: nothing of the arguments and the environment is in the memory of template and worker when they meet
 * policy. The program runs itself again with a mark in both; the hook of lua/observe.h then looks for the mark in all
 * memory that the evaluator inherited, and writes down what it found in a page that it shares with this process. */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/process.h"
#include "lua/evaluator.h"
#include "lua/observe.h"

#define MARK_LEN 24
#define KEY 0x5a
#define RANGES_MAX 512

/* The mark is not in this program's text: only its bytes with KEY are. */
static const unsigned char hidden[MARK_LEN + 1] = "k1l2m3n4o5p6q7r8s9t0u1v2";

struct range {
  const unsigned char *from, *to;
};

struct found {
  int scans, marks;
  size_t bytes;
};

static struct range ranges[RANGES_MAX];
static size_t range_count;
static struct found *found; /* two, in a shared page: template, worker */
static const unsigned char *heap_end;

static void make_mark(char out[static MARK_LEN + 1]) {
  static const volatile unsigned char key = KEY; /* or the compiler would put the mark into the program */
  for (size_t i = 0; i < MARK_LEN; i++) {
    out[i] = (char)(hidden[i] ^ key);
  }
  out[MARK_LEN] = '\0';
}

static int search(const unsigned char *from, const unsigned char *to) {
  int n = 0;
  for (const unsigned char *at = from; at + MARK_LEN <= to; at++) {
    size_t i = 0;
    while (i < MARK_LEN && at[i] == (hidden[i] ^ KEY)) {
      i++;
    }
    n += i == MARK_LEN;
  }
  return n;
}

static void search_all(struct found *out) {
  for (size_t i = 0; i < range_count; i++) {
    out->marks += search(ranges[i].from, ranges[i].to);
    out->bytes += (size_t)(ranges[i].to - ranges[i].from);
  }
  const unsigned char *grown = sbrk(0);
  if (heap_end != NULL && grown > heap_end) {
    out->marks += search(heap_end, grown);
  }
  out->scans++;
}

void snt_observe_before_policy(const char *where) { search_all(&found[strcmp(where, "worker") == 0 ? 1 : 0]); }

/* What this process can read now is what it will share with its forks. */
static void remember_ranges(void) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "re");
  assert_non_null(maps);
  range_count = 0;
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long from = 0, to = 0;
    char mode[5] = "";
    assert_int_equal(sscanf(line, "%lx-%lx %4s", &from, &to, mode), 3);
    if (mode[0] != 'r' || strstr(line, "[v") != NULL || range_count == RANGES_MAX) {
      continue;
    }
    if (strstr(line, "[heap]") != NULL) {
      heap_end = (const unsigned char *)to;
    }
    ranges[range_count++] = (struct range){(const unsigned char *)from, (const unsigned char *)to};
  }
  fclose(maps);
}

static void the_scan_finds_the_mark_in_this_process(void **state) {
  (void)state;
  struct found here = {0};
  remember_ranges();
  search_all(&here);
  assert_true(here.marks >= 2); /* an argument, and a variable */
}

static void template_and_worker_hold_nothing_of_arguments_and_environment(void **state) {
  (void)state;
  static const char policy[] = "version: \"1\"\nrules:\n  - {name: a, effect: deny, conditions: {}}\n";
  static const char request[] = "{\"user\":{\"name\":\"alice\",\"kind\":\"user\"},\"profile\":\"p\",\"mode\":\"cli\"}";
  static const struct snt_policy_text text = {
      .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = policy, .len = sizeof policy - 1};
  static const struct snt_evaluator_options options = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  remember_ranges();
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load(evaluator, &text, NULL, NULL));
  SNT_IGNORE(snt_evaluator_evaluate(evaluator, (struct snt_slice){request, sizeof request - 1}, (struct snt_slice){0},
                                    &reply, NULL)); /* late under sanitizers */
  for (int i = 0; i < 2; i++) {
    assert_int_equal(found[i].scans, 1);
    assert_true(found[i].bytes > 1 << 20);
    assert_int_equal(found[i].marks, 0);
  }
}

/* The next worker is forked while one works on a request, and after the answer to another one, which tells the name of
 * its user: it must know nothing of both. */
static void a_worker_that_waited_holds_nothing_of_another_request(void **state) {
  (void)state;
  static const char policy[] = "version: \"1\"\nrules:\n  - {name: a, effect: allow, conditions: {users: [bob]}}\n";
  static const struct snt_policy_text text = {
      .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = policy, .len = sizeof policy - 1};
  static const struct snt_evaluator_options options = {.trace = SNT_TRACE_CANDIDATES};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  char mark[MARK_LEN + 1], request[200];
  remember_ranges();
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load(evaluator, &text, NULL, NULL));
  make_mark(mark); /* now, so that the template does not inherit it */
  for (int i = 0; i < 6; i++) {
    SNT_BUF_AUTO struct snt_buf reply = {0};
    found[1] = (struct found){0};
    int len = snprintf(request, sizeof request, "{\"user\":{\"name\":\"%s\",\"kind\":\"user\"},\"profile\":\"p\"}",
                       i % 3 == 0 ? mark : "alice");
    assert_ok(snt_evaluator_evaluate(evaluator, (struct snt_slice){request, (size_t)len}, (struct snt_slice){0}, &reply,
                                     NULL));
    assert_int_equal(found[1].scans, 1);
    assert_int_equal(found[1].marks > 0, i % 3 == 0);
  }
}

static void run_again_with_the_mark(char **argv) {
  char mark[MARK_LEN + 1], variable[64], argument[64];
  make_mark(mark);
  snprintf(variable, sizeof variable, "AWS_SECRET_ACCESS_KEY=%s", mark);
  snprintf(argument, sizeof argument, "--justification=%s", mark);
  char *arguments[] = {argv[0], argument, NULL},
       *environment[] = {(char *)(uintptr_t) "PATH=/usr/bin:/bin", variable, NULL};
  execve("/proc/self/exe", arguments, environment);
  _exit(1);
}

int main(int argc, char **argv, char **envp) {
  if (SNT_SANITIZED) {
    print_message("skipped: a sanitizer's own memory is too large to be searched\n");
    return 0;
  }
  if (argc < 2) {
    run_again_with_the_mark(argv);
  }
  snt_process_remember(argc, argv, envp);
  found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) {
    return 1;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_scan_finds_the_mark_in_this_process),
      cmocka_unit_test(template_and_worker_hold_nothing_of_arguments_and_environment),
      cmocka_unit_test(a_worker_that_waited_holds_nothing_of_another_request),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
