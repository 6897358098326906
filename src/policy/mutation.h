/* policy/mutation (layer 4): what became of the mutants of policies, over all specs of a run. The mutants, and whether
 * a case fails for one, are the evaluator's word (lua/stdlib/mutation.lua).
 *
 * MUST
 *  1. count a mutant as killed only where a case failed for it, and as equivalent only where that was shown. */
#ifndef SNT_POLICY_MUTATION_H
#define SNT_POLICY_MUTATION_H

#include <stdint.h>

#include "format/json.h"
#include "lua/evaluator.h"

enum { SNT_MUTANT_CASES_MAX = 4 };

enum snt_mutant_fate { SNT_MUTANT_SURVIVED = 0, SNT_MUTANT_KILLED, SNT_MUTANT_EQUIVALENT };

struct snt_mutant {
  char rule[65]; /* "": a change to a group */
  int64_t line;
  char change[256];
  bool widens; /* it only gives more access */
  bool is_judged;
  enum snt_mutant_fate fate;
  char *request; /* JSON, of a survivor: decided otherwise by the policy and by the mutant; NULL where none is known */
  char *shown;   /* the same for people */
  char *assumed; /* what code and plugins have to say for that, in words; NULL for nothing */
  char *cases[SNT_MUTANT_CASES_MAX]; /* that are missing: lines of a table in YAML, the first with the name */
  size_t case_count;
};

struct snt_mutated_policy {
  char *path;
  char *name; /* what a table beside it calls it */
  struct snt_mutant *mutants;
  size_t count, left_out;
};

struct snt_mutation {
  struct snt_mutated_policy *policies;
  size_t count;
  size_t untried; /* policies of specs whose own tests fail: nothing is changed then */
};
void snt_mutation_clear(struct snt_mutation *mutation);

/* The policy's entry, made from the evaluator's answer when there is none yet. Code EVALUATOR for an answer that makes
 * no sense, or whose mutants are not those of before. */
snt_status snt_mutation_begin(struct snt_mutation *mutation, const char *path, const char *name,
                              const struct snt_json_value *answer, struct snt_mutated_policy **out,
                              struct snt_err *err);
/* Whether another spec has something to say of it. */
bool snt_mutation_is_open(const struct snt_mutant *mutant);
/* Takes the evaluator's word on a mutant that is open. */
snt_status snt_mutation_judge(struct snt_mutant *mutant, const struct snt_json_value *answer, struct snt_err *err);

/* The policy that an evaluator has, with a spec that passes. */
struct snt_mutation_subject {
  const char *file;   /* for messages */
  const char *name;   /* what a table beside it calls it */
  const char *called; /* what the spec's cases call it; "" for the one that it has without a word */
};
/* Runs the spec's cases on what earlier specs left of the policy's mutants. Code EVALUATOR. */
snt_status snt_mutation_run(struct snt_mutation *mutation, const struct snt_mutation_subject *subject,
                            struct snt_evaluator *evaluator, struct snt_err *err);

struct snt_mutation_totals {
  size_t mutants, killed, equivalent;
  size_t widening, widening_survived;
};
struct snt_mutation_totals snt_mutation_count(const struct snt_mutation *mutation);
/* Percent of those that are not equivalent; 100 where there are none. */
int64_t snt_mutation_score(const struct snt_mutation_totals *totals);

#endif
