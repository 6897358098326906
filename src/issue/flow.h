/* issue/flow (layer 5, internal): the state of one request and the steps that issue.c and explain.c put in order. */
#ifndef SNT_ISSUE_FLOW_H
#define SNT_ISSUE_FLOW_H

#include "audit/log.h"
#include "aws/identity.h"
#include "aws/service.h"
#include "base/turn.h"
#include "facts/facts.h"
#include "issue/environment.h"
#include "issue/issue.h"
#include "issue/settings.h"
#include "keychain/cache.h"
#include "policy/decision.h"
#include "policy/request.h"
#include "policy/rounds.h"
#include "policy/source.h"

enum { SNT_FLOW_REGIONS_MAX = 8, SNT_FLOW_TURN_MS = 55000 };

/* Whose word the decision's time is (log.md, time_source). */
enum snt_time_source {
  SNT_TIME_LOCAL = 0, /* this machine's clock */
  SNT_TIME_STS,       /* the Date of STS's answer, a moment ago */
  SNT_TIME_CACHED     /* the same of an earlier call in this boot, and what has passed since */
};

/* What is granted: the smallest of request, rule, window, manifest, chaining and role; which one it was is recorded. */
struct snt_flow_grant {
  int64_t duration_s;
  const char *clamped_by;
  int64_t lease_s; /* after that the session's own policy denies everything; 0: it does not before its end */
};

/* A session that was issued before. */
struct snt_flow_session {
  struct snt_aws_credentials credentials;
  char chain[37];      /* of the log that holds its decision */
  char request_id[17]; /* that it was issued for */
  char session_id[128], source_identity[65];
  int64_t lease_s; /* that it ends with; 0: none */
};

/* A host of AWS's place, as a record names it, and the proxy that leads there; "" for none. */
struct snt_flow_host {
  char host[272];
  char proxy[512]; /* without user and password */
  char region[64];
};

struct snt_flow {
  const struct snt_issue_options *options;
  char request_id[17];
  int64_t began_at_ms; /* boot time; 0: whoever called has no limit of his own */
  const char *stage;   /* where it stands, for the failure's record */

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
  bool has_caches;          /* set by the caller: identity and policy may be those of a moment ago */
  /* set by the caller: NULL, or what has to be in order too before anything is decided, once the target is known */
  snt_status (*look_ahead)(struct snt_flow *flow, struct snt_err *err);
  void *context;                  /* of look_ahead */
  const char *console;            /* set by look_ahead: the host that signs in to the console; NULL: none does */
  bool is_read;                   /* the policy is a file whose bytes are there */
  bool is_known;                  /* and it was accepted before */
  bool is_loading;                /* the evaluator was given the policy, and was not waited for */
  struct snt_flow_bundle *bundle; /* what is known of a packed one of SSM (issue/flow_bundle.h); NULL for others */
  bool is_stale;                  /* no region had it: a copy serves emergencies */
  bool is_to_remember;            /* the policy, once it is in force: what a fallback region has to serve too */
  struct snt_buf problems;        /* of a refused policy: JSON array */
  struct snt_log *log;
  struct snt_keychain *keychain;
  struct snt_aws_credentials base;
  struct snt_buf base_hosts;              /* that were asked for them, each with a line feed behind it */
  struct snt_aws_endpoint base_service;   /* the last of AWS's services among them; empty: none */
  struct snt_aws_credentials mfa_session; /* of base, obtained with a code: it signs instead; empty: none */
  int64_t mfa_authenticated_at_ms;        /* when AWS took the code, by its clock; 0: not */
  bool is_mfa_kept;                       /* that was in an earlier call */
  bool is_mfa_direct;                     /* AssumeRole itself carries a code, which is asked for then */
  bool is_key_refused;                    /* AWS does not, or no longer, know what signed the last calls */
  struct snt_cache cache;                 /* what the base secret vouches for */
  struct snt_http_client *client;         /* NULL while nothing was asked of the network */
  const char *regions[SNT_FLOW_REGIONS_MAX + 1];
  struct snt_buf passed_over;       /* flow_regions.c */
  struct snt_aws_endpoint sts;      /* of the region that answered, or of the first */
  struct snt_flow_host sts_from;    /* the STS that was asked last, or that said before who asks */
  struct snt_flow_host policy_from; /* the SSM that was asked for the policy, or that a copy of it came from */
  bool wants_identity;              /* it is not known yet */
  bool wants_policy;                /* it is a parameter, and not there yet */
  bool is_identity_kept;            /* of this call's: who waits for it will find it */
  bool is_session_kept;

  struct snt_aws_identity who; /* its ARN is "" while it is not known */
  enum snt_time_source time_source;
  int64_t server_time_ms; /* STS's Date; 0: not known */
  int64_t server_boot_ms; /* when that was */
  int64_t policy_age_ms;  /* of a cached one */
  int64_t decided_at_ms;  /* the time of the request that was decided on */
  int64_t duration_s;     /* asked for */
  const char *marker;     /* of the session's names: "direct" */
  const char *approval;   /* id of the approval that it rests on; NULL: none */
  struct snt_buf request;
  struct snt_facts facts; /* that the decision rests on; they point into policy */
  struct snt_decision decision;
  struct snt_session_names names;
  struct snt_log_position decision_record;
};

/* Leaves the client's connections and a killed evaluator to the kernel: the process ends, and waiting for them takes as
 * long as a decision. Who becomes another program closes them first. */
void snt_flow_clear(struct snt_flow *flow);
#define SNT_FLOW_AUTO SNT_CLEANUP(snt_flow_clear)

/* issue.c: snt_issue with a flow of the caller's, whose connections stay. */
snt_status snt_flow_issue(struct snt_flow *flow, struct snt_issued *out, struct snt_err *err);
/* flow_prepare.c: all that needs neither secret nor network. */
/* What is left of limit_ms (of a turn, a question) since the call began, so that all its waits together take no longer
 * than one may; at least 1. */
int snt_flow_left_ms(const struct snt_flow *flow, int limit_ms);
snt_status snt_flow_load_settings(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_open(struct snt_flow *flow, struct snt_err *err);        /* settings, evaluator */
snt_status snt_flow_find_target(struct snt_flow *flow, struct snt_err *err); /* ~/.aws, profile, role */
/* The same, and a profile that nobody knows is an empty one. */
snt_status snt_flow_find_target_if_any(struct snt_flow *flow, struct snt_err *err);
/* The same, of who only asks: the profile "default" need not exist, because a key of the environment is enough. */
snt_status snt_flow_find_caller(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_find_policy(struct snt_flow *flow, struct snt_err *err); /* source; a file is loaded */
/* Hands its bytes to the evaluator; link waits until they are read. The evaluation confirms that it is in force. */
snt_status snt_flow_begin_policy(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_link_policy(struct snt_flow *flow, struct snt_err *err);
void snt_flow_remember_policy(const struct snt_flow *flow);
snt_status snt_flow_open_log(struct snt_flow *flow, struct snt_err *err);
/* The folder of the log, where small state is kept; "." without a log. */
snt_status snt_flow_state_folder(const struct snt_flow *flow, struct snt_buf *out, struct snt_err *err);
/* One process at a time for what is kept under that name ("<label>:<digits>"); kind tells apart what is done under it.
 * A folder that takes no file is no reason to refuse: then nobody waits. Codes TIMEOUT, NO_MEMORY, BUG. */
snt_status snt_flow_take_turn(const struct snt_flow *flow, const char *kind, const char *name, struct snt_turn *turn,
                              struct snt_err *err);
/* flow_base.c: base credentials. */
snt_status snt_flow_open_keychain(struct snt_flow *flow, struct snt_err *err);
snt_status snt_flow_find_credentials(struct snt_flow *flow, struct snt_err *err);
/* After a failure: when AWS no longer knows base credentials that were kept, they are obtained anew. */
bool snt_flow_renew_base(struct snt_flow *flow);
/* The regions that are asked, in order. Codes CONFIG_INVALID, USAGE. */
snt_status snt_flow_collect_regions(struct snt_flow *flow, struct snt_err *err);
/* The administrator may have locked where AWS is asked (endpoints: aws). Code CONFIG_INVALID. */
snt_status snt_flow_check_endpoint(const struct snt_flow *flow, const struct snt_aws_endpoint *endpoint,
                                   struct snt_err *err);
snt_status snt_flow_open_client(struct snt_flow *flow, struct snt_err *err);
/* flow_ask.c: policy and identity, together, as far as they are not known. */
snt_status snt_flow_ask(struct snt_flow *flow, struct snt_err *err);
/* Whether another region may be asked: this one is down, or busy. */
bool snt_flow_is_down(const struct snt_aws_call *call);
/* regions, and sts of the first of them. Codes CONFIG_INVALID, USAGE. */
snt_status snt_flow_find_regions(struct snt_flow *flow, struct snt_err *err);
/* Instead of ask: for calls to flow->sts and to IAM in the first region's partition. */
snt_status snt_flow_open_iam(struct snt_flow *flow, struct snt_aws_endpoint *iam, struct snt_err *err);
/* Instead of ask: for calls to a service ("ssm", "kms") in a region. Codes CONFIG_INVALID, USAGE. */
snt_status snt_flow_open_service(struct snt_flow *flow, const char *service, const char *region,
                                 struct snt_aws_endpoint *out, struct snt_err *err);
/* For a call to flow->sts that follows. */
snt_status snt_flow_open_sts(struct snt_flow *flow, struct snt_err *err);
/* Instead of ask, with neither evaluator nor identity: source is a parameter, and becomes policy. A fallback region has
 * to serve what was seen last. */
snt_status snt_flow_read_parameter(struct snt_flow *flow, struct snt_err *err);
/* The decision's time: STS's Date and what has passed since; the local clock when that is not known. */
int64_t snt_flow_now_ms(const struct snt_flow *flow);
/* flow_regions.c: why regions were passed over in the question at hand. tell adds that to the failure of the last that
 * was asked, which is_outage too, or is an answer. */
void snt_flow_pass_over(struct snt_flow *flow, const struct snt_err *err);
void snt_flow_tell_passed_over(const struct snt_flow *flow, bool is_outage, struct snt_err *err);
/* The index of the one that is asked after region; of NULL when there is none. */
size_t snt_flow_region_after(const struct snt_flow *flow, const char *region);
/* flow_way.c */
/* Whose certificates are trusted instead of the system's: a file's path; NULL for none. Borrowed. */
const char *snt_flow_find_ca_bundle(const struct snt_flow *flow);
/* Appends whose certificates are trusted and by which proxy url is reached. Code CONFIG_INVALID. */
snt_status snt_flow_add_trust(const struct snt_flow *flow, const char *url, struct snt_buf *out, struct snt_err *err);
/* Appends by which way a service ("sts", "ssm") is asked: the endpoint of the first region, whichever will answer, and
 * the same. It belongs to the name of whatever is kept of AWS's answers. */
snt_status snt_flow_add_way(const struct snt_flow *flow, const char *service, struct snt_buf *out, struct snt_err *err);
/* The same of one region. */
snt_status snt_flow_add_way_in(const struct snt_flow *flow, const char *service, const char *region,
                               struct snt_buf *out, struct snt_err *err);
/* For the record: by which way endpoint is asked. A proxy that is none is told by whoever asks. */
void snt_flow_note_host(const struct snt_flow *flow, const struct snt_aws_endpoint *endpoint,
                        struct snt_flow_host *out);
/* For the record: "system", or the path of the bundle. Borrowed. */
const char *snt_flow_name_ca(const struct snt_flow *flow);
/* flow_identity.c: recall is for those who keep it at all. */
bool snt_flow_keeps_identity(const struct snt_flow *flow);
bool snt_flow_recall_identity(struct snt_flow *flow);
void snt_flow_remember_identity(struct snt_flow *flow);
void snt_flow_forget_identity(const struct snt_flow *flow);
/* What it is kept under. */
snt_status snt_flow_name_identity(const struct snt_flow *flow, char out[static SNT_CACHE_NAME_CAP],
                                  struct snt_err *err);
/* flow_policy_cache.c */
/* $XDG_CACHE_HOME/sentinel, which may not be there. Code NOT_FOUND without HOME. */
snt_status snt_flow_cache_folder(struct snt_buf *out, struct snt_err *err);
bool snt_flow_recall_policy(struct snt_flow *flow);
void snt_flow_keep_policy(const struct snt_flow *flow);
/* flow_session.c: after the decision. granted_s is what this decision grants. */
snt_status snt_flow_name_session(const struct snt_flow *flow, char out[static SNT_CACHE_NAME_CAP], struct snt_err *err);
bool snt_flow_find_session(const struct snt_flow *flow, const char *name, int64_t granted_s,
                           struct snt_flow_session *out);
void snt_flow_session_clear(struct snt_flow_session *session);
/* Whether a session of that length can be handed out again at all: if not, nobody need wait for it. */
bool snt_flow_shares_session(const struct snt_flow *flow, int64_t granted_s);
void snt_flow_keep_session(struct snt_flow *flow, const char *name, const struct snt_flow_grant *grant,
                           const struct snt_aws_credentials *credentials);
/* flow_mfa.c: a profile with a device. find_mfa gets a session for which a code was given: a kept one, else a new one,
 * for which one process at a time asks; or leaves the code to AssumeRole (is_mfa_direct). Codes ACTION_REQUIRED (nobody
 * can be asked, no answer, no code, a code that AWS refused), AWS's own, CONFIG_INVALID, TIMEOUT. */
snt_status snt_flow_find_mfa(struct snt_flow *flow, struct snt_err *err);
/* snt_flow_ask; when AWS no longer knows the kept session, once more with a new one. */
snt_status snt_flow_ask_with_mfa(struct snt_flow *flow, struct snt_err *err);
/* What signs: the session, else the base credentials. */
const struct snt_aws_credentials *snt_flow_signer(const struct snt_flow *flow);
/* Whether the decision rests on a code that AssumeRole has yet to carry: no session from before it may be handed out.
 */
bool snt_flow_owes_code(const struct snt_flow *flow);
/* Asks for a code, now. */
snt_status snt_flow_ask_code(const struct snt_flow *flow, struct snt_secret **out, struct snt_err *err);
/* After an AssumeRole that carried a code: when that was, for as long as its session is handed out again. */
void snt_flow_keep_code(const struct snt_flow *flow, int64_t granted_s);
/* After a failure: what is kept of a code that AWS no longer knows, or that is too old for the policy, is forgotten,
 * and the hint says that the next call asks for another one. */
void snt_flow_forget_mfa(struct snt_flow *flow, struct snt_err *err);
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
snt_status snt_flow_record_issued(struct snt_flow *flow, const struct snt_flow_grant *grant,
                                  const struct snt_aws_credentials *credentials, struct snt_err *err);
/* A decision whose session is there already: both records, with one sync. */
snt_status snt_flow_record_reuse(struct snt_flow *flow, const struct snt_flow_grant *grant,
                                 const struct snt_flow_session *session, struct snt_err *err);
/* A refusal before a decision, or STS's. When it cannot be recorded the error says so, and stays what it was. */
void snt_flow_record_failure(struct snt_flow *flow, struct snt_err *err);

#endif
