/* A look at the file keychain asks nobody and leaves nothing behind. */
#include "check.h"

#include "keychain_fixture.h"

#include "keychain/file_look.h"
#include "keychain/sealed_file.h"

static void store_one(struct fixture *fixture) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from("value", 5, &value, NULL));
  assert_ok(snt_keychain_write(fixture->keychain, fixture->kind, "a", value, NULL));
}

static struct snt_sealed_header read_header(const struct fixture *fixture) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  struct snt_sealed_header header;
  assert_ok(snt_file_read(fixture->path, SNT_FILE_PRIVATE, SNT_SEALED_FILE_MAX, &file, NULL));
  assert_ok(snt_sealed_parse_header(&file, SNT_SEALED_PASSPHRASE, fixture->path, &header, NULL));
  return header;
}

static snt_status look(const struct fixture *fixture, const struct snt_secret *passphrase, bool *is_there,
                       bool *is_open, struct snt_err *err) {
  SNT_CLEANUP(snt_keychain_file_look_clear) struct snt_keychain_file_look seen = {0};
  struct snt_keychain_options options = {.folder = fixture->folder, .passphrase = passphrase};
  SNT_TRY(snt_keychain_file_look(&options, &seen, err));
  assert_string_equal(snt_buf_borrow(&seen.path), fixture->path);
  *is_there = seen.is_there;
  *is_open = seen.is_open;
  return snt_done();
}

static void a_file_that_is_missing_is_no_failure(void **state) {
  (void)state;
  struct fixture fixture;
  bool is_there = true;
  bool is_open = true;
  begin(&fixture, "file");
  assert_ok(look(&fixture, NULL, &is_there, &is_open, NULL));
  assert_false(is_there);
  assert_false(is_open);
  end(&fixture);
}

static void without_passphrase_and_resting_key_it_is_locked(void **state) {
  (void)state;
  struct fixture fixture;
  bool is_there = false;
  bool is_open = true;
  begin(&fixture, "file");
  store_one(&fixture);
  forget_key(&fixture);
  assert_ok(look(&fixture, NULL, &is_there, &is_open, NULL));
  assert_true(is_there);
  assert_false(is_open);
  end(&fixture);
}

static void a_passphrase_is_tried_and_no_key_stays_in_the_kernel(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  bool is_there = false;
  bool is_open = false;
  SNT_SECRET_AUTO struct snt_secret *wrong = NULL;
  begin(&fixture, "file");
  store_one(&fixture);
  forget_key(&fixture);
  struct snt_sealed_header header = read_header(&fixture);
  assert_ok(look(&fixture, fixture.passphrase, &is_there, &is_open, NULL));
  assert_true(is_open);
  assert_false(snt_file_keys_is_resting(fixture.path, &header));
  assert_ok(snt_secret_new_from("battery staple", 14, &wrong, NULL));
  assert_code(look(&fixture, wrong, &is_there, &is_open, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "does not open"));
  end(&fixture);
}

static void what_may_not_be_used_is_told(void **state) {
  (void)state;
  struct fixture fixture;
  struct snt_err err = {0};
  bool is_there = false;
  bool is_open = false;
  begin(&fixture, "file");
  store_one(&fixture);
  forget_key(&fixture);
  assert_int_equal(chmod(fixture.path, 0644), 0);
  assert_code(look(&fixture, NULL, &is_there, &is_open, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.hint, "chmod 600"));
  assert_ok(snt_file_replace(fixture.path, "sentinel", 8, 0600, NULL));
  assert_code(look(&fixture, NULL, &is_there, &is_open, &err), SNT_CODE_KEYCHAIN);
  end(&fixture);
}

static int run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_that_is_missing_is_no_failure),
      cmocka_unit_test(without_passphrase_and_resting_key_it_is_locked),
      cmocka_unit_test(a_passphrase_is_tried_and_no_key_stays_in_the_kernel),
      cmocka_unit_test(what_may_not_be_used_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return without_terminal(run); }
