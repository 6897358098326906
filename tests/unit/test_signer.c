#include "check.h"

#include "keychain_fixture.h"

#include "keychain/openssh_key.h"
#include "keychain/signer.h"

#define MESSAGE "sentinel-bundle-v1\nacme-aws\nprod\n7\n"

static struct fixture fixture;

static int open_all(void **state) {
  (void)state;
  begin(&fixture, "file");
  return chdir(fixture.folder);
}

static int close_all(void **state) {
  (void)state;
  end(&fixture);
  return 0;
}

/* Signs, and verifies by the line alone; closes it. */
static void expect_signs(struct snt_signer *signer, const char *line) {
  uint8_t signature[SNT_SIGNATURE_CAP];
  uint8_t other[SNT_SIGNATURE_CAP];
  size_t len = 0;
  size_t other_len = 0;
  assert_string_equal(signer->key, line);
  assert_string_equal(signer->algorithm, "ed25519");
  assert_ok(signer->sign(signer->state, snt_slice_of(MESSAGE), signature, &len, NULL));
  assert_ok(signer->sign(signer->state, snt_slice_of("another"), other, &other_len, NULL));
  assert_int_equal(len, SNT_ED25519_SIGNATURE_LEN);
  assert_memory_not_equal(signature, other, len);
  snt_signer_close(signer);
  assert_true(signer->state == NULL && signer->sign == NULL);
  snt_signer_close(signer);
}

static void a_file_signs(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *seed = NULL;
  struct snt_signer signer = {0};
  uint8_t public[SNT_ED25519_LEN];
  char line[64];
  assert_ok(snt_signer_new_seed(&seed, NULL));
  assert_ok(snt_openssh_key_store("key", seed, "", NULL));
  assert_ok(snt_openssh_public_load("key.pub", public, NULL));
  snt_signer_line(public, line);
  assert_false(snt_signer_needs_keychain("key"));
  assert_true(snt_signer_is_file("key") && snt_signer_is_file("./agent:"));
  assert_ok(snt_signer_open("key", NULL, &signer, NULL));
  expect_signs(&signer, line);
}

static void seeds_are_not_alike(void **state) {
  (void)state;
  SNT_SECRET_AUTO struct snt_secret *one = NULL;
  SNT_SECRET_AUTO struct snt_secret *other = NULL;
  assert_ok(snt_signer_new_seed(&one, NULL));
  assert_ok(snt_signer_new_seed(&other, NULL));
  assert_int_equal(snt_secret_len(one), SNT_ED25519_LEN);
  assert_false(snt_secret_is_equal(one, other));
}

static void an_entry_of_the_keychain_signs(void **state) {
  (void)state;
  struct snt_signer signer = {0};
  struct snt_err err = {0};
  char line[64];
  char again[64];
  assert_true(snt_signer_needs_keychain("keychain:release"));
  assert_false(snt_signer_is_file("keychain:release"));
  assert_code(snt_signer_open("keychain:release", NULL, &signer, &err), SNT_CODE_BUG);
  assert_code(snt_signer_open("keychain:release", fixture.keychain, &signer, &err), SNT_CODE_NOT_FOUND);
  assert_string_equal(err.hint, "store it with: sentinel policy keygen --keychain release");
  assert_ok(snt_signer_make(fixture.keychain, "release", line, &err));
  assert_ok(snt_signer_open("keychain:release", fixture.keychain, &signer, &err));
  expect_signs(&signer, line);
  assert_code(snt_signer_make(fixture.keychain, "release", again, &err), SNT_CODE_KEYCHAIN);
  assert_string_equal(err.message, "there is a signing key \"release\" already in the file keychain");
  assert_non_null(strstr(err.hint, "sentinel remove --keychain release"));
  assert_ok(snt_signer_open("keychain:release", fixture.keychain, &signer, &err));
  expect_signs(&signer, line);
}

static void an_entry_of_another_length_is_damaged(void **state) {
  (void)state;
  static const size_t lengths[] = {1, 31, 33, 64};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    struct snt_signer signer = {0};
    struct snt_err err = {0};
    assert_ok(snt_secret_new_from("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", lengths[i],
                                  &value, NULL));
    assert_ok(snt_keychain_write(fixture.keychain, SNT_KEYCHAIN_KIND_SIGNING, "odd", value, NULL));
    assert_code(snt_signer_open("keychain:odd", fixture.keychain, &signer, &err), SNT_CODE_KEYCHAIN);
    assert_string_equal(err.message, "the signing key \"odd\" in the file keychain is damaged");
    assert_true(signer.state == NULL);
  }
}

static void other_names_are_refused_with_the_forms(void **state) {
  (void)state;
  struct snt_signer signer = {0};
  struct snt_err err = {0};
  assert_code(snt_signer_open("none", NULL, &signer, &err), SNT_CODE_NOT_FOUND);
  assert_string_equal(err.hint, "a key is named as FILE, keychain:NAME, agent: or agent:ed25519:BASE64");
  assert_code(snt_signer_open("agent:release", NULL, &signer, &err), SNT_CODE_USAGE);
  assert_non_null(strstr(err.message, "agent: or agent:ed25519:BASE64"));
  assert_int_equal(unsetenv("SSH_AUTH_SOCK"), 0);
  assert_code(snt_signer_open("agent:", NULL, &signer, &err), SNT_CODE_KEYCHAIN);
  assert_code(snt_signer_open(".", NULL, &signer, &err), SNT_CODE_IO);
}

static int run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_signs),
      cmocka_unit_test(seeds_are_not_alike),
      cmocka_unit_test(an_entry_of_the_keychain_signs),
      cmocka_unit_test(an_entry_of_another_length_is_damaged),
      cmocka_unit_test(other_names_are_refused_with_the_forms),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}

int main(void) { return without_terminal(run); }
