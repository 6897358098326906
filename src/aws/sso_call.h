/* aws/sso_call (layer 3, inner): calls to IAM Identity Center. They are not signed: what they may do is in a token or
 * a code that they carry. */
#ifndef SNT_AWS_SSO_CALL_H
#define SNT_AWS_SSO_CALL_H

#include "aws/service.h"
#include "format/json.h"

/* Zeroed memory is an empty call. */
struct snt_sso_call {
  const char *action;                  /* "CreateToken"; for messages */
  char path[1024];                     /* "/token", with the query */
  struct snt_secret *body;             /* owned; JSON, NULL: a GET without one */
  const struct snt_secret *bearer;     /* the access token; NULL: none; borrowed */
  const struct snt_secret *secrets[3]; /* that the body holds: no message repeats them; borrowed */
  bool is_once;                        /* it goes out once, whatever comes of it: its code is good for one use */
  struct snt_aws_endpoint endpoint;
  struct snt_http_response response;
  struct {
    char code[65];     /* "authorization_pending", "UnauthorizedException"; "" when there is no refusal */
    char message[257]; /* for people; may be "" */
  } refusal;
};
void snt_sso_call_clear(struct snt_sso_call *call);
#define SNT_SSO_CALL_AUTO SNT_CLEANUP(snt_sso_call_clear)

/* Sends it, within three seconds, and once more within them when the answer is an outage. Fails only when nothing could
 * be tried; how it went is in response and refusal. */
snt_status snt_sso_call_perform(struct snt_http_client *client, struct snt_sso_call *call, struct snt_err *err);
/* The JSON object of a good answer. Codes NETWORK, TIMEOUT; AWS_REFUSED with AWS's code and message; ANSWER_INVALID. */
snt_status snt_sso_call_open(const struct snt_sso_call *call, struct snt_json_doc **out, struct snt_err *err);
/* ANSWER_INVALID, naming call, host and what is odd. */
snt_status snt_sso_call_refuse(const struct snt_sso_call *call, const char *what, struct snt_err *err);
/* Whether AWS refused it, with one of these codes (ends with NULL). */
bool snt_sso_call_is_refused_as(const struct snt_sso_call *call, const char *const *codes);
/* What time the server has now; the local clock's when the answer did not say. */
int64_t snt_sso_call_now_ms(const struct snt_sso_call *call);

#endif
