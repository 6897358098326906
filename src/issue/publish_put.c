/* Publishing, once it is decided: all parts everywhere first, then the pointers, region by region. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "audit/record.h"
#include "issue/depot.h"
#include "issue/publish_record.h"
#include "issue/publish_rules.h"
#include "issue/signals.h"
#include "issue/signers.h"

struct putting {
  const struct snt_publish_options *options;
  const struct snt_publish_plan *plan;
  const struct snt_publish_view *view;
  struct snt_publish_report *report;
  struct snt_depot depot;
  struct snt_pointer pointer; /* signed */
  struct snt_buf value;       /* of the parameter */
  sigset_t held;
};

static void clear_putting(struct putting *putting) {
  snt_depot_clear(&putting->depot);
  snt_buf_clear(&putting->value);
}

static snt_status sign(struct putting *putting, struct snt_err *err) {
  struct snt_flow *flow = &putting->depot.flow;
  const struct snt_publish_options *options = putting->options;
  SNT_SIGNERS_AUTO struct snt_signers signers = {0};
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  SNT_PUBLISH_RULES_AUTO struct snt_publish_rules rules = {0};
  SNT_TRY(snt_publish_rules_read(flow->settings, &rules, err));
  SNT_TRY(snt_signers_open(flow, options->keys, options->key_count, &signers, err));
  SNT_TRY(snt_signers_list_keys(&signers, &keys, err));
  if (!putting->plan->is_adopted) {
    SNT_TRY(snt_signers_sign(&signers, &putting->pointer, err));
  }
  return snt_publish_rules_verify(&rules, &keys, &putting->pointer, "what was signed", err);
}

static snt_status make_value(struct putting *putting, struct snt_err *err) {
  const struct snt_publish_plan *plan = putting->plan;
  if (plan->is_bare) {
    return snt_buf_append(&putting->value, plan->bytes.data, plan->bytes.len, err);
  }
  putting->pointer = plan->pointer;
  SNT_TRY(sign(putting, err));
  return snt_pointer_format(&putting->pointer, &putting->value, err);
}

static void tell(const struct putting *putting, const char *what, size_t region) {
  char text[160];
  (void)snprintf(text, sizeof text, "%s: %s", putting->depot.flow.regions[region], what);
  if (putting->options->tell != NULL) {
    putting->options->tell(text);
  }
}

/* Signals wait here: between the regions. */
static snt_status check_signals(struct putting *putting, struct snt_err *err) {
  int signal = snt_signals_take(&putting->held, 0);
  putting->depot.signal = signal != 0 ? signal : putting->depot.signal;
  return signal == 0 ? snt_done() : snt_fail(err, SNT_CODE_ACTION_REQUIRED, "interrupted");
}

static snt_status put_regions(struct putting *putting, struct snt_err *err) {
  const struct snt_publish_plan *plan = putting->plan;
  struct snt_publish_report *report = putting->report;
  putting->depot.held = &putting->held;
  for (size_t i = 0; i < report->count && !plan->is_bare; i++) {
    SNT_TRY(snt_depot_upload(&putting->depot, i, plan->sha256, plan->bytes, err));
  }
  putting->depot.held = NULL;
  for (size_t i = 0; i < report->count; i++) {
    const struct snt_depot_put put = {.parameter = putting->view->parameter,
                                      .value = {putting->value.data, putting->value.len},
                                      .seen = &putting->view->regions[i]};
    SNT_TRY(check_signals(putting, err));
    tell(putting, "putting it in force", i);
    snt_status status = snt_depot_put(&putting->depot, i, &put, &report->regions[i].version, err);
    report->regions[i].has_it = report->regions[i].version > 0;
    SNT_TRY(status);
  }
  return snt_done();
}

static snt_status record(struct putting *putting, const char *outcome, const struct snt_err *failure,
                         struct snt_err *err) {
  const struct snt_publish_note note = {.plan = putting->plan,
                                        .view = putting->view,
                                        .pointer = &putting->pointer,
                                        .name = putting->options->name,
                                        .outcome = outcome,
                                        .report = putting->report,
                                        .failure = failure};
  return snt_publish_record(&putting->depot.flow, &note, err);
}

/* "us-east-1, us-west-2": the regions that have it, or have it not. */
static const char *list_regions(const struct snt_publish_report *report, bool has_it, char *out, size_t cap) {
  size_t used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < report->count && used < cap; i++) {
    if (report->regions[i].has_it == has_it) {
      int len = snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : ", ", report->regions[i].region);
      used += len > 0 ? (size_t)len : 0;
    }
  }
  return out;
}

/* Adds to a failure what every region has, and how to go on. */
static snt_status tell_state(const struct putting *putting, struct snt_err *err) {
  char having[600];
  char lacking[600];
  char remedy[SNT_ERR_HINT_CAP];
  const char *action = putting->plan->action;
  (void)list_regions(putting->report, true, having, sizeof having);
  (void)list_regions(putting->report, false, lacking, sizeof lacking);
  memcpy(remedy, err->hint, sizeof remedy);
  bool was_overtaken = err->code == SNT_CODE_CHANGED;
  if (having[0] == '\0') {
    SNT_IGNORE(was_overtaken
                   ? snt_err_prefix(err, "the %s is not finished, and nothing of it is in force", action)
                   : snt_err_prefix(err,
                                    "the %s is not finished, and as far as is known what was in force in %s still is",
                                    action, lacking));
  } else {
    SNT_IGNORE(snt_err_prefix(err, "the %s is not finished: it is in force in %s, and as far as is known not in %s",
                              action, having, lacking));
  }
  if (was_overtaken) {
    return (snt_status){err->code}; /* the same again would be refused */
  }
  const char *between = remedy[0] == '\0' ? "" : "; ";
  if (strcmp(action, "rollback") == 0 && having[0] != '\0') {
    return snt_err_hint(err, "%s%sto finish: sentinel policy rollback %s --to %" PRId64, remedy, between,
                        putting->options->name, putting->pointer.serial);
  }
  return snt_err_hint(err, "%s%sto finish, run the same command again: what is there already is not written again",
                      remedy, between);
}

static snt_status finish(struct putting *putting, snt_status status, struct snt_err *err) {
  struct snt_err inner = {0};
  putting->report->signal = putting->depot.signal;
  if (snt_ok(status)) {
    char having[600];
    status = record(putting, "done", NULL, err);
    return snt_ok(status) ? status
                          : snt_err_prefix(err, "it is in force in %s, and that could not be recorded",
                                           list_regions(putting->report, true, having, sizeof having));
  }
  status = tell_state(putting, err);
  if (!snt_ok(record(putting, "failed", err, &inner))) {
    size_t used = strlen(err->message);
    (void)snprintf(err->message + used, sizeof err->message - used, " (not recorded: %.200s)", inner.message);
  }
  return status;
}

/* The regions have to be those that were looked at. */
static snt_status check_regions(const struct putting *putting, struct snt_err *err) {
  const struct snt_publish_view *view = putting->view;
  bool is_same = view->count == putting->depot.count;
  for (size_t i = 0; i < view->count && is_same; i++) {
    is_same = strcmp(view->regions[i].region, putting->depot.flow.regions[i]) == 0;
  }
  return is_same ? snt_done() : snt_fail(err, SNT_CODE_BUG, "other regions are configured than were looked at");
}

snt_status snt_publish_put(const struct snt_publish_options *options, const struct snt_publish_plan *plan,
                           const struct snt_publish_view *view, struct snt_publish_report *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_CLEANUP(clear_putting)
  struct putting putting = {
      .options = options, .plan = plan, .view = view, .report = out, .depot = {.tell = options->tell}};
  for (out->count = 0; out->count < view->count; out->count++) {
    out->regions[out->count].region = view->regions[out->count].region;
  }
  SNT_TRY(snt_depot_open(&putting.depot, &options->common, err));
  SNT_TRY(check_regions(&putting, err));
  SNT_TRY(make_value(&putting, err));
  SNT_TRY(snt_flow_open_log(&putting.depot.flow, err));
  SNT_TRY(record(&putting, "begun", NULL, err));
  snt_signals_hold(&putting.held);
  return finish(&putting, put_regions(&putting, err), err);
}
