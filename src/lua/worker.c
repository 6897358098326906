#include "lua/worker.h"

#include <string.h>
#include <unistd.h>

#include "lua/lockdown.h"
#include "lua/observe.h"

enum { EXIT_LOCKDOWN = 3, EXIT_ANSWER = 4, EXIT_REQUEST = 5, REHEARSAL_FUEL = 100000 };

/* A line for each call. The first one that does not end well is the end of all: what stands in the reply then is
 * nothing, and the core asks for one after the other, each in a worker of its own. */
static enum snt_vm_result call_each(const struct snt_worker *start, struct snt_buf *reply) {
  enum snt_vm_result result = SNT_VM_OK;
  const char *end = start->args[0].data + start->args[0].len;
  for (const char *at = start->args[0].data; result == SNT_VM_OK && at < end;) {
    const struct snt_slice arg = {at, strnlen(at, (size_t)(end - at))};
    result = snt_vm_call(start->vm, start->function, &arg, 1, start->fuel, reply);
    bool is_kept = result == SNT_VM_OK && snt_ok(snt_buf_append_char(reply, '\n', NULL));
    result = result == SNT_VM_OK && !is_kept ? SNT_VM_MEMORY : result;
    at += arg.len + 1;
  }
  if (result != SNT_VM_OK) {
    snt_buf_reset(reply);
  }
  return result;
}

static enum snt_vm_result call(const struct snt_worker *start, struct snt_buf *reply) {
  return start->is_batch ? call_each(start, reply)
                         : snt_vm_call(start->vm, start->function, start->args, start->arg_count, start->fuel, reply);
}

_Noreturn void snt_worker_call(const struct snt_worker *start) {
  snt_observe_before_policy("worker");
  struct snt_buf reply = {0};
  enum snt_vm_result result = call(start, &reply);
  if (result == SNT_VM_FAILED) {
    SNT_IGNORE(snt_buf_append_str(&reply, snt_vm_borrow_error(start->vm), NULL));
  }
  enum snt_frame_kind kind = (enum snt_frame_kind)start->asked->kind;
  struct snt_frame frame = snt_frame_make(kind, (uint8_t)result, start->asked->nonce, reply.len);
  bool is_written =
      reply.len <= snt_frame_answer_max(kind) && snt_frame_send(start->out, &frame, snt_buf_borrow(&reply));
  _exit(is_written ? 0 : EXIT_ANSWER);
}

/* A fork finds neither code nor memory in place. What a decision touches is touched while nobody waits; its answer says
 * nothing, and of its failure the next call would tell. */
static void rehearse(struct snt_vm *vm) {
  SNT_BUF_AUTO struct snt_buf nothing = {0};
  (void)snt_vm_call(vm, "rehearse", NULL, 0, REHEARSAL_FUEL, &nothing);
}

/* A template that needs no answer any more closes the pipe. */
static _Noreturn void call_when_asked(const struct snt_worker *start) {
  struct snt_worker asked = *start;
  struct snt_frame frame;
  struct snt_frame_pair pair;
  struct snt_buf request = {0};
  bool is_end = false;
  if (start->has_time) {
    rehearse(start->vm);
  }
  if (!snt_frame_read_all(start->in, &frame, sizeof frame, &is_end)) {
    _exit(is_end ? 0 : EXIT_REQUEST);
  }
  enum snt_frame_kind kind = (enum snt_frame_kind)frame.kind;
  if (!snt_frame_check(&frame, kind, frame.nonce, snt_frame_request_max(kind)) ||
      !snt_ok(snt_buf_reserve(&request, frame.len, NULL)) ||
      !snt_frame_read_all(start->in, request.data, frame.len, &is_end) ||
      !snt_frame_unpack(request.data, frame.len, &pair)) {
    _exit(EXIT_REQUEST);
  }
  asked.asked = &frame;
  asked.args[0] = snt_slice_of(pair.first);
  asked.args[1] = (struct snt_slice){pair.second, pair.second_len};
  snt_worker_call(&asked);
}

_Noreturn void snt_worker_main(const struct snt_worker *start, const int *others, size_t n, pid_t parent) {
  if (snt_lockdown_worker(others, n, parent, start->is_rlimits_only) != NULL) {
    _exit(EXIT_LOCKDOWN);
  }
  if (start->is_early) {
    call_when_asked(start);
  }
  snt_worker_call(start);
}
