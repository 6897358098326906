#include "lua/worker.h"

#include <string.h>
#include <unistd.h>

#include "lua/lockdown.h"
#include "lua/observe.h"

enum { EXIT_LOCKDOWN = 3, EXIT_ANSWER = 4 };

/* A call that spends its limits has an answer too. */
static enum snt_vm_result call_for_each(const struct snt_worker *start, struct snt_buf *reply) {
  const char *at = start->args[0].data;
  const char *end = at + start->args[0].len;
  bool is_good = snt_ok(snt_buf_append_char(reply, '[', NULL));
  while (is_good && at < end) {
    const char *space = memchr(at, ' ', (size_t)(end - at));
    const char *stop = space == NULL ? end : space;
    const struct snt_slice args[] = {{at, (size_t)(stop - at)}, snt_slice_of(stop == end ? "last" : "")};
    if (snt_vm_call(start->vm, start->function, args, 2, start->fuel, reply) == SNT_VM_FAILED) {
      snt_buf_reset(reply);
      return SNT_VM_FAILED;
    }
    is_good = snt_ok(snt_buf_append_char(reply, stop == end ? ']' : ',', NULL));
    at = stop == end ? end : stop + 1;
  }
  return is_good ? SNT_VM_OK : SNT_VM_FAILED;
}

_Noreturn void snt_worker_call(const struct snt_worker *start) {
  snt_observe_before_policy("worker");
  struct snt_buf reply = {0};
  enum snt_vm_result result =
      start->is_list ? call_for_each(start, &reply)
                     : snt_vm_call(start->vm, start->function, start->args, start->arg_count, start->fuel, &reply);
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
