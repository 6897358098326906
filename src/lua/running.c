/* MUST
 *  1. leave a worker no descriptor but its own two;
 *  2. take one exact frame for an answer, from a worker that ended well, and nothing after it. */
#include "lua/running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lua/frame.h"

static void close_end(int *end) {
  if (*end >= 0) {
    (void)close(*end);
  }
  *end = -1;
}

struct snt_running snt_running_start(struct snt_worker *start, pid_t template, int other) {
  int requests[2] = {-1, -1};
  int answers[2] = {-1, -1};
  pid_t pid = -1;
  if (pipe2(answers, O_CLOEXEC) == 0 && (!start->is_early || pipe2(requests, O_CLOEXEC) == 0)) {
    /* A plain clone: the C library's fork makes system calls that the filter takes away. Nothing here has threads. */
    pid = (pid_t)syscall(SYS_clone, (unsigned long)SIGCHLD, 0UL, 0UL, 0UL, 0UL);
  }
  if (pid == 0) {
    const int others[] = {answers[0], requests[1], other};
    start->in = requests[0];
    start->out = answers[1];
    snt_worker_main(start, others, sizeof others / sizeof others[0], template);
  }
  int reason = errno;
  close_end(&answers[1]);
  close_end(&requests[0]);
  if (pid < 0) {
    close_end(&answers[0]);
    close_end(&requests[1]);
  }
  errno = reason;
  return (struct snt_running){.pid = pid < 0 ? 0 : pid, .to = requests[1], .from = answers[0]};
}

void snt_running_ask(struct snt_running *worker, const struct snt_frame *request, const struct snt_buf *payload) {
  (void)snt_frame_send(worker->to, request, snt_buf_borrow(payload));
  close_end(&worker->to);
}

/* The one frame, and then the end of the pipe. */
static bool read_answer(int fd, const struct snt_frame *request, struct snt_frame *frame, struct snt_buf *out) {
  enum snt_frame_kind kind = (enum snt_frame_kind)request->kind;
  bool is_end = false;
  char extra = 0;
  if (!snt_frame_read_all(fd, frame, sizeof *frame, &is_end) ||
      !snt_frame_check(frame, kind, request->nonce, snt_frame_answer_max(kind)) ||
      !snt_ok(snt_buf_reserve(out, frame->len, NULL)) || !snt_frame_read_all(fd, out->data, frame->len, &is_end)) {
    return false;
  }
  out->len = frame->len;
  return !snt_frame_read_all(fd, &extra, 1, &is_end) && is_end;
}

/* The end of the worker: what waitpid tells. */
static int reap(struct snt_running *worker) {
  int status = -1;
  close_end(&worker->to);
  close_end(&worker->from);
  while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
  }
  *worker = (struct snt_running){0};
  return status;
}

enum snt_answer snt_running_finish(struct snt_running *worker, const struct snt_frame *request, struct snt_frame *frame,
                                   struct snt_buf *out, int *number) {
  bool is_exact = read_answer(worker->from, request, frame, out);
  int status = reap(worker);
  if (WIFSIGNALED(status)) {
    *number = WTERMSIG(status);
    return SNT_ANSWER_KILLED;
  }
  *number = status;
  return is_exact && status == 0 ? SNT_ANSWER_EXACT : SNT_ANSWER_ODD;
}

void snt_running_dismiss(struct snt_running *worker) {
  if (worker->pid != 0) {
    (void)reap(worker);
  }
}
