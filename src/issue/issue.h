/* issue/issue (layer 5): the one place where a decision meets secrets (architecture.md). */
#ifndef SNT_ISSUE_ISSUE_H
#define SNT_ISSUE_ISSUE_H

#include <signal.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "aws/identity.h"
#include "base/buf.h"
#include "policy/decision.h"
#include "policy/lint.h"
#include "policy/needs.h"
#include "policy/source.h"
#include "policy/who_can.h"

struct snt_fact_cache;

/* What a command asks for. Strings are borrowed; NULL: not given. */
struct snt_issue_options {
  const char *profile;
  const char *mode; /* credential_process, cli */
  const char *justification;
  const char *policy;                /* --policy */
  const char *regions;               /* --region */
  const char *backend;               /* --backend */
  const char *config;                /* --config */
  int64_t duration_s;                /* --duration; 0: not given */
  struct snt_evaluator *evaluator;   /* of snt_issue_start; NULL: it is started when it is time */
  struct snt_fact_cache *fact_cache; /* facts/cache.h: of a caller that stays; NULL: every fact is asked for */
};

/* Forks the evaluator now, for the one call that gets these options next and closes it, and before that call takes
 * memory that the fork would have to copy. What fails here is tried again there, and told. */
void snt_issue_start(struct snt_issue_options *options, bool is_explained);

struct snt_issued {
  struct snt_aws_credentials credentials;
  char region[64]; /* the profile's, or the one that answered */
  char profile[257];
  char request_id[17];
  int64_t lease_s;  /* the credentials' own policy denies everything after that; 0: it does not before their end */
  sigset_t signals; /* the mask to restore once the result is out; see snt_issue */
};
void snt_issued_clear(struct snt_issued *issued);
#define SNT_ISSUED_AUTO SNT_CLEANUP(snt_issued_clear)

/* Decides, records, asks STS, records, and only then succeeds. On success all signals are blocked: the caller writes
 * the result and exits, or restores the mask. The codes are those of cli.md's exit statuses. */
snt_status snt_issue(const struct snt_issue_options *options, struct snt_issued *out, struct snt_err *err);

/* `whoami`: the identity that policy would see. */
snt_status snt_issue_whoami(const struct snt_issue_options *options, struct snt_aws_identity *out, struct snt_err *err);

/* `explain`. */
struct snt_explain_options {
  struct snt_issue_options common;
  const char *user;         /* --user: the short form; NULL: ask STS */
  int64_t time_ms;          /* --time; 0: now */
  const char *request_file; /* --request */
};

struct snt_explanation {
  struct snt_decision decision;
  struct snt_buf request;   /* JSON: what was evaluated */
  struct snt_policy policy; /* what it was evaluated with */
  struct snt_facts facts;   /* that the decision rests on; they point into policy */
  struct snt_buf problems;  /* JSON array, when the policy was refused */
};
void snt_explanation_clear(struct snt_explanation *explanation);
#define SNT_EXPLANATION_AUTO SNT_CLEANUP(snt_explanation_clear)

/* The evaluator's reply of policy.md as one JSON object, with "policy", "facts" and "request". */
snt_status snt_explanation_format(const struct snt_explanation *explanation, struct snt_buf *out, struct snt_err *err);
/* Evaluates and issues nothing. OK whenever it could evaluate, whatever the decision. */
snt_status snt_issue_explain(const struct snt_explain_options *options, struct snt_explanation *out,
                             struct snt_err *err);

/* `who-can`. */
struct snt_who_can_options {
  struct snt_issue_options common; /* mode NULL: any */
  int64_t time_ms;                 /* --time; 0: now */
  bool is_ever;                    /* --ever */
};

struct snt_who_can_report {
  struct snt_who_can_question question;
  struct snt_who_can answer; /* every way without an assumption was confirmed by an evaluation of its own */
  struct snt_policy policy;
  struct snt_buf problems; /* JSON array, when the policy was refused */
};
void snt_who_can_report_clear(struct snt_who_can_report *report);
#define SNT_WHO_CAN_REPORT_AUTO SNT_CLEANUP(snt_who_can_report_clear)

/* Who can get in with a profile. Needs no network, keychain nor profile when the policy is a file. A way that an
 * evaluation does not confirm is code EVALUATOR. Strings of the question are borrowed from options. */
snt_status snt_issue_who_can(const struct snt_who_can_options *options, struct snt_who_can_report *out,
                             struct snt_err *err);

/* `plugin list`, `plugin inspect`: a bundle, or a plugin's own folder, with its plugins described and their functions
 * loaded, whatever the policy is worth. Code POLICY_INVALID; problems gets a JSON array, unless err tells it all. */
snt_status snt_issue_describe(const char *path, struct snt_policy *out, struct snt_buf *problems, struct snt_err *err);
/* `policy validate`: problems gets a JSON array, empty when the file is good. Code POLICY_INVALID when it is not. */
snt_status snt_issue_validate(const char *path, struct snt_buf *problems, struct snt_err *err);
/* `policy pack`: validates a bundle's folder as that does, and packs it. */
snt_status snt_issue_pack(const char *path, struct snt_policy *out, struct snt_buf *packed, struct snt_buf *problems,
                          struct snt_err *err);
/* `policy lint`, `policy push`: validates, and then says what is hardly meant. */
snt_status snt_issue_lint(const char *path, struct snt_lint *out, struct snt_buf *problems, struct snt_err *err);
/* The same for a policy that is no file: its kind, file_name and text are given. */
snt_status snt_issue_lint_policy(struct snt_policy *policy, struct snt_lint *out, struct snt_buf *problems,
                                 struct snt_err *err);
/* `policy schema`: a JSON document; path is NULL, or a bundle whose plugins' conditions are in it too. */
snt_status snt_issue_schema(const char *path, struct snt_buf *out, struct snt_err *err);

#endif
