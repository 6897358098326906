/* The keychain is two entries of our own: it gives back what it is told to. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "issue/rotating_key.h"

#define OLD_ID "AKIAIOSFODNN7EXAMPLE"
#define NEW_ID "AKIAI44QH8DHBEXAMPLE"
#define NEW_SECRET "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
#define KEY "{\"access_key_id\":\"" NEW_ID "\",\"secret_access_key\":\"" NEW_SECRET "\"}"

static struct {
  struct snt_secret *entry; /* what a reader gets */
  char kind[16];            /* of the last call */
  bool is_forgetful;        /* what is written is not what is read */
  bool is_full;
} keychain;

static int open_keychain(void **state) {
  (void)state;
  memset(&keychain, 0, sizeof keychain);
  return 0;
}

static int close_keychain(void **state) {
  (void)state;
  snt_secret_free(&keychain.entry);
  return 0;
}

static void put(const char *text, size_t len) {
  snt_secret_free(&keychain.entry);
  assert_ok(snt_secret_new_from(text, len, &keychain.entry, NULL));
}

snt_status __wrap_snt_keychain_read(struct snt_keychain *unused, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err);
snt_status __wrap_snt_keychain_read(struct snt_keychain *unused, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err) {
  (void)unused;
  *out = NULL;
  assert_string_equal(name, "corp");
  (void)snprintf(keychain.kind, sizeof keychain.kind, "%s", kind);
  if (keychain.entry == NULL) {
    return snt_fail(err, SNT_CODE_NOT_FOUND, "there is no entry");
  }
  return snt_secret_new_from(snt_secret_borrow(keychain.entry), snt_secret_len(keychain.entry), out, err);
}

snt_status __wrap_snt_keychain_write(struct snt_keychain *unused, const char *kind, const char *name,
                                     const struct snt_secret *value, struct snt_err *err);
snt_status __wrap_snt_keychain_write(struct snt_keychain *unused, const char *kind, const char *name,
                                     const struct snt_secret *value, struct snt_err *err) {
  (void)unused;
  (void)kind;
  assert_string_equal(name, "corp");
  if (keychain.is_full) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "it is full");
  }
  if (!keychain.is_forgetful) {
    put(snt_secret_borrow(value), snt_secret_len(value));
  }
  return snt_done();
}

const char *__wrap_snt_keychain_backend_name(const struct snt_keychain *unused);
const char *__wrap_snt_keychain_backend_name(const struct snt_keychain *unused) {
  (void)unused;
  return "test";
}

static void fill(struct snt_rotating_key *rotating) {
  (void)snprintf(rotating->replaces, sizeof rotating->replaces, "%s", OLD_ID);
  (void)snprintf(rotating->key.access_key_id, sizeof rotating->key.access_key_id, "%s", NEW_ID);
  assert_ok(snt_secret_new_from(NEW_SECRET, strlen(NEW_SECRET), &rotating->key.secret_key, NULL));
}

static void an_entry_that_cannot_be_one_is_refused_with_the_remedy(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "\n",
                                     OLD_ID,
                                     KEY,
                                     "\n" KEY,
                                     OLD_ID "\n",
                                     "short\n" KEY,

                                     OLD_ID "\n{\"access_key_id\":\"" NEW_ID "\"}",
                                     OLD_ID "\n" KEY "x",
                                     OLD_ID " \n" KEY};
  char longer[200];
  memset(longer, 'A', sizeof longer);
  longer[150] = '\n';
  for (size_t i = 0; i <= sizeof rows / sizeof rows[0]; i++) {
    struct snt_rotating_key found;
    struct snt_err err = {0};
    bool is_last = i == sizeof rows / sizeof rows[0];
    put(is_last ? longer : rows[i], is_last ? sizeof longer : strlen(rows[i]));
    assert_code(snt_rotating_key_load(NULL, "corp", &found, &err), SNT_CODE_KEYCHAIN);
    assert_null(found.key.secret_key);
    assert_null(strstr(err.message, NEW_SECRET));
    assert_non_null(strstr(err.message, "corp"));
    assert_non_null(strstr(err.hint, "sentinel remove corp"));
  }
}

static void no_entry_is_no_rotation(void **state) {
  (void)state;
  struct snt_rotating_key found;
  assert_code(snt_rotating_key_load(NULL, "corp", &found, NULL), SNT_CODE_NOT_FOUND);
  assert_string_equal(keychain.kind, SNT_KEYCHAIN_KIND_ROTATING);
}

static void what_is_stored_is_loaded(void **state) {
  (void)state;
  SNT_ROTATING_KEY_AUTO struct snt_rotating_key stored = {0};
  SNT_ROTATING_KEY_AUTO struct snt_rotating_key found = {0};
  fill(&stored);
  assert_ok(snt_rotating_key_store(NULL, "corp", &stored, NULL));
  assert_string_equal(snt_secret_borrow(keychain.entry), OLD_ID "\n" KEY);
  assert_ok(snt_rotating_key_load(NULL, "corp", &found, NULL));
  assert_string_equal(found.replaces, OLD_ID);
  assert_string_equal(found.key.access_key_id, NEW_ID);
  assert_true(snt_secret_is_equal(found.key.secret_key, stored.key.secret_key));
  assert_ok(snt_relied_key_store(NULL, "corp", &stored.key, NULL));
  assert_string_equal(keychain.kind, SNT_KEYCHAIN_KIND_AWS);
  assert_string_equal(snt_secret_borrow(keychain.entry), KEY);
}

static void what_is_not_read_back_was_not_stored(void **state) {
  (void)state;
  SNT_ROTATING_KEY_AUTO struct snt_rotating_key rotating = {0};
  fill(&rotating);
  keychain.is_forgetful = true;
  assert_code(snt_rotating_key_store(NULL, "corp", &rotating, NULL), SNT_CODE_NOT_FOUND);
  put(OLD_ID "\n" KEY " ", strlen(OLD_ID "\n" KEY " "));
  assert_code(snt_rotating_key_store(NULL, "corp", &rotating, NULL), SNT_CODE_KEYCHAIN);
  assert_code(snt_relied_key_store(NULL, "corp", &rotating.key, NULL), SNT_CODE_KEYCHAIN);
  keychain.is_full = true;
  put(KEY, strlen(KEY));
  assert_code(snt_relied_key_store(NULL, "corp", &rotating.key, NULL), SNT_CODE_KEYCHAIN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(an_entry_that_cannot_be_one_is_refused_with_the_remedy, open_keychain,
                                      close_keychain),
      cmocka_unit_test_setup_teardown(no_entry_is_no_rotation, open_keychain, close_keychain),
      cmocka_unit_test_setup_teardown(what_is_stored_is_loaded, open_keychain, close_keychain),
      cmocka_unit_test_setup_teardown(what_is_not_read_back_was_not_stored, open_keychain, close_keychain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
