#include "lua/worker.h"

#include <unistd.h>

#include "lua/frame.h"
#include "lua/lockdown.h"
#include "lua/observe.h"

enum { EVALUATION_FUEL = 10000000, EXIT_LOCKDOWN = 3, EXIT_ANSWER = 4, EXIT_REQUEST = 5 };

static bool read_request(int fd, struct snt_frame *frame, struct snt_buf *request) {
  bool is_end = false;
  if (!snt_frame_read_all(fd, frame, sizeof *frame, &is_end) ||
      !snt_frame_check(frame, SNT_FRAME_EVALUATE, frame->nonce, snt_frame_request_max(SNT_FRAME_EVALUATE)) ||
      !snt_ok(snt_buf_reserve(request, frame->len, NULL)) ||
      !snt_frame_read_all(fd, request->data, frame->len, &is_end)) {
    return false;
  }
  request->len = frame->len;
  return true;
}

_Noreturn void snt_worker_main(const struct snt_worker *start) {
  if (snt_lockdown_worker(start->others, start->parent, start->is_rlimits_only) != NULL) {
    _exit(EXIT_LOCKDOWN);
  }
  snt_observe_before_policy("worker");
  struct snt_frame asked = {0};
  struct snt_buf request = {0};
  struct snt_buf reply = {0};
  if (!read_request(start->in, &asked, &request)) {
    _exit(EXIT_REQUEST);
  }
  const struct snt_slice args[] = {{request.data, request.len}};
  enum snt_vm_result result = snt_vm_call(start->vm, "evaluate", args, 1, EVALUATION_FUEL, &reply);
  if (result == SNT_VM_FAILED) {
    SNT_IGNORE(snt_buf_append_str(&reply, snt_vm_borrow_error(start->vm), NULL));
  }
  struct snt_frame frame = snt_frame_make(SNT_FRAME_EVALUATE, (uint8_t)result, asked.nonce, reply.len);
  bool is_written = reply.len <= snt_frame_answer_max(SNT_FRAME_EVALUATE) &&
                    snt_frame_send(start->out, &frame, snt_buf_borrow(&reply));
  _exit(is_written ? 0 : EXIT_ANSWER);
}
