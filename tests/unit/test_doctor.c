/* The table of checks, and what each finding has; what each check finds is told by spec/e2e/doctor_spec.lua. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "issue/doctor_internal.h"

static int make_home(void **state) {
  (void)state;
  static char home[] = "/tmp/snt-doctor-XXXXXX";
  static const char *const variables[] = {"XDG_CONFIG_HOME",        "XDG_DATA_HOME", "XDG_STATE_HOME",
                                          "AWS_CONFIG_FILE",        "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL",
                                          "SENTINEL_POLICY_SOURCE", "HTTPS_PROXY"};
  for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
    (void)unsetenv(variables[i]);
  }
  return mkdtemp(home) == NULL ? -1 : setenv("HOME", home, 1);
}

static void the_table_has_a_name_a_sentence_and_a_remedy_in_each_row(void **state) {
  (void)state;
  for (const struct snt_doctor_check *check = SNT_DOCTOR_CHECK_TABLE; check->name != NULL; check++) {
    assert_true(strlen(check->summary) > 10);
    assert_true(strlen(check->remedy) > 5);
    for (const struct snt_doctor_check *other = SNT_DOCTOR_CHECK_TABLE; other != check; other++) {
      assert_string_not_equal(other->name, check->name);
    }
  }
}

static void assert_whole(const struct snt_finding *finding) {
  assert_true(snt_utf8_check_printable(finding->subject, strlen(finding->subject)));
  assert_true(snt_utf8_check_printable(finding->found, strlen(finding->found)));
  assert_true(finding->subject[0] != '\0' && finding->found[0] != '\0');
  assert_int_equal(finding->remedy == NULL, finding->status == SNT_FINDING_OK);
  if (finding->remedy != NULL) {
    assert_true(finding->remedy[0] != '\0');
    assert_true(snt_utf8_check_printable(finding->remedy, strlen(finding->remedy)));
  }
}

/* Every check of the table has its say, in order, also where nothing is set up. */
static void each_check_finds_something(void **state) {
  (void)state;
  SNT_DOCTOR_REPORT_AUTO struct snt_doctor_report report = {0};
  struct snt_doctor_options options = {0};
  assert_ok(snt_doctor_run(&options, &report, NULL));
  const struct snt_doctor_check *check = SNT_DOCTOR_CHECK_TABLE;
  for (size_t i = 0; i < report.count; i++) {
    assert_whole(&report.findings[i]);
    if (report.findings[i].check != check->name) {
      check++;
    }
    assert_ptr_equal(report.findings[i].check, check->name);
  }
  assert_null(check[1].name);
  size_t sum = 0;
  for (int status = 0; status <= SNT_FINDING_OK; status++) {
    sum += snt_doctor_report_count(&report, (enum snt_finding_status)status);
  }
  assert_int_equal(sum, report.count);
  assert_true(snt_doctor_report_count(&report, SNT_FINDING_BROKEN) >= 1); /* no policy is configured */
}

static void odd_bytes_of_a_path_are_not_printed(void **state) {
  (void)state;
  SNT_DOCTOR_REPORT_AUTO struct snt_doctor_report report = {0};
  struct snt_doctor_options options = {.config = "/nonexistent/\x1b[31m\xff\n", .backend = "a\x1b"};
  assert_ok(snt_doctor_run(&options, &report, NULL));
  for (size_t i = 0; i < report.count; i++) {
    assert_whole(&report.findings[i]);
  }
  assert_int_equal(report.findings[1].status, SNT_FINDING_BROKEN);
}

static void a_status_that_is_not_set_is_broken(void **state) {
  (void)state;
  struct snt_finding finding = {0};
  assert_string_equal(snt_finding_status_name(finding.status), "broken");
  assert_string_equal(snt_finding_status_name(SNT_FINDING_WARNING), "warning");
  assert_string_equal(snt_finding_status_name(SNT_FINDING_OK), "ok");
}

static void a_program_is_found_in_a_command_line(void **state) {
  (void)state;
  static const struct {
    const char *line;
    const char *program; /* NULL: not ours */
  } rows[] = {{"sentinel credentials p", "sentinel"},
              {"/usr/bin/sentinel credentials", "/usr/bin/sentinel"},
              {"\"/a b/sentinel\" credentials", "/a b/sentinel"},
              {"'/a b/sentinel' credentials", "/a b/sentinel"},
              {"/a\\ b/sentinel credentials", "/a b/sentinel"},
              {"'/a b/sentinel credentials", NULL},
              {"/usr/bin/sentinel-old x", NULL},
              {"aws-vault exec sentinel", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_BUF_AUTO struct snt_buf program = {0};
    SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
    assert_ok(snt_buf_appendf(&text, NULL, "[profile p]\ncredential_process = %s\n", rows[i].line));
    assert_ok(snt_aws_shared_config_parse(text.data, text.len, NULL, 0, &config, NULL));
    assert_int_equal(snt_doctor_asks_sentinel(config, "p", &program), rows[i].program != NULL);
    if (rows[i].program != NULL) {
      assert_string_equal(program.data, rows[i].program);
    }
    assert_false(snt_doctor_asks_sentinel(config, "other", &program));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table_has_a_name_a_sentence_and_a_remedy_in_each_row),
      cmocka_unit_test(each_check_finds_something),
      cmocka_unit_test(odd_bytes_of_a_path_are_not_printed),
      cmocka_unit_test(a_status_that_is_not_set_is_broken),
      cmocka_unit_test(a_program_is_found_in_a_command_line),
  };
  return cmocka_run_group_tests_name("doctor", tests, make_home, NULL);
}
