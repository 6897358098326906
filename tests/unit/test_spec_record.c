#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "policy/spec.h"
#include "policy/spec_fixture.h"

/* A spec's run with an asker that answers from a table: by who or where it is about. */
static char folder[64];
static char results[4096];
static size_t asked;

static const struct {
  const char *param, *value;
  enum snt_fact_status status;
} ANSWERS[] = {
    {"x1", "{\"status\":200,\"headers\":{\"content-type\":\"application/json\"},\"json\":{\"ok\":true}}", SNT_FACT_OK},
    {"x2", "{\"status\":404,\"headers\":{\"content-type\":\"text/html\"},\"text\":\"a\\\"\\n\\u202e'b\"}", SNT_FACT_OK},
    {"x3", "{\"status\":200,\"headers\":{\"content-type\":\"application/a+json\"},\"json\":[]}", SNT_FACT_OK},
    {"198.51.100.7", "{\"country\":\"US\",\"latitude\":1.5000,\"is_anonymous\":false}", SNT_FACT_OK},
    {"late", NULL, SNT_FACT_TIMEOUT},
};

static snt_status ask(void *context, const struct snt_policy *policy, struct snt_fact *facts, size_t count,
                      int64_t deadline_ms, struct snt_err *err) {
  (void)context, (void)deadline_ms;
  assert_int_equal(policy->plugin_count, 1);
  for (size_t i = 0; i < count; i++) {
    const char *id = snt_fact_param(&facts[i], facts[i].kind == SNT_NEED_HTTP ? "id" : "ip");
    asked++;
    for (size_t j = 0; j < sizeof ANSWERS / sizeof ANSWERS[0]; j++) {
      if (strcmp(id, ANSWERS[j].param) == 0) {
        facts[i].status = ANSWERS[j].status;
        SNT_TRY(ANSWERS[j].value == NULL ? snt_done() : snt_buf_append_str(&facts[i].value, ANSWERS[j].value, err));
        (void)snprintf(facts[i].reason, sizeof facts[i].reason, "it was %s", ANSWERS[j].param);
      }
    }
  }
  return snt_done();
}

static void put(const char *name, const char *text) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_file_replace(path, text, strlen(text), 0644, NULL));
}

static const char *get(const char *name) {
  static char text[1024];
  char path[256];
  SNT_BUF_AUTO struct snt_buf content = {0};
  (void)snprintf(path, sizeof path, "%s/testdata/%s", folder, name);
  bool is_there = snt_ok(snt_file_read(path, SNT_FILE_ANY, sizeof text - 1, &content, NULL));
  (void)snprintf(text, sizeof text, "%s", is_there ? snt_buf_borrow(&content) : "nothing");
  return text;
}

static int make_folder(void **state) {
  (void)state;
  char path[128];
  static const char *const below[] = {"b", "b/plugins", "b/plugins/p", "b/plugins/p/spec"};
  (void)snprintf(folder, sizeof folder, "/tmp/snt-record-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, below[i]);
    (void)mkdir(path, 0755);
  }
  put("b/bundle.yaml", "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: p.yaml\nplugins:\n"
                       "  p: {version: 1.0.0, grant: {http: [q], hosts: [a.example], geoip: true, history: true}}\n");
  put("b/p.yaml", "version: \"1\"\nrules:\n  - {name: r, effect: allow, conditions: {p: true}}\n");
  put("b/plugins/p/plugin.lua",
      "return { name = 'p', version = '1.0.0', api = 1, summary = 'x', needs = { request = { 'user' }, geoip = true,\n"
      "http = { q = { url = 'GET https://a.example/{id}?b={b}&a={a}' } } } }");
  put("b/plugins/p/init.lua", "return function(_, r, h)\n"
                              "if r.user.name:find('%d%.') then return h.geoip(r.user.name).country == 'US' end\n"
                              "local a = h.http { 'q', id = r.user.name, a = '1', b = '2' }\n"
                              "return a.json ~= nil or #a.text == 8 end");
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static bool note(void *context, const struct snt_case *of) {
  (void)context;
  size_t used = strlen(results);
  (void)snprintf(results + used, sizeof results - used, "%s %s%s%s;", of->name, snt_case_status_name(of->status),
                 of->message[0] == '\0' ? "" : " ", of->message);
  return true;
}

static void run(const char *name, const char *text, struct snt_spec_recorder *recorder) {
  char path[256];
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf problems = {0};
  struct snt_spec_options options = {.on_case = note, .recorder = recorder};
  put(name, text);
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  results[0] = '\0';
  asked = 0;
  snt_status status = snt_spec_run(path, &options, &problems, &err);
  if (!snt_ok(status)) {
    fail_msg("%s %s", err.message, snt_buf_borrow(&problems));
  }
}

static const char TABLE[] = "suite: b\npolicy: b\ncases:\n"
                            "  - {name: x1, request: {user: x1, profile: a}, effect: allow}\n"
                            "  - {name: x2, request: {user: x2, profile: a}, effect: allow}\n"
                            "  - {name: x3, request: {user: x3, profile: a}, effect: allow}\n"
                            "  - {name: again, request: {user: x1, profile: b}, effect: allow}\n"
                            "  - {name: ip, request: {user: 198.51.100.7, profile: a}, effect: allow}\n";
static const char PASSED[] = "b x1 passed;b x2 passed;b x3 passed;b again passed;b ip passed;";

/* The mocks that were told, under the key that stands over them; then the spec passes without anybody to ask. */
static void a_table_gets_rows_of_yaml_that_stand_for_the_answers(void **state) {
  (void)state;
  struct snt_spec_recorder recorder = {.asker = {.ask = ask}};
  run("b_spec.yaml", TABLE, &recorder);
  assert_string_equal(results, PASSED);
  assert_int_equal(asked, 4);
  const char *told = snt_buf_borrow(&recorder.told);
  const char *rows = strchr(told, '\n') + 1;
  assert_non_null(strstr(told, "b_spec.yaml, to be put under its mocks:\n  http:\n"));
  assert_non_null(strstr(told, "params: {\"a\": \"1\", \"b\": \"2\", \"id\": \"x2\"}, status: 404, "
                               "text: \"a\\\"\\n\\u202e'b\", type: \"text/html\"}\n"));
  assert_non_null(strstr(told, ".json\", type: \"application/a+json\"}\n  geoip:\n    \"198.51.100.7\": "
                               "{\"country\": \"US\", \"latitude\": 1.5, \"is_anonymous\": false}\n"));
  SNT_BUF_AUTO struct snt_buf mocked = {0};
  assert_ok(snt_buf_appendf(&mocked, NULL, "%smocks:\n%s", TABLE, rows));
  run("b_spec.yaml", mocked.data, NULL);
  assert_string_equal(results, PASSED);
  snt_spec_recorder_clear(&recorder);
}

static void a_spec_in_lua_gets_calls(void **state) {
  (void)state;
  static const char cases[] = "for _, u in ipairs { 'x1', 'x2', 'x3', 'x1', '198.51.100.7' } do\n"
                              "it(u, function() assert.allows { user = u, profile = 'a' } end) end\n";
  struct snt_spec_recorder recorder = {.asker = {.ask = ask}};
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL, "policy('b')\n%s", cases));
  run("b_spec.lua", text.data, &recorder);
  static const char passed[] = "x1 passed;x2 passed;x3 passed;x1 passed;198.51.100.7 passed;";
  assert_string_equal(results, passed);
  assert_int_equal(asked, 4);
  const char *told = snt_buf_borrow(&recorder.told);
  assert_non_null(strstr(told, "text = \"a\\\"\\n\\u{202e}'b\", type = \"text/html\" }\n"));
  assert_non_null(strstr(told, "  mock.geoip { [\"198.51.100.7\"] = { [\"country\"] = \"US\", [\"latitude\"] = 1.5, "
                               "[\"is_anonymous\"] = false } }\n"));
  snt_buf_reset(&text);
  assert_ok(
      snt_buf_appendf(&text, NULL, "policy('b')\nbefore_each(function()\n%s end)\n%s", strchr(told, '\n') + 1, cases));
  run("b_spec.lua", text.data, NULL);
  assert_string_equal(results, passed);
  snt_spec_recorder_clear(&recorder);
}

/* The hash is that of {"a":"1","b":"2","id":"x1"}. */
static void the_file_is_named_after_plugin_question_and_parameters(void **state) {
  (void)state;
  struct snt_spec_recorder recorder = {.asker = {.ask = ask}};
  run("b/plugins/p/spec/p_spec.lua", "it('a', function() assert.is_true((plugin(true, { user = 'x1' }))) end)",
      &recorder);
  assert_string_equal(results, "a passed;");
  assert_string_equal(get("../b/plugins/p/spec/testdata/p-q-efebb4d0.json"), "{\"ok\":true}\n");
  snt_spec_recorder_clear(&recorder);
}

static void what_cannot_be_had_fails_its_case_and_no_other(void **state) {
  (void)state;
  struct snt_spec_recorder recorder = {.asker = {.ask = ask}};
  run("f_spec.lua",
      "policy('b')\n"
      "it('a', function() assert.denies { user = 'late', profile = 'a' } end)\n"
      "it('b', function() assert.denies { user = 'nobody', profile = 'a' } end)\n"
      "it('k', function() local a = (' '):rep(1000000) .. '1' while true do local _ = a + 1 end end)\n"
      "it('c', function() assert.allows { user = 'x1', profile = 'a' } end)\n",
      &recorder);
  assert_non_null(strstr(results, "a failed plugin \"p\" asks q {\"a\":\"1\",\"b\":\"2\",\"id\":\"late\"}, no mock "
                                  "answers that, and it was not recorded: it was late;b failed "));
  assert_non_null(strstr(results, ";k failed ")); /* and its evaluator was killed */
  assert_non_null(strstr(results, ";c passed;"));
  snt_spec_recorder_clear(&recorder);
}

/* The core checked these names before; here nothing depends on that. */
static void no_name_leads_out_of_the_folder(void **state) {
  (void)state;
  static const char *const names[][2] = {{"../p", "q"}, {"p", "../q"}, {"p/x", "q"}, {"p", "q.json"}, {"p", "q\n"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    SNT_BUF_AUTO struct snt_buf out = {0};
    struct snt_plugin plugin = {0};
    struct snt_question question = {0};
    struct snt_fact fact = {.plugin = &plugin, .question = &question, .status = SNT_FACT_OK};
    char path[256];
    (void)snprintf(plugin.name, sizeof plugin.name, "%s", names[i][0]);
    (void)snprintf(question.name, sizeof question.name, "%s", names[i][1]);
    (void)snprintf(path, sizeof path, "%s/x/x_spec.lua", folder);
    assert_ok(snt_buf_append_str(&fact.value, ANSWERS[0].value, NULL));
    assert_code(snt_fixture_put_http(path, &fact, &out, NULL), SNT_CODE_BUG);
    snt_buf_clear(&fact.value);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_table_gets_rows_of_yaml_that_stand_for_the_answers),
      cmocka_unit_test(a_spec_in_lua_gets_calls),
      cmocka_unit_test(the_file_is_named_after_plugin_question_and_parameters),
      cmocka_unit_test(no_name_leads_out_of_the_folder),
      cmocka_unit_test(what_cannot_be_had_fails_its_case_and_no_other),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
