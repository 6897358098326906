/* sentinel policy push: what was reviewed becomes what every machine evaluates. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/problems.h"
#include "cli/publish_specs.h"
#include "cli/publishing.h"

static void warn(const char *text) {
  char line[512];
  int len = snprintf(line, sizeof line, "sentinel: note: %s\n", text);
  if (len > 0 && (size_t)len < sizeof line) {
    (void)!write(STDERR_FILENO, line, (size_t)len);
  }
}

static snt_status refuse(const char *path, const struct snt_draft *draft, struct snt_out *out, struct snt_err *err) {
  SNT_PROBLEMS_AUTO struct snt_problems problems = {0};
  struct snt_err failure = draft->refusal;
  SNT_TRY(snt_problems_add(&problems, path, (snt_status){failure.code}, &failure, &draft->problems, err));
  SNT_TRY(snt_problems_print(&problems, false, out, err));
  SNT_IGNORE(snt_problems_status(&problems, err));
  return snt_err_hint(err, "readers would refuse every request; --force pushes it all the same, and that is recorded");
}

static snt_status refuse_lint(const struct snt_lint *lint, struct snt_err *err) {
  const struct snt_lint_problem *first = NULL;
  for (size_t i = 0; i < lint->count && first == NULL; i++) {
    first = SNT_LINT_TABLE[lint->problems[i].check].is_error ? &lint->problems[i] : NULL;
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%.300s:%lld: %s: %.600s", first->file, (long long)first->line,
                      SNT_LINT_TABLE[first->check].name, first->message));
  return snt_err_hint(err, "%s; --force pushes it all the same, and that is recorded",
                      SNT_LINT_TABLE[first->check].remedy);
}

/* What stands against pushing it, unless it is forced; *is_forced: something does. */
static snt_status check_draft(const struct snt_args *args, const struct snt_draft *draft, bool *is_forced,
                              struct snt_out *out, struct snt_err *err) {
  const char *path = args->arguments[1];
  bool is_doubtful = !draft->is_refused && snt_lint_count_errors(&draft->lint) > 0;
  *is_forced = draft->is_refused || is_doubtful;
  if (snt_args_has(args, SNT_OPTION_FORCE) || !*is_forced) {
    return snt_done();
  }
  return draft->is_refused ? refuse(path, draft, out, err) : refuse_lint(&draft->lint, err);
}

static snt_status run_specs(const struct snt_args *args, const struct snt_draft *draft, bool *is_untested,
                            struct snt_err *err) {
  struct snt_publish_specs specs = {0};
  *is_untested = true;
  if (snt_args_has(args, SNT_OPTION_NO_TEST) || draft->is_refused) {
    return snt_done();
  }
  SNT_TRY(snt_cli_run_specs(args->arguments[1], &specs, err));
  *is_untested = specs.passed == 0;
  if (*is_untested) {
    warn("no test was found: what the policy decides is not tested");
  }
  return snt_done();
}

static snt_status push(struct snt_args *args, const struct snt_publish_options *options, const struct snt_draft *draft,
                       bool is_forced, bool is_untested, struct snt_out *out, struct snt_err *err) {
  SNT_PUBLISH_VIEW_AUTO struct snt_publish_view view = {0};
  struct snt_publish_plan plan;
  SNT_BUF_AUTO struct snt_buf regions = {0};
  SNT_TRY(snt_publish_look(options, SNT_LOOK_BUNDLES, 0, &view, err));
  SNT_TRY(snt_publish_plan_push(options, draft, &view, &plan, err));
  SNT_TRY(snt_cli_list_regions(&view, &regions, err));
  if (plan.is_done) {
    return snt_out_printf(out, err, "nothing to do: %s is in force in %s as it is\n", options->name, regions.data);
  }
  plan.is_forced = plan.is_forced || is_forced;
  plan.is_untested = is_untested;
  SNT_TRY(snt_cli_print_plan(out, &plan, &view, err));
  SNT_TRY(snt_cli_print_effect(out, options, draft, &view, err));
  return snt_cli_publish(args, options, &plan, &view, out, err);
}

snt_status snt_cmd_policy_push(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_publish_options options;
  SNT_DRAFT_AUTO struct snt_draft draft = {0};
  bool is_forced = false;
  bool is_untested = true;
  char parameter[128];
  SNT_TRY(snt_cli_publish_options(args, &options, err));
  SNT_TRY(snt_publish_name_parameter(options.name, parameter, err));
  if (args->argument_count < 2) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "nothing is named that is to be pushed as %s", options.name));
    return snt_err_hint(err, "sentinel policy push %s DIR, or with --bare a policy's file", options.name);
  }
  SNT_TRY(snt_draft_read(args->arguments[1], snt_args_has(args, SNT_OPTION_BARE), &draft, err));
  SNT_TRY(check_draft(args, &draft, &is_forced, out, err));
  SNT_TRY(run_specs(args, &draft, &is_untested, err));
  return push(args, &options, &draft, is_forced, is_untested, out, err);
}
