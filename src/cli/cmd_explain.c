/* sentinel explain: what would be decided, and why, from the evaluation's own trace. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/problems.h"
#include "format/json.h"
#include "format/time.h"
#include "policy/request.h"

static snt_status read_flags(struct snt_args *args, struct snt_explain_options *options, struct snt_err *err) {
  static const enum snt_option_id excluded[] = {SNT_OPTION_USER,     SNT_OPTION_TIME,          SNT_OPTION_MODE,
                                                SNT_OPTION_DURATION, SNT_OPTION_JUSTIFICATION, SNT_OPTION_PROFILE};
  const char *mode = args->values[SNT_OPTION_MODE];
  options->request_file = args->values[SNT_OPTION_REQUEST];
  if (options->request_file != NULL) {
    for (size_t i = 0; i < sizeof excluded / sizeof excluded[0]; i++) {
      if (args->values[excluded[i]] != NULL || args->argument_count > 0) {
        return snt_fail(err, SNT_CODE_USAGE, "--request excludes %s: the file says it all",
                        args->argument_count > 0 ? "a profile" : SNT_OPTION_TABLE[excluded[i]].flag);
      }
    }
    options->common = (struct snt_issue_options){.mode = "credential_process",
                                                 .policy = args->values[SNT_OPTION_POLICY],
                                                 .regions = args->values[SNT_OPTION_REGION],
                                                 .backend = args->values[SNT_OPTION_BACKEND],
                                                 .config = args->values[SNT_OPTION_CONFIG]};
    return snt_done();
  }
  if (mode != NULL && !snt_mode_check(mode)) {
    return snt_fail(err, SNT_CODE_USAGE, "--mode: there is no mode \"%.100s\"; write credential_process, cli or server",
                    mode);
  }
  SNT_TRY(snt_cli_issue_options(args, mode == NULL ? "credential_process" : mode, &options->common, err));
  options->user = args->values[SNT_OPTION_USER];
  return snt_cli_take_time(args, &options->time_ms, err);
}

static const char *text_of(const struct snt_json_value *object, const char *key) {
  const char *text = snt_json_string(snt_json_get(object, key), NULL);
  return text == NULL ? "" : text;
}

static snt_status print_rule(struct snt_out *out, const struct snt_json_value *entry, struct snt_err *err) {
  bool has_matched = false;
  (void)snt_json_bool(snt_json_get(entry, "matched"), &has_matched);
  SNT_TRY(snt_out_printf(out, err, "  %s%-3s%s %s", snt_out_colour(out, has_matched ? "32" : "2"),
                         has_matched ? "yes" : "no", snt_out_colour(out, ""), text_of(entry, "rule")));
  const char *failed = text_of(entry, "failed");
  if (failed[0] != '\0') {
    SNT_TRY(snt_out_printf(out, err, ": %s: wanted ", failed));
    SNT_TRY(snt_cli_print_clean(&out->text, text_of(entry, "wanted"), err));
    SNT_TRY(snt_out_text(out, ", got ", err));
    SNT_TRY(snt_cli_print_clean(&out->text, text_of(entry, "got"), err));
  }
  return snt_out_text(out, "\n", err);
}

static snt_status print_remedy(struct snt_out *out, const struct snt_json_value *entry, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "would be allowed: rule \"%s\", ", text_of(entry, "rule")));
  SNT_TRY(snt_cli_print_clean(&out->text, text_of(entry, "text"), err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_request(struct snt_out *out, const struct snt_explanation *explanation, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_json_parse(explanation->request.data, explanation->request.len, "the request", &doc, err));
  const struct snt_json_value *request = snt_json_root(doc);
  bool is_allow = explanation->decision.effect == SNT_EFFECT_ALLOW;
  return snt_out_printf(out, err, "%s%s%s  profile %s for %s (%s, %s) at %s\n",
                        snt_out_colour(out, is_allow ? "32" : "31"), snt_effect_name(explanation->decision.effect),
                        snt_out_colour(out, ""), text_of(request, "profile"),
                        text_of(snt_json_get(request, "user"), "name"), text_of(snt_json_get(request, "user"), "kind"),
                        text_of(request, "mode"), text_of(request, "time"));
}

static snt_status print_policy(struct snt_out *out, const struct snt_policy *policy, struct snt_err *err) {
  char serial[48] = "";
  if (policy->is_bundle) {
    (void)snprintf(serial, sizeof serial, " serial %lld", (long long)policy->manifest.serial);
  }
  return snt_out_printf(out, err, "  policy   %s%s, sha256 %.16s\n", policy->name, serial, policy->sha256);
}

static snt_status print_head(struct snt_out *out, const struct snt_explanation *explanation, struct snt_err *err) {
  const struct snt_decision *decision = &explanation->decision;
  SNT_TRY(print_request(out, explanation, err));
  SNT_TRY(
      snt_out_printf(out, err, "  rule     %s\n  reason   ", decision->rule[0] == '\0' ? "(none)" : decision->rule));
  SNT_TRY(snt_cli_print_clean(&out->text, decision->reason, err));
  SNT_TRY(snt_out_text(out, "\n", err));
  const char *const more[][2] = {{"error", decision->error},
                                 {"failed", decision->failed_condition},
                                 {"missing", snt_buf_borrow(&decision->missing)}};
  for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
    if (more[i][1][0] != '\0') {
      SNT_TRY(snt_out_printf(out, err, "  %-9s%s\n", more[i][0], more[i][1]));
    }
  }
  if (decision->max_duration_s > 0) {
    char text[32];
    snt_duration_format(decision->max_duration_s, text);
    SNT_TRY(snt_out_printf(out, err, "  session  at most %s%s\n", text,
                           decision->ends_with_window ? ", until the window of time closes" : ""));
  }
  if (decision->lease_s > 0) {
    char text[32];
    snt_duration_format(decision->lease_s, text);
    SNT_TRY(snt_out_printf(out, err, "  lease    %s, then policy is asked again\n", text));
  }
  return print_policy(out, &explanation->policy, err);
}

/* "  ok       oncall oncalls (schedule payments)", and why one was not had. */
static snt_status print_fact(struct snt_out *out, const struct snt_fact *fact, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "  %-8s %s %s", fact->status == SNT_FACT_OK ? "had" : "not had", fact->plugin->name,
                         snt_fact_need(fact)));
  for (size_t i = 0; i < fact->param_count; i++) {
    SNT_TRY(snt_out_printf(out, err, "%s%s ", i == 0 ? " (" : ", ", fact->params[i].name));
    SNT_TRY(snt_cli_print_clean(&out->text, fact->params[i].value, err));
  }
  SNT_TRY(snt_out_text(out, fact->param_count > 0 ? ")" : "", err));
  SNT_TRY(snt_out_text(out, fact->reason[0] == '\0' ? "" : ": ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, fact->reason, err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_explanation(struct snt_out *out, const struct snt_explanation *explanation,
                                    struct snt_err *err) {
  SNT_TRY(print_head(out, explanation, err));
  SNT_TRY(explanation->facts.count > 0 ? snt_out_text(out, "facts\n", err) : snt_done());
  for (size_t i = 0; i < explanation->facts.count; i++) {
    SNT_TRY(print_fact(out, &explanation->facts.list[i], err));
  }
  const struct snt_json_value *trace = explanation->decision.trace;
  if (snt_json_count(trace) > 0) {
    SNT_TRY(snt_out_text(out, "rules, in order\n", err));
  }
  for (size_t i = 0; i < snt_json_count(trace); i++) {
    SNT_TRY(print_rule(out, snt_json_at(trace, i), err));
  }
  const struct snt_json_value *remedies = explanation->decision.remedies;
  for (size_t i = 0; i < snt_json_count(remedies); i++) {
    SNT_TRY(print_remedy(out, snt_json_at(remedies, i), err));
  }
  return snt_done();
}

/* A program gets an answer on stdout for a refused policy and a failed evaluator too (cli.md). */
static snt_status print_failure(struct snt_out *out, const char *source, const struct snt_explanation *explanation,
                                struct snt_err *err) {
  snt_status status = {err->code};
  bool is_policy = status.code == SNT_CODE_POLICY_INVALID;
  if (!is_policy && status.code != SNT_CODE_EVALUATOR) {
    return status;
  }
  struct snt_err writing = {0};
  struct snt_json_writer writer;
  SNT_BUF_AUTO struct snt_buf problems = {0};
  SNT_TRY(is_policy ? snt_problems_format(source, err, &explanation->problems, &problems, &writing) : snt_done());
  snt_json_writer_init(&writer, &out->text, &writing);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "effect", "deny");
  snt_json_put_string(&writer, "error", is_policy ? "policy_invalid" : "evaluator_failed");
  if (is_policy) {
    snt_json_put_raw(&writer, "problems", (struct snt_slice){problems.data, problems.len});
  } else {
    snt_json_begin_array(&writer, "problems");
    snt_json_begin_object(&writer, NULL);
    snt_json_put_string(&writer, "message", err->message);
    snt_json_put_string(&writer, "hint", err->hint);
    snt_json_end_object(&writer);
    snt_json_end_array(&writer);
  }
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  SNT_TRY(snt_out_text(out, "\n", err));
  return status;
}

snt_status snt_cmd_explain(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_explain_options options = {0};
  SNT_TRY(read_flags(args, &options, err));
  snt_issue_start(&options.common, true);
  SNT_EXPLANATION_AUTO struct snt_explanation explanation = {0};
  snt_status status = snt_issue_explain(&options, &explanation, err);
  bool is_json = snt_args_has(args, SNT_OPTION_JSON);
  if (!snt_ok(status)) {
    return is_json ? print_failure(out, snt_cli_policy_name(args), &explanation, err) : status;
  }
  if (!is_json) {
    return print_explanation(out, &explanation, err);
  }
  SNT_TRY(snt_explanation_format(&explanation, &out->text, err));
  return snt_out_text(out, "\n", err);
}
