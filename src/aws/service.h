/* aws/service (layer 3): the AWS calls we make. Each is prepared, performed (several in parallel) and parsed, so that
 * the flow of issue/ decides what goes out together. */
#ifndef SNT_AWS_SERVICE_H
#define SNT_AWS_SERVICE_H

#include <stdint.h>

#include "aws/credentials.h"
#include "base/buf.h"
#include "net/http.h"

/* Where a service is: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's endpoint_url (AWS_IGNORE_CONFIGURED_
 * ENDPOINT_URLS is honoured), else https://<service>.<region>.<partition's domain> ("oidc" for SSO_OIDC, "portal.sso"
 * for SSO). Plain http only to a literal
 * loopback address. Codes CONFIG_INVALID (naming the variable), BUG. */
struct snt_aws_endpoint {
  char url[1024];     /* without a trailing slash */
  char host[272];     /* for the Host header and the record */
  char region[64];    /* that the signature names; of IAM, which has one endpoint in a partition, that one's */
  char service[16];   /* "sts", "ssm", "iam", "kms", "signin", "sso_oidc", "sso" */
  bool is_overridden; /* not AWS's own name */
  char named_by[96]; /* where that is configured, for messages: "AWS_ENDPOINT_URL_STS", "endpoint_url of the profile" */
};
/* AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT are honoured; FIPS and another endpoint exclude each other. */
snt_status snt_aws_endpoint_find(const char *service, const char *region, const char *configured_url,
                                 struct snt_aws_endpoint *out, struct snt_err *err);
/* What a profile wishes; NULL or "" for nothing. Borrowed. */
struct snt_aws_endpoint_wish {
  const char *url;               /* endpoint_url, of its services section or its own */
  const char *services;          /* the section that url is of; NULL: it is the profile's own */
  const char *fips, *dual_stack; /* use_fips_endpoint, use_dualstack_endpoint: "true", "false" */
};
snt_status snt_aws_endpoint_choose(const char *service, const char *region, const struct snt_aws_endpoint_wish *wish,
                                   struct snt_aws_endpoint *out, struct snt_err *err);
/* As target's profile wishes. */
snt_status snt_aws_endpoint_of(const struct snt_aws_target *target, const char *service, const char *region,
                               struct snt_aws_endpoint *out, struct snt_err *err);
/* "us-east-1": 3-63 of [a-z0-9-], a DNS label. Code USAGE naming it. */
snt_status snt_aws_region_check(const char *region, struct snt_err *err);

/* "aws-cn" for "cn-north-1"; "aws" for a region that no other partition has. */
const char *snt_aws_partition_of(const char *region);

/* A call: owns what is asked, then the answer. Zeroed memory is an empty call. */
struct snt_aws_call {
  struct snt_aws_endpoint endpoint;
  const struct snt_aws_credentials *credentials; /* borrowed until the call is cleared; NULL: it is not signed */
  const struct snt_secret *bearer;               /* borrowed; of a call that is not signed: what says who asks */
  const char *target;                            /* X-Amz-Target of JSON services; NULL for STS and IAM */
  struct snt_buf body;
  struct snt_http_response response;
  char *what;              /* "STS GetCallerIdentity in us-east-1", for messages; owned */
  char *subject;           /* the role's ARN or the parameter's name; owned; NULL for none */
  char *source_identity;   /* what AssumeRole asked for; owned; NULL for none */
  int64_t duration_s;      /* what AssumeRole asked for */
  int64_t clock_offset_ms; /* added to the local clock when signing: 0, or what is known of the server's clock; a
                            * refusal for skew sets it */
  bool is_once;            /* it goes out once, whatever comes of it: it carries an MFA code */
  int timeout_ms;          /* for the whole call; 0: 3,000 */
  size_t body_cap;         /* of the answer, in bytes; 0: SNT_HTTP_BODY_CAP */
  void (*on_answer)(void *context, const struct snt_aws_call *call); /* NULL, or called when AWS has answered with 200,
                                                                      * while other calls may still be awaited */
  void *context;
};
void snt_aws_call_clear(struct snt_aws_call *call);
#define SNT_AWS_CALL_AUTO SNT_CLEANUP(snt_aws_call_clear)

snt_status snt_sts_prepare_get_caller_identity(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                               const struct snt_aws_credentials *credentials, struct snt_err *err);

struct snt_sts_tag {
  const char *key;
  const char *value;
};

struct snt_sts_assume_role {
  const char *role_arn;
  const char *role_session_name;
  const char *source_identity;
  bool is_on_the_way; /* base credentials of another role come of it: it carries no SourceIdentity, which would last */
  const char *external_id; /* NULL or "": none */
  int64_t duration_s;
  const char *mfa_serial; /* NULL or "": none */
  const char *mfa_code;
  const char *policy; /* session policy, JSON; NULL: none */
  const struct snt_sts_tag *tags;
  size_t tag_count;
};
/* A session policy that leaves the role what it has until that time, and denies everything after. */
enum { SNT_STS_LEASE_CAP = 256 };
void snt_sts_format_lease(int64_t ends_at_ms, char out[static SNT_STS_LEASE_CAP]);
snt_status snt_sts_prepare_assume_role(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials,
                                       const struct snt_sts_assume_role *parameters, struct snt_err *err);

struct snt_sts_web_identity {
  const char *role_arn;
  const char *role_session_name;
  const struct snt_secret *token; /* that the identity provider issued */
};
/* AssumeRoleWithWebIdentity: no key signs it, the token says who asks. */
snt_status snt_sts_prepare_web_identity(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                        const struct snt_sts_web_identity *parameters, struct snt_err *err);

#define SNT_MFA_CODE_LEN 6
struct snt_sts_mfa {
  const char *serial;
  const char *code; /* SNT_MFA_CODE_LEN digits */
  int64_t duration_s;
};
/* GetSessionToken of a long-lived key. */
snt_status snt_sts_prepare_get_session_token(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                             const struct snt_aws_credentials *credentials,
                                             const struct snt_sts_mfa *parameters, struct snt_err *err);
/* GetParameter with decryption. */
snt_status snt_ssm_prepare_get_parameter(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                         const struct snt_aws_credentials *credentials, const char *name,
                                         struct snt_err *err);

/* Signs and sends the calls together. A call whose answer is an outage is asked once more within its time; one that is
 * refused for skew is signed again with the server's time, once; no call goes out more than twice, and one that is_once
 * only once. How each went is in
 * its response (a refusal by AWS is a whole answer: the parse functions turn it into an error). */
snt_status snt_aws_perform(struct snt_http_client *client, struct snt_aws_call *const *calls, size_t count,
                           struct snt_err *err);

/* The parse functions: the response's own failure, AWS_REFUSED with AWS's code and message (and the missing permission
 * and trust-policy lines where that is the reason), ANSWER_INVALID for anything odd, LOGIN_REQUIRED for expired base
 * credentials. Nothing is written to the out-parameters on a failure. */
struct snt_sts_caller {
  char arn[2049];
  char account[13];
  int64_t date_ms;        /* STS's Date header; a missing one is ANSWER_INVALID */
  int64_t received_at_ms; /* monotonic */
};
snt_status snt_sts_parse_get_caller_identity(const struct snt_aws_call *call, struct snt_sts_caller *out,
                                             struct snt_err *err);

#define SNT_STS_ARN_CAP ((size_t)2049)
struct snt_sts_session {
  struct snt_aws_credentials credentials;
  char assumed_role_arn[SNT_STS_ARN_CAP];
};
void snt_sts_session_clear(struct snt_sts_session *session);
snt_status snt_sts_parse_assume_role(const struct snt_aws_call *call, struct snt_sts_session *out, struct snt_err *err);

/* AWS_REFUSED for a token that has expired or is not accepted: no login of ours would help, whatever writes the token
 * has to. The SourceIdentity, which a provider may set, is not looked at. */
snt_status snt_sts_parse_web_identity(const struct snt_aws_call *call, struct snt_sts_session *out,
                                      struct snt_err *err);

/* date_ms: STS's Date header, when the code was accepted. ACTION_REQUIRED for a code that is refused. */
snt_status snt_sts_parse_get_session_token(const struct snt_aws_call *call, struct snt_aws_credentials *out,
                                           int64_t *date_ms, struct snt_err *err);

struct snt_ssm_parameter {
  struct snt_buf value;
  int64_t version;
  int64_t modified_ms; /* since 1970; 0: the answer does not say */
  bool is_secure;
};
void snt_ssm_parameter_clear(struct snt_ssm_parameter *parameter);
/* NO_POLICY for ParameterNotFound; POLICY_INVALID for a StringList, and for a SecureString that was not decrypted. */
snt_status snt_ssm_parse_get_parameter(const struct snt_aws_call *call, struct snt_ssm_parameter *out,
                                       struct snt_err *err);
/* Whether STS refused an AssumeRole because the role's maximum session duration is shorter than what was asked for. */
bool snt_sts_is_duration_refused(const struct snt_aws_call *call);
/* Whether AWS refused the call because it does not, or no longer, know the key or the session that signed it. */
bool snt_aws_call_is_key_refused(const struct snt_aws_call *call);
/* Whether AWS refused the call as one too many: nothing was done, and after a pause it may be asked again. Such a call
 * does not go out again by itself. */
bool snt_aws_call_is_throttled(const struct snt_aws_call *call);
/* Whether the failure of a prepared and performed call is an outage (another region may be tried) or an answer. */
bool snt_aws_call_is_outage(const struct snt_aws_call *call);

#endif
