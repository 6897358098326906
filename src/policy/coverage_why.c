#include "policy/coverage_why.h"

#include <string.h>

enum { NAMED_MAX = 3 };

static const char *const WORDS[SNT_OUTCOME_COUNT] = {"true", "false", "unknown", "an error", "too late"};

static uint64_t sum_failures(const struct snt_coverage_point *point) {
  return snt_coverage_times(point) - point->counts[SNT_OUTCOME_TRUE];
}

/* How often a rule decided, whether it matched or had an error. */
static uint64_t count_decided(const struct snt_coverage_point *rule) {
  return rule->counts[SNT_OUTCOME_TRUE] + rule->counts[SNT_OUTCOME_FAILED];
}

static snt_status append_times(struct snt_buf *out, uint64_t times, struct snt_err *err) {
  return times == 1 ? snt_buf_append_str(out, "once", err)
                    : snt_buf_appendf(out, err, "%llu times", (unsigned long long)times);
}

static snt_status append_all(struct snt_buf *out, const char *what, uint64_t count, struct snt_err *err) {
  return count == 1   ? snt_buf_appendf(out, err, "the one %s", what)
         : count == 2 ? snt_buf_appendf(out, err, "both %ss", what)
                      : snt_buf_appendf(out, err, "all %llu %ss", (unsigned long long)count, what);
}

/* "rules a, b, c and 2 more decided all 9 requests": those before the end. */
static snt_status tell_deciders(const struct snt_coverage_policy *policy, size_t end, struct snt_buf *out,
                                struct snt_err *err) {
  size_t deciders = 0, told = 0;
  for (size_t i = 0; i < end; i++) {
    const struct snt_coverage_point *rule = &policy->points[i];
    deciders += snt_coverage_is_rule(rule) && count_decided(rule) > 0 ? 1 : 0;
  }
  SNT_TRY(snt_buf_append_str(out, deciders == 1 ? "rule" : "rules", err));
  for (size_t i = 0; i < end && told < NAMED_MAX; i++) {
    const struct snt_coverage_point *rule = &policy->points[i];
    if (snt_coverage_is_rule(rule) && count_decided(rule) > 0) {
      const char *before = told == 0 ? " " : told + 1 == deciders ? " and " : ", ";
      SNT_TRY(snt_buf_appendf(out, err, "%s%s", before, rule->rule));
      told++;
    }
  }
  SNT_TRY(deciders > told ? snt_buf_appendf(out, err, " and %zu more", deciders - told) : snt_done());
  SNT_TRY(snt_buf_append_str(out, " decided ", err));
  return append_all(out, "request", snt_coverage_times(&policy->points[0]), err);
}

static snt_status explain_unreached(const struct snt_coverage_policy *policy, size_t rule, struct snt_buf *out,
                                    struct snt_err *err) {
  if (policy->points[rule].shadow != NULL) {
    return snt_buf_appendf(out, err, "shadowed: %s", policy->points[rule].shadow);
  }
  if (snt_coverage_times(&policy->points[0]) == 0) {
    return snt_buf_append_str(out, "no request was decided", err);
  }
  SNT_TRY(tell_deciders(policy, rule, out, err));
  return snt_buf_append_str(out, " before it", err);
}

static snt_status append_wanted(const struct snt_coverage_point *point, struct snt_buf *out, struct snt_err *err) {
  return point->wanted[0] == '\0' ? snt_done() : snt_buf_appendf(out, err, "; it wants %s", point->wanted);
}

/* What the point came to most often beside true. */
static int find_failure(const struct snt_coverage_point *point) {
  int most = SNT_OUTCOME_FALSE;
  for (int i = SNT_OUTCOME_FALSE; i < SNT_OUTCOME_COUNT; i++) {
    most = point->counts[i] > point->counts[most] ? i : most;
  }
  return most;
}

/* The condition that a rule failed on most often. */
static snt_status explain_unmatched(const struct snt_coverage_policy *policy, size_t rule, struct snt_buf *out,
                                    struct snt_err *err) {
  const struct snt_coverage_point *worst = NULL;
  if (policy->points[rule].shadow != NULL) {
    return snt_buf_appendf(out, err, "shadowed: %s", policy->points[rule].shadow);
  }
  for (size_t i = rule + 1; i < policy->count && policy->points[i].depth > 0; i++) {
    const struct snt_coverage_point *point = &policy->points[i];
    if (point->depth == 1 && (worst == NULL || sum_failures(point) > sum_failures(worst))) {
      worst = point;
    }
  }
  if (worst == NULL) {
    return snt_done();
  }
  int failure = find_failure(worst);
  uint64_t times = worst->counts[failure], tries = snt_coverage_times(&policy->points[rule]);
  SNT_TRY(snt_buf_appendf(out, err, "%s was %s ", worst->condition, WORDS[failure]));
  SNT_TRY(times == tries
              ? append_all(out, "time", times, err)
              : snt_buf_appendf(out, err, "%llu of %llu times", (unsigned long long)times, (unsigned long long)tries));
  return append_wanted(worst, out, err);
}

static size_t find_parent(const struct snt_coverage_policy *policy, size_t number) {
  size_t at = number;
  while (at > 0 && policy->points[at].depth >= policy->points[number].depth) {
    at--;
  }
  return at;
}

static bool is_beside(const struct snt_coverage_point *a, const struct snt_coverage_point *b) {
  return a->depth == b->depth && a->branch == b->branch;
}

/* "profiles was false 2 times and groups once before it": what ended a list of conditions before this one; *is_told
 * says whether anything did. */
static snt_status tell_ending(const struct snt_coverage_policy *policy, size_t number, const char *lead, bool *is_told,
                              struct snt_buf *out, struct snt_err *err) {
  size_t parent = find_parent(policy, number);
  size_t told = 0;
  for (size_t i = parent + 1; i < number; i++) {
    const struct snt_coverage_point *point = &policy->points[i];
    uint64_t times = point->counts[SNT_OUTCOME_FALSE];
    if (!is_beside(point, &policy->points[number]) || times == 0) {
      continue;
    }
    SNT_TRY(snt_buf_appendf(out, err, "%s%s was false ", told == 0 ? lead : ", ", point->condition));
    SNT_TRY(append_times(out, times, err));
    told++;
  }
  *is_told = told > 0;
  return told > 0 ? snt_buf_append_str(out, " before it", err) : snt_done();
}

static snt_status explain_unevaluated(const struct snt_coverage_policy *policy, size_t number, struct snt_buf *out,
                                      struct snt_err *err) {
  bool is_told = false;
  size_t parent = find_parent(policy, number);
  const struct snt_coverage_point *above = &policy->points[parent];
  if (snt_coverage_times(above) == 0) {
    return above->depth == 0 ? explain_unreached(policy, parent, out, err)
                             : explain_unevaluated(policy, parent, out, err);
  }
  SNT_TRY(tell_ending(policy, number, "short-circuited: ", &is_told, out, err));
  if (is_told) {
    return snt_done();
  }
  bool is_any = strcmp(above->kind, "any") == 0, is_all = strcmp(above->kind, "all") == 0;
  return !is_any && !is_all ? snt_buf_append_str(out, "an error came before it", err)
                            : snt_buf_appendf(out, err, "short-circuited: an earlier branch of %s was %s",
                                              above->condition, is_any ? "true" : "false");
}

/* "it was true 2 times, unknown once", and what kept requests away from it. */
static snt_status explain_one_sided(const struct snt_coverage_policy *policy, size_t number, struct snt_buf *out,
                                    struct snt_err *err) {
  const struct snt_coverage_point *point = &policy->points[number];
  uint64_t times = snt_coverage_times(point);
  bool is_told = false;
  const char *before = "it was ";
  for (int i = 0; i < SNT_OUTCOME_COUNT; i++) {
    if (point->counts[i] > 0) {
      SNT_TRY(snt_buf_appendf(out, err, "%s%s ", before, WORDS[i]));
      SNT_TRY(point->counts[i] == times ? append_all(out, "time", times, err)
                                        : append_times(out, point->counts[i], err));
      before = ", ";
    }
  }
  SNT_TRY(point->counts[SNT_OUTCOME_TRUE] == 0 ? append_wanted(point, out, err) : snt_done());
  return tell_ending(policy, number, "; ", &is_told, out, err);
}

snt_status snt_coverage_explain(const struct snt_coverage_policy *policy, size_t number, struct snt_buf *out,
                                struct snt_err *err) {
  const struct snt_coverage_point *point = &policy->points[number];
  bool was_reached = snt_coverage_times(point) > 0;
  if (snt_coverage_missing(point)[0] == '\0') {
    return snt_done();
  }
  if (snt_coverage_is_condition(point)) {
    return was_reached ? explain_one_sided(policy, number, out, err) : explain_unevaluated(policy, number, out, err);
  }
  if (snt_coverage_is_rule(point)) {
    return was_reached ? explain_unmatched(policy, number, out, err) : explain_unreached(policy, number, out, err);
  }
  return was_reached ? tell_deciders(policy, policy->count, out, err)
                     : snt_buf_append_str(out, "no request was decided", err);
}
