/* sentinel policy validate, sentinel policy schema: people read file:line:column: message; programs read JSON. */
#include "cli/command.h"
#include "cli/problems.h"
#include "issue/issue.h"

snt_status snt_cmd_policy_validate(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  if (args->argument_count == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "name at least one policy file");
  }
  SNT_PROBLEMS_AUTO struct snt_problems problems = {0};
  for (size_t i = 0; i < args->argument_count; i++) {
    SNT_BUF_AUTO struct snt_buf array = {0};
    struct snt_err failure = {0};
    snt_status status = snt_issue_validate(args->arguments[i], &array, &failure);
    SNT_TRY(snt_problems_add(&problems, args->arguments[i], status, &failure, &array, err));
  }
  SNT_TRY(snt_problems_print(&problems, snt_args_has(args, SNT_OPTION_JSON), out, err));
  return snt_problems_status(&problems, err);
}

snt_status snt_cmd_policy_schema(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_issue_schema(args->argument_count > 0 ? args->arguments[0] : NULL, &out->text, err));
  return snt_out_text(out, "\n", err);
}
