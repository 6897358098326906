#include "policy/coverage.h"

#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 5000, FILES_MAX = 1000, FILE_NAME_CAP = 4200, NUMBER_MAX = 1000000 };

static void clear_policy(struct snt_coverage_policy *policy) {
  for (size_t i = 0; i < policy->count; i++) {
    free(policy->points[i].shadow);
  }
  for (size_t i = 0; i < policy->file_count; i++) {
    free(policy->files[i]);
  }
  free(policy->files);
  free(policy->points);
  free(policy->path);
}

void snt_coverage_clear(struct snt_coverage *coverage) {
  for (size_t i = 0; i < coverage->count; i++) {
    clear_policy(&coverage->policies[i]);
  }
  free(coverage->policies);
  memset(coverage, 0, sizeof *coverage);
}

static snt_status refuse_account(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a policy's rules makes no sense");
}

static bool take_text(const struct snt_json_value *object, const char *key, char *out, size_t cap) {
  const char *text = snt_json_printable(snt_json_get(object, key), cap);
  if (text != NULL) {
    memcpy(out, text, strlen(text) + 1);
  }
  return text != NULL;
}

static bool take_number(const struct snt_json_value *object, const char *key, int64_t max, int64_t *out) {
  return snt_json_integer(snt_json_get(object, key), out) && *out >= 0 && *out < max;
}

static bool take_point(const struct snt_json_value *value, size_t files, struct snt_coverage_point *out) {
  static const char *const keys[] = {"rule", "condition", "kind",   "wanted", "file",
                                     "line", "depth",     "branch", "plugin", NULL};
  int64_t file_max = files == 0 ? 1 : (int64_t)files;
  return snt_json_type(value) == SNT_JSON_OBJECT && snt_ok(snt_json_check_keys(value, "", keys, NULL)) &&
         take_text(value, "rule", out->rule, sizeof out->rule) &&
         take_text(value, "condition", out->condition, sizeof out->condition) &&
         take_text(value, "kind", out->kind, sizeof out->kind) &&
         take_text(value, "wanted", out->wanted, sizeof out->wanted) &&
         take_number(value, "file", file_max, &out->file) && take_number(value, "line", NUMBER_MAX, &out->line) &&
         take_number(value, "depth", NUMBER_MAX, &out->depth) &&
         take_number(value, "branch", NUMBER_MAX, &out->branch) &&
         snt_json_bool(snt_json_get(value, "plugin"), &out->is_plugin);
}

static snt_status take_files(const struct snt_json_value *list, struct snt_coverage_policy *out, struct snt_err *err) {
  size_t count = snt_json_count(list);
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > FILES_MAX) {
    return refuse_account(err);
  }
  out->files = calloc(count + 1, sizeof *out->files);
  for (size_t i = 0; out->files != NULL && i < count; i++) {
    const char *name = snt_json_printable(snt_json_at(list, i), FILE_NAME_CAP);
    SNT_TRY(name != NULL ? snt_done() : refuse_account(err));
    out->files[i] = snt_str_dup(name);
    SNT_TRY(out->files[i] != NULL ? snt_done() : snt_fail_memory(err));
    out->file_count++;
  }
  return out->files != NULL ? snt_done() : snt_fail_memory(err);
}

static snt_status take_points(const struct snt_json_value *list, struct snt_coverage_policy *out, struct snt_err *err) {
  size_t count = snt_json_count(list);
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > POINTS_MAX) {
    return refuse_account(err);
  }
  out->points = calloc(count + 1, sizeof *out->points);
  if (out->points == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(take_point(snt_json_at(list, i), out->file_count, &out->points[i]) ? snt_done() : refuse_account(err));
    out->count++;
  }
  return snt_done();
}

static snt_status take_account(struct snt_slice path, const struct snt_json_value *account,
                               struct snt_coverage_policy *out, struct snt_err *err) {
  static const char *const keys[] = {"files", "points", "left_out", NULL};
  out->path = snt_str_dup_slice(path);
  SNT_TRY(out->path != NULL ? snt_done() : snt_fail_memory(err));
  if (snt_json_type(account) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(account, "", keys, NULL)) ||
      !take_number(account, "left_out", NUMBER_MAX, &out->left_out)) {
    return refuse_account(err);
  }
  SNT_TRY(take_files(snt_json_get(account, "files"), out, err));
  return take_points(snt_json_get(account, "points"), out, err);
}

snt_status snt_coverage_begin(struct snt_coverage *coverage, struct snt_slice path, size_t root_len,
                              const struct snt_json_value *account, struct snt_coverage_policy **out,
                              struct snt_err *err) {
  *out = NULL;
  for (size_t i = 0; i < coverage->count; i++) {
    if (snt_slice_is(path, coverage->policies[i].path)) {
      *out = &coverage->policies[i];
      return (*out)->count == snt_json_count(snt_json_get(account, "points")) ? snt_done() : refuse_account(err);
    }
  }
  struct snt_coverage_policy *policies = realloc(coverage->policies, (coverage->count + 1) * sizeof *policies);
  if (policies == NULL) {
    return snt_fail_memory(err);
  }
  coverage->policies = policies;
  struct snt_coverage_policy fresh = {.root_len = root_len};
  snt_status status = take_account(path, account, &fresh, err);
  if (!snt_ok(status)) {
    clear_policy(&fresh);
    return status;
  }
  *out = &policies[coverage->count++];
  **out = fresh;
  return snt_done();
}

/* "3,,1": moves *text behind it. */
static bool take_counts(const char **text, uint64_t counts[SNT_OUTCOME_COUNT]) {
  for (size_t i = 0; i < SNT_OUTCOME_COUNT; i++) {
    size_t digits = strspn(*text, "0123456789");
    if (digits > 6) {
      return false;
    }
    counts[i] = digits == 0 ? 0 : strtoull(*text, NULL, 10);
    *text += digits;
    if (**text != ',') {
      return (digits > 0 || i == 0) && (**text == ';' || **text == '\0');
    }
    *text += 1;
  }
  return false;
}

bool snt_coverage_add(struct snt_coverage_policy *policy, const char *seen) {
  for (size_t i = 0; i < policy->count; i++) {
    uint64_t counts[SNT_OUTCOME_COUNT] = {0};
    bool is_last = i + 1 == policy->count;
    if (!take_counts(&seen, counts) || *seen != (is_last ? '\0' : ';')) {
      return false;
    }
    seen += is_last ? 0 : 1;
    for (size_t k = 0; k < SNT_OUTCOME_COUNT; k++) {
      policy->points[i].counts[k] += counts[k];
    }
  }
  return *seen == '\0';
}

bool snt_coverage_is_rule(const struct snt_coverage_point *point) {
  return point->rule[0] != '\0' && point->depth == 0;
}

bool snt_coverage_is_condition(const struct snt_coverage_point *point) { return point->depth > 0; }

uint64_t snt_coverage_times(const struct snt_coverage_point *point) {
  uint64_t times = 0;
  for (size_t i = 0; i < SNT_OUTCOME_COUNT; i++) {
    times += point->counts[i];
  }
  return times;
}

struct snt_coverage_totals snt_coverage_count(const struct snt_coverage *coverage) {
  struct snt_coverage_totals totals = {0};
  for (size_t i = 0; i < coverage->count; i++) {
    for (size_t k = 0; k < coverage->policies[i].count; k++) {
      const struct snt_coverage_point *point = &coverage->policies[i].points[k];
      bool is_true = point->counts[SNT_OUTCOME_TRUE] > 0, is_false = point->counts[SNT_OUTCOME_FALSE] > 0;
      if (snt_coverage_is_rule(point)) {
        totals.rules++;
        totals.rules_matched += is_true ? 1 : 0;
      } else if (snt_coverage_is_condition(point)) {
        totals.conditions++;
        totals.conditions_seen += is_true && is_false ? 1 : 0;
      }
    }
  }
  return totals;
}

const char *snt_coverage_missing(const struct snt_coverage_point *point) {
  bool is_true = point->counts[SNT_OUTCOME_TRUE] > 0, is_false = point->counts[SNT_OUTCOME_FALSE] > 0;
  bool was_reached = snt_coverage_times(point) > 0;
  if (snt_coverage_is_condition(point)) {
    return !was_reached          ? "never evaluated"
           : is_true && is_false ? ""
           : is_true             ? "never false"
           : is_false            ? "never true"
                                 : "never true, never false";
  }
  if (point->is_plugin) {
    return "";
  }
  if (snt_coverage_is_rule(point)) {
    return is_true ? "" : was_reached ? "never matched" : "never reached";
  }
  return is_true ? "" : "no request that no rule matches";
}
