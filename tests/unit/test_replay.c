#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "policy/replay.h"

static char folder[64];

static void put(const char *name, const char *text) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_ok(snt_file_replace(path, text, strlen(text), 0644, NULL));
}

static int make_folder(void **state) {
  (void)state;
  static const char *const folders[] = {"/bundle", "/bundle/plugins", "/bundle/plugins/p"};
  (void)snprintf(folder, sizeof folder, "/tmp/snt-replay-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return -1;
  }
  for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s%s", folder, folders[i]);
    (void)mkdir(path, 0755);
  }
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

/* What came of all cases: how often each answer; the last verdict of each user. */
struct outcome {
  int decided, not_recorded, no_answer, allowed;
  int64_t last_seq;
  bool is_in_order;
  struct snt_verdict of_alice, of_bob;
};

static snt_status note(void *context, const struct snt_replay_case *of, enum snt_replay_answer answer,
                       const struct snt_verdict *after, struct snt_err *err) {
  struct outcome *outcome = context;
  (void)err;
  outcome->decided += answer == SNT_REPLAY_DECIDED ? 1 : 0;
  outcome->not_recorded += answer == SNT_REPLAY_NOT_RECORDED ? 1 : 0;
  outcome->no_answer += answer == SNT_REPLAY_NO_ANSWER ? 1 : 0;
  outcome->allowed += after->effect == SNT_EFFECT_ALLOW ? 1 : 0;
  outcome->is_in_order = outcome->is_in_order && of->seq > outcome->last_seq;
  outcome->last_seq = of->seq;
  *(strcmp(of->user, "alice") == 0 ? &outcome->of_alice : &outcome->of_bob) = *after;
  return snt_done();
}

struct many {
  const char *file;          /* of the policy, below the folder */
  int count;                 /* of cases, of alice and bob in turns */
  const char *justification; /* of alice's */
  const char *facts;
};

static void format_request(const struct many *many, const char *user, char *out, size_t cap) {
  bool is_justified = many->justification != NULL && strcmp(user, "alice") == 0;
  (void)snprintf(out, cap,
                 "{\"user\":{\"name\":\"%s\",\"kind\":\"user\"},\"profile\":\"prod\",\"role_arn\":"
                 "\"arn:aws:iam::123456789012:role/R\",\"mode\":\"cli\",\"time\":\"2026-01-19T02:47:33Z\","
                 "\"duration\":3600%s%s%s}",
                 user, is_justified ? ",\"justification\":\"" : "", is_justified ? many->justification : "",
                 is_justified ? "\"" : "");
}

static snt_status replay(const struct many *many, struct outcome *outcome, struct snt_err *err) {
  char path[256];
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_REPLAY_AUTO struct snt_replay *replay = NULL;
  *outcome = (struct outcome){.is_in_order = true};
  struct snt_replay_options options = {.on_answer = note, .context = outcome};
  (void)snprintf(path, sizeof path, "%s/%s", folder, many->file);
  SNT_TRY(snt_policy_read_file(path, false, &policy, err));
  SNT_TRY(snt_replay_open(&options, &policy, &replay, err));
  for (int i = 0; i < many->count; i++) {
    struct snt_replay_case of = {.seq = i + 1, .profile = "prod"};
    char request[4096];
    (void)snprintf(of.user, sizeof of.user, "%s", i % 2 == 0 ? "alice" : "bob");
    format_request(many, of.user, request, sizeof request);
    SNT_TRY(snt_replay_add(replay, &of, snt_slice_of(request), snt_slice_of(many->facts == NULL ? "[]" : many->facts),
                           err));
  }
  return snt_replay_finish(replay, err);
}

static void many_decisions_are_made_in_their_order(void **state) {
  (void)state;
  static const int counts[] = {1, SNT_BATCH_MAX - 1, SNT_BATCH_MAX, SNT_BATCH_MAX + 1, 4 * SNT_BATCH_MAX + 3, 0};
  put("a.yaml", "version: 1\nrules:\n- {name: a, effect: allow, conditions: {users: [alice]}, max_duration: 1h}\n");
  for (const int *count = counts; *count > 0; count++) {
    struct outcome outcome;
    assert_ok(replay(&(struct many){.file = "a.yaml", .count = *count}, &outcome, NULL));
    assert_int_equal(outcome.decided, *count);
    assert_int_equal(outcome.allowed, (*count + 1) / 2);
    assert_true(outcome.is_in_order);
    assert_string_equal(outcome.of_alice.rule, "a");
    assert_int_equal(outcome.of_alice.max_duration_s, 3600);
    assert_string_equal(outcome.of_bob.rule, "");
  }
}

/* Each of them is the first that a policy sees. */
static void code_of_a_policy_keeps_nothing_between_two_decisions(void **state) {
  (void)state;
  struct outcome outcome;
  put("a.lua",
      "-- sentinel: lua\nlocal s = require 'sentinel'\nlocal n = 0\nreturn s.policy { version = '1', rules = {\n"
      "s.rule 'a' { effect = 'allow', conditions = { s.check('first', function() n = n + 1 return n == 1 "
      "end) } } } }\n");
  assert_ok(replay(&(struct many){.file = "a.lua", .count = 21}, &outcome, NULL));
  assert_int_equal(outcome.allowed, 21);
}

/* The pattern takes its text apart for as long as it may. */
static void one_that_spends_too_much_is_denied_as_it_is_alone_and_the_others_are_not(void **state) {
  (void)state;
  struct outcome outcome;
  char text[1024];
  memset(text, 'a', 900);
  text[900] = '\0';
  put("a.yaml", "version: 1\nrules:\n- name: a\n  effect: allow\n  conditions: {users: [alice]}\n"
                "  require: {justification: {pattern: \"a*a*a*a*a*a*b\"}}\n"
                "- {name: b, effect: allow, conditions: {}}\n");
  assert_ok(replay(&(struct many){.file = "a.yaml", .count = 4, .justification = text}, &outcome, NULL));
  assert_int_equal(outcome.decided + outcome.no_answer, 4);
  assert_int_equal(outcome.allowed, 2);
  assert_string_equal(outcome.of_bob.rule, "b");
  if (outcome.no_answer > 0) { /* on a slow machine its time is over before */
    assert_true(outcome.no_answer <= 2);
    return;
  }
  assert_string_equal(outcome.of_alice.error, "budget_exceeded");
  assert_string_equal(outcome.of_alice.rule, "a");
}

#define RULE "version: 1\nrules:\n- {name: a, effect: allow, conditions: {profiles: [prod]}, max_duration: 2h%s}\n"

static void a_bundle_bounds_what_its_policy_says(void **state) {
  (void)state;
  static const struct {
    const char *manifest, *marker;
    enum snt_effect effect;
    const char *error;
    int64_t bound_s;
  } rows[] = {
      {"", "", SNT_EFFECT_ALLOW, "", 7200},
      {"max_duration: 1h\n", "", SNT_EFFECT_ALLOW, "", 3600},
      {"targets: {prod: [\"arn:aws:iam::123456789012:role/R\"]}\n", "", SNT_EFFECT_ALLOW, "", 7200},
      {"targets: {prod: [\"arn:aws:iam::123456789012:role/Q\"]}\n", "", SNT_EFFECT_DENY, "target_mismatch", 0},
      {"markers: [emergency]\n", ", emergency: true", SNT_EFFECT_ALLOW, "", 7200},
      {"markers: []\n", "", SNT_EFFECT_ALLOW, "", 7200},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[512];
    struct outcome outcome;
    struct snt_err err = {0};
    (void)snprintf(text, sizeof text, "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\n%s",
                   rows[i].manifest);
    put("bundle/bundle.yaml", text);
    (void)snprintf(text, sizeof text, RULE, rows[i].marker);
    put("bundle/policy.yaml", text);
    snt_status status = replay(&(struct many){.file = "bundle", .count = 1}, &outcome, &err);
    if (!snt_ok(status)) {
      fail_msg("row %zu: %s", i, err.message);
    }
    assert_int_equal(outcome.of_alice.effect, rows[i].effect);
    assert_string_equal(outcome.of_alice.error, rows[i].error);
    assert_int_equal(outcome.of_alice.max_duration_s, rows[i].bound_s);
  }
}

static void a_marker_that_the_bundle_does_not_permit_is_refused(void **state) {
  (void)state;
  char text[512];
  struct outcome outcome;
  put("bundle/bundle.yaml", "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\nmarkers: []\n");
  (void)snprintf(text, sizeof text, RULE, ", emergency: true");
  put("bundle/policy.yaml", text);
  assert_code(replay(&(struct many){.file = "bundle", .count = 1}, &outcome, NULL), SNT_CODE_POLICY_INVALID);
}

static void write_plugin(const char *grant) {
  char text[512];
  (void)snprintf(text, sizeof text,
                 "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\nplugins:\n"
                 "  p: {version: 1.0.0, grant: {%s}}\n",
                 grant);
  put("bundle/bundle.yaml", text);
  put("bundle/policy.yaml", "version: 1\nrules:\n- {name: a, effect: allow, conditions: {p: true}}\n");
  put("bundle/plugins/p/plugin.lua", "return { name = 'p', version = '1.0.0', api = 1, summary = 'x', needs = { "
                                     "history = true } }");
  put("bundle/plugins/p/init.lua", "return function(args, request, host) return #host.history == 1 end");
}

#define HISTORY(status)                                                                                                \
  "[{\"plugin\":\"p\",\"version\":\"1.0.0\",\"need\":\"history\",\"kind\":\"history\",\"params\":{}," status "}]"

static void facts_are_those_of_the_record(void **state) {
  (void)state;
  static const struct {
    const char *grant, *facts;
    int decided, allowed;
    const char *error;
  } rows[] = {
      {"history: true", HISTORY("\"status\":\"ok\",\"value\":[{\"profile\":\"prod\"}]"), 5, 5, ""},
      {"history: true", HISTORY("\"status\":\"ok\",\"value\":[]"), 5, 0, ""},
      {"history: true", HISTORY("\"status\":\"unavailable\",\"reason\":\"broken\""), 5, 0, "fact_unavailable"},
      {"history: true", HISTORY("\"status\":\"timeout\",\"reason\":\"late\""), 5, 0, "plugin_timeout"},
      {"history: true", "[]", 0, 0, ""},
      {"", HISTORY("\"status\":\"ok\",\"value\":[{\"profile\":\"prod\"}]"), 5, 0, "fact_unavailable"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct outcome outcome;
    write_plugin(rows[i].grant);
    assert_ok(replay(&(struct many){.file = "bundle", .count = 5, .facts = rows[i].facts}, &outcome, NULL));
    assert_int_equal(outcome.decided, rows[i].decided);
    assert_int_equal(outcome.not_recorded, 5 - rows[i].decided);
    assert_int_equal(outcome.allowed, rows[i].allowed);
    assert_string_equal(outcome.of_alice.error, rows[i].error);
  }
}

static void what_is_no_request_is_refused(void **state) {
  (void)state;
  char path[256];
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_REPLAY_AUTO struct snt_replay *replay = NULL;
  struct outcome outcome = {0};
  struct snt_replay_options options = {.on_answer = note, .context = &outcome};
  put("a.yaml", "version: 1\nrules:\n- {name: a, effect: allow, conditions: {}}\n");
  (void)snprintf(path, sizeof path, "%s/a.yaml", folder);
  assert_ok(snt_policy_read_file(path, false, &policy, NULL));
  assert_ok(snt_replay_open(&options, &policy, &replay, NULL));
  struct snt_replay_case of = {.seq = 1};
  assert_code(snt_replay_add(replay, &of, snt_slice_of("{}"), snt_slice_of("[]"), NULL), SNT_CODE_SYNTAX);
  assert_ok(snt_replay_finish(replay, NULL));
  assert_int_equal(outcome.decided, 0);
}

static void a_refused_policy_is_refused(void **state) {
  (void)state;
  struct outcome outcome;
  put("a.yaml", "version: 1\nrulez: []\n");
  assert_code(replay(&(struct many){.file = "a.yaml", .count = 1}, &outcome, NULL), SNT_CODE_POLICY_INVALID);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(many_decisions_are_made_in_their_order),
      cmocka_unit_test(code_of_a_policy_keeps_nothing_between_two_decisions),
      cmocka_unit_test(one_that_spends_too_much_is_denied_as_it_is_alone_and_the_others_are_not),
      cmocka_unit_test(a_bundle_bounds_what_its_policy_says),
      cmocka_unit_test(a_marker_that_the_bundle_does_not_permit_is_refused),
      cmocka_unit_test(facts_are_those_of_the_record),
      cmocka_unit_test(what_is_no_request_is_refused),
      cmocka_unit_test(a_refused_policy_is_refused)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
