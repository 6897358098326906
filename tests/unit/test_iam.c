#include "aws_answer.h"

#include "aws/iam.h"

#define OLD_ID "AKIAIOSFODNN7EXAMPLE"
#define NEW_ID "AKIAI44QH8DHBEXAMPLE"
#define NEW_SECRET "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
#define SPACE " xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\""

static struct snt_aws_endpoint iam;

static int open_iam(void **state) {
  iam = endpoint_of("iam");
  return open_base_credentials(state);
}

static snt_status parse_list(const char *body, struct snt_iam_keys *out, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_iam_prepare_list_keys(&call, &iam, &base_credentials, NULL));
  answer(&call, 200, "text/xml", body);
  return snt_iam_parse_list_keys(&call, out, err);
}

#define MEMBER(id, status)                                                                                             \
  "<member><UserName>alice</UserName><AccessKeyId>" id "</AccessKeyId><Status>" status                                 \
  "</Status><CreateDate>2026-01-19T02:47:33Z</CreateDate></member>"
#define LIST(members)                                                                                                  \
  "<ListAccessKeysResponse" SPACE "><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>" members \
  "</AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"

#define CUT_OFF                                                                                                        \
  "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>true</IsTruncated></ListAccessKeysResult>"               \
  "</ListAccessKeysResponse>"

static void lists_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "<CreateAccessKeyResponse/>",
      LIST("<member/>"),
      LIST("<member><AccessKeyId>" OLD_ID "</AccessKeyId></member>"),
      LIST(MEMBER("short", "Active")),
      LIST(MEMBER("akiaiosfodnn7example", "Active")),
      LIST(MEMBER(OLD_ID, "active")),
      LIST(MEMBER(OLD_ID, "Active") MEMBER("", "Active")),
      LIST("<member><AccessKeyId>" OLD_ID "</AccessKeyId><Status>Active</Status><CreateDate>a b</CreateDate></member>"),
      LIST(MEMBER(OLD_ID, "Active") MEMBER(OLD_ID, "Active") MEMBER(OLD_ID, "Active") MEMBER(OLD_ID, "Active")
               MEMBER(OLD_ID, "Active") MEMBER(OLD_ID, "Active") MEMBER(OLD_ID, "Active") MEMBER(OLD_ID, "Active")
                   MEMBER(OLD_ID, "Active")),
      CUT_OFF,
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct snt_err err = {0};
    struct snt_iam_keys keys;
    assert_code(parse_list(bodies[i], &keys, &err), SNT_CODE_ANSWER_INVALID);
    assert_int_equal(keys.count, 0);
  }
}

static void a_list_is_taken_with_status_and_date(void **state) {
  (void)state;
  struct snt_iam_keys keys;
  assert_ok(parse_list(LIST(MEMBER(OLD_ID, "Active") MEMBER(NEW_ID, "Inactive")), &keys, NULL));
  assert_int_equal(keys.count, 2);
  assert_true(snt_iam_keys_find(&keys, OLD_ID)->is_active);
  assert_false(snt_iam_keys_find(&keys, NEW_ID)->is_active);
  assert_string_equal(keys.list[1].created, "2026-01-19T02:47:33Z");
  assert_null(snt_iam_keys_find(&keys, "AKIAIOSFODNN7EXAMPLF"));
  assert_ok(parse_list(LIST(""), &keys, NULL));
  assert_int_equal(keys.count, 0);
}

static snt_status parse_create(const char *body, struct snt_aws_credentials *out, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_iam_prepare_create_key(&call, &iam, &base_credentials, NULL));
  assert_true(call.is_once);
  assert_true(call.timeout_ms > 3000);
  assert_string_equal(call.body.data, "Action=CreateAccessKey&Version=2010-05-08");
  answer(&call, 200, "text/xml", body);
  return snt_iam_parse_create_key(&call, out, err);
}

#define CREATED(id, secret, status)                                                                                    \
  "<CreateAccessKeyResponse" SPACE "><CreateAccessKeyResult><AccessKey><UserName>alice</UserName><AccessKeyId>" id     \
  "</AccessKeyId><Status>" status "</Status><SecretAccessKey>" secret                                                  \
  "</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>"

static void new_keys_that_make_no_sense_are_refused_and_not_shown(void **state) {
  (void)state;
  static const char *const bodies[] = {
      LIST(""),
      CREATED("", NEW_SECRET, "Active"),
      CREATED("short", NEW_SECRET, "Active"),
      CREATED(NEW_ID, "", "Active"),
      CREATED(NEW_ID, "with a space " NEW_SECRET, "Active"),
      CREATED(NEW_ID, NEW_SECRET "\"", "Active"),
      CREATED(NEW_ID, NEW_SECRET, "Inactive"),
      CREATED(NEW_ID, NEW_SECRET, ""),
      CREATED(OLD_ID, NEW_SECRET, "Active"),
      CREATED(NEW_ID, NEW_SECRET "</SecretAccessKey><SecretAccessKey>x", "Active"),
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct snt_err err = {0};
    struct snt_aws_credentials key;
    assert_code(parse_create(bodies[i], &key, &err), SNT_CODE_ANSWER_INVALID);
    assert_null(key.secret_key);
    assert_null(strstr(err.message, NEW_SECRET));
    assert_null(strstr(err.hint, NEW_SECRET));
  }
}

static void a_new_key_is_taken_whole(void **state) {
  (void)state;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials key = {0};
  assert_ok(parse_create(CREATED(NEW_ID, NEW_SECRET, "Active"), &key, NULL));
  assert_string_equal(key.access_key_id, NEW_ID);
  assert_string_equal(snt_secret_borrow(key.secret_key), NEW_SECRET);
  assert_null(key.session_token);
}

static snt_status parse_delete(long http_status, const char *body, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_iam_prepare_delete_key(&call, &iam, &base_credentials, NEW_ID, NULL));
  assert_string_equal(call.body.data, "Action=DeleteAccessKey&Version=2010-05-08&AccessKeyId=" NEW_ID);
  answer(&call, http_status, "text/xml", body);
  return snt_iam_parse_delete_key(&call, err);
}

#define REFUSED(code, message)                                                                                         \
  "<ErrorResponse" SPACE "><Error><Type>Sender</Type><Code>" code "</Code><Message>" message                           \
  "</Message></Error></ErrorResponse>"

static void a_key_that_is_gone_is_deleted(void **state) {
  (void)state;
  assert_ok(parse_delete(200, "<DeleteAccessKeyResponse" SPACE "/>", NULL));
  assert_ok(parse_delete(404, REFUSED("NoSuchEntity", "The Access Key cannot be found."), NULL));
  assert_code(parse_delete(200, "<CreateAccessKeyResponse/>", NULL), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_delete(404, "<html/>", NULL), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_delete(400, REFUSED("NoSuchEntity", "x"), NULL), SNT_CODE_AWS_REFUSED);
  assert_code(parse_delete(503, REFUSED("ServiceFailure", "x"), NULL), SNT_CODE_AWS_REFUSED);
}

static void a_missing_permission_is_named(void **state) {
  (void)state;
  struct snt_err err = {0};
  assert_code(parse_delete(403, REFUSED("AccessDenied", "no"), &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.hint, "iam:DeleteAccessKey is missing"));
  const char *named = REFUSED("AccessDenied", "User: arn:aws:iam::123456789012:user/alice is not authorized to "
                                              "perform: iam:Other on resource: user alice");
  assert_code(parse_delete(403, named, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.hint, "iam:Other is missing"));
  assert_non_null(strstr(err.hint, "iam:CreateAccessKey"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_that_make_no_sense_are_refused),
      cmocka_unit_test(a_list_is_taken_with_status_and_date),
      cmocka_unit_test(new_keys_that_make_no_sense_are_refused_and_not_shown),
      cmocka_unit_test(a_new_key_is_taken_whole),
      cmocka_unit_test(a_key_that_is_gone_is_deleted),
      cmocka_unit_test(a_missing_permission_is_named),
  };
  return cmocka_run_group_tests(tests, open_iam, close_base_credentials);
}
