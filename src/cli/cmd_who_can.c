/* sentinel who-can: who can get in with a profile, and by which rule, with a request for each that shows it. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/problems.h"
#include "format/time.h"

static snt_status read_flags(struct snt_args *args, struct snt_who_can_options *options, struct snt_err *err) {
  const char *mode = args->values[SNT_OPTION_MODE];
  if (mode != NULL && !snt_mode_check(mode)) {
    return snt_fail(err, SNT_CODE_USAGE, "--mode: there is no mode \"%.100s\"; write credential_process, cli or server",
                    mode);
  }
  SNT_TRY(snt_cli_issue_options(args, mode, &options->common, err));
  options->is_ever = snt_args_has(args, SNT_OPTION_EVER);
  return snt_cli_take_time(args, &options->time_ms, err);
}

/* A word for a shell: in quotes where it has to be. */
static snt_status print_word(struct snt_out *out, const char *word, struct snt_err *err) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-";
  if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
    return snt_out_text(out, word, err);
  }
  SNT_TRY(snt_out_text(out, "'", err));
  for (const char *quote = strchr(word, '\''); quote != NULL; quote = strchr(word, '\'')) {
    SNT_TRY(snt_out_printf(out, err, "%.*s'\\''", (int)(quote - word), word));
    word = quote + 1;
  }
  SNT_TRY(snt_out_text(out, word, err));
  return snt_out_text(out, "'", err);
}

static snt_status print_flag(struct snt_out *out, enum snt_option_id id, const char *value, struct snt_err *err) {
  if (value == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_out_printf(out, err, " %s ", SNT_OPTION_TABLE[id].flag));
  return print_word(out, value, err);
}

/* Whether the flags of `explain` can say this request. */
static bool is_plain(const struct snt_request *request) {
  struct snt_aws_identity user;
  const struct snt_aws_identity *given = &request->user;
  return request->role_arn == NULL && request->facts[0] == '\0' &&
         snt_ok(snt_aws_identity_from_short(given->user, &user, NULL)) && strcmp(user.kind, given->kind) == 0 &&
         strcmp(user.account, given->account) == 0 && strcmp(user.role, given->role) == 0;
}

/* The command that explains the request. */
static snt_status print_command(struct snt_out *out, const struct snt_request *request, const struct snt_args *args,
                                struct snt_err *err) {
  char time[32];
  snt_time_format(request->time_ms, false, time);
  if (is_plain(request)) {
    SNT_TRY(snt_out_text(out, "    sentinel explain ", err));
    SNT_TRY(print_word(out, request->profile, err));
    SNT_TRY(print_flag(out, SNT_OPTION_USER, request->user.user, err));
    SNT_TRY(print_flag(out, SNT_OPTION_TIME, time, err));
    SNT_TRY(print_flag(out, SNT_OPTION_MODE, request->mode, err));
    SNT_TRY(print_flag(out, SNT_OPTION_JUSTIFICATION, request->justification, err));
  } else {
    SNT_BUF_AUTO struct snt_buf text = {0};
    SNT_TRY(snt_request_format(request, &text, err));
    SNT_TRY(snt_out_text(out, "    echo ", err));
    SNT_TRY(print_word(out, snt_buf_borrow(&text), err));
    SNT_TRY(snt_out_text(out, " >request.json && sentinel explain --request request.json", err));
  }
  SNT_TRY(print_flag(out, SNT_OPTION_POLICY, args->values[SNT_OPTION_POLICY], err));
  SNT_TRY(print_flag(out, SNT_OPTION_CONFIG, args->values[SNT_OPTION_CONFIG], err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_way(struct snt_out *out, const struct snt_way *way, const struct snt_args *args,
                            struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "  by rule %s", way->rule));
  for (size_t i = 0; i < snt_json_count(way->conditions); i++) {
    SNT_TRY(snt_out_text(out, i == 0 ? ": " : ", ", err));
    SNT_TRY(snt_cli_print_clean(&out->text, snt_json_string(snt_json_at(way->conditions, i), NULL), err));
  }
  for (size_t i = 0; i < snt_json_count(way->assumed); i++) {
    bool holds = false;
    const struct snt_json_value *assumed = snt_json_at(way->assumed, i);
    (void)snt_json_bool(snt_json_get(assumed, "holds"), &holds);
    SNT_TRY(snt_out_text(out, i == 0 ? "\n    if " : " and ", err));
    SNT_TRY(snt_cli_print_clean(&out->text, snt_json_string(snt_json_get(assumed, "condition"), NULL), err));
    SNT_TRY(snt_out_text(out, holds ? " holds" : " does not hold", err));
  }
  SNT_TRY(snt_out_text(out, "\n", err));
  return print_command(out, &way->request, args, err);
}

static snt_status print_for_people(struct snt_out *out, const struct snt_who_can_report *report,
                                   const struct snt_args *args, struct snt_err *err) {
  char time[32];
  const struct snt_who_can *answer = &report->answer;
  snt_time_format(report->question.time_ms, false, time);
  SNT_TRY(snt_out_printf(out, err, "profile %s, %s %s, policy %s\n", report->question.profile,
                         report->question.is_ever ? "in the year from" : "at", time, report->policy.name));
  for (size_t i = 0; i < answer->count; i++) {
    const struct snt_way *way = &answer->ways[i];
    if (i == 0 || strcmp(way->user, answer->ways[i - 1].user) != 0) {
      SNT_TRY(snt_out_text(out, snt_out_colour(out, "1"), err));
      SNT_TRY(snt_cli_print_clean(&out->text, way->user, err));
      SNT_TRY(snt_out_printf(out, err, "%s\n", snt_out_colour(out, "")));
    }
    SNT_TRY(print_way(out, way, args, err));
  }
  if (!answer->is_exact) {
    return snt_out_text(out, "there may be other ways in: not everything could be looked at\n", err);
  }
  return answer->count == 0 ? snt_out_text(out, "nobody can get in\n", err) : snt_done();
}

static snt_status put_json(struct snt_json_writer *writer, const char *key, const struct snt_json_value *value,
                           struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_json_dump(value, &text, err));
  snt_json_put_raw(writer, key, (struct snt_slice){text.data, text.len});
  return snt_done();
}

static snt_status put_way(struct snt_json_writer *writer, const struct snt_way *way, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf request = {0};
  SNT_TRY(snt_request_format(&way->request, &request, err));
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "rule", way->rule);
  snt_json_put_string(writer, "user", way->user);
  snt_json_put_raw(writer, "request", (struct snt_slice){request.data, request.len});
  SNT_TRY(put_json(writer, "assumed", way->assumed, err));
  SNT_TRY(put_json(writer, "conditions", way->conditions, err));
  snt_json_end_object(writer);
  return snt_done();
}

static snt_status print_json(struct snt_out *out, const struct snt_who_can_report *report, struct snt_err *err) {
  char time[32];
  struct snt_json_writer writer;
  snt_time_format(report->question.time_ms, false, time);
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "profile", report->question.profile);
  snt_json_put_bool(&writer, "ever", report->question.is_ever);
  snt_json_put_string(&writer, "time", time);
  snt_json_put_bool(&writer, "exact", report->answer.is_exact);
  snt_json_begin_array(&writer, "ways");
  for (size_t i = 0; i < report->answer.count; i++) {
    SNT_TRY(put_way(&writer, &report->answer.ways[i], err));
  }
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

/* Only an exact answer is a no; the other one is not a yes either. */
static snt_status answer(const struct snt_who_can_report *report, struct snt_err *err) {
  if (report->answer.count > 0) {
    return snt_done();
  }
  if (!report->answer.is_exact) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "no way in with profile \"%s\" was found, and not all were looked at",
                        report->question.profile));
    return snt_err_hint(err, "split the policy by profile, or name users with fewer wildcards");
  }
  return snt_fail(err, SNT_CODE_ANSWER_NO, "nobody can get in with profile \"%s\"", report->question.profile);
}

static snt_status refuse(const char *source, const struct snt_who_can_report *report, const struct snt_err *failure,
                         struct snt_out *out, struct snt_err *err) {
  SNT_PROBLEMS_AUTO struct snt_problems problems = {0};
  snt_status status = {failure->code};
  SNT_TRY(snt_problems_add(&problems, source, status, failure, &report->problems, err));
  SNT_TRY(snt_problems_print(&problems, true, out, err));
  *err = *failure;
  return status;
}

snt_status snt_cmd_who_can(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_who_can_options options = {0};
  SNT_TRY(read_flags(args, &options, err));
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  SNT_WHO_CAN_REPORT_AUTO struct snt_who_can_report report = {0};
  struct snt_err failure = {0};
  snt_status status = snt_issue_who_can(&options, &report, &failure);
  if (!snt_ok(status)) {
    if (is_json && status.code == SNT_CODE_POLICY_INVALID) {
      return refuse(snt_cli_policy_name(args), &report, &failure, out, err);
    }
    *err = failure;
    return status;
  }
  SNT_TRY(is_json ? print_json(out, &report, err) : print_for_people(out, &report, args, err));
  return answer(&report, err);
}
