/* aws/ssm (layer 3): the calls to Parameter Store beside GetParameter, which service.h has: many values at once,
 * writing, deleting, what there was before and what there is below a path (AWS Systems Manager API Reference:
 * GetParameters, PutParameter, DeleteParameters, GetParameterHistory, GetParametersByPath). Prepared, performed and
 * parsed as in service.h; all values come decrypted. Whatever an answer holds beside what was asked for is
 * ANSWER_INVALID. */
#ifndef SNT_AWS_SSM_H
#define SNT_AWS_SSM_H

#include "aws/service.h"
#include "base/str.h"

/* SSM's own bound for one call. */
enum { SNT_SSM_BATCH_MAX = 10 };

/* 1 to SNT_SSM_BATCH_MAX names, each once, without version or label; anything else is a BUG. Borrowed for the call of
 * the function only. */
struct snt_ssm_names {
  const char *const *list;
  size_t count;
};

snt_status snt_ssm_prepare_get_parameters(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                          const struct snt_aws_credentials *credentials,
                                          const struct snt_ssm_names *names, struct snt_err *err);
/* In the order of the names; a parameter that is not there has version 0 and no value. */
struct snt_ssm_batch {
  struct snt_ssm_parameter list[SNT_SSM_BATCH_MAX];
  size_t count;   /* as many as there are names */
  size_t missing; /* so many of them are not there */
};
void snt_ssm_batch_clear(struct snt_ssm_batch *batch);
#define SNT_SSM_BATCH_AUTO SNT_CLEANUP(snt_ssm_batch_clear)
/* names: those that were asked for. POLICY_INVALID for a SecureString that was not decrypted. */
snt_status snt_ssm_parse_get_parameters(const struct snt_aws_call *call, const struct snt_ssm_names *names,
                                        struct snt_ssm_batch *out, struct snt_err *err);

enum snt_ssm_tier {
  SNT_SSM_TIER_STANDARD = 0, /* values of up to 4,096 bytes */
  SNT_SSM_TIER_ADVANCED,     /* of up to 8,192; it costs, and there is no way back */
  SNT_SSM_TIER_INTELLIGENT,  /* SSM picks */
};
struct snt_ssm_put {
  const char *name;
  struct snt_slice value;  /* UTF-8 without NUL */
  const char *description; /* NULL: none, or the one it has */
  enum snt_ssm_tier tier;
  bool is_secure;     /* SecureString, with the account's own key */
  bool may_overwrite; /* else one that is there is left as it is */
};
/* One that may overwrite goes out once: sent again after an outage it could undo what another wrote in between, so an
 * outage leaves it open whether it was written, and whoever asked reads it back. One that may not goes out again as
 * other calls do: what is there then may be its own. Both have 10 s. What goes out once is not signed again
 * for skew either: give it the clock_offset_ms of a call before it. A parameter keeps its type and an advanced one its
 * tier: to write over it, say what it has (or SNT_SSM_TIER_INTELLIGENT). */
snt_status snt_ssm_prepare_put_parameter(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                         const struct snt_aws_credentials *credentials, const struct snt_ssm_put *put,
                                         struct snt_err *err);
/* *version: the one that was written. */
snt_status snt_ssm_parse_put_parameter(const struct snt_aws_call *call, int64_t *version, struct snt_err *err);
/* Whether it was refused because there is such a parameter already. */
bool snt_ssm_is_put_over_existing(const struct snt_aws_call *call);

snt_status snt_ssm_prepare_delete_parameters(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                             const struct snt_aws_credentials *credentials,
                                             const struct snt_ssm_names *names, struct snt_err *err);
/* None of the names is there any more. *deleted: so many were. */
snt_status snt_ssm_parse_delete_parameters(const struct snt_aws_call *call, const struct snt_ssm_names *names,
                                           size_t *deleted, struct snt_err *err);

/* A version of a parameter, or a parameter of a listing. */
struct snt_ssm_entry {
  char *name;
  struct snt_buf value; /* empty in a listing that keeps none */
  int64_t version;
  int64_t modified_ms; /* since 1970 */
  bool is_secure;
  char *modified_by; /* ARN of who wrote it; "" when SSM does not say, as in listings */
  char *description; /* "" for none, and for one that cannot be shown */
};
/* What the pages that were parsed into it held, sorted: a history by version, the newest first; a listing by name, byte
 * for byte. Zeroed memory is an empty one. next_token: pass it to the next prepare; NULL: that was the last page. A
 * page that fails leaves all as it was; whoever goes on then begins again with an empty one. */
struct snt_ssm_entries {
  struct snt_ssm_entry *list;
  size_t count;
  size_t cap;
  char *next_token;
  size_t pages;      /* so many were parsed */
  bool keeps_values; /* set before the first page of a listing; a history always does */
};
void snt_ssm_entries_clear(struct snt_ssm_entries *entries);
#define SNT_SSM_ENTRIES_AUTO SNT_CLEANUP(snt_ssm_entries_clear)

/* A page of at most 50 versions; token NULL: the first. NO_POLICY when there is no such parameter. */
snt_status snt_ssm_prepare_get_history(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials, const char *name,
                                       const char *token, struct snt_err *err);
snt_status snt_ssm_parse_get_history(const struct snt_aws_call *call, struct snt_ssm_entries *history,
                                     struct snt_err *err);
/* A page of at most 10 of all parameters below a path ("/sentinel/bundles", without a slash at its end). */
snt_status snt_ssm_prepare_get_by_path(struct snt_aws_call *call, const struct snt_aws_endpoint *endpoint,
                                       const struct snt_aws_credentials *credentials, const char *path,
                                       const char *token, struct snt_err *err);
snt_status snt_ssm_parse_get_by_path(const struct snt_aws_call *call, struct snt_ssm_entries *listing,
                                     struct snt_err *err);

#endif
