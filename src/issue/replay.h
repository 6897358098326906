/* issue/replay (layer 5): `sentinel replay`: the decisions of a log, made again with another policy. No secret and no
 * network are reached; nothing is issued or recorded. */
#ifndef SNT_ISSUE_REPLAY_H
#define SNT_ISSUE_REPLAY_H

#include "policy/impact.h"

/* Strings are borrowed; NULL: not given. */
struct snt_issue_replay_options {
  const char *log;
  const char *policy;  /* file:PATH, or a path; {profile} in it needs profile */
  const char *profile; /* only its decisions */
  const char *config;
  bool has_since, has_until;
  int64_t since_ms, until_ms; /* from the one on, and before the other */
};

struct snt_replay_report {
  struct snt_impact impact; /* sorted */
  int64_t records;          /* whole lines */
  int64_t decisions;        /* of the profile and the time */
  bool has_torn_tail;
  char source[4200]; /* of the policy */
  char sha256[65];
};
void snt_replay_report_clear(struct snt_replay_report *report);
#define SNT_REPLAY_REPORT_AUTO SNT_CLEANUP(snt_replay_report_clear)

/* Codes: NOT_A_LOG for a line that is no record, naming it, and for a log without one; POLICY_INVALID, NO_POLICY; USAGE
 * for a policy that is not a file; EVALUATOR when too many decisions could not be made. */
snt_status snt_issue_replay(const struct snt_issue_replay_options *options, struct snt_replay_report *out,
                            struct snt_err *err);

#endif
