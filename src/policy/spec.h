/* policy/spec (layer 4): a spec of a policy or plugin (testing.md), run in the evaluator: its cases one by one, each in
 * a worker of its own.
 *
 * MUST
 *  1. take what the evaluator says of a case for no more than that: checked, bounded, printable;
 *  2. let a case that kills its evaluator be one failed case. */
#ifndef SNT_POLICY_SPEC_H
#define SNT_POLICY_SPEC_H

#include <stdint.h>

#include "base/buf.h"
#include "policy/coverage.h"
#include "policy/mutation.h"
#include "policy/spec_record.h"

/* X(NAME, name in JSON): zeroed memory is a failure */
#define SNT_CASE_STATUSES(X) X(FAILED, "failed") X(PASSED, "passed") X(SKIPPED, "skipped")

enum snt_case_status {
#define SNT_CASE_ENUM(name, text) SNT_CASE_##name,
  SNT_CASE_STATUSES(SNT_CASE_ENUM)
#undef SNT_CASE_ENUM
      SNT_CASE_STATUS_COUNT
};
const char *snt_case_status_name(enum snt_case_status status);

/* A case that was run; borrowed for the call. */
struct snt_case {
  const char *name;
  const char *file;
  int64_t line; /* of the failure, else of the case */
  enum snt_case_status status;
  bool is_malformed;   /* it names what does not exist: the spec is wrong, whatever the policy does */
  const char *message; /* "" for none */
};

struct snt_spec_options {
  const char *filter; /* NULL, or a part of the names of the cases to be run */
  /* Called for each case, in order; false stops. */
  bool (*on_case)(void *context, const struct snt_case *of);
  void *context;
  const uint32_t *seed;               /* NULL, or what decides the order of the cases (policy/shuffle.h) */
  struct snt_coverage *coverage;      /* NULL, or where what was seen of policies is added */
  struct snt_mutation *mutation;      /* NULL, or where mutants of policies are judged: after cases that all passed */
  struct snt_spec_recorder *recorder; /* NULL: a question that no mock answers fails its case */
};

/* Runs the cases of a *_spec.lua. Code POLICY_INVALID when the spec, its policy or its plugin does not load: then
 * problems gets a JSON array as in snt_evaluator_load. */
snt_status snt_spec_run(const char *path, const struct snt_spec_options *options, struct snt_buf *problems,
                        struct snt_err *err);

#endif
