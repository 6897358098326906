/* sentinel policy diff: what is different between two policies, by their texts or by what they decide. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/difference_text.h"
#include "cli/problems.h"
#include "issue/difference.h"

enum { OLD = 0, NEW, SIDES };

struct sides {
  struct snt_policy policies[SIDES];
};

static void clear_sides(struct sides *sides) {
  for (size_t i = 0; i < SIDES; i++) {
    snt_policy_clear(&sides->policies[i]);
  }
}

/* --profile says what {profile} stands for, and whose credentials read a policy of SSM; AWS_PROFILE only the latter. */
static snt_status read_flags(struct snt_args *args, struct snt_issue_open_options *out, struct snt_err *err) {
  bool is_flag = snt_args_has(args, SNT_OPTION_PROFILE);
  bool is_asked =
      snt_str_starts_with(args->arguments[OLD], "ssm:") || snt_str_starts_with(args->arguments[NEW], "ssm:");
  *out = (struct snt_issue_open_options){.asking = {.regions = args->values[SNT_OPTION_REGION],
                                                    .backend = args->values[SNT_OPTION_BACKEND],
                                                    .config = args->values[SNT_OPTION_CONFIG],
                                                    .profile = "default"}}; /* as the SDKs do */
  SNT_TRY(is_flag || is_asked ? snt_cli_take_caller(args, &out->asking.profile, err) : snt_done());
  out->profile = is_flag ? out->asking.profile : NULL;
  return snt_done();
}

static snt_status refuse(const char *source, snt_status status, const struct snt_err *failure,
                         const struct snt_buf *array, bool is_json, struct snt_out *out, struct snt_err *err) {
  SNT_PROBLEMS_AUTO struct snt_problems problems = {0};
  if (is_json && status.code == SNT_CODE_POLICY_INVALID) {
    SNT_TRY(snt_problems_add(&problems, source, status, failure, array, err));
    SNT_TRY(snt_problems_print(&problems, true, out, err));
  }
  *err = *failure;
  return status;
}

/* Texts ---------------------------------------------------------------------------------------------------------- */

/* A line of a policy may hold what would move a terminal's cursor. */
static snt_status print_line(struct snt_out *out, const char *line, size_t len, struct snt_err *err) {
  const char *colour = line[0] == '-' ? "31" : line[0] == '+' ? "32" : line[0] == '@' ? "2" : NULL;
  bool has_return = len > 0 && line[len - 1] == '\r';
  SNT_FREE_AUTO char *text = snt_str_dup_slice((struct snt_slice){line, has_return ? len - 1 : len});
  if (text == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_out_text(out, colour == NULL ? "" : snt_out_colour(out, colour), err));
  for (char *part = text, *tab = text; tab != NULL; part = tab + 1) {
    tab = strchr(part, '\t');
    if (tab != NULL) {
      *tab = '\0';
    }
    SNT_TRY(snt_cli_print_clean(&out->text, part, err));
    SNT_TRY(tab == NULL ? snt_done() : snt_out_text(out, "\t", err));
  }
  return snt_out_printf(out, err, "%s%s\n", colour == NULL ? "" : snt_out_colour(out, ""), has_return ? "\r" : "");
}

static snt_status print_file(struct snt_out *out, const struct snt_file_difference *file, struct snt_err *err) {
  const char *end = snt_buf_borrow(&file->diff) + file->diff.len;
  for (const char *line = snt_buf_borrow(&file->diff); line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    SNT_TRY(print_line(out, line, (size_t)(newline - line), err));
    line = newline + 1;
  }
  return snt_done();
}

static snt_status print_files_json(struct snt_out *out, const struct snt_file_differences *files, struct snt_err *err) {
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "different", files->count > 0);
  snt_json_begin_array(&writer, "files");
  for (size_t i = 0; i < files->count; i++) {
    const struct snt_file_difference *file = &files->list[i];
    bool is_text = snt_utf8_check(snt_buf_borrow(&file->diff), file->diff.len);
    snt_json_begin_object(&writer, NULL);
    snt_json_put_string(&writer, "name", file->name);
    snt_json_put_string(&writer, "kind", snt_difference_kind_name(file->kind));
    snt_json_put_string(&writer, "diff", is_text ? snt_buf_borrow(&file->diff) : NULL);
    snt_json_end_object(&writer);
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

/* Both are checked: a text that no evaluator takes is not compared in silence. */
static snt_status check_sides(const struct snt_args *args, const struct snt_issue_open_options *options,
                              struct sides *sides, struct snt_out *out, struct snt_err *err) {
  for (int i = 0; i < SIDES; i++) {
    SNT_BUF_AUTO struct snt_buf problems = {0};
    struct snt_err failure = {0};
    snt_status status = snt_issue_check_policy(options, &sides->policies[i], &problems, &failure);
    if (!snt_ok(status)) {
      return refuse(args->arguments[i], status, &failure, &problems, snt_args_has(args, SNT_OPTION_JSON), out, err);
    }
  }
  return snt_done();
}

static snt_status differ(const struct snt_args *args, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_ANSWER_NO, "%s and %s are different", args->arguments[OLD], args->arguments[NEW]);
}

static snt_status compare_texts(const struct snt_args *args, const struct snt_issue_open_options *options,
                                struct sides *sides, struct snt_out *out, struct snt_err *err) {
  SNT_FILE_DIFFERENCES_AUTO struct snt_file_differences files = {0};
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  SNT_TRY(snt_issue_compare_files(&sides->policies[OLD], &sides->policies[NEW], &files, err));
  for (size_t i = 0; !is_json && i < files.count; i++) {
    SNT_TRY(print_file(out, &files.list[i], err));
  }
  SNT_TRY(check_sides(args, options, sides, out, err));
  SNT_TRY(is_json ? print_files_json(out, &files, err) : snt_done());
  return files.count == 0 ? snt_done() : differ(args, err);
}

/* Decisions ------------------------------------------------------------------------------------------------------ */

static snt_status compare_decisions(const struct snt_args *args, struct sides *sides, struct snt_out *out,
                                    struct snt_err *err) {
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
  SNT_BUF_AUTO struct snt_buf problems = {0};
  struct snt_err failure = {0};
  struct snt_issue_difference_options options = {.config = args->values[SNT_OPTION_CONFIG],
                                                 .log = args->values[SNT_OPTION_LOG]};
  SNT_TRY(snt_cli_take_time(args, &options.time_ms, err));
  snt_status status =
      snt_issue_difference(&options, &sides->policies[OLD], &sides->policies[NEW], &difference, &problems, &failure);
  if (!snt_ok(status)) {
    return refuse("a policy", status, &failure, &problems, is_json, out, err);
  }
  if (is_json) {
    struct snt_json_writer writer;
    snt_json_writer_init(&writer, &out->text, err);
    snt_cli_put_difference(&writer, NULL, &difference);
    SNT_TRY(snt_json_finish(&writer));
    SNT_TRY(snt_out_text(out, "\n", err));
  } else {
    SNT_TRY(snt_cli_print_difference(out, &difference, err));
  }
  return snt_difference_is_any(&difference) ? differ(args, err) : snt_done();
}

static snt_status open_sides(const struct snt_args *args, const struct snt_issue_open_options *options,
                             struct sides *sides, struct snt_out *out, struct snt_err *err) {
  for (int i = 0; i < SIDES; i++) {
    static const struct snt_buf nothing = {0};
    struct snt_err failure = {0};
    snt_status status = snt_issue_open_policy(options, args->arguments[i], &sides->policies[i], &failure);
    if (!snt_ok(status)) {
      return refuse(args->arguments[i], status, &failure, &nothing, snt_args_has(args, SNT_OPTION_JSON), out, err);
    }
  }
  return snt_done();
}

snt_status snt_cmd_policy_diff(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_issue_open_options options;
  SNT_CLEANUP(clear_sides) struct sides sides = {0};
  if (args->argument_count != SIDES) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "name two policies: the old one, and the new one"));
    return snt_err_hint(err, "sentinel policy diff prod.yaml new.yaml; each is a file, a folder, a packed bundle or "
                             "ssm:/path");
  }
  SNT_TRY(read_flags(args, &options, err));
  SNT_TRY(open_sides(args, &options, &sides, out, err));
  return snt_args_has(args, SNT_OPTION_SEMANTIC) ? compare_decisions(args, &sides, out, err)
                                                 : compare_texts(args, &options, &sides, out, err);
}
