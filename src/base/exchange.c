#include "base/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "base/str.h"

enum { LOOK_MS = 20 };

/* What runs, and how far it is. Descriptors are -1 once they are closed. */
struct talk {
  const struct snt_exchange *exchange;
  pid_t pid;      /* 0: none, or its end was taken note of */
  int end;        /* readable when it has ended; -1: there is none here, and waitid is asked instead */
  int to, from;   /* its stdin and stdout */
  int complaints; /* its stderr */
  size_t sent;    /* bytes of the input */
  struct snt_exchange_answer answer;
  size_t complaint_len; /* of what was kept of its stderr */
};

void snt_exchange_answer_clear(struct snt_exchange_answer *answer) {
  snt_secret_free(&answer->output);
  memset(answer, 0, sizeof *answer);
}

static void close_talk(struct talk *talk) {
  if (talk->pid > 0) {
    (void)snt_spawn_reap(talk->pid);
  }
  snt_fd_auto(&talk->end);
  snt_fd_auto(&talk->to);
  snt_fd_auto(&talk->from);
  snt_fd_auto(&talk->complaints);
  snt_exchange_answer_clear(&talk->answer);
}

static const char *name_of(const struct talk *talk) { return talk->exchange->argv[0]; }

static snt_status fail_pipe(const struct talk *talk, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_IO, "%s cannot be talked to: %s", name_of(talk), strerror(errno));
}

/* ours and its: the two ends, whichever of them is written to. Ours never blocks. */
static bool open_pipe(int *reads, int *writes, const int *ours) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return false;
  }
  *reads = ends[0];
  *writes = ends[1];
  return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

static snt_status start(struct talk *talk, struct snt_err *err) {
  SNT_FD_AUTO int in = -1;
  SNT_FD_AUTO int out = -1;
  SNT_FD_AUTO int complaints = -1;
  if (!open_pipe(&in, &talk->to, &talk->to) || !open_pipe(&talk->from, &out, &talk->from) ||
      !open_pipe(&talk->complaints, &complaints, &talk->complaints)) {
    return fail_pipe(talk, err);
  }
  const struct snt_spawn spawn = {.path = talk->exchange->path,
                                  .argv = talk->exchange->argv,
                                  .environment = talk->exchange->environment,
                                  .in = in,
                                  .out = out,
                                  .complaints = complaints};
  SNT_TRY(snt_spawn(&spawn, &talk->pid, err));
  talk->end = (int)syscall(SYS_pidfd_open, talk->pid, 0U);
  return snt_done();
}

/* One that does not read all of it may answer nevertheless. */
static void send_some(struct talk *talk) {
  const struct snt_secret *input = talk->exchange->input;
  size_t left = input == NULL ? 0 : snt_secret_len(input) - talk->sent;
  ssize_t put = left == 0 ? 0 : write(talk->to, snt_secret_borrow(input) + talk->sent, left);
  talk->sent += put > 0 ? (size_t)put : 0;
  bool is_later = put < 0 && (errno == EAGAIN || errno == EINTR);
  if (!is_later && (put < 0 || (size_t)put == left)) {
    snt_fd_auto(&talk->to);
  }
}

/* How many bytes came into the room; the pipe is closed at its end. */
static size_t read_some(int *fd, char *room, size_t len) {
  ssize_t count = read(*fd, room, len);
  bool is_later = count < 0 && (errno == EAGAIN || errno == EINTR);
  if (count <= 0 && !is_later) {
    snt_fd_auto(fd);
  }
  return count > 0 ? (size_t)count : 0;
}

/* The secret has room for one byte more than may be printed. */
static snt_status take_output(struct talk *talk, struct snt_err *err) {
  struct snt_secret *output = talk->answer.output;
  size_t len = snt_secret_len(output);
  size_t got = read_some(&talk->from, snt_secret_borrow_writable(output) + len, snt_secret_cap(output) - len);
  snt_secret_set_len(output, len + got);
  if (len + got > talk->exchange->cap) {
    return snt_fail(err, SNT_CODE_ACTION_REQUIRED, "%s answered with more than %zu bytes", name_of(talk),
                    talk->exchange->cap);
  }
  return snt_done();
}

/* Keeps the first of it, as far as there is room; all of it is read. */
static void take_complaint(struct talk *talk) {
  char *kept = talk->answer.complaint;
  char some[1024];
  size_t got = read_some(&talk->complaints, some, sizeof some);
  for (size_t i = 0; i < got && talk->complaint_len + 1 < SNT_EXCHANGE_COMPLAINT_CAP; i++) {
    kept[talk->complaint_len++] = some[i] == '\0' ? ' ' : some[i];
  }
  kept[talk->complaint_len] = '\0';
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void snt_exchange_first_line(const char *text, char *out, size_t cap) {
  while (is_blank(*text)) {
    text++;
  }
  size_t len = strcspn(text, "\r\n");
  len = len < cap ? len : cap - 1;
  bool is_plain = snt_utf8_check_printable(text, len);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    out[i] = is_plain || (c >= 0x20 && c < 0x7f) ? text[i] : '?';
  }
  out[len] = '\0';
}

/* What it left behind does not run any more. */
static void finish(struct talk *talk) {
  char line[SNT_EXCHANGE_COMPLAINT_CAP];
  talk->answer.exit_status = snt_spawn_reap(talk->pid);
  talk->pid = 0;
  snt_exchange_first_line(talk->answer.complaint, line, sizeof line);
  memcpy(talk->answer.complaint, line, sizeof line);
}

/* Its status is left where it is. */
static bool is_over(pid_t pid) {
  siginfo_t info = {0};
  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Until it has ended. */
static snt_status converse(struct talk *talk, struct snt_err *err) {
  for (;;) {
    int64_t left = talk->exchange->end_ms - snt_clock_monotonic_ms();
    if (left <= 0) {
      return snt_fail(err, SNT_CODE_TIMEOUT, "%s gave no answer in time", name_of(talk));
    }
    /* Its end is looked at first: what it had printed by then is there when the pipes are looked at. */
    struct pollfd ready[] = {{.fd = talk->end, .events = POLLIN},
                             {.fd = talk->to, .events = POLLOUT},
                             {.fd = talk->from, .events = POLLIN},
                             {.fd = talk->complaints, .events = POLLIN}};
    bool has_ended = talk->end < 0 && is_over(talk->pid);
    int64_t most = has_ended ? 0 : talk->end < 0 ? LOOK_MS : INT32_MAX;
    if (poll(ready, sizeof ready / sizeof ready[0], (int)(left < most ? left : most)) <= 0 && !has_ended) {
      continue; /* a signal, or the time is up */
    }
    if (ready[1].revents != 0) {
      send_some(talk);
    }
    if (ready[2].revents != 0) {
      SNT_TRY(take_output(talk, err));
    }
    if (ready[3].revents != 0) {
      take_complaint(talk);
    }
    if (has_ended || ready[0].revents != 0) {
      finish(talk);
      return snt_done();
    }
  }
}

snt_status snt_exchange_run(const struct snt_exchange *exchange, struct snt_exchange_answer *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_CLEANUP(close_talk)
  struct talk talk = {.exchange = exchange, .end = -1, .to = -1, .from = -1, .complaints = -1};
  SNT_TRY(snt_secret_new(exchange->cap + 1, &talk.answer.output, err));
  SNT_TRY(start(&talk, err));
  SNT_TRY(converse(&talk, err));
  *out = talk.answer;
  talk.answer.output = NULL; /* it went to out */
  return snt_done();
}
