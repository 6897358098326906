/* aws/credentials (layer 3): an access key, and the chain that finds base credentials (aws.md, Base credentials). */
#ifndef SNT_AWS_CREDENTIALS_H
#define SNT_AWS_CREDENTIALS_H

#include <stdint.h>

#include "aws/shared_config.h"
#include "base/secret.h"
#include "keychain/keychain.h"

struct snt_aws_credentials {
  char access_key_id[129];          /* not a secret */
  struct snt_secret *secret_key;    /* owned */
  struct snt_secret *session_token; /* owned; NULL for long-lived keys */
  int64_t expires_at_ms;            /* 0: not known or never */
  char source[256];                 /* for people: "keychain entry \"corp\" (file)", "environment" */
  bool is_kept;                     /* from an earlier call (aws/base_cache.h): AWS may no longer know them */
};
void snt_aws_credentials_clear(struct snt_aws_credentials *credentials);
#define SNT_AWS_CREDENTIALS_AUTO SNT_CLEANUP(snt_aws_credentials_clear)

/* The keychain's entry: {"access_key_id":..., "secret_access_key":..., "session_token":...}. Codes SYNTAX, NO_MEMORY.
 */
snt_status snt_aws_credentials_parse(const struct snt_secret *entry, struct snt_aws_credentials *out,
                                     struct snt_err *err);
snt_status snt_aws_credentials_format(const struct snt_aws_credentials *credentials, struct snt_secret **out,
                                      struct snt_err *err);
/* The keychain's entry of that name (kind "aws"), with its source. Codes NOT_FOUND, those of the keychain, and KEYCHAIN
 * for an entry that cannot be used. */
snt_status snt_aws_credentials_load(struct snt_keychain *keychain, const char *name, struct snt_aws_credentials *out,
                                    struct snt_err *err);
/* An access key id: 16-128 of [A-Z0-9]. A secret access key: 1-256 printable ASCII without spaces. */
bool snt_aws_access_key_id_check(const char *id);

/* A key as it stands in a text; slices that borrow. An empty token: none. */
struct snt_aws_key_text {
  struct snt_slice id, secret, token;
};
/* Checks and copies; what ("profile \"corp\"") begins the message and becomes the source. Fails with the code given,
 * or NO_MEMORY. */
snt_status snt_aws_credentials_take_text(const struct snt_aws_key_text *text, const char *what, enum snt_code code,
                                         struct snt_aws_credentials *out, struct snt_err *err);

/* Secrets of the environment, taken out of it (and wiped there) before anything else reads it; see cli/main.c. */
struct snt_aws_environment {
  struct snt_aws_credentials credentials; /* empty access_key_id: the environment has none */
  struct snt_secret *container_token;     /* AWS_CONTAINER_AUTHORIZATION_TOKEN; NULL: none */
  char problem[96];                       /* why its keys are none, for when they are asked for; "": nothing is wrong */
};

/* In the order of aws.md: what the named source profile says (its keys, the keychain entry of its name, else the chain
 * that it begins: roles on the way are assumed); without one the keychain entry of the profile's own name, and its
 * credential_source; environment; the profile's static keys, its IAM Identity Center, its web identity, that of the
 * environment; container; instance. struct snt_aws_search is in aws/base_sources.h.
 *
 * Codes NO_CREDENTIALS (naming what was looked at, within a second), KEYCHAIN, ACTION_REQUIRED, PROFILE_INVALID
 * (expired, half a key, a loop), and those of the sources. */
struct snt_aws_search;
snt_status snt_aws_credentials_find(const struct snt_aws_search *search, struct snt_aws_credentials *out,
                                    struct snt_err *err);
/* The name of the entry (kind "aws") that it begins with, whether or not there is one; NULL: something else comes first
 * and may be all that it needs. Borrowed from the target. */
const char *snt_aws_credentials_first_name(const struct snt_aws_target *target);

#endif
