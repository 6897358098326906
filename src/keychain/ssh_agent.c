#include "keychain/ssh_agent.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/clock.h"
#include "keychain/ssh_wire.h"

/* Numbers of the protocol. */
enum { AGENT_FAILURE = 5, REQUEST_IDENTITIES = 11, IDENTITIES_ANSWER = 12, SIGN_REQUEST = 13, SIGN_RESPONSE = 14 };
enum { PAUSE_MS = 10, KEYS_TOLD_MAX = 8 };

/* An agent that is spoken to. */
struct talk {
  int fd;
  int64_t end_ms; /* monotonic */
};

static void end_talk(struct talk *talk) { snt_fd_auto(&talk->fd); }

static snt_status fail_late(struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_TIMEOUT, "the ssh-agent did not answer in time"));
  return snt_err_hint(err, "see whether it asks for a confirmation, and whether `ssh-add -l` answers");
}

static snt_status fail_odd(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_INVALID, "the answer of the ssh-agent makes no sense");
}

static snt_status find_socket(struct sockaddr_un *out, struct snt_err *err) {
  const char *path = getenv("SSH_AUTH_SOCK");
  *out = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (path == NULL || path[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "there is no ssh-agent: SSH_AUTH_SOCK is not set"));
    return snt_err_hint(err, "start one with `eval $(ssh-agent)`, and give it the key with `ssh-add FILE`");
  }
  if (strlen(path) >= sizeof out->sun_path) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the path in SSH_AUTH_SOCK has more than %zu bytes",
                    sizeof out->sun_path - 1);
  }
  memcpy(out->sun_path, path, strlen(path));
  return snt_done();
}

static snt_status begin(int deadline_ms, struct talk *talk, struct snt_err *err) {
  struct sockaddr_un address;
  SNT_TRY(find_socket(&address, err));
  talk->end_ms = snt_clock_monotonic_ms() + deadline_ms;
  talk->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (talk->fd < 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the ssh-agent: %s", strerror(errno));
  }
  /* EAGAIN: others wait for it, too, and there is no telling when one of them goes. */
  while (connect(talk->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
    if (errno != EAGAIN && errno != EINTR) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the ssh-agent at %s: %s", address.sun_path, strerror(errno)));
      return snt_err_hint(err, "SSH_AUTH_SOCK names the socket of an agent that runs: see `ssh-add -l`");
    }
    if (snt_clock_monotonic_ms() >= talk->end_ms) {
      return fail_late(err);
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
  }
  return snt_done();
}

static snt_status await(const struct talk *talk, short events, struct snt_err *err) {
  struct pollfd poller = {.fd = talk->fd, .events = events};
  for (;;) {
    int64_t left = talk->end_ms - snt_clock_monotonic_ms();
    int got = left <= 0 ? 0 : poll(&poller, 1, (int)left);
    if (got > 0) {
      return snt_done();
    }
    if (got == 0) {
      return fail_late(err);
    }
    if (errno != EINTR) {
      return snt_fail(err, SNT_CODE_KEYCHAIN, "the ssh-agent: %s", strerror(errno));
    }
  }
}

/* All of it, one way or the other. */
static snt_status transfer(const struct talk *talk, bool is_sending, char *data, size_t len, struct snt_err *err) {
  while (len > 0) {
    SNT_TRY(await(talk, is_sending ? POLLOUT : POLLIN, err));
    ssize_t done = is_sending ? send(talk->fd, data, len, MSG_NOSIGNAL) : recv(talk->fd, data, len, 0);
    if (done == 0) {
      return snt_fail(err, SNT_CODE_ANSWER_INVALID, "the ssh-agent ended in the middle of its answer");
    }
    if (done < 0 && errno != EAGAIN && errno != EINTR) {
      return snt_fail(err, SNT_CODE_KEYCHAIN, "the ssh-agent: %s", strerror(errno));
    }
    data += done > 0 ? done : 0;
    len -= done > 0 ? (size_t)done : 0;
  }
  return snt_done();
}

/* Sends a request, which is its number and what follows, and gets an answer of that number. */
static snt_status ask(const struct talk *talk, const struct snt_secret *request, uint32_t wanted,
                      struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *message = NULL;
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  char head[4];
  SNT_TRY(snt_secret_new(snt_secret_len(request) + 4, &message, err));
  SNT_TRY(snt_ssh_put_string(message, snt_secret_borrow(request), snt_secret_len(request), err));
  SNT_TRY(transfer(talk, true, snt_secret_borrow_writable(message), snt_secret_len(message), err));
  SNT_TRY(transfer(talk, false, head, sizeof head, err));
  uint32_t len = snt_ssh_take_number(&(struct snt_ssh_reader){.rest = {head, sizeof head}});
  if (len == 0 || len > SNT_SSH_AGENT_CAP) {
    return fail_odd(err);
  }
  SNT_TRY(snt_secret_new(len, &answer, err));
  SNT_TRY(transfer(talk, false, snt_secret_borrow_writable(answer), len, err));
  snt_secret_set_len(answer, len);
  if (snt_secret_borrow(answer)[0] == AGENT_FAILURE) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the ssh-agent refuses");
  }
  if ((uint8_t)snt_secret_borrow(answer)[0] != wanted) {
    return fail_odd(err);
  }
  *out = SNT_MOVE(answer);
  return snt_done();
}

/* What an answer holds behind its number. */
static struct snt_ssh_reader read_answer(const struct snt_secret *answer) {
  return (struct snt_ssh_reader){.rest = {snt_secret_borrow(answer) + 1, snt_secret_len(answer) - 1}};
}

/* The Ed25519 keys of an answer: how many, the last that fits, and the others' names for a message. */
struct keys {
  size_t count;
  uint8_t public[SNT_ED25519_LEN];
  struct snt_buf names;
};

static void clear_keys(struct keys *keys) { snt_buf_clear(&keys->names); }

static snt_status add_key(struct keys *keys, const char *wanted, const uint8_t public[static SNT_ED25519_LEN],
                          struct snt_err *err) {
  char text[SNT_BASE64_CAP(SNT_ED25519_LEN)];
  snt_base64(public, SNT_ED25519_LEN, text);
  if (wanted[0] != '\0' && strcmp(wanted, text) != 0) {
    return snt_done();
  }
  memcpy(keys->public, public, SNT_ED25519_LEN);
  keys->count++;
  return keys->count > KEYS_TOLD_MAX
             ? snt_done()
             : snt_buf_appendf(&keys->names, err, "%sagent:ed25519:%s", keys->count == 1 ? "" : ", ", text);
}

static snt_status read_keys(const struct snt_secret *answer, const char *wanted, struct keys *keys,
                            struct snt_err *err) {
  struct snt_ssh_reader reader = read_answer(answer);
  uint32_t count = snt_ssh_take_number(&reader);
  for (uint32_t i = 0; i < count && !reader.is_bad; i++) {
    uint8_t public[SNT_ED25519_LEN];
    struct snt_slice blob = snt_ssh_take_string(&reader);
    (void)snt_ssh_take_string(&reader); /* the comment */
    if (snt_ssh_public_parse(blob, public, NULL)) {
      SNT_TRY(add_key(keys, wanted, public, err));
    }
  }
  return snt_ssh_is_done(&reader) ? snt_done() : fail_odd(err);
}

static snt_status choose(const struct keys *keys, const char *wanted, struct snt_err *err) {
  if (keys->count == 1 || (keys->count > 1 && wanted[0] != '\0')) {
    return snt_done();
  }
  if (keys->count > 1) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NOT_FOUND, "the ssh-agent has %zu Ed25519 keys", keys->count));
    return snt_err_hint(err, "name one of them: %s", snt_buf_borrow(&keys->names));
  }
  SNT_IGNORE(wanted[0] == '\0'
                 ? snt_fail(err, SNT_CODE_NOT_FOUND, "the ssh-agent has no Ed25519 key")
                 : snt_fail(err, SNT_CODE_NOT_FOUND, "the ssh-agent does not have the key ed25519:%.64s", wanted));
  return snt_err_hint(err, "give it the key with `ssh-add FILE`; `ssh-add -l` shows what it has");
}

snt_status snt_ssh_agent_find(const char *wanted, int deadline_ms, uint8_t public[static SNT_ED25519_LEN],
                              struct snt_err *err) {
  SNT_CLEANUP(end_talk) struct talk talk = {.fd = -1};
  SNT_CLEANUP(clear_keys) struct keys keys = {0};
  SNT_SECRET_AUTO struct snt_secret *request = NULL;
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  SNT_TRY(begin(deadline_ms, &talk, err));
  SNT_TRY(snt_secret_new_from(&(char){REQUEST_IDENTITIES}, 1, &request, err));
  SNT_TRY(ask(&talk, request, IDENTITIES_ANSWER, &answer, err));
  SNT_TRY(read_keys(answer, wanted, &keys, err));
  SNT_TRY(choose(&keys, wanted, err));
  memcpy(public, keys.public, SNT_ED25519_LEN);
  return snt_done();
}

static snt_status format_request(const uint8_t public[static SNT_ED25519_LEN], struct snt_slice message,
                                 struct snt_secret **out, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *request = NULL;
  uint8_t key[SNT_SSH_PUBLIC_LEN];
  snt_ssh_public_format(public, key);
  SNT_TRY(snt_secret_new(1 + 4 + sizeof key + 4 + message.len + 4, &request, err));
  SNT_TRY(snt_secret_append(request, &(char){SIGN_REQUEST}, 1, err));
  SNT_TRY(snt_ssh_put_string(request, key, sizeof key, err));
  SNT_TRY(snt_ssh_put_string(request, message.data, message.len, err));
  SNT_TRY(snt_ssh_put_number(request, 0, err)); /* flags: none is for this kind of key */
  *out = SNT_MOVE(request);
  return snt_done();
}

/* A string that holds two: the kind of the signature, and its bytes. */
static snt_status read_signature(const struct snt_secret *answer, uint8_t out[static SNT_ED25519_SIGNATURE_LEN],
                                 struct snt_err *err) {
  struct snt_ssh_reader outer = read_answer(answer);
  struct snt_ssh_reader reader = {.rest = snt_ssh_take_string(&outer)};
  struct snt_slice kind = snt_ssh_take_string(&reader);
  struct snt_slice bytes = snt_ssh_take_string(&reader);
  if (!snt_ssh_is_done(&outer) || !snt_ssh_is_done(&reader) || !snt_slice_is(kind, SNT_SSH_ED25519) ||
      bytes.len != SNT_ED25519_SIGNATURE_LEN) {
    return fail_odd(err);
  }
  memcpy(out, bytes.data, bytes.len);
  return snt_done();
}

snt_status snt_ssh_agent_sign(const uint8_t public[static SNT_ED25519_LEN], struct snt_slice message, int deadline_ms,
                              uint8_t out[static SNT_ED25519_SIGNATURE_LEN], struct snt_err *err) {
  SNT_CLEANUP(end_talk) struct talk talk = {.fd = -1};
  SNT_SECRET_AUTO struct snt_secret *request = NULL;
  SNT_SECRET_AUTO struct snt_secret *answer = NULL;
  uint8_t signature[SNT_ED25519_SIGNATURE_LEN];
  SNT_TRY(begin(deadline_ms, &talk, err));
  SNT_TRY(format_request(public, message, &request, err));
  SNT_TRY(ask(&talk, request, SIGN_RESPONSE, &answer, err));
  SNT_TRY(read_signature(answer, signature, err));
  struct snt_slice key = {(const char *)public, SNT_ED25519_LEN};
  struct snt_slice bytes = {(const char *)signature, sizeof signature};
  if (!snt_ok(snt_signature_verify(SNT_SIGNATURE_ED25519, key, message, bytes, NULL))) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "the signature of the ssh-agent is not the key's");
  }
  memcpy(out, signature, sizeof signature);
  return snt_done();
}
