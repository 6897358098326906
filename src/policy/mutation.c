#include "policy/mutation.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum { MUTANTS_MAX = 5000, REQUEST_CAP = 64 * 1024, ASSUMED_CAP = 4096, LINES_MAX = 1000000 };

static void clear_mutant(struct snt_mutant *mutant) {
  free(mutant->request);
  free(mutant->assumed);
}

void snt_mutation_clear(struct snt_mutation *mutation) {
  for (size_t i = 0; i < mutation->count; i++) {
    struct snt_mutated_policy *policy = &mutation->policies[i];
    for (size_t k = 0; k < policy->count; k++) {
      clear_mutant(&policy->mutants[k]);
    }
    free(policy->mutants);
    free(policy->path);
  }
  free(mutation->policies);
  memset(mutation, 0, sizeof *mutation);
}

static snt_status refuse(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a policy's mutants makes no sense");
}

/* A printable text of fewer than cap bytes, or NULL. */
static const char *find_text(const struct snt_json_value *object, const char *key, size_t cap) {
  size_t len = 0;
  const char *text = snt_json_string(snt_json_get(object, key), &len);
  return text != NULL && len < cap && strlen(text) == len && snt_utf8_check_printable(text, len) ? text : NULL;
}

static bool take_mutant(const struct snt_json_value *value, struct snt_mutant *out) {
  static const char *const keys[] = {"rule", "line", "change", "widens", NULL};
  const char *rule = find_text(value, "rule", sizeof out->rule);
  const char *change = find_text(value, "change", sizeof out->change);
  if (snt_json_type(value) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(value, "", keys, NULL)) || rule == NULL ||
      change == NULL || change[0] == '\0') {
    return false;
  }
  memcpy(out->rule, rule, strlen(rule) + 1);
  memcpy(out->change, change, strlen(change) + 1);
  return snt_json_integer(snt_json_get(value, "line"), &out->line) && out->line >= 1 && out->line < LINES_MAX &&
         snt_json_bool(snt_json_get(value, "widens"), &out->widens);
}

static snt_status take_mutants(struct snt_mutated_policy *policy, const struct snt_json_value *answer,
                               struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(answer, "mutants");
  size_t count = snt_json_count(list);
  int64_t left_out = 0;
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > MUTANTS_MAX ||
      !snt_json_integer(snt_json_get(answer, "left_out"), &left_out) || left_out < 0) {
    return refuse(err);
  }
  policy->left_out = (size_t)left_out;
  policy->mutants = calloc(count + 1, sizeof *policy->mutants);
  if (policy->mutants == NULL) {
    return snt_fail_memory(err);
  }
  for (; policy->count < count; policy->count++) {
    SNT_TRY(take_mutant(snt_json_at(list, policy->count), &policy->mutants[policy->count]) ? snt_done() : refuse(err));
  }
  return snt_done();
}

static snt_status add_policy(struct snt_mutation *mutation, const char *path, const struct snt_json_value *answer,
                             struct snt_err *err) {
  struct snt_mutated_policy *policies = realloc(mutation->policies, (mutation->count + 1) * sizeof *policies);
  if (policies == NULL) {
    return snt_fail_memory(err);
  }
  mutation->policies = policies;
  struct snt_mutated_policy *policy = &policies[mutation->count++];
  *policy = (struct snt_mutated_policy){.path = snt_str_dup(path)};
  return policy->path == NULL ? snt_fail_memory(err) : take_mutants(policy, answer, err);
}

snt_status snt_mutation_begin(struct snt_mutation *mutation, const char *path, const struct snt_json_value *answer,
                              struct snt_mutated_policy **out, struct snt_err *err) {
  *out = NULL;
  for (size_t i = 0; i < mutation->count; i++) {
    if (strcmp(mutation->policies[i].path, path) == 0) {
      *out = &mutation->policies[i];
      return (*out)->count == snt_json_count(snt_json_get(answer, "mutants")) ? snt_done() : refuse(err);
    }
  }
  SNT_TRY(add_policy(mutation, path, answer, err));
  *out = &mutation->policies[mutation->count - 1];
  return snt_done();
}

/* The first telling request stays. */
static snt_status keep_request(struct snt_mutant *mutant, const struct snt_json_value *answer, struct snt_err *err) {
  const struct snt_json_value *request = snt_json_get(answer, "request");
  const char *assumed = find_text(answer, "assumed", ASSUMED_CAP);
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (request == NULL || snt_json_type(request) == SNT_JSON_NULL || mutant->request != NULL) {
    return snt_done();
  }
  if (snt_json_type(request) != SNT_JSON_OBJECT || assumed == NULL) {
    return refuse(err);
  }
  SNT_TRY(snt_json_dump(request, &text, err));
  if (text.len >= REQUEST_CAP || !snt_utf8_check_printable(snt_buf_borrow(&text), text.len)) {
    return refuse(err);
  }
  mutant->request = snt_str_dup(snt_buf_borrow(&text));
  mutant->assumed = assumed[0] == '\0' ? NULL : snt_str_dup(assumed);
  return mutant->request == NULL ? snt_fail_memory(err) : snt_done();
}

snt_status snt_mutation_judge(struct snt_mutant *mutant, const struct snt_json_value *answer, struct snt_err *err) {
  static const char *const keys[] = {"killed", "equivalent", "request", "assumed", NULL};
  bool is_killed = false;
  bool is_equivalent = false;
  if (snt_json_type(answer) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(answer, "", keys, NULL)) ||
      !snt_json_bool(snt_json_get(answer, "killed"), &is_killed) ||
      !snt_json_bool(snt_json_get(answer, "equivalent"), &is_equivalent) || (is_killed && is_equivalent)) {
    return refuse(err);
  }
  mutant->fate = is_killed ? SNT_MUTANT_KILLED : is_equivalent ? SNT_MUTANT_EQUIVALENT : SNT_MUTANT_SURVIVED;
  return is_killed || is_equivalent ? snt_done() : keep_request(mutant, answer, err);
}

struct snt_mutation_totals snt_mutation_count(const struct snt_mutation *mutation) {
  struct snt_mutation_totals totals = {0};
  for (size_t i = 0; i < mutation->count; i++) {
    for (size_t k = 0; k < mutation->policies[i].count; k++) {
      const struct snt_mutant *mutant = &mutation->policies[i].mutants[k];
      bool is_survivor = mutant->fate == SNT_MUTANT_SURVIVED;
      totals.mutants++;
      totals.killed += mutant->fate == SNT_MUTANT_KILLED ? 1 : 0;
      totals.equivalent += mutant->fate == SNT_MUTANT_EQUIVALENT ? 1 : 0;
      totals.widening += mutant->widens && mutant->fate != SNT_MUTANT_EQUIVALENT ? 1 : 0;
      totals.widening_survived += mutant->widens && is_survivor ? 1 : 0;
    }
  }
  return totals;
}

int64_t snt_mutation_score(const struct snt_mutation_totals *totals) {
  size_t telling = totals->mutants - totals->equivalent;
  return telling == 0 ? 100 : (int64_t)(totals->killed * 100 / telling);
}
