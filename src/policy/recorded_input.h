/* policy/recorded_input (layer 4): what a decision's record holds, as the evaluator is given it again.
 *
 * MUST
 *  1. give the evaluator only what the core would have written: known fields, no null, no large number;
 *  2. take a recorded fact only for the same question of the same version of the plugin. */
#ifndef SNT_POLICY_RECORDED_INPUT_H
#define SNT_POLICY_RECORDED_INPUT_H

#include "policy/rounds.h"

/* Of a recorded request, what the core itself looks at. */
struct snt_recorded_request {
  char profile[257];
  char role_arn[2049]; /* "" when it is not known */
};

/* Appends the request to text. Code SYNTAX; the message is the end of a sentence about the record. */
snt_status snt_recorded_request_take(struct snt_slice json, struct snt_buf *text, struct snt_recorded_request *out,
                                     struct snt_err *err);

/* The facts of a record, for policy/rounds. What is asked and was not recorded sets has_missing: then the decision that
 * comes out is none. */
struct snt_recorded_facts {
  struct snt_slice json; /* the record's list */
  bool has_missing;
};
/* Dies with facts. */
struct snt_fact_source snt_recorded_facts_source(struct snt_recorded_facts *facts);

#endif
