/* issue/difference (layer 5): what a changed policy changes: rules, manifest, files, who gains and who loses access,
 * and which decisions of the local log would come out differently. Nothing is issued, recorded or asked of anybody.
 *
 * MUST
 *  1. reach neither secret nor network: evaluators are started here, from a process that has read and loaded neither;
 *  2. believe an evaluator's example of a difference only after both policies have decided its request;
 *  3. leave nothing out in silence: what could not be looked at is told as that (policy/difference.h, unknowns). */
#ifndef SNT_ISSUE_DIFFERENCE_H
#define SNT_ISSUE_DIFFERENCE_H

#include "policy/difference.h"

/* Strings are borrowed; NULL: not given. */
struct snt_issue_difference_options {
  const char *config; /* --config: where the log is, and how evaluators are locked down */
  const char *log;    /* the decision log to replay; NULL: the configured one, if there is one; "": none */
  int64_t time_ms;    /* what "now" is, and where the year of "at any time" begins; 0: now */
  int64_t replay_ms;  /* how long the log may be replayed, the newest decisions first; 0: SNT_DIFFERENCE_REPLAY_MS */
};
enum { SNT_DIFFERENCE_REPLAY_MS = 2000 };

/* What is in force, or NULL when nothing is, and what is to take its place: each read from a file or a folder, made of
 * a parameter, or opened (policy/pack.h, snt_packed_open), and not loaded yet; both stay the caller's, and get their
 * plugins described. out is cleared by snt_difference_clear and printed by cli/difference_text.h.
 *
 * Codes: POLICY_INVALID when one of the two is refused; the message says which, and all that is wrong is appended to
 * problems as a JSON array, as snt_evaluator_load has it (problems may be NULL). CONFIG_INVALID. EVALUATOR when an
 * evaluator is late, odd or dead, or contradicts itself. A log that cannot be read is no failure: it is told. */
snt_status snt_issue_difference(const struct snt_issue_difference_options *options, struct snt_policy *before,
                                struct snt_policy *after, struct snt_difference *out, struct snt_buf *problems,
                                struct snt_err *err);

#endif
