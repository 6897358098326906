/* Prints a page of docs/, or a table in one, from the tables that the program itself uses.
 * usage: gen_docs commands | errors | man | settings | checks */
#include "gen_man.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "cli/command.h"
#include "issue/doctor.h"
#include "issue/settings.h"

struct setting {
  const char *key;
  enum snt_setting_type type;
  const char *variable; /* of the environment; NULL: none */
  bool is_admin_only;
  const char *values; /* "a|b"; NULL: any */
  const char *help;
};

static void print_flags(const struct snt_command *command) {
  printf("| flag | meaning |\n|---|---|\n");
  for (int id = 0; id < SNT_OPTION_COUNT; id++) {
    const struct snt_option *option = &SNT_OPTION_TABLE[id];
    if (((command->options | SNT_OPTION_BIT(HELP)) >> id & 1) != 0) {
      printf("| `%s%s%s` | %s |\n", option->flag, option->value == NULL ? "" : " ",
             option->value == NULL ? "" : option->value, option->help);
    }
  }
}

static void print_commands(void) {
  printf("# Commands\n\nMade from the program's own tables. `P` is a profile: the first argument, `--profile P`, or "
         "`AWS_PROFILE`.\n");
  for (const struct snt_command *command = SNT_COMMANDS; command->name != NULL; command++) {
    printf("\n## sentinel %s%s%s%s\n\n%s.\n\n", command->name, command->arguments[0] == '\0' ? "" : " ",
           command->arguments, SNT_COMMAND_PROGRAM(command), command->summary);
    print_flags(command);
  }
}

static void print_errors(void) {
  printf("# Errors\n\nMade from the program's own table. The first line on stderr says what failed, the second what to "
         "do. "
         "The exit status is the same for every command and output format.\n\n| code | exit status | meaning |\n"
         "|---|---|---|\n");
  for (int code = 0; code < SNT_CODE_COUNT; code++) {
    printf("| `%s` | %d | %s |\n", snt_code_name((enum snt_code)code), snt_code_exit_status((enum snt_code)code),
           snt_code_text((enum snt_code)code));
  }
  printf("\nA signal ends with 128 and its number. `exec` ends with the program's own status once it has started.\n");
}

/* "a|b" as a table can hold it: `a`, `b`. */
static void print_values(const char *values) {
  for (const char *p = values; *p != '\0';) {
    size_t len = strcspn(p, "|");
    printf("%s`%.*s`", p == values ? "" : ", ", (int)len, p);
    p += len + (p[len] == '|' ? 1 : 0);
  }
}

static void print_setting(const struct setting *setting) {
  static const char *const types[] = {[SNT_SETTING_TEXT] = "text",         [SNT_SETTING_LIST] = "list of texts",
                                      [SNT_SETTING_DURATION] = "duration", [SNT_SETTING_INTEGER] = "whole number",
                                      [SNT_SETTING_PATH] = "path",         [SNT_SETTING_PATHS] = "list of paths",
                                      [SNT_SETTING_SOURCE] = "source"};
  printf("| `%s` | ", setting->key);
  if (setting->values != NULL) {
    print_values(setting->values);
  } else {
    printf("%s", types[setting->type]);
  }
  printf(" | %s%s%s | %s | %s |\n", setting->variable == NULL ? "" : "`",
         setting->variable == NULL ? "" : setting->variable, setting->variable == NULL ? "" : "`",
         setting->is_admin_only ? "yes" : "", setting->help);
}

/* With its markers, so that a page without them is seen to lack the table. */
static void print_settings(void) {
  static const struct setting settings[] = {
#define SETTING_ROW(id, key, type, variable, admin, values, help)                                                      \
  {key, SNT_SETTING_##type, variable, admin, values, help},
      SNT_SETTINGS(SETTING_ROW)
#undef SETTING_ROW
  };
  printf("<!-- settings -->\n| key | value | variable | administrator only | meaning |\n|---|---|---|---|---|\n");
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    print_setting(&settings[i]);
  }
  printf("<!-- /settings -->\n");
}

/* The same of doctor's checks. */
static void print_checks(void) {
  printf("<!-- checks -->\n| check | what it looks at |\n|---|---|\n");
  for (const struct snt_doctor_check *check = SNT_DOCTOR_CHECK_TABLE; check->name != NULL; check++) {
    printf("| `%s` | %s |\n", check->name, check->summary);
  }
  printf("<!-- /checks -->\n");
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*print)(void);
  } pages[] = {{"commands", print_commands},
               {"errors", print_errors},
               {"man", print_man},
               {"settings", print_settings},
               {"checks", print_checks}};
  for (size_t i = 0; argc == 2 && i < sizeof pages / sizeof pages[0]; i++) {
    if (strcmp(argv[1], pages[i].name) == 0) {
      pages[i].print();
      return 0;
    }
  }
  (void)fprintf(stderr, "usage: gen_docs commands | errors | man | settings | checks\n");
  return 2;
}
