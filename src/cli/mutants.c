#include "cli/mutants.h"

#include <string.h>

#include "cli/common.h"
#include "format/json.h"

snt_status snt_github_append(struct snt_buf *out, const char *value, const char *odd, struct snt_err *err) {
  for (; *value != '\0'; value++) {
    SNT_TRY(strchr(odd, *value) != NULL ? snt_buf_appendf(out, err, "%%%02X", (unsigned char)*value)
                                        : snt_buf_append_char(out, *value, err));
  }
  return snt_done();
}

typedef snt_status (*survivor_visit)(void *context, const char *path, const struct snt_mutant *mutant,
                                     struct snt_err *err);

/* Calls visit for each survivor, those that widen access first. */
static snt_status each_survivor(const struct snt_mutation *mutation, survivor_visit visit, void *context,
                                struct snt_err *err) {
  for (int widens = 1; widens >= 0; widens--) {
    for (size_t i = 0; i < mutation->count; i++) {
      for (size_t k = 0; k < mutation->policies[i].count; k++) {
        const struct snt_mutant *mutant = &mutation->policies[i].mutants[k];
        bool is_wanted = mutant->fate == SNT_MUTANT_SURVIVED && mutant->widens == (widens == 1);
        SNT_TRY(is_wanted ? visit(context, mutation->policies[i].path, mutant, err) : snt_done());
      }
    }
  }
  return snt_done();
}

static snt_status print_survivor(void *context, const char *path, const struct snt_mutant *mutant,
                                 struct snt_err *err) {
  struct snt_buf *out = context;
  SNT_TRY(snt_buf_append_str(out, "  ", err));
  SNT_TRY(snt_cli_print_clean(out, path, err));
  SNT_TRY(snt_buf_appendf(out, err, ":%lld: %s%s%s%s\n", (long long)mutant->line, mutant->rule,
                          mutant->rule[0] == '\0' ? "" : ": ", mutant->change,
                          mutant->widens ? " (widens access)" : ""));
  if (mutant->request != NULL) {
    SNT_TRY(snt_buf_append_str(out, "        told apart by ", err));
    SNT_TRY(snt_cli_print_clean(out, mutant->shown, err));
    SNT_TRY(snt_buf_append_char(out, '\n', err));
  }
  return mutant->assumed == NULL ? snt_done() : snt_buf_appendf(out, err, "        where %s\n", mutant->assumed);
}

/* How many mutants were too many to be made. */
static size_t count_left_out(const struct snt_mutation *mutation) {
  size_t count = 0;
  for (size_t i = 0; i < mutation->count; i++) {
    count += mutation->policies[i].left_out;
  }
  return count;
}

snt_status snt_mutation_print(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err) {
  struct snt_mutation_totals totals = snt_mutation_count(mutation);
  size_t left_out = count_left_out(mutation);
  size_t survived = totals.mutants - totals.killed - totals.equivalent;
  if (mutation->untried > 0 && totals.mutants == 0) {
    return snt_buf_append_str(out, "mutation: no changes were tried, because tests fail\n", err);
  }
  SNT_TRY(snt_buf_appendf(out, err,
                          "mutation: %zu of %zu changes were seen, %zu change nothing, %zu were seen by no test; "
                          "%zu of those widen access\n",
                          totals.killed, totals.mutants, totals.equivalent, survived, totals.widening_survived));
  SNT_TRY(mutation->untried == 0
              ? snt_done()
              : snt_buf_appendf(out, err, "  policies that were not changed, because tests of theirs fail: %zu\n",
                                mutation->untried));
  SNT_TRY(left_out == 0
              ? snt_done()
              : snt_buf_appendf(out, err, "  %zu more changes were left out: the policy is long\n", left_out));
  return each_survivor(mutation, print_survivor, out, err);
}

static snt_status annotate_survivor(void *context, const char *path, const struct snt_mutant *mutant,
                                    struct snt_err *err) {
  struct snt_buf *out = context;
  SNT_TRY(snt_buf_append_str(out, mutant->widens ? "::error file=" : "::warning file=", err));
  SNT_TRY(snt_github_append(out, path, "%\r\n:,", err));
  SNT_TRY(snt_buf_appendf(out, err, ",line=%lld,title=no test sees a change::", (long long)mutant->line));
  SNT_TRY(snt_github_append(out, mutant->rule, "%\r\n", err));
  SNT_TRY(snt_buf_append_str(out, mutant->rule[0] == '\0' ? "" : ": ", err));
  SNT_TRY(snt_github_append(out, mutant->change, "%\r\n", err));
  return snt_buf_append_char(out, '\n', err);
}

snt_status snt_mutation_annotate(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err) {
  return each_survivor(mutation, annotate_survivor, out, err);
}

static snt_status put_survivor(void *context, const char *path, const struct snt_mutant *mutant, struct snt_err *err) {
  struct snt_json_writer *writer = context;
  (void)err; /* the writer keeps its first failure */
  snt_json_begin_object(writer, NULL);
  snt_json_put_string(writer, "policy", path);
  snt_json_put_integer(writer, "line", mutant->line);
  snt_json_put_string(writer, "rule", mutant->rule);
  snt_json_put_string(writer, "change", mutant->change);
  snt_json_put_bool(writer, "widens", mutant->widens);
  if (mutant->request == NULL) {
    snt_json_put_string(writer, "request", NULL);
  } else {
    snt_json_put_raw(writer, "request", snt_slice_of(mutant->request));
  }
  snt_json_put_string(writer, "assumed", mutant->assumed);
  snt_json_end_object(writer);
  return snt_done();
}

snt_status snt_mutation_write(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err) {
  struct snt_mutation_totals totals = snt_mutation_count(mutation);
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_integer(&writer, "mutants", (int64_t)totals.mutants);
  snt_json_put_integer(&writer, "killed", (int64_t)totals.killed);
  snt_json_put_integer(&writer, "equivalent", (int64_t)totals.equivalent);
  snt_json_put_integer(&writer, "survived", (int64_t)(totals.mutants - totals.killed - totals.equivalent));
  snt_json_put_integer(&writer, "left_out", (int64_t)count_left_out(mutation));
  snt_json_put_integer(&writer, "untried", (int64_t)mutation->untried);
  snt_json_put_integer(&writer, "score", snt_mutation_score(&totals));
  snt_json_put_integer(&writer, "widening", (int64_t)totals.widening);
  snt_json_put_integer(&writer, "widening_survived", (int64_t)totals.widening_survived);
  snt_json_begin_array(&writer, "survivors");
  SNT_TRY(each_survivor(mutation, put_survivor, &writer, err));
  snt_json_end_array(&writer);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

/* Whether it is the body, what follows the name, of a case that an earlier mutant brought. */
static bool is_repeated(const struct snt_mutated_policy *policy, size_t number, const char *body) {
  for (size_t i = 0; i < number; i++) {
    for (size_t k = 0; k < policy->mutants[i].case_count; k++) {
      if (strcmp(strchr(policy->mutants[i].cases[k], '\n'), body) == 0) {
        return true;
      }
    }
  }
  return false;
}

static snt_status suggest_for(const struct snt_mutated_policy *policy, struct snt_buf *out, struct snt_err *err) {
  bool has_head = false;
  for (size_t i = 0; i < policy->count; i++) {
    for (size_t k = 0; k < policy->mutants[i].case_count; k++) {
      const char *text = policy->mutants[i].cases[k];
      if (is_repeated(policy, i, strchr(text, '\n'))) {
        continue;
      }
      SNT_TRY(has_head ? snt_done()
                       : snt_buf_appendf(out, err, "# %s\nsuite: suggested\npolicy: %s\ncases:\n", policy->path,
                                         policy->name));
      has_head = true;
      SNT_TRY(snt_buf_append_str(out, text, err));
    }
  }
  return snt_done();
}

snt_status snt_mutation_suggest(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < mutation->count; i++) {
    SNT_TRY(suggest_for(&mutation->policies[i], out, err));
  }
  return snt_done();
}
