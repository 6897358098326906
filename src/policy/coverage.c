#include "policy/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { POINTS_MAX = 5000 };

void snt_coverage_clear(struct snt_coverage *coverage) {
  for (size_t i = 0; i < coverage->count; i++) {
    free(coverage->policies[i].path);
    free(coverage->policies[i].points);
  }
  free(coverage->policies);
  memset(coverage, 0, sizeof *coverage);
}

static snt_status refuse_points(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a policy's rules makes no sense");
}

/* A printable text that fits; null is "". */
static bool take_text(const struct snt_json_value *value, char *out, size_t cap) {
  size_t len = 0;
  const char *text = snt_json_string(value, &len);
  out[0] = '\0';
  if (snt_json_type(value) == SNT_JSON_NULL) {
    return true;
  }
  if (text == NULL || len >= cap || strlen(text) != len || !snt_utf8_check_printable(text, len)) {
    return false;
  }
  memcpy(out, text, len + 1);
  return true;
}

static bool take_point(const struct snt_json_value *value, struct snt_coverage_point *out) {
  static const char *const keys[] = {"rule", "condition", "line", NULL};
  return snt_json_type(value) == SNT_JSON_OBJECT && snt_ok(snt_json_check_keys(value, "", keys, NULL)) &&
         take_text(snt_json_get(value, "rule"), out->rule, sizeof out->rule) &&
         take_text(snt_json_get(value, "condition"), out->condition, sizeof out->condition) &&
         snt_json_integer(snt_json_get(value, "line"), &out->line) && out->line >= 0 && out->line < 1000000;
}

static snt_status add_policy(struct snt_coverage *coverage, const char *path, const struct snt_json_value *points,
                             struct snt_err *err) {
  size_t count = snt_json_count(points);
  struct snt_coverage_policy *policies = realloc(coverage->policies, (coverage->count + 1) * sizeof *policies);
  if (policies == NULL) {
    return snt_fail_memory(err);
  }
  coverage->policies = policies;
  struct snt_coverage_policy *policy = &policies[coverage->count++];
  *policy =
      (struct snt_coverage_policy){.path = snt_str_dup(path), .points = calloc(count + 1, sizeof *policy->points)};
  if (policy->path == NULL || policy->points == NULL) {
    return snt_fail_memory(err);
  }
  if (snt_json_type(points) != SNT_JSON_ARRAY || count > POINTS_MAX) {
    return refuse_points(err);
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(take_point(snt_json_at(points, i), &policy->points[i]) ? snt_done() : refuse_points(err));
    policy->count++;
  }
  return snt_done();
}

snt_status snt_coverage_begin(struct snt_coverage *coverage, const char *path, const struct snt_json_value *points,
                              struct snt_coverage_policy **out, struct snt_err *err) {
  *out = NULL;
  for (size_t i = 0; i < coverage->count; i++) {
    if (strcmp(coverage->policies[i].path, path) == 0) {
      *out = &coverage->policies[i];
      return (*out)->count == snt_json_count(points) ? snt_done() : refuse_points(err);
    }
  }
  SNT_TRY(add_policy(coverage, path, points, err));
  *out = &coverage->policies[coverage->count - 1];
  return snt_done();
}

bool snt_coverage_add(struct snt_coverage_policy *policy, const char *seen) {
  if (strlen(seen) != policy->count || strspn(seen, "0123") != policy->count) {
    return false;
  }
  for (size_t i = 0; i < policy->count; i++) {
    policy->points[i].seen |= (unsigned)(seen[i] - '0');
  }
  return true;
}

bool snt_coverage_is_rule(const struct snt_coverage_point *point) {
  return point->rule[0] != '\0' && point->condition[0] == '\0';
}

struct snt_coverage_totals snt_coverage_count(const struct snt_coverage *coverage) {
  struct snt_coverage_totals totals = {0};
  for (size_t i = 0; i < coverage->count; i++) {
    for (size_t k = 0; k < coverage->policies[i].count; k++) {
      const struct snt_coverage_point *point = &coverage->policies[i].points[k];
      if (snt_coverage_is_rule(point)) {
        totals.rules++;
        totals.rules_matched += (point->seen & SNT_SEEN_TRUE) != 0 ? 1 : 0;
      } else if (point->rule[0] != '\0') {
        totals.conditions++;
        totals.conditions_seen += point->seen == SNT_SEEN_BOTH ? 1 : 0;
      }
    }
  }
  return totals;
}

const char *snt_coverage_missing(const struct snt_coverage_point *point) {
  if (point->rule[0] == '\0') {
    return (point->seen & SNT_SEEN_TRUE) != 0 ? "" : "no request that no rule matches";
  }
  if (snt_coverage_is_rule(point)) {
    return (point->seen & SNT_SEEN_TRUE) != 0 ? "" : point->seen == 0 ? "never reached" : "never matched";
  }
  static const char *const texts[] = {"never evaluated", "never false", "never true", ""};
  return texts[point->seen & SNT_SEEN_BOTH];
}
