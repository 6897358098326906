/* Prints a page of docs/ from the tables that the program itself uses. usage: gen_docs commands | errors */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "cli/command.h"

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
    printf("\n## sentinel %s%s%s\n\n%s.\n\n", command->name, command->arguments[0] == '\0' ? "" : " ",
           command->arguments, command->summary);
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

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "commands") == 0) {
    print_commands();
    return 0;
  }
  if (argc == 2 && strcmp(argv[1], "errors") == 0) {
    print_errors();
    return 0;
  }
  (void)fprintf(stderr, "usage: gen_docs commands | errors\n");
  return 2;
}
