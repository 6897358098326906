/* aws/sso_session (layer 3): a sign-in to IAM Identity Center as ~/.aws/config describes it: [sso-session NAME], or,
 * the older way, the keys sso_start_url and sso_region of a profile. */
#ifndef SNT_AWS_SSO_SESSION_H
#define SNT_AWS_SSO_SESSION_H

#include "aws/shared_config.h"
#include "base/sha1.h"

#define SNT_SSO_DEFAULT_SCOPE "sso:account:access" /* with it a refresh token comes */

struct snt_sso_session {
  char name[257]; /* of [sso-session NAME]; of a profile's own its start URL without the scheme: one sign-in serves all
                   * profiles with that URL. The keychain's entry is called that */
  char wanted[257]; /* what `sentinel login --sso` takes: the session's name, or the profile's */
  bool is_legacy;   /* a profile's own */
  char start_url[257];
  char region[64];
  char scopes[513];                /* separated by one blank; never empty */
  char file[SNT_SHA1_HEX_CAP + 5]; /* "<40 digits>.json" in the AWS CLI's cache */
};

/* [sso-session name]. Code PROFILE_INVALID: it is not there, lacks a key, or has one that cannot be. */
snt_status snt_sso_session_find(const struct snt_aws_shared_config *config, const char *name,
                                struct snt_sso_session *out, struct snt_err *err);
/* The one that a profile signs in with. Code PROFILE_INVALID: the same, and a profile that names none. */
snt_status snt_sso_session_of_profile(const struct snt_aws_shared_config *config, const char *profile,
                                      struct snt_sso_session *out, struct snt_err *err);
/* One that the configuration does not have, any more: name is what the keychain's entry is called. */
void snt_sso_session_of_name(const char *name, struct snt_sso_session *out);
/* The n-th of all: the sessions first, then the profiles that have their own (each of those, although several may mean
 * one sign-in). False behind the last. What is broken is among them: *status. */
bool snt_sso_session_at(const struct snt_aws_shared_config *config, size_t index, struct snt_sso_session *out,
                        snt_status *status, struct snt_err *err);

#endif
