/* lua/evaluator_compare (layer 3): two policies side by side. Each is loaded in an evaluator of its own and told as
 * data; a third evaluator, which runs no policy, takes both (lua/stdlib/comparison.lua). */
#ifndef SNT_LUA_EVALUATOR_COMPARE_H
#define SNT_LUA_EVALUATOR_COMPARE_H

#include "lua/evaluator.h"

enum snt_side { SNT_SIDE_BEFORE = 0, SNT_SIDE_AFTER, SNT_SIDE_COUNT };

/* What is asked of the two, all of it JSON; its checks are policy/difference_parse. */
enum snt_comparison {
  SNT_COMPARE_RULES = 0, /* what changed in rules and groups; no question */
  SNT_COMPARE_PROFILES,  /* the profiles that matter; no question */
  SNT_COMPARE_ACCESS     /* {"profiles":[name...],"time","ever"}: who gains, who loses, for the first of them */
};

/* The loaded policy as data, for one that compares. Not with is_once. Code EVALUATOR. */
snt_status snt_evaluator_outline(struct snt_evaluator *evaluator, struct snt_buf *out, struct snt_err *err);
/* Gives an evaluator that has no policy one of two that are compared. about is what binds it from outside of it (JSON
 * that the core wrote), outline as it was told; an empty one is no policy at all. The policy's own evaluator, or NULL,
 * is where its time zones are known from. Codes EVALUATOR; POLICY_INVALID when both name too many zones together. */
snt_status snt_evaluator_take_side(struct snt_evaluator *evaluator, enum snt_side side, const struct snt_buf *about,
                                   const struct snt_buf *outline, const struct snt_evaluator *own, struct snt_err *err);
/* Appends the answer, which is a worker's word only. When it takes too long *is_late is set, nothing is appended, and
 * the evaluator is gone: that is no failure. Code EVALUATOR. */
snt_status snt_evaluator_compare(struct snt_evaluator *evaluator, enum snt_comparison what, struct snt_slice question,
                                 struct snt_buf *reply, bool *is_late, struct snt_err *err);

#endif
