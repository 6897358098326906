/* cli/completion (layer 6): scripts that complete commands, flags and their values in a shell, made from the tables. */
#ifndef SNT_CLI_COMPLETION_H
#define SNT_CLI_COMPLETION_H

#include "cli/command.h"

/* What may follow a flag, or stand as an argument. */
enum snt_completion_kind {
  SNT_COMPLETION_NOTHING = 0, /* a switch; a command without arguments */
  SNT_COMPLETION_TEXT,        /* anything: nothing is offered */
  SNT_COMPLETION_FILE,
  SNT_COMPLETION_PROFILE,
  SNT_COMPLETION_VALUES, /* one of the words */
  SNT_COMPLETION_PAIRS,  /* one of the words, '=' and a file */
  SNT_COMPLETION_KIND_COUNT
};

struct snt_completion {
  enum snt_completion_kind kind;
  struct snt_buf words; /* of VALUES and PAIRS: letters, digits, '-' and '_', with blanks between them */
};
void snt_completion_clear(struct snt_completion *completion);
#define SNT_COMPLETION_AUTO SNT_CLEANUP(snt_completion_clear)

/* Of a flag, and of a command's first argument. */
snt_status snt_completion_of_option(enum snt_option_id id, struct snt_completion *out, struct snt_err *err);
snt_status snt_completion_of_arguments(const struct snt_command *command, struct snt_completion *out,
                                       struct snt_err *err);

/* A shell that there are scripts for. */
struct snt_shell {
  const char *name;
  snt_status (*print_completion)(struct snt_out *out, struct snt_err *err);
  const char *before; /* what the completion needs of the shell; "" for nothing */
  const char *prompt; /* lines that mark the prompt where SENTINEL_PROFILE is set */
};
/* The table; ends with a row whose name is NULL. */
extern const struct snt_shell SNT_SHELLS[];
/* "bash|zsh|fish", as the table has it. */
#define SNT_SHELL_NAMES "bash|zsh|fish"
/* Code USAGE, naming the shells there are. */
snt_status snt_shell_find(const char *name, const struct snt_shell **out, struct snt_err *err);

/* completion_bash.c, completion_zsh.c, completion_fish.c */
snt_status snt_completion_print_bash(struct snt_out *out, struct snt_err *err);
snt_status snt_completion_print_zsh(struct snt_out *out, struct snt_err *err);
snt_status snt_completion_print_fish(struct snt_out *out, struct snt_err *err);
/* For bash and zsh, which read the same: the functions _sentinel_commands, which prints NAME|SUMMARY lines, and
 * _sentinel_rows COMMAND, which prints FLAG|KIND|WORDS|HELP lines; the argument's flag is "@". */
snt_status snt_completion_print_tables(struct snt_out *out, struct snt_err *err);
/* Quotes a text for sh: in single quotes. */
snt_status snt_completion_print_quoted(struct snt_out *out, const char *text, struct snt_err *err);

#endif
