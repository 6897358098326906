/* sentinel: the policy gate in front of AWS credentials. */
#include <unistd.h>

#include "base/process.h"
#include "cli/command.h"

int main(int argc, char **argv, char **envp) {
  snt_process_remember(argc, argv, envp);
  snt_process_harden();
  int exit_status = snt_code_exit_status(SNT_CODE_BUG);
  struct snt_err err = {0};
  if (!snt_ok(snt_cli_run(argc, argv, &exit_status, &err))) {
    snt_cli_report(&err);
  }
  /* Nothing is left to flush, and the modules' exit handlers cost more than the rest of the process. */
  _exit(exit_status);
}
