/* One suite for every backend: what holds for one holds for all. */
#include "check.h"

#include "keychain_fixture.h"
#include "password_store_fixture.h"
#include "secret_service_fixture.h"
#include "tpm_fixture.h"

#include <grp.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "keychain/tpm.h"

/* The Secret Service of this program; none when it is not installed. */
static struct desktop desktop;
/* And its TPM. */
static struct tpm tpm;

/* Its password store; none when pass is not installed. */
static struct password_store store;

static bool is_here(const char *backend) {
  bool has_store = store.folder[0] != '\0';
  if (strcmp(backend, "keyring") == 0 && snt_kernel_keys_check() != 0) {
    leave_out("the kernel keyring", " is not available");
    return false;
  }
  return strcmp(backend, "secret-service") == 0 ? desktop.bus != 0
         : strcmp(backend, "tpm") == 0          ? tpm.pid != 0
         : strcmp(backend, "pass") == 0         ? has_store
         : strcmp(backend, "docker:pass") == 0  ? has_store && has_program("docker-credential-pass")
         : strcmp(backend, "docker:secretservice") == 0
             ? desktop.bus != 0 && has_program("docker-credential-secretservice")
             : true;
}

static void with_backend(const char *name, void (*body)(struct fixture *fixture)) {
  struct fixture fixture;
  if (is_here(name)) {
    begin(&fixture, name);
    body(&fixture);
    end(&fixture);
  }
}

/* Below valgrind those that are programs of others, and the TPM, take minutes; their own tests, and the sanitizers',
 * try them. */
static bool is_left_out(const char *backend) {
  return getenv("SENTINEL_VALGRIND") != NULL &&
         (strcmp(backend, "pass") == 0 || strcmp(backend, "docker") == 0 || strcmp(backend, "tpm") == 0);
}

/* Calls body with each backend that works here, and with each helper that the docker backend has here. */
static void each_backend(void (*body)(struct fixture *fixture)) {
  for (size_t i = 0; SNT_KEYCHAIN_BACKENDS[i]->name != NULL; i++) {
    if (is_left_out(SNT_KEYCHAIN_BACKENDS[i]->name)) {
      continue;
    }
    bool is_docker = strcmp(SNT_KEYCHAIN_BACKENDS[i]->name, "docker") == 0;
    with_backend(is_docker ? "docker:pass" : SNT_KEYCHAIN_BACKENDS[i]->name, body);
    if (is_docker) {
      with_backend("docker:secretservice", body);
    }
  }
}

static bool is_foreign(const struct fixture *fixture) {
  return strcmp(fixture->backend, "pass") == 0 || strcmp(fixture->backend, "docker") == 0;
}

/* It names a file after an entry, and has pass write it in place. */
static bool is_docker_pass(const struct fixture *fixture) {
  return fixture->helper != NULL && strcmp(fixture->helper, "pass") == 0;
}

/* How to make an entry depends on its kind. The name is one that nobody has. */
static void body_hints(struct fixture *fixture) {
  for (const struct snt_keychain_kind *kind = SNT_KEYCHAIN_KINDS; kind->name != NULL; kind++) {
    struct snt_err err = {0};
    char hint[128] = "";
    if (!kind->is_cached) {
      (void)snprintf(hint, sizeof hint, "store it with: %s %s", kind->adds, fixture->kind);
    }
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_code(snt_keychain_read(fixture->keychain, kind->name, fixture->kind, &value, &err), SNT_CODE_NOT_FOUND);
    assert_string_equal(err.hint, hint);
  }
}

static void body_missing(struct fixture *fixture) {
  struct snt_err err = {0};
  assert_int_equal(read_code(fixture, "prod", &err), SNT_CODE_NOT_FOUND);
  assert_non_null(strstr(err.message, "\"prod\""));
  assert_code(snt_keychain_remove(fixture->keychain, fixture->kind, "prod", &err), SNT_CODE_NOT_FOUND);
  expect_names(fixture, "");
  assert_ok(write_text(fixture, "dev", "1", NULL));
  assert_int_equal(read_code(fixture, "prod", &err), SNT_CODE_NOT_FOUND);
  assert_int_equal(read_code(fixture, "de", &err), SNT_CODE_NOT_FOUND);
  assert_int_equal(read_code(fixture, "devs", &err), SNT_CODE_NOT_FOUND);
  assert_code(snt_keychain_remove(fixture->keychain, fixture->kind, "prod", &err), SNT_CODE_NOT_FOUND);
  expect_names(fixture, "dev ");
}
static void a_missing_entry_is_not_found(void **state) {
  (void)state;
  each_backend(body_missing);
  each_backend(body_hints);
}

static void body_odd(struct fixture *fixture) {
  static const char *const names[] = {"", "a\nb", "a\x7f", "\xff", "\xed\xa0\x80"};
  struct snt_err err = {0};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_code(write_text(fixture, names[i], "x", &err), SNT_CODE_USAGE);
    assert_int_equal(read_code(fixture, names[i], &err), SNT_CODE_USAGE);
  }
  char longest[514];
  memset(longest, 'n', sizeof longest);
  longest[513] = '\0';
  assert_code(write_text(fixture, longest, "x", &err), SNT_CODE_USAGE);
  longest[512] = '\0';
  if (is_docker_pass(fixture)) {
    assert_code(write_text(fixture, longest, "x", &err), SNT_CODE_KEYCHAIN);
    assert_non_null(strstr(err.message, "docker-credential-pass store ended with status 1"));
    longest[120] = '\0';
  }
  assert_ok(write_text(fixture, longest, "x", &err));
  expect_text(fixture, longest, "x");
  char listed[600];
  (void)snprintf(listed, sizeof listed, "%s ", longest);
  expect_names(fixture, listed);
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, longest, NULL));
  assert_code(write_text(fixture, "empty", "", &err), SNT_CODE_KEYCHAIN);
  (void)snprintf(fixture->kind, sizeof fixture->kind, "Test:%d", (int)getpid());
  assert_code(write_text(fixture, "a", "x", &err), SNT_CODE_BUG);
  (void)snprintf(fixture->kind, sizeof fixture->kind, "test-%d", (int)getpid());
}
static void odd_names_are_refused(void **state) {
  (void)state;
  each_backend(body_odd);
}

static void body_life(struct fixture *fixture) {
  static const char *const names[] = {"b", "a", "corp/admin", "a.b", "caf\xc3\xa9", "B", "a:b", "\xe6\x97\xa5"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_ok(write_text(fixture, names[i], names[i], NULL));
  }
  expect_names(fixture, "B a a.b a:b b caf\xc3\xa9 corp/admin \xe6\x97\xa5 ");
  open_keychain(fixture, true);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    expect_text(fixture, names[i], names[i]);
  }
  assert_ok(write_text(fixture, "a", "a longer text", NULL));
  expect_text(fixture, "a", "a longer text");
  assert_ok(write_text(fixture, "a", "s", NULL));
  expect_text(fixture, "a", "s");
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "a.b", NULL));
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "B", NULL));
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "\xe6\x97\xa5", NULL));
  expect_names(fixture, "a a:b b caf\xc3\xa9 corp/admin ");
  expect_text(fixture, "corp/admin", "corp/admin");
}
static void entries_are_stored_replaced_listed_in_byte_order_and_removed(void **state) {
  (void)state;
  each_backend(body_life);
}

static void body_kinds(struct fixture *fixture) {
  char first[32];
  (void)snprintf(first, sizeof first, "%s", fixture->kind);
  assert_ok(write_text(fixture, "same", "1", NULL));
  (void)strcat(fixture->kind, "-b");
  struct snt_err err = {0};
  assert_int_equal(read_code(fixture, "same", &err), SNT_CODE_NOT_FOUND);
  assert_ok(write_text(fixture, "same", "2", NULL));
  assert_ok(write_text(fixture, "other", "3", NULL));
  expect_names(fixture, "other same ");
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "same", NULL));
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "other", NULL));
  (void)snprintf(fixture->kind, sizeof fixture->kind, "%s", first);
  expect_text(fixture, "same", "1");
  expect_names(fixture, "same ");
}
static void kinds_are_separate(void **state) {
  (void)state;
  each_backend(body_kinds);
}

static void body_large(struct fixture *fixture) {
  static const size_t sizes[] = {1, 4096, 32767, 32768, SNT_KEYCHAIN_VALUE_CAP, SNT_KEYCHAIN_VALUE_CAP + 1};
  bool is_ring = strcmp(fixture->backend, "keyring") == 0;
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    struct snt_err err = {0};
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    SNT_SECRET_AUTO struct snt_secret *back = NULL;
    assert_ok(snt_secret_new(sizes[i], &value, NULL));
    for (size_t k = 0; k < sizes[i]; k++) {
      snt_secret_borrow_writable(value)[k] = (char)(k * 7);
    }
    snt_secret_set_len(value, sizes[i]);
    snt_status status = snt_keychain_write(fixture->keychain, fixture->kind, "large", value, &err);
    bool is_quota = is_ring && strstr(err.message, "quota") != NULL; /* of an ordinary user: 20,000 bytes in all */
    bool is_docker = strcmp(fixture->backend, "docker") == 0;        /* whose helpers read lines of at most 64 KiB */
    bool is_storable = !is_quota && sizes[i] <= (is_ring     ? SNT_KERNEL_KEY_MAX
                                                 : is_docker ? 32768
                                                             : SNT_KEYCHAIN_VALUE_CAP);
    assert_int_equal(status.code, is_storable ? SNT_CODE_OK : SNT_CODE_KEYCHAIN);
    if (is_storable) {
      assert_ok(snt_keychain_read(fixture->keychain, fixture->kind, "large", &back, NULL));
      assert_true(snt_secret_is_equal(value, back));
    }
  }
}
static void large_values_are_kept_or_refused(void **state) {
  (void)state;
  each_backend(body_large);
}

enum { WRITERS = 4, ENTRIES = 5 };

static void write_many(struct fixture *fixture, int writer) {
  renew(fixture);
  for (int k = 0; k < ENTRIES; k++) {
    char name[32];
    (void)snprintf(name, sizeof name, "w%d-%d", writer, k);
    if (!snt_ok(write_text(fixture, name, name, NULL))) {
      _exit(1);
    }
  }
  _exit(0);
}

/* The writers make the file as well: all but one find another's there. */
static void body_writers(struct fixture *fixture) {
  pid_t pids[WRITERS];
  for (int i = 0; i < WRITERS; i++) {
    pids[i] = fork();
    assert_true(pids[i] >= 0);
    if (pids[i] == 0) {
      write_many(fixture, i);
    }
  }
  for (int i = 0; i < WRITERS; i++) {
    int status = 0;
    assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    assert_int_equal(status, 0);
  }
  for (int i = 0; i < WRITERS * ENTRIES; i++) {
    char name[32];
    (void)snprintf(name, sizeof name, "w%d-%d", i / ENTRIES, i % ENTRIES);
    expect_text(fixture, name, name);
  }
}
static void writers_at_once_lose_nothing(void **state) {
  (void)state;
  each_backend(body_writers);
}

/* All of them write the same entry: what is there at the end is one of what was written, and is there once. */
static void body_rivals(struct fixture *fixture) {
  pid_t pids[WRITERS];
  char text[2048];
  for (int i = 0; i < WRITERS; i++) {
    pids[i] = fork();
    assert_true(pids[i] >= 0);
    if (pids[i] == 0) {
      renew(fixture);
      memset(text, 'a' + i, sizeof text);
      text[sizeof text - 1] = '\0';
      for (int k = 0; k < ENTRIES; k++) {
        if (!snt_ok(write_text(fixture, "same", text, NULL))) {
          _exit(1);
        }
      }
      _exit(0);
    }
  }
  for (int i = 0; i < WRITERS; i++) {
    int status = 0;
    assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    assert_int_equal(status, 0);
  }
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_keychain_read(fixture->keychain, fixture->kind, "same", &value, NULL));
  const char *got = snt_secret_borrow(value);
  assert_int_equal(snt_secret_len(value), sizeof text - 1);
  assert_int_equal(strspn(got, (char[]){got[0], '\0'}), sizeof text - 1);
  expect_names(fixture, "same ");
  assert_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "same", NULL));
  expect_names(fixture, "");
}
static void writers_of_the_same_entry_leave_one(void **state) {
  (void)state;
  each_backend(body_rivals);
}

/* Writes by turns two long values, and says so on the pipe each time. */
static void write_for_ever(struct fixture *fixture, int told) {
  char text[8192];
  renew(fixture);
  for (int turn = 0;; turn++) {
    memset(text, turn % 2 == 0 ? 'a' : 'b', sizeof text);
    text[sizeof text - 1] = '\0';
    if (!snt_ok(write_text(fixture, "half", text, NULL)) || write(told, "x", 1) != 1) {
      _exit(1);
    }
  }
}

static void body_killed(struct fixture *fixture) {
  if (is_docker_pass(fixture)) {
    return;
  }
  assert_ok(write_text(fixture, "other", "kept", NULL));
  int rounds = is_foreign(fixture) ? 4 : 12; /* each of them starts many programs */
  for (int round = 1; round <= rounds; round++) {
    int told[2];
    char byte = 0;
    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      (void)close(told[0]);
      write_for_ever(fixture, told[1]);
    }
    (void)close(told[1]);
    for (int i = 0; i < round; i++) {
      assert_int_equal(read(told[0], &byte, 1), 1);
    }
    for (volatile int i = 0; i < round * 50000; i++) { /* another place in the writing each time */
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(told[0]);
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_ok(snt_keychain_read(fixture->keychain, fixture->kind, "half", &value, NULL));
    const char *text = snt_secret_borrow(value);
    assert_int_equal(snt_secret_len(value), 8191);
    assert_int_equal(strspn(text, (char[]){text[0], '\0'}), 8191);
    expect_names(fixture, "half other ");
    expect_text(fixture, "other", "kept");
  }
}
static void a_writer_that_is_killed_leaves_a_whole_value(void **state) {
  (void)state;
  each_backend(body_killed);
}

static snt_status probe(const struct fixture *fixture, struct snt_err *err) {
  const struct snt_keychain_backend *const *row = SNT_KEYCHAIN_BACKENDS;
  struct snt_keychain_options options = {.folder = fixture->folder, .tcti = fixture_tcti, .helper = fixture->helper};
  while (strcmp((*row)->name, fixture->backend) != 0) {
    row++;
  }
  return snt_keychain_probe(*row, &options, err);
}

static void body_works(struct fixture *fixture) {
  assert_ok(probe(fixture, NULL));
  assert_ok(write_text(fixture, "a", "1", NULL));
  assert_ok(probe(fixture, NULL));
  if (is_file(fixture)) {
    struct snt_err err = {0};
    assert_int_equal(chmod(fixture->path, 0644), 0);
    assert_code(probe(fixture, &err), SNT_CODE_KEYCHAIN);
    assert_non_null(strstr(err.message, fixture->path));
  }
}
static void each_backend_tells_whether_it_works(void **state) {
  (void)state;
  each_backend(body_works);
}

static void expect_refused(struct fixture *fixture, enum snt_code code) {
  struct snt_err err = {0};
  char names[64] = "";
  assert_int_equal(read_code(fixture, "a", &err), code);
  assert_true(err.hint[0] != '\0');
  assert_code(write_text(fixture, "a", "2", &err), code);
  assert_true(err.hint[0] != '\0');
  assert_code(snt_keychain_list(fixture->keychain, fixture->kind, join_name, names, &err), code);
  assert_string_equal(names, "");
}

/* The kernel keyring has no lock, and what locks a foreign one is another program's matter. */
static void body_locked(struct fixture *fixture) {
  bool is_service = strcmp(fixture->backend, "secret-service") == 0;
  if (strcmp(fixture->backend, "keyring") == 0 || is_foreign(fixture)) {
    return;
  }
  assert_ok(write_text(fixture, "a", "1", NULL));
  forget_key(fixture);
  if (is_service) {
    lock_keyring();
    assert_code(probe(fixture, NULL), SNT_CODE_ACTION_REQUIRED);
  }
  open_keychain(fixture, is_service);
  expect_refused(fixture, SNT_CODE_ACTION_REQUIRED);
  snt_keychain_hush(fixture->keychain, true);
  expect_refused(fixture, SNT_CODE_ACTION_REQUIRED);
  if (is_service) {
    stop_program(&desktop.keyring);
    start_keyring(&desktop, true);
  }
  open_keychain(fixture, true);
  expect_text(fixture, "a", "1");
}
static void a_locked_backend_needs_a_person_and_keeps_its_entries(void **state) {
  (void)state;
  each_backend(body_locked);
}

/* From here on this process and its children have no keyrings, as in a container. */
static void forbid_keyrings(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_keyctl, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* Opening says it, or the first use. */
static bool is_unavailable(const struct fixture *fixture) {
  struct snt_err err = {0};
  struct snt_keychain_options options = {
      .backend = fixture->backend, .folder = fixture->folder, .tcti = fixture_tcti, .helper = fixture->helper};
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  snt_status status = snt_keychain_open(&options, &keychain, &err);
  status = snt_ok(status) ? snt_keychain_read(keychain, fixture->kind, "a", &value, &err) : status;
  return status.code == SNT_CODE_KEYCHAIN && err.hint[0] != '\0';
}

static void body_unavailable(struct fixture *fixture) {
  assert_ok(write_text(fixture, "a", "1", NULL));
  assert_false(is_unavailable(fixture));
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    forbid_keyrings();
    (void)setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", 1);
    (void)setenv("PASSWORD_STORE_DIR", "/nonexistent", 1);
    (void)setenv("PATH", strcmp(fixture->backend, "docker") == 0 ? "/nonexistent" : getenv("PATH"), 1);
    _exit(chmod(fixture->folder, 0777) == 0 && is_unavailable(fixture) ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(chmod(fixture->folder, 0700), 0);
  assert_int_equal(status, 0);
}
static void a_backend_that_is_not_available_says_what_to_do(void **state) {
  (void)state;
  each_backend(body_unavailable);
}

static void auto_never_picks_what_forgets(void **state) {
  (void)state;
  char address[256] = "";
  (void)snprintf(address, sizeof address, "%s", desktop.address);
  (void)unsetenv("DBUS_SESSION_BUS_ADDRESS");
  (void)unsetenv("XDG_RUNTIME_DIR");
  static const char *const names[] = {NULL, "auto"};
  for (size_t i = 0; i < 2; i++) {
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    assert_ok(snt_keychain_open(&(struct snt_keychain_options){.backend = names[i]}, &keychain, NULL));
    assert_string_equal(snt_keychain_backend_name(keychain), "file");
  }
  struct snt_err err = {0};
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  assert_code(snt_keychain_open(&(struct snt_keychain_options){.backend = "vault"}, &keychain, &err),
              SNT_CODE_CONFIG_INVALID);
  assert_null(keychain);
  assert_non_null(strstr(err.message, "vault"));
  assert_non_null(strstr(err.hint, "auto, secret-service, file, keyring"));
  if (desktop.bus != 0) {
    assert_int_equal(setenv("DBUS_SESSION_BUS_ADDRESS", address, 1), 0);
  }
}

static void body_user(struct fixture *fixture) {
  if (geteuid() != 0 || strcmp(fixture->backend, "secret-service") == 0 || is_foreign(fixture)) {
    return; /* then all the tests ran as one; a desktop is one user's, and so is a gpg */
  }
  assert_int_equal(chown(fixture->folder, 54321, 54321), 0);
  const struct snt_tpm *module;
  if (strcmp(fixture->backend, "tpm") == 0) {
    assert_ok(snt_tpm_load(&module, NULL)); /* the other user may not reach this folder */
  }
  pid_t pid = fork();
  if (pid == 0) {
    bool is_other = setgroups(0, NULL) == 0 && setgid(54321) == 0 && setuid(54321) == 0 && clearenv() == 0;
    /* An empty session, which does not lead to the user's keyring. */
    (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    renew(fixture);
    bool is_good = is_other && snt_ok(write_text(fixture, "a", "1", NULL));
    open_keychain(fixture, !is_file(fixture)); /* the file's key rests */
    struct snt_err err = {0};
    is_good = is_good && read_code(fixture, "a", &err) == SNT_CODE_OK &&
              snt_ok(snt_keychain_remove(fixture->keychain, fixture->kind, "a", NULL));
    forget_key(fixture);
    (void)fprintf(stderr, "%s", err.message);
    _exit(is_good ? 0 : 1);
  }
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}
static void an_ordinary_user_in_a_foreign_session_is_served(void **state) {
  (void)state;
  each_backend(body_user);
}

/* One that asks nobody leaves it alone. */
static void body_hushed(struct fixture *fixture) {
  struct snt_err err = {0};
  char names[64] = "";
  if (!is_foreign(fixture)) {
    return;
  }
  assert_ok(write_text(fixture, "a", "1", NULL));
  snt_keychain_hush(fixture->keychain, true);
  assert_int_equal(read_code(fixture, "a", &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "cannot be told to ask nobody"));
  assert_code(write_text(fixture, "a", "2", NULL), SNT_CODE_KEYCHAIN);
  assert_code(snt_keychain_remove(fixture->keychain, fixture->kind, "a", NULL), SNT_CODE_KEYCHAIN);
  assert_code(snt_keychain_list(fixture->keychain, fixture->kind, join_name, names, NULL), SNT_CODE_KEYCHAIN);
  assert_string_equal(names, "");
  snt_keychain_hush(fixture->keychain, false);
  expect_text(fixture, "a", "1");
}
static void what_is_hushed_leaves_a_foreign_keychain_alone(void **state) {
  (void)state;
  each_backend(body_hushed);
}

static int open_services(void **state) {
  (void)state;
  if (has_password_store()) {
    start_password_store(&store, NULL);
  }
  if (has_desktop()) {
    start_bus(&desktop);
    start_keyring(&desktop, true);
  }
  if (has_tpm()) {
    start_tpm(&tpm);
    fixture_tcti = tpm.tcti;
  }
  return 0;
}

static int close_services(void **state) {
  (void)state;
  stop_password_store(&store);
  stop_desktop(&desktop);
  remove_tpm(&tpm);
  return 0;
}

static int run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_entry_is_not_found),
      cmocka_unit_test(odd_names_are_refused),
      cmocka_unit_test(entries_are_stored_replaced_listed_in_byte_order_and_removed),
      cmocka_unit_test(kinds_are_separate),
      cmocka_unit_test(large_values_are_kept_or_refused),
      cmocka_unit_test(writers_at_once_lose_nothing),
      cmocka_unit_test(writers_of_the_same_entry_leave_one),
      cmocka_unit_test(a_writer_that_is_killed_leaves_a_whole_value),
      cmocka_unit_test(each_backend_tells_whether_it_works),
      cmocka_unit_test(a_locked_backend_needs_a_person_and_keeps_its_entries),
      cmocka_unit_test(a_backend_that_is_not_available_says_what_to_do),
      cmocka_unit_test(auto_never_picks_what_forgets),
      cmocka_unit_test(an_ordinary_user_in_a_foreign_session_is_served),
      cmocka_unit_test(what_is_hushed_leaves_a_foreign_keychain_alone),
  };
  (void)signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, open_services, close_services);
}

int main(void) { return without_terminal(run); }
