/* policy/coverage (layer 4): which rules of a policy matched, and which conditions were seen true and false, over all
 * specs of a run. What is counted comes from the evaluator (lua/stdlib/coverage.lua). */
#ifndef SNT_POLICY_COVERAGE_H
#define SNT_POLICY_COVERAGE_H

#include <stdint.h>

#include "format/json.h"

enum { SNT_SEEN_TRUE = 1, SNT_SEEN_FALSE = 2, SNT_SEEN_BOTH = 3 };

/* A rule (condition ""), one of its conditions, or the denial of what no rule matches (rule ""). */
struct snt_coverage_point {
  char rule[65];
  char condition[257];
  int64_t line;
  unsigned seen;
};

struct snt_coverage_policy {
  char *path;
  struct snt_coverage_point *points;
  size_t count;
};

struct snt_coverage {
  struct snt_coverage_policy *policies;
  size_t count;
};
void snt_coverage_clear(struct snt_coverage *coverage);

/* The policy's entry, made from the evaluator's points when there is none yet. Code EVALUATOR for points that make no
 * sense or are not those of before. */
snt_status snt_coverage_begin(struct snt_coverage *coverage, const char *path, const struct snt_json_value *points,
                              struct snt_coverage_policy **out, struct snt_err *err);
/* Adds what a case saw: a digit for each point. False when it makes no sense. */
bool snt_coverage_add(struct snt_coverage_policy *policy, const char *seen);

struct snt_coverage_totals {
  size_t rules, rules_matched, conditions, conditions_seen; /* seen: true and false */
};
struct snt_coverage_totals snt_coverage_count(const struct snt_coverage *coverage);
bool snt_coverage_is_rule(const struct snt_coverage_point *point);
/* What was never seen of a point, in words; "" for nothing. */
const char *snt_coverage_missing(const struct snt_coverage_point *point);

#endif
