#include "check.h"

#include <stdio.h>
#include <string.h>

#include "cli/completion.h"

static const struct snt_command *find(const char *name) {
  const struct snt_command *command = SNT_COMMANDS;
  while (command->name != NULL && strcmp(command->name, name) != 0) {
    command++;
  }
  assert_non_null(command->name);
  return command;
}

static void what_a_flag_takes_follows_from_the_tables(void **state) {
  (void)state;
  static const struct {
    enum snt_option_id id;
    enum snt_completion_kind kind;
    const char *words;
  } rows[] = {
      {SNT_OPTION_PROFILE, SNT_COMPLETION_PROFILE, ""},
      {SNT_OPTION_POLICY, SNT_COMPLETION_FILE, ""},
      {SNT_OPTION_CONFIG, SNT_COMPLETION_FILE, ""},
      {SNT_OPTION_DURATION, SNT_COMPLETION_TEXT, ""},
      {SNT_OPTION_JSON, SNT_COMPLETION_NOTHING, ""},
      {SNT_OPTION_MODE, SNT_COMPLETION_VALUES, "credential_process cli server"},
      {SNT_OPTION_FORMAT, SNT_COMPLETION_VALUES, "pretty tap junit json github"},
      {SNT_OPTION_EXPORT_FORMAT, SNT_COMPLETION_VALUES, "env json ini"},
      {SNT_OPTION_INIT_FORMAT, SNT_COMPLETION_VALUES, "json terraform cloudformation"},
      {SNT_OPTION_REPORT, SNT_COMPLETION_PAIRS, "pretty tap junit json github lcov cobertura"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_COMPLETION_AUTO struct snt_completion completion = {0};
    assert_ok(snt_completion_of_option(rows[i].id, &completion, NULL));
    assert_int_equal(completion.kind, rows[i].kind);
    assert_string_equal(snt_buf_borrow(&completion.words), rows[i].words);
  }
}

static void the_backends_are_those_of_the_keychain(void **state) {
  (void)state;
  SNT_COMPLETION_AUTO struct snt_completion completion = {0};
  assert_ok(snt_completion_of_option(SNT_OPTION_BACKEND, &completion, NULL));
  assert_int_equal(strncmp(completion.words.data, "auto ", 5), 0);
  assert_non_null(strstr(completion.words.data, "file"));
  assert_non_null(strstr(completion.words.data, "keyring"));
}

static void what_a_command_takes_follows_from_its_arguments(void **state) {
  (void)state;
  static const struct {
    const char *command;
    enum snt_completion_kind kind;
    const char *words;
  } rows[] = {
      {"credentials", SNT_COMPLETION_PROFILE, ""},
      {"exec", SNT_COMPLETION_PROFILE, ""},
      {"add", SNT_COMPLETION_PROFILE, ""},
      {"policy lint", SNT_COMPLETION_FILE, ""},
      {"test", SNT_COMPLETION_FILE, ""},
      {"policy schema", SNT_COMPLETION_FILE, ""},
      {"plugin new", SNT_COMPLETION_TEXT, ""},
      {"replay", SNT_COMPLETION_NOTHING, ""},
      {"list", SNT_COMPLETION_NOTHING, ""},
      {"completion", SNT_COMPLETION_VALUES, "bash zsh fish"},
      {"shell init", SNT_COMPLETION_VALUES, "bash zsh fish"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_COMPLETION_AUTO struct snt_completion completion = {0};
    assert_ok(snt_completion_of_arguments(find(rows[i].command), &completion, NULL));
    assert_int_equal(completion.kind, rows[i].kind);
    assert_string_equal(snt_buf_borrow(&completion.words), rows[i].words);
  }
}

/* The driver of zsh takes rows apart at "|". */
static void no_flag_or_summary_breaks_a_row(void **state) {
  (void)state;
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    assert_null(strpbrk(command->name, "|'\"$`\\\n"));
    assert_null(strpbrk(command->summary, "|\\\n"));
  }
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    assert_null(strpbrk(SNT_OPTION_TABLE[id].flag, "|'\"$`\\\n"));
    assert_null(strpbrk(SNT_OPTION_TABLE[id].help, "\\\n"));
  }
}

static void quotes_are_those_of_sh(void **state) {
  (void)state;
  SNT_OUT_AUTO struct snt_out out = {0};
  assert_ok(snt_completion_print_quoted(&out, "it's $(a) \"b\"", NULL));
  assert_string_equal(snt_buf_borrow(&out.text), "'it'\\''s $(a) \"b\"'");
}

static void the_shells_are_those_that_are_named(void **state) {
  (void)state;
  const struct snt_shell *shell = NULL;
  struct snt_err err = {0};
  char names[64] = "";
  for (const struct snt_shell *row = SNT_SHELLS; row->name != NULL; row++) {
    size_t used = strlen(names);
    (void)snprintf(names + used, sizeof names - used, "%s%s", used == 0 ? "" : "|", row->name);
    assert_ok(snt_shell_find(row->name, &shell, NULL));
    assert_ptr_equal(shell, row);
  }
  assert_string_equal(names, SNT_SHELL_NAMES);
  assert_code(snt_shell_find("tcsh", &shell, &err), SNT_CODE_USAGE);
  assert_null(shell);
  assert_non_null(strstr(err.hint, SNT_SHELL_NAMES));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_a_flag_takes_follows_from_the_tables),
      cmocka_unit_test(the_backends_are_those_of_the_keychain),
      cmocka_unit_test(what_a_command_takes_follows_from_its_arguments),
      cmocka_unit_test(no_flag_or_summary_breaks_a_row),
      cmocka_unit_test(quotes_are_those_of_sh),
      cmocka_unit_test(the_shells_are_those_that_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
