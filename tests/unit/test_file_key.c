/* Passphrases: given, typed, wrong; and the key that rests in the kernel. */
#include "check.h"

#include "keychain_fixture.h"

#include "base/turn.h"
#include "keychain/file_rest.h"

#include <stddef.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <termios.h>

static bool has_keyring;

static void give(struct fixture *fixture, const char *passphrase) {
  snt_keychain_close(&fixture->keychain);
  snt_secret_free(&fixture->passphrase);
  assert_ok(snt_secret_new_from(passphrase, strlen(passphrase), &fixture->passphrase, NULL));
  open_keychain(fixture, true);
}

/* Also while the right key rests. */
static void a_wrong_passphrase_is_refused(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "the secret value", NULL));
  static const char *const wrong[] = {"correct horsf", "correct hors", "correct horse ", "x"};
  for (int resting = 0; resting < 2; resting++) {
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
      struct snt_err err = {0};
      give(&fixture, wrong[i]);
      assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_KEYCHAIN);
      assert_non_null(strstr(err.message, fixture.path));
      assert_null(strstr(err.message, "correct"));
      assert_null(strstr(err.hint, "correct"));
      assert_code(write_text(&fixture, "dev", "y", &err), SNT_CODE_KEYCHAIN);
    }
    give(&fixture, "correct horse");
    expect_text(&fixture, "dev", "the secret value");
    forget_key(&fixture);
  }
  struct snt_err err = {0};
  give(&fixture, "");
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_ACTION_REQUIRED);
  end(&fixture);
}

static void without_passphrase_and_terminal_a_person_is_needed(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  begin(&fixture, "file");
  open_keychain(&fixture, false);
  assert_code(write_text(&fixture, "dev", "x", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "needs a passphrase to be made: there is no terminal"));
  assert_null(strstr(err.hint, "sentinel list")); /* which asks nothing while there is no file */
  assert_int_not_equal(access(fixture.path, F_OK), 0);
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_NOT_FOUND);
  open_keychain(&fixture, true);
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  forget_key(&fixture);
  open_keychain(&fixture, false);
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, fixture.path));
  assert_non_null(strstr(err.hint, "SENTINEL_FILE_PASSPHRASE"));
  end(&fixture);
}

static void a_key_rests_after_an_unlock_and_only_for_its_file(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  if (!has_keyring) {
    leave_out("the kernel keyring", " is not available");
    end(&fixture);
    return;
  }
  open_keychain(&fixture, false);
  expect_text(&fixture, "dev", "x");
  assert_ok(write_text(&fixture, "other", "y", NULL));
  SNT_BUF_AUTO struct snt_buf old = {0};
  assert_ok(snt_file_read(fixture.path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &old, NULL));
  assert_int_equal(unlink(fixture.path), 0);
  give(&fixture, "another passphrase");
  assert_ok(write_text(&fixture, "dev", "z", NULL)); /* a new salt */
  forget_key(&fixture);
  open_keychain(&fixture, false);
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_ACTION_REQUIRED);
  assert_ok(snt_file_replace(fixture.path, old.data, old.len, 0600, NULL));
  open_keychain(&fixture, false);
  expect_text(&fixture, "other", "y");
  end(&fixture);
}

/* The name is right, the key is not: an older sentinel's, or somebody's who may write our keyring. */
static void a_stale_key_is_not_believed(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  struct snt_sealed_header header;
  assert_ok(snt_file_read(fixture.path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &bytes, NULL));
  assert_ok(snt_sealed_parse_header(&bytes, SNT_SEALED_PASSPHRASE, fixture.path, &header, NULL));
  static const size_t lengths[] = {0, 31, SNT_CRYPTO_KEY_LEN};
  for (size_t i = 0; has_keyring && i < sizeof lengths / sizeof lengths[0]; i++) {
    struct snt_file_keys keys = {.source = &SNT_KEY_FROM_PASSPHRASE, .path = fixture.path};
    assert_ok(snt_secret_new(SNT_CRYPTO_KEY_LEN, &keys.key, NULL));
    snt_secret_set_len(keys.key, SNT_CRYPTO_KEY_LEN);
    memset(snt_secret_borrow_writable(keys.key), 'k', lengths[i]);
    snt_file_keys_rest(&keys, &header);
    snt_file_keys_clear(&keys);
    open_keychain(&fixture, false);
    assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_ACTION_REQUIRED);
    open_keychain(&fixture, true);
    expect_text(&fixture, "dev", "x");
  }
  end(&fixture);
}

/* What was opened rests beside its key, and is found for the very bytes that it was opened from. */
static void an_opened_copy_belongs_to_one_writing_of_the_file(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  expect_text(&fixture, "dev", "x");
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  SNT_BUF_AUTO struct snt_buf damaged = {0};
  struct snt_sealed_header header;
  struct snt_file_keys keys = {.source = &SNT_KEY_FROM_PASSPHRASE, .path = fixture.path, .given = fixture.passphrase};
  assert_ok(snt_file_read(fixture.path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &bytes, NULL));
  assert_ok(snt_sealed_parse_header(&bytes, SNT_SEALED_PASSPHRASE, fixture.path, &header, NULL));
  assert_ok(snt_file_keys_find(&keys, &header, NULL));
  SNT_SECRET_AUTO struct snt_secret *opened = NULL;
  SNT_SECRET_AUTO struct snt_secret *none = NULL;
  assert_true(snt_file_rest_find(keys.key, &bytes, &opened) == has_keyring);
  assert_ok(snt_buf_append(&damaged, bytes.data, bytes.len, NULL));
  damaged.data[damaged.len - 1] ^= 1;
  assert_false(snt_file_rest_find(keys.key, &damaged, &none));
  assert_ok(snt_file_replace(fixture.path, damaged.data, damaged.len, 0600, NULL));
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_KEYCHAIN);
  assert_ok(snt_file_replace(fixture.path, bytes.data, bytes.len, 0600, NULL));
  assert_ok(write_text(&fixture, "other", "y", NULL));
  assert_false(snt_file_rest_find(keys.key, &bytes, &none)); /* the writer takes the old one away */
  if (has_keyring) {                                         /* a reader that began before the writer, and is late */
    snt_file_rest_lay(keys.key, &bytes, opened);
    assert_true(snt_file_rest_find(keys.key, &bytes, &none));
  }
  snt_secret_free(&none);
  expect_text(&fixture, "other", "y");
  assert_false(snt_file_rest_find(keys.key, &bytes, &none)); /* there is room for one */
  snt_file_keys_clear(&keys);
  end(&fixture);
}

/* add_key and keyctl fail with EPERM, as in many containers. */
static bool forbid_keyrings(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void live_without_keyrings(struct fixture *fixture) {
  struct snt_err err = {0};
  bool is_good = forbid_keyrings();
  renew(fixture);
  is_good = is_good && snt_ok(write_text(fixture, "dev", "x", &err));
  open_keychain(fixture, true);
  is_good = is_good && read_code(fixture, "dev", &err) == SNT_CODE_OK;
  open_keychain(fixture, false);
  is_good = is_good && read_code(fixture, "dev", &err) == SNT_CODE_ACTION_REQUIRED;
  SNT_KEYCHAIN_AUTO struct snt_keychain *ring = NULL;
  snt_status status = snt_keychain_open(&(struct snt_keychain_options){.backend = "keyring"}, &ring, &err);
  is_good = is_good && status.code == SNT_CODE_KEYCHAIN && strstr(err.hint, "--backend file") != NULL;
  _exit(is_good ? 0 : 1);
}

static void without_keyrings_the_file_works_and_the_ring_says_so(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, "file");
  pid_t pid = fork();
  if (pid == 0) {
    live_without_keyrings(&fixture);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  end(&fixture);
}

/* A terminal of our own: the child's questions come out of the master, and our answers go in. */
static pid_t start_on_terminal(struct fixture *fixture, int *master, enum snt_code (*body)(struct fixture *fixture)) {
  *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  assert_true(*master >= 0);
  assert_int_equal(grantpt(*master), 0);
  assert_int_equal(unlockpt(*master), 0);
  char *name = ptsname(*master);
  assert_non_null(name);
  pid_t pid = fork();
  if (pid == 0) {
    (void)alarm(60);
    (void)setsid();
    int slave = open(name, O_RDWR | O_CLOEXEC);
    if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0) {
      _exit(98);
    }
    open_keychain(fixture, false);
    _exit((int)body(fixture));
  }
  return pid;
}

/* Waits for the question, then answers; false when the terminal closes first. */
static bool answer(int master, const char *question, const char *line) {
  char text[2048];
  size_t len = 0;
  for (text[0] = '\0'; strstr(text, question) == NULL;) {
    ssize_t got = read(master, text + len, sizeof text - 1 - len);
    if (got <= 0) {
      return false;
    }
    len += (size_t)got;
    text[len] = '\0';
  }
  return write(master, line, strlen(line)) == (ssize_t)strlen(line);
}

static enum snt_code write_dev(struct fixture *fixture) {
  struct snt_err err = {0};
  return write_text(fixture, "dev", "typed", &err).code;
}
static enum snt_code read_dev(struct fixture *fixture) {
  struct snt_err err = {0};
  return read_code(fixture, "dev", &err);
}

static void a_person_is_asked_twice_for_a_new_file_and_once_later(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, "file");
  static const struct {
    enum snt_code (*body)(struct fixture *fixture);
    const char *first, *again;
    enum snt_code code;
    bool is_new;
  } rows[] = {
      {write_dev, "typed phrase\n", "typed phrasf\n", SNT_CODE_ACTION_REQUIRED, true},
      {write_dev, "\n", "\n", SNT_CODE_ACTION_REQUIRED, true},
      {write_dev, "typed phrase\n", "\003", SNT_CODE_ACTION_REQUIRED, true},
      {write_dev, "typed phrase\n", "typed phrase\n", SNT_CODE_OK, true},
      {read_dev, "typed phrasf\n", NULL, SNT_CODE_KEYCHAIN, false},
      {read_dev, "typed phrase\n", NULL, SNT_CODE_OK, false},
      {write_dev, "typed phrase\n", NULL, SNT_CODE_OK, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int master = -1;
    pid_t pid = start_on_terminal(&fixture, &master, rows[i].body);
    assert_true(answer(master, rows[i].is_new ? "new passphrase" : "passphrase for the keychain", rows[i].first));
    assert_true(rows[i].again == NULL || answer(master, "the same again", rows[i].again));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), rows[i].code);
    assert_int_equal(access(fixture.path, F_OK) == 0, rows[i].code == SNT_CODE_OK || !rows[i].is_new);
    (void)close(master);
    forget_key(&fixture);
  }
  give(&fixture, "typed phrase");
  expect_text(&fixture, "dev", "typed");
  end(&fixture);
}

static bool has_echo(int master) {
  struct termios now;
  assert_int_equal(tcgetattr(master, &now), 0);
  return (now.c_lflag & ECHO) != 0;
}

/* Not when the question's time is over, and not without giving the terminal back. */
static void a_signal_ends_a_hidden_question(void **state) {
  (void)state;
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
  struct fixture fixture;
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
    int master = -1;
    int status = 0;
    forget_key(&fixture);
    (void)signal(signals[i], SIG_DFL); /* whatever ran the tests may ignore it */
    pid_t pid = start_on_terminal(&fixture, &master, read_dev);
    assert_true(answer(master, "passphrase for the keychain", ""));
    assert_false(has_echo(master));
    assert_int_equal(kill(pid, signals[i]), 0);
    for (int tries = 0; waitpid(pid, &status, WNOHANG) == 0; tries++) {
      assert_true(tries < 1000);
      (void)usleep(10000);
    }
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
    assert_true(has_echo(master));
    (void)close(master);
  }
  end(&fixture);
}

/* Whether the process waits for its turn to ask. */
static bool is_waiting(pid_t pid) {
  char command[128];
  (void)snprintf(command, sizeof command, "ls -l /proc/%d/fd 2>/dev/null | grep -q unlock.turn", (int)pid);
  return system(command) == 0; /* NOLINT(concurrency-mt-unsafe) */
}

enum { SHORT_MS = 2000 };

static enum snt_code read_dev_shortly(struct fixture *fixture) {
  snt_keychain_close(&fixture->keychain);
  struct snt_keychain_options options = {.backend = "file", .folder = fixture->folder, .prompt_deadline_ms = SHORT_MS};
  assert_ok(snt_keychain_open(&options, &fixture->keychain, NULL));
  return read_dev(fixture);
}

/* One deadline is over waiting for a holder that ends without an answer, and over asking. */
static void who_waited_to_ask_has_less_time_to_ask(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  int master = -1;
  int status = 0;
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  forget_key(&fixture);
  assert_ok(snt_turn_take(fixture.folder, "unlock", 0, &turn, NULL));
  pid_t pid = start_on_terminal(&fixture, &master, read_dev_shortly);
  for (int tries = 0; !is_waiting(pid); tries++) {
    assert_true(tries < 2000);
    (void)usleep(5000);
  }
  (void)usleep((SHORT_MS + 200) * 1000);
  snt_turn_end(&turn);
  assert_true(answer(master, "passphrase for the keychain", ""));
  (void)usleep(300000);
  (void)!write(master, "correct horse\n", 14);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(WEXITSTATUS(status), SNT_CODE_ACTION_REQUIRED);
  (void)close(master);
  end(&fixture);
}

/* All that a terminal shows until its last process ends. */
static void read_rest(int master, char *text, size_t cap) {
  size_t len = 0;
  for (ssize_t got = 1; got > 0 && len + 1 < cap;) {
    got = read(master, text + len, cap - 1 - len);
    len += got > 0 ? (size_t)got : 0;
  }
  text[len] = '\0';
}

static void of_two_who_find_it_locked_one_asks(void **state) {
  (void)state;
  struct fixture fixture;
  static const struct {
    const char *typed;
    enum snt_code code;
  } rows[] = {
      {"correct horse\n", SNT_CODE_OK}, {"correct hors\n", SNT_CODE_KEYCHAIN}, {"\004", SNT_CODE_ACTION_REQUIRED}};
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  for (size_t i = 0; has_keyring && i < sizeof rows / sizeof rows[0]; i++) {
    int masters[2];
    pid_t pids[2];
    char shown[1024];
    forget_key(&fixture);
    pids[0] = start_on_terminal(&fixture, &masters[0], read_dev);
    assert_true(answer(masters[0], "passphrase for the keychain", ""));
    pids[1] = start_on_terminal(&fixture, &masters[1], read_dev);
    for (int tries = 0; !is_waiting(pids[1]); tries++) {
      assert_true(tries < 2000);
      (void)usleep(5000);
    }
    assert_int_equal(write(masters[0], rows[i].typed, strlen(rows[i].typed)), (ssize_t)strlen(rows[i].typed));
    read_rest(masters[1], shown, sizeof shown);
    assert_string_equal(shown, "");
    for (int k = 0; k < 2; k++) {
      int status = 0;
      assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
      assert_int_equal(WEXITSTATUS(status), rows[i].code);
      (void)close(masters[k]);
    }
  }
  char turn[256];
  (void)snprintf(turn, sizeof turn, "%s/unlock.turn", fixture.folder);
  assert_int_not_equal(access(turn, F_OK), 0);
  end(&fixture);
}

/* Nothing rests from which a typed passphrase could be guessed. */
static void a_typed_passphrase_leaves_no_mark(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, "file");
  assert_ok(write_text(&fixture, "dev", "x", NULL));
  struct snt_sealed_header header = {0};
  for (int given = 0; has_keyring && given < 2; given++) {
    struct snt_file_keys keys = {
        .source = &SNT_KEY_FROM_PASSPHRASE, .path = fixture.path, .given = given ? fixture.passphrase : NULL};
    SNT_SECRET_AUTO struct snt_secret *resting = NULL;
    assert_ok(snt_secret_new(SNT_CRYPTO_KEY_LEN, &keys.key, NULL));
    snt_secret_set_len(keys.key, SNT_CRYPTO_KEY_LEN);
    snt_file_keys_rest(&keys, &header);
    snt_file_keys_clear(&keys);
    char description[64];
    snt_file_keys_describe(fixture.path, &header, description);
    assert_int_equal(snt_kernel_key_read(description, &resting), 0);
    static const char zeros[64];
    assert_int_equal(snt_secret_len(resting), sizeof zeros);
    assert_int_equal(memcmp(snt_secret_borrow(resting), zeros, sizeof zeros) == 0, !given);
    snt_file_keys_forget(fixture.path, &header);
  }
  end(&fixture);
}

static int run(void) {
  has_keyring = snt_kernel_keys_check() == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_wrong_passphrase_is_refused),
      cmocka_unit_test(without_passphrase_and_terminal_a_person_is_needed),
      cmocka_unit_test(a_key_rests_after_an_unlock_and_only_for_its_file),
      cmocka_unit_test(a_stale_key_is_not_believed),
      cmocka_unit_test(an_opened_copy_belongs_to_one_writing_of_the_file),
      cmocka_unit_test(without_keyrings_the_file_works_and_the_ring_says_so),
      cmocka_unit_test(a_person_is_asked_twice_for_a_new_file_and_once_later),
      cmocka_unit_test(a_signal_ends_a_hidden_question),
      cmocka_unit_test(of_two_who_find_it_locked_one_asks),
      cmocka_unit_test(who_waited_to_ask_has_less_time_to_ask),
      cmocka_unit_test(a_typed_passphrase_leaves_no_mark),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return without_terminal(run); }
