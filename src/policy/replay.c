#include "policy/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/recorded_input.h"

/* While two evaluators work, the core fills what the third one gets. */
enum { SLOTS = 3, FAILURES_MAX = 50 };

/* What one evaluator is asked. */
struct slot {
  struct snt_evaluator *evaluator; /* NULL: it failed, and another one is needed */
  bool is_asked;
  bool is_alone;           /* one case, asked with the facts of its record */
  struct snt_buf requests; /* each with its NUL */
  struct snt_buf facts;
  struct snt_replay_case cases[SNT_BATCH_MAX];
  size_t count;
};

struct snt_replay {
  struct snt_replay_options options;
  struct snt_policy *policy;
  bool takes_batches;
  size_t failures;
  size_t filling; /* the slot that gets the next case */
  struct slot slots[SLOTS];
};

static snt_status start_evaluator(struct snt_replay *replay, struct slot *slot, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = replay->options.is_rlimits_only,
                                          .trace = SNT_TRACE_CANDIDATES};
  SNT_TRY(snt_evaluator_start(&options, &slot->evaluator, err));
  return snt_policy_load(replay->policy, slot->evaluator, NULL, err);
}

snt_status snt_replay_open(const struct snt_replay_options *options, struct snt_policy *policy, struct snt_replay **out,
                           struct snt_err *err) {
  *out = NULL;
  SNT_REPLAY_AUTO struct snt_replay *replay = calloc(1, sizeof *replay);
  if (replay == NULL) {
    return snt_fail_memory(err);
  }
  replay->options = *options;
  replay->policy = policy;
  replay->takes_batches = true;
  for (size_t i = 0; i < SLOTS; i++) {
    SNT_TRY(start_evaluator(replay, &replay->slots[i], err));
    replay->takes_batches = replay->takes_batches && snt_evaluator_takes_batches(replay->slots[i].evaluator);
  }
  replay->takes_batches = replay->takes_batches && policy->plugin_count == 0;
  *out = SNT_MOVE(replay);
  return snt_done();
}

void snt_replay_close(struct snt_replay **replay) {
  if (replay == NULL || *replay == NULL) {
    return;
  }
  for (size_t i = 0; i < SLOTS; i++) {
    struct slot *slot = &(*replay)->slots[i];
    snt_evaluator_close(&slot->evaluator);
    snt_buf_clear(&slot->requests);
    snt_buf_clear(&slot->facts);
  }
  free(*replay);
  *replay = NULL;
}

/* What the core makes of the evaluator's word (issue/flow_decide): a marker that the bundle does not permit is no
 * decision but a refused policy. */
static snt_status tell(struct snt_replay *replay, const struct snt_replay_case *of, struct snt_verdict verdict,
                       struct snt_err *err) {
  const struct snt_policy *policy = replay->policy;
  if (policy->is_bundle && !policy->manifest.allows_emergency && verdict.is_emergency) {
    verdict = (struct snt_verdict){.effect = SNT_EFFECT_DENY, .error = "policy_invalid"};
  }
  bool is_denied = verdict.effect == SNT_EFFECT_DENY;
  verdict.max_duration_s = is_denied ? 0 : snt_manifest_bound(&policy->manifest, verdict.max_duration_s);
  return replay->options.on_answer(replay->options.context, of, SNT_REPLAY_DECIDED, &verdict, err);
}

static snt_status tell_unknown(const struct snt_replay *replay, const struct snt_replay_case *of,
                               enum snt_replay_answer answer, struct snt_err *err) {
  static const struct snt_verdict none = {0};
  return replay->options.on_answer(replay->options.context, of, answer, &none, err);
}

/* Nothing that failed is asked again: it is the next case that gets another evaluator. */
static snt_status tell_failure(struct snt_replay *replay, struct slot *slot, const struct snt_replay_case *of,
                               const struct snt_err *failure, struct snt_err *err) {
  snt_evaluator_close(&slot->evaluator);
  if (++replay->failures > FAILURES_MAX) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "more than %d decisions could not be made; the last one (record %lld): %s",
                    FAILURES_MAX, (long long)of->seq, failure->message);
  }
  return tell_unknown(replay, of, SNT_REPLAY_NO_ANSWER, err);
}

static snt_status renew(struct snt_replay *replay, struct slot *slot, struct snt_err *err) {
  return slot->evaluator != NULL ? snt_done() : start_evaluator(replay, slot, err);
}

/* The answer to one case, which was asked for already. */
static snt_status take_alone(struct snt_replay *replay, struct slot *slot, const struct snt_replay_case *of,
                             const char *request, struct snt_err *err) {
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  struct snt_recorded_facts recorded = {.json = {snt_buf_borrow(&slot->facts), slot->facts.len}};
  const struct snt_fact_source source = snt_recorded_facts_source(&recorded);
  struct snt_err failure = {0};
  snt_status status =
      snt_rounds_finish(replay->policy, slot->evaluator, snt_slice_of(request), &source, &facts, &decision, &failure);
  if (status.code == SNT_CODE_EVALUATOR) {
    return tell_failure(replay, slot, of, &failure, err);
  }
  if (!snt_ok(status)) {
    enum snt_code code = status.code == SNT_CODE_SYNTAX ? SNT_CODE_NOT_A_LOG : status.code;
    return snt_fail(err, code, "record %lld %s", (long long)of->seq, failure.message);
  }
  return recorded.has_missing ? tell_unknown(replay, of, SNT_REPLAY_NOT_RECORDED, err)
                              : tell(replay, of, snt_verdict_of(&decision), err);
}

static snt_status begin_alone(struct slot *slot, const char *request, struct snt_err *err) {
  return snt_evaluator_evaluate_begin(slot->evaluator, snt_slice_of(request), (struct snt_slice){0}, err);
}

static snt_status ask_alone(struct snt_replay *replay, struct slot *slot, const struct snt_replay_case *of,
                            const char *request, struct snt_err *err) {
  struct snt_err failure = {0};
  SNT_TRY(renew(replay, slot, err));
  snt_status status = begin_alone(slot, request, &failure);
  return snt_ok(status) ? take_alone(replay, slot, of, request, err) : tell_failure(replay, slot, of, &failure, err);
}

/* A batch that has no answer: one of its cases is to blame, and only that one is to have none. */
static snt_status ask_one_by_one(struct snt_replay *replay, struct slot *slot, struct snt_err *err) {
  const char *request = slot->requests.data;
  for (size_t i = 0; i < slot->count; i++) {
    SNT_TRY(ask_alone(replay, slot, &slot->cases[i], request, err));
    request += strlen(request) + 1;
  }
  return snt_done();
}

/* False: the evaluator did not answer, or with what makes no sense; then it is gone. */
static bool take_verdicts(struct slot *slot, struct snt_verdict *verdicts) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  bool is_good = snt_ok(snt_evaluator_batch_finish(slot->evaluator, slot->count, &reply, NULL));
  if (is_good && reply.len == 0) {
    return false; /* one came near its limit */
  }
  is_good = is_good && snt_ok(snt_verdicts_parse(snt_buf_borrow(&reply), reply.len, verdicts, slot->count, NULL));
  if (!is_good) {
    snt_evaluator_close(&slot->evaluator);
  }
  return is_good;
}

static snt_status take_batch(struct snt_replay *replay, struct slot *slot, struct snt_err *err) {
  struct snt_verdict verdicts[SNT_BATCH_MAX];
  if (slot->evaluator == NULL || !take_verdicts(slot, verdicts)) {
    return ask_one_by_one(replay, slot, err);
  }
  for (size_t i = 0; i < slot->count; i++) {
    SNT_TRY(tell(replay, &slot->cases[i], verdicts[i], err));
  }
  return snt_done();
}

/* Waits for what the slot was asked, and empties it. */
static snt_status collect(struct snt_replay *replay, struct slot *slot, struct snt_err *err) {
  if (!slot->is_asked) {
    return snt_done();
  }
  bool was_alone = slot->is_alone && slot->evaluator != NULL;
  SNT_TRY(was_alone        ? take_alone(replay, slot, &slot->cases[0], slot->requests.data, err)
          : slot->is_alone ? ask_one_by_one(replay, slot, err)
                           : take_batch(replay, slot, err));
  slot->is_asked = false;
  slot->count = 0;
  snt_buf_reset(&slot->requests);
  snt_buf_reset(&slot->facts);
  return snt_done();
}

/* What cannot be asked is asked for again, case by case, when the answer is due. */
static snt_status ask(struct snt_replay *replay, struct slot *slot, struct snt_err *err) {
  SNT_TRY(renew(replay, slot, err));
  slot->is_alone = !replay->takes_batches;
  snt_status status = slot->is_alone ? begin_alone(slot, slot->requests.data, NULL)
                                     : snt_evaluator_batch_begin(slot->evaluator, &slot->requests, slot->count, NULL);
  if (!snt_ok(status)) {
    snt_evaluator_close(&slot->evaluator);
  }
  slot->is_asked = true;
  replay->filling = (replay->filling + 1) % SLOTS;
  return collect(replay, &replay->slots[replay->filling], err);
}

static bool is_full(const struct snt_replay *replay, const struct slot *slot) {
  return !replay->takes_batches || slot->count == SNT_BATCH_MAX || slot->requests.len >= SNT_BATCH_BYTES;
}

/* A role that the bundle does not bind to the profile is refused before anything is evaluated. */
static snt_status tell_mismatch(struct snt_replay *replay, const struct snt_replay_case *of, struct snt_err *err) {
  return tell(replay, of, (struct snt_verdict){.effect = SNT_EFFECT_DENY, .error = SNT_DECISION_MISMATCH}, err);
}

snt_status snt_replay_add(struct snt_replay *replay, const struct snt_replay_case *of, struct snt_slice request,
                          struct snt_slice facts, struct snt_err *err) {
  struct slot *slot = &replay->slots[replay->filling];
  struct snt_recorded_request core;
  size_t before = slot->requests.len;
  SNT_TRY(snt_recorded_request_take(request, &slot->requests, &core, err));
  if (core.role_arn[0] != '\0' && !snt_manifest_binds(&replay->policy->manifest, core.profile, core.role_arn)) {
    slot->requests.len = before;
    return tell_mismatch(replay, of, err);
  }
  SNT_TRY(snt_buf_append_char(&slot->requests, '\0', err));
  SNT_TRY(replay->takes_batches ? snt_done() : snt_buf_append(&slot->facts, facts.data, facts.len, err));
  slot->cases[slot->count++] = *of;
  return is_full(replay, slot) ? ask(replay, slot, err) : snt_done();
}

snt_status snt_replay_finish(struct snt_replay *replay, struct snt_err *err) {
  struct slot *slot = &replay->slots[replay->filling];
  if (slot->count > 0) {
    SNT_TRY(ask(replay, slot, err));
  }
  for (size_t i = 0; i < SLOTS; i++) {
    SNT_TRY(collect(replay, &replay->slots[(replay->filling + i) % SLOTS], err));
  }
  return snt_done();
}
