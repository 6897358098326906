#include "aws_answer.h"

#include "aws/ssm.h"

#define JSON "application/x-amz-json-1.1"

static struct snt_aws_endpoint ssm;

static int open_ssm(void **state) {
  ssm = endpoint_of("ssm");
  return open_base_credentials(state);
}

static snt_status parse_history(const char *body, struct snt_ssm_entries *history, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_ssm_prepare_get_history(&call, &ssm, &base_credentials, "/p/prod", history->next_token, NULL));
  answer(&call, 200, JSON, json_of(body));
  return snt_ssm_parse_get_history(&call, history, err);
}

static snt_status parse_listing(const char *body, struct snt_ssm_entries *listing, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_ssm_prepare_get_by_path(&call, &ssm, &base_credentials, "/b", listing->next_token, NULL));
  answer(&call, 200, JSON, json_of(body));
  return snt_ssm_parse_get_by_path(&call, listing, err);
}

#define ENTRY(name, version, more)                                                                                     \
  "{'Name':'" name "','Type':'String','Value':'v" version "','Version':" version more "}"
#define DATED(name, version) ENTRY(name, version, ",'LastModifiedDate':1768790853.5")
#define PAGE(entries) "{'Parameters':[" entries "]}"
#define PAGE_TO(token, entries) "{'Parameters':[" entries "],'NextToken':'" token "'}"

static void pages_that_make_no_sense_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      "",
      "[]",
      "{}",
      "{'Parameters':{}}",
      "{'Parameters':null}",
      PAGE("null"),
      PAGE("'/p/prod'"),
      PAGE(DATED("/p/prod2", "1")),
      PAGE(DATED("/b", "1")),
      PAGE(DATED("/b/", "1")),
      PAGE(DATED("/bb/1", "1")),
      PAGE(DATED("/c/1", "1")),
      PAGE(DATED("", "1")),
      PAGE(ENTRY("/p/prod", "1", "") "," ENTRY("/b/1", "1", "")),
      PAGE(ENTRY("/b/1", "1", ",'LastModifiedDate':'1768790853'")),
      PAGE("{'Type':'String','Value':'v','Version':1,'LastModifiedDate':1}"),
      "{'Parameters':[],'NextToken':''}",
      "{'Parameters':[],'NextToken':null}",
      "{'Parameters':[],'NextToken':7}",
      "{'Parameters':[],'NextToken':'a\\u0000b'}",
      "{'Parameters':[],'NextToken':'a','NextToken':'b'}",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    for (int is_history = 0; is_history < 2; is_history++) {
      SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries entries = {0};
      struct snt_err err = {0};
      snt_status status =
          is_history ? parse_history(bodies[i], &entries, &err) : parse_listing(bodies[i], &entries, &err);
      if (status.code != SNT_CODE_ANSWER_INVALID || entries.count != 0 || entries.next_token != NULL) {
        fail_msg("%s: %s", bodies[i], snt_code_name(status.code));
      }
      assert_non_null(strstr(err.message, is_history ? "SSM GetParameterHistory in eu-central-1"
                                                     : "SSM GetParametersByPath in eu-central-1"));
    }
  }
}

static void odd_versions_are_refused(void **state) {
  (void)state;
  static const char *const bodies[] = {
      PAGE(DATED("/p/prod", "1") "," DATED("/p/prod", "1")),
      PAGE(ENTRY("/p/prod", "0", ",'LastModifiedDate':1768790853.5")),
      PAGE(ENTRY("/p/prod", "1", ",'LastModifiedDate':0")),
      PAGE(ENTRY("/p/prod", "1", ",'LastModifiedDate':-1768790853.5")),
      PAGE(ENTRY("/p/prod", "1", ",'LastModifiedDate':1e300")),
      PAGE(ENTRY("/p/prod", "1", ",'LastModifiedDate':1768790853.5,'LastModifiedUser':7")),
      PAGE(ENTRY("/p/prod", "1", ",'LastModifiedDate':1768790853.5,'LastModifiedUser':null")),
      PAGE(ENTRY("/p/prod", "1", ",'LastModifiedDate':1768790853.5,'Description':[]")),
      PAGE("{'Name':'/p/prod','Type':'StringList','Value':'a,b','Version':1,'LastModifiedDate':1768790853.5}"),
      PAGE("{'Name':'/p/prod','Type':'String','Version':1,'LastModifiedDate':1768790853.5}"),
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
    snt_status status = parse_history(bodies[i], &history, NULL);
    if (status.code != SNT_CODE_ANSWER_INVALID || history.count != 0) {
      fail_msg("%s: %s", bodies[i], snt_code_name(status.code));
    }
  }
}

static void a_history_is_one_whatever_its_pages(void **state) {
  (void)state;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  assert_ok(parse_history(PAGE_TO("t1", DATED("/p/prod", "2") "," DATED("/p/prod", "1")), &history, NULL));
  assert_string_equal(history.next_token, "t1");
  assert_ok(parse_history(PAGE_TO("t2", ""), &history, NULL));
  assert_string_equal(history.next_token, "t2");
  assert_ok(parse_history(PAGE(DATED("/p/prod", "3") "," DATED("/p/prod", "10")), &history, NULL));
  assert_null(history.next_token);
  static const int64_t versions[] = {10, 3, 2, 1};
  assert_int_equal(history.count, 4);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(history.list[i].version, versions[i]);
  }
  assert_string_equal(history.list[0].value.data, "v10");
}

static void a_version_tells_who_when_and_what(void **state) {
  (void)state;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  assert_ok(parse_history(
      PAGE("{'Name':'/p/prod','Type':'SecureString','Value':'v','Version':1,'LastModifiedDate':1.768790853542E9,"
           "'LastModifiedUser':'arn:aws:iam::123456789012:user/alice','Description':'serial 1','Labels':[],"
           "'Tier':'Standard','KeyId':'alias/aws/ssm'}"),
      &history, NULL));
  const struct snt_ssm_entry *entry = &history.list[0];
  assert_string_equal(entry->name, "/p/prod");
  assert_int_equal(entry->modified_ms, INT64_C(1768790853542));
  assert_string_equal(entry->modified_by, "arn:aws:iam::123456789012:user/alice");
  assert_string_equal(entry->description, "serial 1");
  assert_true(entry->is_secure);
  assert_ok(parse_history(PAGE(ENTRY("/p/prod", "2", ",'LastModifiedDate':1768790853,'Description':'a\\u001bb'")),
                          &history, NULL));
  assert_int_equal(history.list[0].modified_ms, INT64_C(1768790853000));
  assert_string_equal(history.list[0].modified_by, "");
  assert_string_equal(history.list[0].description, "");
}

static void pages_that_go_round_in_a_loop_are_refused(void **state) {
  (void)state;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  assert_ok(parse_history(PAGE_TO("t1", DATED("/p/prod", "1")), &history, NULL));
  static const char *const bodies[] = {
      PAGE_TO("t1", ""),
      PAGE_TO("t1", DATED("/p/prod", "2")),
      PAGE_TO("t2", DATED("/p/prod", "2") "," DATED("/p/prod", "1")),
      PAGE(DATED("/p/prod", "1")),
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    assert_code(parse_history(bodies[i], &history, NULL), SNT_CODE_ANSWER_INVALID);
    assert_int_equal(history.count, 1);
    assert_string_equal(history.next_token, "t1");
  }
  for (size_t i = 1; i < 4000; i++) {
    assert_ok(parse_history(i % 2 == 0 ? PAGE_TO("t1", "") : PAGE_TO("t2", ""), &history, NULL));
  }
  assert_code(parse_history(PAGE_TO("t1", ""), &history, NULL), SNT_CODE_ANSWER_INVALID);
}

static void a_listing_is_sorted_by_name(void **state) {
  (void)state;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries listing = {0};
  assert_ok(parse_listing(PAGE_TO("t", DATED("/b/y/1", "1") "," DATED("/b/x/1", "4")), &listing, NULL));
  assert_code(parse_listing(PAGE(DATED("/b/x/1", "5")), &listing, NULL), SNT_CODE_ANSWER_INVALID);
  assert_code(parse_listing(PAGE(DATED("/b/z", "5") "," DATED("/b/z", "6")), &listing, NULL), SNT_CODE_ANSWER_INVALID);
  assert_ok(parse_listing(PAGE(DATED("/b/x/0", "2") "," DATED("/b/z", "3")), &listing, NULL));
  static const char *const names[] = {"/b/x/0", "/b/x/1", "/b/y/1", "/b/z"};
  assert_int_equal(listing.count, 4);
  for (size_t i = 0; i < 4; i++) {
    assert_string_equal(listing.list[i].name, names[i]);
    assert_null(listing.list[i].value.data);
  }
  assert_int_equal(listing.list[1].version, 4);
}

static void a_listing_keeps_values_when_it_is_told_to(void **state) {
  (void)state;
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries listing = {.keeps_values = true};
  assert_ok(parse_listing(PAGE(DATED("/b/y/1", "1")), &listing, NULL));
  assert_string_equal(listing.list[0].value.data, "v1");
}

static void the_requests_are_those_of_the_api(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  assert_ok(snt_ssm_prepare_get_history(&call, &ssm, &base_credentials, "/p/prod", NULL, NULL));
  assert_string_equal(call.target, "AmazonSSM.GetParameterHistory");
  assert_string_equal(call.body.data, "{\"Name\":\"/p/prod\",\"WithDecryption\":true,\"MaxResults\":50}");
  assert_true(call.body_cap >= 50 * 6 * 8192);
  assert_ok(snt_ssm_prepare_get_by_path(&call, &ssm, &base_credentials, "/b", "t\"1", NULL));
  assert_string_equal(call.target, "AmazonSSM.GetParametersByPath");
  assert_string_equal(call.body.data, "{\"Path\":\"/b\",\"Recursive\":true,\"WithDecryption\":true,\"MaxResults\":10,"
                                      "\"NextToken\":\"t\\\"1\"}");
  static const char *const odd[] = {"", "/", "b", "/b/"};
  for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
    assert_code(snt_ssm_prepare_get_by_path(&call, &ssm, &base_credentials, odd[i], NULL, NULL), SNT_CODE_BUG);
  }
}

static void a_parameter_without_history_is_none(void **state) {
  (void)state;
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  struct snt_err err = {0};
  assert_ok(snt_ssm_prepare_get_history(&call, &ssm, &base_credentials, "/p/prod", NULL, NULL));
  answer(&call, 400, JSON, json_of("{'__type':'ParameterNotFound'}"));
  assert_code(snt_ssm_parse_get_history(&call, &history, &err), SNT_CODE_NO_POLICY);
  assert_non_null(strstr(err.message, "no SSM parameter \"/p/prod\" in eu-central-1"));
  answer(&call, 400, JSON, json_of("{'__type':'AccessDeniedException'}"));
  assert_code(snt_ssm_parse_get_history(&call, &history, &err), SNT_CODE_AWS_REFUSED);
  assert_non_null(strstr(err.hint, "ssm:GetParameterHistory on SSM parameter /p/prod"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pages_that_make_no_sense_are_refused),      cmocka_unit_test(odd_versions_are_refused),
      cmocka_unit_test(a_history_is_one_whatever_its_pages),       cmocka_unit_test(a_version_tells_who_when_and_what),
      cmocka_unit_test(pages_that_go_round_in_a_loop_are_refused), cmocka_unit_test(a_listing_is_sorted_by_name),
      cmocka_unit_test(a_listing_keeps_values_when_it_is_told_to), cmocka_unit_test(the_requests_are_those_of_the_api),
      cmocka_unit_test(a_parameter_without_history_is_none),
  };
  return cmocka_run_group_tests_name("ssm_pages", tests, open_ssm, close_base_credentials);
}
