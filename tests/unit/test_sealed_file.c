/* The file keychain: damage, permissions, killed writers. */
#include "check.h"

#include "keychain_fixture.h"

static void read_file(const struct fixture *fixture, struct snt_buf *out) {
  assert_ok(snt_file_read(fixture->path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, out, NULL));
}

static void put_file(const struct fixture *fixture, const char *data, size_t len) {
  assert_ok(snt_file_replace(fixture->path, data, len, 0600, NULL));
}

/* A keychain with one entry, and its bytes. */
static void begin_with_entry(struct fixture *fixture, struct snt_buf *bytes) {
  begin(fixture, "file");
  assert_ok(write_text(fixture, "dev", "the secret value", NULL));
  read_file(fixture, bytes);
}

static void expect_refused(struct fixture *fixture, const char *text) {
  struct snt_err err = {0};
  open_keychain(fixture, true);
  assert_int_equal(read_code(fixture, "dev", &err), SNT_CODE_KEYCHAIN);
  if (strstr(err.message, text) == NULL || strstr(err.message, fixture->folder) == NULL || err.hint[0] == '\0') {
    fail_msg("\"%s\" (%s) without \"%s\", the place or the remedy", err.message, err.hint, text);
  }
  assert_code(write_text(fixture, "new", "x", &err), SNT_CODE_KEYCHAIN);
  assert_code(snt_keychain_remove(fixture->keychain, fixture->kind, "dev", &err), SNT_CODE_KEYCHAIN);
}

static void a_file_cut_at_any_byte_is_refused(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture, &bytes);
  for (size_t len = 0; len < bytes.len; len++) {
    put_file(&fixture, bytes.data, len);
    expect_refused(&fixture, "damaged");
  }
  put_file(&fixture, bytes.data, bytes.len);
  open_keychain(&fixture, true);
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

static void a_flipped_bit_is_noticed(void **state) {
  (void)state;
  static const unsigned slow[] = {20, 35, 48, 63}; /* salt and check: each costs a scrypt, so only their ends */
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture, &bytes);
  for (size_t i = 0; i < bytes.len; i++) {
    bool is_slow = (i >= 20 && i < 36) || (i >= 48 && i < 64);
    bool is_end = i == slow[0] || i == slow[1] || i == slow[2] || i == slow[3];
    for (int bit = 0; bit < 8 && (!is_slow || (is_end && bit == 0)); bit++) {
      bytes.data[i] = (char)(bytes.data[i] ^ (1 << bit));
      put_file(&fixture, bytes.data, bytes.len);
      expect_refused(&fixture, i == 16 ? "version" : is_slow ? "does not open" : "damaged");
      bytes.data[i] = (char)(bytes.data[i] ^ (1 << bit));
    }
  }
  put_file(&fixture, bytes.data, bytes.len);
  open_keychain(&fixture, true);
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

static void bytes_after_the_seal_are_damage(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture, &bytes);
  assert_ok(snt_buf_append_char(&bytes, '\0', NULL));
  put_file(&fixture, bytes.data, bytes.len);
  expect_refused(&fixture, "damaged");
  end(&fixture);
}

/* Sealed by somebody who knows the key, and still nonsense. */
static void entries_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *data;
    size_t len;
    bool is_good;
  } rows[] = {
      {"\1\0\1\0\0\0\1kna\1\0\1\0\0\0\1kob", 20, true},
      {"\1\0\1\0\0\0\1kna\1\0\1\0\0\0\1knb", 20, false}, /* twice */
      {"\1\0\1\0\0\0\1koa\1\0\1\0\0\0\1knb", 20, false}, /* out of order */
      {"\1\0\1\0\0\0\2kna", 10, false},                  /* value too long */
      {"\1\0\1\377\377\377\377kna", 10, false},          /* much too long */
      {"\0\0\1\0\0\0\1na", 9, false},                    /* no kind */
      {"\1\0\0\0\0\0\1ka", 9, false},                    /* no name */
      {"\1\0\1\0\0\0\1knax", 11, false},                 /* something left over */
      {"\1\0\1", 3, false},
  };
  const struct snt_crypto *crypto = NULL;
  struct snt_sealed_header header;
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  assert_ok(snt_crypto_load(&crypto, NULL));
  assert_ok(snt_sealed_new_header(SNT_SEALED_PASSPHRASE, &header, NULL));
  assert_ok(snt_secret_new_from("0123456789abcdef0123456789abcdef", SNT_CRYPTO_KEY_LEN, &key, NULL));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *entries = NULL;
    SNT_SECRET_AUTO struct snt_secret *back = NULL;
    SNT_BUF_AUTO struct snt_buf sealed = {0};
    struct snt_err err = {0};
    assert_ok(snt_secret_new_from(rows[i].data, rows[i].len, &entries, NULL));
    assert_ok(snt_sealed_seal(crypto, &header, key, entries, &sealed, NULL));
    assert_true(snt_sealed_is_key(&header, key));
    assert_code(snt_sealed_open(crypto, &sealed, &header, key, "/k", &back, &err),
                rows[i].is_good ? SNT_CODE_OK : SNT_CODE_KEYCHAIN);
    assert_true(rows[i].is_good || strstr(err.message, "/k is damaged: its entries") != NULL);
  }
}

static void files_and_folders_that_others_reach_are_refused(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture, &bytes);
  static const struct {
    unsigned file, folder;
    const char *text;
  } rows[] = {{0640, 0700, "readable by other"}, {0604, 0700, "readable by other"}, {0620, 0700, "writable by other"},
              {0602, 0700, "writable by other"}, {0600, 0770, "writable by other"}, {0600, 0702, "writable by other"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(chmod(fixture.path, rows[i].file), 0);
    assert_int_equal(chmod(fixture.folder, rows[i].folder), 0);
    expect_refused(&fixture, rows[i].text);
  }
  assert_int_equal(chmod(fixture.folder, 0755), 0);
  assert_int_equal(chmod(fixture.path, 0600), 0);
  open_keychain(&fixture, true);
  expect_text(&fixture, "dev", "the secret value");
  end(&fixture);
}

static void a_link_or_another_owner_s_file_is_refused(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture, &bytes);
  forget_key(&fixture);
  char other[256];
  (void)snprintf(other, sizeof other, "%s.other", fixture.path);
  if (geteuid() == 0) {
    assert_int_equal(chown(fixture.path, 54321, 54321), 0);
    expect_refused(&fixture, "belongs to another user");
    assert_int_equal(chown(fixture.path, 0, 0), 0);
  }
  assert_int_equal(rename(fixture.path, other), 0);
  assert_int_equal(symlink(other, fixture.path), 0);
  expect_refused(&fixture, "symbolic link");
  assert_int_equal(unlink(fixture.path), 0);
  assert_int_equal(mkfifo(fixture.path, 0600), 0);
  struct snt_err err = {0};
  assert_int_equal(read_code(&fixture, "dev", &err), SNT_CODE_KEYCHAIN);
  end(&fixture);
}

static void what_is_written_is_sealed_and_private(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf first = {0};
  SNT_BUF_AUTO struct snt_buf second = {0};
  (void)umask(0);
  begin_with_entry(&fixture, &first);
  (void)umask(022);
  assert_ok(write_text(&fixture, "dev", "the secret value", NULL));
  read_file(&fixture, &second);
  struct stat st;
  assert_int_equal(stat(fixture.path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_null(memmem(first.data, first.len, "secret", 6));
  assert_null(memmem(first.data, first.len, "dev", 3));
  assert_memory_equal(first.data, second.data, 36);                                 /* the same salt */
  assert_memory_not_equal(first.data + 36, second.data + 36, SNT_CRYPTO_NONCE_LEN); /* another nonce */
  assert_memory_not_equal(first.data + SNT_SEALED_HEADER_LEN, second.data + SNT_SEALED_HEADER_LEN, 16);
  end(&fixture);
}

/* Wherever the writer dies, the file is a whole one, and what it left goes with the next writing. */
static void a_killed_writer_leaves_a_whole_file(void **state) {
  (void)state;
  struct fixture fixture;
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  begin_with_entry(&fixture, &bytes);
  for (int round = 0; round < 20; round++) {
    pid_t pid = fork();
    if (pid == 0) {
      renew(&fixture);
      for (int i = 0;; i++) {
        SNT_IGNORE(write_text(&fixture, i % 2 == 0 ? "dev" : "other", "the secret value", NULL));
      }
    }
    (void)usleep((useconds_t)(2000 + round * 700));
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    open_keychain(&fixture, true);
    expect_text(&fixture, "dev", "the secret value");
  }
  char leftover[256], stranger[256];
  (void)snprintf(leftover, sizeof leftover, "%s.0123456789abcdef.tmp", fixture.path);
  (void)snprintf(stranger, sizeof stranger, "%s.mine.tmp", fixture.path);
  assert_ok(snt_file_replace(leftover, "half", 4, 0600, NULL));
  assert_ok(snt_file_replace(stranger, "mine", 4, 0600, NULL));
  assert_ok(write_text(&fixture, "more", "x", NULL));
  assert_int_not_equal(access(leftover, F_OK), 0);
  assert_int_equal(access(stranger, F_OK), 0);
  end(&fixture);
}

static void without_a_home_there_is_no_entry_and_no_place(void **state) {
  (void)state;
  char *home = strdup(getenv("HOME") == NULL ? "/" : getenv("HOME"));
  static const char *const homes[] = {NULL, "", "relative", "/nowhere/at/all"};
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from("x", 1, &value, NULL));
  (void)unsetenv("XDG_DATA_HOME");
  for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
    struct snt_err err = {0};
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    SNT_SECRET_AUTO struct snt_secret *out = NULL;
    (void)(homes[i] == NULL ? unsetenv("HOME") : setenv("HOME", homes[i], 1));
    assert_ok(snt_keychain_open(&(struct snt_keychain_options){.passphrase = value}, &keychain, NULL));
    assert_code(snt_keychain_read(keychain, "aws", "dev", &out, &err), SNT_CODE_NOT_FOUND);
    assert_code(snt_keychain_write(keychain, "aws", "dev", value, &err), SNT_CODE_KEYCHAIN);
    assert_true(err.hint[0] != '\0');
  }
  (void)setenv("HOME", home, 1);
  free(home);
}

static void the_folder_is_found_made_and_private(void **state) {
  (void)state;
  struct fixture fixture;
  begin(&fixture, "file");
  (void)setenv("HOME", fixture.folder, 1);
  for (int with_xdg = 0; with_xdg < 2; with_xdg++) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s%s/sentinel", fixture.folder, with_xdg ? "/x" : "/.local/share");
    if (with_xdg) {
      path[strlen(path) - strlen("/sentinel")] = '\0';
      (void)setenv("XDG_DATA_HOME", path, 1);
      (void)strcat(path, "/sentinel");
    }
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
    struct snt_keychain_options options = {.passphrase = fixture.passphrase};
    assert_ok(snt_keychain_open(&options, &keychain, NULL));
    assert_ok(snt_keychain_write(keychain, "aws", "dev", fixture.passphrase, NULL));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    (void)strcat(path, "/keychain");
    (void)snprintf(fixture.path, sizeof fixture.path, "%s", path);
    forget_key(&fixture);
  }
  (void)unsetenv("XDG_DATA_HOME");
  end(&fixture);
}

static int run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_cut_at_any_byte_is_refused),
      cmocka_unit_test(a_flipped_bit_is_noticed),
      cmocka_unit_test(bytes_after_the_seal_are_damage),
      cmocka_unit_test(entries_that_make_no_sense_are_refused),
      cmocka_unit_test(files_and_folders_that_others_reach_are_refused),
      cmocka_unit_test(a_link_or_another_owner_s_file_is_refused),
      cmocka_unit_test(what_is_written_is_sealed_and_private),
      cmocka_unit_test(a_killed_writer_leaves_a_whole_file),
      cmocka_unit_test(without_a_home_there_is_no_entry_and_no_place),
      cmocka_unit_test(the_folder_is_found_made_and_private),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return without_terminal(run); }
