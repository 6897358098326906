/* The password store: what pass shows is what was stored, and what it cannot show is told. */
#include "check.h"

#include "keychain_fixture.h"
#include "password_store_fixture.h"

#include "helper_fixture.h"

static const char KIND[] = "aws";
static struct password_store store;

static struct snt_keychain *open_store(int deadline_ms) {
  struct snt_keychain *keychain = NULL;
  const struct snt_keychain_options options = {.backend = "pass", .folder = scripts, .prompt_deadline_ms = deadline_ms};
  assert_ok(snt_keychain_open(&options, &keychain, NULL));
  return keychain;
}

static snt_status put(struct snt_keychain *keychain, const char *name, const char *text, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &value, NULL));
  return snt_keychain_write(keychain, KIND, name, value, err);
}

static snt_status get(struct snt_keychain *keychain, const char *name, const char *wanted, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  snt_status status = snt_keychain_read(keychain, KIND, name, &value, err);
  if (snt_ok(status)) {
    assert_string_equal(snt_secret_borrow(value), wanted);
  }
  return status;
}

static const char *store_path(const char *name) {
  static char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", store.store, name);
  return path;
}

static void what_is_stored_is_what_pass_shows(void **state) {
  (void)state;
  char out[512];
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  assert_ok(put(keychain, "Corp/admin", "{\"a\": \"b\"}", NULL));
  assert_int_equal(RUN("", out, "pass", "show", "sentinel/aws/Corp%2fadmin"), 0);
  assert_string_equal(out, "{\"a\": \"b\"}\n");
  assert_ok(put(keychain, "..", "a\nb", NULL));
  assert_int_equal(RUN("", out, "pass", "show", "sentinel/aws/%2e."), 0);
  assert_string_equal(out, "base64:YQpi\n");
  assert_ok(get(keychain, "..", "a\nb", NULL));
}

static void what_a_person_put_there_is_read(void **state) {
  (void)state;
  char out[512];
  char names[512] = "";
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  assert_int_equal(RUN("{\n\"a\": 1\n}\n", out, "pass", "insert", "-m", "sentinel/aws/hand"), 0);
  assert_int_equal(RUN("x\n", out, "pass", "insert", "-m", "sentinel/aws/Not A Name"), 0);
  assert_int_equal(RUN("x\n", out, "pass", "insert", "-m", "sentinel/aws/deeper/name"), 0);
  assert_ok(get(keychain, "hand", "{\n\"a\": 1\n}", NULL));
  assert_ok(snt_keychain_list(keychain, KIND, join_name, names, NULL));
  assert_string_equal(names, ".. Corp/admin hand ");
  struct snt_err err = {0};
  assert_code(put(keychain, "deeper", "1", &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "/sentinel/aws/deeper is in the way of the entry \"deeper\""));
  assert_non_null(strstr(err.hint, "pass mv sentinel/aws/deeper"));
}

static void what_is_damaged_is_told(void **state) {
  (void)state;
  char out[512];
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  static const struct {
    const char *text; /* NULL: the file is none of gpg's */
    const char *wanted;
  } rows[] = {{"base64:hunter2\n", "is no base64"}, {"\n", "it is empty"}, {NULL, "is damaged: gpg: "}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    assert_int_equal(
        RUN(rows[i].text == NULL ? "" : rows[i].text, out, "pass", "insert", "-m", "-f", "sentinel/aws/bad"), 0);
    if (rows[i].text == NULL) {
      assert_ok(snt_file_replace(store_path("sentinel/aws/bad.gpg"), "none of gpg's", 13, 0600, NULL));
    }
    assert_code(get(keychain, "bad", "", &err), SNT_CODE_KEYCHAIN);
    assert_non_null(strstr(err.message, rows[i].wanted));
    assert_null(strstr(err.message, "hunter2"));
  }
  assert_ok(snt_keychain_remove(keychain, KIND, "bad", NULL));
}

/* pass itself is a program on PATH: this one writes down what it is given. */
static void a_value_is_in_no_argument_and_no_variable(void **state) {
  (void)state;
  char body[512];
  char path[256];
  (void)snprintf(body, sizeof body,
                 "{ echo \"$@\"; env | grep -e GPG_TTY -e _STORE_ -e hunter2 -e 'not for pass'; } >> %s/given\nexec "
                 "/usr/bin/pass \"$@\"",
                 scripts);
  (void)write_script("pass", body);
  (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", scripts);
  (void)setenv("PATH", path, 1);
  (void)setenv("AWS_SECRET_ACCESS_KEY", "not for pass", 1);
  (void)setenv("GPG_TTY", "/dev/nowhere", 1);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  assert_ok(put(keychain, "given", "hunter2", NULL));
  assert_ok(get(keychain, "given", "hunter2", NULL));
  const char *given = read_left("given");
  assert_non_null(strstr(given, "show sentinel/aws/given\n"));
  assert_non_null(strstr(given, "PASSWORD_STORE_DIR="));
  assert_non_null(strstr(given, "GPG_TTY=/dev/nowhere\n"));
  (void)unsetenv("GPG_TTY");
  assert_null(strstr(given, "hunter2"));
  assert_null(strstr(given, "not for pass"));
  assert_int_equal(unlink(script_path("pass")), 0);
  (void)setenv("PATH", "/usr/bin:/bin", 1);
}

static void what_a_killed_writer_left_is_removed_and_never_an_entry(void **state) {
  (void)state;
  char out[512];
  char names[512] = "";
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  assert_int_equal(RUN("half", out, "pass", "insert", "-m", "sentinel/aws/%new-0123456789abcdef"), 0);
  assert_ok(snt_keychain_list(keychain, KIND, join_name, names, NULL));
  assert_null(strstr(names, "new"));
  assert_ok(put(keychain, "other", "1", NULL));
  assert_int_equal(access(store_path("sentinel/aws/%new-0123456789abcdef.gpg"), F_OK), -1);
  assert_ok(get(keychain, "other", "1", NULL));
}

static enum snt_code read_and_tell(struct snt_err *err) {
  *err = (struct snt_err){0};
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  return get(keychain, "other", "1", err).code;
}

static void a_store_that_is_not_there_or_anybodys_is_refused(void **state) {
  (void)state;
  struct snt_err err = {0};
  (void)setenv("PASSWORD_STORE_DIR", "/nonexistent/store", 1);
  assert_int_equal(read_and_tell(&err), SNT_CODE_KEYCHAIN);
  assert_string_equal(err.message, "there is no password store in /nonexistent/store");
  assert_non_null(strstr(err.hint, "pass init"));
  (void)setenv("PASSWORD_STORE_DIR", scripts, 1); /* a folder without keys */
  assert_int_equal(read_and_tell(&err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.hint, "pass init"));
  (void)setenv("PASSWORD_STORE_DIR", store.store, 1);
  assert_int_equal(chmod(store.store, 0770), 0);
  assert_int_equal(read_and_tell(&err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.hint, "chmod go-w"));
  assert_int_equal(chmod(store.store, 0700), 0);
  assert_int_equal(read_and_tell(&err), SNT_CODE_OK);
  (void)setenv("PATH", scripts, 1);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  assert_code(snt_keychain_open(&(struct snt_keychain_options){.backend = "pass"}, &keychain, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "pass is not installed"));
  (void)setenv("PATH", "/usr/bin:/bin", 1);
}

/* What pass does when gpg's agent waits for a person, and when anything else holds it up. */
static void one_that_hangs_is_ended_and_told(void **state) {
  (void)state;
  struct snt_err err = {0};
  char path[256];
  (void)write_script("pass", "exec sleep 300");
  (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", scripts);
  (void)setenv("PATH", path, 1);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(300);
  assert_code(get(keychain, "other", "1", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "nobody answered its question in time"));
  assert_code(put(keychain, "other", "2", &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "pass gave no answer in time"));
  assert_int_equal(unlink(script_path("pass")), 0);
  (void)setenv("PATH", "/usr/bin:/bin", 1);
}

/* The agent is told the passphrase as its pinentry would be. */
static void a_locked_key_needs_a_person_and_then_serves(void **state) {
  (void)state;
  struct password_store unlocked = store;
  struct snt_err err = {0};
  char out[512];
  start_password_store(&store, "correct horse");
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = open_store(0);
  assert_ok(put(keychain, "a", "1", NULL)); /* what is encrypted needs no secret */
  end_gpg_agent();
  assert_code(get(keychain, "a", "1", &err), SNT_CODE_ACTION_REQUIRED);
  assert_non_null(strstr(err.message, "gpg has not decrypted sentinel/aws/a: gpg: "));
  assert_non_null(strstr(err.hint, "pass show sentinel/aws/a"));
  assert_int_equal(RUN("", out, "gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase",
                       "correct horse", "--decrypt", store_path("sentinel/aws/a.gpg")),
                   0);
  assert_ok(get(keychain, "a", "1", NULL));
  stop_password_store(&store);
  store = unlocked;
  (void)setenv("GNUPGHOME", store.folder, 1);
}

static int run(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_stored_is_what_pass_shows),
      cmocka_unit_test(what_a_person_put_there_is_read),
      cmocka_unit_test(what_is_damaged_is_told),
      cmocka_unit_test(a_value_is_in_no_argument_and_no_variable),
      cmocka_unit_test(what_a_killed_writer_left_is_removed_and_never_an_entry),
      cmocka_unit_test(a_store_that_is_not_there_or_anybodys_is_refused),
      cmocka_unit_test(one_that_hangs_is_ended_and_told),
      cmocka_unit_test(a_locked_key_needs_a_person_and_then_serves),
  };
  if (!has_password_store()) {
    return 0;
  }
  (void)signal(SIGPIPE, SIG_IGN);
  begin_scripts();
  start_password_store(&store, NULL);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  stop_password_store(&store);
  end_scripts();
  return failed;
}

int main(void) { return without_terminal(run); }
