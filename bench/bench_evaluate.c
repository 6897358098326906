/* One evaluation: from the request to the verdict in the core. The worker is forked while the one before works; the
 * first, for which nothing was forked yet, is printed alone. And as a command evaluates, which asks once: without a
 * fork.
 *
 * usage: bench_evaluate POLICY.yaml [ROUNDS [brief]]        brief: rules are indexed, as for many evaluations */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "lua/evaluator.h"
#include "measure.h"

static const char REQUEST[] =
    "{\"user\":{\"name\":\"alice\",\"kind\":\"user\",\"arn\":\"arn:aws:iam::123456789012:user/alice\","
    "\"account\":\"123456789012\"},\"profile\":\"dev\",\"role_arn\":\"arn:aws:iam::123456789012:role/Dev\","
    "\"mode\":\"credential_process\",\"time\":\"2026-01-19T02:47:33Z\",\"duration\":3600}";

static int fail(const struct snt_err *err) {
  fprintf(stderr, "bench_evaluate: %s\n", err->message);
  return 1;
}

static void print(const char *what, double *us, int rounds) {
  sort_doubles(us, (size_t)rounds);
  printf("  %s: median %.0f us, p10 %.0f, p90 %.0f (%d rounds)\n", what, us[rounds / 2], us[rounds / 10],
         us[rounds * 9 / 10], rounds);
}

static snt_status evaluate(struct snt_evaluator *evaluator, double *us, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  double before = now_us();
  SNT_TRY(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, err));
  *us = now_us() - before;
  return snt_done();
}

/* The most that the template, our only child, has held, in KB, with the pages that it shares; 0 when that cannot be
 * read. */
static long template_peak_kb(void) {
  char path[64], line[128];
  long pid = 0, kb = 0;
  (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
  FILE *file = fopen(path, "r");
  if (file != NULL) {
    pid = fgets(line, sizeof line, file) == NULL ? 0 : strtol(line, NULL, 10);
    (void)fclose(file);
  }
  (void)snprintf(path, sizeof path, "/proc/%ld/status", pid);
  file = pid == 0 ? NULL : fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "VmHWM:", 6) == 0) {
      kb = strtol(line + 6, NULL, 10);
    }
  }
  if (file != NULL) {
    (void)fclose(file);
  }
  return kb;
}

/* As a command does, which asks once: the template evaluates itself. */
static snt_status evaluate_once(const struct snt_policy_text *text, double *us, struct snt_err *err) {
  const struct snt_evaluator_options options = {.is_once = true, .trace = SNT_TRACE_NEAREST};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(snt_evaluator_load(evaluator, text, NULL, err));
  return evaluate(evaluator, us, err);
}

static snt_status run(const struct snt_policy_text *text, enum snt_trace trace, double *us, int rounds,
                      struct snt_err *err) {
  const struct snt_evaluator_options options = {.trace = trace};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  double start = now_us();
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  double started = now_us();
  SNT_TRY(snt_evaluator_load(evaluator, text, NULL, err));
  double loaded = now_us();
  for (int i = 0; i < rounds; i++) {
    SNT_TRY(evaluate(evaluator, &us[i], err));
  }
  printf("  start %.0f us, load %.0f us, first evaluation %.0f us\n", started - start, loaded - started, us[0]);
  print("evaluation", us, rounds);
  printf("  the template held %ld KB\n", template_peak_kb());
  if (trace == SNT_TRACE_CANDIDATES) {
    return snt_done();
  }
  for (int i = 0; i < rounds; i++) {
    SNT_TRY(evaluate_once(text, &us[i], err));
  }
  print("the only one of a command", us, rounds);
  return snt_done();
}

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[2]) : 500;
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf policy = {0};
  if (argc < 2 || rounds < 1) {
    return 2;
  }
  if (!snt_ok(snt_file_read(argv[1], SNT_FILE_ANY, 512 * 1024, &policy, &err))) {
    return fail(&err);
  }
  SNT_FREE_AUTO double *us = calloc((size_t)rounds, sizeof *us);
  const struct snt_policy_text text = {
      .name = argv[1], .kind = SNT_POLICY_KIND_YAML, .data = policy.data, .len = policy.len};
  enum snt_trace trace = argc > 3 ? SNT_TRACE_CANDIDATES : SNT_TRACE_NEAREST;
  return us != NULL && snt_ok(run(&text, trace, us, rounds, &err)) ? 0 : fail(&err);
}
