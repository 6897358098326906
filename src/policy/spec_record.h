/* policy/spec_record (layer 4): answers recorded while specs are run (`sentinel test --record`): a question that no
 * mock answers is asked for real, and its answer is kept beside the spec.
 *
 * MUST
 *  1. ask only through policy/rounds, with the bundle's grants, and never for anybody's history;
 *  2. keep only what a plugin may see (policy/spec_fixture);
 *  3. let a case fail whose question has no good answer: nothing is made of a failure. */
#ifndef SNT_POLICY_SPEC_RECORD_H
#define SNT_POLICY_SPEC_RECORD_H

#include "lua/evaluator.h"
#include "policy/needs.h"

enum { SNT_RECORDED_MAX = 64 };

/* Who asks. The process that calls it must stay without secrets: it starts evaluators later. */
struct snt_fact_asker {
  void *context;
  /* As fetch of struct snt_fact_source, for the policy that grants the facts. */
  snt_status (*ask)(void *context, const struct snt_policy *policy, struct snt_fact *facts, size_t count,
                    int64_t deadline_ms, struct snt_err *err);
};

/* An answer that was had in this run. */
struct snt_recorded {
  char key[65];
  struct snt_buf value;
};

/* Set asker; the rest begins as {0}. */
struct snt_spec_recorder {
  struct snt_fact_asker asker;
  struct snt_buf told; /* for people: the mocks that stand for what was recorded, spec by spec */
  /* between begin and end */
  const char *path;
  const struct snt_policy *policy;
  struct snt_recorded *known; /* SNT_RECORDED_MAX of them, once there is one */
  size_t count;
  struct snt_buf http, geoip; /* rows */
};
void snt_spec_recorder_clear(struct snt_spec_recorder *recorder);

/* From here on cases of this spec (its path) are run with this policy; both are borrowed until end, which adds to told
 * what was recorded. */
void snt_spec_recorder_begin(struct snt_spec_recorder *recorder, const char *path, const struct snt_policy *policy);
snt_status snt_spec_recorder_end(struct snt_spec_recorder *recorder, struct snt_err *err);

/* As snt_evaluator_run_case, again and again until no answer is missing. Code EVALUATOR; ANSWER_NO where something
 * cannot be had, naming plugin, question and reason; IO where it cannot be written. */
snt_status snt_spec_record_case(struct snt_spec_recorder *recorder, struct snt_evaluator *evaluator, size_t number,
                                struct snt_buf *reply, struct snt_err *err);

#endif
