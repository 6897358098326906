/* policy/coverage (layer 4): what the specs of a run saw of policies and of plugins: which rules matched, what each
 * condition came to, and how often. What is counted comes from the evaluator (lua/stdlib/coverage.lua). */
#ifndef SNT_POLICY_COVERAGE_H
#define SNT_POLICY_COVERAGE_H

#include <stdint.h>

#include "base/str.h"
#include "format/json.h"

/* What a rule or a condition came to; a rule that decided without matching has FAILED. In the evaluator's order. */
enum snt_outcome {
  SNT_OUTCOME_TRUE,
  SNT_OUTCOME_FALSE,
  SNT_OUTCOME_UNKNOWN,
  SNT_OUTCOME_FAILED,
  SNT_OUTCOME_LATE, /* a plugin's time was over */
  SNT_OUTCOME_COUNT
};

/* A rule (depth 0, condition ""), one of its conditions, the denial of what no rule matches (rule and condition ""), or
 * a plugin in its own spec (rule "", condition its name). */
struct snt_coverage_point {
  char rule[65];
  char condition[257];
  char kind[65];    /* the condition's name: "any", "profiles", "oncall" */
  char wanted[129]; /* the words that it wants, or "" */
  int64_t file;     /* of its policy's files */
  int64_t line, depth, branch;
  bool is_plugin;
  uint64_t counts[SNT_OUTCOME_COUNT];
  char *shadow; /* NULL, or what of earlier rules decides all that this rule could */
};

struct snt_coverage_policy {
  char *path;      /* of the policy, or of the plugin whose spec it was */
  size_t root_len; /* how much of path is the bundle's folder; 0 for none */
  char **files;
  size_t file_count;
  struct snt_coverage_point *points;
  size_t count;
  int64_t left_out; /* points that are not counted, since there are too many */
};

struct snt_coverage {
  struct snt_coverage_policy *policies;
  size_t count;
};
void snt_coverage_clear(struct snt_coverage *coverage);

/* The entry of a policy, or of the folder of a plugin, made from the evaluator's account when there is none yet. Code
 * EVALUATOR for an account that makes no sense or is not that of before. */
snt_status snt_coverage_begin(struct snt_coverage *coverage, struct snt_slice path, size_t root_len,
                              const struct snt_json_value *account, struct snt_coverage_policy **out,
                              struct snt_err *err);
/* Adds what a case saw, as encode_seen of coverage.lua tells it. False when it makes no sense. */
bool snt_coverage_add(struct snt_coverage_policy *policy, const char *seen);

struct snt_coverage_totals {
  size_t rules, rules_matched, conditions, conditions_seen; /* seen: true and false */
};
struct snt_coverage_totals snt_coverage_count(const struct snt_coverage *coverage);
bool snt_coverage_is_rule(const struct snt_coverage_point *point);
bool snt_coverage_is_condition(const struct snt_coverage_point *point);
/* How often a rule was tried, or a condition evaluated. */
uint64_t snt_coverage_times(const struct snt_coverage_point *point);
/* What was never seen of a point, in words; "" for nothing. */
const char *snt_coverage_missing(const struct snt_coverage_point *point);

#endif
