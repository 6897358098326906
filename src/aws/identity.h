/* aws/identity (layer 3): who asks (aws.md, Who is asking), and the names a session carries (SourceIdentity). */
#ifndef SNT_AWS_IDENTITY_H
#define SNT_AWS_IDENTITY_H

#include "base/status.h"

struct snt_aws_identity {
  char arn[2049];
  char account[13];
  char partition[16];
  char kind[16];  /* user, sso, role, federated, root */
  char user[512]; /* as policy sees it */
  char role[128]; /* the caller's role name; "" for users */
};

/* The number of an account: 12 digits. */
bool snt_aws_account_check(const char *text);
/* Code ANSWER_INVALID for anything that is not a caller's ARN. accounts (ends with NULL; NULL for none) is
 * identity.accounts: where it is set, a user of another account is "<account>/<name>". */
snt_status snt_aws_identity_parse(const char *arn, const char *const *accounts, struct snt_aws_identity *out,
                                  struct snt_err *err);
/* The short form of the command line and of specs: a name stands for kind user in account 123456789012, "role/R/x",
 * "federated/x" and "root" for their kinds. Code USAGE. */
snt_status snt_aws_identity_from_short(const char *name, struct snt_aws_identity *out, struct snt_err *err);

struct snt_session_names {
  char session_id[128];       /* sentinel:alice:direct:a1b2c3d4e5f60718 */
  char source_identity[65];   /* sentinel=alice=direct=a1b2c3d4e5f60718 */
  char role_session_name[65]; /* a1b2c3d4e5f60718-alice */
};

/* marker is "direct", "bg" and 6 hex digits, or 8 hex digits; request_id 16 hex digits; separator '=' or ':'.
 * The values are checked against STS's pattern and length. Code BUG when the arguments are not of their form. */
snt_status snt_session_names_make(const char *user, const char *marker, const char *request_id, char separator,
                                  struct snt_session_names *out, struct snt_err *err);
/* The user part: at most 29 bytes of [A-Za-z0-9_.@+-]; no two users share one. */
void snt_session_user_part(const char *user, char out[static 30]);

/* A role's ARN: "arn:P:iam::A:role/path/Name". Fills account and name (without path). Code PROFILE_INVALID. */
snt_status snt_aws_role_arn_parse(const char *arn, char account[static 13], char name[static 128], struct snt_err *err);

#endif
