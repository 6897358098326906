/* aws/mfa_session (layer 3): a session that a code was given for, and when; as it is kept. */
#ifndef SNT_AWS_MFA_SESSION_H
#define SNT_AWS_MFA_SESSION_H

#include "aws/credentials.h"

/* What GetSessionToken accepts for an IAM user. */
#define SNT_MFA_SESSION_MIN_S 900
#define SNT_MFA_SESSION_MAX_S 129600
/* A session with less than that left is not used any more: STS issues none under 15 minutes, and a minute passes. */
#define SNT_MFA_SESSION_LEAST_S 960

struct snt_mfa_session {
  struct snt_aws_credentials credentials; /* expires_at_ms is set */
  int64_t authenticated_at_ms;            /* when AWS took the code, by its clock */
};
void snt_mfa_session_clear(struct snt_mfa_session *session);
#define SNT_MFA_SESSION_AUTO SNT_CLEANUP(snt_mfa_session_clear)

/* {"v":1,"authenticated_at":ms,"expires_at":ms,"credentials":{...}}, the last as in aws/credentials.h. Codes NO_MEMORY,
 * BUG. */
snt_status snt_mfa_session_format(const struct snt_mfa_session *session, struct snt_secret **out, struct snt_err *err);
/* Code SYNTAX for anything that format does not write, times that cannot be one session's included. */
snt_status snt_mfa_session_parse(const struct snt_secret *text, struct snt_mfa_session *out, struct snt_err *err);
/* Whether it may be used at now_ms, when a code is to serve for life_s at most. */
bool snt_mfa_session_is_good(const struct snt_mfa_session *session, int64_t life_s, int64_t now_ms);

#endif
