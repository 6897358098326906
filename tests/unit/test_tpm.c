/* The TPM: what it opens and for whom, what it refuses, and what is seen of it from outside. */
#include "check.h"

#include "keychain_fixture.h"
#include "tpm_fixture.h"

#include "base/file.h"
#include "keychain/tpm.h"

static struct tpm tpm;

/* A fresh TPM for each test: it remembers wrong PINs. */
static int begin_tpm(void **state) {
  (void)state;
  start_tpm(&tpm);
  fixture_tcti = tpm.tcti;
  fixture_wants_pin = false;
  return 0;
}

static int end_tpm(void **state) {
  (void)state;
  remove_tpm(&tpm);
  return 0;
}

/* tpm2-tools, which know nothing of Sentinel. */
#define TOOL(out, ...) run_program((const char *const[]){__VA_ARGS__, "-T", tpm.tcti, NULL}, "", (out), sizeof(out))

static void give(struct fixture *fixture, const char *pin) {
  snt_keychain_close(&fixture->keychain);
  snt_secret_free(&fixture->passphrase);
  assert_ok(snt_secret_new_from(pin, strlen(pin), &fixture->passphrase, NULL));
  open_keychain(fixture, true);
}

static void begin_with_entry(struct fixture *fixture) {
  begin(fixture, "tpm");
  open_keychain(fixture, fixture_wants_pin);
  assert_ok(write_text(fixture, "dev", "the secret value", NULL));
  open_keychain(fixture, fixture_wants_pin);
}

static void expect_refused(struct fixture *fixture, const char *message, const char *hint) {
  struct snt_err err = {0};
  assert_int_equal(read_code(fixture, "dev", &err), SNT_CODE_KEYCHAIN);
  if (strstr(err.message, message) == NULL || strstr(err.message, fixture->path) == NULL ||
      strstr(err.hint, hint) == NULL) {
    fail_msg("\"%s\" (%s) without \"%s\", \"%s\" or the place", err.message, err.hint, message, hint);
  }
}

static struct snt_sealed_header read_header(const struct fixture *fixture) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  struct snt_sealed_header header;
  assert_ok(snt_file_read(fixture->path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &file, NULL));
  assert_ok(snt_sealed_parse_header(&file, SNT_SEALED_TPM, fixture->path, &header, NULL));
  return header;
}

static void without_a_pin_nobody_is_asked_and_nothing_rests(void **state) {
  (void)state;
  struct fixture fixture;
  begin_with_entry(&fixture);
  expect_text(&fixture, "dev", "the secret value");
  struct snt_sealed_header header = read_header(&fixture);
  assert_false(header.has_pin);
  char description[64];
  SNT_SECRET_AUTO struct snt_secret *resting = NULL;
  snt_file_keys_describe(fixture.path, &header, description);
  assert_int_not_equal(snt_kernel_key_read(description, &resting), 0);
  stop_program(&tpm.pid);
  open_keychain(&fixture, false);
  expect_refused(&fixture, "cannot be reached", "keychain.tpm");
  restart_tpm(&tpm);
  open_keychain(&fixture, false);
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

static void a_pin_is_needed_and_its_key_rests(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  fixture_wants_pin = true;
  begin_with_entry(&fixture);
  struct snt_sealed_header header = read_header(&fixture);
  assert_true(header.has_pin);
  if (snt_kernel_keys_check() == 0) {
    open_keychain(&fixture, false);
    expect_text(&fixture, "dev", "the secret value");
  }
  forget_key(&fixture);
  open_keychain(&fixture, false);
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_ACTION_REQUIRED);
  give(&fixture, "");
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "empty PIN"));
  give(&fixture, "correct horse");
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

/* A TPM holds no more than 32 bytes of it. */
static void every_byte_of_a_long_pin_counts(void **state) {
  (void)state;
  struct fixture fixture;
  fixture_wants_pin = true;
  begin(&fixture, "tpm");
  give(&fixture, "a PIN of more than thirty-two bytes: 1");
  assert_ok(write_text(&fixture, "dev", "the secret value", NULL));
  forget_key(&fixture);
  give(&fixture, "a PIN of more than thirty-two bytes: 2");
  expect_refused(&fixture, "PIN is wrong", "after 2 more");
  give(&fixture, "a PIN of more than thirty-two bytes: 1");
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

/* swtpm takes three wrong ones. A keychain without a PIN does not suffer from them. */
static void wrong_pins_are_counted_and_lock_the_tpm(void **state) {
  (void)state;
  struct fixture fixture;
  struct fixture plain;
  char out[1024];
  begin_with_entry(&plain);
  fixture_wants_pin = true;
  begin_with_entry(&fixture);
  static const char *const hints[] = {"after 2 more", "after 1 more", "--clear-lockout"};
  for (size_t i = 0; i < 3; i++) {
    forget_key(&fixture);
    give(&fixture, "correct horsf");
    expect_refused(&fixture, "PIN is wrong", hints[i]);
  }
  give(&fixture, "correct horse");
  expect_refused(&fixture, "takes no PIN now", "every 1000 seconds");
  open_keychain(&plain, false);
  expect_text(&plain, "dev", "the secret value");
  struct fixture unmade; /* what could not be read back is not made */
  struct snt_err err = {0};
  begin(&unmade, "tpm");
  assert_code(write_text(&unmade, "dev", "x", &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "takes no PIN now"));
  assert_int_not_equal(access(unmade.path, F_OK), 0);
  end(&unmade);
  assert_int_equal(TOOL(out, "tpm2_dictionarylockout", "--clear-lockout"), 0);
  open_keychain(&fixture, true);
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
  end(&plain);
}

static void another_tpm_does_not_open_it(void **state) {
  (void)state;
  struct tpm first = tpm;
  struct fixture fixture;
  char out[1024];
  begin_with_entry(&fixture);
  start_tpm(&tpm);
  fixture_tcti = tpm.tcti;
  open_keychain(&fixture, false);
  expect_refused(&fixture, "sealed to another TPM, or this one was cleared", "remove the file");
  remove_tpm(&tpm);
  tpm = first;
  fixture_tcti = tpm.tcti;
  open_keychain(&fixture, false);
  expect_text(&fixture, "dev", "the secret value");
  assert_int_equal(TOOL(out, "tpm2_clear", "-c", "p"), 0);
  open_keychain(&fixture, false);
  expect_refused(&fixture, "sealed to another TPM, or this one was cleared", "remove the file");
  end(&fixture);
}

static void keep_key(const char *algorithm, const char *attributes) {
  char out[4096];
  char file[96];
  (void)snprintf(file, sizeof file, "%s/key.ctx", tpm.folder);
  assert_int_equal(TOOL(out, "tpm2_createprimary", "-Q", "-C", "o", "-G", algorithm, "-a", attributes, "-c", file), 0);
  assert_int_equal(TOOL(out, "tpm2_evictcontrol", "-Q", "-C", "o", "-c", file, "0x81000001"), 0);
  assert_int_equal(TOOL(out, "tpm2_flushcontext", "-t"), 0);
}

static void the_persistent_storage_key_is_used_where_there_is_one(void **state) {
  (void)state;
  static const char *const algorithms[] = {"ecc", "rsa2048"};
  static const uint8_t handle[] = {0x81, 0, 0, 1};
  char out[1024];
  for (size_t i = 0; i < 2; i++) {
    struct fixture fixture;
    keep_key(algorithms[i], "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt");
    begin_with_entry(&fixture);
    struct snt_sealed_header header = read_header(&fixture);
    assert_memory_equal(header.lock.bytes, handle, 4);
    expect_text(&fixture, "dev", "the secret value");
    assert_int_equal(TOOL(out, "tpm2_evictcontrol", "-C", "o", "-c", "0x81000001"), 0);
    open_keychain(&fixture, false);
    expect_refused(&fixture, "sealed to another TPM", "remove the file");
    end(&fixture);
  }
}

static void a_persistent_key_for_another_use_is_left_alone(void **state) {
  (void)state;
  static const uint8_t template[] = {0, 0, 0, 0};
  struct fixture fixture;
  keep_key("ecc:ecdsa", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign");
  begin_with_entry(&fixture);
  struct snt_sealed_header header = read_header(&fixture);
  assert_memory_equal(header.lock.bytes, template, 4);
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

static void an_owner_with_a_password_is_told_what_to_do(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  char out[1024];
  begin_with_entry(&fixture);
  assert_int_equal(TOOL(out, "tpm2_changeauth", "-c", "o", "owner"), 0);
  expect_refused(&fixture, "primary key", "0x81000001");
  assert_int_equal(unlink(fixture.path), 0);
  assert_code(write_text(&fixture, "dev", "x", &err), SNT_CODE_KEYCHAIN);
  assert_int_not_equal(access(fixture.path, F_OK), 0);
  end(&fixture);
}

/* Every byte of the lock, and of the header before it. */
static void a_changed_file_is_refused(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture);
  assert_ok(snt_file_read(fixture.path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &bytes, NULL));
  for (size_t i = 0; i < bytes.len; i++) {
    struct snt_err err = {0};
    bytes.data[i] = (char)(bytes.data[i] ^ 4);
    assert_ok(snt_file_replace(fixture.path, bytes.data, bytes.len, 0600, NULL));
    open_keychain(&fixture, false);
    if (read_code(&fixture, "dev", &err) != SNT_CODE_KEYCHAIN || err.hint[0] == '\0') {
      fail_msg("byte %zu: \"%s\" (%s)", i, err.message, err.hint);
    }
    bool is_salt_or_check = (i >= 20 && i < 36) || (i >= 48 && i < 64);
    assert_true(strstr(err.message, "the TPM holds the key of another one") != NULL || !is_salt_or_check);
    bytes.data[i] = (char)(bytes.data[i] ^ 4);
  }
  for (size_t len = 0; len < bytes.len; len++) {
    assert_ok(snt_file_replace(fixture.path, bytes.data, len, 0600, NULL));
    open_keychain(&fixture, false);
    expect_refused(&fixture, "damaged", "put a copy of it back");
  }
  end(&fixture);
}

static void a_file_of_the_other_kind_is_refused(void **state) {
  (void)state;
  struct fixture sealed;
  struct fixture typed;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  SNT_BUF_AUTO struct snt_buf others = {0};
  begin_with_entry(&sealed);
  begin(&typed, "file");
  assert_ok(write_text(&typed, "dev", "x", NULL));
  forget_key(&typed);
  assert_ok(snt_file_read(sealed.path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &bytes, NULL));
  assert_ok(snt_file_read(typed.path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &others, NULL));
  assert_ok(snt_file_replace(typed.path, bytes.data, bytes.len, 0600, NULL));
  assert_ok(snt_file_replace(sealed.path, others.data, others.len, 0600, NULL));
  open_keychain(&typed, true);
  open_keychain(&sealed, false);
  expect_refused(&typed, "sealed to a TPM", "the name keychain.tpm");
  expect_refused(&sealed, "made of a passphrase", "the name keychain in");
  end(&typed);
  end(&sealed);
}

static bool puts_away(struct fixture *fixture, const char *name) {
  char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
  assert_ok(snt_file_replace(path, "x", 1, 0600, NULL));
  assert_ok(write_text(fixture, "dev", "y", NULL));
  return access(path, F_OK) != 0;
}

/* Both files may lie in one folder, and be written at once. */
static void a_writer_puts_away_what_was_left_of_its_own_file(void **state) {
  (void)state;
  struct fixture fixture;
  begin_with_entry(&fixture);
  assert_true(puts_away(&fixture, "keychain.tpm.0123456789abcdef.tmp"));
  assert_false(puts_away(&fixture, "keychain.0123456789abcdef.tmp"));
  fixture.backend[0] = '\0';
  (void)strcat(fixture.backend, "file");
  open_keychain(&fixture, true);
  assert_true(puts_away(&fixture, "keychain.0123456789abcdef.tmp"));
  assert_false(puts_away(&fixture, "keychain.tpm.0123456789abcdef.tmp"));
  (void)snprintf(fixture.path, sizeof fixture.path, "%s/keychain", fixture.folder);
  end(&fixture);
}

static _Noreturn void lie(int fd, const char *answer, size_t len) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    char taken[4096];
    int peer = accept(fd, NULL, NULL);
    while (len > 0 && read(peer, taken, sizeof taken) > 0 && write(peer, answer, len) == (ssize_t)len) {
    }
    if (len > 0) {
      (void)close(peer);
    }
  }
}

/* A server that takes what comes and says what it is told to, or nothing. */
static pid_t start_liar(const char *path, const char *answer, size_t len) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 8), 0);
  pid_t pid = fork();
  if (pid == 0) {
    lie(fd, answer, len);
  }
  (void)close(fd);
  return pid;
}

static void a_tpm_that_is_silent_or_odd_is_not_available(void **state) {
  (void)state;
  static const struct {
    const char *answer;
    size_t len;
    const char *message;
  } rows[] = {{"", 0, "does not answer"},
              {"\x80\1\0\0\0\xa\0\0\0\0", 10, "the TPM at swtpm:"}, /* success, and nothing else */
              {"\x80\1\xff\xff\xff\xff\0\0\0\0", 10, "the TPM at swtpm:"},
              {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14, "the TPM at swtpm:"},
              {"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "the TPM at swtpm:"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char path[96];
    char control[112];
    char tcti[128];
    struct snt_err err = {0};
    (void)snprintf(path, sizeof path, "%s/liar%zu", tpm.folder, i);
    (void)snprintf(control, sizeof control, "%s.ctrl", path);
    (void)snprintf(tcti, sizeof tcti, "swtpm:path=%s", path);
    pid_t data = start_liar(path, rows[i].answer, rows[i].len);
    pid_t ctrl = start_liar(control, rows[i].answer, rows[i].len);
    assert_code(snt_tpm_check(tcti, &err), SNT_CODE_KEYCHAIN);
    if (strstr(err.message, rows[i].message) == NULL || strstr(err.message, tcti) == NULL || err.hint[0] == '\0') {
      fail_msg("row %zu: %s (%s)", i, err.message, err.hint);
    }
    stop_program(&data);
    stop_program(&ctrl);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* swtpm alone is left */
  }
}

/* Kills the child of parent that is none of the others, as soon as there is one. */
static _Noreturn void kill_new_child(pid_t parent, const pid_t others[3]) {
  char path[64];
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
  for (;;) {
    int pid = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fscanf(file, "%d", &pid) == 1) {
      if (pid != others[0] && pid != others[1] && pid != others[2] && pid != getpid()) {
        _exit(kill(pid, SIGKILL) == 0 ? 0 : 1);
      }
    }
    (void)(file == NULL ? 0 : fclose(file));
  }
}

static void a_child_that_breaks_down_is_told(void **state) {
  (void)state;
  char path[96];
  char control[112];
  char tcti[128];
  int status = 1;
  struct snt_err err = {0};
  (void)snprintf(path, sizeof path, "%s/liar", tpm.folder);
  (void)snprintf(control, sizeof control, "%s.ctrl", path);
  (void)snprintf(tcti, sizeof tcti, "swtpm:path=%s", path);
  pid_t data = start_liar(path, "", 0);
  pid_t ctrl = start_liar(control, "", 0);
  pid_t parent = getpid();
  pid_t killer = fork();
  if (killer == 0) {
    kill_new_child(parent, (const pid_t[]){tpm.pid, data, ctrl});
  }
  assert_code(snt_tpm_check(tcti, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "tpm2-tss broke down while it talked to the TPM at swtpm:"));
  assert_int_equal(waitpid(killer, &status, 0), killer);
  assert_int_equal(status, 0);
  stop_program(&data);
  stop_program(&ctrl);
}

static void a_device_of_others_is_told_from_none(void **state) {
  (void)state;
  char path[96];
  char tcti[128];
  (void)snprintf(path, sizeof path, "%s/device", tpm.folder);
  (void)snprintf(tcti, sizeof tcti, "device:%s", path);
  assert_ok(snt_file_replace(path, "", 0, 0600, NULL));
  const struct snt_tpm *module;
  assert_ok(snt_tpm_load(&module, NULL)); /* the other user may not reach this folder */
  pid_t pid = fork();
  if (pid == 0) {
    struct snt_err err = {0};
    bool is_other = geteuid() != 0 || (setgid(54321) == 0 && setuid(54321) == 0);
    bool is_told = geteuid() != 54321 ||
                   (snt_tpm_check(tcti, &err).code == SNT_CODE_KEYCHAIN &&
                    strstr(err.message, "may not be used by this user") != NULL && strstr(err.hint, "tss") != NULL);
    _exit(is_other && is_told ? 0 : 1);
  }
  int status = 1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

static void only_ways_to_a_tpm_are_taken(void **state) {
  (void)state;
  static const struct {
    const char *tcti, *message, *hint;
  } rows[] = {{"cmd:touch /tmp/snt-tpm-was-here", "no TPM can be reached by \"cmd:", "/dev/tpmrm0"},
              {"/tmp/evil.so", "no TPM can be reached by", "/dev/tpmrm0"},
              {"libtss2-tcti-swtpm.so.0", "no TPM can be reached by", "/dev/tpmrm0"},
              {"pcap:device", "no TPM can be reached by", "/dev/tpmrm0"},
              {"swtpmx:port=1", "no TPM can be reached by", "/dev/tpmrm0"},
              {"swtp", "no TPM can be reached by", "/dev/tpmrm0"},
              {"", "no TPM can be reached by", "/dev/tpmrm0"},
              {"device:/nonexistent", "there is no TPM: /nonexistent: No such file", "keychain.tpm"},
              {"swtpm:path=/nonexistent", "the TPM at swtpm:path=/nonexistent cannot be reached", "keychain.tpm"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    assert_code(snt_tpm_check(rows[i].tcti, &err), SNT_CODE_KEYCHAIN);
    if (strstr(err.message, rows[i].message) == NULL || strstr(err.hint, rows[i].hint) == NULL) {
      fail_msg("%s: %s (%s)", rows[i].tcti, err.message, err.hint);
    }
  }
  assert_int_not_equal(access("/tmp/snt-tpm-was-here", F_OK), 0);
}

/* Without a resource manager what stays would soon fill it. */
static void nothing_stays_in_the_tpm(void **state) {
  (void)state;
  struct fixture fixture;
  char out[1024];
  fixture_wants_pin = true;
  begin_with_entry(&fixture);
  for (int i = 0; i < 8; i++) {
    forget_key(&fixture);
    give(&fixture, i == 4 ? "wrong" : "correct horse");
    struct snt_err err = {0};
    assert_int_equal(read_code(&fixture, "dev", &err), i == 4 ? SNT_CODE_KEYCHAIN : SNT_CODE_OK);
  }
  static const char *const kinds[] = {"handles-transient", "handles-loaded-session", "handles-saved-session"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(TOOL(out, "tpm2_getcap", kinds[i]), 0);
    assert_string_equal(out, "");
  }
  end(&fixture);
}

static void fill_tpm(void) {
  char out[4096];
  char file[96];
  (void)snprintf(file, sizeof file, "%s/key.ctx", tpm.folder);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(TOOL(out, "tpm2_createprimary", "-Q", "-C", "o", "-c", file), 0);
  }
}

/* Room is waited for, and what makes it is told. */
static void a_tpm_that_others_fill_is_waited_for(void **state) {
  (void)state;
  struct fixture fixture;
  char out[1024];
  begin_with_entry(&fixture);
  fill_tpm();
  expect_refused(&fixture, "out of memory for object contexts", "tpm2_flushcontext");
  pid_t pid = fork();
  if (pid == 0) {
    (void)usleep(300000);
    _exit(TOOL(out, "tpm2_flushcontext", "-t"));
  }
  expect_text(&fixture, "dev", "the secret value");
  int status = 1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  end(&fixture);
}

/* All bytes of the log's hexadecimal lines. */
static void read_traffic(struct snt_buf *out) {
  SNT_BUF_AUTO struct snt_buf log = {0};
  assert_ok(snt_file_read(tpm.log, SNT_FILE_ANY, (size_t)16 * 1024 * 1024, &log, NULL));
  for (char *at = log.data; *at != '\0';) {
    size_t len = strcspn(at, "\n");
    unsigned byte = 0;
    int used = 0;
    for (char *hex = at; hex < at + len && sscanf(hex, " %2x%n", &byte, &used) == 1 && used == 3; hex += used) {
      assert_ok(snt_buf_append_char(out, (char)byte, NULL));
    }
    at += len + (at[len] == '\n' ? 1 : 0);
  }
}

static bool is_seen(const struct snt_buf *traffic, const void *bytes, size_t len) {
  return memmem(traffic->data, traffic->len, bytes, len) != NULL;
}

static void what_is_on_the_bus_holds_neither_key_nor_pin(void **state) {
  (void)state;
  static const char key_text[] = "0123456789abcdefGHIJKLMNOPQRSTUV";
  static const char pin_text[] = "the PIN as it is shown to a TPM.";
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  SNT_SECRET_AUTO struct snt_secret *pin = NULL;
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  SNT_BUF_AUTO struct snt_buf traffic = {0};
  struct snt_tpm_lock lock = {0};
  struct snt_err err = {0};
  assert_ok(snt_secret_new_from(key_text, 32, &key, NULL));
  assert_ok(snt_secret_new_from(pin_text, 32, &pin, NULL));
  assert_ok(snt_secret_new(32, &back, NULL));
  assert_ok(snt_tpm_seal(tpm.tcti, key, pin, &lock, &err));
  assert_ok(snt_tpm_unseal(tpm.tcti, &lock, pin, back, &err));
  assert_true(snt_secret_is_equal(key, back));
  read_traffic(&traffic);
  assert_true(is_seen(&traffic, lock.bytes + 40, 48)); /* the control: the object's public area passes */
  /* Sessions begin with a secret that is encrypted to the parent, a transient object: nobody else can follow them. */
  assert_true(is_seen(&traffic, "\0\0\1\x76\x80\0\0\0\x40\0\0\7", 12));
  assert_false(is_seen(&traffic, "\0\0\1\x76\x40\0\0\7", 8));
  for (size_t i = 0; i + 8 <= 32; i++) {
    assert_false(is_seen(&traffic, key_text + i, 8));
    assert_false(is_seen(&traffic, pin_text + i, 8));
  }
}

enum { REGION_MAX = 256 * 1024 * 1024 }; /* a larger one is a sanitizer's */

/* Counts where a text lies in this process's writable memory. */
static int count_in_memory(const char *text, size_t len) {
  char line[512];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  assert_true(maps != NULL && memory >= 0);
  while (fgets(line, sizeof line, maps) != NULL) {
    uint64_t from = 0;
    uint64_t to = 0;
    char mode[5] = "";
    bool is_ours = sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 && strncmp(mode, "rw", 2) == 0;
    if (!is_ours || to - from > REGION_MAX) {
      continue;
    }
    char *region = malloc(to - from);
    ssize_t got = pread(memory, region, to - from, (off_t)from);
    for (ssize_t i = 0; i + (ssize_t)len <= got; i++) {
      size_t same = 0;
      while (same < len && region[i + (ssize_t)same] == (text[same] ^ 0x55)) {
        same++;
      }
      count += same == len ? 1 : 0;
    }
    explicit_bzero(region, to - from);
    free(region);
  }
  (void)fclose(maps);
  (void)close(memory);
  return count;
}

/* The key is written down here with each byte changed, so that the test's own copy is none. */
static void a_key_that_was_unsealed_stays_nowhere_in_memory(void **state) {
  (void)state;
  static const char changed[] = "a key of thirty-two bytes, hidden";
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  struct snt_tpm_lock lock = {0};
  assert_ok(snt_secret_new(32, &key, NULL));
  for (size_t i = 0; i < 32; i++) {
    snt_secret_borrow_writable(key)[i] = (char)(changed[i] ^ 0x55);
  }
  snt_secret_set_len(key, 32);
  assert_ok(snt_tpm_seal(tpm.tcti, key, NULL, &lock, NULL));
  snt_secret_reset(key);
  assert_ok(snt_tpm_unseal(tpm.tcti, &lock, NULL, key, NULL));
  assert_int_equal(count_in_memory(changed, 16), 1); /* the control */
  snt_secret_free(&key);
  assert_int_equal(count_in_memory(changed, 16), 0);
}

/* Nothing is made behind a person's back. */
static void while_it_is_hushed_no_file_is_made(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  begin(&fixture, "tpm");
  open_keychain(&fixture, false);
  snt_keychain_hush(fixture.keychain, true);
  assert_code(write_text(&fixture, "dev", "x", &err), SNT_CODE_KEYCHAIN);
  assert_int_not_equal(access(fixture.path, F_OK), 0);
  snt_keychain_hush(fixture.keychain, false);
  fixture_wants_pin = true;
  open_keychain(&fixture, false);
  assert_code(write_text(&fixture, "dev", "x", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "needs a PIN to be made"));
  assert_int_not_equal(access(fixture.path, F_OK), 0);
  end(&fixture);
}

#define TPM_TEST(test) cmocka_unit_test_setup_teardown(test, begin_tpm, end_tpm)

static int run(void) {
  const struct CMUnitTest tests[] = {
      TPM_TEST(without_a_pin_nobody_is_asked_and_nothing_rests),
      TPM_TEST(a_pin_is_needed_and_its_key_rests),
      TPM_TEST(every_byte_of_a_long_pin_counts),
      TPM_TEST(wrong_pins_are_counted_and_lock_the_tpm),
      TPM_TEST(another_tpm_does_not_open_it),
      TPM_TEST(the_persistent_storage_key_is_used_where_there_is_one),
      TPM_TEST(a_persistent_key_for_another_use_is_left_alone),
      TPM_TEST(an_owner_with_a_password_is_told_what_to_do),
      TPM_TEST(a_changed_file_is_refused),
      TPM_TEST(a_file_of_the_other_kind_is_refused),
      TPM_TEST(a_writer_puts_away_what_was_left_of_its_own_file),
      TPM_TEST(a_tpm_that_is_silent_or_odd_is_not_available),
      TPM_TEST(a_child_that_breaks_down_is_told),
      TPM_TEST(a_device_of_others_is_told_from_none),
      TPM_TEST(only_ways_to_a_tpm_are_taken),
      TPM_TEST(nothing_stays_in_the_tpm),
      TPM_TEST(a_tpm_that_others_fill_is_waited_for),
      TPM_TEST(what_is_on_the_bus_holds_neither_key_nor_pin),
      TPM_TEST(a_key_that_was_unsealed_stays_nowhere_in_memory),
      TPM_TEST(while_it_is_hushed_no_file_is_made),
  };
  return has_tpm() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}

int main(void) { return without_terminal(run); }
