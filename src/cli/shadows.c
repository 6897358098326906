#include "cli/shadows.h"

#include <string.h>

#include "base/str.h"
#include "issue/issue.h"

static bool is_unmatched(const struct snt_coverage_point *point) {
  return snt_coverage_is_rule(point) && point->counts[SNT_OUTCOME_TRUE] == 0;
}

static bool has_unmatched(const struct snt_coverage_policy *policy) {
  for (size_t i = 0; i < policy->count; i++) {
    if (is_unmatched(&policy->points[i])) {
      return true;
    }
  }
  return false;
}

/* What the message says of the earlier rules: `rule "x" decides nothing: rule "a", before it, ...`. */
static const char *find_shadow(const struct snt_lint *lint, const char *rule) {
  static const char mark[] = " nothing: ";
  for (size_t i = 0; i < lint->count; i++) {
    const struct snt_lint_problem *problem = &lint->problems[i];
    bool is_covered = problem->check == SNT_LINT_UNREACHABLE_RULE || problem->check == SNT_LINT_DEAD_DENY;
    const char *found = is_covered && strcmp(problem->rule, rule) == 0 ? strstr(problem->message, mark) : NULL;
    if (found != NULL) {
      return found + strlen(mark);
    }
  }
  return NULL;
}

static snt_status look_at(struct snt_coverage_policy *policy, struct snt_err *err) {
  SNT_LINT_AUTO struct snt_lint lint = {0};
  SNT_BUF_AUTO struct snt_buf problems = {0};
  size_t len = policy->root_len > 0 ? policy->root_len : strlen(policy->path);
  SNT_FREE_AUTO char *path = snt_str_dup_slice((struct snt_slice){policy->path, len});
  if (path == NULL) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(snt_issue_lint(path, &lint, &problems, NULL))) {
    return snt_done();
  }
  for (size_t i = 0; i < policy->count; i++) {
    struct snt_coverage_point *point = &policy->points[i];
    const char *shadow = is_unmatched(point) && point->shadow == NULL ? find_shadow(&lint, point->rule) : NULL;
    point->shadow = shadow == NULL ? point->shadow : snt_str_dup(shadow);
    SNT_TRY(shadow == NULL || point->shadow != NULL ? snt_done() : snt_fail_memory(err));
  }
  return snt_done();
}

snt_status snt_cli_find_shadows(struct snt_coverage *coverage, struct snt_err *err) {
  for (size_t i = 0; i < coverage->count; i++) {
    SNT_TRY(has_unmatched(&coverage->policies[i]) ? look_at(&coverage->policies[i], err) : snt_done());
  }
  return snt_done();
}
