/* MUST
 *  1. wipe every argument and environment string first, then lock down, then read the first byte of policy;
 *  2. evaluate in a fork that ends with the answer, so that nothing survives from one decision to the next;
 *  3. pass on a worker's answer only when it is one exact frame, nothing followed it, and the worker ended well. */
#include "lua/template.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "lua/frame.h"
#include "lua/lockdown.h"
#include "lua/observe.h"
#include "lua/vm.h"
#include "lua/worker.h"

enum { EXIT_NO_CORE = 2, LOAD_FUEL = 30000000 };

struct template {
  struct snt_vm *vm;
  pid_t pid;
  bool is_rlimits_only;
  struct snt_buf request; /* the payload that came last */
  struct snt_buf answer;
  pid_t worker; /* the one that waits for a request; 0: none */
  int to_worker, from_worker;
};

/* The core is gone, or this process cannot go on: nobody is left to tell. */
static _Noreturn void end(int status) { _exit(status); }

static void answer(struct template *self, const struct snt_frame *request, uint8_t result) {
  struct snt_frame frame = snt_frame_make((enum snt_frame_kind)request->kind, result, request->nonce, self->answer.len);
  if (!snt_frame_send(SNT_LOCKDOWN_FD, &frame, snt_buf_borrow(&self->answer))) {
    end(EXIT_NO_CORE);
  }
}

static void answer_failure(struct template *self, const struct snt_frame *request, const char *what, int number) {
  char text[200];
  (void)snprintf(text, sizeof text, "%s %d", what, number);
  snt_buf_reset(&self->answer);
  SNT_IGNORE(snt_buf_append_str(&self->answer, text, NULL));
  answer(self, request, SNT_VM_FAILED);
}

static void answer_call(struct template *self, const struct snt_frame *request, const char *name,
                        const struct snt_slice *args, size_t n) {
  enum snt_vm_result result = snt_vm_call(self->vm, name, args, n, LOAD_FUEL, &self->answer);
  if (result == SNT_VM_FAILED) {
    SNT_IGNORE(snt_buf_append_str(&self->answer, snt_vm_borrow_error(self->vm), NULL));
  }
  answer(self, request, (uint8_t)result);
}

/* The payload is the policy's name, a NUL, its kind in one byte, and its text. */
static void load(struct template *self, const struct snt_frame *request) {
  struct snt_frame_pair pair;
  if (!snt_frame_unpack(self->request.data, self->request.len, &pair) || pair.second_len == 0) {
    end(EXIT_NO_CORE);
  }
  const struct snt_slice args[] = {snt_slice_of(pair.second[0] == 'L' ? "lua" : "yaml"),
                                   snt_slice_of(pair.first),
                                   {pair.second + 1, pair.second_len - 1}};
  answer_call(self, request, "load", args, 3);
}

/* Without an answer: a zone that is not good stays unknown, and linking says so. */
static void add_zone(struct template *self) {
  struct snt_frame_pair pair;
  if (snt_frame_unpack(self->request.data, self->request.len, &pair)) {
    (void)snt_vm_add_zone(self->vm, pair.first, pair.second, pair.second_len);
  }
}

/* The worker's one frame, and then the end of the pipe. */
static bool read_answer(struct template *self, int fd, struct snt_frame *frame) {
  bool is_end = false;
  char extra = 0;
  if (!snt_frame_read_all(fd, frame, sizeof *frame, &is_end) ||
      !snt_frame_check(frame, SNT_FRAME_EVALUATE, frame->nonce, snt_frame_answer_max(SNT_FRAME_EVALUATE)) ||
      !snt_ok(snt_buf_reserve(&self->answer, frame->len, NULL)) ||
      !snt_frame_read_all(fd, self->answer.data, frame->len, &is_end)) {
    return false;
  }
  self->answer.len = frame->len;
  return !snt_frame_read_all(fd, &extra, 1, &is_end) && is_end;
}

static void close_both(const int ends[2]) {
  (void)close(ends[0]);
  (void)close(ends[1]);
}

/* Forks the worker of the next evaluation: it locks itself down while the core is busy elsewhere, and then waits. */
static bool start_worker(struct template *self) {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0) {
    return false;
  }
  if (pipe2(from, O_CLOEXEC) != 0) {
    close_both(to);
    return false;
  }
  /* A plain clone: the C library's fork makes system calls that the filter takes away. Nothing here has threads. */
  pid_t worker = (pid_t)syscall(SYS_clone, (unsigned long)SIGCHLD, 0UL, 0UL, 0UL, 0UL);
  if (worker == 0) {
    struct snt_worker start = {.vm = self->vm,
                               .in = to[0],
                               .out = from[1],
                               .others = {to[1], from[0]},
                               .parent = self->pid,
                               .is_rlimits_only = self->is_rlimits_only};
    snt_worker_main(&start);
  }
  if (worker < 0) {
    close_both(to);
    close_both(from);
    return false;
  }
  (void)close(to[0]);
  (void)close(from[1]);
  self->worker = worker;
  self->to_worker = to[1];
  self->from_worker = from[0];
  return true;
}

/* The worker's exit status, as waitpid gives it; it is gone then. */
static int end_worker(struct template *self) {
  int status = -1;
  (void)close(self->to_worker);
  (void)close(self->from_worker);
  while (waitpid(self->worker, &status, 0) < 0 && errno == EINTR) {
  }
  self->worker = 0;
  return status;
}

static void evaluate(struct template *self, const struct snt_frame *request) {
  if (self->worker == 0 && !start_worker(self)) {
    answer_failure(self, request, "no worker could be started: error", errno);
    return;
  }
  struct snt_frame frame = {0};
  bool is_exact = snt_frame_send(self->to_worker, request, snt_buf_borrow(&self->request)) &&
                  read_answer(self, self->from_worker, &frame);
  int status = end_worker(self);
  if (WIFSIGNALED(status)) {
    answer_failure(self, request, "a worker was killed by signal", WTERMSIG(status));
  } else if (!is_exact || status != 0 || frame.nonce != request->nonce) {
    answer_failure(self, request, "a worker gave no exact answer: status", status);
  } else {
    answer(self, request, frame.result);
  }
}

/* A policy that is linked is going to be asked. Where no worker can be had now, evaluating says so. */
static void link_policy(struct template *self, const struct snt_frame *request) {
  answer_call(self, request, "link", NULL, 0);
  if (self->worker == 0) {
    (void)start_worker(self);
  }
}

static void handle(struct template *self, const struct snt_frame *request) {
  switch (request->kind) {
  case SNT_FRAME_LOAD:
    load(self, request);
    break;
  case SNT_FRAME_ZONE:
    add_zone(self);
    break;
  case SNT_FRAME_LINK:
    link_policy(self, request);
    break;
  case SNT_FRAME_EVALUATE:
    evaluate(self, request);
    break;
  default:
    end(EXIT_NO_CORE);
  }
}

/* The core is trusted; a frame that is not one means that it is gone. */
static void read_request(struct template *self, struct snt_frame *frame) {
  bool is_end = false;
  if (!snt_frame_read_all(SNT_LOCKDOWN_FD, frame, sizeof *frame, &is_end)) {
    if (self->worker != 0) {
      (void)end_worker(self);
    }
    end(is_end ? 0 : EXIT_NO_CORE);
  }
  if (frame->kind == SNT_FRAME_LOAD) {
    snt_observe_before_policy("template");
  }
  snt_buf_reset(&self->request);
  snt_buf_reset(&self->answer);
  bool is_good = snt_frame_check(frame, (enum snt_frame_kind)frame->kind, frame->nonce,
                                 snt_frame_request_max((enum snt_frame_kind)frame->kind)) &&
                 snt_ok(snt_buf_reserve(&self->request, frame->len, NULL)) &&
                 snt_frame_read_all(SNT_LOCKDOWN_FD, self->request.data, frame->len, &is_end);
  if (!is_good) {
    end(EXIT_NO_CORE);
  }
  self->request.len = frame->len;
  self->request.data[frame->len] = '\0';
}

/* The first frame of all: how locking down went. */
static void say_hello(struct template *self, const char *failed_step, int reason) {
  struct snt_frame hello = snt_frame_make(SNT_FRAME_HELLO, SNT_VM_OK, 0, 0);
  if (failed_step == NULL) {
    answer(self, &hello, SNT_VM_OK);
    return;
  }
  SNT_IGNORE(snt_buf_appendf(&self->answer, NULL, "%s: %s", failed_step, strerror(reason)));
  answer(self, &hello, SNT_VM_FAILED);
  end(EXIT_NO_CORE);
}

_Noreturn void snt_template_main(int socket, pid_t parent, bool is_rlimits_only) {
  snt_process_wipe_strings();
  struct template self = {.pid = getpid(), .is_rlimits_only = is_rlimits_only};
  const char *failed_step = snt_lockdown_template(socket, parent, is_rlimits_only);
  struct snt_err err = {0};
  if (failed_step == NULL && !snt_ok(snt_vm_new(&self.vm, &err))) {
    failed_step = err.message;
  }
  say_hello(&self, failed_step, errno);
  for (;;) {
    struct snt_frame frame;
    read_request(&self, &frame);
    handle(&self, &frame);
  }
}
