/* issue/sso_login (layer 5): `login --sso`: a person signs in to IAM Identity Center, in the browser of this machine
 * (authorization code with PKCE) or in any other (device code). */
#ifndef SNT_ISSUE_SSO_LOGIN_H
#define SNT_ISSUE_SSO_LOGIN_H

#include "aws/sso_session.h"
#include "base/buf.h"
#include "issue/issue.h"

struct snt_sso_login_options {
  struct snt_issue_options common; /* config, backend */
  const char *name; /* an sso-session's, or a profile's; NULL: the only one there is, else AWS_PROFILE's */
  bool is_device;   /* by the device code, whatever could be shown here */
  void (*tell)(const char *text); /* a line for the person who signs in */
};

struct snt_sso_login {
  char name[257];        /* what was signed in to */
  int64_t expires_at_ms; /* of the access token */
  bool is_refreshable;   /* it goes on by itself after that */
  struct snt_buf where;  /* it is kept: "the file keychain", or a path */
};
void snt_sso_login_clear(struct snt_sso_login *login);
#define SNT_SSO_LOGIN_AUTO SNT_CLEANUP(snt_sso_login_clear)

/* Codes LOGIN_REQUIRED (nobody did, or it was refused), PROFILE_INVALID, USAGE (which of several), CONFIG_INVALID,
 * those of the network, of AWS and of the keychain. */
snt_status snt_issue_sso_login(const struct snt_sso_login_options *options, struct snt_sso_login *out,
                               struct snt_err *err);
/* Forgets a sign-in: name is what the keychain's entry is called, or what login takes. Appends what was done. Code
 * NOT_FOUND. */
snt_status snt_issue_sso_forget(const struct snt_issue_options *options, const char *name, struct snt_buf *out,
                                struct snt_err *err);

#endif
