/* Answers that are used again: against `openssl s_server`, by a clock of the test's own, with a keychain in a file. */
#include "check.h"

#include "keychain_fixture.h"
#include "tls_server.h"

#include "base/clock.h"
#include "facts/cache.h"
#include "facts/facts.h"
#include "facts/http_fact.h"

enum { NETWORK_MS = 40 };

static pid_t server;
static struct fixture keychain;
static struct snt_fact_cache *cache;

/* The machine's clocks; and how often the network was asked, which takes some of their time. */
static int64_t boot_ms, wall_ms;
static size_t requests;

int64_t __wrap_snt_clock_boot_ms(void);
int64_t __wrap_snt_clock_boot_ms(void) { return boot_ms; }
int64_t __wrap_snt_clock_wall_ms(void);
int64_t __wrap_snt_clock_wall_ms(void) { return wall_ms; }

static void pass(int64_t ms) {
  boot_ms += ms;
  wall_ms += ms;
}

snt_status __real_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *asked,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err);
snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *asked,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err);
snt_status __wrap_snt_http_perform(struct snt_http_client *client, const struct snt_http_request *asked,
                                   struct snt_http_response *responses, size_t count, struct snt_err *err) {
  requests += count;
  pass(NETWORK_MS);
  return __real_snt_http_perform(client, asked, responses, count, err);
}

/* What the server answers to a path from now on. */
static void serve(const char *name, int status, const char *body) {
  char path[128];
  SNT_BUF_AUTO struct snt_buf text = {0};
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_buf_appendf(
      &text, NULL,
      "HTTP/1.1 %d x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", status,
      strlen(body), body));
  assert_ok(snt_file_replace(path, text.data, text.len, 0600, NULL));
}

static int begin_world(void **state) {
  (void)state;
  char text[128];
  int port = 0;
  if (!make_authority()) {
    return 0;
  }
  assert_true(make_leaf("leaf", "DNS:a.example,DNS:b.example"));
  server = start_tls("leaf", "-tls1_3", "-HTTP", &port);
  (void)snprintf(text, sizeof text, "::127.0.0.1:%d", port);
  assert_int_equal(setenv("SENTINEL_TEST_CONNECT_TO", text, 1), 0);
  (void)snprintf(text, sizeof text, "%s/ca.pem", folder);
  assert_int_equal(setenv("SENTINEL_TEST_CA", text, 1), 0);
  return 0;
}

static int end_world(void **state) {
  if (has_openssl) {
    stop_tls(server);
  }
  return remove_authority(state);
}

static void keep_secret(const char *name, const char *text) {
  SNT_SECRET_AUTO struct snt_secret *value = NULL;
  assert_ok(snt_secret_new_from(text, strlen(text), &value, NULL));
  assert_ok(snt_keychain_write(keychain.keychain, SNT_KEYCHAIN_KIND_PLUGIN, name, value, NULL));
}

static int begin_test(void **state) {
  (void)state;
  boot_ms = 1000000;
  wall_ms = 1768834800000;
  requests = 0;
  begin(&keychain, "file");
  keep_secret("token", "topsecret");
  serve("q-1", 200, "{\"n\":1,\"m\":2}");
  assert_ok(snt_fact_cache_new(&cache, NULL));
  return 0;
}

static int end_test(void **state) {
  (void)state;
  snt_fact_cache_free(&cache);
  assert_null(cache);
  end(&keychain);
  return 0;
}

/* A decision's question: {a}{b} is its path. */
struct asked {
  const char *bundle, *plugin, *code, *user, *need, *host, *a, *b, *select, *accept, *secret, *format, *cache;
};
static const struct asked USUAL = {.bundle = "bundle",
                                   .plugin = "p",
                                   .code = "code",
                                   .user = "alice",
                                   .need = "q",
                                   .host = "a.example",
                                   .a = "q-",
                                   .b = "1",
                                   .select = "[\"n\"]",
                                   .accept = "application/json",
                                   .secret = "token",
                                   .format = "Bearer %s",
                                   .cache = ",\"cache\":{\"ttl\":60}"};

static void write_manifest(const struct asked *asked, struct snt_buf *out) {
  assert_ok(snt_buf_appendf(out, NULL,
                            "{\"name\":\"%s\",\"version\":\"1.0.0\",\"api\":1,\"summary\":\"x\",\"needs\":{\"http\":{",
                            asked->plugin));
  for (int i = 0; i < 2; i++) {
    assert_ok(snt_buf_appendf(out, NULL,
                              "%s\"%s\":{\"url\":\"GET https://%s/{a}{b}\",\"select\":%s,\"accept\":\"%s\",\"secret\":"
                              "\"%s\"}",
                              i == 0 ? "" : ",", i == 0 ? "q" : "r", asked->host, asked->select, asked->accept,
                              asked->secret));
  }
  assert_ok(snt_buf_appendf(out, NULL,
                            "},\"secrets\":{\"%s\":{\"header\":\"Authorization\",\"format\":\"%s\"}}},\"limits\":{"
                            "\"timeout\":800,\"fuel\":2000}%s}",
                            asked->secret, asked->format, asked->cache));
}

/* A decision: it has a policy that was read for it. */
struct decision {
  struct snt_plugin plugin;
  char *http[3], *hosts[2], *secrets[2];
  struct snt_grant grant;
  struct snt_policy policy;
  struct snt_facts facts;
  struct snt_buf record;
};

static void read_plugin(const struct asked *asked, struct snt_plugin *plugin) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  struct snt_err err = {0};
  write_manifest(asked, &text);
  if (!snt_ok(snt_json_parse(text.data, text.len, "x", &doc, &err)) ||
      !snt_ok(snt_plugin_parse("p", (struct snt_slice){0}, snt_json_root(doc), plugin, &err))) {
    fail_msg("%s: %s", text.data, err.message);
  }
  (void)snprintf(plugin->sha256, sizeof plugin->sha256, "%s", asked->code);
  plugin->timeout_ms = 60000; /* below valgrind a process's first handshake takes its time */
}

static void begin_decision(const struct asked *asked, struct decision *out) {
  static char q[] = "q", r[] = "r";
  *out = (struct decision){.http = {q, r}, .hosts = {(char *)asked->host}, .secrets = {(char *)asked->secret}};
  read_plugin(asked, &out->plugin);
  out->grant = (struct snt_grant){.http = out->http, .hosts = out->hosts, .secrets = out->secrets};
  (void)snprintf(out->grant.plugin, sizeof out->grant.plugin, "%s", asked->plugin);
  (void)snprintf(out->policy.sha256, sizeof out->policy.sha256, "%s", asked->bundle);
  out->policy.manifest.grants = (struct snt_grants){&out->grant, 1};
  out->facts.list = calloc(SNT_FACTS_MAX, sizeof *out->facts.list);
  assert_non_null(out->facts.list);
}

static void end_decision(struct decision *decision) {
  snt_facts_clear(&decision->facts);
  snt_plugin_clear(&decision->plugin);
  snt_buf_clear(&decision->record);
}

static struct snt_fact *add_question(struct decision *decision, const struct asked *asked) {
  struct snt_fact *fact = &decision->facts.list[decision->facts.count++];
  *fact = (struct snt_fact){.plugin = &decision->plugin,
                            .kind = SNT_NEED_HTTP,
                            .question = snt_plugin_find_question(&decision->plugin, asked->need),
                            .params = {{.name = "a"}, {.name = "b"}},
                            .param_count = 2};
  (void)snprintf(fact->params[0].value, sizeof fact->params[0].value, "%s", asked->a);
  (void)snprintf(fact->params[1].value, sizeof fact->params[1].value, "%s", asked->b);
  return fact;
}

static void fetch(struct decision *decision, const char *user) {
  SNT_CLEANUP(snt_facts_source_clear)
  struct snt_facts_source source = {
      .policy = &decision->policy, .keychain = keychain.keychain, .user = user, .cache = cache};
  const struct snt_fact_source of = snt_facts_source_of(&source);
  requests = 0;
  assert_ok(snt_rounds_fetch(&decision->policy, &of, &decision->facts, decision->facts.count,
                             snt_clock_monotonic_ms() + 60000, NULL));
  assert_ok(snt_facts_dump(&decision->facts, &decision->record, NULL));
}

static void expect(const struct decision *decision, size_t wanted_requests, const char *text) {
  if (requests != wanted_requests || strstr(decision->record.data, text) == NULL) {
    fail_msg("%zu requests, %s, and not %zu and %s", requests, decision->record.data, wanted_requests, text);
  }
}

/* A decision with one question: its record has to hold a text. */
static void decide(const struct asked *asked, size_t wanted_requests, const char *text) {
  struct decision decision;
  begin_decision(asked, &decision);
  (void)add_question(&decision, asked);
  fetch(&decision, asked->user);
  expect(&decision, wanted_requests, text);
  end_decision(&decision);
}

#define FRESH "\"status\":\"ok\",\"cached\":false,\"age\":0,"
#define CACHED(age) "\"status\":\"ok\",\"cached\":true,\"age\":" #age ","
#define TOLD "\"kind\":\"http\",\"params\":{\"a\":\"q-\",\"b\":\"1\"},"
#define VALUE(n)                                                                                                       \
  "\"value\":{\"status\":200,\"headers\":{\"content-type\":\"application/json\"},\"json\":{\"n\":" #n "}}"

static void an_answer_is_used_again_and_says_how_old_it_is(void **state) {
  (void)state;
  if (!has_openssl) {
    skip();
  }
  decide(&USUAL, 1, FRESH TOLD VALUE(1));
  serve("q-1", 200, "{\"n\":2}");
  pass(30000);
  decide(&USUAL, 0, CACHED(30) TOLD VALUE(1));
  pass(60000 - 30000 - NETWORK_MS - 1);
  decide(&USUAL, 0, CACHED(59) TOLD VALUE(1));
  pass(1);
  decide(&USUAL, 1, FRESH TOLD VALUE(2)); /* a minute after it was asked for */
  pass(1000);
  decide(&USUAL, 0, CACHED(1) TOLD VALUE(2));
  assert_int_equal(snt_fact_cache_size(cache).entries, 1);
}

static void what_is_too_old_is_not_even_kept(void **state) {
  (void)state;
  struct asked other = USUAL;
  if (!has_openssl) {
    skip();
  }
  other.b = "2";
  serve("q-2", 200, "{\"n\":2}");
  decide(&USUAL, 1, FRESH);
  pass(60000);
  decide(&other, 1, FRESH);
  assert_int_equal(snt_fact_cache_size(cache).entries, 1);
}

static void nothing_crosses_from_one_question_to_another(void **state) {
  (void)state;
#define MEMBER(name) offsetof(struct asked, name)
  static const struct {
    size_t at;
    const char *value;
  } others[] = {
      {MEMBER(bundle), "another bundle"},
      {MEMBER(plugin), "another"},
      {MEMBER(code), "another code"},
      {MEMBER(user), "bob"},
      {MEMBER(need), "r"},
      {MEMBER(host), "b.example"},
      {MEMBER(b), "2"},
      {MEMBER(select), "[\"m\"]"},
      {MEMBER(accept), "text/plain"},
      {MEMBER(secret), "other_token"},
      {MEMBER(format), "Token %s"},
      {MEMBER(cache), ",\"cache\":{\"ttl\":61}"},
  };
#undef MEMBER
  if (!has_openssl) {
    skip();
  }
  keep_secret("other_token", "topsecret");
  serve("q-2", 200, "{\"n\":1,\"m\":2}");
  decide(&USUAL, 1, FRESH);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    struct asked asked = USUAL;
    memcpy((char *)&asked + others[i].at, (const void *)&others[i].value, sizeof others[i].value);
    decide(&asked, 1, FRESH);
    decide(&asked, 0, CACHED(0));
    decide(&USUAL, 0, CACHED(0));
  }
  struct asked asked = USUAL; /* other parameters that make the same URL */
  asked.a = "q";
  asked.b = "-1";
  decide(&asked, 1, FRESH);
  asked = USUAL; /* parts that end elsewhere */
  asked.user = "carol:x";
  asked.code = "y";
  decide(&asked, 1, FRESH);
  asked.user = "carol";
  asked.code = "x:y";
  decide(&asked, 1, FRESH);
}

static void an_answer_belongs_to_the_secret_that_it_was_asked_with(void **state) {
  (void)state;
  if (!has_openssl) {
    skip();
  }
  decide(&USUAL, 1, FRESH);
  keep_secret("token", "another one");
  serve("q-1", 200, "{\"n\":2}");
  decide(&USUAL, 1, FRESH TOLD VALUE(2));
  decide(&USUAL, 0, CACHED(0) TOLD VALUE(2));
  assert_ok(snt_keychain_remove(keychain.keychain, SNT_KEYCHAIN_KIND_PLUGIN, "token", NULL));
  decide(&USUAL, 0, "its secret is not in the keychain");
}

static void what_is_granted_no_longer_is_not_found(void **state) {
  (void)state;
  static char other[] = "c.example";
  struct decision decision;
  if (!has_openssl) {
    skip();
  }
  decide(&USUAL, 1, FRESH);
  begin_decision(&USUAL, &decision);
  decision.hosts[0] = other;
  (void)add_question(&decision, &USUAL);
  fetch(&decision, USUAL.user);
  expect(&decision, 0, "the bundle does not grant host a.example");
  end_decision(&decision);
}

static void only_good_answers_are_kept(void **state) {
  (void)state;
  static char large[5000];
  static const struct {
    int status;
    const char *body, *text;
  } rows[] = {{503, "{\"n\":1}", "it answered 503"},
              {429, "{\"n\":1}", "it answered 429"},
              {302, "{\"n\":1}", "it answered 302"},
              {404, "{\"n\":1}", FRESH TOLD "\"value\":{\"status\":404,"},
              {403, "{\"n\":1}", FRESH TOLD "\"value\":{\"status\":403,"},
              {200, "{\"n\":", "\"status\":\"unavailable\",\"cached\":false,"},
              {200, "{\"n\":1,\"m\":\"topsecret\"}", "its answer holds the secret that it was sent"},
              {200, large, "\"status\":\"too_large\",\"cached\":false,"}};
  if (!has_openssl) {
    skip();
  }
  (void)snprintf(large, sizeof large, "{\"n\":\"%04900d\"}", 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    serve("q-1", rows[i].status, rows[i].body);
    decide(&USUAL, 1, rows[i].text);
    assert_int_equal(snt_fact_cache_size(cache).entries, 0);
    decide(&USUAL, 1, rows[i].text);
  }
  serve("q-1", 201, "{\"n\":1}");
  decide(&USUAL, 1, FRESH);
  decide(&USUAL, 0, CACHED(0));
}

static void without_a_ttl_a_hash_or_a_user_nothing_is_kept(void **state) {
  (void)state;
  struct asked rows[] = {USUAL, USUAL, USUAL, USUAL, USUAL};
  if (!has_openssl) {
    skip();
  }
  rows[0].cache = rows[1].bundle = rows[2].code = rows[3].user = "";
  rows[4].user = NULL;
  for (size_t i = 0; i < 5; i++) {
    decide(&rows[i], 1, FRESH);
    decide(&rows[i], 1, FRESH);
    assert_int_equal(snt_fact_cache_size(cache).entries, 0);
  }
  snt_fact_cache_free(&cache); /* and without a cache */
  decide(&USUAL, 1, FRESH);
  decide(&USUAL, 1, FRESH);
}

/* How a clock may stand, after an answer was asked for at 0, and whether it is used then. */
static void no_clock_makes_an_answer_younger(void **state) {
  (void)state;
  static const struct {
    int64_t boot_ms, wall_ms;
    size_t requests;
    const char *text;
  } rows[] = {{1, 1, 0, CACHED(0)},           {0, 1000, 1, FRESH},
              {-1, 1000, 1, FRESH},           {-100000, -100000, 1, FRESH},
              {5000, -3600000, 0, CACHED(5)}, {1000, 20000, 0, CACHED(20)},
              {1000, 59999, 0, CACHED(59)},   {1000, 60000, 1, FRESH},
              {60000, 1000, 1, FRESH},        {INT64_C(9000000000000000), 1000, 1, FRESH}};
  if (!has_openssl) {
    skip();
  }
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const int64_t boot = boot_ms, wall = wall_ms;
    decide(&USUAL, 1, FRESH);
    boot_ms = boot + rows[i].boot_ms;
    wall_ms = wall + rows[i].wall_ms;
    decide(&USUAL, rows[i].requests, rows[i].text);
    boot_ms = boot + 100000; /* what it was is too old for the next row */
    wall_ms = wall + 100000;
    snt_fact_cache_free(&cache);
    assert_ok(snt_fact_cache_new(&cache, NULL));
  }
}

/* Seven of them are over 24 KiB: what does not fit is the same, whether they are asked for or kept. */
static void a_decision_may_see_as_much_of_what_is_kept(void **state) {
  (void)state;
  enum { COUNT = 7, EACH = 3900 };
  char body[EACH + 16];
  if (!has_openssl) {
    skip();
  }
  (void)snprintf(body, sizeof body, "{\"n\":\"%0*d\"}", EACH, 0);
  for (int round = 0; round < 2; round++) {
    struct decision decision;
    begin_decision(&USUAL, &decision);
    for (int i = 0; i < COUNT; i++) {
      char name[16], number[8];
      struct asked asked = USUAL;
      (void)snprintf(number, sizeof number, "%d", i);
      (void)snprintf(name, sizeof name, "q-%d", i);
      asked.b = number;
      serve(name, 200, body);
      (void)add_question(&decision, &asked);
    }
    fetch(&decision, USUAL.user);
    assert_int_equal(requests, round == 0 ? COUNT : 0);
    for (int i = 0; i < COUNT; i++) {
      const struct snt_fact *fact = &decision.facts.list[i];
      assert_int_equal(fact->is_cached, round == 1);
      assert_int_equal(fact->status, i < COUNT - 1 ? SNT_FACT_OK : SNT_FACT_TOO_LARGE);
      assert_true(i < COUNT - 1 ? fact->value.len > EACH : fact->value.len == 0);
    }
    end_decision(&decision);
  }
}

/* A question about a URL, without a network. */
struct direct {
  struct decision decision;
  struct snt_fact *fact;
  struct snt_facts_source source;
};

static void begin_direct(struct direct *out) {
  begin_decision(&USUAL, &out->decision);
  out->fact = add_question(&out->decision, &USUAL);
  out->source = (struct snt_facts_source){.policy = &out->decision.policy, .user = "alice", .cache = cache};
}

static void end_direct(struct direct *direct) { end_decision(&direct->decision); }

static bool find(struct direct *direct, int number, struct snt_http_fact *http) {
  *http = (struct snt_http_fact){.fact = direct->fact};
  assert_ok(snt_buf_appendf(&http->url, NULL, "https://a.example/%d", number));
  return snt_fact_cache_find(&direct->source, http);
}

static bool is_there(struct direct *direct, int number) {
  struct snt_http_fact http;
  bool is_found = find(direct, number, &http);
  snt_http_fact_clear(&http);
  return is_found;
}

static void keep(struct direct *direct, int number, size_t len) {
  struct snt_http_fact http;
  assert_false(find(direct, number, &http));
  pass(1);
  direct->fact->status = SNT_FACT_OK;
  snt_buf_reset(&direct->fact->value);
  assert_ok(snt_buf_appendf(&direct->fact->value, NULL, "%0*d", (int)len, number));
  snt_fact_cache_keep(cache, &http, 200);
  snt_http_fact_clear(&http);
}

static void what_was_used_longest_ago_makes_room(void **state) {
  (void)state;
  struct direct direct;
  begin_direct(&direct);
  for (int i = 0; i < SNT_FACT_CACHE_ENTRIES_MAX; i++) {
    keep(&direct, i, 10);
  }
  assert_true(is_there(&direct, 0));
  assert_int_equal(snt_fact_cache_size(cache).entries, SNT_FACT_CACHE_ENTRIES_MAX);
  keep(&direct, SNT_FACT_CACHE_ENTRIES_MAX, 10);
  assert_int_equal(snt_fact_cache_size(cache).entries, SNT_FACT_CACHE_ENTRIES_MAX);
  assert_int_equal(snt_fact_cache_size(cache).bytes, 10 * SNT_FACT_CACHE_ENTRIES_MAX);
  assert_false(is_there(&direct, 1));
  for (int i = 0; i <= SNT_FACT_CACHE_ENTRIES_MAX; i++) {
    assert_true(i == 1 || is_there(&direct, i));
    assert_true(i == 1 || atoi(direct.fact->value.data) == i);
  }
  end_direct(&direct);
}

static void no_more_bytes_are_kept_than_there_is_room_for(void **state) {
  (void)state;
  enum { FULL = SNT_FACT_CACHE_BYTES_MAX / SNT_FACT_BYTES_MAX };
  struct direct direct;
  begin_direct(&direct);
  for (int i = 0; i < FULL; i++) {
    keep(&direct, i, SNT_FACT_BYTES_MAX);
  }
  assert_int_equal(snt_fact_cache_size(cache).bytes, SNT_FACT_CACHE_BYTES_MAX);
  assert_true(is_there(&direct, 0));
  keep(&direct, FULL, 2);
  assert_int_equal(snt_fact_cache_size(cache).entries, FULL);
  assert_int_equal(snt_fact_cache_size(cache).bytes, SNT_FACT_CACHE_BYTES_MAX - SNT_FACT_BYTES_MAX + 2);
  assert_false(is_there(&direct, 1));
  assert_true(is_there(&direct, 0) && is_there(&direct, FULL));
  keep(&direct, FULL + 1, SNT_FACT_BYTES_MAX + 1);
  assert_false(is_there(&direct, FULL + 1));
  end_direct(&direct);
}

/* Two decisions at a time that asked the same. */
static void the_same_question_is_kept_once(void **state) {
  (void)state;
  struct direct direct;
  struct snt_http_fact first, second;
  begin_direct(&direct);
  assert_false(find(&direct, 1, &first));
  assert_false(find(&direct, 1, &second));
  pass(1);
  direct.fact->status = SNT_FACT_OK;
  assert_ok(snt_buf_append_str(&direct.fact->value, "first", NULL));
  snt_fact_cache_keep(cache, &first, 200);
  snt_buf_reset(&direct.fact->value);
  assert_ok(snt_buf_append_str(&direct.fact->value, "second", NULL));
  snt_fact_cache_keep(cache, &second, 200);
  assert_int_equal(snt_fact_cache_size(cache).entries, 1);
  assert_int_equal(snt_fact_cache_size(cache).bytes, 6);
  assert_true(is_there(&direct, 1));
  assert_string_equal(direct.fact->value.data, "second");
  snt_http_fact_clear(&first);
  snt_http_fact_clear(&second);
  end_direct(&direct);
}

/* Its secrets are wiped, and with them the key under which it is kept. */
static void a_child_finds_and_keeps_nothing(void **state) {
  (void)state;
  struct direct direct;
  int status = 0;
  begin_direct(&direct);
  keep(&direct, 1, 10);
  assert_true(is_there(&direct, 1));
  pid_t pid = fork();
  if (pid == 0) {
    struct snt_http_fact http;
    bool is_used = find(&direct, 1, &http) || http.place.is_set;
    snt_http_fact_clear(&http);
    _exit(is_used ? 1 : 0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  end_direct(&direct);
}

static int run_all(void) {
  const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
      T(an_answer_is_used_again_and_says_how_old_it_is),
      T(what_is_too_old_is_not_even_kept),
      T(nothing_crosses_from_one_question_to_another),
      T(an_answer_belongs_to_the_secret_that_it_was_asked_with),
      T(what_is_granted_no_longer_is_not_found),
      T(only_good_answers_are_kept),
      T(without_a_ttl_a_hash_or_a_user_nothing_is_kept),
      T(no_clock_makes_an_answer_younger),
      T(a_decision_may_see_as_much_of_what_is_kept),
      T(what_was_used_longest_ago_makes_room),
      T(no_more_bytes_are_kept_than_there_is_room_for),
      T(the_same_question_is_kept_once),
      T(a_child_finds_and_keeps_nothing),
#undef T
  };
  return cmocka_run_group_tests(tests, begin_world, end_world);
}

int main(void) { return without_terminal(run_all); }
