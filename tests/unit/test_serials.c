#include "fail_alloc.h"
#include "log_fixture.h"

#include <unistd.h>

#include "audit/serials.h"

#define SOURCE "ssm:/sentinel/policies/prod"

static char folder[64];
static char path[128];

static void write_log(const char *first, const char *text, size_t times) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(LOG_FIRST, file) >= 0);
  assert_true(fputs(first, file) >= 0);
  for (size_t i = 0; i < times; i++) {
    assert_true(fputs(text, file) >= 0);
  }
  assert_int_equal(fclose(file), 0);
}

#define RECORD(kind, source, installation, serial, more)                                                               \
  "{\"kind\":\"" kind "\",\"policy\":{\"source\":\"" source "\",\"installation\":\"" installation                      \
  "\",\"serial\":" serial ",\"sha256\":\"hash" serial "\"}" more "}\n"
#define DECISION(serial) RECORD("decision", SOURCE, "acme", serial, "")

static int64_t find_of(bool is_signed) {
  const struct snt_log_bundle bundle = {SOURCE, "acme", is_signed};
  struct snt_log_serial found = {0};
  assert_ok(snt_log_find_serial(path, &bundle, &found, NULL));
  char wanted[32];
  (void)snprintf(wanted, sizeof wanted, "hash%d", (int)found.serial);
  assert_string_equal(found.sha256, found.serial == 0 ? "" : wanted);
  return found.serial;
}

static int64_t find(void) { return find_of(false); }

static void the_newest_counts(void **state) {
  (void)state;
  write_log(DECISION("3"), DECISION("4") "{\"kind\":\"issued\"}\n", 1);
  assert_int_equal(find(), 4);
}

static void others_do_not(void **state) {
  (void)state;
  write_log(DECISION("3"),
            RECORD("failed", SOURCE, "acme", "4", "") RECORD("decision", SOURCE "2", "acme", "5", "")
                RECORD("decision", SOURCE, "other", "6", "") RECORD("decision", SOURCE, "acme", "null", "")
                    RECORD("decision", "file:x", "acme", "7",
                           ",\"justification\":\"" SOURCE
                           "\"") "not JSON, but " SOURCE "\n{\"kind\":\"decision\",\"policy\":{\"source\":\"" SOURCE
                                 "\"",
            1);
  assert_int_equal(find(), 3);
}

static void what_nobody_signed_counts_only_among_its_like(void **state) {
  (void)state;
  static const char signed_one[] =
      "{\"kind\":\"decision\",\"policy\":{\"source\":\"" SOURCE
      "\",\"installation\":\"acme\",\"serial\":3,\"sha256\":\"hash3\",\"signed_by\":[\"ed25519:AA==\"]}}\n";
  static const char unsigned_one[] = "{\"kind\":\"decision\",\"policy\":{\"source\":\"" SOURCE
                                     "\",\"installation\":\"acme\",\"serial\":9,\"sha256\":\"hash9\","
                                     "\"signed_by\":[]}}\n";
  write_log(signed_one, unsigned_one, 1);
  assert_int_equal(find_of(false), 9);
  assert_int_equal(find_of(true), 3);
  write_log(DECISION("4"), unsigned_one, 1);
  assert_int_equal(find_of(true), 0);
}

static void no_log_and_an_empty_one_tell_of_none(void **state) {
  (void)state;
  write_log("", "", 0);
  assert_int_equal(find(), 0);
  assert_int_equal(truncate(path, 0), 0);
  assert_int_equal(find(), 0);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(find(), 0);
}

static void one_far_from_the_end_is_found(void **state) {
  (void)state;
  for (size_t lines = 1000; lines <= 100000; lines *= 10) {
    write_log(DECISION("3"), "{\"kind\":\"issued\",\"access_key_id\":\"ASIAIOSFODNN7EXAMPLE\"}\n", lines);
    assert_int_equal(find(), 3);
  }
}

static void what_is_no_file_is_an_error(void **state) {
  (void)state;
  struct snt_log_serial found = {0};
  const struct snt_log_bundle bundle = {SOURCE, "acme", false};
  assert_code(snt_log_find_serial("/", &bundle, &found, NULL), SNT_CODE_NOT_A_LOG);
}

static void write_decision(struct log_fixture *log, const char *file, const char *serial) {
  char members[512];
  (void)snprintf(members, sizeof members,
                 "\"time\":\"T\",\"kind\":\"decision\",\"policy\":{\"source\":\"" SOURCE
                 "\",\"installation\":\"acme\",\"serial\":%s,\"sha256\":\"hash%s\"}",
                 serial, serial);
  log_fixture_add(log, members);
  log_fixture_write(log, file, "");
}

static void one_of_a_closed_segment_is_found(void **state) {
  (void)state;
  struct log_fixture log;
  char first[192];
  char second[192];
  (void)snprintf(first, sizeof first, "%s/decisions.1-1.jsonl", folder);
  (void)snprintf(second, sizeof second, "%s/decisions.2-2.jsonl", folder);
  log_fixture_begin(&log);
  write_decision(&log, first, "5");
  log_fixture_add(&log, "\"time\":\"T\",\"kind\":\"issued\"");
  log_fixture_write(&log, second, "");
  (void)unlink(path);
  assert_int_equal(find(), 5);
  log_fixture_write(&log, path, "");
  assert_int_equal(find(), 5);
  log_fixture_add(&log, "\"time\":\"T\",\"kind\":\"issued\"");
  log_fixture_write(&log, path, "");
  assert_int_equal(find(), 5);
  write_decision(&log, path, "6"); /* breaks the chain, where nobody looks */
  assert_int_equal(find(), 6);
  log_fixture_end(&log);
  assert_int_equal(unlink(first) + unlink(second), 0);
}

/* Nobody knows what it told of. */
static void a_segment_that_is_missing_is_an_error(void **state) {
  (void)state;
  struct log_fixture log;
  struct snt_log_serial found = {0};
  struct snt_err err = {0};
  const struct snt_log_bundle bundle = {SOURCE, "acme", false};
  log_fixture_begin(&log);
  write_decision(&log, path, "5");
  log_fixture_add(&log, "\"time\":\"T\",\"kind\":\"issued\"");
  log_fixture_write(&log, path, "");
  assert_code(snt_log_find_serial(path, &bundle, &found, &err), SNT_CODE_NOT_A_LOG);
  assert_int_equal(found.serial, 0);
  assert_non_null(strstr(err.message, "begins with record 2, and no closed segment ends before it"));
  assert_non_null(strstr(err.hint, "log verify"));
  write_decision(&log, path, "6");
  assert_int_equal(find(), 6);
  log_fixture_end(&log);
}

static snt_status find_five(const void *context) {
  struct snt_log_serial found = {0};
  const struct snt_log_bundle bundle = {SOURCE, "acme", false};
  (void)context;
  SNT_TRY(snt_log_find_serial(path, &bundle, &found, NULL));
  return found.serial == 5 ? snt_done() : snt_fail(NULL, SNT_CODE_BUG, "a serial was passed over");
}

static void no_serial_is_passed_over_where_memory_ends(void **state) {
  (void)state;
  write_log(DECISION("5"), "", 0);
  assert_true(fail_alloc_walk(find_five, NULL) > 3);
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
      cmocka_unit_test(the_newest_counts),
      cmocka_unit_test(others_do_not),
      cmocka_unit_test(what_nobody_signed_counts_only_among_its_like),
      cmocka_unit_test(no_log_and_an_empty_one_tell_of_none),
      cmocka_unit_test(one_far_from_the_end_is_found),
      cmocka_unit_test(what_is_no_file_is_an_error),
      cmocka_unit_test(one_of_a_closed_segment_is_found),
      cmocka_unit_test(a_segment_that_is_missing_is_an_error),
      cmocka_unit_test(no_serial_is_passed_over_where_memory_ends),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
