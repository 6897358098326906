/* policy/replay (layer 4): decisions that were recorded, made again with another policy.
 *
 * MUST
 *  1. decide as `credentials` would: targets and markers of the bundle, facts in rounds, the evaluator's limits;
 *  2. make no decision by a batch that one evaluation would not make: whatever a batch does not answer is asked for
 *     alone, and what has no answer alone either is told as that, never as a denial. */
#ifndef SNT_POLICY_REPLAY_H
#define SNT_POLICY_REPLAY_H

#include "policy/source.h"
#include "policy/verdict.h"

/* A decision of the log. */
struct snt_replay_case {
  struct snt_verdict before;
  bool has_bound; /* before.max_duration_s was recorded */
  int64_t seq;
  int64_t time_ms;
  size_t number; /* the caller's own */
  char user[512], profile[257], request_id[17];
};

enum snt_replay_answer {
  SNT_REPLAY_NO_ANSWER = 0, /* the evaluator was late, odd or dead */
  SNT_REPLAY_NOT_RECORDED,  /* the policy asks for a fact that the record does not hold */
  SNT_REPLAY_DECIDED
};

struct snt_replay_options {
  bool is_rlimits_only; /* as of snt_evaluator_options */
  /* Called once for each case, nearly in order; after is a zeroed one unless it was decided. */
  snt_status (*on_answer)(void *context, const struct snt_replay_case *of, enum snt_replay_answer answer,
                          const struct snt_verdict *after, struct snt_err *err);
  void *context;
};

struct snt_replay;

/* Starts evaluators and loads the policy, which has to stay and gets its plugins described. The process never reads a
 * secret: evaluators that take the place of one that failed are started later. Codes as of snt_policy_load. */
snt_status snt_replay_open(const struct snt_replay_options *options, struct snt_policy *policy, struct snt_replay **out,
                           struct snt_err *err);
void snt_replay_close(struct snt_replay **replay);
#define SNT_REPLAY_AUTO SNT_CLEANUP(snt_replay_close)
/* Another case; request and facts are the record's JSON. The answer comes later. Code SYNTAX for a request that cannot
 * be evaluated: the message is the end of a sentence about the record. NOT_A_LOG for the facts of this or an earlier
 * case, naming it by its seq; EVALUATOR when too many cases had no answer. */
snt_status snt_replay_add(struct snt_replay *replay, const struct snt_replay_case *of, struct snt_slice request,
                          struct snt_slice facts, struct snt_err *err);
/* Waits for all answers that are still to come. Codes NOT_A_LOG and EVALUATOR, as above. */
snt_status snt_replay_finish(struct snt_replay *replay, struct snt_err *err);

#endif
