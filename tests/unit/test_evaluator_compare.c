/* Two policies side by side, in evaluators as they ship. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "lua/evaluator_compare.h"

#define YAML(rules) "version: \"1\"\nrules:\n" rules
#define RULE(name, more) "  - {name: " name ", effect: allow, conditions: {profiles: [prod], " more "}}\n"
#define LUA(body)                                                                                                      \
  "local s = require \"sentinel\"\nlocal LIMIT = 3\nreturn s.policy { version = \"1\", rules = {\n"                    \
  "  s.rule \"r\" { effect = \"allow\", conditions = { s.check(\"c\", function(r) return " body " end) } } } }\n"

static struct snt_evaluator *start(void) {
  static const struct snt_evaluator_options options = {.is_long = true};
  struct snt_evaluator *evaluator = NULL;
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  return evaluator;
}

static void give(struct snt_evaluator *both, enum snt_side side, const char *data) {
  SNT_EVALUATOR_AUTO struct snt_evaluator *own = start();
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_BUF_AUTO struct snt_buf outline = {0};
  enum snt_policy_kind kind = strstr(data, "s.policy") != NULL ? SNT_POLICY_KIND_LUA : SNT_POLICY_KIND_YAML;
  struct snt_policy_text text = {
      .name = kind == SNT_POLICY_KIND_LUA ? "p.lua" : "p.yaml", .kind = kind, .data = data, .len = strlen(data)};
  struct snt_err err = {0};
  if (!snt_ok(snt_evaluator_load(own, &text, NULL, &err)) || !snt_ok(snt_evaluator_outline(own, &outline, &err))) {
    fail_msg("%s", err.message);
  }
  assert_ok(snt_buf_append_str(&about, "{\"plugins\":{},\"strict\":false}", NULL));
  assert_ok(snt_evaluator_take_side(both, side, &about, &outline, own, &err));
}

static void ask(struct snt_evaluator *both, enum snt_comparison what, const char *question, struct snt_buf *reply) {
  bool is_late = true;
  struct snt_err err = {0};
  snt_buf_reset(reply);
  if (!snt_ok(snt_evaluator_compare(both, what, snt_slice_of(question), reply, &is_late, &err)) || is_late) {
    fail_msg("%s", err.message);
  }
}

static void assert_holds(const struct snt_buf *text, const char *piece) {
  if (strstr(snt_buf_borrow(text), piece) == NULL) {
    fail_msg("%s\n  does not hold  %s", snt_buf_borrow(text), piece);
  }
}

#define ASK_PROD "{\"profiles\":[\"prod\",\"other\"],\"time\":\"2026-01-19T15:00:00Z\",\"ever\":true}"

static void two_policies_are_compared_without_either_of_them_running(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  give(both, SNT_SIDE_BEFORE, YAML(RULE("a", "users: [alice]")));
  give(both, SNT_SIDE_AFTER, YAML(RULE("a", "users: [alice, carol]")));
  ask(both, SNT_COMPARE_RULES, "", &reply);
  assert_holds(&reply, "\"gained\":[\"carol\"],\"lost\":[]");
  ask(both, SNT_COMPARE_PROFILES, "", &reply);
  assert_holds(&reply, "{\"name\":\"prod\",\"label\":\"prod\"}");
  ask(both, SNT_COMPARE_ACCESS, ASK_PROD, &reply);
  assert_holds(&reply, "{\"profiles\":[{\"changes\":[{\"kind\":\"gains\",\"user\":\"carol\"");
  assert_holds(&reply, "{\"changes\":[],\"exact\":true}]}");
  ask(both, SNT_COMPARE_RULES, "", &reply); /* each answer is of a process of its own */
  assert_holds(&reply, "\"left_out\":0}");
}

static void a_side_without_a_policy_allows_nothing(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_BUF_AUTO struct snt_buf about = {0};
  static const struct snt_buf nothing = {0};
  assert_ok(snt_buf_append_str(&about, "{}", NULL));
  assert_ok(snt_evaluator_take_side(both, SNT_SIDE_BEFORE, &about, &nothing, NULL, NULL));
  give(both, SNT_SIDE_AFTER, YAML(RULE("a", "users: [alice]")));
  ask(both, SNT_COMPARE_ACCESS, ASK_PROD, &reply);
  assert_holds(&reply, "{\"kind\":\"gains\",\"user\":\"alice\"");
}

/* Zones come from the evaluators that loaded them. */
static void windows_in_other_zones_are_looked_at(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
  SNT_BUF_AUTO struct snt_buf reply = {0};
  give(both, SNT_SIDE_BEFORE,
       YAML(RULE("a", "time: {hours: {start: \"09:00\", end: \"10:00\"}, timezone: Asia/Tokyo}")));
  give(both, SNT_SIDE_AFTER,
       YAML(RULE("a", "time: {hours: {start: \"09:00\", end: \"10:00\"}, timezone: America/New_York}")));
  ask(both, SNT_COMPARE_ACCESS, ASK_PROD, &reply);
  assert_holds(&reply, "\"time\":\"2026-01-20T14:00:00Z\"");
  assert_holds(&reply, "\"time\":\"2026-01-20T00:00:00Z\"");
}

static void code_is_the_same_when_it_does_the_same(void **state) {
  (void)state;
  static const struct {
    const char *before, *after;
    const char *told;
  } rows[] = {{LUA("#r.profile > LIMIT"), "\n\n" LUA("#r.profile > LIMIT"), "\"changes\":[]"},
              {LUA("#r.profile > LIMIT"), LUA("#r.profile >= LIMIT"), "its code has changed"},
              {LUA("r.mode == 'cli'"), LUA("r.mode == 'server'"), "its code has changed"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
    SNT_BUF_AUTO struct snt_buf reply = {0};
    give(both, SNT_SIDE_BEFORE, rows[i].before);
    give(both, SNT_SIDE_AFTER, rows[i].after);
    ask(both, SNT_COMPARE_RULES, "", &reply);
    assert_holds(&reply, rows[i].told);
  }
}

static void what_is_out_of_order_is_refused(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *own = start();
  SNT_BUF_AUTO struct snt_buf out = {0};
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_BUF_AUTO struct snt_buf outline = {0};
  static const char policy[] = YAML(RULE("a", "users: [alice]"));
  struct snt_policy_text text = {
      .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = policy, .len = sizeof policy - 1};
  assert_ok(snt_buf_append_str(&about, "{}", NULL));
  assert_ok(snt_evaluator_load(own, &text, NULL, NULL));
  assert_code(snt_evaluator_take_side(own, SNT_SIDE_BEFORE, &about, &outline, NULL, NULL), SNT_CODE_BUG);
  SNT_EVALUATOR_AUTO struct snt_evaluator *empty = start();
  assert_code(snt_evaluator_outline(empty, &out, NULL), SNT_CODE_EVALUATOR);
  SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
  assert_ok(snt_buf_append_str(&outline, "{}\nnot JSON", NULL));
  assert_code(snt_evaluator_take_side(both, SNT_SIDE_BEFORE, &about, &outline, NULL, NULL), SNT_CODE_EVALUATOR);
}

/* What cannot be taken over in one exchange is refused, and never sent in part. */
static void an_outline_that_is_too_large_is_refused(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_BUF_AUTO struct snt_buf outline = {0};
  struct snt_err err = {0};
  assert_ok(snt_buf_append_str(&about, "{}", NULL));
  assert_ok(snt_buf_reserve(&outline, 5 << 20, NULL));
  memset(outline.data, '{', 5 << 20);
  outline.len = 5 << 20;
  assert_code(snt_evaluator_take_side(both, SNT_SIDE_AFTER, &about, &outline, NULL, &err), SNT_CODE_EVALUATOR);
  assert_non_null(strstr(err.message, "too large"));
}

/* 65 zones that every database has. */
static void name_zone(size_t number, char out[static 64]) {
  static const char *const names[] = {
      "America/New_York",  "America/Chicago",  "America/Denver",  "America/Los_Angeles", "America/Toronto",
      "America/Bogota",    "America/Lima",     "America/Caracas", "America/Halifax",     "America/Santiago",
      "America/Sao_Paulo", "America/Phoenix",  "America/Havana",  "America/Jamaica",     "America/Panama",
      "America/La_Paz",    "America/Asuncion", "America/Cayenne", "Asia/Tokyo",          "Asia/Seoul",
      "Europe/Berlin",     "Europe/London",    "Europe/Paris",    "Europe/Rome",         "Europe/Madrid",
      "Europe/Vienna",     "Europe/Zurich",    "Europe/Oslo",     "Europe/Stockholm",    "Europe/Helsinki",
      "Europe/Athens",     "Europe/Warsaw",    "Europe/Prague",   "Europe/Dublin",       "Europe/Lisbon",
      "Europe/Brussels",   "Europe/Budapest",  "Europe/Sofia",    "Europe/Riga",         "Asia/Dubai"};
  enum { NAMES = sizeof names / sizeof names[0], EAST = 13 };
  if (number < NAMES) {
    (void)snprintf(out, 64, "%s", names[number]);
  } else if (number < NAMES + EAST) {
    (void)snprintf(out, 64, "Etc/GMT-%zu", number - NAMES + 1);
  } else {
    (void)snprintf(out, 64, "Etc/GMT+%zu", number - NAMES - EAST + 1);
  }
}

static snt_status give_zones(struct snt_evaluator *both, enum snt_side side, size_t from, size_t to,
                             struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_BUF_AUTO struct snt_buf outline = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *own = start();
  assert_ok(snt_buf_append_str(&about, "{}", NULL));
  assert_ok(snt_buf_append_str(&text, "version: \"1\"\nrules:\n", NULL));
  for (size_t i = from; i < to; i++) {
    char zone[64];
    name_zone(i, zone);
    assert_ok(snt_buf_appendf(
        &text, NULL, "  - {name: r%zu, effect: allow, conditions: {time: {days: [monday], timezone: %s}}}\n", i, zone));
  }
  struct snt_policy_text policy = {.name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = text.data, .len = text.len};
  if (!snt_ok(snt_evaluator_load(own, &policy, NULL, err))) {
    fail_msg("%s", err->message);
  }
  assert_ok(snt_evaluator_outline(own, &outline, NULL));
  return snt_evaluator_take_side(both, side, &about, &outline, own, err);
}

static void zones_that_are_too_many_together_are_told(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *both = start();
  assert_ok(give_zones(both, SNT_SIDE_BEFORE, 0, 33, &err));
  assert_ok(give_zones(both, SNT_SIDE_AFTER, 32, 64, &err));
  assert_code(give_zones(both, SNT_SIDE_AFTER, 33, 65, &err), SNT_CODE_POLICY_INVALID);
  assert_non_null(strstr(err.message, "more than 64 time zones"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_policies_are_compared_without_either_of_them_running),
      cmocka_unit_test(a_side_without_a_policy_allows_nothing),
      cmocka_unit_test(windows_in_other_zones_are_looked_at),
      cmocka_unit_test(code_is_the_same_when_it_does_the_same),
      cmocka_unit_test(what_is_out_of_order_is_refused),
      cmocka_unit_test(an_outline_that_is_too_large_is_refused),
      cmocka_unit_test(zones_that_are_too_many_together_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
