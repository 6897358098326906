#include "issue/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* A child that hangs is ended by its own alarm. */
enum { CHILD_LIMIT_S = 90, EXIT_UNWRITTEN = 3 };

/* What the child says first: one program wrote and reads it. */
struct outcome {
  snt_status status;
  struct snt_err err;
};

static _Noreturn void be_child(const struct snt_child *child, int fd) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)alarm(CHILD_LIMIT_S);
  struct outcome outcome = {0};
  outcome.status = child->work(child->context, &outcome.err);
  bool is_sent = snt_ok(snt_file_write_all(fd, &outcome, sizeof outcome, NULL)) &&
                 (!snt_ok(outcome.status) || snt_ok(child->send(child->context, fd)));
  _exit(is_sent ? 0 : EXIT_UNWRITTEN);
}

snt_status snt_child_read(int fd, void *data, size_t len) {
  char *at = data;
  while (len > 0) {
    ssize_t got = read(fd, at, len);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return (snt_status){SNT_CODE_IO};
    }
    at += got > 0 ? got : 0;
    len -= got > 0 ? (size_t)got : 0;
  }
  return snt_done();
}

snt_status snt_child_read_text(int fd, size_t len, size_t max, struct snt_buf *out) {
  if (len > max) {
    return (snt_status){SNT_CODE_IO};
  }
  SNT_TRY(snt_buf_reserve(out, len, NULL));
  SNT_TRY(snt_child_read(fd, out->data, len));
  out->len = len;
  out->data[len] = '\0';
  return snt_done();
}

static bool is_at_end(int fd) {
  char more = 0;
  ssize_t got = 0;
  do {
    got = read(fd, &more, 1);
  } while (got < 0 && errno == EINTR);
  return got == 0;
}

static snt_status read_answer(const struct snt_child *child, int fd, struct snt_err *err) {
  struct outcome outcome = {0};
  bool is_whole = snt_ok(snt_child_read(fd, &outcome, sizeof outcome));
  if (is_whole && !snt_ok(outcome.status)) {
    SNT_IGNORE(snt_fail(err, outcome.status.code, "%.*s", SNT_ERR_MESSAGE_CAP, outcome.err.message));
    return snt_err_hint(err, "%.*s", SNT_ERR_HINT_CAP, outcome.err.hint);
  }
  if (is_whole && snt_ok(child->receive(child->context, fd)) && is_at_end(fd)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_IO, "the process that %s gave no whole answer", child->what));
  return snt_err_hint(err, "it was ended from outside, or took longer than %d s: run it again", CHILD_LIMIT_S);
}

snt_status snt_child_run(const struct snt_child *child, struct snt_err *err) {
  int ends[2];
  if (pipe(ends) != 0) {
    return snt_fail(err, SNT_CODE_IO, "no pipe can be made: %s", strerror(errno));
  }
  pid_t pid = fork();
  if (pid == 0) {
    (void)close(ends[0]);
    be_child(child, ends[1]);
  }
  int error = errno;
  (void)close(ends[1]);
  snt_status status = pid > 0 ? read_answer(child, ends[0], err)
                              : snt_fail(err, SNT_CODE_IO, "no process can be started: %s", strerror(error));
  (void)close(ends[0]); /* who still writes is not waited for */
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
  }
  return status;
}
