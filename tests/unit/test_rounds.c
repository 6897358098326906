#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "policy/describe.h"
#include "policy/grants_check.h"
#include "policy/rounds.h"

#define REQUEST "{\"profile\":\"dev\",\"user\":{\"name\":\"alice\",\"kind\":\"user\"}}"

static char folder[64];

static void put(const char *name, const char *text) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_file_replace(path, text, strlen(text), 0644, NULL));
}

static int make_folder(void **state) {
  (void)state;
  char path[128];
  (void)snprintf(folder, sizeof folder, "/tmp/snt-rounds-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  (void)snprintf(path, sizeof path, "%s/plugins", folder);
  (void)mkdir(path, 0755);
  (void)snprintf(path, sizeof path, "%s/plugins/p", folder);
  (void)mkdir(path, 0755);
  put("policy.yaml", "version: \"1\"\nrules:\n  - {name: r, effect: allow, conditions: {p: true}}\n");
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

/* A bundle whose plugin has this grant, these needs and this check. */
static void write_bundle(const char *version, const char *grant, const char *needs, const char *check) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  assert_ok(snt_buf_appendf(&text, NULL,
                            "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\nplugins:\n"
                            "  p: {version: %s, grant: {%s}}\n",
                            version, grant));
  put("bundle.yaml", text.data);
  snt_buf_reset(&text);
  assert_ok(snt_buf_appendf(&text, NULL,
                            "return { name = 'p', version = '1.0.0', api = 1, summary = 'x', needs = { %s } }", needs));
  put("plugins/p/plugin.lua", text.data);
  snt_buf_reset(&text);
  assert_ok(snt_buf_appendf(&text, NULL, "return function(args, request, host) %s end", check));
  put("plugins/p/init.lua", text.data);
}

static snt_status load(struct snt_policy *policy, struct snt_evaluator **evaluator, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_once = true};
  SNT_TRY(snt_policy_read_file(folder, true, policy, err));
  SNT_TRY(snt_evaluator_start(&options, evaluator, err));
  return snt_policy_load(policy, *evaluator, NULL, err);
}

/* Answers how often it was asked, in what each kind has for a number, until there is nothing more to ask. */
struct source {
  size_t calls, facts;
  size_t size; /* of a text beside it */
};

static snt_status answer(void *context, struct snt_fact *facts, size_t count, int64_t deadline_ms,
                         struct snt_err *err) {
  struct source *source = context;
  (void)deadline_ms;
  source->calls++;
  for (size_t i = 0; i < count; i++) {
    source->facts++;
    facts[i].status = SNT_FACT_OK;
    if (facts[i].kind == SNT_NEED_GEOIP) {
      SNT_TRY(snt_buf_appendf(&facts[i].value, err, "{\"asn\":%zu}", source->facts));
      continue;
    }
    if (facts[i].kind == SNT_NEED_HISTORY) {
      SNT_TRY(snt_buf_appendf(&facts[i].value, err, "[{\"time\":\"%zu\"}]", source->facts));
      continue;
    }
    SNT_TRY(snt_buf_appendf(&facts[i].value, err, "{\"status\":%zu,\"text\":\"", source->facts));
    for (size_t k = 0; k < source->size; k++) {
      SNT_TRY(snt_buf_append_char(&facts[i].value, 'x', err));
    }
    SNT_TRY(snt_buf_append_str(&facts[i].value, "\"}", err));
  }
  return snt_done();
}

static void decide(struct source *source, struct snt_facts *facts, struct snt_policy *policy,
                   struct snt_decision *decision) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_err err = {0};
  struct snt_slice request = snt_slice_of(REQUEST);
  struct snt_fact_source of = {.context = source, .fetch = answer};
  snt_status status = load(policy, &evaluator, &err);
  if (snt_ok(status)) {
    status = snt_evaluator_evaluate_begin(evaluator, request, (struct snt_slice){0}, &err);
  }
  if (snt_ok(status)) {
    status = snt_rounds_finish(policy, evaluator, request, source == NULL ? NULL : &of, facts, decision, &err);
  }
  if (!snt_ok(status)) {
    fail_msg("%s", err.message);
  }
}

#define Q "http = { q = { url = 'GET https://a.example/{i}' } }"
#define GRANT "http: [q], hosts: [a.example]"
#define BESIDE_TEXT (sizeof "{\"status\":1,\"text\":\"\"}" - 1)

static void rounds_end_with_a_decision(void **state) {
  (void)state;
  static const struct {
    const char *grant, *needs, *check;
    size_t size;
    bool has_source;
    const char *error; /* NULL: allow */
    size_t calls, facts;
  } rows[] = {
      {"", "", "return true", 0, true, NULL, 0, 0},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status == 1", 0, true, NULL, 1, 1},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status + host.http { 'q', i = 1 }.status == 2", 0, true, NULL, 1, 1},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status + host.http { 'q', i = 2 }.status == 3", 0, true, NULL, 2, 2},
      {GRANT, Q, "local n = 0 for i = 1, 3 do n = n + host.http { 'q', i = i }.status end return n == 6", 0, true, NULL,
       3, 3},
      {GRANT, Q, "local n = 0 for i = 1, 4 do n = n + host.http { 'q', i = i }.status end return n == 10", 0, true,
       "budget_exceeded", 3, 3},
      {"", Q, "return host.http { 'q', i = 1 }.status == 1", 0, true, "fact_unavailable", 0, 0},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status == 1", 0, false, "fact_unavailable", 0, 0},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status == 1", 5000, true, "fact_too_large", 1, 1},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status == 1", 4096 - BESIDE_TEXT, true, NULL, 1, 1},
      {GRANT, Q, "return host.http { 'q', i = 1 }.status == 1", 4097 - BESIDE_TEXT, true, "fact_too_large", 1, 1},
      {"geoip: true", "geoip = true", "return host.geoip('8.8.8.8').asn == 1", 0, true, NULL, 1, 1},
      {"", "geoip = true", "return host.geoip('8.8.8.8').asn == 1", 0, true, "fact_unavailable", 0, 0},
      {"history: true", "history = true", "return host.history[1].time == '1'", 0, true, NULL, 1, 1},
      {"", "history = true", "return host.history[1].time == '1'", 0, true, "fact_unavailable", 0, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    SNT_FACTS_AUTO struct snt_facts facts = {0};
    SNT_DECISION_AUTO struct snt_decision decision = {0};
    struct source source = {.size = rows[i].size};
    write_bundle("1.0.0", rows[i].grant, rows[i].needs, rows[i].check);
    decide(rows[i].has_source ? &source : NULL, &facts, &policy, &decision);
    bool is_good = snt_decision_allows(&decision) == (rows[i].error == NULL) &&
                   strcmp(decision.error, rows[i].error == NULL ? "" : rows[i].error) == 0;
    if (!is_good || source.calls != rows[i].calls || source.facts != rows[i].facts) {
      fail_msg("row %zu (%s): %s %s, %zu calls, %zu facts", i, rows[i].check, snt_effect_name(decision.effect),
               decision.error, source.calls, source.facts);
    }
  }
}

static void all_facts_together_have_a_bound(void **state) {
  (void)state;
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  struct source source = {.size = 3900};
  SNT_BUF_AUTO struct snt_buf rules = {0};
  assert_ok(snt_buf_append_str(&rules, "version: \"1\"\nrules:\n", NULL));
  for (int i = 0; i < 8; i++) {
    assert_ok(snt_buf_appendf(&rules, NULL, "  - {name: r%d, effect: allow, conditions: {p: {i: %d}}}\n", i, i));
  }
  write_bundle("1.0.0", GRANT, Q, "return host.http { 'q', i = args.i }.status == 0");
  put("plugins/p/plugin.lua", "return { name = 'p', version = '1.0.0', api = 1, summary = 'x', needs = { " Q
                              " }, args = { i = { type = 'integer', description = 'x', required = true } } }");
  put("policy.yaml", rules.data);
  decide(&source, &facts, &policy, &decision);
  put("policy.yaml", "version: \"1\"\nrules:\n  - {name: r, effect: allow, conditions: {p: true}}\n");
  assert_int_equal(facts.count, 8);
  assert_string_equal(decision.error, "fact_too_large");
  assert_string_equal(decision.rule, "r6"); /* six are within 24 KiB */
}

static void a_plugin_that_is_not_what_the_bundle_says_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *version, *needs, *message;
  } rows[] = {{"1.0.1", "", "plugins/p/plugin.lua:1:1: version is 1.0.0, and bundle.yaml pins 1.0.1"},
              {"1.0.0", "nonsense = 1", "plugins/p/plugin.lua:1:75: unknown key \"nonsense\" in needs"},
              {"1.0.0", "http = { q = { url = 'http://a/' } }",
               "plugins/p/plugin.lua:1:90: needs.http.q.url has to begin with \"GET https://\""}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
    struct snt_err err = {0};
    write_bundle(rows[i].version, "", rows[i].needs, "return true");
    assert_code(load(&policy, &evaluator, &err), SNT_CODE_POLICY_INVALID);
    if (strstr(err.message, rows[i].message) == NULL) {
      fail_msg("%s", err.message);
    }
  }
}

/* Two vendors. */
#define TWO                                                                                                            \
  "http = { q = { url = 'GET https://a.example/', secret = 's' }, r = { url = 'GET https://b.example/' } }, secrets "  \
  "= "                                                                                                                 \
  "{ s = { header = 'X', format = '%s' } }"

static void what_is_needed_and_not_granted_is_named(void **state) {
  (void)state;
  static const struct {
    const char *grant, *needs, *what;
  } rows[] = {
      {"", "", ""},
      {"", "geoip = true", "geoip"},
      {"geoip: true", "geoip = true, history = true", "history"},
      {"", Q, "http q"},
      {"http: [q]", Q, "hosts a.example"},
      {"http: [q], hosts: [a.example]", Q, ""},
      {"", "files = { '*.ics' }", "files"},
      {"http: [q]",
       "http = { q = { url = 'GET https://a.example/', secret = 's' } }, secrets = { s = { header = 'X', format "
       "= '%s' } }",
       "secrets s"},
      {"", TWO, "http q"},
      {"http: [r], hosts: [b.example]", TWO, ""},
      {"http: [r, q], hosts: [a.example, b.example]", TWO, "secrets s"},
      {"secrets: [s]", TWO, "http q"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
    char what[128] = "";
    write_bundle("1.0.0", rows[i].grant, rows[i].needs, "return true");
    struct snt_err err = {0};
    if (!snt_ok(load(&policy, &evaluator, &err))) {
      fail_msg("%s", err.message);
    }
    assert_true(snt_policy_grants_all(&policy, &policy.plugins[0], what, sizeof what) == (rows[i].what[0] == '\0'));
    assert_string_equal(what, rows[i].what);
  }
}

#define NAMED                                                                                                          \
  "http = { oncalls = { url = 'GET https://a.example/', secret = 'token' } }, "                                        \
  "secrets = { token = { header = 'X', format = '%s' } }"

static void what_is_granted_and_not_there_is_named(void **state) {
  (void)state;
  static const struct {
    const char *grant, *message; /* NULL: all is there */
  } rows[] = {
      {"", NULL},
      {"http: [oncalls], secrets: [token], hosts: [else.example], geoip: true", NULL},
      {"http: [oncalls, x]", "/bundle.yaml:6:3: plugins.p.grant.http: there is no \"x\""},
      {"http: [oncall]", "plugins.p.grant.http: there is no \"oncall\"; did you mean \"oncalls\"?"},
      {"secrets: [tokens]", "plugins.p.grant.secrets: there is no \"tokens\"; did you mean \"token\"?"},
      {"files: [\"*.none\"]", NULL},
      {"files: [days.txt]", NULL},
      {"files: [day.txt]", "plugins.p.grant.files: there is no \"day.txt\""},
      {"files: [plugins/p/init.lua]", "plugins.p.grant.files: there is no \"plugins/p/init.lua\""},
  };
  put("days.txt", "x");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_POLICY_AUTO struct snt_policy policy = {0};
    SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
    struct snt_err err = {0};
    write_bundle("1.0.0", rows[i].grant, NAMED, "return true");
    assert_ok(load(&policy, &evaluator, NULL));
    snt_status status = snt_policy_check_grants(&policy, &err);
    if (snt_ok(status) != (rows[i].message == NULL) ||
        (rows[i].message != NULL && strstr(err.message, rows[i].message) == NULL)) {
      fail_msg("row %zu: %s", i, err.message);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rounds_end_with_a_decision),
      cmocka_unit_test(all_facts_together_have_a_bound),
      cmocka_unit_test(a_plugin_that_is_not_what_the_bundle_says_is_refused),
      cmocka_unit_test(what_is_needed_and_not_granted_is_named),
      cmocka_unit_test(what_is_granted_and_not_there_is_named),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
