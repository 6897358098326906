/* sentinel replay: what another policy would have decided on the requests of a log. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/impact_json.h"
#include "cli/problems.h"
#include "format/json.h"
#include "format/time.h"
#include "issue/replay.h"

enum { SHOWN_MAX = 100 }; /* groups of flips, for people */

static const char *word(int64_t count) { return count == 1 ? "decision" : "decisions"; }

/* An instant, or how long ago it was. */
static snt_status read_time(const struct snt_args *args, enum snt_option_id id, bool *is_given, int64_t *out_ms,
                            struct snt_err *err) {
  const char *text = args->values[id];
  int64_t ago_s = 0;
  *is_given = text != NULL;
  if (text == NULL || snt_ok(snt_time_parse(text, out_ms, NULL))) {
    return snt_done();
  }
  if (snt_ok(snt_duration_parse(text, &ago_s, NULL))) {
    *out_ms = snt_clock_wall_ms() - ago_s * 1000;
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s: \"%.100s\" is neither a time nor a duration", SNT_OPTION_TABLE[id].flag,
                      text));
  return snt_err_hint(err, "write 2026-01-19T09:00:00Z, or 7d for a week ago");
}

/* --profile chooses decisions, and whose credentials read a policy of SSM; AWS_PROFILE only does the latter. */
static snt_status read_profile(struct snt_args *args, struct snt_issue_replay_options *out, struct snt_err *err) {
  bool is_named = snt_args_names_profile(args);
  bool is_flag = snt_args_has(args, SNT_OPTION_PROFILE);
  bool is_asked = snt_str_starts_with(out->policy, "ssm:");
  out->asking.profile = "default"; /* as the SDKs do */
  if (is_flag || (is_asked && is_named)) {
    SNT_TRY(snt_args_take_profile(args, &out->asking.profile, err));
  }
  out->profile = is_flag ? out->asking.profile : NULL;
  return snt_done();
}

static snt_status read_flags(struct snt_args *args, const char *log, struct snt_issue_replay_options *out,
                             struct snt_err *err) {
  *out = (struct snt_issue_replay_options){.log = log,
                                           .policy = args->values[SNT_OPTION_POLICY],
                                           .asking = {.regions = args->values[SNT_OPTION_REGION],
                                                      .backend = args->values[SNT_OPTION_BACKEND],
                                                      .config = args->values[SNT_OPTION_CONFIG]}};
  if (out->policy == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "replay needs --policy"));
    return snt_err_hint(err, "name the policy that is to be tried: --policy file:PATH, or ssm:/path");
  }
  SNT_TRY(read_profile(args, out, err));
  SNT_TRY(read_time(args, SNT_OPTION_SINCE, &out->has_since, &out->since_ms, err));
  return read_time(args, SNT_OPTION_UNTIL, &out->has_until, &out->until_ms, err);
}

static snt_status print_verdict(struct snt_out *out, enum snt_effect effect, const char *rule, const char *error,
                                struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "%s by ", snt_effect_name(effect)));
  SNT_TRY(snt_cli_print_clean(&out->text, rule[0] == '\0' ? "no rule" : rule, err));
  if (error[0] == '\0') {
    return snt_done();
  }
  SNT_TRY(snt_out_text(out, " (", err));
  SNT_TRY(snt_cli_print_clean(&out->text, error, err));
  return snt_out_text(out, ")", err);
}

static snt_status print_flip(struct snt_out *out, const struct snt_flip *flip, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "  %s", snt_out_colour(out, flip->to == SNT_EFFECT_ALLOW ? "31" : "33")));
  SNT_TRY(snt_cli_print_clean(&out->text, flip->user, err));
  SNT_TRY(snt_out_text(out, "  ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, flip->profile, err));
  SNT_TRY(snt_out_printf(out, err, "%s  ", snt_out_colour(out, "")));
  SNT_TRY(print_verdict(out, flip->from, flip->rule_before, flip->error_before, err));
  SNT_TRY(snt_out_text(out, " -> ", err));
  SNT_TRY(print_verdict(out, flip->to, flip->rule_after, flip->error_after, err));
  SNT_TRY(snt_out_printf(out, err, "; %lld %s, first record %lld, request ", (long long)flip->count, word(flip->count),
                         (long long)flip->first_seq));
  SNT_TRY(snt_cli_print_clean(&out->text, flip->first_request_id, err));
  return snt_out_text(out, "\n", err);
}

/* Those of one direction: to allow, or from it. */
static snt_status print_flips(struct snt_out *out, const struct snt_impact *impact, bool is_to_allow,
                              struct snt_err *err) {
  enum snt_change change = is_to_allow ? SNT_CHANGE_TO_ALLOW : SNT_CHANGE_FROM_ALLOW;
  size_t shown = 0;
  size_t left = 0;
  if (impact->changes[change] == 0) {
    return snt_done();
  }
  SNT_TRY(snt_out_printf(out, err, "%s%lld %s %s%s\n", snt_out_colour(out, is_to_allow ? "31" : "1"),
                         (long long)impact->changes[change], word(impact->changes[change]), snt_change_meaning(change),
                         snt_out_colour(out, "")));
  for (size_t i = 0; i < impact->flip_count; i++) {
    const struct snt_flip *flip = &impact->flips[i];
    if ((flip->to == SNT_EFFECT_ALLOW) != is_to_allow) {
      continue;
    }
    if (shown == SHOWN_MAX) {
      left++;
      continue;
    }
    shown++;
    SNT_TRY(print_flip(out, flip, err));
  }
  return left == 0 ? snt_done() : snt_out_printf(out, err, "  and %zu more groups; --json lists them\n", left);
}

static snt_status print_unknown(struct snt_out *out, const struct snt_impact *impact, struct snt_err *err) {
  if (impact->not_recorded > 0) {
    SNT_TRY(snt_out_printf(out, err,
                           "%s%lld %s not known: the policy asks what was not recorded%s; first record %lld\n",
                           snt_out_colour(out, "31"), (long long)impact->not_recorded, word(impact->not_recorded),
                           snt_out_colour(out, ""), (long long)impact->not_recorded_seq));
  }
  if (impact->no_answer > 0) {
    SNT_TRY(snt_out_printf(out, err, "%s%lld %s not known: the evaluator gave no answer%s; first record %lld\n",
                           snt_out_colour(out, "31"), (long long)impact->no_answer, word(impact->no_answer),
                           snt_out_colour(out, ""), (long long)impact->no_answer_seq));
  }
  return snt_done();
}

static snt_status print_other_changes(struct snt_out *out, const struct snt_impact *impact, struct snt_err *err) {
  const char *before = "other changes: ";
  for (int i = SNT_CHANGE_EFFECT; i < SNT_CHANGE_NONE; i++) {
    if (impact->changes[i] > 0) {
      SNT_TRY(snt_out_printf(out, err, "%s%lld %s", before, (long long)impact->changes[i],
                             snt_change_meaning((enum snt_change)i)));
      before = "; ";
    }
  }
  return before[0] == ';' ? snt_out_text(out, "\n", err) : snt_done();
}

static snt_status print_notes(struct snt_out *out, const struct snt_replay_report *report, struct snt_err *err) {
  const struct snt_impact *impact = &report->impact;
  const char *before = "not replayed: ";
  for (size_t i = 0; i < impact->skip_count; i++) {
    SNT_TRY(snt_out_printf(out, err, "%s%lld %s", before, (long long)impact->skips[i].count, impact->skips[i].reason));
    before = "; ";
  }
  SNT_TRY(impact->skip_count > 0 ? snt_out_text(out, "\n", err) : snt_done());
  if (impact->left_out > 0) {
    SNT_TRY(snt_out_printf(out, err, "note: %lld changed %s of further groups, which are counted and not kept\n",
                           (long long)impact->left_out, impact->left_out == 1 ? "decision is" : "decisions are"));
  }
  return report->has_torn_tail ? snt_out_text(out, "note: the last line is torn, and was not read\n", err) : snt_done();
}

static snt_status print_for_people(struct snt_out *out, const char *log, const struct snt_replay_report *report,
                                   struct snt_err *err) {
  const struct snt_impact *impact = &report->impact;
  SNT_TRY(print_flips(out, impact, true, err));
  SNT_TRY(print_unknown(out, impact, err));
  SNT_TRY(print_flips(out, impact, false, err));
  SNT_TRY(print_other_changes(out, impact, err));
  SNT_TRY(print_notes(out, report, err));
  int64_t replayed = snt_impact_count_replayed(impact);
  SNT_TRY(snt_out_printf(out, err, "%lld %s of ", (long long)replayed, word(replayed)));
  SNT_TRY(snt_cli_print_clean(&out->text, log, err));
  SNT_TRY(snt_out_text(out, " replayed with ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, report->source, err));
  if (report->region[0] != '\0') {
    SNT_TRY(snt_out_printf(out, err, " (version %lld in %s)", (long long)report->version, report->region));
  }
  return snt_out_printf(out, err, ": %lld the same, %lld changed\n", (long long)impact->same,
                        (long long)snt_impact_count_changed(impact));
}

static void put_policy(struct snt_json_writer *writer, const struct snt_replay_report *report) {
  snt_json_begin_object(writer, "policy");
  snt_json_put_string(writer, "source", report->source);
  snt_json_put_string(writer, "sha256", report->sha256);
  snt_cli_put_text(writer, "region", report->region);
  if (report->region[0] != '\0') {
    snt_json_put_integer(writer, "version", report->version);
  } else {
    snt_json_put_null(writer, "version");
  }
  snt_json_end_object(writer);
}

static snt_status print_json(struct snt_out *out, const struct snt_replay_report *report, struct snt_err *err) {
  const struct snt_impact *impact = &report->impact;
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_bool(&writer, "ok", snt_impact_is_harmless(impact));
  put_policy(&writer, report);
  snt_json_put_integer(&writer, "records", report->records);
  snt_json_put_integer(&writer, "decisions", report->decisions);
  snt_json_put_integer(&writer, "replayed", snt_impact_count_replayed(impact));
  snt_cli_put_impact(&writer, impact);
  snt_json_put_bool(&writer, "torn", report->has_torn_tail);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}

static snt_status answer(const struct snt_impact *impact, bool is_accepted, struct snt_err *err) {
  int64_t unknown = impact->not_recorded + impact->no_answer;
  int64_t widened = impact->changes[SNT_CHANGE_TO_ALLOW];
  if (snt_impact_is_harmless(impact) || is_accepted) {
    return snt_done();
  }
  if (widened > 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "%lld %s would be allowed that %s not", (long long)widened,
                        word(widened), widened == 1 ? "was" : "were"));
  } else {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ANSWER_NO, "of %lld %s nobody knows whether they would be allowed",
                        (long long)unknown, word(unknown)));
  }
  return snt_err_hint(err, "if that is meant, add --accept");
}

static snt_status find_log(const struct snt_args *args, struct snt_buf *out, struct snt_err *err) {
  const char *log = args->values[SNT_OPTION_LOG];
  return log != NULL ? snt_buf_append_str(out, log, err) : snt_cli_log_path(args, out, err);
}

snt_status snt_cmd_replay(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf log = {0};
  SNT_REPLAY_REPORT_AUTO struct snt_replay_report report = {0};
  struct snt_issue_replay_options options;
  SNT_TRY(find_log(args, &log, err));
  SNT_TRY(read_flags(args, snt_buf_borrow(&log), &options, err));
  SNT_TRY(snt_issue_replay(&options, &report, err));
  SNT_TRY(snt_args_has(args, SNT_OPTION_JSON) ? print_json(out, &report, err)
                                              : print_for_people(out, log.data, &report, err));
  return answer(&report.impact, snt_args_has(args, SNT_OPTION_ACCEPT), err);
}
