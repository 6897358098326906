#include "policy/mutation.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

enum { MUTANTS_MAX = 5000, REQUEST_CAP = 64 * 1024, ASSUMED_CAP = 4096, LINES_MAX = 1000000, LINES_OF_CASE_MAX = 32 };

static void clear_mutant(struct snt_mutant *mutant) {
  free(mutant->request);
  free(mutant->shown);
  free(mutant->assumed);
  for (size_t i = 0; i < mutant->case_count; i++) {
    free(mutant->cases[i]);
  }
}

void snt_mutation_clear(struct snt_mutation *mutation) {
  for (size_t i = 0; i < mutation->count; i++) {
    struct snt_mutated_policy *policy = &mutation->policies[i];
    for (size_t k = 0; k < policy->count; k++) {
      clear_mutant(&policy->mutants[k]);
    }
    free(policy->mutants);
    free(policy->path);
    free(policy->name);
  }
  free(mutation->policies);
  memset(mutation, 0, sizeof *mutation);
}

static snt_status refuse(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's account of a policy's mutants makes no sense");
}

static bool take_mutant(const struct snt_json_value *value, struct snt_mutant *out) {
  static const char *const keys[] = {"rule", "line", "change", "widens", NULL};
  const char *rule = snt_json_printable(snt_json_get(value, "rule"), sizeof out->rule);
  const char *change = snt_json_printable(snt_json_get(value, "change"), sizeof out->change);
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

static snt_status add_policy(struct snt_mutation *mutation, const char *path, const char *name,
                             const struct snt_json_value *answer, struct snt_err *err) {
  struct snt_mutated_policy *policies = realloc(mutation->policies, (mutation->count + 1) * sizeof *policies);
  if (policies == NULL) {
    return snt_fail_memory(err);
  }
  mutation->policies = policies;
  struct snt_mutated_policy *policy = &policies[mutation->count++];
  *policy = (struct snt_mutated_policy){.path = snt_str_dup(path), .name = snt_str_dup(name)};
  return policy->path == NULL || policy->name == NULL ? snt_fail_memory(err) : take_mutants(policy, answer, err);
}

snt_status snt_mutation_begin(struct snt_mutation *mutation, const char *path, const char *name,
                              const struct snt_json_value *answer, struct snt_mutated_policy **out,
                              struct snt_err *err) {
  *out = NULL;
  for (size_t i = 0; i < mutation->count; i++) {
    if (strcmp(mutation->policies[i].path, path) == 0) {
      *out = &mutation->policies[i];
      return (*out)->count == snt_json_count(snt_json_get(answer, "mutants")) ? snt_done() : refuse(err);
    }
  }
  SNT_TRY(add_policy(mutation, path, name, answer, err));
  *out = &mutation->policies[mutation->count - 1];
  return snt_done();
}

/* The first telling request stays. */
static snt_status keep_request(struct snt_mutant *mutant, const struct snt_json_value *answer, struct snt_err *err) {
  const struct snt_json_value *request = snt_json_get(answer, "request");
  const char *assumed = snt_json_printable(snt_json_get(answer, "assumed"), ASSUMED_CAP);
  const char *shown = snt_json_printable(snt_json_get(answer, "shown"), ASSUMED_CAP);
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (request == NULL || snt_json_type(request) == SNT_JSON_NULL || mutant->request != NULL) {
    return snt_done();
  }
  if (snt_json_type(request) != SNT_JSON_OBJECT || assumed == NULL || shown == NULL) {
    return refuse(err);
  }
  SNT_TRY(snt_json_dump(request, &text, err));
  if (text.len >= REQUEST_CAP || !snt_utf8_check_printable(snt_buf_borrow(&text), text.len)) {
    return refuse(err);
  }
  mutant->request = snt_str_dup(snt_buf_borrow(&text));
  mutant->shown = snt_str_dup(shown);
  mutant->assumed = assumed[0] == '\0' ? NULL : snt_str_dup(assumed);
  return mutant->request == NULL || mutant->shown == NULL ? snt_fail_memory(err) : snt_done();
}

/* Its lines, joined. */
static snt_status keep_case(struct snt_mutant *mutant, const struct snt_json_value *lines, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  size_t count = snt_json_count(lines);
  if (snt_json_type(lines) != SNT_JSON_ARRAY || count == 0 || count > LINES_OF_CASE_MAX) {
    return refuse(err);
  }
  for (size_t i = 0; i < count; i++) {
    const char *line = snt_json_printable(snt_json_at(lines, i), ASSUMED_CAP);
    if (line == NULL) {
      return refuse(err);
    }
    SNT_TRY(snt_buf_appendf(&text, err, "%s\n", line));
  }
  char *copy = snt_str_dup(text.data);
  if (copy == NULL) {
    return snt_fail_memory(err);
  }
  mutant->cases[mutant->case_count++] = copy;
  return snt_done();
}

static snt_status take_cases(struct snt_mutant *out, const struct snt_json_value *answer, struct snt_err *err) {
  const struct snt_json_value *cases = snt_json_get(answer, "cases");
  size_t count = snt_json_count(cases);
  if (cases != NULL && (snt_json_type(cases) != SNT_JSON_ARRAY || count > SNT_MUTANT_CASES_MAX)) {
    return refuse(err);
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(keep_case(out, snt_json_at(cases, i), err));
  }
  return snt_done();
}

static bool has_case(const struct snt_mutant *mutant, const char *text) {
  for (size_t i = 0; i < mutant->case_count; i++) {
    if (strcmp(mutant->cases[i], text) == 0) {
      return true;
    }
  }
  return false;
}

/* Of the cases that are missing in earlier specs those stay that are missing in this one too. */
static void keep_common(struct snt_mutant *mutant, const struct snt_mutant *now) {
  size_t kept = 0;
  for (size_t i = 0; i < mutant->case_count; i++) {
    if (has_case(now, mutant->cases[i])) {
      mutant->cases[kept++] = mutant->cases[i];
    } else {
      free(mutant->cases[i]);
    }
  }
  mutant->case_count = kept;
}

static snt_status keep_cases(struct snt_mutant *mutant, const struct snt_json_value *answer, struct snt_err *err) {
  if (!mutant->is_judged) {
    return take_cases(mutant, answer, err);
  }
  SNT_CLEANUP(clear_mutant) struct snt_mutant now = {0};
  SNT_TRY(take_cases(&now, answer, err));
  keep_common(mutant, &now);
  return snt_done();
}

snt_status snt_mutation_judge(struct snt_mutant *mutant, const struct snt_json_value *answer, struct snt_err *err) {
  static const char *const keys[] = {"killed", "equivalent", "request", "shown", "assumed", "cases", NULL};
  bool is_killed = false;
  bool is_equivalent = false;
  if (snt_json_type(answer) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(answer, "", keys, NULL)) ||
      !snt_json_bool(snt_json_get(answer, "killed"), &is_killed) ||
      !snt_json_bool(snt_json_get(answer, "equivalent"), &is_equivalent) || (is_killed && is_equivalent)) {
    return refuse(err);
  }
  SNT_TRY(is_killed || is_equivalent ? snt_done() : keep_request(mutant, answer, err));
  SNT_TRY(keep_cases(mutant, answer, err));
  mutant->is_judged = true;
  if (mutant->fate == SNT_MUTANT_SURVIVED) {
    mutant->fate = is_killed ? SNT_MUTANT_KILLED : is_equivalent ? SNT_MUTANT_EQUIVALENT : SNT_MUTANT_SURVIVED;
  }
  return snt_done();
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

bool snt_mutation_is_open(const struct snt_mutant *mutant) {
  return mutant->fate == SNT_MUTANT_SURVIVED || mutant->case_count > 0;
}
