/* cli/shell_marks (layer 6): how the shell that `exec` opens shows whose session it is: "[sentinel dev] " before its
 * prompt, as the lines of `shell init` do. No file of the user's is changed, and none is skipped. */
#ifndef SNT_CLI_SHELL_MARKS_H
#define SNT_CLI_SHELL_MARKS_H

#include "base/buf.h"
#include "cli/program_environment.h"

#define SNT_SHELL_ARGUMENTS_MAX 4

struct snt_shell_call {
  char *argv[SNT_SHELL_ARGUMENTS_MAX]; /* ends with NULL; borrowed */
  struct snt_shell_marks marks;        /* point into the buffers */
  struct snt_buf ps1;
  struct snt_buf prompt_command;
  struct snt_buf script;
};
void snt_shell_call_clear(struct snt_shell_call *call);
#define SNT_SHELL_CALL_AUTO SNT_CLEANUP(snt_shell_call_clear)

/* $SHELL, else /bin/sh, and how it is marked with a profile (a name that is one). NO_MEMORY. */
snt_status snt_shell_call_build(const char *profile, struct snt_shell_call *out, struct snt_err *err);

#endif
