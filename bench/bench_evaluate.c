/* One evaluation: from the request to the verdict in the core. The worker is forked while the one before works; the
 * first, for which nothing was forked yet, is printed alone.
 *
 * usage: bench_evaluate POLICY.yaml [ROUNDS [brief]]        brief: rules are indexed, as for many evaluations */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[2]) : 500;
  struct snt_err err = {0};
  struct snt_buf policy = {0};
  struct snt_evaluator_options options = {.trace = argc > 3 ? SNT_TRACE_CANDIDATES : SNT_TRACE_NEAREST};
  struct snt_evaluator *evaluator = NULL;
  if (argc < 2 || rounds < 1) {
    return 2;
  }
  if (!snt_ok(snt_file_read(argv[1], SNT_FILE_ANY, 512 * 1024, &policy, &err))) {
    return fail(&err);
  }
  double *us = calloc((size_t)rounds, sizeof *us);
  double start = now_us();
  if (us == NULL || !snt_ok(snt_evaluator_start(&options, &evaluator, &err))) {
    return fail(&err);
  }
  double started = now_us();
  struct snt_policy_text text = {.name = argv[1], .kind = SNT_POLICY_KIND_YAML, .data = policy.data, .len = policy.len};
  if (!snt_ok(snt_evaluator_load(evaluator, &text, NULL, &err))) {
    return fail(&err);
  }
  double loaded = now_us();
  for (int i = 0; i < rounds; i++) {
    struct snt_buf reply = {0};
    double before = now_us();
    if (!snt_ok(snt_evaluator_evaluate(evaluator, snt_slice_of(REQUEST), (struct snt_slice){0}, &reply, &err))) {
      return fail(&err);
    }
    us[i] = now_us() - before;
    snt_buf_clear(&reply);
  }
  double first = us[0];
  sort_doubles(us, (size_t)rounds);
  printf("  start %.0f us, load %.0f us, first evaluation %.0f us; evaluation median %.0f us, p10 %.0f, p90 %.0f (%d "
         "rounds)\n",
         started - start, loaded - started, first, us[rounds / 2], us[rounds / 10], us[rounds * 9 / 10], rounds);
  snt_evaluator_close(&evaluator);
  return 0;
}
