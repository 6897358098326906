#include "cli/shell_marks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/completion.h"

/* bash reads its files first, which set PS1, and runs this before each prompt. */
#define BASH_MARK                                                                                                      \
  "case $PS1 in *\"[sentinel $SENTINEL_PROFILE] \"*) ;; *) PS1=\"[sentinel $SENTINEL_PROFILE] $PS1\" ;; esac"

void snt_shell_call_clear(struct snt_shell_call *call) {
  snt_buf_clear(&call->ps1);
  snt_buf_clear(&call->prompt_command);
  snt_buf_clear(&call->script);
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

/* Behind what is there, which may set PS1 or look at the last command's status. */
static snt_status mark_bash(struct snt_shell_call *call, struct snt_err *err) {
  const char *before = getenv("PROMPT_COMMAND");
  bool is_marked = before != NULL && strstr(before, BASH_MARK) != NULL;
  bool has_more = before != NULL && before[0] != '\0' && !is_marked;
  SNT_TRY(snt_buf_appendf(&call->prompt_command, err, "%s%s%s", has_more ? before : "", has_more ? "\n" : "",
                          is_marked ? before : BASH_MARK));
  call->marks.prompt_command = call->prompt_command.data;
  return snt_done();
}

/* fish reads its files first, and then runs what `shell init` prints, which does nothing where they hold it already. */
static snt_status mark_fish(struct snt_shell_call *call, struct snt_err *err) {
  static char command[] = "-C";
  const struct snt_shell *shell = NULL;
  SNT_TRY(snt_shell_find("fish", &shell, err));
  SNT_TRY(snt_buf_append_str(&call->script, shell->prompt, err));
  call->argv[1] = command;
  call->argv[2] = call->script.data;
  return snt_done();
}

/* Shells that take PS1 from the environment, unless a file of theirs sets it. */
static snt_status mark_other(const char *profile, struct snt_shell_call *call, struct snt_err *err) {
  const char *before = getenv("PS1");
  const char *plain = geteuid() == 0 ? "# " : "$ ";
  SNT_TRY(snt_buf_appendf(&call->ps1, err, "[sentinel %s] %s", profile, before == NULL ? plain : before));
  call->marks.ps1 = call->ps1.data;
  return snt_done();
}

snt_status snt_shell_call_build(const char *profile, struct snt_shell_call *out, struct snt_err *err) {
  static char plain[] = "/bin/sh";
  memset(out, 0, sizeof *out);
  char *shell = getenv("SHELL");
  out->argv[0] = shell == NULL || shell[0] == '\0' ? plain : shell;
  const char *name = name_of(out->argv[0]);
  if (strcmp(name, "bash") == 0) {
    return mark_bash(out, err);
  }
  return strcmp(name, "fish") == 0 ? mark_fish(out, err) : mark_other(profile, out, err);
}
