/* What a caller of the comparison gets: without a policy in force, with a log, with policies that are refused. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "issue/difference.h"

enum { RECORDS = 2000 };

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define PROD(users)                                                                                                    \
  "version: \"1\"\nrules:\n  - {name: a, effect: allow, conditions: {profiles: [prod], users: [" users "]}}\n"

static char folder[] = "/tmp/snt-difference-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  (void)unsetenv("XDG_CONFIG_HOME");
  (void)unsetenv("XDG_STATE_HOME");
  return mkdtemp(folder) == NULL ? -1 : setenv("HOME", folder, 1);
}

static void name_file(const char *name, char out[static 128]) { (void)snprintf(out, 128, "%s/%s", folder, name); }

static int remove_folder(void **state) {
  (void)state;
  static const char *const names[] = {"old.yaml", "new.yaml", "log.jsonl", "long.jsonl"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char path[128];
    name_file(names[i], path);
    (void)unlink(path);
  }
  return rmdir(folder);
}

static void write_file(const char *name, const char *text, size_t len) {
  char path[128];
  name_file(name, path);
  assert_ok(snt_file_replace(path, text, len, 0600, NULL));
}

static struct snt_policy policy_of(const char *name, const char *text) {
  char path[128];
  struct snt_policy policy = {0};
  write_file(name, text, strlen(text));
  name_file(name, path);
  assert_ok(snt_policy_read_file(path, false, &policy, NULL));
  return policy;
}

/* Decisions on alice and prod, a second apart, from 2026-01-19T00:00:00Z on. */
static void write_log(const char *name, int count) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  for (int i = 0; i < count; i++) {
    char time[32];
    (void)snprintf(time, sizeof time, "2026-01-19T%02d:%02d:%02dZ", i / 3600, i / 60 % 60, i % 60);
    assert_ok(snt_buf_appendf(&text, NULL,
                              "{\"v\":1,\"chain\":\"00000000-0000-4000-8000-000000000000\",\"seq\":%d,\"prev\":\"" ZEROS
                              "\",\"time\":\"%s\",\"kind\":\"decision\",\"request_id\":\"%016x\",\"user\":\"alice\","
                              "\"profile\":\"prod\",\"request\":{\"user\":{\"name\":\"alice\",\"kind\":\"user\","
                              "\"account\":\"123456789012\"},\"profile\":\"prod\",\"mode\":\"cli\",\"time\":\"%s\","
                              "\"duration\":3600},\"effect\":\"deny\",\"rule\":null,\"error\":null,"
                              "\"max_duration\":null,\"facts\":[]}\n",
                              i + 1, time, (unsigned)i + 1, time));
  }
  write_file(name, snt_buf_borrow(&text), text.len);
}

static snt_status compare(struct snt_policy *before, struct snt_policy *after, const char *log, int64_t replay_ms,
                          struct snt_difference *out, struct snt_err *err) {
  char path[128] = "";
  if (log[0] != '\0') {
    name_file(log, path);
  }
  struct snt_issue_difference_options options = {
      .log = path, .replay_ms = replay_ms, .time_ms = 1768834800000 /* 2026-01-19T15:00:00Z */};
  return snt_issue_difference(&options, before, after, out, NULL, err);
}

static void where_nothing_is_in_force_all_that_is_allowed_is_gained(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_POLICY_AUTO struct snt_policy after = policy_of("new.yaml", PROD("alice"));
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
  write_log("log.jsonl", 3);
  if (!snt_ok(compare(NULL, &after, "log.jsonl", 0, &difference, &err))) {
    fail_msg("%s", err.message);
  }
  assert_false(difference.has_before);
  assert_true(snt_difference_is_any(&difference) && snt_difference_is_wider(&difference));
  assert_int_equal(difference.access_count, 1);
  assert_int_equal(difference.access[0].kind, SNT_ACCESS_GAINS);
  assert_string_equal(difference.access[0].user, "alice");
  assert_true(difference.access[0].is_now && difference.access[0].is_ever);
  assert_int_equal(difference.replay.impact.changes[SNT_CHANGE_TO_ALLOW], 3);
  assert_int_equal(difference.replay.impact.flips[0].first_seq, 1);
  assert_int_equal(difference.replay.impact.flips[0].first_time_ms, 1768780800000);
  assert_int_equal(difference.unknown_count, 0);
}

/* One millisecond is over before the evaluators have started: one block is decided, and it is the last one. */
static void when_time_is_over_the_oldest_decisions_are_left_out(void **state) {
  (void)state;
  SNT_POLICY_AUTO struct snt_policy before = policy_of("old.yaml", PROD("bob"));
  SNT_POLICY_AUTO struct snt_policy after = policy_of("new.yaml", PROD("alice"));
  write_log("long.jsonl", RECORDS);
  for (int i = 0; i < 2; i++) {
    SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
    bool is_short = i == 0;
    assert_ok(compare(&before, &after, "long.jsonl", is_short ? 1 : 600000, &difference, NULL));
    const struct snt_impact *impact = &difference.replay.impact;
    int64_t count = impact->changes[SNT_CHANGE_TO_ALLOW];
    assert_int_equal(difference.replay.is_cut, is_short);
    assert_int_equal(impact->flip_count, 1);
    assert_int_equal(impact->flips[0].count, count);
    assert_int_equal(impact->flips[0].first_seq, RECORDS - count + 1);
    assert_int_equal(difference.replay.since_ms, 1768780800000 + (RECORDS - count) * 1000);
    assert_true(is_short ? count > 0 && count < RECORDS : count == RECORDS);
  }
}

static void no_log_is_read_where_none_is_wanted(void **state) {
  (void)state;
  SNT_POLICY_AUTO struct snt_policy before = policy_of("old.yaml", PROD("bob"));
  SNT_POLICY_AUTO struct snt_policy after = policy_of("new.yaml", PROD("alice"));
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
  assert_ok(compare(&before, &after, "", 0, &difference, NULL));
  assert_false(difference.replay.has_log);
  assert_int_equal(difference.unknown_count, 0);
  assert_int_equal(difference.access_count, 2);
}

static void which_policy_is_refused_is_said(void **state) {
  (void)state;
  static const char broken[] = "version: \"1\"\nrules: [{name: a, efect: allow, conditions: {}}]\n";
  for (int i = 0; i < 2; i++) {
    struct snt_err err = {0};
    SNT_BUF_AUTO struct snt_buf problems = {0};
    SNT_POLICY_AUTO struct snt_policy before = policy_of("old.yaml", i == 0 ? broken : PROD("bob"));
    SNT_POLICY_AUTO struct snt_policy after = policy_of("new.yaml", i == 1 ? broken : PROD("bob"));
    SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
    struct snt_issue_difference_options options = {.log = ""};
    assert_code(snt_issue_difference(&options, &before, &after, &difference, &problems, &err), SNT_CODE_POLICY_INVALID);
    assert_non_null(strstr(err.message, i == 0 ? "the old policy: " : "the new policy: "));
    assert_non_null(strstr(problems.data, "unknown key \\\"efect\\\""));
    assert_int_equal(difference.change_count, 0);
  }
}

static void a_packed_policy_has_to_be_opened_first(void **state) {
  (void)state;
  SNT_POLICY_AUTO struct snt_policy after = policy_of("new.yaml", PROD("alice"));
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
  assert_ok(snt_buf_append_str(&after.packed, "x", NULL));
  assert_code(compare(NULL, &after, "", 0, &difference, NULL), SNT_CODE_BUG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(where_nothing_is_in_force_all_that_is_allowed_is_gained),
      cmocka_unit_test(when_time_is_over_the_oldest_decisions_are_left_out),
      cmocka_unit_test(no_log_is_read_where_none_is_wanted),
      cmocka_unit_test(which_policy_is_refused_is_said),
      cmocka_unit_test(a_packed_policy_has_to_be_opened_first),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
