/* policy/rounds (layer 4): a decision, with the facts that it needs: evaluate, fetch what was missing, evaluate again
 * from the start (architecture.md).
 *
 * MUST
 *  1. count a verdict only when nothing was missing;
 *  2. end: after the last round, or with more facts than a decision may have, what is still missing is an error of the
 *     decision. */
#ifndef SNT_POLICY_ROUNDS_H
#define SNT_POLICY_ROUNDS_H

#include "policy/decision.h"
#include "policy/needs.h"

enum { SNT_ROUNDS_MAX = 4, SNT_ROUNDS_MS = 5000 };

/* Why a fact is not there that the bundle does not grant. */
#define SNT_FACT_NOT_GRANTED "the bundle does not grant it"

/* Who answers needs: facts/. */
struct snt_fact_source {
  void *context;
  /* Sets status and value or reason of each of the count facts, which are granted, by the deadline (monotonic). A fact
   * that is not had is no failure of the call. */
  snt_status (*fetch)(void *context, struct snt_fact *facts, size_t count, int64_t deadline_ms, struct snt_err *err);
};

/* The first evaluation was begun already (snt_evaluator_evaluate_begin, without facts). source may be NULL: then
 * nothing can be had. facts are those that the decision rests on. */
snt_status snt_rounds_finish(const struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_slice request,
                             const struct snt_fact_source *source, struct snt_facts *facts,
                             struct snt_decision *decision, struct snt_err *err);

/* The last added of the facts, from the source if they are granted; what is too large, or with the others too much, is
 * given up. */
snt_status snt_rounds_fetch(const struct snt_policy *policy, const struct snt_fact_source *source,
                            struct snt_facts *facts, size_t added, int64_t deadline_ms, struct snt_err *err);

#endif
