/* aws/shared_config (layer 3): ~/.aws/config and ~/.aws/credentials, profile chains, and what a profile means to us.
 *
 * The meaning is the SDKs' (sdkref, "Shared config and credentials files"), with Sentinel's own keys of aws.md. */
#ifndef SNT_AWS_SHARED_CONFIG_H
#define SNT_AWS_SHARED_CONFIG_H

#include <stdint.h>

#include "base/secret.h"
#include "base/str.h"

struct snt_aws_shared_config; /* both files, merged: for one property the credentials file wins */

struct snt_aws_locations {
  char *config;      /* owned */
  char *credentials; /* owned */
};
/* AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, with a leading "~/" expanded, else below HOME (else the passwd
 * entry's home). Code CONFIG_INVALID when there is no home to find. lookup is getenv, or a test's. */
snt_status snt_aws_locations_find(const char *(*lookup)(void *context, const char *name), void *context,
                                  struct snt_aws_locations *out, struct snt_err *err);
/* HOME, else what the user database says; free() it. NULL when neither knows an absolute path. */
char *snt_aws_home(const char *(*lookup)(void *context, const char *name), void *context);
void snt_aws_locations_clear(struct snt_aws_locations *locations);

/* A missing file is an empty one. Code CONFIG_INVALID with file:line. */
snt_status snt_aws_shared_config_load(const struct snt_aws_locations *locations, struct snt_aws_shared_config **out,
                                      struct snt_err *err);
/* The same from texts; either may be NULL. */
snt_status snt_aws_shared_config_parse(const char *config, size_t config_len, const char *credentials,
                                       size_t credentials_len, struct snt_aws_shared_config **out, struct snt_err *err);
void snt_aws_shared_config_free(struct snt_aws_shared_config **config);
#define SNT_AWS_SHARED_CONFIG_AUTO SNT_CLEANUP(snt_aws_shared_config_free)

/* The property of a profile, or NULL; borrowed. Names of sub-properties are "s3.max_concurrent". include_profile (what
 * it includes fills gaps) is resolved here. */
const char *snt_aws_profile_get(const struct snt_aws_shared_config *config, const char *profile, const char *key);
bool snt_aws_profile_exists(const struct snt_aws_shared_config *config, const char *profile);
/* For "did you mean" and completions; in byte order. */
size_t snt_aws_profile_count(const struct snt_aws_shared_config *config);
const char *snt_aws_profile_name_at(const struct snt_aws_shared_config *config, size_t index);
/* For the shared tests: every property of a profile. */
size_t snt_aws_property_count(const struct snt_aws_shared_config *config, const char *profile);
const char *snt_aws_property_at(const struct snt_aws_shared_config *config, const char *profile, size_t index,
                                const char **value);

/* The same for [sso-session NAME]. */
bool snt_aws_sso_session_exists(const struct snt_aws_shared_config *config, const char *session);
/* In the order of the file; NULL behind the last one. */
const char *snt_aws_sso_session_name_at(const struct snt_aws_shared_config *config, size_t index);
const char *snt_aws_sso_session_get(const struct snt_aws_shared_config *config, const char *session, const char *key);

/* The same for [services NAME]: "sts.endpoint_url". */
const char *snt_aws_services_get(const struct snt_aws_shared_config *config, const char *section, const char *key);

/* Where the base credentials of one step of a chain come from. */
enum snt_aws_source {
  SNT_AWS_SOURCE_NONE = 0, /* nothing in the profile: keychain or environment have to know */
  SNT_AWS_SOURCE_STATIC,   /* aws_access_key_id and aws_secret_access_key of the profile */
  SNT_AWS_SOURCE_STORED,   /* a key that is kept under the profile's name: see struct snt_aws_stored_keys */
  SNT_AWS_SOURCE_NAMED,    /* credential_source: Environment, Ec2InstanceMetadata, EcsContainer */
  SNT_AWS_SOURCE_SSO,
  SNT_AWS_SOURCE_SSO_SESSION,
  SNT_AWS_SOURCE_WEB_IDENTITY,
  SNT_AWS_SOURCE_PROCESS,
};

struct snt_aws_role_step {
  const char *profile; /* where it stands */
  const char *role_arn;
  const char *role_session_name;
  const char *external_id;
  const char *mfa_serial;
  int64_t duration_s; /* 0: not set */
};

/* Keys that lie elsewhere under a profile's name end a chain as the profile's own keys do. */
struct snt_aws_stored_keys {
  /* Sets *is_there. A failure ends the resolution. */
  snt_status (*look)(void *context, const char *profile, bool *is_there, struct snt_err *err);
  void *context;
};

/* Nothing is known to be kept: what the files alone say. */
extern const struct snt_aws_stored_keys SNT_AWS_STORED_NONE;

#define SNT_AWS_CHAIN_MAX 8

/* A profile resolved: base first, then the roles in the order in which they are assumed. Borrowed from the config. */
struct snt_aws_chain {
  enum snt_aws_source source;
  const char *source_profile; /* the profile that holds the base credentials */
  const char *source_detail; /* of NAMED: the credential_source; of PROCESS: the command; of SSO_SESSION: the session */
  struct snt_aws_role_step steps[SNT_AWS_CHAIN_MAX];
  size_t step_count;
};

/* As the SDKs resolve it (the cases of assume-role-tests), with Sentinel's own keys before the plain ones. Codes
 * PROFILE_INVALID; a loop prints the chain, "a -> b -> a".
 *
 * stored: NULL, or asked about each profile behind the first that has no keys; a profile that says nothing is then no
 * error, but SNT_AWS_SOURCE_NONE. */
snt_status snt_aws_chain_resolve(const struct snt_aws_shared_config *config, const char *profile,
                                 const struct snt_aws_stored_keys *stored, struct snt_aws_chain *out,
                                 struct snt_err *err);

/* What a configuration's `profiles:` entry may say; NULL members are not set. It goes before ~/.aws/config. */
struct snt_aws_profile_settings {
  const char *role_arn, *source_profile, *external_id, *mfa_serial, *mfa_process, *region;
  int64_t duration_s;
};

/* What `credentials --profile P` is about: the one role that policy decides on, and where the key that assumes it is.
 */
struct snt_aws_target {
  const struct snt_aws_shared_config *config;
  char profile[257];
  char role_arn[2049];      /* "" when the profile has none: see snt_aws_target_require_role */
  char source_profile[257]; /* "" when the profile names none */
  char external_id[1225];
  char mfa_serial[257];
  char mfa_process[1025]; /* a command line for sh, whose first line is a code; "" for none */
  char region[64];
  char endpoint_url[1024]; /* endpoint_url of the profile; "" for none */
  char ca_bundle[1024];    /* ca_bundle of the profile */
  int64_t duration_s;      /* 0: not set */
};

/* settings may be NULL. `sentinel_role_arn`, `sentinel_source_profile`, `sentinel_external_id`, ... go before the plain
 * keys. A profile that neither layer knows: PROFILE_INVALID with the nearest name. A role ARN that cannot be one:
 * PROFILE_INVALID. A loop of source profiles: PROFILE_INVALID, printing the chain. */
snt_status snt_aws_target_resolve(const struct snt_aws_shared_config *config,
                                  const struct snt_aws_profile_settings *settings, const char *profile,
                                  struct snt_aws_target *out, struct snt_err *err);
/* PROFILE_INVALID with the two ways to name a role, when the target has none. */
snt_status snt_aws_target_require_role(const struct snt_aws_target *target, struct snt_err *err);

#endif
