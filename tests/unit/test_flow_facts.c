/* Facts from the options of a call to its record, as a process that stays makes several: evaluators of the program's
 * own, against `openssl s_server`. */
#include "check.h"

#include "tls_server.h"

#include "base/file.h"
#include "facts/cache.h"
#include "issue/issue.h"

#define BUNDLE                                                                                                         \
  "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\nplugins:\n"                                            \
  "  p: {version: 1.0.0, grant: {http: [q], hosts: [a.example]}}\n"
#define ANSWER(holds)                                                                                                  \
  "HTTP/1.1 200 x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "                          \
  "15\r\n\r\n{\"holds\":" holds "}"

static pid_t server;

static void put(const char *name, const char *text) {
  char path[128];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_file_replace(path, text, strlen(text), 0600, NULL));
}

static void write_plugin(const char *cache) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL,
                            "return { name = 'p', version = '1.0.0', api = 1, summary = 'x', limits = { timeout = '5s' "
                            "}, needs = { http = { q = { url = 'GET https://a.example/q' } } }%s }",
                            cache));
  put("b/plugins/p/plugin.lua", text.data);
}

static int begin_world(void **state) {
  (void)state;
  char text[128];
  int port = 0;
  if (!make_authority()) {
    return 0;
  }
  assert_true(make_leaf("leaf", "DNS:a.example") && run("mkdir -p b/plugins/p"));
  put("b/bundle.yaml", BUNDLE);
  put("b/policy.yaml", "version: \"1\"\nrules:\n  - {name: r, effect: allow, conditions: {p: true}}\n");
  put("b/plugins/p/init.lua", "return function(_, _, host) return host.http({ 'q' }).json.holds end");
  server = start_tls("leaf", "-tls1_3", "-HTTP", &port);
  (void)snprintf(text, sizeof text, "::127.0.0.1:%d", port);
  (void)setenv("SENTINEL_TEST_CONNECT_TO", text, 1);
  (void)snprintf(text, sizeof text, "%s/ca.pem", folder);
  (void)setenv("SENTINEL_TEST_CA", text, 1);
  (void)unsetenv("XDG_CONFIG_HOME");
  (void)unsetenv("XDG_STATE_HOME");
  return setenv("HOME", folder, 1);
}

static int end_world(void **state) {
  if (has_openssl) {
    stop_tls(server);
  }
  return remove_authority(state);
}

/* One decision after the server's answer became another one. */
static void decide(const struct snt_explain_options *call, const char *answer, enum snt_effect wanted,
                   const char *text) {
  SNT_EXPLANATION_AUTO struct snt_explanation out = {0};
  SNT_BUF_AUTO struct snt_buf told = {0};
  struct snt_err err = {0};
  put("q", answer);
  if (!snt_ok(snt_issue_explain(call, &out, &err))) {
    fail_msg("%s", err.message);
  }
  assert_ok(snt_explanation_format(&out, &told, NULL));
  if (out.decision.effect != wanted || strstr(told.data, text) == NULL) {
    fail_msg("not %s: %s", text, told.data);
  }
}

/* Two of them; each evaluator is forked from a process that has seen no network yet. */
static void decide_twice(struct snt_fact_cache *cache, enum snt_effect second, const char *text) {
  char policy[128];
  struct snt_explain_options calls[2];
  (void)snprintf(policy, sizeof policy, "%s/b", folder);
  for (int i = 0; i < 2; i++) {
    calls[i] = (struct snt_explain_options){
        .common = {.profile = "dev", .mode = "cli", .policy = policy, .fact_cache = cache}, .user = "alice"};
    snt_issue_start(&calls[i].common, true);
  }
  decide(&calls[0], ANSWER(" true"), SNT_EFFECT_ALLOW, "\"cached\":false");
  decide(&calls[1], ANSWER("false"), second, text);
}

static void the_cache_of_a_caller_serves_its_next_call(void **state) {
  (void)state;
  SNT_FACT_CACHE_AUTO struct snt_fact_cache *cache = NULL;
  if (!has_openssl) {
    skip();
  }
  assert_ok(snt_fact_cache_new(&cache, NULL));
  write_plugin(", cache = { ttl = '1h' }");
  decide_twice(cache, SNT_EFFECT_ALLOW, "\"cached\":true");
  assert_int_equal(snt_fact_cache_size(cache).entries, 1);
}

static void without_a_cache_or_a_ttl_every_call_asks(void **state) {
  (void)state;
  SNT_FACT_CACHE_AUTO struct snt_fact_cache *cache = NULL;
  if (!has_openssl) {
    skip();
  }
  assert_ok(snt_fact_cache_new(&cache, NULL));
  write_plugin(", cache = { ttl = '1h' }");
  decide_twice(NULL, SNT_EFFECT_DENY, "\"cached\":false,\"age\":0");
  write_plugin("");
  decide_twice(cache, SNT_EFFECT_DENY, "\"cached\":false,\"age\":0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_cache_of_a_caller_serves_its_next_call),
      cmocka_unit_test(without_a_cache_or_a_ttl_every_call_asks),
  };
  return cmocka_run_group_tests(tests, begin_world, end_world);
}
