#include "check.h"

#include <stdio.h>
#include <string.h>

#include "policy/impact.h"

static struct snt_verdict verdict(enum snt_effect effect, const char *rule, const char *error, int64_t bound_s) {
  struct snt_verdict out = {.effect = effect, .max_duration_s = bound_s};
  (void)snprintf(out.rule, sizeof out.rule, "%s", rule);
  (void)snprintf(out.error, sizeof out.error, "%s", error);
  return out;
}

static struct snt_replay_case of(int64_t seq, const char *user, const char *profile, struct snt_verdict before) {
  struct snt_replay_case out = {.before = before, .has_bound = true, .seq = seq};
  (void)snprintf(out.user, sizeof out.user, "%s", user);
  (void)snprintf(out.profile, sizeof out.profile, "%s", profile);
  (void)snprintf(out.request_id, sizeof out.request_id, "%016llx", (long long)seq);
  return out;
}

static void each_change_is_of_one_kind(void **state) {
  (void)state;
  enum { DENY = SNT_EFFECT_DENY, ALLOW = SNT_EFFECT_ALLOW, ASK = SNT_EFFECT_REQUIRE_APPROVAL };
  static const struct {
    int from, to;
    const char *rules, *errors; /* before and after, a letter each */
    int64_t before_s, after_s;
    enum snt_change change;
  } rows[] = {
      {DENY, DENY, "aa", "--", 0, 0, SNT_CHANGE_NONE},         {ALLOW, ALLOW, "aa", "--", 60, 60, SNT_CHANGE_NONE},
      {DENY, ALLOW, "ab", "x-", 0, 60, SNT_CHANGE_TO_ALLOW},   {ASK, ALLOW, "aa", "--", 0, 0, SNT_CHANGE_TO_ALLOW},
      {ALLOW, DENY, "aa", "-x", 60, 0, SNT_CHANGE_FROM_ALLOW}, {ALLOW, ASK, "aa", "--", 60, 60, SNT_CHANGE_FROM_ALLOW},
      {DENY, ASK, "aa", "x-", 0, 0, SNT_CHANGE_EFFECT},        {DENY, DENY, "ab", "xy", 0, 0, SNT_CHANGE_ERROR},
      {DENY, DENY, "aa", "x-", 0, 0, SNT_CHANGE_ERROR},        {ALLOW, ALLOW, "ab", "--", 60, 90, SNT_CHANGE_LONGER},
      {ALLOW, ALLOW, "aa", "--", 60, 0, SNT_CHANGE_LONGER},    {ALLOW, ALLOW, "aa", "--", 0, 60, SNT_CHANGE_SHORTER},
      {ALLOW, ALLOW, "aa", "--", 90, 60, SNT_CHANGE_SHORTER},  {ALLOW, ALLOW, "ab", "--", 60, 60, SNT_CHANGE_RULE},
      {DENY, DENY, "ab", "--", 0, 0, SNT_CHANGE_RULE}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char rules[2][2] = {{rows[i].rules[0]}, {rows[i].rules[1]}};
    char errors[2][2] = {{rows[i].errors[0]}, {rows[i].errors[1]}};
    struct snt_replay_case before =
        of(1, "u", "p", verdict((enum snt_effect)rows[i].from, rules[0], errors[0], rows[i].before_s));
    struct snt_verdict after = verdict((enum snt_effect)rows[i].to, rules[1], errors[1], rows[i].after_s);
    assert_int_equal(snt_impact_classify(&before, &after), rows[i].change);
    before.has_bound = false;
    bool is_bound = rows[i].change == SNT_CHANGE_LONGER || rows[i].change == SNT_CHANGE_SHORTER;
    enum snt_change unbound = strcmp(rules[0], rules[1]) == 0 ? SNT_CHANGE_NONE : SNT_CHANGE_RULE;
    assert_int_equal(snt_impact_classify(&before, &after), is_bound ? unbound : rows[i].change);
  }
}

static void add(struct snt_impact *impact, int64_t seq, const char *user, const char *profile, bool is_to_allow,
                const char *rule) {
  struct snt_verdict deny = verdict(SNT_EFFECT_DENY, "", "", 0);
  struct snt_verdict allow = verdict(SNT_EFFECT_ALLOW, rule, "", 0);
  struct snt_replay_case before = of(seq, user, profile, is_to_allow ? deny : allow);
  assert_ok(snt_impact_add(impact, &before, SNT_REPLAY_DECIDED, is_to_allow ? &allow : &deny, NULL));
}

static void flips_are_grouped_and_sorted_and_those_to_allow_come_first(void **state) {
  (void)state;
  SNT_IMPACT_AUTO struct snt_impact impact = {0};
  add(&impact, 9, "alice", "dev", false, "a");
  add(&impact, 8, "zoe", "prod", true, "a");
  add(&impact, 7, "bob", "prod", true, "b");
  add(&impact, 3, "zoe", "prod", true, "a");
  add(&impact, 5, "bob", "prod", true, "a");
  add(&impact, 4, "bob", "dev", true, "b");
  assert_false(snt_impact_is_harmless(&impact));
  snt_impact_sort(&impact);
  static const char *const wanted[] = {"bob dev b 1 4", "bob prod a 1 5", "bob prod b 1 7", "zoe prod a 2 3",
                                       "alice dev  1 9"};
  assert_int_equal(impact.flip_count, 5);
  for (size_t i = 0; i < 5; i++) {
    char text[128];
    const struct snt_flip *flip = &impact.flips[i];
    (void)snprintf(text, sizeof text, "%.20s %.20s %s %lld %lld", flip->user, flip->profile, flip->rule_after,
                   (long long)flip->count, (long long)flip->first_seq);
    assert_string_equal(text, wanted[i]);
  }
  assert_string_equal(impact.flips[3].first_request_id, "0000000000000003");
  assert_int_equal(impact.changes[SNT_CHANGE_TO_ALLOW], 5);
  assert_int_equal(impact.changes[SNT_CHANGE_FROM_ALLOW], 1);
  assert_int_equal(snt_impact_count_changed(&impact), 6);
}

static void more_groups_than_are_kept_are_counted(void **state) {
  (void)state;
  SNT_IMPACT_AUTO struct snt_impact impact = {0};
  for (int i = 0; i < SNT_FLIPS_MAX + 10; i++) {
    char user[32];
    (void)snprintf(user, sizeof user, "user-%d", i);
    add(&impact, i + 1, user, "p", true, "r");
    add(&impact, i + 1, "user-0", "p", true, "r");
  }
  assert_int_equal(impact.flip_count, SNT_FLIPS_MAX);
  assert_int_equal(impact.left_out, 10);
  assert_int_equal(impact.changes[SNT_CHANGE_TO_ALLOW], 2 * (SNT_FLIPS_MAX + 10));
  assert_int_equal(impact.flips[0].count, SNT_FLIPS_MAX + 11);
}

static void what_is_not_known_is_not_harmless(void **state) {
  (void)state;
  static const struct snt_verdict none = {0};
  for (int i = 0; i < 2; i++) {
    SNT_IMPACT_AUTO struct snt_impact impact = {0};
    struct snt_replay_case before = of(7, "u", "p", none);
    assert_true(snt_impact_is_harmless(&impact));
    enum snt_replay_answer answer = i == 0 ? SNT_REPLAY_NO_ANSWER : SNT_REPLAY_NOT_RECORDED;
    assert_ok(snt_impact_add(&impact, &before, answer, &none, NULL));
    before.seq = 5;
    assert_ok(snt_impact_add(&impact, &before, answer, &none, NULL));
    assert_false(snt_impact_is_harmless(&impact));
    assert_int_equal(i == 0 ? impact.no_answer : impact.not_recorded, 2);
    assert_int_equal(i == 0 ? impact.no_answer_seq : impact.not_recorded_seq, 5);
    assert_int_equal(snt_impact_count_replayed(&impact), 0);
  }
}

static void what_was_skipped_is_counted_by_its_reason(void **state) {
  (void)state;
  SNT_IMPACT_AUTO struct snt_impact impact = {0};
  for (int i = 0; i < SNT_SKIPS_MAX + 5; i++) {
    char reason[16];
    (void)snprintf(reason, sizeof reason, "reason-%d", i);
    snt_impact_skip(&impact, reason);
    snt_impact_skip(&impact, "reason-0");
  }
  assert_int_equal(impact.skip_count, SNT_SKIPS_MAX + 1);
  assert_int_equal(impact.skips[0].count, SNT_SKIPS_MAX + 6);
  assert_string_equal(impact.skips[SNT_SKIPS_MAX].reason, "other");
  assert_int_equal(impact.skips[SNT_SKIPS_MAX].count, 5);
  assert_true(snt_impact_is_harmless(&impact));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_is_of_one_kind),
                                     cmocka_unit_test(flips_are_grouped_and_sorted_and_those_to_allow_come_first),
                                     cmocka_unit_test(more_groups_than_are_kept_are_counted),
                                     cmocka_unit_test(what_is_not_known_is_not_harmless),
                                     cmocka_unit_test(what_was_skipped_is_counted_by_its_reason)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
