/* policy/verdict (layer 4): what matters of a decision where very many are compared, and how a batch of them comes from
 * the evaluator: checked like everything that comes from there (policy/decision). */
#ifndef SNT_POLICY_VERDICT_H
#define SNT_POLICY_VERDICT_H

#include <stdint.h>

#include "policy/decision.h"

/* Zeroed memory is a denial. */
struct snt_verdict {
  enum snt_effect effect;
  char rule[65];          /* "" when no rule matched */
  char error[64];         /* "" for none */
  int64_t max_duration_s; /* how long what it grants is good, of bound and lease; 0: no bound */
  bool is_emergency;
};

struct snt_verdict snt_verdict_of(const struct snt_decision *decision);
/* The answer to a batch: exactly count lines, as lua/stdlib/reply.lua writes them: effect, number of the rule (-1: none
 * matched), whether it is for emergencies, bound in seconds, error and rule, "-" for none. Code EVALUATOR for anything
 * else, with what snt_decision_parse refuses. */
snt_status snt_verdicts_parse(const char *reply, size_t len, struct snt_verdict *out, size_t count,
                              struct snt_err *err);

#endif
