/* cli/program_environment (layer 6): what the program of `exec` finds in its environment (aws.md, credential_process).
 */
#ifndef SNT_CLI_PROGRAM_ENVIRONMENT_H
#define SNT_CLI_PROGRAM_ENVIRONMENT_H

#include "issue/issue.h"

/* What a shell that was not asked for by name is marked with; NULL members are not set. Borrowed. */
struct snt_shell_marks {
  const char *ps1;
  const char *prompt_command;
};

/* Zeroed memory is an empty one. */
struct snt_program_environment {
  char **entries;             /* ends with NULL; owned, and what it points to is original's or in strings */
  struct snt_secret *strings; /* the variables that were set */
};
void snt_program_environment_clear(struct snt_program_environment *environment);
#define SNT_PROGRAM_ENVIRONMENT_AUTO SNT_CLEANUP(snt_program_environment_clear)

/* The variables of original (ends with NULL) without any credential, profile or container variable of AWS's and without
 * any of Sentinel's; then the session, and the region where there is none. original has to outlive out. NO_MEMORY. */
snt_status snt_program_environment_build(char **original, const struct snt_issued *issued,
                                         const struct snt_shell_marks *marks, struct snt_program_environment *out,
                                         struct snt_err *err);

#endif
