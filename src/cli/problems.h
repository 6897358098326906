/* cli/problems (layer 6): the problems of refused policies, for people and for programs. */
#ifndef SNT_CLI_PROBLEMS_H
#define SNT_CLI_PROBLEMS_H

#include "cli/out.h"

/* What several files had to say. */
struct snt_problems {
  struct snt_buf list; /* JSON, without the brackets of the array */
  size_t refused, files;
};
void snt_problems_clear(struct snt_problems *problems);
#define SNT_PROBLEMS_AUTO SNT_CLEANUP(snt_problems_clear)

/* Counts a file, which loading left with that status, error and JSON array (which may be empty). Fails as loading did
 * when the policy itself is not to blame. */
snt_status snt_problems_add(struct snt_problems *problems, const char *path, snt_status status,
                            const struct snt_err *failure, const struct snt_buf *array, struct snt_err *err);
/* One policy's problems as a JSON array: the evaluator's own array where it has any, else one that is made of the
 * error. source names the policy where the error tells no file. */
snt_status snt_problems_format(const char *source, const struct snt_err *failure, const struct snt_buf *array,
                               struct snt_buf *out, struct snt_err *err);
/* `file:line:column: message` and the hint; or {"valid","problems"} of cli.md. */
snt_status snt_problems_print(const struct snt_problems *problems, bool is_json, struct snt_out *out,
                              struct snt_err *err);
/* Code POLICY_INVALID when a file was refused. */
snt_status snt_problems_status(const struct snt_problems *problems, struct snt_err *err);

#endif
