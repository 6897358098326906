#include "fail_alloc.h"
#include "log_fixture.h"

#include <unistd.h>

#include "audit/history.h"
#include "facts/facts_internal.h"

static char folder[64];
static char path[128];

static void add_to_log(const char *text, size_t times) {
  FILE *file = fopen(path, "a");
  assert_non_null(file);
  for (size_t i = 0; i < times; i++) {
    assert_true(fputs(text, file) >= 0);
  }
  assert_int_equal(fclose(file), 0);
}

static void write_log(const char *text, size_t times) {
  (void)unlink(path);
  add_to_log(LOG_FIRST, 1);
  add_to_log(text, times);
}

#define DECISION(id, user, more)                                                                                       \
  "{\"kind\":\"decision\",\"request_id\":\"" id "\",\"user\":\"" user                                                  \
  "\",\"effect\":\"allow\",\"request\":{\"mode\":\"cli\"" more "}}\n"
#define DENIED "{\"kind\":\"decision\",\"request_id\":\"1\",\"user\":\"alice\",\"effect\":\"deny\",\"request\":{}}\n"
#define ISSUED(id, user, time)                                                                                         \
  "{\"kind\":\"issued\",\"time\":\"" time "\",\"request_id\":\"" id "\",\"user\":\"" user                              \
  "\",\"profile\":\"dev\",\"role_arn\":\"arn\"}\n"

static void grants_are_told_the_newest_first(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  write_log(DECISION("1", "alice", ",\"source_ip\":\"192.0.2.1\"") ISSUED("1", "alice", "T1") DECISION("2", "bob", "")
                ISSUED("2", "bob", "T2") DECISION("3", "alice", "") "{}\n" DECISION("4", "alice", "")
                    ISSUED("4", "alice", "T4") "{\"kind\":\"issued\"",
            1);
  assert_ok(snt_log_history(path, "alice", &out, NULL));
  assert_string_equal(snt_buf_borrow(&out),
                      "[{\"time\":\"T4\",\"profile\":\"dev\",\"role_arn\":\"arn\",\"mode\":\"cli\"},"
                      "{\"time\":\"T1\",\"profile\":\"dev\",\"role_arn\":\"arn\",\"mode\":\"cli\",\"source_ip\":"
                      "\"192.0.2.1\"}]");
}

static void only_the_last_are_told_of_a_long_log(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  write_log(DECISION("1", "alice", "") ISSUED("1", "alice", "T1"), 10000);
  assert_ok(snt_log_history(path, "alice", &out, NULL));
  size_t count = 0;
  for (const char *at = snt_buf_borrow(&out); (at = strstr(at, "\"time\"")) != NULL; at++) {
    count++;
  }
  assert_int_equal(count, SNT_HISTORY_MAX);
}

static void denied_requests_push_no_grant_out_of_sight(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  write_log(DECISION("1", "alice", ""), 1);
  add_to_log(DENIED, 30000);
  add_to_log(ISSUED("1", "alice", "T1"), 1);
  add_to_log(DENIED, 30000);
  assert_ok(snt_log_history(path, "alice", &out, NULL));
  assert_non_null(strstr(snt_buf_borrow(&out), "\"time\":\"T1\""));
}

/* Whatever wrote it. */
static void a_grant_is_seen_in_any_form(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  write_log("{ \"user\": \"alice\", \"effect\": \"allow\", \"kind\": \"decision\", \"request_id\": \"1\" }\n"
            "{ \"user\": \"alice\", \"kind\": \"issued\", \"request_id\": \"1\", \"time\": \"T1\" }\n",
            1);
  add_to_log("{\"kind\":\"decision\",\"request_id\":\"2\",\"user\":\"alice\",\"facts\":[{\"effect\":\"deny\"}],"
             "\"effect\":\"allow\"}\n" ISSUED("2", "alice", "T2"),
             1);
  assert_ok(snt_log_history(path, "alice", &out, NULL));
  assert_non_null(strstr(snt_buf_borrow(&out), "\"time\":\"T1\""));
  assert_non_null(strstr(snt_buf_borrow(&out), "\"time\":\"T2\""));
}

static void what_may_hide_a_grant_is_an_error(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  write_log("{\"kind\":\"issued\",\"time\"\n", 1);
  assert_code(snt_log_history(path, "alice", &out, NULL), SNT_CODE_SYNTAX);
  write_log("no record\n", 1);
  assert_code(snt_log_history(path, "alice", &out, NULL), SNT_CODE_SYNTAX);
  write_log("x", 70000);
  add_to_log("\n", 1);
  assert_code(snt_log_history(path, "alice", &out, NULL), SNT_CODE_NOT_A_LOG);
  assert_code(snt_log_history("/etc/hostname/log", "alice", &out, NULL), SNT_CODE_NOT_A_LOG);
  write_log(DENIED, 1);
  add_to_log(DENIED, 33 * 1024 * 1024 / strlen(DENIED));
  assert_code(snt_log_history(path, "alice", &out, NULL), SNT_CODE_NOT_A_LOG);
  add_to_log(DECISION("1", "alice", "") ISSUED("1", "alice", "T1"), 1);
  assert_ok(snt_log_history(path, "alice", &out, NULL));
}

static void no_log_is_no_history_and_what_is_no_log_is_an_error(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf out = {0};
  assert_ok(snt_log_history("/tmp/there-is-no-such-log", "alice", &out, NULL));
  assert_string_equal(snt_buf_borrow(&out), "[]");
  assert_code(snt_log_history("/tmp", "alice", &out, NULL), SNT_CODE_NOT_A_LOG);
}

static void as_a_fact_it_is_had_or_not(void **state) {
  (void)state;
  struct snt_fact fact = {0};
  struct snt_facts_source source = {.user = "alice"};
  assert_ok(snt_facts_fetch_history(&source, &fact, NULL));
  assert_int_equal(fact.status, SNT_FACT_UNAVAILABLE);
  source.log_path = "/tmp";
  assert_ok(snt_facts_fetch_history(&source, &fact, NULL));
  assert_int_equal(fact.status, SNT_FACT_UNAVAILABLE);
  assert_non_null(strstr(fact.reason, "not a regular file"));
  source.log_path = path;
  write_log(DECISION("1", "alice", "") ISSUED("1", "alice", "T1"), 1);
  assert_ok(snt_facts_fetch_history(&source, &fact, NULL));
  assert_int_equal(fact.status, SNT_FACT_OK);
  snt_buf_clear(&fact.value);
}

/* A grant of alice's, at a time of such a name, with the decision in front of it or without. */
static void add_grant(struct log_fixture *log, const char *time, bool has_decision) {
  char members[512];
  const char *id = time;
  if (has_decision) {
    (void)snprintf(members, sizeof members,
                   "\"time\":\"T\",\"kind\":\"decision\",\"request_id\":\"%s\",\"user\":\"alice\",\"effect\":\"allow\","
                   "\"request\":{\"mode\":\"server\",\"source_ip\":\"192.0.2.%s\"}",
                   id, time + 1);
    log_fixture_add(log, members);
  }
  (void)snprintf(members, sizeof members,
                 "\"time\":\"%s\",\"kind\":\"issued\",\"request_id\":\"%s\",\"user\":\"alice\",\"profile\":\"dev\","
                 "\"role_arn\":\"arn\"",
                 time, id);
  log_fixture_add(log, members);
}

/* "T4 T3 ": the times of the grants that are told. */
static const char *tell_times(const char *file) {
  static char out[128];
  SNT_BUF_AUTO struct snt_buf history = {0};
  struct snt_err err = {0};
  if (!snt_ok(snt_log_history(file, "alice", &history, &err))) {
    fail_msg("%s", err.message);
  }
  out[0] = '\0';
  for (const char *at = snt_buf_borrow(&history); (at = strstr(at, "\"time\":\"")) != NULL; at++) {
    size_t len = strlen(out);
    (void)snprintf(out + len, sizeof out - len, "%.*s ", (int)strcspn(at + 8, "\""), at + 8);
  }
  return out;
}

static const char *beside(const char *name) {
  static char out[192];
  (void)snprintf(out, sizeof out, "%s/%s", folder, name);
  return out;
}

static void grants_of_closed_segments_are_told_too(void **state) {
  (void)state;
  struct log_fixture log;
  log_fixture_begin(&log);
  for (int i = 1; i <= 8; i++) {
    char time[16];
    (void)snprintf(time, sizeof time, "T%d", i);
    add_grant(&log, time, true);
    if (i == 3) {
      log_fixture_write(&log, beside("decisions.1-6.jsonl"), "");
    }
    if (i == 6) {
      log_fixture_write(&log, beside("decisions.7-12.jsonl"), "");
    }
  }
  log_fixture_write(&log, path, "");
  log_fixture_end(&log);
  assert_string_equal(tell_times(path), "T8 T7 T6 T5 T4 T3 T2 T1 ");
  (void)unlink(path);
  assert_string_equal(tell_times(path), "T6 T5 T4 T3 T2 T1 ");
  (void)unlink(beside("decisions.1-6.jsonl"));
  (void)unlink(beside("decisions.7-12.jsonl"));
}

static void a_grant_may_be_issued_behind_the_end_of_its_decisions_segment(void **state) {
  (void)state;
  struct log_fixture log;
  log_fixture_begin(&log);
  log_fixture_add(&log,
                  "\"time\":\"T\",\"kind\":\"decision\",\"request_id\":\"T1\",\"user\":\"alice\",\"effect\":\"allow\","
                  "\"request\":{\"mode\":\"server\",\"source_ip\":\"192.0.2.1\"}");
  log_fixture_write(&log, beside("decisions.1-1.jsonl"), "");
  add_grant(&log, "T1", false);
  log_fixture_write(&log, path, "");
  SNT_BUF_AUTO struct snt_buf history = {0};
  assert_ok(snt_log_history(path, "alice", &history, NULL));
  assert_non_null(strstr(snt_buf_borrow(&history), "\"time\":\"T1\""));
  assert_non_null(strstr(snt_buf_borrow(&history), "\"source_ip\":\"192.0.2.1\""));
  log_fixture_end(&log);
  (void)unlink(beside("decisions.1-1.jsonl"));
}

/* T1 and so on, behind a grant whose segment is gone. */
static void write_last_grants(int count) {
  struct log_fixture log;
  log_fixture_begin(&log);
  add_grant(&log, "T0", true);
  log_fixture_write(&log, "/dev/null", "");
  for (int i = 1; i <= count; i++) {
    char time[16];
    (void)snprintf(time, sizeof time, "T%d", i);
    add_grant(&log, time, true);
  }
  log_fixture_write(&log, path, "");
  log_fixture_end(&log);
}

static void a_segment_is_missed_only_where_its_grants_are(void **state) {
  (void)state;
  struct snt_err err = {0};
  SNT_BUF_AUTO struct snt_buf history = {0};
  write_last_grants(SNT_HISTORY_MAX - 1);
  assert_code(snt_log_history(path, "alice", &history, &err), SNT_CODE_NOT_A_LOG);
  assert_non_null(strstr(err.message, "records are missing"));
  write_last_grants(SNT_HISTORY_MAX);
  assert_string_equal(tell_times(path), "T8 T7 T6 T5 T4 T3 T2 T1 ");
}

/* Of decisions that were made at once: the order is that of the grants. */
static void grants_that_overlap_stand_in_their_order(void **state) {
  (void)state;
  write_log(DECISION("1", "alice", "") DECISION("2", "alice", "") ISSUED("2", "alice", "T2") ISSUED("1", "alice", "T1"),
            1);
  assert_string_equal(tell_times(path), "T1 T2 ");
  write_log(DECISION("1", "alice", ""), 1);
  for (int i = 0; i < 9; i++) {
    add_to_log(DECISION("2", "alice", "") ISSUED("2", "alice", "T2"), 1);
  }
  add_to_log(ISSUED("1", "alice", "T1"), 1);
  assert_string_equal(tell_times(path), "T1 T2 T2 T2 T2 T2 T2 T2 ");
}

static void what_nobody_decided_is_no_grant(void **state) {
  (void)state;
  write_log(ISSUED("8", "alice", "T8"), 1);
  assert_string_equal(tell_times(path), "");
  add_to_log(DECISION("1", "alice", "") ISSUED("1", "alice", "T1"), 9);
  add_to_log(ISSUED("9", "alice", "T9"), 50);
  assert_string_equal(tell_times(path), "");
  write_log(DECISION("1", "alice", "") ISSUED("1", "alice", "T1"), 100);
  add_to_log(ISSUED("9", "alice", "T9"), 50);
  assert_string_equal(tell_times(path), "T1 T1 T1 T1 T1 T1 T1 T1 ");
}

static snt_status find_grant(const void *context) {
  SNT_BUF_AUTO struct snt_buf out = {0};
  (void)context;
  SNT_TRY(snt_log_history(path, "alice", &out, NULL));
  return strstr(snt_buf_borrow(&out), "T1") != NULL ? snt_done() : snt_fail(NULL, SNT_CODE_BUG, "a grant is missing");
}

static void no_grant_is_passed_over_where_memory_ends(void **state) {
  (void)state;
  write_log(DECISION("1", "alice", "") ISSUED("1", "alice", "T1"), 1);
  assert_true(fail_alloc_walk(find_grant, NULL) > 3);
}

static int make_folder(void **state) {
  (void)state;
  return log_fixture_make_folder(folder, path);
}

static int remove_folder(void **state) {
  (void)state;
  return log_fixture_remove_folder(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grants_are_told_the_newest_first),
      cmocka_unit_test(only_the_last_are_told_of_a_long_log),
      cmocka_unit_test(denied_requests_push_no_grant_out_of_sight),
      cmocka_unit_test(a_grant_is_seen_in_any_form),
      cmocka_unit_test(what_may_hide_a_grant_is_an_error),
      cmocka_unit_test(no_log_is_no_history_and_what_is_no_log_is_an_error),
      cmocka_unit_test(as_a_fact_it_is_had_or_not),
      cmocka_unit_test(grants_of_closed_segments_are_told_too),
      cmocka_unit_test(a_grant_may_be_issued_behind_the_end_of_its_decisions_segment),
      cmocka_unit_test(a_segment_is_missed_only_where_its_grants_are),
      cmocka_unit_test(grants_that_overlap_stand_in_their_order),
      cmocka_unit_test(what_nobody_decided_is_no_grant),
      cmocka_unit_test(no_grant_is_passed_over_where_memory_ends),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
