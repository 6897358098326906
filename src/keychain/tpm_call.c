/* A conversation with the TPM, held by a child of this process.
 *
 * MUST
 *  1. give the child no variable and no descriptor but two pipes;
 *  2. give it secrets through a pipe, and take them back into a secret: the child's own are wiped;
 *  3. wait for it no longer than is said, and leave no child behind. */
#include "keychain/tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"

enum { SAYS_NEXT = 'n', SAYS_DONE = 'd' };

/* What the child says the end of, but for the last, and how long each may take. */
static const struct {
  int limit_ms;
  const char *late; /* with the TPM's name before it */
} STEPS[] = {{5000, "cannot be talked to: tpm2-tss does not load in time"},
             {900, "does not answer"},
             {15000, "has not finished in time"}};

enum deed { DEED_CHECK, DEED_SEAL, DEED_UNSEAL };

struct call {
  enum deed deed;
  const char *tcti;
  const struct snt_tpm_lock *lock; /* to unseal */
  bool has_auth;
  int in, out; /* the child's ends */
};

/* What the child is given, and what it says at its end: one program wrote and reads them. */
struct given {
  char key[SNT_TPM_KEY_LEN], auth[SNT_TPM_AUTH_LEN];
};
struct said {
  snt_status status;
  struct snt_err err;
  struct snt_tpm_lock lock;
  char key[SNT_TPM_KEY_LEN];
};

/* The child */

static void close_from_to(unsigned first, unsigned last) {
  if (first <= last) {
    (void)syscall(SYS_close_range, first, last, 0);
  }
}

/* tpm2-tss writes what it does, secrets included, to where its variables say. */
static bool forget_everything(const struct call *call, pid_t parent) {
  int nowhere = open("/dev/null", O_RDWR);
  unsigned low = (unsigned)(call->in < call->out ? call->in : call->out);
  unsigned high = (unsigned)(call->in < call->out ? call->out : call->in);
  bool is_alone = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && nowhere >= 0 && low > 2 &&
                  dup2(nowhere, 0) == 0 && dup2(nowhere, 1) == 1 && dup2(nowhere, 2) == 2;
  close_from_to(3, low - 1);
  close_from_to(low + 1, high - 1);
  close_from_to(high + 1, ~0U);
  return is_alone && clearenv() == 0 && setenv("TSS2_LOG", "all+NONE", 1) == 0;
}

static bool read_whole(int fd, void *data, size_t len) {
  char *at = data;
  while (len > 0) {
    ssize_t got = read(fd, at, len);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return false;
    }
    at += got > 0 ? got : 0;
    len -= got > 0 ? (size_t)got : 0;
  }
  return true;
}

static snt_status converse(const struct call *call, const struct snt_tpm *tpm, void *state, struct said *said,
                           struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *given = NULL;
  SNT_SECRET_AUTO struct snt_secret *auth = NULL;
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  SNT_TRY(snt_secret_new(sizeof(struct given), &given, err));
  if (!read_whole(call->in, snt_secret_borrow_writable(given), sizeof(struct given))) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM's child was given nothing");
  }
  const struct given *words = (const struct given *)(const void *)snt_secret_borrow(given);
  if (call->has_auth) {
    SNT_TRY(snt_secret_new_from(words->auth, sizeof words->auth, &auth, err));
  }
  SNT_TRY(snt_secret_new_from(words->key, sizeof words->key, &key, err));
  if (call->deed == DEED_SEAL) {
    return tpm->seal(state, key, auth, &said->lock, err);
  }
  SNT_TRY(tpm->unseal(state, call->lock, auth, key, err));
  memcpy(said->key, snt_secret_borrow(key), sizeof said->key);
  return snt_done();
}

static snt_status say_next(const struct call *call, struct snt_err *err) {
  return snt_file_write_all(call->out, &(const char){SAYS_NEXT}, 1, err);
}

static snt_status serve(const struct call *call, struct said *said, struct snt_err *err) {
  const struct snt_tpm *tpm = NULL;
  void *state = NULL;
  SNT_TRY(snt_tpm_load(&tpm, err));
  SNT_TRY(say_next(call, err));
  SNT_TRY(tpm->open(call->tcti, &state, err));
  snt_status status = say_next(call, err);
  if (snt_ok(status) && call->deed != DEED_CHECK) {
    status = converse(call, tpm, state, said, err);
  }
  tpm->close(&state);
  return status;
}

static _Noreturn void be_child(const struct call *call, pid_t parent) {
  SNT_SECRET_AUTO struct snt_secret *room = NULL;
  if (!forget_everything(call, parent) || !snt_ok(snt_secret_new(sizeof(struct said), &room, NULL))) {
    _exit(1);
  }
  struct said *said = (struct said *)(void *)snt_secret_borrow_writable(room);
  said->status = serve(call, said, &said->err);
  bool is_said = snt_ok(snt_file_write_all(call->out, &(const char){SAYS_DONE}, 1, NULL)) &&
                 snt_ok(snt_file_write_all(call->out, said, sizeof *said, NULL));
  snt_secret_free(&room);
  _exit(is_said ? 0 : 1);
}

/* This process */

static snt_status fail_late(const char *tcti, size_t step, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the TPM at %s %s", tcti, STEPS[step].late));
  return snt_err_hint(err, "see whether another program answers there: keychain.tpm in the configuration says how the "
                           "TPM is reached");
}

static snt_status fail_gone(const char *tcti, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_KEYCHAIN, "tpm2-tss broke down while it talked to the TPM at %s", tcti);
}

/* Reads len bytes until end_ms. *is_late: they did not come in time. false also for an end before that. */
static bool read_until(int fd, void *data, size_t len, int64_t end_ms, bool *is_late) {
  char *at = data;
  while (len > 0) {
    int64_t left_ms = end_ms - snt_clock_monotonic_ms();
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    *is_late = left_ms <= 0;
    if (*is_late) {
      return false;
    }
    if (poll(&ready, 1, (int)left_ms) <= 0) {
      continue; /* a signal, or the time is up */
    }
    ssize_t got = read(fd, at, len);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return false;
    }
    at += got > 0 ? got : 0;
    len -= got > 0 ? (size_t)got : 0;
  }
  return true;
}

static snt_status hear(int fd, const char *tcti, struct said *said, struct snt_err *err) {
  for (size_t step = 0; step < sizeof STEPS / sizeof STEPS[0]; step++) {
    int64_t end_ms = snt_clock_monotonic_ms() + STEPS[step].limit_ms;
    bool is_late = false;
    char word = 0;
    bool is_heard = read_until(fd, &word, 1, end_ms, &is_late);
    if (is_heard && word == SAYS_DONE && read_until(fd, said, sizeof *said, end_ms, &is_late)) {
      return snt_done();
    }
    if (!is_heard || word != SAYS_NEXT) {
      return is_late ? fail_late(tcti, step, err) : fail_gone(tcti, err);
    }
  }
  return fail_gone(tcti, err);
}

/* What it says of itself is of the module, which is not loaded here. */
static snt_status take_status(const struct said *said, struct snt_err *err) {
  if (!snt_ok(said->status) && err != NULL) {
    *err = said->err;
    err->file = __FILE__;
    err->line = __LINE__;
  }
  return said->status;
}

static void end_child(const pid_t *pid) {
  if (*pid > 0) {
    (void)kill(*pid, SIGKILL);
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) {
    }
  }
}

static snt_status fail_start(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_KEYCHAIN, "the conversation with the TPM cannot be started: %s", strerror(errno));
}

/* given NULL: nothing. said is of a secret. */
static snt_status run(struct call *call, const struct snt_secret *given, struct said *said, struct snt_err *err) {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0) {
    return fail_start(err);
  }
  SNT_FD_AUTO int its_in = to[0];
  SNT_FD_AUTO int our_out = to[1];
  if (pipe2(from, O_CLOEXEC) != 0) {
    return fail_start(err);
  }
  SNT_FD_AUTO int our_in = from[0];
  SNT_FD_AUTO int its_out = from[1];
  call->in = its_in;
  call->out = its_out;
  if (given != NULL) { /* a pipe holds more than that */
    SNT_TRY(snt_file_write_all(our_out, snt_secret_borrow(given), sizeof(struct given), err));
  }
  pid_t self = getpid();
  SNT_CLEANUP(end_child) pid_t pid = fork();
  if (pid == 0) {
    be_child(call, self);
  }
  if (pid < 0) {
    return fail_start(err);
  }
  snt_fd_auto(&its_out);
  its_out = -1;
  SNT_TRY(hear(our_in, call->tcti, said, err));
  return take_status(said, err);
}

static snt_status new_said(struct snt_secret **room, struct said **out, struct snt_err *err) {
  SNT_TRY(snt_secret_new(sizeof **out, room, err));
  *out = (struct said *)(void *)snt_secret_borrow_writable(*room);
  return snt_done();
}

/* key NULL: it is to be unsealed. */
static snt_status give(const struct snt_secret *key, const struct snt_secret *auth, struct snt_secret **out,
                       struct snt_err *err) {
  static const char nothing[SNT_TPM_KEY_LEN];
  _Static_assert(SNT_TPM_KEY_LEN == SNT_TPM_AUTH_LEN, "nothing is as long as either");
  bool is_good = (key == NULL || snt_secret_len(key) == SNT_TPM_KEY_LEN) &&
                 (auth == NULL || snt_secret_len(auth) == SNT_TPM_AUTH_LEN);
  if (!is_good) {
    return snt_fail(err, SNT_CODE_BUG, "a key of an odd length for the TPM");
  }
  SNT_TRY(snt_secret_new(sizeof(struct given), out, err));
  SNT_TRY(snt_secret_append(*out, key == NULL ? nothing : snt_secret_borrow(key), SNT_TPM_KEY_LEN, err));
  return snt_secret_append(*out, auth == NULL ? nothing : snt_secret_borrow(auth), SNT_TPM_AUTH_LEN, err);
}

static const char *tcti_of(const char *tcti) { return tcti == NULL ? SNT_TPM_TCTI : tcti; }

snt_status snt_tpm_check(const char *tcti, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *room = NULL;
  struct said *said = NULL;
  SNT_TRY(new_said(&room, &said, err));
  return run(&(struct call){.deed = DEED_CHECK, .tcti = tcti_of(tcti)}, NULL, said, err);
}

snt_status snt_tpm_seal(const char *tcti, const struct snt_secret *key, const struct snt_secret *auth,
                        struct snt_tpm_lock *out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *room = NULL;
  SNT_SECRET_AUTO struct snt_secret *given = NULL;
  struct said *said = NULL;
  SNT_TRY(new_said(&room, &said, err));
  SNT_TRY(give(key, auth, &given, err));
  struct call call = {.deed = DEED_SEAL, .tcti = tcti_of(tcti), .has_auth = auth != NULL};
  SNT_TRY(run(&call, given, said, err));
  *out = said->lock;
  return snt_done();
}

snt_status snt_tpm_unseal(const char *tcti, const struct snt_tpm_lock *lock, const struct snt_secret *auth,
                          struct snt_secret *key, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *room = NULL;
  SNT_SECRET_AUTO struct snt_secret *given = NULL;
  struct said *said = NULL;
  SNT_TRY(new_said(&room, &said, err));
  SNT_TRY(give(NULL, auth, &given, err));
  struct call call = {.deed = DEED_UNSEAL, .tcti = tcti_of(tcti), .lock = lock, .has_auth = auth != NULL};
  SNT_TRY(run(&call, given, said, err));
  snt_secret_reset(key);
  return snt_secret_append(key, said->key, sizeof said->key, err);
}
