/* MUST
 *  1. wait for nothing longer than the deadline, and kill what passes it with its whole process group;
 *  2. take one exact frame for an answer, and nothing after it;
 *  3. kill what gave any other answer: it is never asked again. */
#include "lua/evaluator_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "lua/lockdown.h"
#include "lua/vm.h"

/* What is killed is killed with the whole of its process group: the template cannot leave it, and its workers neither.
 */
static void kill_all(const struct snt_evaluator *evaluator) {
  if (kill(-evaluator->pid, SIGKILL) != 0) {
    (void)kill(evaluator->pid, SIGKILL);
  }
}

void snt_evaluator_dismiss(struct snt_evaluator *evaluator) {
  if (evaluator != NULL && evaluator->pid > 0 && !evaluator->is_dismissed) {
    evaluator->is_dismissed = true;
    kill_all(evaluator);
  }
}

void snt_evaluator_end(struct snt_evaluator *evaluator) {
  snt_evaluator_dismiss(evaluator);
  while (evaluator->pid > 0 && waitpid(evaluator->pid, NULL, 0) < 0 && errno == EINTR) {
  }
  evaluator->pid = 0;
}

snt_status snt_evaluator_fail(struct snt_evaluator *evaluator, struct snt_err *err, const char *what) {
  snt_evaluator_end(evaluator);
  snt_status status = snt_fail(err, SNT_CODE_EVALUATOR, "the policy evaluator failed: %s", what);
  SNT_IGNORE(snt_err_hint(err, "nothing was decided; if it happens again, run `sentinel explain` with this policy"));
  return status; /* a hint has no status of its own where err is NULL */
}

/* Waits until the socket is ready. False when the deadline passed. */
static bool wait_for(const struct snt_evaluator *evaluator, short events) {
  for (;;) {
    int64_t left = evaluator->deadline_ms - snt_clock_monotonic_ms();
    struct pollfd ready = {.fd = evaluator->fd, .events = events};
    int count = left > 0 ? poll(&ready, 1, (int)left) : 0;
    if (count > 0 || (count < 0 && errno != EINTR)) {
      return count > 0;
    }
    if (count == 0) {
      return false;
    }
  }
}

enum transfer { TRANSFER_ODD = 0, TRANSFER_DONE, TRANSFER_LATE };

/* How many parts are left after that many bytes. */
static size_t skip_sent(struct iovec **parts, size_t n, size_t sent) {
  while (n > 0 && sent >= (*parts)->iov_len) {
    sent -= (*parts)->iov_len;
    (*parts)++;
    n--;
  }
  if (n > 0) {
    (*parts)->iov_base = (char *)(*parts)->iov_base + sent;
    (*parts)->iov_len -= sent;
  }
  return n;
}

/* Header and payload in one call as far as the socket takes them: two would wake the template twice. */
static enum transfer transfer_out(struct snt_evaluator *evaluator, struct iovec *parts, size_t n) {
  while (n > 0) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
    ssize_t put = sendmsg(evaluator->fd, &message, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
      if (!wait_for(evaluator, POLLOUT)) {
        return TRANSFER_LATE;
      }
    } else if (put < 0 && errno != EINTR) {
      return TRANSFER_ODD;
    }
    n = skip_sent(&parts, n, put > 0 ? (size_t)put : 0);
  }
  return TRANSFER_DONE;
}

static enum transfer transfer_in(struct snt_evaluator *evaluator, void *data, size_t len) {
  char *bytes = data;
  while (len > 0) {
    ssize_t got = recv(evaluator->fd, bytes, len, 0);
    if (got > 0) {
      bytes += got;
      len -= (size_t)got;
    } else if (got < 0 && errno == EAGAIN) {
      if (!wait_for(evaluator, POLLIN)) {
        return TRANSFER_LATE;
      }
    } else if (got == 0 || errno != EINTR) {
      return TRANSFER_ODD;
    }
  }
  return TRANSFER_DONE;
}

static enum transfer send_request(struct snt_evaluator *evaluator, enum snt_frame_kind kind,
                                  const struct snt_buf *payload) {
  struct snt_frame frame = snt_frame_make(kind, 0, evaluator->nonce, payload->len);
  struct iovec parts[] = {{.iov_base = &frame, .iov_len = sizeof frame},
                          {.iov_base = payload->data, .iov_len = payload->len}};
  return transfer_out(evaluator, parts, payload->len > 0 ? 2 : 1);
}

/* One exact frame into evaluator->answer. */
static enum transfer receive_answer(struct snt_evaluator *evaluator, enum snt_frame_kind kind, uint64_t nonce,
                                    enum snt_vm_result *result) {
  struct snt_frame frame = {0};
  *result = SNT_VM_FAILED;
  enum transfer got = transfer_in(evaluator, &frame, sizeof frame);
  if (got != TRANSFER_DONE) {
    /* What does not even begin as a frame is not somebody who is slow. */
    return frame.magic == 0 || (frame.magic & 0xff) == (SNT_FRAME_MAGIC & 0xff) ? got : TRANSFER_ODD;
  }
  snt_buf_reset(&evaluator->answer);
  if (!snt_frame_check(&frame, kind, nonce, snt_frame_answer_max(kind)) ||
      !snt_ok(snt_buf_reserve(&evaluator->answer, frame.len, NULL))) {
    return TRANSFER_ODD;
  }
  got = transfer_in(evaluator, evaluator->answer.data, frame.len);
  if (got != TRANSFER_DONE) {
    return got;
  }
  evaluator->answer.len = frame.len;
  evaluator->answer.data[frame.len] = '\0';
  char extra = 0;
  if (nonce == evaluator->nonce && recv(evaluator->fd, &extra, 1, MSG_PEEK) > 0) {
    return TRANSFER_ODD; /* something follows the answer to the last request */
  }
  *result = (enum snt_vm_result)frame.result;
  return TRANSFER_DONE;
}

/* What the other side says of itself goes into a message only where it is short and printable. */
static const char *clean_answer(const struct snt_evaluator *evaluator) {
  const struct snt_buf *answer = &evaluator->answer;
  bool is_clean = answer->len > 0 && answer->len < 300 && snt_utf8_check_printable(answer->data, answer->len);
  return is_clean ? answer->data : "its answer makes no sense";
}

static snt_status accept_hello(struct snt_evaluator *evaluator, struct snt_err *err) {
  enum snt_vm_result result = SNT_VM_FAILED;
  if (evaluator->has_said_hello) {
    return snt_done();
  }
  enum transfer got = receive_answer(evaluator, SNT_FRAME_HELLO, 0, &result);
  if (got != TRANSFER_DONE) {
    return snt_evaluator_fail(evaluator, err,
                              got == TRANSFER_LATE ? "it did not start in time" : "it died at its start");
  }
  if (result != SNT_VM_OK) {
    char what[400];
    (void)snprintf(what, sizeof what, "it cannot be locked down (%.300s)", clean_answer(evaluator));
    snt_status status = snt_evaluator_fail(evaluator, err, what);
    SNT_IGNORE(snt_err_hint(err, "policy runs only behind seccomp; see docs/security.md"));
    return status;
  }
  evaluator->has_said_hello = true;
  return snt_done();
}

static snt_status check_transfer(struct snt_evaluator *evaluator, enum transfer got, bool *is_late,
                                 struct snt_err *err) {
  *is_late = got == TRANSFER_LATE;
  if (got == TRANSFER_LATE) {
    return snt_evaluator_fail(evaluator, err, "it was not done in time");
  }
  return got == TRANSFER_DONE ? snt_done()
                              : snt_evaluator_fail(evaluator, err, "it died, or its answer was not of the agreed form");
}

snt_status snt_evaluator_ask(struct snt_evaluator *evaluator, enum snt_frame_kind kind, const struct snt_buf *payload,
                             bool *is_late, struct snt_err *err) {
  *is_late = false;
  if (evaluator->pid == 0 || evaluator->is_dismissed) {
    return snt_evaluator_fail(evaluator, err, "it is not running any more");
  }
  SNT_TRY(snt_random_bytes(&evaluator->nonce, sizeof evaluator->nonce, err));
  enum transfer sent = send_request(evaluator, kind, payload);
  if (sent != TRANSFER_DONE) {
    SNT_TRY(accept_hello(evaluator, err)); /* why it ended, where it has said so */
  }
  return check_transfer(evaluator, sent, is_late, err);
}

snt_status snt_evaluator_await(struct snt_evaluator *evaluator, enum snt_frame_kind kind, uint64_t nonce, bool *is_late,
                               struct snt_err *err) {
  enum snt_vm_result result = SNT_VM_FAILED;
  *is_late = false;
  if (evaluator->pid == 0 || evaluator->is_dismissed) {
    return snt_evaluator_fail(evaluator, err, "it is not running any more");
  }
  SNT_TRY(accept_hello(evaluator, err));
  enum transfer got = receive_answer(evaluator, kind, nonce, &result);
  SNT_TRY(check_transfer(evaluator, got, is_late, err));
  return result == SNT_VM_FAILED ? snt_evaluator_fail(evaluator, err, clean_answer(evaluator)) : snt_done();
}

snt_status snt_evaluator_exchange(struct snt_evaluator *evaluator, enum snt_frame_kind kind,
                                  const struct snt_buf *payload, bool *is_late, struct snt_err *err) {
  SNT_TRY(snt_evaluator_ask(evaluator, kind, payload, is_late, err));
  return snt_evaluator_await(evaluator, kind, evaluator->nonce, is_late, err);
}

void snt_evaluator_start_clock(struct snt_evaluator *evaluator, int limit_ms) {
  evaluator->deadline_ms = snt_clock_monotonic_ms() + (int64_t)limit_ms * SNT_LOCKDOWN_BUILD.patience;
}

snt_status snt_evaluator_send(struct snt_evaluator *evaluator, enum snt_frame_kind kind, const struct snt_buf *payload,
                              struct snt_err *err) {
  if (evaluator->pid == 0 || evaluator->is_dismissed || send_request(evaluator, kind, payload) != TRANSFER_DONE) {
    return snt_evaluator_fail(evaluator, err, "it takes nothing any more");
  }
  return snt_done();
}
