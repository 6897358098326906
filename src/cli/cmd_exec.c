/* sentinel exec: decide, and become the program: signals, process group, terminal and exit status are its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/program_environment.h"
#include "cli/shell_marks.h"
#include "format/time.h"

static bool is_program(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static snt_status fail_program(const char *name, bool is_shell, struct snt_err *err) {
  bool is_there = strchr(name, '/') != NULL && access(name, F_OK) == 0;
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%.200s%s", name,
                      is_there ? " is not a file that can be run" : ": there is no such program"));
  return snt_err_hint(err, "nothing was issued; %s",
                      is_shell   ? "set SHELL to a shell, or name a program after --"
                      : is_there ? "name a program that may be run"
                                 : "check the name and PATH");
}

/* The program's path, found before anything is issued. */
static snt_status find_program(const char *name, bool is_shell, char *out, size_t cap, struct snt_err *err) {
  const char *path = strchr(name, '/') != NULL ? "" : getenv("PATH");
  if (path == NULL) {
    path = "/usr/local/bin:/usr/bin:/bin";
  }
  for (const char *p = path;; p += strcspn(p, ":") + 1) {
    int len = (int)strcspn(p, ":");
    int used = strchr(name, '/') != NULL ? snprintf(out, cap, "%s", name)
                                         : snprintf(out, cap, "%.*s/%s", len == 0 ? 1 : len, len == 0 ? "." : p, name);
    if (used > 0 && (size_t)used < cap && is_program(out)) {
      return snt_done();
    }
    if (p[len] == '\0') {
      break;
    }
  }
  return fail_program(name, is_shell, err);
}

static snt_status become(const char *path, char **program, const struct snt_shell_marks *marks,
                         const struct snt_issued *issued, struct snt_err *err) {
  SNT_PROGRAM_ENVIRONMENT_AUTO struct snt_program_environment environment = {0};
  SNT_TRY(snt_program_environment_build(snt_process_environment(), issued, marks, &environment, err));
  snt_process_restore();
  (void)sigprocmask(SIG_SETMASK, &issued->signals, NULL);
  (void)execve(path, program, environment.entries);
  return snt_fail(err, SNT_CODE_IO, "%.200s cannot be run: %s", path, strerror(errno));
}

/* A session inside a session is mostly a mistake: which of the two a program gets is hard to see. */
static snt_status check_nesting(const struct snt_args *args, struct snt_err *err) {
  const char *outer = getenv("SENTINEL_PROFILE");
  if (outer == NULL || outer[0] == '\0' || snt_args_has(args, SNT_OPTION_NESTED)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "this is inside `sentinel exec` for profile \"%.100s\" already", outer));
  return snt_err_hint(err, "end that one first, or add --nested");
}

/* AWS refuses the program then with an AccessDenied that does not say why. */
static void tell_lease(const struct snt_issued *issued) {
  char text[160];
  char end[32];
  if (issued->lease_s > 0) {
    snt_time_format(issued->credentials.expires_at_ms, false, end);
    (void)snprintf(text, sizeof text, "the policy's lease ends the session at %s; a program cannot renew it", end);
    snt_cli_tell(text);
  }
}

snt_status snt_cmd_exec(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  (void)out;
  if (snt_args_has(args, SNT_OPTION_SERVER)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--server is not in this version"));
    return snt_err_hint(err, "leave it out: the program gets a session that ends by itself");
  }
  SNT_TRY(check_nesting(args, err));
  struct snt_issue_options options;
  SNT_TRY(snt_cli_issue_options(args, "cli", &options, err));
  SNT_SHELL_CALL_AUTO struct snt_shell_call shell = {0};
  char **program = args->program;
  bool is_shell = program == NULL || program[0] == NULL;
  if (is_shell) {
    SNT_TRY(snt_shell_call_build(options.profile, &shell, err));
    program = shell.argv;
  }
  char path[4096];
  SNT_TRY(find_program(program[0], is_shell, path, sizeof path, err));
  snt_issue_start(&options, false);
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_issue(&options, &issued, err));
  tell_lease(&issued);
  return become(path, program, &shell.marks, &issued, err);
}
