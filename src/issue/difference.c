#include "issue/difference.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "issue/difference_internal.h"

static void clear_comparing(struct snt_comparing *comparing) {
  for (size_t i = 0; i < SNT_SIDE_COUNT; i++) {
    snt_evaluator_close(&comparing->own[i]);
  }
  snt_evaluator_close(&comparing->both);
  snt_settings_free(&comparing->settings);
}

static snt_status start(const struct snt_comparing *comparing, struct snt_evaluator **out, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only =
                                              snt_settings_is(comparing->settings, SNT_SETTING_SANDBOX, "rlimits-only"),
                                          .trace = SNT_TRACE_CANDIDATES,
                                          .is_long = true};
  return snt_evaluator_start(&options, out, err);
}

static snt_status load(struct snt_comparing *comparing, enum snt_side side, struct snt_buf *problems,
                       struct snt_err *err) {
  struct snt_policy *policy = comparing->policies[side];
  if (policy == NULL) {
    return snt_done();
  }
  if (policy->packed.len > 0) {
    return snt_fail(err, SNT_CODE_BUG, "%s is packed, and was not opened to be compared", policy->source);
  }
  SNT_TRY(start(comparing, &comparing->own[side], err));
  snt_status status = snt_policy_load(policy, comparing->own[side], problems, err);
  return status.code == SNT_CODE_POLICY_INVALID
             ? snt_err_prefix(err, "%s", side == SNT_SIDE_BEFORE ? "the old policy" : "the new policy")
             : status;
}

/* Tells the third evaluator of a policy. */
static snt_status describe(struct snt_comparing *comparing, enum snt_side side, struct snt_err *err) {
  static const struct snt_policy none = {.is_bundle = false};
  const struct snt_policy *policy = comparing->policies[side];
  SNT_BUF_AUTO struct snt_buf about = {0};
  SNT_BUF_AUTO struct snt_buf outline = {0};
  SNT_TRY(snt_difference_describe(policy == NULL ? &none : policy, &about, err));
  SNT_TRY(policy == NULL ? snt_done() : snt_evaluator_outline(comparing->own[side], &outline, err));
  return snt_evaluator_take_side(comparing->both, side, &about, &outline, comparing->own[side], err);
}

static snt_status compare_rules(struct snt_comparing *comparing, struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(snt_evaluator_compare(comparing->both, SNT_COMPARE_RULES, (struct snt_slice){0}, &reply, &is_late, err));
  if (is_late) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the policy evaluator failed: it was not done with the rules in time");
  }
  return snt_difference_parse_rules(snt_buf_borrow(&reply), reply.len, comparing->out, err);
}

static void name_side(const struct snt_policy *policy, struct snt_difference_side *out) {
  if (policy == NULL) {
    return;
  }
  (void)snprintf(out->name, sizeof out->name, "%s", policy->name);
  (void)snprintf(out->source, sizeof out->source, "%s", policy->source);
  (void)snprintf(out->sha256, sizeof out->sha256, "%s", policy->sha256);
  out->serial = policy->is_bundle ? policy->manifest.serial : 0;
}

static snt_status load_both(struct snt_comparing *comparing, struct snt_buf *problems, struct snt_err *err) {
  SNT_TRY(start(comparing, &comparing->both, err));
  for (int i = 0; i < SNT_SIDE_COUNT; i++) {
    SNT_TRY(load(comparing, (enum snt_side)i, problems, err));
    SNT_TRY(describe(comparing, (enum snt_side)i, err));
  }
  return snt_done();
}

static snt_status compare(struct snt_comparing *comparing, struct snt_buf *problems, struct snt_err *err) {
  struct snt_difference *out = comparing->out;
  SNT_TRY(snt_settings_load(comparing->options->config, &comparing->settings, err));
  SNT_TRY(load_both(comparing, problems, err));
  SNT_TRY(compare_rules(comparing, err));
  SNT_TRY(snt_difference_bundles(comparing->policies[SNT_SIDE_BEFORE], comparing->policies[SNT_SIDE_AFTER], out, err));
  if (!snt_difference_is_any(out)) {
    return snt_done(); /* both decide alike */
  }
  SNT_TRY(snt_comparing_replay(comparing, err));
  SNT_TRY(snt_comparing_access(comparing, err));
  snt_difference_sort(out);
  return snt_done();
}

snt_status snt_issue_difference(const struct snt_issue_difference_options *options, struct snt_policy *before,
                                struct snt_policy *after, struct snt_difference *out, struct snt_buf *problems,
                                struct snt_err *err) {
  SNT_DIFFERENCE_AUTO struct snt_difference difference = {
      .has_before = before != NULL,
      .time_ms = options->time_ms != 0 ? options->time_ms : snt_clock_wall_ms() / 1000 * 1000};
  SNT_CLEANUP(clear_comparing)
  struct snt_comparing comparing = {.options = options, .policies = {before, after}, .out = &difference};
  memset(out, 0, sizeof *out);
  name_side(before, &difference.before);
  name_side(after, &difference.after);
  SNT_TRY(compare(&comparing, problems, err));
  *out = difference;
  difference = (struct snt_difference){0}; /* ownership went to out */
  return snt_done();
}
