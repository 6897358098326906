/* cli/command (layer 6): the table of commands. */
#ifndef SNT_CLI_COMMAND_H
#define SNT_CLI_COMMAND_H

#include "cli/options.h"
#include "cli/out.h"

struct snt_command {
  const char *name;      /* "policy validate" */
  const char *arguments; /* "[P]"; "" for none */
  const char *summary;   /* one line */
  snt_option_set options;
  size_t max_arguments;
  bool takes_program; /* what follows "--" is a program */
  snt_status (*run)(struct snt_args *args, struct snt_out *out, struct snt_err *err);
};

/* The table; ends with a row whose name is NULL. */
extern const struct snt_command SNT_COMMANDS[];
/* What a usage line ends with, behind the flags: " [-- program...]", or nothing. */
#define SNT_COMMAND_PROGRAM(command) ((command)->takes_program ? " [-- program...]" : "")

/* Each in a file of its own, cmd_<name>.c. */
snt_status snt_cmd_credentials(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_export(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_exec(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_login(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_login_sso(struct snt_args *args, struct snt_out *out, struct snt_err *err);  /* login --sso */
snt_status snt_cmd_remove_sso(struct snt_args *args, struct snt_out *out, struct snt_err *err); /* remove --sso */
snt_status snt_cmd_explain(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_who_can(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_whoami(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_plugin_list(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_plugin_inspect(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_plugin_new(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_test(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_validate(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_lint(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_keygen(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_pack(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_diff(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_import(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_schema(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_push(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_verify(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_pull(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_history(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_rollback(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_gc(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_policy_sign(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_replay(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_log_verify(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_log_show(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_add(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_list(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_remove(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_rotate(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_doctor(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_completion(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_shell_init(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_import_vault(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_import_shared(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_keychain_migrate(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_clear(struct snt_args *args, struct snt_out *out, struct snt_err *err);
snt_status snt_cmd_init(struct snt_args *args, struct snt_out *out, struct snt_err *err);

/* Finds the command, parses its flags and runs it; prints help where it is asked for. *out_exit is the exit status that
 * goes with the returned status. */
snt_status snt_cli_run(int argc, char **argv, int *out_exit, struct snt_err *err);
/* Prints "sentinel: message" and the hint on stderr, at most 4 KiB. */
void snt_cli_report(const struct snt_err *err);

#endif
