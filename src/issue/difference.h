/* issue/difference (layer 5): what a changed policy changes: rules, manifest, files, who gains and who loses access,
 * and which decisions of the local log would come out differently. Nothing is issued, recorded or asked of anybody.
 *
 * MUST
 *  1. reach neither secret nor network: evaluators are started here, from a process that has read and loaded neither;
 *  2. believe an evaluator's example of a difference only after both policies have decided its request;
 *  3. leave nothing out in silence: what could not be looked at is told as that (policy/difference.h, unknowns). */
#ifndef SNT_ISSUE_DIFFERENCE_H
#define SNT_ISSUE_DIFFERENCE_H

#include "issue/issue.h"
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

/* difference_source.c: where a policy comes from that is to be compared. Strings are borrowed. */
struct snt_issue_open_options {
  const char *profile;             /* what {profile} stands for; NULL: not given */
  struct snt_issue_options asking; /* config; for a policy of SSM also profile (not NULL: whose credentials read it),
                                    * regions and backend */
};
/* A file, a folder, a packed bundle, which is opened, or a parameter of SSM, which a child of this process reads. Codes
 * of the source: NO_POLICY, POLICY_INVALID, USAGE for {profile} without one, those of snt_parameter_read, EVALUATOR. */
snt_status snt_issue_open_policy(const struct snt_issue_open_options *options, const char *source,
                                 struct snt_policy *out, struct snt_err *err);
/* Whether an evaluator takes the policy; problems is as of snt_issue_difference. */
snt_status snt_issue_check_policy(const struct snt_issue_open_options *options, struct snt_policy *policy,
                                  struct snt_buf *problems, struct snt_err *err);

/* difference_files.c: the texts of a policy, file by file. */
struct snt_file_difference {
  char *name; /* in the bundle; of a plain policy its path or source */
  enum snt_difference_kind kind;
  struct snt_buf diff; /* unified, as `diff -u` and `patch` have it */
};
struct snt_file_differences {
  struct snt_file_difference *list;
  size_t count;
};
void snt_file_differences_clear(struct snt_file_differences *differences);
#define SNT_FILE_DIFFERENCES_AUTO SNT_CLEANUP(snt_file_differences_clear)
/* The manifest first, then the policy, then other files by name; those that are the same are left out. The manifest is
 * shown as it is written where both are folders, else in the one form that a packed one is shown in. */
snt_status snt_issue_compare_files(const struct snt_policy *before, const struct snt_policy *after,
                                   struct snt_file_differences *out, struct snt_err *err);

#endif
