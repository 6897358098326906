#include "lua/worker.h"

#include <unistd.h>

#include "lua/lockdown.h"
#include "lua/observe.h"

enum { EVALUATION_FUEL = 10000000, EXIT_LOCKDOWN = 3, EXIT_ANSWER = 4 };

/* Of the stdlib's main module. */
static const char *const FUNCTIONS[] = {[SNT_TRACE_ALL] = "evaluate",
                                        [SNT_TRACE_NEAREST] = "evaluate_nearest",
                                        [SNT_TRACE_EXPLAINED] = "explain",
                                        [SNT_TRACE_CANDIDATES] = "decide"};

_Noreturn void snt_worker_evaluate(const struct snt_worker *start) {
  snt_observe_before_policy("worker");
  struct snt_buf reply = {0};
  const struct snt_slice args[] = {{start->request->data, start->request->len}};
  enum snt_vm_result result = snt_vm_call(start->vm, FUNCTIONS[start->trace], args, 1, EVALUATION_FUEL, &reply);
  if (result == SNT_VM_FAILED) {
    SNT_IGNORE(snt_buf_append_str(&reply, snt_vm_borrow_error(start->vm), NULL));
  }
  enum snt_frame_kind kind = (enum snt_frame_kind)start->asked->kind;
  struct snt_frame frame = snt_frame_make(kind, (uint8_t)result, start->asked->nonce, reply.len);
  bool is_written =
      reply.len <= snt_frame_answer_max(kind) && snt_frame_send(start->out, &frame, snt_buf_borrow(&reply));
  _exit(is_written ? 0 : EXIT_ANSWER);
}

_Noreturn void snt_worker_main(const struct snt_worker *start, int other, pid_t parent) {
  if (snt_lockdown_worker(other, parent, start->is_rlimits_only) != NULL) {
    _exit(EXIT_LOCKDOWN);
  }
  snt_worker_evaluate(start);
}
