/* The docker backend and its helper: what is said to it, and what it may answer. */
#include "check.h"

#include "keychain_fixture.h"

#include "helper_fixture.h"

enum { PROMPT_MS = 60000 };

static const char KIND[] = "aws";
static const char ADDRESS[] = "https://sentinel.invalid/aws/~43orp~2fadmin";
static char name[] = "Corp/admin";

static snt_status open_helper(const char *helper, int deadline_ms, struct snt_keychain **out, struct snt_err *err) {
  const struct snt_keychain_options options = {
      .backend = "docker", .folder = scripts, .helper = helper, .prompt_deadline_ms = deadline_ms};
  return snt_keychain_open(&options, out, err);
}

/* One whose helper is a script of this body, by its path. */
static struct snt_keychain *with_script(const char *body, int deadline_ms) {
  struct snt_keychain *keychain = NULL;
  char path[128];
  (void)snprintf(path, sizeof path, "%s", write_script("docker-credential-test", body));
  assert_ok(open_helper(path, deadline_ms, &keychain, NULL));
  return keychain;
}

static void expect_unopened(const char *helper, const char *message, const char *hint) {
  struct snt_err err = {0};
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  assert_code(open_helper(helper, PROMPT_MS, &keychain, &err), SNT_CODE_KEYCHAIN);
  assert_null(keychain);
  assert_non_null(strstr(err.message, message));
  assert_non_null(strstr(err.hint, hint));
}

static void a_helper_has_to_be_named_and_to_be_there(void **state) {
  (void)state;
  static const char *const odd[] = {"a b", "../pass", "pass/", "a;b", "\xc3\xa9", "relative/path"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    expect_unopened(odd[i], "cannot be a docker credential helper", "absolute path");
  }
  expect_unopened(NULL, "no docker credential helper is named", "helper: osxkeychain");
  expect_unopened("", "no docker credential helper is named", "helper: osxkeychain");
  expect_unopened("nowhere", "docker-credential-nowhere is not installed: it is in no folder of PATH", "install it");
  expect_unopened("/nonexistent/docker-credential-x", "/nonexistent/docker-credential-x is not installed", "install");
  char path[256];
  (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", scripts);
  (void)setenv("PATH", path, 1);
  (void)write_script("docker-credential-win.exe", "echo '{\"Secret\": \"found\"}'");
  struct snt_secret *value = NULL;
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = NULL;
  assert_ok(open_helper("win.exe", PROMPT_MS, &keychain, NULL));
  assert_ok(snt_keychain_read(keychain, KIND, name, &value, NULL));
  assert_string_equal(snt_secret_borrow(value), "found");
  snt_secret_free(&value);
}

/* Everything but the verb goes through its stdin. */
static void it_is_given_the_verb_and_on_its_stdin_the_rest(void **state) {
  (void)state;
  char body[512];
  (void)snprintf(body, sizeof body,
                 "echo \"$#:$*\" >> %s/said\nenv >> %s/env\ncat >> %s/said\n"
                 "case $1 in get) echo '{\"Secret\":\"s\"}';; list) echo '{}';; esac",
                 scripts, scripts, scripts);
  (void)setenv("AWS_SECRET_ACCESS_KEY", "not for helpers", 1);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(body, PROMPT_MS);
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  char names[64] = "";
  assert_ok(snt_secret_new_from("{\"a\":\"\\\\\"}", 10, &value, NULL));
  assert_ok(snt_keychain_write(keychain, KIND, name, value, NULL));
  assert_ok(snt_keychain_read(keychain, KIND, name, &back, NULL));
  assert_ok(snt_keychain_list(keychain, KIND, join_name, names, NULL));
  assert_ok(snt_keychain_remove(keychain, KIND, name, NULL));
  char wanted[1024];
  (void)snprintf(
      wanted, sizeof wanted,
      "1:store\n{\"ServerURL\":\"%s\",\"Username\":\"sentinel\",\"Secret\":\"{\\\"a\\\":\\\"\\\\\\\\\\\"}\"}\n"
      "1:get\n%s1:list\n1:get\n%s1:erase\n%s",
      ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  assert_string_equal(read_left("said"), wanted);
  assert_null(strstr(read_left("env"), "not for helpers"));
}

struct answer {
  const char *body;
  enum snt_code code;
  const char *message;
};

static void expect_answer(const struct answer *answer, int deadline_ms) {
  struct snt_err err = {0};
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(answer->body, deadline_ms);
  snt_status status = snt_keychain_read(keychain, KIND, name, &value, &err);
  if (status.code != answer->code || strstr(err.message, answer->message) == NULL) {
    fail_msg("%s: %s, %s", answer->body, snt_code_name(status.code), err.message);
  }
  assert_null(value);
  assert_true(err.hint[0] != '\0');
  assert_null(strstr(err.message, "hunter2"));
}

static void an_answer_that_is_none_is_told_and_not_shown(void **state) {
  (void)state;
  static const struct answer answers[] = {
      {"echo 'credentials not found in native keychain'; exit 1", SNT_CODE_NOT_FOUND,
       "there is no entry \"Corp/admin\" in the keychain of docker-credential-test"},
      {"echo '{\"ServerURL\":\"x\",\"Username\":\"\",\"Secret\":\"\"}'", SNT_CODE_NOT_FOUND, "there is no entry"},
      {"echo 'the keychain is locked'; exit 1", SNT_CODE_KEYCHAIN,
       "docker-credential-test get ended with status 1: the keychain is locked"},
      {"echo 'on stderr' >&2; exit 2", SNT_CODE_KEYCHAIN, "ended with status 2: on stderr"},
      {"exit 3", SNT_CODE_KEYCHAIN, "docker-credential-test get ended with status 3"},
      {"kill -KILL $$", SNT_CODE_KEYCHAIN, "ended with status 137"},
      {"echo '{\"Secret\":\"hunter2\"}'; exit 1", SNT_CODE_KEYCHAIN, "ended with status 1"},
      {"echo 'odd: {\"Secret\":\"hunter2\"}'; exit 1", SNT_CODE_KEYCHAIN, "ended with status 1"},
      {"echo 'odd: {\"Secret\":\"hunter2\"}' >&2; exit 1", SNT_CODE_KEYCHAIN, "ended with status 1"},
      {"echo 'credentials not found in native keychain'", SNT_CODE_KEYCHAIN, "makes no sense"},
      {"true", SNT_CODE_KEYCHAIN, "what docker-credential-test get answers makes no sense"},
      {"echo hunter2", SNT_CODE_KEYCHAIN, "makes no sense"},
      {"echo '[\"hunter2\"]'", SNT_CODE_KEYCHAIN, "makes no sense"},
      {"echo '{\"Secret\":[\"hunter2\"]}'", SNT_CODE_KEYCHAIN, "makes no sense"},
      {"echo '{\"Secret\":\"hunter2\"} more'", SNT_CODE_KEYCHAIN, "makes no sense"},
      {"printf '{\"Secret\":\"hunter2\"'", SNT_CODE_KEYCHAIN, "makes no sense"},
      {"head -c 10000000 /dev/zero", SNT_CODE_KEYCHAIN, "answered with more than 1048576 bytes"},
  };
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    expect_answer(&answers[i], PROMPT_MS);
  }
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script("echo '{\"Secret\":\"base64:hunter2\"}'", PROMPT_MS);
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  struct snt_err err = {0};
  assert_code(snt_keychain_read(keychain, KIND, name, &value, &err), SNT_CODE_KEYCHAIN);
  assert_non_null(strstr(err.message, "the entry \"Corp/admin\" of docker-credential-test is damaged"));
  assert_null(strstr(err.message, "hunter2"));
}

static void one_that_hangs_is_ended_and_told(void **state) {
  (void)state;
  expect_answer(&(struct answer){"exec sleep 300", SNT_CODE_KEYCHAIN, "docker-credential-test gave no answer in time"},
                300);
}

static void a_helper_that_does_not_store_is_told_without_the_secret(void **state) {
  (void)state;
  static const char *const bodies[] = {"cat; exit 1",
                                       "cat >&2; exit 1",
                                       "sed 's/^/+ input=/' >&2; exit 1",
                                       "sed 's/.*Secret\":\"//'; exit 1",
                                       "sed 's/.*Secret\":\"/cannot store /' >&2; exit 1",
                                       "sed 's/.*access/cannot store /' >&2; exit 1",
                                       "exec sleep 300",
                                       "echo 'credentials not found in native keychain'; exit 1"};
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  static const char text[] = "{\"access\":\"hunter2 and more\"}"; /* quotes get escapes on the way */
  assert_ok(snt_secret_new_from(text, sizeof text - 1, &value, NULL));
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct snt_err err = {0};
    bool is_late = strstr(bodies[i], "sleep") != NULL;
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(bodies[i], is_late ? 300 : PROMPT_MS);
    assert_code(snt_keychain_write(keychain, KIND, name, value, &err), SNT_CODE_KEYCHAIN);
    assert_non_null(strstr(err.message, "docker-credential-test"));
    assert_null(strstr(err.message, "hunter2"));
  }
}

static void what_is_too_long_for_its_lines_is_not_handed_to_it(void **state) {
  (void)state;
  char body[128];
  struct snt_err err = {0};
  (void)snprintf(body, sizeof body, "wc -c > %s/count", scripts);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(body, PROMPT_MS);
  enum { HEAD = sizeof "{\"ServerURL\":\"\",\"Username\":\"sentinel\",\"Secret\":\"\"}\n" - 1 };
  size_t most = 65535 - HEAD - strlen(ADDRESS);
  for (size_t more = 0; more < 2; more++) {
    SNT_SECRET_AUTO struct snt_secret *value = NULL;
    assert_ok(snt_secret_new(most + more, &value, NULL));
    memset(snt_secret_borrow_writable(value), 'x', most + more);
    snt_secret_set_len(value, most + more);
    assert_code(snt_keychain_write(keychain, KIND, name, value, &err), more == 0 ? SNT_CODE_OK : SNT_CODE_KEYCHAIN);
    assert_string_equal(read_left("count"), "65535\n");
  }
  assert_non_null(strstr(err.message, "65535 can be stored"));
}

static void only_what_is_ours_is_listed(void **state) {
  (void)state;
  static const struct {
    const char *answer, *wanted;
  } rows[] = {
      {"{\"https://sentinel.invalid/aws/b\":\"sentinel\",\"https://sentinel.invalid/aws/~41~2fx\":\"sentinel\"}",
       "A/x b "},
      {"{\"/aws/a\":\"sentinel\",\"/plugin/b\":\"sentinel\"}", "a "}, /* macOS */
      {"{\"https://sentinel.invalid/aws/a\":\"somebody\",\"https://index.docker.io/v1/\":\"me\"}", ""},
      {"{\"https://sentinel.invalid/aws/A\":\"sentinel\",\"https://sentinel.invalid/aws/\":\"sentinel\"}", ""},
      {"{\"https://sentinel.invalid/awsome/a\":\"sentinel\",\"https://other.invalid/aws/a\":\"sentinel\"}", ""},
      {"{}", ""},
      {"null", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char body[512];
    char names[256] = "";
    (void)snprintf(body, sizeof body, "echo '%s'", rows[i].answer);
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(body, PROMPT_MS);
    assert_ok(snt_keychain_list(keychain, KIND, join_name, names, NULL));
    assert_string_equal(names, rows[i].wanted);
  }
  static const char *const nonsense[] = {"echo []", "echo '{'", "true",
                                         "echo 'credentials not found in native keychain'; exit 1"};
  for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
    char names[256] = "";
    SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(nonsense[i], PROMPT_MS);
    assert_code(snt_keychain_list(keychain, KIND, join_name, names, NULL), SNT_CODE_KEYCHAIN);
    assert_string_equal(names, "");
  }
}

/* Many erase what is not there without a word; others fail. */
static void nothing_is_erased_that_is_not_there(void **state) {
  (void)state;
  char body[256];
  struct snt_err err = {0};
  (void)snprintf(body, sizeof body,
                 "echo $1 >> %s/verbs\n[ $1 = erase ] || { echo credentials not found in native keychain; exit 1; }",
                 scripts);
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain = with_script(body, PROMPT_MS);
  assert_code(snt_keychain_remove(keychain, KIND, name, &err), SNT_CODE_NOT_FOUND);
  assert_non_null(strstr(err.message, "\"Corp/admin\""));
  assert_string_equal(read_left("verbs"), "get\n");
}

static void a_damaged_entry_can_be_removed(void **state) {
  (void)state;
  SNT_KEYCHAIN_AUTO struct snt_keychain *keychain =
      with_script("[ $1 = erase ] || echo '{\"Secret\":\"base64:!\"}'", PROMPT_MS);
  assert_ok(snt_keychain_remove(keychain, KIND, name, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_helper_has_to_be_named_and_to_be_there),
      cmocka_unit_test(it_is_given_the_verb_and_on_its_stdin_the_rest),
      cmocka_unit_test(an_answer_that_is_none_is_told_and_not_shown),
      cmocka_unit_test(one_that_hangs_is_ended_and_told),
      cmocka_unit_test(a_helper_that_does_not_store_is_told_without_the_secret),
      cmocka_unit_test(what_is_too_long_for_its_lines_is_not_handed_to_it),
      cmocka_unit_test(only_what_is_ours_is_listed),
      cmocka_unit_test(nothing_is_erased_that_is_not_there),
      cmocka_unit_test(a_damaged_entry_can_be_removed),
  };
  (void)signal(SIGPIPE, SIG_IGN);
  begin_scripts();
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  end_scripts();
  return failed;
}
