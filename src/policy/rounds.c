#include "policy/rounds.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static bool is_granted(const struct snt_policy *policy, const struct snt_fact *fact) {
  const struct snt_grant *grant = snt_grants_find(&policy->manifest.grants, fact->plugin->name);
  switch (fact->kind) {
  case SNT_NEED_HTTP:
    return grant != NULL && snt_grant_lists(grant->http, fact->question->name) &&
           (fact->question->secret[0] == '\0' || snt_grant_lists(grant->secrets, fact->question->secret));
  case SNT_NEED_GEOIP:
    return grant != NULL && grant->has_geoip;
  case SNT_NEED_HISTORY:
    return grant != NULL && grant->has_history;
  case SNT_NEED_KIND_COUNT:
    break;
  }
  return false;
}

static void give_up(struct snt_fact *fact, const char *why) {
  fact->status = SNT_FACT_UNAVAILABLE;
  (void)snprintf(fact->reason, sizeof fact->reason, "%s", why);
}

/* What is not granted stands before what is asked for. */
static size_t sort_out(const struct snt_policy *policy, struct snt_fact *facts, size_t count) {
  size_t refused = 0;
  for (size_t i = 0; i < count; i++) {
    if (!is_granted(policy, &facts[i])) {
      struct snt_fact fact = facts[i];
      give_up(&fact, SNT_FACT_NOT_GRANTED);
      facts[i] = facts[refused];
      facts[refused++] = fact;
    }
  }
  return refused;
}

/* All that a decision may see. */
static void bound_size(struct snt_facts *facts) {
  size_t all = 0;
  for (size_t i = 0; i < facts->count; i++) {
    struct snt_fact *fact = &facts->list[i];
    bool is_too_large = fact->value.len > SNT_FACT_BYTES_MAX || all + fact->value.len > SNT_FACTS_BYTES_MAX;
    if (fact->status == SNT_FACT_OK && is_too_large) {
      snt_buf_clear(&fact->value);
      fact->status = SNT_FACT_TOO_LARGE;
      (void)snprintf(fact->reason, sizeof fact->reason, "at most 4 KiB, and 24 KiB in all");
    }
    all += fact->value.len;
  }
}

snt_status snt_rounds_fetch(const struct snt_policy *policy, const struct snt_fact_source *source,
                            struct snt_facts *facts, size_t added, int64_t deadline_ms, struct snt_err *err) {
  struct snt_fact *first = facts->list + facts->count - added;
  size_t refused = sort_out(policy, first, added);
  if (source != NULL && refused < added) {
    SNT_TRY(source->fetch(source->context, first + refused, added - refused, deadline_ms, err));
  }
  for (size_t i = refused; source == NULL && i < added; i++) {
    give_up(&first[i], "nobody can be asked here");
  }
  bound_size(facts);
  return snt_done();
}

snt_status snt_rounds_finish(const struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_slice request,
                             const struct snt_fact_source *source, struct snt_facts *facts,
                             struct snt_decision *decision, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_BUF_AUTO struct snt_buf known = {0};
  int64_t deadline_ms = snt_clock_monotonic_ms() + SNT_ROUNDS_MS;
  SNT_TRY(snt_evaluator_evaluate_finish(evaluator, &reply, err));
  for (int round = 2; policy->plugin_count > 0; round++) {
    size_t added = 0;
    bool is_over = false;
    SNT_TRY(snt_needs_parse(snt_buf_borrow(&reply), reply.len, policy, facts, &added, &is_over, err));
    if (added == 0 && !is_over) {
      break;
    }
    if (round > SNT_ROUNDS_MAX) {
      return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator needs more where nothing more can be had");
    }
    SNT_TRY(snt_rounds_fetch(policy, source, facts, added, deadline_ms, err));
    snt_buf_reset(&known);
    snt_buf_reset(&reply);
    SNT_TRY(snt_facts_format(facts, is_over || round == SNT_ROUNDS_MAX, &known, err));
    struct snt_slice given = {known.data, known.len};
    SNT_TRY(snt_evaluator_evaluate(evaluator, request, given, &reply, err));
  }
  return snt_decision_parse(snt_buf_borrow(&reply), reply.len, decision, err);
}
