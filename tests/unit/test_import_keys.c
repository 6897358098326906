/* What a source and a keychain may do to a key on its way: the source is a script of the test, and so is what the
 * keychain gives back. */
#include "check.h"

#include "keychain_fixture.h"

#include "issue/import_keys.h"

static struct {
  const char *secrets[4]; /* what each read of the source gives; the last is given again and again */
  size_t reads, removals;
  enum snt_code refusal; /* of a read; SNT_CODE_OK: none */
  const char *garbage;   /* what the keychain gives back, once it was written to; NULL: what it holds */
  struct snt_key_result told;
} script;

snt_status __real_snt_keychain_read(struct snt_keychain *keychain, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err);
snt_status __wrap_snt_keychain_read(struct snt_keychain *keychain, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err);

snt_status __wrap_snt_keychain_read(struct snt_keychain *keychain, const char *kind, const char *name,
                                    struct snt_secret **out, struct snt_err *err) {
  snt_status status = __real_snt_keychain_read(keychain, kind, name, out, err);
  if (script.garbage == NULL || !snt_ok(status)) {
    return status;
  }
  snt_secret_free(out);
  return snt_secret_new_from(script.garbage, strlen(script.garbage), out, err);
}

static snt_status list_one(void *state, snt_status (*visit)(void *context, const char *name, struct snt_err *err),
                           void *context, struct snt_err *err) {
  (void)state;
  SNT_TRY(visit(context, "corp", err));
  return visit(context, "corp", err); /* the same again */
}

static snt_status read_script(void *state, const char *name, struct snt_aws_credentials *out, struct snt_err *err) {
  (void)state;
  (void)name;
  memset(out, 0, sizeof *out);
  if (script.refusal != SNT_CODE_OK) {
    return snt_fail(err, script.refusal, "it is refused");
  }
  size_t i = script.reads++;
  while (script.secrets[i] == NULL) {
    i--;
  }
  struct snt_aws_key_text key = {snt_slice_of("AKIAIOSFODNN7EXAMPLE"), snt_slice_of(script.secrets[i]), {"", 0}};
  return snt_aws_credentials_take_text(&key, "the script", SNT_CODE_SYNTAX, out, err);
}

static snt_status remove_script(void *state, const char *name, struct snt_err *err) {
  (void)state;
  (void)name;
  (void)err;
  script.removals++;
  return snt_done();
}

static snt_status tell(void *context, const struct snt_key_result *result, struct snt_err *err) {
  (void)context;
  (void)err;
  script.told = *result;
  return snt_done();
}

/* Imports into an empty keychain, and deletes. */
static enum snt_code run(struct snt_err *err) {
  struct fixture fixture;
  begin(&fixture, "file");
  SNT_IMPORT_SOURCE_AUTO struct snt_import_source source = {
      .list = list_one, .read = read_script, .remove = remove_script};
  struct snt_key_import_options options = {.keychain = fixture.keychain, .is_removing = true, .tell = tell};
  assert_ok(snt_buf_append_str(&source.where, "the script", NULL));
  snt_status status = snt_import_keys(&source, &options, err);
  script.garbage = NULL;
  end(&fixture);
  return status.code;
}

static void begin_script(const char *first, const char *then) {
  memset(&script, 0, sizeof script);
  script.secrets[0] = first;
  script.secrets[1] = then;
  script.refusal = SNT_CODE_OK;
}

static void what_the_keychain_gave_back_is_deleted(void **state) {
  (void)state;
  struct snt_err err = {0};
  begin_script("one", NULL);
  assert_int_equal(run(&err), SNT_CODE_OK);
  assert_int_equal(script.told.outcome, SNT_KEY_DONE);
  assert_true(script.told.was_removed);
  assert_int_equal(script.removals, 1);
  assert_int_equal(script.reads, 2);
}

static void what_was_changed_meanwhile_stays(void **state) {
  (void)state;
  struct snt_err err = {0};
  begin_script("one", "another");
  assert_int_equal(run(&err), SNT_CODE_ANSWER_NO);
  assert_true(script.told.has_changed);
  assert_false(script.told.was_removed);
  assert_int_equal(script.removals, 0);
}

static void what_the_keychain_gives_back_otherwise_stays(void **state) {
  (void)state;
  static const char *const rows[] = {"x", "{\"access_key_id\":\"AKIAIOSFODNN7EXAMPLE\",\"secret_access_key\":\"onf\"}",
                                     "{\"access_key_id\":\"AKIAIOSFODNN7EXAMPLE\",\"secret_access_key\":\"one\"} "};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    begin_script("one", NULL);
    script.garbage = rows[i];
    assert_int_equal(run(&err), SNT_CODE_KEYCHAIN);
    assert_non_null(strstr(err.message, "nothing is lost"));
    assert_non_null(strstr(err.message, "gives back another value"));
    assert_int_equal(script.removals, 0);
  }
}

static void what_cannot_be_read_is_told_apart(void **state) {
  (void)state;
  static const struct {
    enum snt_code refusal, code;
  } rows[] = {{SNT_CODE_SYNTAX, SNT_CODE_SYNTAX},
              {SNT_CODE_CONFIG_INVALID, SNT_CODE_SYNTAX},
              {SNT_CODE_KEYCHAIN, SNT_CODE_KEYCHAIN},
              {SNT_CODE_ACTION_REQUIRED, SNT_CODE_ACTION_REQUIRED},
              {SNT_CODE_IO, SNT_CODE_IO},
              {SNT_CODE_NO_MEMORY, SNT_CODE_NO_MEMORY}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    begin_script("one", NULL);
    script.refusal = rows[i].refusal;
    assert_int_equal(run(&err), rows[i].code);
    assert_int_equal(script.removals, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_the_keychain_gave_back_is_deleted),
      cmocka_unit_test(what_was_changed_meanwhile_stays),
      cmocka_unit_test(what_the_keychain_gives_back_otherwise_stays),
      cmocka_unit_test(what_cannot_be_read_is_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
