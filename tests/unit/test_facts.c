#include "check.h"

#include <stdio.h>
#include <string.h>

#include "facts/facts_internal.h"
#include "facts/http_fact.h"

/* A plugin with one question and two forms of a secret, and its grant. */
static struct snt_plugin plugin;
static char host[] = "a.example";
static char *hosts[] = {host, NULL};
static const struct snt_grant grant = {.plugin = "p", .hosts = hosts};

static int make_plugin(void **state) {
  (void)state;
  static const char json[] = "{\"name\":\"p\",\"version\":\"1.0.0\",\"api\":1,\"summary\":\"x\",\"needs\":{\"http\":{"
                             "\"q\":{\"url\":\"GET https://a.example/{id}\",\"secret\":\"plain\"},"
                             "\"b\":{\"url\":\"GET https://b.example/\",\"secret\":\"base\"}},\"secrets\":{"
                             "\"plain\":{\"header\":\"Authorization\",\"format\":\"Token token=%s;\"},"
                             "\"base\":{\"header\":\"Authorization\",\"format\":\"Basic %b\"}}},"
                             "\"limits\":{\"timeout\":800,\"fuel\":2000}}";
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  bool is_made = snt_ok(snt_json_parse(json, sizeof json - 1, "x", &doc, NULL)) &&
                 snt_ok(snt_plugin_parse("p", (struct snt_slice){0}, snt_json_root(doc), &plugin, NULL));
  return is_made ? 0 : -1;
}

static int clear_plugin(void **state) {
  (void)state;
  snt_plugin_clear(&plugin);
  return 0;
}

static struct snt_fact ask(const char *question, const char *id) {
  struct snt_fact fact = {.plugin = &plugin, .kind = SNT_NEED_HTTP};
  fact.question = snt_plugin_find_question(&plugin, question);
  fact.param_count = fact.question->param_count;
  (void)snprintf(fact.params[0].name, sizeof fact.params[0].name, "id");
  (void)snprintf(fact.params[0].value, sizeof fact.params[0].value, "%s", id);
  return fact;
}

static void only_granted_hosts_are_prepared(void **state) {
  (void)state;
  static const struct {
    const char *question, *id, *reason;
  } rows[] = {{"q", "x", NULL},
              {"q", "../x", "parameter \"id\""},
              {"q", "..", "leads elsewhere"},
              {"b", "", "does not grant host b.example"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_fact fact = ask(rows[i].question, rows[i].id);
    struct snt_http_fact http = {.fact = &fact, .grant = &grant};
    bool is_prepared = snt_http_fact_prepare(&http);
    if (is_prepared != (rows[i].reason == NULL) || (!is_prepared && strstr(fact.reason, rows[i].reason) == NULL)) {
      fail_msg("%s: %s", rows[i].id, fact.reason);
    }
    snt_http_fact_clear(&http);
  }
}

static void assert_header(const char *question, const char *secret, const char *wanted) {
  struct snt_fact fact = ask(question, "x");
  struct snt_http_fact http = {.fact = &fact, .grant = &grant};
  struct snt_secret *of = NULL;
  assert_ok(snt_secret_new_from(secret, strlen(secret), &of, NULL));
  snt_status status = snt_http_fact_add_secret(&http, of, NULL);
  if (wanted == NULL) {
    assert_code(status, SNT_CODE_SYNTAX);
  } else {
    assert_ok(status);
    assert_string_equal(snt_secret_borrow(http.header), wanted);
  }
  snt_http_fact_clear(&http);
}

static void secrets_stand_in_the_form_of_the_manifest(void **state) {
  (void)state;
  assert_header("q", "abc", "Token token=abc;");
  assert_header("q", "a\r\nX: y", NULL);
  assert_header("b", "a", "Basic YQ==");
  assert_header("b", "ab", "Basic YWI=");
  assert_header("b", "abc", "Basic YWJj");
  assert_header("b", "user:pass?>", "Basic dXNlcjpwYXNzPz4=");
  assert_header("b", "", "Basic ");
}

static void assert_taken_with(const char *own, long status, const char *type, const char *body,
                              enum snt_fact_status wanted, const char *text) {
  struct snt_fact fact = ask("q", "x");
  struct snt_http_fact http = {.fact = &fact, .grant = &grant};
  struct snt_http_response response = {.status = snt_done(), .http_status = status};
  struct snt_secret *secret = NULL;
  (void)snprintf(response.content_type, sizeof response.content_type, "%s", type);
  assert_ok(snt_secret_new_from(body, strlen(body), &response.body, NULL));
  assert_ok(snt_secret_new_from(own, strlen(own), &secret, NULL));
  assert_ok(snt_http_fact_add_secret(&http, secret, NULL));
  assert_ok(snt_http_fact_take(&http, &response, NULL));
  const char *got = fact.status == SNT_FACT_OK ? snt_buf_borrow(&fact.value) : fact.reason;
  if (fact.status != wanted || strstr(got, text) == NULL) {
    fail_msg("%ld %s: %s", status, body, got);
  }
  snt_buf_clear(&fact.value);
  snt_http_fact_clear(&http);
  snt_http_response_clear(&response);
}

static void assert_taken(long status, const char *type, const char *body, enum snt_fact_status wanted,
                         const char *text) {
  assert_taken_with("topsecret", status, type, body, wanted, text);
}

static void answers_become_facts_or_reasons(void **state) {
  (void)state;
  static const char *const json = "application/json";
  assert_taken(200, json, "{\"a\":1}", SNT_FACT_OK,
               "{\"status\":200,\"headers\":{\"content-type\":\"application/json\"},\"json\":{\"a\":1}}");
  assert_taken(404, json, "[]", SNT_FACT_OK,
               "{\"status\":404,\"headers\":{\"content-type\":\"application/json\"},\"json\":[]}");
  assert_taken(200, "application/vnd.x+json", "{}", SNT_FACT_OK, "\"json\":{}");
  assert_taken(200, "text/plain", "hello \"you\"", SNT_FACT_OK, "\"text\":\"hello \\\"you\\\"\"");
  assert_taken(204, "", "", SNT_FACT_OK, "\"text\":\"\"");
  assert_taken(200, json, "", SNT_FACT_UNAVAILABLE, "the answer");
  assert_taken(200, json, "{\"a\":1,\"a\":2}", SNT_FACT_UNAVAILABLE, "the answer");
  assert_taken(200, "text/plain", "\xff", SNT_FACT_UNAVAILABLE, "no text");
  assert_taken(301, json, "{}", SNT_FACT_UNAVAILABLE, "it answered 301");
  assert_taken(429, json, "{}", SNT_FACT_UNAVAILABLE, "it answered 429");
  assert_taken(503, json, "{}", SNT_FACT_UNAVAILABLE, "it answered 503");
  assert_taken(100, json, "{}", SNT_FACT_UNAVAILABLE, "it answered 100");
  assert_taken(200, json, "{\"a\":\"topsecret\"}", SNT_FACT_UNAVAILABLE, "holds the secret");
  assert_taken(404, "text/plain", "dG9wc2VjcmV0", SNT_FACT_UNAVAILABLE, "holds the secret");
  assert_taken(200, "topsecret", "{}", SNT_FACT_UNAVAILABLE, "holds the secret");
  assert_taken_with("TopSecret", 200, "x/topsecret", "{}", SNT_FACT_UNAVAILABLE, "holds the secret");
  assert_taken_with("TopSecret", 200, "topsecre", "{}", SNT_FACT_OK, "");
}

static void a_call_that_failed_is_late_or_not_had(void **state) {
  (void)state;
  static const struct {
    enum snt_code code;
    enum snt_fact_status wanted;
  } rows[] = {{SNT_CODE_TIMEOUT, SNT_FACT_TIMEOUT},
              {SNT_CODE_NETWORK, SNT_FACT_UNAVAILABLE},
              {SNT_CODE_ANSWER_INVALID, SNT_FACT_UNAVAILABLE},
              {SNT_CODE_FAILED, SNT_FACT_UNAVAILABLE}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_fact fact = ask("q", "x");
    struct snt_http_fact http = {.fact = &fact, .grant = &grant};
    struct snt_http_response response = {.status = {rows[i].code}};
    (void)snprintf(response.err.message, sizeof response.err.message, "a.example: why\n\x1b[2J");
    assert_ok(snt_http_fact_take(&http, &response, NULL));
    assert_int_equal(fact.status, rows[i].wanted);
    assert_string_equal(fact.reason, "it failed"); /* what is not printable is not told */
  }
}

static void a_secret_that_cannot_be_read_is_one_failed_fact(void **state) {
  (void)state;
  static struct snt_grant list[1];
  struct snt_policy policy = {.plugins = &plugin, .plugin_count = 1};
  list[0] = grant;
  policy.manifest.grants.list = list;
  policy.manifest.grants.count = 1;
  struct snt_facts_source source = {.policy = &policy};
  struct snt_fact_source of = snt_facts_source_of(&source);
  struct snt_fact facts[2] = {ask("q", "x"), {.plugin = &plugin, .kind = SNT_NEED_HISTORY}};
  assert_ok(of.fetch(of.context, facts, 2, 0, NULL));
  assert_int_equal(facts[0].status, SNT_FACT_UNAVAILABLE);
  assert_string_equal(facts[0].reason, "no keychain is open");
  assert_string_equal(facts[1].reason, "there is no decision log here");
  snt_facts_source_clear(&source);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_granted_hosts_are_prepared),
      cmocka_unit_test(secrets_stand_in_the_form_of_the_manifest),
      cmocka_unit_test(answers_become_facts_or_reasons),
      cmocka_unit_test(a_call_that_failed_is_late_or_not_had),
      cmocka_unit_test(a_secret_that_cannot_be_read_is_one_failed_fact),
  };
  return cmocka_run_group_tests(tests, make_plugin, clear_plugin);
}
