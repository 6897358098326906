/* issue/replay (layer 5): `sentinel replay`: the decisions of a log, made again with another policy. Nothing is issued
 * or recorded.
 *
 * MUST
 *  1. reach neither secret nor network, other than in the child that reads a policy of SSM (issue/parameter):
 *     evaluators are started again while a log is replayed. */
#ifndef SNT_ISSUE_REPLAY_H
#define SNT_ISSUE_REPLAY_H

#include "audit/recorded.h"
#include "issue/issue.h"
#include "policy/impact.h"

/* Strings are borrowed; NULL: not given. */
struct snt_issue_replay_options {
  const char *log;
  const char *policy;              /* file:PATH, a path, or ssm:/path; {profile} in it needs profile */
  const char *profile;             /* only its decisions */
  struct snt_issue_options asking; /* config; for a policy of SSM also profile (not NULL: whose credentials read it),
                                    * regions and backend */
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
  char region[64]; /* of SSM; "" for a file */
  int64_t version; /* of the parameter; 0 for a file */
};
void snt_replay_report_clear(struct snt_replay_report *report);
#define SNT_REPLAY_REPORT_AUTO SNT_CLEANUP(snt_replay_report_clear)

/* Codes: NOT_A_LOG for a line that is no record, naming it, and for a log without one; POLICY_INVALID, NO_POLICY; USAGE
 * for {profile} without one; those of snt_parameter_read; EVALUATOR when too many decisions could not be made. */
snt_status snt_issue_replay(const struct snt_issue_replay_options *options, struct snt_replay_report *out,
                            struct snt_err *err);

/* Whether the record is a decision that can be made again; else it is counted where it was a refusal. */
bool snt_replay_take_recorded(const struct snt_recorded *recorded, struct snt_impact *impact,
                              struct snt_replay_case *out);

#endif
