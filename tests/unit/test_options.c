#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static snt_status parse(struct snt_args *args, struct snt_err *err, const char *const *words) {
  static char *argv[16];
  size_t count = 0;
  for (; words[count] != NULL; count++) {
    argv[count] = (char *)(uintptr_t)words[count];
  }
  argv[count] = NULL;
  return snt_args_parse(argv, SNT_OPTION_BIT(PROFILE) | SNT_OPTION_BIT(POLICY) | SNT_OPTION_BIT(JSON), 1, args, err);
}

static void keys_and_reports_may_be_repeated_up_to_a_limit(void **state) {
  (void)state;
  static char flag[] = "--key";
  static char value[] = "k";
  char *argv[2 * SNT_KEYS_MAX + 3] = {NULL};
  struct snt_args args;
  struct snt_err err = {0};
  for (size_t i = 0; i < SNT_KEYS_MAX; i++) {
    argv[2 * i] = flag;
    argv[2 * i + 1] = value;
  }
  assert_ok(snt_args_parse(argv, SNT_OPTION_BIT(KEY) | SNT_OPTION_BIT(REPORT), 0, &args, &err));
  assert_int_equal(args.key_count, SNT_KEYS_MAX);
  assert_int_equal(args.report_count, 0);
  argv[2 * SNT_KEYS_MAX] = flag;
  argv[2 * SNT_KEYS_MAX + 1] = value;
  assert_code(snt_args_parse(argv, SNT_OPTION_BIT(KEY) | SNT_OPTION_BIT(REPORT), 0, &args, &err), SNT_CODE_USAGE);
}

/* More flags than a machine word has bits. */
static void every_flag_has_a_bit_of_its_own(void **state) {
  (void)state;
  snt_option_set all = 0;
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    assert_true((all >> id & 1) == 0);
    all |= (snt_option_set)1 << id;
  }
  assert_true((all >> (SNT_OPTION_COUNT - 1) & 1) == 1);
}

static void flags_take_their_value_in_two_ways(void **state) {
  (void)state;
  struct snt_args args;
  const char *const words[] = {"--policy", "a.yaml", "--profile=dev", "--json", NULL};
  assert_ok(parse(&args, NULL, words));
  assert_string_equal(args.values[SNT_OPTION_POLICY], "a.yaml");
  assert_string_equal(args.values[SNT_OPTION_PROFILE], "dev");
  assert_true(snt_args_has(&args, SNT_OPTION_JSON));
  assert_null(args.program);
}

static void mistakes_are_usage_errors_that_name_the_word(void **state) {
  (void)state;
  static const struct {
    const char *words[6];
    const char *says;
  } rows[] = {{{"--polcy", "x", NULL}, "--polcy"},
              {{"--policy", NULL}, "--policy needs a value"},
              {{"--policy=", NULL}, "--policy needs a value"},
              {{"--policy", "a", "--policy", "b", NULL}, "--policy is given twice"},
              {{"--json=yes", NULL}, "--json takes no value"},
              {{"--user", "alice", NULL}, "--user"},
              {{"a", "b", NULL}, "\"b\""}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct snt_args args;
    struct snt_err err = {0};
    assert_code(parse(&args, &err, rows[i].words), SNT_CODE_USAGE);
    assert_non_null(strstr(err.message, rows[i].says));
  }
  struct snt_args args;
  struct snt_err err = {0};
  const char *const words[] = {"--polcy", "x", NULL};
  assert_code(parse(&args, &err, words), SNT_CODE_USAGE);
  assert_string_equal(err.hint, "did you mean --policy?");
}

static void a_flag_that_may_be_repeated_keeps_its_values(void **state) {
  (void)state;
  static char *argv[2 * (SNT_ROLES_MAX + 1) + 1];
  struct snt_args args;
  struct snt_err err = {0};
  for (size_t i = 0; i < 2 * (SNT_ROLES_MAX + 1); i++) {
    argv[i] = (char *)(uintptr_t)(i % 2 == 0 ? "--role" : i == 1 ? "a" : "b");
  }
  assert_code(snt_args_parse(argv, SNT_OPTION_BIT(ROLE), 0, &args, &err), SNT_CODE_USAGE);
  assert_string_equal(err.message, "--role is given too often");
  argv[2 * SNT_ROLES_MAX] = NULL;
  assert_ok(snt_args_parse(argv, SNT_OPTION_BIT(ROLE), 0, &args, NULL));
  assert_int_equal(args.role_count, SNT_ROLES_MAX);
  assert_string_equal(args.roles[0], "a");
  assert_string_equal(args.roles[SNT_ROLES_MAX - 1], "b");
  assert_null(args.roles[SNT_ROLES_MAX]);
}

static void what_follows_two_dashes_is_the_program(void **state) {
  (void)state;
  struct snt_args args;
  const char *const words[] = {"dev", "--", "aws", "--json", NULL};
  assert_ok(parse(&args, NULL, words));
  assert_int_equal(args.argument_count, 1);
  assert_string_equal(args.program[1], "--json");
  assert_false(snt_args_has(&args, SNT_OPTION_JSON));
}

static void the_profile_is_an_argument_a_flag_or_a_variable(void **state) {
  (void)state;
  struct snt_args args;
  struct snt_err err = {0};
  const char *profile = NULL;
  const char *const argument[] = {"dev", NULL};
  const char *const both[] = {"dev", "--profile", "prod", NULL};
  const char *const none[] = {NULL};
  const char *const odd[] = {"a b", NULL};
  assert_ok(parse(&args, NULL, argument));
  assert_ok(snt_args_take_profile(&args, &profile, &err));
  assert_string_equal(profile, "dev");
  assert_ok(parse(&args, NULL, both));
  assert_code(snt_args_take_profile(&args, &profile, &err), SNT_CODE_USAGE);
  assert_ok(parse(&args, NULL, odd));
  assert_code(snt_args_take_profile(&args, &profile, &err), SNT_CODE_USAGE);
  assert_ok(parse(&args, NULL, none));
  (void)unsetenv("AWS_PROFILE");
  assert_code(snt_args_take_profile(&args, &profile, &err), SNT_CODE_USAGE);
  (void)setenv("AWS_PROFILE", "ops", 1);
  assert_ok(snt_args_take_profile(&args, &profile, &err));
  assert_string_equal(profile, "ops");
}

static void every_command_has_a_summary_and_a_function(void **state) {
  (void)state;
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    assert_non_null(command->run);
    assert_true(strlen(command->summary) > 10);
    for (const struct snt_command *other = SNT_COMMANDS; other != command; other++) {
      assert_string_not_equal(other->name, command->name);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_and_reports_may_be_repeated_up_to_a_limit),
      cmocka_unit_test(every_flag_has_a_bit_of_its_own),
      cmocka_unit_test(flags_take_their_value_in_two_ways),
      cmocka_unit_test(mistakes_are_usage_errors_that_name_the_word),
      cmocka_unit_test(a_flag_that_may_be_repeated_keeps_its_values),
      cmocka_unit_test(what_follows_two_dashes_is_the_program),
      cmocka_unit_test(the_profile_is_an_argument_a_flag_or_a_variable),
      cmocka_unit_test(every_command_has_a_summary_and_a_function),
  };
  return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
