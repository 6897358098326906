/* aws/base_sources (layer 3, inner): where base credentials come from beside keys that lie somewhere (aws.md, Base
 * credentials; the SDKs' meaning): each source in a file of its own, chosen in base_credentials.c. */
#ifndef SNT_AWS_BASE_SOURCES_H
#define SNT_AWS_BASE_SOURCES_H

#include "aws/credentials.h"
#include "aws/service.h"
#include "keychain/cache.h"

/* What a search may use. All is borrowed. */
struct snt_aws_search {
  const struct snt_aws_target *target;
  struct snt_keychain *keychain;                 /* NULL: none */
  const struct snt_aws_environment *environment; /* NULL: none */
  enum snt_cache_place cache;                    /* where temporary base credentials may be kept (aws/base_cache.h) */
  bool is_fresh;                                 /* none that was kept is taken: AWS no longer knows it */
  const char *ca_bundle;      /* whose certificates are trusted instead of the system's; NULL: none */
  const char *region;         /* of the calls to STS that a source makes, where the profile says none; "" for none */
  int64_t end_ms;             /* monotonic: when a program that is asked for keys is killed; 0: 50 s after its start */
  bool keeps_sso_in_keychain; /* tokens of IAM Identity Center: else where the AWS CLI keeps them */
  const char *turns;          /* a folder of the user's: one process at a time renews there; NULL: each by itself */
  /* The network is opened by the first source that needs it. */
  snt_status (*open_client)(void *context, struct snt_http_client **out, struct snt_err *err);
  /* Before each call to AWS: the administrator may have locked where it goes (endpoints: aws). */
  snt_status (*check_endpoint)(void *context, const struct snt_aws_endpoint *endpoint, struct snt_err *err);
  void *context;
};

/* Where a source asks STS: in the region of the profile (NULL: none) that names it, else in search->region. what ("the
 * role of profile \"s\"") is for messages. Codes CONFIG_INVALID, USAGE. */
snt_status snt_aws_search_sts(const struct snt_aws_search *search, const char *profile, const char *what,
                              struct snt_aws_endpoint *out, struct snt_err *err);

/* Each fills in out, with source and expires_at_ms, or fails: NO_CREDENTIALS (naming profile or variable, and what was
 * asked), LOGIN_REQUIRED (a person has to sign in: exit status 4), PROFILE_INVALID, NETWORK and TIMEOUT, AWS_REFUSED,
 * ANSWER_INVALID. None asks a person, and none opens a browser.
 *
 * profile: where the keys of the configuration stand; NULL for sources that the environment configures. */
snt_status snt_aws_source_sso(const struct snt_aws_search *search, const char *profile, struct snt_aws_credentials *out,
                              struct snt_err *err);
snt_status snt_aws_source_web_identity(const struct snt_aws_search *search, const char *profile,
                                       struct snt_aws_credentials *out, struct snt_err *err);
snt_status snt_aws_source_process(const struct snt_aws_search *search, const char *profile,
                                  struct snt_aws_credentials *out, struct snt_err *err);
snt_status snt_aws_source_container(const struct snt_aws_search *search, struct snt_aws_credentials *out,
                                    struct snt_err *err);
/* is_named: a credential_source says so, and the usual patience is had; else it is the last resort, and over within
 * 700 ms. */
snt_status snt_aws_source_instance(const struct snt_aws_search *search, bool is_named, struct snt_aws_credentials *out,
                                   struct snt_err *err);

#endif
