#include "aws_answer.h"

#include "aws/ssm.h"

#define JSON "application/x-amz-json-1.1"

static const char *const NAMES[] = {"/b/1", "/b/0"};
static const struct snt_ssm_names BOTH = {NAMES, 2};

static struct snt_aws_endpoint ssm;

static int open_ssm(void **state) {
  ssm = endpoint_of("ssm");
  return open_base_credentials(state);
}

#define VALUE(name, value) "{'Name':'" name "','Type':'String','Value':'" value "','Version':3}"
#define BATCH(found, missing) "{'Parameters':[" found "],'InvalidParameters':[" missing "]}"

static snt_status parse_get(long http_status, const char *body, struct snt_ssm_batch *out, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_ssm_prepare_get_parameters(&call, &ssm, &base_credentials, &BOTH, NULL));
  answer(&call, http_status, JSON, json_of(body));
  return snt_ssm_parse_get_parameters(&call, &BOTH, out, err);
}

static void odd_names_are_a_bug(void **state) {
  (void)state;
  static const char *const names[] = {"/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10"};
  static const char *const twice[] = {"/a", "/b", "/a"};
  static const char *const selected[] = {"/a:3"};
  static const char *const empty[] = {"/a", ""};
  const struct snt_ssm_names rows[] = {{names, 0}, {names, 11}, {twice, 3}, {selected, 1}, {empty, 2}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
    struct snt_ssm_batch batch;
    size_t deleted = 7;
    assert_code(snt_ssm_prepare_get_parameters(&call, &ssm, &base_credentials, &rows[i], NULL), SNT_CODE_BUG);
    assert_code(snt_ssm_prepare_delete_parameters(&call, &ssm, &base_credentials, &rows[i], NULL), SNT_CODE_BUG);
    assert_code(snt_ssm_parse_get_parameters(&call, &rows[i], &batch, NULL), SNT_CODE_BUG);
    assert_code(snt_ssm_parse_delete_parameters(&call, &rows[i], &deleted, NULL), SNT_CODE_BUG);
    assert_int_equal(deleted, 0);
  }
}

static void batches_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "",
      "[]",
      "{}",
      "{'Parameters':[" VALUE("/b/0", "v") "," VALUE("/b/1", "v") "]}",
      "{'InvalidParameters':['/b/0','/b/1']}",
      "{'Parameters':{},'InvalidParameters':['/b/0','/b/1']}",
      "{'Parameters':[],'InvalidParameters':{}}",
      "{'Parameters':[],'Parameters':[],'InvalidParameters':['/b/0','/b/1']}",
      BATCH("", ""),
      BATCH(VALUE("/b/0", "v"), ""),
      BATCH("", "'/b/1'"),
      BATCH("", "'/b/0','/b/0','/b/1'"),
      BATCH("", "'/b/0','/b/1','/b/2'"),
      BATCH("", "'/b/0','/b/1',null"),
      BATCH("", "'/b/0',['/b/1']"),
      BATCH(VALUE("/b/0", "v"), "'/b/0','/b/1'"),
      BATCH(VALUE("/b/0", "v") "," VALUE("/b/0", "v"), "'/b/1'"),
      BATCH(VALUE("/b/0", "v") "," VALUE("/b/1", "v") "," VALUE("/b/2", "v"), ""),
      BATCH(VALUE("/b/", "v"), "'/b/1'"),
      BATCH(VALUE("/b/00", "v"), "'/b/1'"),
      BATCH(VALUE("/B/0", "v"), "'/b/1'"),
      BATCH(VALUE("/b/0\\u0000", "v"), "'/b/1'"),
      BATCH("'/b/0'", "'/b/1'"),
      BATCH("null", "'/b/0','/b/1'"),
      BATCH("{'Type':'String','Value':'v','Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Value':'v','Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'StringList','Value':'v','Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'string','Value':'v','Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':null,'Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':7,'Version':3}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':'v'}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':'v','Version':0}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':'v','Version':'3'}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':'v','Version':3.0}", "'/b/1'"),
      BATCH("{'Name':'/b/0','Type':'String','Value':'v','Value':'w','Version':3}", "'/b/1'"),
      BATCH(VALUE("/b/0", "v"), "'/b/1'") "{}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    struct snt_err err = {0};
    struct snt_ssm_batch batch;
    snt_status status = parse_get(200, bodies[i], &batch, &err);
    if (status.code != SNT_CODE_ANSWER_INVALID || batch.count != 0 || batch.list[0].value.data != NULL) {
      fail_msg("%s: %s", bodies[i], snt_code_name(status.code));
    }
    assert_non_null(strstr(err.message, "SSM GetParameters in eu-central-1"));
    assert_no_secret(&err);
  }
}

static void a_value_that_came_encrypted_is_refused(void **state) {
  (void)state;
  struct snt_err err = {0};
  struct snt_ssm_batch batch;
  assert_code(parse_get(200,
                        BATCH("{'Name':'/b/0','Type':'SecureString','Value':'AQICAHhR9d0X','Version':3}", "'/b/1'"),
                        &batch, &err),
              SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "/b/0"));
  assert_non_null(strstr(err.hint, "kms:Decrypt"));
}

static void values_come_in_the_order_of_the_names(void **state) {
  (void)state;
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  assert_ok(parse_get(200, BATCH(VALUE("/b/0", "zero") "," VALUE("/b/1", "one"), ""), &batch, NULL));
  assert_int_equal(batch.count, 2);
  assert_int_equal(batch.missing, 0);
  assert_string_equal(batch.list[0].value.data, "one");
  assert_string_equal(batch.list[1].value.data, "zero");
  assert_int_equal(batch.list[1].version, 3);
  assert_false(batch.list[0].is_secure);
}

static void what_is_missing_has_no_version(void **state) {
  (void)state;
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  assert_ok(
      parse_get(200, BATCH("{'Name':'/b/0','Type':'SecureString','Value':'','Version':1}", "'/b/1'"), &batch, NULL));
  assert_int_equal(batch.missing, 1);
  assert_int_equal(batch.list[0].version, 0);
  assert_null(batch.list[0].value.data);
  assert_int_equal(batch.list[1].version, 1);
  assert_true(batch.list[1].is_secure);
}

static void the_requests_are_those_of_the_api(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_ssm_prepare_get_parameters(&call, &ssm, &base_credentials, &BOTH, NULL));
  assert_string_equal(call.target, "AmazonSSM.GetParameters");
  assert_string_equal(call.body.data, "{\"Names\":[\"/b/1\",\"/b/0\"],\"WithDecryption\":true}");
  assert_ok(snt_ssm_prepare_delete_parameters(&call, &ssm, &base_credentials, &BOTH, NULL));
  assert_string_equal(call.target, "AmazonSSM.DeleteParameters");
  assert_string_equal(call.body.data, "{\"Names\":[\"/b/1\",\"/b/0\"]}");
  struct snt_ssm_put put = {.name = "/b/0", .value = {"a\"b\n", 4}};
  assert_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL));
  assert_string_equal(call.target, "AmazonSSM.PutParameter");
  assert_string_equal(call.body.data, "{\"Name\":\"/b/0\",\"Value\":\"a\\\"b\\n\",\"Type\":\"String\",\"Overwrite\":"
                                      "false,\"Tier\":\"Standard\"}");
  put = (struct snt_ssm_put){.name = "/p",
                             .value = {"v", 1},
                             .description = "serial 7",
                             .tier = SNT_SSM_TIER_ADVANCED,
                             .is_secure = true,
                             .may_overwrite = true};
  assert_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL));
  assert_string_equal(call.body.data, "{\"Name\":\"/p\",\"Value\":\"v\",\"Type\":\"SecureString\",\"Overwrite\":true,"
                                      "\"Tier\":\"Advanced\",\"Description\":\"serial 7\"}");
  put.tier = SNT_SSM_TIER_INTELLIGENT;
  assert_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL));
  assert_non_null(strstr(call.body.data, "\"Tier\":\"Intelligent-Tiering\""));
}

static void only_a_put_that_may_overwrite_goes_out_once(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_ssm_put put = {.name = "/b/0", .value = {"v", 1}};
  assert_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL));
  assert_false(call.is_once);
  assert_int_equal(call.timeout_ms, 10000);
  put.may_overwrite = true;
  assert_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL));
  assert_true(call.is_once);
  assert_ok(snt_ssm_prepare_delete_parameters(&call, &ssm, &base_credentials, &BOTH, NULL));
  assert_false(call.is_once);
}

static void a_value_that_is_no_text_is_not_sent(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  const struct snt_ssm_put put = {.name = "/b/0", .value = {"\xff", 1}};
  assert_false(snt_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL)));
}

static snt_status parse_put(long http_status, const char *body, int64_t *version, bool *is_there, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  const struct snt_ssm_put put = {.name = "/b/0", .value = {"v", 1}};
  assert_ok(snt_ssm_prepare_put_parameter(&call, &ssm, &base_credentials, &put, NULL));
  answer(&call, http_status, JSON, json_of(body));
  *is_there = snt_ssm_is_put_over_existing(&call);
  return snt_ssm_parse_put_parameter(&call, version, err);
}

static void a_put_tells_its_version(void **state) {
  (void)state;
  static const char *const bad[] = {"{}", "{'Version':0}", "{'Version':'1'}", "{'Version':1,'Version':1}", "[1]", ""};
  int64_t version = 7;
  bool is_there = true;
  assert_ok(parse_put(200, "{'Tier':'Standard','Version':12}", &version, &is_there, NULL));
  assert_int_equal(version, 12);
  assert_false(is_there);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_code(parse_put(200, bad[i], &version, &is_there, NULL), SNT_CODE_ANSWER_INVALID);
    assert_int_equal(version, 0);
  }
}

static void a_put_over_what_is_there_is_told_apart(void **state) {
  (void)state;
  struct snt_err err = {0};
  int64_t version = 7;
  bool is_there = false;
  assert_code(parse_put(400, "{'__type':'ParameterAlreadyExists','message':'x'}", &version, &is_there, &err),
              SNT_CODE_AWS_REFUSED);
  assert_true(is_there);
  assert_string_equal(err.message, "there is already an SSM parameter \"/b/0\" in eu-central-1");
  assert_code(
      parse_put(400, "{'__type':'ValidationException','message':'ParameterAlreadyExists'}", &version, &is_there, NULL),
      SNT_CODE_AWS_REFUSED);
  assert_false(is_there);
  assert_code(parse_put(500, "{'__type':'ParameterAlreadyExists'}", &version, &is_there, NULL), SNT_CODE_AWS_REFUSED);
  assert_false(is_there);
}

#define DENIED(action)                                                                                                 \
  "{'__type':'AccessDeniedException','Message':'User: arn:aws:iam::123456789012:user/a is not authorized to perform: " \
  "" action " on resource: x because no identity-based policy allows the " action " action'}"

static void refusals_name_the_thing_and_the_remedy(void **state) {
  (void)state;
  static const struct {
    const char *body, *in_message, *in_hint;
  } rows[] = {
      {DENIED("ssm:PutParameter"), "ssm:PutParameter", "needs ssm:PutParameter on SSM parameter /b/0 in eu-central-1"},
      {DENIED("ssm:AddTagsToResource"), "", "needs ssm:AddTagsToResource on SSM parameter /b/0"},
      {"{'__type':'AccessDeniedException'}", "", "needs ssm:PutParameter on SSM parameter /b/0"},
      {DENIED("kms:GenerateDataKey"), "", "needs kms:GenerateDataKey on the KMS key of SSM parameter /b/0"},
      {"{'__type':'AccessDeniedException','message':'KMS says no'}", "", "needs kms:Encrypt on the KMS key"},
      {"{'__type':'ParameterLimitExceeded','message':'m'}", "SSM parameter /b/0", "no more parameters in eu-central-1"},
      {"{'__type':'ParameterMaxVersionLimitExceeded','message':'m'}", "SSM parameter /b/0",
       "unlabel-parameter-version --region eu-central-1 --name /b/0"},
      {"{'__type':'HierarchyTypeMismatchException','message':'m'}", "SSM parameter /b/0", "keeps its type"},
      {"{'__type':'TooManyUpdates','message':'m'}", "TooManyUpdates", "try again"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_err err = {0};
    int64_t version = 0;
    bool is_there = false;
    assert_code(parse_put(400, rows[i].body, &version, &is_there, &err), SNT_CODE_AWS_REFUSED);
    if (strstr(err.message, rows[i].in_message) == NULL || strstr(err.hint, rows[i].in_hint) == NULL) {
      fail_msg("%s\n%s\nhint: %s", rows[i].body, err.message, err.hint);
    }
  }
}

static void a_refusal_of_many_names_the_first(void **state) {
  (void)state;
  struct snt_err err = {0};
  struct snt_ssm_batch batch;
  assert_code(parse_get(400, "{'__type':'AccessDeniedException'}", &batch, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.hint, "ssm:GetParameters on SSM parameter /b/1 and 1 more in eu-central-1"));
}

static void a_refusal_of_a_part_names_all_parts(void **state) {
  (void)state;
  static const char *const parts[] = {"/sentinel/bundles/ab/0", "/sentinel/bundles/ab/1"};
  const struct snt_ssm_names names = {parts, 2};
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_err err = {0};
  struct snt_ssm_batch batch;
  assert_ok(snt_ssm_prepare_get_parameters(&call, &ssm, &base_credentials, &names, NULL));
  answer(&call, 400, JSON, "{\"__type\":\"AccessDeniedException\"}");
  assert_code(snt_ssm_parse_get_parameters(&call, &names, &batch, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.hint, "ssm:GetParameters on SSM parameter /sentinel/bundles/* in eu-central-1"));
}

static snt_status parse_delete(const char *body, size_t *deleted) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_ssm_prepare_delete_parameters(&call, &ssm, &base_credentials, &BOTH, NULL));
  answer(&call, 200, JSON, json_of(body));
  return snt_ssm_parse_delete_parameters(&call, &BOTH, deleted, NULL);
}

static void what_was_not_there_is_deleted_too(void **state) {
  (void)state;
  static const char *const bad[] = {
      "{}",
      "{'DeletedParameters':['/b/0','/b/1']}",
      "{'DeletedParameters':['/b/0'],'InvalidParameters':[]}",
      "{'DeletedParameters':['/b/0','/b/1'],'InvalidParameters':['/b/1']}",
      "{'DeletedParameters':['/b/0','/b/1','/b/2'],'InvalidParameters':[]}",
      "{'DeletedParameters':'/b/0','InvalidParameters':['/b/1']}",
  };
  size_t deleted = 7;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_code(parse_delete(bad[i], &deleted), SNT_CODE_ANSWER_INVALID);
    assert_int_equal(deleted, 0);
  }
  assert_ok(parse_delete("{'DeletedParameters':['/b/0'],'InvalidParameters':['/b/1']}", &deleted));
  assert_int_equal(deleted, 1);
  assert_ok(parse_delete("{'DeletedParameters':['/b/0','/b/1'],'InvalidParameters':[]}", &deleted));
  assert_int_equal(deleted, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_names_are_a_bug),
      cmocka_unit_test(batches_that_make_no_sense_are_refused),
      cmocka_unit_test(a_value_that_came_encrypted_is_refused),
      cmocka_unit_test(values_come_in_the_order_of_the_names),
      cmocka_unit_test(what_is_missing_has_no_version),
      cmocka_unit_test(the_requests_are_those_of_the_api),
      cmocka_unit_test(only_a_put_that_may_overwrite_goes_out_once),
      cmocka_unit_test(a_value_that_is_no_text_is_not_sent),
      cmocka_unit_test(a_put_tells_its_version),
      cmocka_unit_test(a_put_over_what_is_there_is_told_apart),
      cmocka_unit_test(refusals_name_the_thing_and_the_remedy),
      cmocka_unit_test(a_refusal_of_many_names_the_first),
      cmocka_unit_test(a_refusal_of_a_part_names_all_parts),
      cmocka_unit_test(what_was_not_there_is_deleted_too),
  };
  return cmocka_run_group_tests_name("ssm_parameters", tests, open_ssm, close_base_credentials);
}
