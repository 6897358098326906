#include "policy/mutation.h"

/* In the place of UTC, where a mutant changes the zone. */
#define FAR_ZONE "Asia/Tokyo"

static snt_status make_mutants(struct snt_mutation *mutation, const struct snt_mutation_subject *subject,
                               struct snt_evaluator *evaluator, struct snt_mutated_policy **out, struct snt_err *err) {
  static const char *const keys[] = {"ok", "mutants", "left_out", NULL};
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_evaluator_add_zone(evaluator, FAR_ZONE, err));
  SNT_TRY(snt_evaluator_mutate(evaluator, subject->called, &reply, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&reply), reply.len, "a policy's mutants", &doc, err));
  SNT_TRY(snt_json_check_keys(snt_json_root(doc), "a policy's mutants", keys, err));
  return snt_mutation_begin(mutation, subject->file, subject->name, snt_json_root(doc), out, err);
}

static snt_status judge_mutant(struct snt_evaluator *evaluator, struct snt_mutant *mutant, size_t number,
                               struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf reply = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_evaluator_run_mutant(evaluator, number, &reply, err));
  SNT_TRY(snt_json_parse(snt_buf_borrow(&reply), reply.len, "what became of a mutant", &doc, err));
  return snt_mutation_judge(mutant, snt_json_root(doc), err);
}

snt_status snt_mutation_run(struct snt_mutation *mutation, const struct snt_mutation_subject *subject,
                            struct snt_evaluator *evaluator, struct snt_err *err) {
  struct snt_mutated_policy *policy = NULL;
  SNT_TRY(make_mutants(mutation, subject, evaluator, &policy, err));
  for (size_t i = 0; i < policy->count; i++) {
    if (snt_mutation_is_open(&policy->mutants[i])) {
      SNT_TRY(judge_mutant(evaluator, &policy->mutants[i], i, err));
    }
  }
  return snt_done();
}
