#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/plugin.h"

#define HEAD "{\"name\":\"oncall\",\"version\":\"1.2.0\",\"api\":1,\"summary\":\"x\","
#define LIMITS "\"limits\":{\"timeout\":800,\"fuel\":2000000}"

static snt_status parse_with(const char *source, const char *json, struct snt_plugin *out, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(json, strlen(json), "the text", &doc, err));
  return snt_plugin_parse("p/plugin.lua", snt_slice_of(source), snt_json_root(doc), out, err);
}

static snt_status parse(const char *json, struct snt_plugin *out, struct snt_err *err) {
  return parse_with("", json, out, err);
}

static const char FULL[] =
    HEAD "\"args\":{\"schedule\":{\"type\":\"string\",\"required\":true}},\"needs\":{\"request\":[\"user\"],"
         "\"http\":{\"q\":{\"url\":\"GET "
         "https://a.example/{id}\",\"secret\":\"token\",\"accept\":\"a/b\",\"select\":[\"a.b\"],"
         "\"params\":{\"id\":\"[A-Z]+\"}}},\"secrets\":{\"token\":{\"header\":\"Authorization\",\"format\":\"T %s\"}},"
         "\"geoip\":true,\"history\":true,\"files\":[\"*.ics\"]}," LIMITS ",\"cache\":{\"ttl\":60}}";

static void what_is_reported_is_kept_and_passed_on(void **state) {
  (void)state;
  SNT_PLUGIN_AUTO struct snt_plugin plugin = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(parse(FULL, &plugin, NULL));
  assert_string_equal(plugin.name, "oncall");
  assert_int_equal(plugin.timeout_ms, 800);
  assert_int_equal(plugin.cache_ttl_s, 60);
  assert_true(plugin.needs_geoip && plugin.needs_history);
  assert_string_equal(plugin.files[0], "*.ics");
  const struct snt_question *question = snt_plugin_find_question(&plugin, "q");
  assert_non_null(question);
  assert_true(question->params[0].is_allowed['Q'] && !question->params[0].is_allowed['q']);
  assert_string_equal(snt_plugin_find_secret(&plugin, "token")->format, "T %s");
  assert_null(snt_plugin_find_question(&plugin, "other"));
  char name[] = "days.ics";
  char *files[] = {name};
  assert_ok(snt_plugin_format(&plugin, files, 1, &text, NULL));
  assert_string_equal(snt_buf_borrow(&text),
                      "{\"name\":\"oncall\",\"args\":{\"schedule\":{\"type\":\"string\",\"required\":true}},"
                      "\"request\":[\"user\"],\"http\":{\"q\":{\"id\":true}},\"geoip\":true,\"history\":true,"
                      "\"needs_files\":true,\"granted_files\":[\"days.ics\"],\"timeout_ms\":800,\"fuel\":2000000}");
}

static void the_least_is_enough(void **state) {
  (void)state;
  SNT_PLUGIN_AUTO struct snt_plugin plugin = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(parse(HEAD LIMITS "}", &plugin, NULL));
  assert_false(plugin.needs_geoip || plugin.needs_history || plugin.question_count > 0);
  assert_ok(snt_plugin_format(&plugin, NULL, 0, &text, NULL));
  assert_non_null(strstr(snt_buf_borrow(&text), "\"args\":{},\"request\":[],\"http\":{}"));
}

static void questions_are_told_by_name(void **state) {
  (void)state;
  SNT_PLUGIN_AUTO struct snt_plugin plugin = {0};
  assert_ok(parse(HEAD "\"needs\":{\"http\":{\"r\":{\"url\":\"GET https://r.example/\"},\"q\":{\"url\":\"GET "
                       "https://q.example/\"}}}," LIMITS "}",
                  &plugin, NULL));
  assert_string_equal(plugin.questions[0].name, "q");
  assert_string_equal(plugin.questions[1].url, "https://r.example/");
}

static void a_report_that_makes_no_sense_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *json;
    enum snt_code code;
  } rows[] = {
      {"[]", SNT_CODE_EVALUATOR},
      {"{}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"more\":1}", SNT_CODE_EVALUATOR},
      {"{\"name\":\"a\",\"version\":\"1\",\"api\":2,\"summary\":\"x\"," LIMITS "}", SNT_CODE_EVALUATOR},
      {"{\"name\":5,\"version\":\"1\",\"api\":1,\"summary\":\"x\"," LIMITS "}", SNT_CODE_EVALUATOR},
      {"{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"version\":\"1\",\"api\":1," LIMITS "}",
       SNT_CODE_EVALUATOR},
      {HEAD "\"limits\":{\"timeout\":80000,\"fuel\":2000000}}", SNT_CODE_EVALUATOR},
      {HEAD "\"limits\":{\"timeout\":800,\"fuel\":200000000}}", SNT_CODE_EVALUATOR},
      {HEAD "\"limits\":{\"timeout\":-1,\"fuel\":20000}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"geoip\":1}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"other\":{}}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"files\":[5]}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"files\":\"a\"}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"secrets\":[5]}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"http\":[5]}}", SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET https://a/{x}\",\"params\":[\"[a]+\"]}}}}",
       SNT_CODE_EVALUATOR},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET http://a/\"}}}}", SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET https://u@a/\"}}}}", SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET https://a/\",\"secret\":\"s\"}}}}",
       SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET https://a/\",\"params\":{\"x\":\"[a]+\"}}}}}",
       SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET https://a/{x}\",\"params\":{\"x\":\".*\"}}}}}",
       SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET https://a/\",\"select\":[\"a[0]\"]}}}}",
       SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"secrets\":{\"s\":{\"header\":\"Host\",\"format\":\"%s\"}}}}",
       SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"secrets\":{\"s\":{\"header\":\"X:y\",\"format\":\"%s\"}}}}", SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"secrets\":{\"s\":{\"header\":\"X\",\"format\":\"none\"}}}}", SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"secrets\":{\"s\":{\"header\":\"X\",\"format\":\"%s%s\"}}}}", SNT_CODE_POLICY_INVALID},
      {HEAD LIMITS ",\"needs\":{\"secrets\":{\"s\":{\"header\":\"X\",\"format\":\"%n\"}}}}", SNT_CODE_POLICY_INVALID},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_plugin plugin = {0};
    struct snt_err err = {0};
    snt_status status = parse(rows[i].json, &plugin, &err);
    if (status.code != rows[i].code || err.message[0] == '\0') {
      fail_msg("%s: %s %s", rows[i].json, snt_code_name(status.code), err.message);
    }
  }
}

static void a_problem_has_the_place_of_its_key(void **state) {
  (void)state;
  static const char json[] = HEAD LIMITS ",\"needs\":{\"http\":{\"q\":{\"url\":\"GET http://a/\"}}}}";
  static const struct {
    const char *source, *place;
  } rows[] = {
      {"", "1:1"},
      {"url = 1, my_needs = 2, args = { q = 1 },\n needs = {\n  http = { other = { url = 1 }, url == 2,\n"
       "   q = { my_url = 1, urls = 1, url  = 'GET http://a/' } } }",
       "4:32"},
      {"needs={http={q={url='GET http://a/'}}}", "1:17"},
      {"local q = { url = 'GET http://a/' }\nreturn { needs = { http = { q = q } } }", "1:1"},
      {"needs = { http = { q = { url =", "1:1"},
      {"needs", "1:1"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_PLUGIN_AUTO struct snt_plugin plugin = {0};
    struct snt_err err = {0};
    char wanted[128];
    (void)snprintf(wanted, sizeof wanted, "p/plugin.lua:%s: needs.http.q.url has to begin with \"GET https://\"",
                   rows[i].place);
    assert_code(parse_with(rows[i].source, json, &plugin, &err), SNT_CODE_POLICY_INVALID);
    assert_string_equal(err.message, wanted);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_problem_has_the_place_of_its_key),
      cmocka_unit_test(what_is_reported_is_kept_and_passed_on),
      cmocka_unit_test(the_least_is_enough),
      cmocka_unit_test(questions_are_told_by_name),
      cmocka_unit_test(a_report_that_makes_no_sense_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
