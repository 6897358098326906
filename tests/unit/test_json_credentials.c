/* Keys in JSON: which are taken, and that nothing is told of those that are not. */
#include "aws_answer.h"

#include "aws/json_credentials.h"

#define WHAT "the answer of 169.254.170.2"
#define KEY "ASIARZPUZDIKNKGXXYE3"
#define WHOLE                                                                                                          \
  "{'Version':1,'AccessKeyId':'" KEY "','SecretAccessKey':'XYagz1/pSTn','Token':'FQoGZXIv==',"                         \
  "'Expiration':'2026-01-19T14:47:33Z','AccountId':'1','Other':{}}"

static const struct snt_aws_json_shape TEMPORARY = {.token = "Token", .is_temporary = true, .version = "Version"};
static const struct snt_aws_json_shape LASTING = {.token = "Token"};

static enum snt_code parse(const char *text, const struct snt_aws_json_shape *shape, struct snt_aws_credentials *out,
                           struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  const char *json = json_of(text);
  assert_ok(snt_json_parse(json, strlen(json), "it", &doc, NULL));
  return snt_aws_json_credentials_parse(snt_json_root(doc), shape, WHAT, out, err).code;
}

/* The whole answer with a part replaced. */
static const char *with(const char *part, const char *by) {
  static char text[1024];
  const char *found = strstr(WHOLE, part);
  assert_non_null(found);
  (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(found - WHOLE), WHOLE, by, found + strlen(part));
  return text;
}

static void what_is_not_whole_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *part, *by, *message;
  } rows[] = {
      {"'Version':1,", "", "Version"},
      {"'Version':1,", "'Version':'1',", "Version"},
      {"'Version':1,", "'Version':2,", "Version"},
      {"'Version':1,", "'Version':1.0,", "Version"},
      {"'AccessKeyId':'" KEY "',", "", "AccessKeyId"},
      {KEY, "", "AccessKeyId"},
      {KEY, "asiarzpuzdiknkgxxye3", "an access key id"},
      {KEY, "ASIA", "an access key id"},
      {"'" KEY "'", "null", "AccessKeyId"},
      {"'" KEY "'", "['" KEY "']", "AccessKeyId"},
      {"'SecretAccessKey':'XYagz1/pSTn',", "", "SecretAccessKey"},
      {"XYagz1/pSTn", "", "SecretAccessKey"},
      {"XYagz1/pSTn", "XYagz1 pSTn", "a secret access key"},
      {"XYagz1/pSTn", "XYagz1\\npSTn", "a secret access key"},
      {"'Token':'FQoGZXIv==',", "", "Token"},
      {"'FQoGZXIv=='", "null", "Token"},
      {"'FQoGZXIv=='", "12", "Token"},
      {"FQoGZXIv==", "", "Token"},
      {"FQoGZXIv==", "FQoG ZXIv", "a session token"},
      {"'Expiration':'2026-01-19T14:47:33Z',", "", "Expiration"},
      {"2026-01-19T14:47:33Z", "", "Expiration"},
      {"2026-01-19T14:47:33Z", "1768790853", "Expiration"},
      {"2026-01-19T14:47:33Z", "2026-01-19T14:47:33", "Expiration"},
      {"'2026-01-19T14:47:33Z'", "1768790853", "Expiration"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_aws_credentials out = {.expires_at_ms = 7};
    struct snt_err err = {0};
    const char *text = with(rows[i].part, rows[i].by);
    if (parse(text, &TEMPORARY, &out, &err) != SNT_CODE_ANSWER_INVALID ||
        strstr(err.message, rows[i].message) == NULL) {
      fail_msg("%s: %s", text, err.message);
    }
    assert_null(out.secret_key);
    assert_null(out.session_token);
    assert_int_equal(out.expires_at_ms, 0);
    assert_non_null(strstr(err.message, WHAT));
    assert_null(strstr(err.message, "XYagz1"));
    assert_null(strstr(err.message, "FQoG"));
  }
  struct snt_aws_credentials out = {0};
  assert_int_equal(parse("[]", &LASTING, &out, NULL), SNT_CODE_ANSWER_INVALID);
  assert_int_equal(parse("{}", &LASTING, &out, NULL), SNT_CODE_ANSWER_INVALID);
}

static void what_is_whole_is_taken(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials out = {0};
  assert_int_equal(parse(WHOLE, &TEMPORARY, &out, NULL), SNT_CODE_OK);
  assert_string_equal(out.access_key_id, KEY);
  assert_string_equal(snt_secret_borrow(out.secret_key), "XYagz1/pSTn");
  assert_string_equal(snt_secret_borrow(out.session_token), "FQoGZXIv==");
  assert_string_equal(out.source, WHAT);
  assert_int_equal(out.expires_at_ms, ANSWER_DATE_MS + INT64_C(43200000));
}

static void token_and_end_may_be_missing_where_keys_may_last(void **state) {
  (void)state;
  static const char *const texts[] = {
      "{'AccessKeyId':'" KEY "','SecretAccessKey':'XYagz1'}",
      "{'AccessKeyId':'" KEY "','SecretAccessKey':'XYagz1','Token':null,'Expiration':null}",
      "{'AccessKeyId':'" KEY "','SecretAccessKey':'XYagz1','Token':''}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials out = {0};
    assert_int_equal(parse(texts[i], &LASTING, &out, NULL), SNT_CODE_OK);
    assert_null(out.session_token);
    assert_int_equal(out.expires_at_ms, 0);
  }
  struct snt_aws_credentials out = {0};
  assert_int_equal(parse(with("'FQoGZXIv=='", "1"), &LASTING, &out, NULL), SNT_CODE_ANSWER_INVALID);
  assert_int_equal(parse(with("2026-01-19T14:47:33Z", "soon"), &LASTING, &out, NULL), SNT_CODE_ANSWER_INVALID);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_whole_is_refused),
      cmocka_unit_test(what_is_whole_is_taken),
      cmocka_unit_test(token_and_end_may_be_missing_where_keys_may_last),
  };
  return cmocka_run_group_tests_name("json_credentials", tests, NULL, NULL);
}
