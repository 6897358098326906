/* Where sign-ins are kept: the keychain, and the AWS CLI's folder. */
#include "check.h"

#include "keychain_fixture.h"

#include "aws/sso_store.h"

#define EARLY INT64_C(1768834053000)
#define LATE INT64_C(1768834054000)

static struct fixture fixture;
static char folder[128];
static struct snt_sso_session session;
static struct snt_sso_store store;

static int open_all(void **state) {
  (void)state;
  begin(&fixture, "file");
  (void)snprintf(folder, sizeof folder, "%s/cache", fixture.folder);
  session = (struct snt_sso_session){.name = "acme",
                                     .wanted = "acme",
                                     .start_url = "https://a.b/start",
                                     .region = "us-east-1",
                                     .file = "0123456789abcdef0123456789abcdef01234567.json"};
  store = (struct snt_sso_store){.keychain = fixture.keychain, .is_in_keychain = true, .folder = folder};
  return 0;
}

static int close_all(void **state) {
  (void)state;
  end(&fixture);
  return 0;
}

static struct snt_sso_token make(const char *text, int64_t end_ms) {
  struct snt_sso_token token = {.expires_at_ms = end_ms, .start_url = "https://a.b/start", .region = "us-east-1"};
  assert_ok(snt_secret_new_from(text, strlen(text), &token.access_token, NULL));
  return token;
}

static void save(bool is_in_keychain, const char *text, int64_t end_ms) {
  SNT_BUF_AUTO struct snt_buf where = {0};
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = make(text, end_ms);
  store.is_in_keychain = is_in_keychain;
  assert_ok(snt_sso_store_save(&store, &session, &token, &where, NULL));
  assert_non_null(strstr(where.data, is_in_keychain ? "the file keychain" : session.file));
  store.is_in_keychain = true;
}

static void expect(const char *text, bool is_from_file) {
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  bool is_file = false;
  assert_ok(snt_sso_store_load(&store, &session, &token, &is_file, NULL));
  assert_string_equal(snt_secret_borrow(token.access_token), text);
  assert_true(is_file == is_from_file);
}

static void expect_none(const char *told) {
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  struct snt_err err = {0};
  bool is_file = true;
  assert_code(snt_sso_store_load(&store, &session, &token, &is_file, &err), SNT_CODE_LOGIN_REQUIRED);
  assert_null(token.access_token);
  assert_false(is_file);
  assert_string_equal(err.hint, "sentinel login --sso acme");
  if (strstr(err.message, told) == NULL) {
    fail_msg("%s", err.message);
  }
}

static void path_of_file(char *out, size_t cap) { (void)snprintf(out, cap, "%s/%s", folder, session.file); }

static void write_file(const char *text, unsigned mode) {
  char path[256];
  path_of_file(path, sizeof path);
  assert_ok(snt_file_make_folders(folder, NULL));
  assert_ok(snt_file_replace(path, text, strlen(text), mode, NULL));
}

static void nobody_has_signed_in(void **state) {
  (void)state;
  expect_none("sso-session \"acme\": nobody has signed in");
}

static void the_later_end_wins(void **state) {
  (void)state;
  save(true, "entry", EARLY);
  expect("entry", false);
  save(false, "file", LATE);
  expect("file", true);
  save(true, "newer", LATE + 1000);
  expect("newer", false);
}

static void the_keychain_wins_a_draw_and_is_left_alone_when_it_is_not_wanted(void **state) {
  (void)state;
  save(true, "entry", EARLY);
  save(false, "file", EARLY);
  expect("entry", false);
  store.is_in_keychain = false;
  expect("file", true);
  store.is_in_keychain = true;
  store.keychain = NULL;
  expect("file", true);
}

static void the_file_is_private_and_replaced(void **state) {
  (void)state;
  char path[256];
  struct stat info;
  path_of_file(path, sizeof path);
  write_file("{}", 0644);
  save(false, "file", EARLY);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

static void what_is_of_another_place_or_cannot_be_trusted_is_not_taken(void **state) {
  (void)state;
  char path[256];
  path_of_file(path, sizeof path);
  write_file("{\"accessToken\":\"x\",\"expiresAt\":\"2080-01-01T00:00:00Z\",\"startUrl\":\"https://c.d/start\"}", 0600);
  expect_none("nobody has signed in");
  write_file("{\"accessToken\":\"x\",\"expiresAt\":\"2080-01-01T00:00:00Z\",\"region\":\"us-east-2\"}", 0600);
  expect_none("nobody has signed in");
  write_file("{\"accessToken\":", 0600);
  expect_none(session.file);
  write_file("{\"accessToken\":\"x\",\"expiresAt\":\"2080-01-01T00:00:00Z\"}", 0600);
  expect("x", true);
  assert_int_equal(chmod(path, 0620), 0);
  expect_none(session.file);
}

static void a_keychain_that_cannot_be_read_is_told_unless_the_file_serves(void **state) {
  (void)state;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  bool is_file = false;
  save(true, "entry", EARLY);
  forget_key(&fixture);
  open_keychain(&fixture, false);
  store.keychain = fixture.keychain;
  assert_code(snt_sso_store_load(&store, &session, &token, &is_file, NULL), SNT_CODE_ACTION_REQUIRED);
  save(false, "file", EARLY);
  expect("file", true);
}

static void what_is_refreshed_goes_where_nobody_need_be_asked(void **state) {
  (void)state;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = make("fresh", LATE);
  assert_code(snt_sso_store_renew(&store, &session, &token, false, NULL), SNT_CODE_KEYCHAIN); /* none is there */
  expect_none("nobody has signed in");
  assert_ok(snt_sso_store_renew(&store, &session, &token, true, NULL));
  expect("fresh", true);
  save(true, "entry", EARLY);
  snt_sso_token_clear(&token);
  token = make("again", LATE + 1000);
  assert_ok(snt_sso_store_renew(&store, &session, &token, true, NULL));
  expect("again", false);
}

static void it_is_removed_from_where_it_is_kept(void **state) {
  (void)state;
  bool stays = true;
  assert_code(snt_sso_store_remove(&store, &session, &stays, NULL), SNT_CODE_NOT_FOUND);
  save(true, "entry", EARLY);
  assert_ok(snt_sso_store_remove(&store, &session, &stays, NULL));
  assert_false(stays);
  save(true, "entry", EARLY);
  save(false, "file", EARLY);
  assert_ok(snt_sso_store_remove(&store, &session, &stays, NULL));
  assert_true(stays);
  expect("file", true);
  store.is_in_keychain = false;
  assert_ok(snt_sso_store_remove(&store, &session, &stays, NULL));
  assert_code(snt_sso_store_remove(&store, &session, &stays, NULL), SNT_CODE_NOT_FOUND);
}

static int run_all(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(nobody_has_signed_in, open_all, close_all),
      cmocka_unit_test_setup_teardown(the_later_end_wins, open_all, close_all),
      cmocka_unit_test_setup_teardown(the_keychain_wins_a_draw_and_is_left_alone_when_it_is_not_wanted, open_all,
                                      close_all),
      cmocka_unit_test_setup_teardown(the_file_is_private_and_replaced, open_all, close_all),
      cmocka_unit_test_setup_teardown(what_is_of_another_place_or_cannot_be_trusted_is_not_taken, open_all, close_all),
      cmocka_unit_test_setup_teardown(a_keychain_that_cannot_be_read_is_told_unless_the_file_serves, open_all,
                                      close_all),
      cmocka_unit_test_setup_teardown(what_is_refreshed_goes_where_nobody_need_be_asked, open_all, close_all),
      cmocka_unit_test_setup_teardown(it_is_removed_from_where_it_is_kept, open_all, close_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return without_terminal(run_all); }
