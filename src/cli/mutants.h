/* cli/mutants (layer 6): what `sentinel test --mutate` has to say of mutants, in each format that tells of them. */
#ifndef SNT_CLI_MUTANTS_H
#define SNT_CLI_MUTANTS_H

#include "base/buf.h"
#include "policy/mutation.h"

/* For people: the totals, then each survivor, those that widen access first. */
snt_status snt_mutation_print(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err);
/* The object of cli.md's "mutation". */
snt_status snt_mutation_write(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err);
/* GitHub's annotations of the survivors, at the lines of their rules. */
snt_status snt_mutation_annotate(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err);

/* Tables in YAML, one for each policy, of the cases that are missing. */
snt_status snt_mutation_suggest(const struct snt_mutation *mutation, struct snt_buf *out, struct snt_err *err);

/* Part of a GitHub workflow command, in which the characters of odd are escaped. */
snt_status snt_github_append(struct snt_buf *out, const char *value, const char *odd, struct snt_err *err);

#endif
