/* Who gains and who loses access. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issue/difference_internal.h"
#include "policy/decision.h"

/* What the core makes of a policy's word (issue/flow_decide). */
static struct snt_verdict bound(const struct snt_policy *policy, struct snt_verdict verdict) {
  if (policy->is_bundle && !policy->manifest.allows_emergency && verdict.is_emergency) {
    return (struct snt_verdict){.effect = SNT_EFFECT_DENY, .error = "policy_invalid"};
  }
  bool is_denied = verdict.effect == SNT_EFFECT_DENY;
  verdict.max_duration_s = is_denied ? 0 : snt_manifest_bound(&policy->manifest, verdict.max_duration_s);
  return verdict;
}

/* What a policy decides on the request, as `explain` would say it. */
static snt_status decide(const struct snt_comparing *comparing, enum snt_side side, const struct snt_request *request,
                         struct snt_verdict *out, struct snt_err *err) {
  const struct snt_policy *policy = comparing->policies[side];
  const char *role = request->role_arn == NULL ? "" : request->role_arn;
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  *out = (struct snt_verdict){.effect = SNT_EFFECT_DENY};
  if (policy == NULL) {
    return snt_done();
  }
  if (!snt_manifest_binds(&policy->manifest, request->profile, role)) {
    *out = (struct snt_verdict){.effect = SNT_EFFECT_DENY, .error = SNT_DECISION_MISMATCH};
    return snt_done();
  }
  SNT_TRY(snt_request_format(request, &text, err));
  SNT_TRY(snt_evaluator_evaluate(comparing->own[side], (struct snt_slice){text.data, text.len}, (struct snt_slice){0},
                                 &reply, err));
  SNT_TRY(snt_decision_parse(snt_buf_borrow(&reply), reply.len, &decision, err));
  *out = bound(policy, snt_verdict_of(&decision));
  return snt_done();
}

static bool is_as_told(const struct snt_verdict *told, const struct snt_verdict *decided) {
  return told->effect == decided->effect && strcmp(told->rule, decided->rule) == 0 &&
         strcmp(told->error, decided->error) == 0 && told->max_duration_s == decided->max_duration_s;
}

/* What plugins and functions would say is not known: such a change is told with what it rests on. */
static snt_status confirm(const struct snt_comparing *comparing, const struct snt_access_change *change,
                          struct snt_err *err) {
  const struct snt_verdict *told[] = {&change->before, &change->after};
  for (int i = 0; change->assumed_count == 0 && i < SNT_SIDE_COUNT; i++) {
    struct snt_verdict decided;
    SNT_TRY(decide(comparing, (enum snt_side)i, &change->request, &decided, err));
    if (!is_as_told(told[i], &decided)) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_EVALUATOR,
                          "the evaluator contradicts itself: %s of profile %.100s was said to be decided by rule "
                          "\"%s\", and an evaluation says otherwise",
                          change->user, change->profile, told[i]->rule));
      return snt_err_hint(err, "this is a bug; `sentinel explain` tells what is decided");
    }
  }
  return snt_done();
}

static snt_status take_answer(struct snt_comparing *comparing, const struct snt_difference_profile *profile,
                              const struct snt_access_question *question, struct snt_access_answer *answer,
                              struct snt_err *err) {
  for (size_t i = 0; i < answer->count; i++) {
    bool is_told = snt_difference_tells_access(comparing->out, &answer->list[i]);
    SNT_TRY(is_told ? confirm(comparing, &answer->list[i], err) : snt_done());
    SNT_TRY(snt_difference_take_access(comparing->out, &answer->list[i], err));
  }
  if (answer->is_exact) {
    return snt_done();
  }
  return snt_difference_add_unknown(comparing->out, err,
                                    "who else gains or loses access with %s%s: the policies are too large for "
                                    "all of it to be looked at",
                                    profile->label, question->is_ever ? " at some time" : " now");
}

static snt_status tell_late(struct snt_comparing *comparing, const struct snt_access_question *question,
                            struct snt_err *err) {
  char more[64] = "";
  size_t others = question->count - 1;
  if (others > 0) {
    (void)snprintf(more, sizeof more, " and %zu more %s", others, others == 1 ? "profile" : "profiles");
  }
  return snt_difference_add_unknown(comparing->out, err,
                                    "who gains or loses access%s with %s%s: it was not done in time",
                                    question->is_ever ? " at some time" : " now", question->profiles[0].label, more);
}

/* As many of the profiles as one answer tells of: *told of them. */
static snt_status ask_some(struct snt_comparing *comparing, const struct snt_access_question *question,
                           struct snt_access_answer *answers, size_t *told, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_TRY(snt_access_ask(question, &text, err));
  SNT_TRY(comparing->is_late
              ? snt_done()
              : snt_evaluator_compare(comparing->both, SNT_COMPARE_ACCESS, (struct snt_slice){text.data, text.len},
                                      &reply, &comparing->is_late, err));
  if (comparing->is_late) {
    *told = question->count; /* nobody is left to be asked about the rest */
    return tell_late(comparing, question, err);
  }
  SNT_TRY(snt_access_parse(snt_buf_borrow(&reply), reply.len, question, answers, told, err));
  for (size_t i = 0; i < *told; i++) {
    SNT_TRY(take_answer(comparing, &question->profiles[i], question, &answers[i], err));
  }
  return snt_done();
}

static snt_status ask_all(struct snt_comparing *comparing, const struct snt_difference_profiles *profiles, bool is_ever,
                          struct snt_err *err) {
  snt_status status = snt_done();
  size_t told = 0;
  for (size_t at = 0; snt_ok(status) && at < profiles->count; at += told) {
    struct snt_access_question question = {.profiles = &profiles->list[at],
                                           .count = profiles->count - at,
                                           .time_ms = comparing->out->time_ms,
                                           .is_ever = is_ever};
    struct snt_access_answer *answers = calloc(question.count, sizeof *answers);
    told = 0;
    status = answers == NULL ? snt_fail_memory(err) : ask_some(comparing, &question, answers, &told, err);
    for (size_t i = 0; answers != NULL && i < question.count; i++) {
      snt_access_answer_clear(&answers[i]);
    }
    free(answers);
  }
  return status;
}

/* Those that the policies tell apart, then those that were asked for. */
static snt_status find_profiles(struct snt_comparing *comparing, struct snt_difference_profiles *out,
                                struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  const struct snt_difference_profiles *seen = &comparing->out->replay.seen;
  SNT_TRY(snt_evaluator_compare(comparing->both, SNT_COMPARE_PROFILES, (struct snt_slice){0}, &reply,
                                &comparing->is_late, err));
  if (!comparing->is_late) {
    SNT_TRY(snt_difference_parse_profiles(snt_buf_borrow(&reply), reply.len, out, err));
  }
  for (size_t i = 0; i < seen->count; i++) {
    SNT_TRY(snt_difference_profiles_add(out, seen->list[i].name, seen->list[i].label, err));
  }
  return out->is_exact
             ? snt_done()
             : snt_difference_add_unknown(comparing->out, err,
                                          "with which other profiles access changes: there are too many for all to be "
                                          "looked at");
}

snt_status snt_comparing_access(struct snt_comparing *comparing, struct snt_err *err) {
  SNT_CLEANUP(snt_difference_profiles_clear) struct snt_difference_profiles profiles = {0};
  SNT_TRY(find_profiles(comparing, &profiles, err));
  comparing->out->profile_count = profiles.count;
  SNT_TRY(ask_all(comparing, &profiles, true, err));
  return ask_all(comparing, &profiles, false, err);
}
