#include "lua/worker.h"

#include <unistd.h>

#include "lua/lockdown.h"
#include "lua/observe.h"

enum { EXIT_LOCKDOWN = 3, EXIT_ANSWER = 4 };

_Noreturn void snt_worker_call(const struct snt_worker *start) {
  snt_observe_before_policy("worker");
  struct snt_buf reply = {0};
  enum snt_vm_result result =
      snt_vm_call(start->vm, start->function, start->args, start->arg_count, start->fuel, &reply);
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
  snt_worker_call(start);
}
