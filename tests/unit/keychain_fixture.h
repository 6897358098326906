/* What the keychain's tests share: a folder of their own, a kind of their own, no terminal. */
#ifndef SNT_TESTS_KEYCHAIN_FIXTURE_H
#define SNT_TESTS_KEYCHAIN_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "keychain/file_key.h"
#include "keychain/kernel_keys.h"
#include "keychain/keychain.h"

/* How the tests' TPM is reached, where they have one, and whether its keychains take a PIN. */
static const char *fixture_tcti;
static bool fixture_wants_pin = true;

struct fixture {
  char backend[32];
  const char *helper; /* of the docker backend */
  char folder[64];
  char path[192];
  char kind[32];
  struct snt_secret *passphrase;
  struct snt_keychain *keychain;
};

static inline bool is_file(const struct fixture *fixture) {
  return strcmp(fixture->backend, "file") == 0 || strcmp(fixture->backend, "tpm") == 0;
}

static inline const struct snt_key_source *source_of(const struct fixture *fixture) {
  return strcmp(fixture->backend, "tpm") == 0 ? &SNT_KEY_FROM_TPM : &SNT_KEY_FROM_PASSPHRASE;
}

static inline void open_keychain(struct fixture *fixture, bool has_passphrase) {
  snt_keychain_close(&fixture->keychain);
  struct snt_keychain_options options = {.backend = fixture->backend,
                                         .folder = fixture->folder,
                                         .helper = fixture->helper,
                                         .tcti = fixture_tcti,
                                         .wants_pin = fixture_wants_pin,
                                         .passphrase = has_passphrase ? fixture->passphrase : NULL,
                                         .prompt_deadline_ms = 20000};
  assert_ok(snt_keychain_open(&options, &fixture->keychain, NULL));
}

/* "file", "docker:pass". */
static inline void begin(struct fixture *fixture, const char *backend) {
  memset(fixture, 0, sizeof *fixture);
  size_t len = strcspn(backend, ":");
  (void)snprintf(fixture->backend, sizeof fixture->backend, "%.*s", (int)len, backend);
  fixture->helper = backend[len] == ':' ? backend + len + 1 : NULL;
  (void)snprintf(fixture->folder, sizeof fixture->folder, "/tmp/snt-keychain-XXXXXX");
  assert_non_null(mkdtemp(fixture->folder));
  (void)snprintf(fixture->path, sizeof fixture->path, "%s/%s", fixture->folder, source_of(fixture)->file_name);
  (void)snprintf(fixture->kind, sizeof fixture->kind, "test-%d", (int)getpid());
  assert_ok(snt_secret_new_from("correct horse", 13, &fixture->passphrase, NULL));
  open_keychain(fixture, true);
}

/* In a forked child every secret is wiped. */
static inline void renew(struct fixture *fixture) {
  assert_ok(snt_secret_new_from("correct horse", 13, &fixture->passphrase, NULL));
  open_keychain(fixture, true);
}

static inline snt_status write_text(struct fixture *fixture, const char *name, const char *text, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_TRY(snt_secret_new_from(text, strlen(text), &value, err));
  return snt_keychain_write(fixture->keychain, fixture->kind, name, value, err);
}

static inline void expect_text(struct fixture *fixture, const char *name, const char *text) {
  struct snt_err err = {0};
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  if (!snt_ok(snt_keychain_read(fixture->keychain, fixture->kind, name, &value, &err))) {
    fail_msg("%s: %s", name, err.message);
  }
  assert_string_equal(snt_secret_borrow(value), text);
}

static inline enum snt_code read_code(struct fixture *fixture, const char *name, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  snt_status status = snt_keychain_read(fixture->keychain, fixture->kind, name, &value, err);
  assert_true(snt_ok(status) == (value != NULL));
  return status.code;
}

static inline void join_name(void *context, const char *name) {
  (void)strcat(context, name);
  (void)strcat(context, " ");
}

static inline void expect_names(struct fixture *fixture, const char *names) {
  char text[4096] = "";
  assert_ok(snt_keychain_list(fixture->keychain, fixture->kind, join_name, text, NULL));
  assert_string_equal(text, names);
}

/* The file's key, out of the kernel keyring. */
static inline void forget_key(const struct fixture *fixture) {
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  struct snt_sealed_header header;
  if (snt_ok(snt_file_read(fixture->path, SNT_FILE_ANY, SNT_SEALED_FILE_MAX, &bytes, NULL)) &&
      snt_ok(snt_sealed_parse_header(&bytes, source_of(fixture)->kind, fixture->path, &header, NULL))) {
    snt_file_keys_forget(fixture->path, &header);
  }
}

static inline void remove_name(void *context, const char *name) {
  struct fixture *fixture = context;
  (void)snt_keychain_remove(fixture->keychain, fixture->kind, name, NULL).code;
}

static inline void end(struct fixture *fixture) {
  char command[160];
  if (!is_file(fixture)) { /* the file goes with its folder */
    assert_ok(snt_keychain_list(fixture->keychain, fixture->kind, remove_name, fixture, NULL));
  }
  forget_key(fixture);
  snt_keychain_close(&fixture->keychain);
  snt_secret_free(&fixture->passphrase);
  (void)snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
  assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): fixed text */
}

/* Runs the tests without a controlling terminal and without a display: nothing may wait for a person. */
static inline int without_terminal(int (*run)(void)) {
  pid_t pid = fork();
  if (pid == 0) {
    (void)setsid();
    (void)unsetenv("DISPLAY");
    (void)unsetenv("WAYLAND_DISPLAY");
    exit(run()); /* NOLINT(concurrency-mt-unsafe) */
  }
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

#endif
