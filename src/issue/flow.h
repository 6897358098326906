/* issue/flow (layer 5, internal): the state of one request and the steps that issue.c and explain.c put in order. */
#ifndef SNT_ISSUE_FLOW_H
#define SNT_ISSUE_FLOW_H

#include "audit/log.h"
#include "aws/identity.h"
#include "aws/service.h"
#include "facts/facts.h"
#include "issue/environment.h"
#include "issue/issue.h"
#include "issue/settings.h"
#include "policy/decision.h"
#include "policy/request.h"
#include "policy/rounds.h"
#include "policy/source.h"

#define SNT_FLOW_REGIONS_MAX 8

struct snt_flow {
  const struct snt_issue_options *options;
  char request_id[17];
  const char *stage; /* where it stands, for the failure's record */

  struct snt_settings *settings;
  struct snt_evaluator *evaluator;
  struct snt_environment environment;
  struct snt_aws_shared_config *config;
  struct snt_aws_target target;
  struct snt_policy_source source;
  struct snt_policy policy;
  bool has_no_early_policy; /* set by the caller: a policy file is not looked at before it is needed */
  bool is_asked_often;      /* set by the caller: more than one thing is asked of the evaluator */
  bool is_explained;        /* set by the caller: what would have been allowed is asked too */
  bool is_read;             /* the policy is a file whose bytes are there */
  bool is_known;            /* and it was accepted before */
  bool is_loading;          /* the evaluator was given the policy, and was not waited for */
  bool is_to_remember;      /* the policy, once it is in force: what a fallback region has to serve too */
  struct snt_buf problems;  /* of a refused policy: JSON array */
  struct snt_log *log;
  struct snt_keychain *keychain;
  struct snt_aws_credentials base;
  struct snt_http_client *client;
  struct snt_aws_endpoint sts; /* of the region that answered */

  struct snt_aws_identity who;
  int64_t server_time_ms; /* STS's Date; 0: STS was not asked */
  int64_t server_monotonic_ms;
  int64_t duration_s; /* asked for */
  struct snt_buf request;
  struct snt_facts facts; /* that the decision rests on; they point into policy */
  struct snt_decision decision;
  struct snt_session_names names;
  struct snt_log_position decision_record;
};

/* Leaves the client's connections to the kernel: the process ends, and closing them takes as long as a decision. Who
 * becomes another program closes them first. */
void snt_flow_clear(struct snt_flow *flow);
#define SNT_FLOW_AUTO SNT_CLEANUP(snt_flow_clear)

/* flow_prepare.c: all that needs neither secret nor network. */
snt_status snt_flow_load_settings(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_open(struct snt_flow *flow, struct snt_err *err);        /* settings, evaluator */
snt_status snt_flow_find_target(struct snt_flow *flow, struct snt_err *err); /* ~/.aws, profile, role */
/* The same, and a profile that nobody knows is an empty one. */
snt_status snt_flow_find_target_if_any(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_find_policy(struct snt_flow *flow, struct snt_err *err); /* source; a file is loaded */
/* Hands its bytes to the evaluator; link waits until they are read. The evaluation confirms that it is in force. */
snt_status snt_flow_begin_policy(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_link_policy(struct snt_flow *flow, struct snt_err *err);
void snt_flow_remember_policy(const struct snt_flow *flow);
snt_status snt_flow_open_log(struct snt_flow *flow, struct snt_err *err);
/* The folder of the log, where small state is kept; "." without a log. */
snt_status snt_flow_state_folder(const struct snt_flow *flow, struct snt_buf *out, struct snt_err *err);
/* flow_ask.c: base credentials; then policy and identity, together. */
snt_status snt_flow_open_keychain(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_find_credentials(struct snt_flow *flow, struct snt_err *err);
/* The regions to ask, in order; ends with NULL. Borrowed from settings, target and environment. */
snt_status snt_flow_find_regions(const struct snt_flow *flow, const char *out[static SNT_FLOW_REGIONS_MAX + 1],
                                 struct snt_err *err);
snt_status snt_flow_open_client(struct snt_flow *flow, struct snt_err *err);
/* With an open client: where a service is; refused where the administrator has it so (endpoints: aws). */
snt_status snt_flow_find_endpoint(const struct snt_flow *flow, const char *service, const char *region,
                                  struct snt_aws_endpoint *out, struct snt_err *err);
snt_status snt_flow_ask(struct snt_flow *flow, struct snt_err *err);
/* The decision's time: STS's Date and what has passed since; the local clock when STS was not asked. */
int64_t snt_flow_now_ms(const struct snt_flow *flow);
/* flow_decide.c */
snt_status snt_flow_decide(struct snt_flow *flow, struct snt_err *err);
/* Decides on a request that is already written in flow->request: without the evaluator when the bundle does not bind
 * the profile to the role (NULL or "" when it is not known). */
snt_status snt_flow_evaluate(struct snt_flow *flow, const char *profile, const char *role_arn, struct snt_err *err);
/* flow_facts.c: what plugins need, asked by this process. open sets keychain and databases of a source that has its
 * policy. */
void snt_flow_open_facts(struct snt_flow *flow, struct snt_facts_source *source);
snt_status snt_flow_finish_evaluation(struct snt_flow *flow, struct snt_slice request, struct snt_err *err);
/* flow_record.c */
snt_status snt_flow_record_decision(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_record_issued(struct snt_flow *flow, const struct snt_sts_session *session, int64_t duration_s,
                                  const char *clamped_by, struct snt_err *err);
/* A refusal before a decision, or STS's. When it cannot be recorded the error says so, and stays what it was. */
void snt_flow_record_failure(struct snt_flow *flow, struct snt_err *err);

#endif
