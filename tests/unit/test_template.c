/* The template against a worker that lies: this file's snt_worker_main takes the place of the one that ships. */
#include "check.h"

#include <string.h>
#include <unistd.h>

#include "lua/evaluator.h"
#include "lua/frame.h"
#include "lua/vm.h"
#include "lua/worker.h"

#define POLICY "version: \"1\"\nrules:\n  - {name: all, effect: allow, conditions: {}}\n"
#define ANSWER "{\"an\":\"answer\"}"

enum lie {
  LIE_NONE,
  LIE_NOTHING,
  LIE_EXTRA,
  LIE_TWICE,
  LIE_CUT,
  LIE_TOO_LONG,
  LIE_NONCE,
  LIE_KIND,
  LIE_MAGIC,
  LIE_RESULT,
  LIE_STATUS,
  LIE_CRASH,
  LIE_HANG,
  LIE_FAILED,
  LIE_COUNT
};

/* A fork of this process finds here how to lie. */
static enum lie lie;

static void spoil(struct snt_frame *frame) {
  switch (lie) {
  case LIE_CUT:
    frame->len++;
    break;
  case LIE_TOO_LONG:
    frame->len = UINT32_MAX;
    break;
  case LIE_NONCE:
    frame->nonce ^= 1;
    break;
  case LIE_KIND:
    frame->kind = SNT_FRAME_LOAD;
    break;
  case LIE_MAGIC:
    frame->magic ^= 1;
    break;
  case LIE_RESULT:
    frame->result = SNT_VM_MEMORY + 1;
    break;
  case LIE_FAILED:
    frame->result = SNT_VM_FAILED;
    break;
  default:
    break;
  }
}

static _Noreturn void answer_falsely(const struct snt_worker *start) {
  enum snt_frame_kind kind = (enum snt_frame_kind)start->asked->kind;
  struct snt_frame frame = snt_frame_make(kind, SNT_VM_OK, start->asked->nonce, strlen(ANSWER));
  spoil(&frame);
  for (int i = 0; lie != LIE_NOTHING && i < (lie == LIE_TWICE ? 2 : 1); i++) {
    (void)snt_frame_write_all(start->out, &frame, sizeof frame);
    (void)snt_frame_write_all(start->out, ANSWER, strlen(ANSWER));
  }
  if (lie == LIE_EXTRA) {
    (void)snt_frame_write_all(start->out, "}", 1);
  }
  if (lie == LIE_CRASH) {
    __builtin_trap();
  }
  while (lie == LIE_HANG) {
  }
  _exit(lie == LIE_STATUS ? 1 : 0);
}

_Noreturn void snt_worker_main(const struct snt_worker *start, const int *others, size_t n, pid_t parent) {
  (void)others;
  (void)n;
  (void)parent;
  struct snt_worker asked = *start;
  struct snt_frame frame;
  char payload[1024];
  bool is_end = false;
  if (start->is_early) {
    if (!snt_frame_read_all(start->in, &frame, sizeof frame, &is_end) || frame.len > sizeof payload ||
        !snt_frame_read_all(start->in, payload, frame.len, &is_end)) {
      _exit(0);
    }
    asked.asked = &frame;
  }
  answer_falsely(&asked);
}

_Noreturn void snt_worker_call(const struct snt_worker *start) { answer_falsely(start); }

/* Only LIE_NONE may be believed. */
static void assert_not_believed(const struct snt_evaluator_options *options) {
  static const struct snt_policy_text text = {
      .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = POLICY, .len = sizeof POLICY - 1};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  assert_ok(snt_evaluator_start(options, &evaluator, NULL));
  assert_ok(snt_evaluator_load(evaluator, &text, NULL, NULL));
  snt_status status = snt_evaluator_evaluate(evaluator, snt_slice_of("{}"), (struct snt_slice){0}, &reply, NULL);
  if (status.code != (lie == LIE_NONE ? SNT_CODE_OK : SNT_CODE_EVALUATOR)) {
    fail_msg("lie %d: %s", (int)lie, snt_code_name(status.code));
  }
  assert_string_equal(snt_buf_borrow(&reply), lie == LIE_NONE ? ANSWER : "");
}

static void only_one_exact_answer_of_a_worker_that_ended_well_is_passed_on(void **state) {
  (void)state;
  for (lie = LIE_NONE; lie < LIE_COUNT; lie++) {
    assert_not_believed(&(struct snt_evaluator_options){0});
    assert_not_believed(&(struct snt_evaluator_options){.trace = SNT_TRACE_CANDIDATES});
  }
}

/* It answers the core itself, which takes one frame and kills what goes on after it: what comes later is never read. */
static void only_an_exact_answer_of_a_template_that_evaluates_once_is_taken(void **state) {
  (void)state;
  static const enum lie lies[] = {LIE_NONE, LIE_NOTHING, LIE_CUT,    LIE_TOO_LONG, LIE_NONCE,
                                  LIE_KIND, LIE_MAGIC,   LIE_RESULT, LIE_FAILED};
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
    lie = lies[i];
    assert_not_believed(&(struct snt_evaluator_options){.is_once = true});
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_one_exact_answer_of_a_worker_that_ended_well_is_passed_on),
      cmocka_unit_test(only_an_exact_answer_of_a_template_that_evaluates_once_is_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
