#include "cli/publishing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/common.h"
#include "cli/difference_text.h"
#include "format/time.h"

static snt_status take_validity(const struct snt_args *args, struct snt_publish_options *out, struct snt_err *err) {
  const char *valid = args->values[SNT_OPTION_VALID];
  const char *until = args->values[SNT_OPTION_NOT_AFTER];
  int64_t ms = 0;
  char again[32];
  if (valid != NULL && until != NULL) {
    return snt_fail(err, SNT_CODE_USAGE, "--valid and --not-after say the same: give one of them");
  }
  if (valid != NULL && (!snt_ok(snt_duration_parse(valid, &out->valid_s, NULL)) || out->valid_s < 1)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--valid: \"%.100s\" is not a duration", valid));
    return snt_err_hint(err, "write 30d or 12h");
  }
  if (until == NULL) {
    return snt_done();
  }
  bool is_time = snt_ok(snt_time_parse(until, &ms, NULL));
  snt_time_format(ms, false, again);
  if (!is_time || strcmp(again, until) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--not-after: \"%.100s\" is not a time in UTC", until));
    return snt_err_hint(err, "write it as 2026-02-18T00:00:00Z");
  }
  out->not_after = until;
  return snt_done();
}

snt_status snt_cli_publish_options(struct snt_args *args, struct snt_publish_options *out, struct snt_err *err) {
  *out = (struct snt_publish_options){.common = {.mode = "cli",
                                                 .regions = args->values[SNT_OPTION_REGION],
                                                 .backend = args->values[SNT_OPTION_BACKEND],
                                                 .config = args->values[SNT_OPTION_CONFIG]},
                                      .keys = args->keys,
                                      .key_count = args->key_count,
                                      .is_forced = snt_args_has(args, SNT_OPTION_FORCE),
                                      .tell = snt_cli_tell};
  if (args->argument_count == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no policy is named"));
    return snt_err_hint(err, "its name comes first: prod is the parameter /sentinel/policies/prod");
  }
  out->name = args->arguments[0];
  SNT_TRY(snt_cli_take_caller(args, &out->common.profile, err));
  return take_validity(args, out, err);
}

snt_status snt_cli_list_regions(const struct snt_publish_view *view, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < view->count; i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%s%s", i == 0 ? "" : ", ", view->regions[i].region));
  }
  return snt_done();
}

static snt_status print_region(struct snt_out *out, const struct snt_publish_view *view, const struct snt_published *at,
                               struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "  %-16s ", at->region));
  if (at->version == 0) {
    return snt_out_text(out, "nothing yet\n", err);
  }
  if (!at->is_pointer) {
    return snt_out_printf(out, err, "a bare policy, version %" PRId64 "\n", at->version);
  }
  if (at->pointer.serial == 0) {
    return snt_out_text(out, "a pointer that cannot be read\n", err);
  }
  return snt_out_printf(out, err, "serial %" PRId64 ", sha256 %.16s, until %s%s\n", at->pointer.serial,
                        at->pointer.sha256, at->pointer.not_after,
                        snt_publish_is_believed(view, at) ? "" : "; readers refuse its signatures");
}

static snt_status print_signers(struct snt_out *out, const struct snt_publish_plan *plan,
                                const struct snt_publish_view *view, struct snt_err *err) {
  size_t count = plan->pointer.signature_count;
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_out_printf(out, err, "  signed by        %s\n", plan->pointer.signatures[i].key));
  }
  for (size_t i = 0; i < view->signers.count && !plan->is_adopted; i++) {
    SNT_TRY(snt_out_printf(out, err, "  to be signed by  %s\n", view->signers.list[i].id));
    count++;
  }
  return count == 0 ? snt_out_text(out, "  not signed\n", err) : snt_done();
}

snt_status snt_cli_print_plan(struct snt_out *out, const struct snt_publish_plan *plan,
                              const struct snt_publish_view *view, struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "%s now\n", view->parameter));
  for (size_t i = 0; i < view->count; i++) {
    SNT_TRY(print_region(out, view, &view->regions[i], err));
  }
  if (plan->is_bare) {
    bool is_small = plan->bytes.len <= 4096;
    return snt_out_printf(out, err, "and then a bare policy of %zu bytes, sha256 %.16s%s\n", plan->bytes.len,
                          plan->sha256, is_small ? "" : "; SSM's advanced tier, which costs, is needed above 4096");
  }
  SNT_TRY(snt_out_printf(out, err, "and then serial %" PRId64 ", sha256 %.16s, until %s\n", plan->pointer.serial,
                         plan->sha256, plan->pointer.not_after));
  SNT_TRY(snt_out_printf(out, err, "  %" PRId64 " bytes in %" PRId64 " %s\n", plan->pointer.size, plan->pointer.parts,
                         plan->pointer.parts == 1 ? "part" : "parts"));
  return print_signers(out, plan, view, err);
}

snt_status snt_cli_print_effect(struct snt_out *out, const struct snt_publish_options *options,
                                const struct snt_draft *draft, const struct snt_publish_view *view,
                                struct snt_err *err) {
  struct snt_err why = {0};
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {0};
  if (snt_ok(snt_publish_compare(options, draft, view, &difference, &why))) {
    return snt_cli_print_difference(out, &difference, err);
  }
  SNT_TRY(snt_out_text(out, "? what it changes cannot be told: ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, why.message, err));
  return snt_out_text(out, "\n", err);
}

/* "prod serial 8", "prod to the content of serial 5, as serial 8" */
static snt_status name_it(const struct snt_publish_options *options, const struct snt_publish_plan *plan,
                          const struct snt_publish_view *view, struct snt_buf *out, struct snt_err *err) {
  int64_t serial = plan->pointer.serial;
  int64_t older = view->older.pointer.serial;
  if (plan->is_bare) {
    return snt_buf_appendf(out, err, "bare %s", options->name);
  }
  return strcmp(plan->action, "rollback") == 0 && older != serial
             ? snt_buf_appendf(out, err, "%s to the content of serial %" PRId64 ", as serial %" PRId64, options->name,
                               older, serial)
             : snt_buf_appendf(out, err, "%s serial %" PRId64, options->name, serial);
}

/* X of `push`, `rollback`, `renew`: how they ask, and what they say when they are done. */
static const struct {
  const char *action, *question, *where, *done;
} WORDS[] = {{"push", "Push", "to", "pushed"},
             {"rollback", "Roll back", "in", "rolled back"},
             {"renew", "Renew", "in", "renewed"}};

static size_t find_words(const char *action) {
  for (size_t i = 1; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (strcmp(WORDS[i].action, action) == 0) {
      return i;
    }
  }
  return 0;
}

static snt_status agree(const struct snt_args *args, const struct snt_publish_options *options,
                        const struct snt_publish_plan *plan, const struct snt_publish_view *view, struct snt_out *out,
                        struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf question = {0};
  size_t words = find_words(plan->action);
  SNT_TRY(snt_buf_appendf(&question, err, "%s ", WORDS[words].question));
  SNT_TRY(name_it(options, plan, view, &question, err));
  SNT_TRY(snt_buf_appendf(&question, err, "%s %s ", plan->is_forced ? ", in spite of what was found," : "",
                          WORDS[words].where));
  SNT_TRY(snt_cli_list_regions(view, &question, err));
  SNT_TRY(snt_buf_append_char(&question, '?', err));
  return snt_cli_agree(args, out, question.data, "nothing was changed", err);
}

snt_status snt_cli_publish(const struct snt_args *args, const struct snt_publish_options *options,
                           const struct snt_publish_plan *plan, const struct snt_publish_view *view,
                           struct snt_out *out, struct snt_err *err) {
  struct snt_publish_report report;
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_TRY(name_it(options, plan, view, &name, err));
  SNT_TRY(agree(args, options, plan, view, out, err));
  snt_status status = snt_publish_put(options, plan, view, &report, err);
  if (!snt_ok(status) && report.signal != 0) {
    snt_cli_end_by(report.signal, err);
  }
  SNT_TRY(status);
  SNT_TRY(
      snt_out_printf(out, err, "%s %s, sha256 %.16s:", WORDS[find_words(plan->action)].done, name.data, plan->sha256));
  for (size_t i = 0; i < report.count; i++) {
    SNT_TRY(snt_out_printf(out, err, "%s %s (version %" PRId64 ")", i == 0 ? "" : ",", report.regions[i].region,
                           report.regions[i].version));
  }
  return snt_out_text(out, "\n", err);
}
