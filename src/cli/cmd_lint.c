/* sentinel policy lint: what is valid and hardly meant. People are told of a refused policy as policy validate does it;
 * programs get what is wrong with it as problems of a check of its own, beside those of the other policies. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/problems.h"
#include "cli/sarif.h"

struct reports {
  struct snt_lint of[SNT_ARGUMENTS_MAX];
  const char *paths[SNT_ARGUMENTS_MAX]; /* one of each; borrowed */
  struct snt_json_doc *refused;         /* what is wrong with those that there is no report of: an array */
  size_t count;
};

static void clear_reports(struct reports *reports) {
  for (size_t i = 0; i < reports->count; i++) {
    snt_lint_clear(&reports->of[i]);
  }
  snt_json_free(&reports->refused);
}

struct totals {
  size_t problems, errors, incomplete;
};

static struct totals add_up(const struct reports *reports) {
  struct totals totals = {0};
  for (size_t i = 0; i < reports->count; i++) {
    totals.problems += reports->of[i].count;
    totals.errors += snt_lint_count_errors(&reports->of[i]);
    totals.incomplete += reports->of[i].is_complete ? 0 : 1;
  }
  return totals;
}

static snt_status print_problem(const struct snt_lint_problem *problem, struct snt_out *out, struct snt_err *err) {
  const struct snt_lint_row *row = &SNT_LINT_TABLE[problem->check];
  SNT_TRY(snt_cli_print_clean(&out->text, problem->file, err));
  SNT_TRY(snt_out_printf(out, err, ":%lld: %s%s%s: ", (long long)problem->line,
                         snt_out_colour(out, row->is_error ? "31" : "33"), row->name, snt_out_colour(out, "")));
  SNT_TRY(snt_cli_print_clean(&out->text, problem->message, err));
  return snt_out_printf(out, err, "\n  %s\n", row->remedy);
}

static snt_status print_report(const struct snt_lint *report, const char *path, struct snt_out *out,
                               struct snt_err *err) {
  for (size_t i = 0; i < report->count; i++) {
    SNT_TRY(print_problem(&report->problems[i], out, err));
  }
  if (report->left_out > 0) {
    SNT_TRY(snt_cli_print_clean(&out->text, path, err));
    SNT_TRY(snt_out_printf(out, err, ": %lld more problems are not shown\n", (long long)report->left_out));
  }
  if (!report->is_complete) {
    SNT_TRY(snt_cli_print_clean(&out->text, path, err));
    SNT_TRY(snt_out_text(out,
                         ": not all rules were looked at: this policy is too large for that\n"
                         "  split it by profile, or name profiles and users without wildcards\n",
                         err));
  }
  return snt_done();
}

static snt_status print_for_people(const struct reports *reports, const struct totals *totals, struct snt_out *out,
                                   struct snt_err *err) {
  for (size_t i = 0; i < reports->count; i++) {
    SNT_TRY(print_report(&reports->of[i], reports->paths[i], out, err));
  }
  if (totals->problems > 0 || totals->incomplete > 0) {
    return snt_done();
  }
  return snt_out_printf(out, err, "%zu %s clean\n", reports->count, reports->count == 1 ? "policy is" : "policies are");
}

static void put_problem(struct snt_json_writer *writer, const struct snt_lint_problem *problem) {
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "check", SNT_LINT_TABLE[problem->check].name);
  snt_json_put_string(writer, "rule", problem->rule);
  snt_json_put_string(writer, "file", problem->file);
  snt_json_put_integer(writer, "line", problem->line);
  snt_json_put_string(writer, "message", problem->message);
  snt_json_end_object(writer);
}

/* As validate has it, with the keys of the others. */
static void put_refusal(struct snt_json_writer *writer, const struct snt_json_value *problem) {
  int64_t line = 1;
  int64_t column = 1;
  (void)snt_json_integer(snt_json_get(problem, "line"), &line);
  (void)snt_json_integer(snt_json_get(problem, "column"), &column);
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "check", SNT_SARIF_INVALID);
  snt_json_put_null(writer, "rule");
  snt_json_put_string(writer, "file", snt_json_string(snt_json_get(problem, "file"), NULL));
  snt_json_put_integer(writer, "line", line);
  snt_json_put_integer(writer, "column", column);
  snt_json_put_string(writer, "message", snt_json_string(snt_json_get(problem, "message"), NULL));
  snt_json_put_string(writer, "hint", snt_json_string(snt_json_get(problem, "hint"), NULL));
  snt_json_end_object(writer);
}

static snt_status print_json(const struct reports *reports, const struct totals *totals, struct snt_out *out,
                             struct snt_err *err) {
  int64_t left_out = 0;
  const struct snt_json_value *refused = snt_json_root(reports->refused);
  size_t refusals = snt_json_count(refused);
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "valid", refusals == 0);
  snt_json_begin_array(&writer, "problems");
  for (size_t i = 0; i < refusals; i++) {
    put_refusal(&writer, snt_json_at(refused, i));
  }
  for (size_t i = 0; i < reports->count; i++) {
    left_out += reports->of[i].left_out;
    for (size_t k = 0; k < reports->of[i].count; k++) {
      put_problem(&writer, &reports->of[i].problems[k]);
    }
  }
  snt_json_end_array(&writer);
  snt_json_put_integer(&writer, "left_out", left_out);
  snt_json_put_bool(&writer, "complete", totals->incomplete == 0 && refusals == 0);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

static snt_status print_sarif(const struct reports *reports, struct snt_out *out, struct snt_err *err) {
  SNT_TRY(snt_sarif_format(reports->of, reports->count, snt_json_root(reports->refused), &out->text, err));
  return snt_out_text(out, "\n", err);
}

/* A policy that was not looked at as a whole is not a clean one. */
static snt_status answer(const struct totals *totals, struct snt_err *err) {
  if (totals->errors > 0) {
    return snt_fail(err, SNT_CODE_ANSWER_NO, "%zu %s more than advice", totals->errors,
                    totals->errors == 1 ? "problem is" : "problems are");
  }
  if (totals->incomplete > 0) {
    return snt_fail(err, SNT_CODE_ANSWER_NO, "%zu %s not looked at completely", totals->incomplete,
                    totals->incomplete == 1 ? "policy was" : "policies were");
  }
  return snt_done();
}

static snt_status look_at_all(struct snt_args *args, struct reports *reports, struct snt_problems *problems,
                              struct snt_err *err) {
  for (size_t i = 0; i < args->argument_count; i++) {
    const char *path = args->arguments[i];
    SNT_BUF_AUTO struct snt_buf array = {0};
    struct snt_err failure = {0};
    snt_status status = snt_issue_lint(path, &reports->of[reports->count], &array, &failure);
    SNT_TRY(snt_problems_add(problems, path, status, &failure, &array, err));
    reports->paths[reports->count] = path;
    reports->count += snt_ok(status) ? 1 : 0;
  }
  SNT_BUF_AUTO struct snt_buf all = {0};
  SNT_TRY(snt_buf_appendf(&all, err, "[%s]", snt_buf_borrow(&problems->list)));
  return snt_json_parse(all.data, all.len, "the list of problems", &reports->refused, err);
}

snt_status snt_cmd_policy_lint(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  bool is_sarif = snt_args_has(args, SNT_OPTION_SARIF);
  if (is_json && is_sarif) {
    return snt_fail(err, SNT_CODE_USAGE, "--json and --sarif exclude each other");
  }
  if (args->argument_count == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "name at least one policy file");
  }
  SNT_CLEANUP(clear_reports) struct reports reports = {0};
  SNT_PROBLEMS_AUTO struct snt_problems problems = {0};
  SNT_TRY(look_at_all(args, &reports, &problems, err));
  struct totals totals = add_up(&reports);
  SNT_TRY(is_sarif               ? print_sarif(&reports, out, err)
          : is_json              ? print_json(&reports, &totals, out, err)
          : problems.refused > 0 ? snt_problems_print(&problems, false, out, err)
                                 : print_for_people(&reports, &totals, out, err));
  return problems.refused > 0 ? snt_problems_status(&problems, err) : answer(&totals, err);
}
