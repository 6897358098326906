#include "check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/secret.h"
#include "keychain/crypto.h"
#include "keychain/ssh_agent.h"
#include "keychain/ssh_wire.h"

/* An agent that says what a test wants; a real one is asked in spec/e2e/keygen_spec.lua. */
enum { LONG_MS = 20000, SHORT_MS = 50 };

static char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
static pid_t agent;
static uint8_t keys[2][SNT_ED25519_LEN];
static struct snt_secret *seed; /* of the first */

static int open_keys(void **state) {
  (void)state;
  const struct snt_crypto *crypto = NULL;
  SNT_SECRET_AUTO struct snt_secret *other = NULL;
  char folder[] = "/tmp/snt-agent-XXXXXX";
  if (mkdtemp(folder) == NULL || !snt_ok(snt_crypto_load(&crypto, NULL)) ||
      !snt_ok(snt_secret_new_from("0123456789abcdef0123456789abcdef", 32, &seed, NULL)) ||
      !snt_ok(snt_secret_new_from("fedcba9876543210fedcba9876543210", 32, &other, NULL)) ||
      !snt_ok(crypto->ed25519_public(seed, keys[0], NULL)) || !snt_ok(crypto->ed25519_public(other, keys[1], NULL))) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/socket", folder);
  return setenv("SSH_AUTH_SOCK", path, 1);
}

static int close_keys(void **state) {
  (void)state;
  snt_secret_free(&seed);
  *strrchr(path, '/') = '\0';
  return rmdir(path);
}

/* Reads a request; says the answer, byte by byte where that is asked for; then waits until the other side is gone, or
 * for ever. */
struct script {
  const void *answer;
  size_t len;
  bool is_slow, is_left_open;
};

static void serve(int listener, const struct script *script) {
  char request[4096];
  int fd = accept(listener, NULL, NULL);
  ssize_t got = recv(fd, request, sizeof request, 0);
  for (size_t i = 0; got > 0 && i < script->len; i += script->is_slow ? 1 : script->len) {
    (void)send(fd, (const char *)script->answer + i, script->is_slow ? 1 : script->len, MSG_NOSIGNAL);
  }
  while (script->is_left_open) {
    (void)pause();
  }
  _exit(0);
}

static void start(const struct script *script) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(listener, 1), 0);
  agent = fork();
  if (agent == 0) {
    serve(listener, script);
  }
  (void)close(listener);
}

static void stop(void) {
  (void)kill(agent, SIGKILL);
  assert_int_equal(waitpid(agent, NULL, 0), agent);
  assert_int_equal(unlink(path), 0);
}

/* A message of the protocol, being written. */
struct message {
  uint8_t data[2048];
  size_t len;
};

static void put(struct message *message, const void *data, size_t len) {
  assert_true(message->len + len <= sizeof message->data);
  memcpy(message->data + message->len, data, len);
  message->len += len;
}

static void put_number(struct message *message, size_t number) {
  const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
  put(message, bytes, 4);
}

static void put_string(struct message *message, const void *data, size_t len) {
  put_number(message, len);
  put(message, data, len);
}

/* With its length before it, and its number. */
static struct message finish(uint8_t number, const struct message *body) {
  struct message out = {0};
  put_number(&out, body->len + 1);
  put(&out, &number, 1);
  put(&out, body->data, body->len);
  return out;
}

static void put_key(struct message *message, const uint8_t key[static SNT_ED25519_LEN]) {
  uint8_t blob[SNT_SSH_PUBLIC_LEN];
  snt_ssh_public_format(key, blob);
  put_string(message, blob, sizeof blob);
  put_string(message, "a comment", 9);
}

/* A key of another kind, with as many bytes, and `count` of ours. */
static struct message list_of(size_t count) {
  struct message other = {0};
  struct message body = {0};
  put_string(&other, "ssh-ed25518", 11);
  put_string(&other, keys[1], SNT_ED25519_LEN);
  put_number(&body, count + 1);
  put_string(&body, other.data, other.len);
  put_string(&body, "", 0);
  for (size_t i = 0; i < count; i++) {
    put_key(&body, keys[i]);
  }
  return finish(12, &body);
}

static snt_status find(const struct script *script, const char *wanted, int deadline_ms, uint8_t *public,
                       struct snt_err *err) {
  start(script);
  snt_status status = snt_ssh_agent_find(wanted, deadline_ms, public, err);
  stop();
  return status;
}

static snt_status find_in(const struct message *answer, const char *wanted, uint8_t *public, struct snt_err *err) {
  const struct script script = {.answer = answer->data, .len = answer->len};
  return find(&script, wanted, LONG_MS, public, err);
}

static void the_key_is_found(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN] = {0};
  char text[SNT_BASE64_CAP(SNT_ED25519_LEN)];
  struct snt_err err = {0};
  const struct message one = list_of(1);
  const struct message two = list_of(2);
  const struct message none = list_of(0);
  assert_ok(find_in(&one, "", public, &err));
  assert_memory_equal(public, keys[0], sizeof public);
  snt_base64(keys[1], SNT_ED25519_LEN, text);
  assert_ok(find_in(&two, text, public, &err));
  assert_memory_equal(public, keys[1], sizeof public);
  assert_code(find_in(&two, "", public, &err), SNT_CODE_NOT_FOUND);
  assert_string_equal(err.message, "the ssh-agent has 2 Ed25519 keys");
  assert_non_null(strstr(err.hint, text));
  assert_code(find_in(&one, text, public, &err), SNT_CODE_NOT_FOUND);
  assert_non_null(strstr(err.message, "the ssh-agent does not have the key ed25519:"));
  assert_code(find_in(&none, "", public, &err), SNT_CODE_NOT_FOUND);
  assert_string_equal(err.message, "the ssh-agent has no Ed25519 key");
  assert_non_null(strstr(err.hint, "ssh-add FILE"));
  /* However slowly it comes. */
  const struct script slow = {.answer = one.data, .len = one.len, .is_slow = true};
  assert_ok(find(&slow, "", LONG_MS, public, &err));
}

static void the_same_key_twice_is_one(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN];
  char text[SNT_BASE64_CAP(SNT_ED25519_LEN)];
  struct message body = {0};
  put_number(&body, 2);
  put_key(&body, keys[0]);
  put_key(&body, keys[0]);
  const struct message answer = finish(12, &body);
  snt_base64(keys[0], SNT_ED25519_LEN, text);
  assert_ok(find_in(&answer, text, public, NULL));
}

static void without_an_agent_it_says_so(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN];
  struct snt_err err = {0};
  char longest[sizeof path + 1];
  assert_code(snt_ssh_agent_find("", LONG_MS, public, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, path));
  assert_non_null(strstr(err.hint, "ssh-add -l"));
  assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
  assert_code(snt_ssh_agent_find("", LONG_MS, public, &err), SNT_CODE_KEYCHAIN);
  assert_string_equal(err.message, "there is no ssh-agent: SSH_AUTH_SOCK is not set");
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  assert_int_equal(setenv("SSH_AUTH_SOCK", longest, 1), 0);
  assert_code(snt_ssh_agent_find("", LONG_MS, public, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "has more than 107 bytes"));
  assert_int_equal(setenv("SSH_AUTH_SOCK", path, 1), 0);
}

/* Every beginning of a right answer, and every answer with a byte more than its length says it has. */
static void no_part_of_an_answer_is_one(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN];
  struct snt_err err = {0};
  const struct message good = list_of(1);
  for (size_t len = 0; len < good.len; len++) {
    struct message cut = good;
    cut.len = len;
    assert_code(find_in(&cut, "", public, &err), SNT_CODE_ANSWER_INVALID);
    assert_non_null(strstr(err.message, "ended in the middle of its answer"));
  }
  for (size_t len = 4; len < good.len; len++) {
    struct message cut = {0}; /* the length is right, and what is counted inside is not */
    put_number(&cut, len - 4);
    put(&cut, good.data + 4, len - 4);
    assert_code(find_in(&cut, "", public, &err), SNT_CODE_ANSWER_INVALID);
  }
  struct message longer = {0};
  put_number(&longer, good.len - 4 + 1);
  put(&longer, good.data + 4, good.len - 4);
  put(&longer, "x", 1);
  assert_code(find_in(&longer, "", public, &err), SNT_CODE_ANSWER_INVALID);
}

static void odd_answers_are_refused(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN];
  struct snt_err err = {0};
  static const struct {
    const char *bytes;
    size_t len;
    enum snt_code code;
  } rows[] = {
      {"\0\0\0\0", 4, SNT_CODE_ANSWER_INVALID},
      {"\0\4\0\1\14", 5, SNT_CODE_ANSWER_INVALID}, /* 256 KiB and a byte */
      {"\xff\xff\xff\xff\14", 5, SNT_CODE_ANSWER_INVALID},
      {"\0\0\0\1\5", 5, SNT_CODE_KEYCHAIN}, /* a refusal */
      {"\0\0\0\1\6", 5, SNT_CODE_ANSWER_INVALID},
      {"\0\0\0\1\14", 5, SNT_CODE_ANSWER_INVALID},
      {"\0\0\0\5\16\0\0\0\0", 9, SNT_CODE_ANSWER_INVALID},         /* of another question */
      {"\0\0\0\5\14\xff\xff\xff\xff", 9, SNT_CODE_ANSWER_INVALID}, /* 4,294,967,295 keys, and none */
      {"\0\0\0\5\14\0\0\0\0", 9, SNT_CODE_NOT_FOUND},              /* none */
      {"\0\0\0\11\14\0\0\0\1\xff\xff\xff\xff", 13, SNT_CODE_ANSWER_INVALID},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct script script = {.answer = rows[i].bytes, .len = rows[i].len};
    snt_status status = find(&script, "", LONG_MS, public, &err);
    if (status.code != rows[i].code) {
      fail_msg("row %zu: %s, %s", i, snt_code_name(status.code), err.message);
    }
  }
}

static void an_agent_that_says_nothing_is_left(void **state) {
  (void)state;
  uint8_t public[SNT_ED25519_LEN];
  uint8_t signature[SNT_ED25519_SIGNATURE_LEN];
  struct snt_err err = {0};
  const struct message good = list_of(1);
  const struct script silent = {.is_left_open = true};
  const struct script half = {.answer = good.data, .len = good.len / 2, .is_left_open = true};
  assert_code(find(&silent, "", SHORT_MS, public, &err), SNT_CODE_TIMEOUT);
  assert_string_equal(err.message, "the ssh-agent did not answer in time");
  assert_code(find(&half, "", SHORT_MS, public, &err), SNT_CODE_TIMEOUT);
  start(&silent);
  assert_code(snt_ssh_agent_sign(keys[0], snt_slice_of("message"), SHORT_MS, signature, &err), SNT_CODE_TIMEOUT);
  stop();
}

/* Two that wait and are not taken fill the queue: connecting does not wait for ever either. */
static void an_agent_that_takes_nobody_is_left(void **state) {
  (void)state;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  uint8_t public[SNT_ED25519_LEN];
  int waiting[8];
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(listener, 0), 0);
  for (size_t i = 0; i < 8; i++) {
    waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(waiting[i], (const struct sockaddr *)&address, sizeof address);
  }
  assert_code(snt_ssh_agent_find("", SHORT_MS, public, NULL), SNT_CODE_TIMEOUT);
  for (size_t i = 0; i < 8; i++) {
    (void)close(waiting[i]);
  }
  (void)close(listener);
  assert_int_equal(unlink(path), 0);
}

static struct message signature_of(const char *text, const char *kind, size_t len, const char *behind) {
  const struct snt_crypto *crypto = NULL;
  uint8_t bytes[SNT_ED25519_SIGNATURE_LEN + 1] = {0};
  struct message inner = {0};
  struct message body = {0};
  assert_ok(snt_crypto_load(&crypto, NULL));
  assert_ok(crypto->ed25519_sign(seed, snt_slice_of(text), bytes, NULL));
  put_string(&inner, kind, strlen(kind));
  put_string(&inner, bytes, len);
  put(&inner, behind, strlen(behind));
  put_string(&body, inner.data, inner.len);
  return finish(14, &body);
}

static snt_status sign(const struct message *answer, uint8_t *out, struct snt_err *err) {
  const struct script script = {.answer = answer->data, .len = answer->len};
  start(&script);
  snt_status status = snt_ssh_agent_sign(keys[0], snt_slice_of("message"), LONG_MS, out, err);
  stop();
  return status;
}

static void a_signature_is_used_once_it_is_verified(void **state) {
  (void)state;
  uint8_t out[SNT_ED25519_SIGNATURE_LEN] = {0};
  const uint8_t nothing[SNT_ED25519_SIGNATURE_LEN] = {0};
  struct snt_err err = {0};
  const struct message good = signature_of("message", "ssh-ed25519", 64, "");
  const struct message other = signature_of("another message", "ssh-ed25519", 64, "");
  const struct message of_kind = signature_of("message", "ssh-ed25518", 64, "");
  const struct message shorter = signature_of("message", "ssh-ed25519", 63, "");
  const struct message longer = signature_of("message", "ssh-ed25519", 65, "");
  const struct message more = signature_of("message", "ssh-ed25519", 64, "x");
  const struct message *const odd[] = {&of_kind, &shorter, &longer, &more};
  assert_code(sign(&other, out, &err), SNT_CODE_ANSWER_INVALID);
  assert_string_equal(err.message, "the signature of the ssh-agent is not the key's");
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    assert_code(sign(odd[i], out, &err), SNT_CODE_ANSWER_INVALID);
    assert_string_equal(err.message, "the answer of the ssh-agent makes no sense");
  }
  for (size_t len = 5; len < good.len; len++) {
    struct message cut = {0};
    put_number(&cut, len - 4);
    put(&cut, good.data + 4, len - 4);
    assert_code(sign(&cut, out, &err), SNT_CODE_ANSWER_INVALID);
  }
  struct message behind = {0};
  put_number(&behind, good.len - 4 + 1);
  put(&behind, good.data + 4, good.len - 4);
  put(&behind, "x", 1);
  assert_code(sign(&behind, out, &err), SNT_CODE_ANSWER_INVALID);
  assert_memory_equal(out, nothing, sizeof out);
  assert_ok(sign(&good, out, &err));
  assert_memory_not_equal(out, nothing, sizeof out);
}

static void a_refusal_is_told(void **state) {
  (void)state;
  uint8_t out[SNT_ED25519_SIGNATURE_LEN];
  struct snt_err err = {0};
  const struct message none = {0};
  const struct message failure = finish(5, &none);
  assert_code(sign(&failure, out, &err), SNT_CODE_KEYCHAIN);
  assert_string_equal(err.message, "the ssh-agent refuses");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_key_is_found),
      cmocka_unit_test(the_same_key_twice_is_one),
      cmocka_unit_test(without_an_agent_it_says_so),
      cmocka_unit_test(no_part_of_an_answer_is_one),
      cmocka_unit_test(odd_answers_are_refused),
      cmocka_unit_test(an_agent_that_says_nothing_is_left),
      cmocka_unit_test(an_agent_that_takes_nobody_is_left),
      cmocka_unit_test(a_signature_is_used_once_it_is_verified),
      cmocka_unit_test(a_refusal_is_told),
  };
  return cmocka_run_group_tests(tests, open_keys, close_keys);
}
