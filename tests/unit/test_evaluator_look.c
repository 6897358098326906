/* What is told of an evaluator is what the kernel says of it. */
#include "check.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lua/evaluator_internal.h"
#include "lua/evaluator_look.h"
#include "lua/lockdown.h"

#define POLICY "version: \"1\"\nrules:\n  - {name: all, effect: deny, conditions: {}}\n"

static struct snt_evaluator *start(bool is_long) {
  struct snt_evaluator_options options = {.is_long = is_long};
  struct snt_policy_text text = {
      .name = "p.yaml", .kind = SNT_POLICY_KIND_YAML, .data = POLICY, .len = sizeof POLICY - 1};
  struct snt_evaluator *evaluator = NULL;
  assert_ok(snt_evaluator_start(&options, &evaluator, NULL));
  assert_ok(snt_evaluator_load(evaluator, &text, NULL, NULL));
  return evaluator;
}

static void a_template_shows_its_filter_and_its_limits(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start(false);
  struct snt_evaluator_look look = {0};
  assert_ok(snt_evaluator_look(evaluator, &look, NULL));
  assert_true(look.has_seccomp);
  assert_true(look.has_no_new_privs);
  assert_int_equal(look.cpu_s, 3 * SNT_LOCKDOWN_BUILD.patience);
  assert_int_equal(look.file_size, 0);
  assert_int_equal(look.core_size, 0);
  assert_int_equal(look.descriptors, 9);
  if (SNT_LOCKDOWN_BUILD.address_space > 0) {
    assert_int_equal(look.address_space, SNT_LOCKDOWN_BUILD.address_space);
  }
}

static void another_kind_of_evaluator_shows_other_limits(void **state) {
  (void)state;
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = start(true);
  struct snt_evaluator_look look = {0};
  assert_ok(snt_evaluator_look(evaluator, &look, NULL));
  assert_int_equal(look.cpu_s, 120 * SNT_LOCKDOWN_BUILD.patience);
}

/* This process has neither filter nor limits of that kind. */
static void a_process_without_them_shows_none(void **state) {
  (void)state;
  struct snt_evaluator self = {.pid = getpid()};
  struct snt_evaluator_look look = {0};
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_CPU, &limit), 0);
  assert_ok(snt_evaluator_look(&self, &look, NULL));
  assert_false(look.has_no_new_privs);
  assert_int_equal(look.cpu_s, limit.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)limit.rlim_cur);
}

static void one_that_has_ended_is_told(void **state) {
  (void)state;
  struct snt_evaluator ended = {0};
  struct snt_evaluator_look look = {0};
  struct snt_err err = {0};
  assert_code(snt_evaluator_look(&ended, &look, &err), SNT_CODE_EVALUATOR);
  assert_non_null(strstr(err.message, "has ended"));
}

static void the_interpreter_has_a_name_and_a_version(void **state) {
  (void)state;
  char name[32];
  assert_int_equal(strncmp(snt_evaluator_interpreter(name), "Lua 5.4.", 8), 0);
  assert_true(strlen(name) <= sizeof "Lua 5.4.99" - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_template_shows_its_filter_and_its_limits),
      cmocka_unit_test(another_kind_of_evaluator_shows_other_limits),
      cmocka_unit_test(a_process_without_them_shows_none),
      cmocka_unit_test(one_that_has_ended_is_told),
      cmocka_unit_test(the_interpreter_has_a_name_and_a_version),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
