#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/history.h"
#include "facts/facts_internal.h"

static char path[64];

static void add_to_log(const char *text, size_t times) {
  FILE *file = fopen(path, "a");
  assert_non_null(file);
  for (size_t i = 0; i < times; i++) {
    assert_true(fputs(text, file) >= 0);
  }
  assert_int_equal(fclose(file), 0);
}

static void write_log(const char *text, size_t times) {
  assert_int_equal(truncate(path, 0), 0);
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

static int make_file(void **state) {
  (void)state;
  (void)snprintf(path, sizeof path, "/tmp/snt-history-XXXXXX");
  int fd = mkstemp(path);
  return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
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
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
