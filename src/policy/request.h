/* policy/request (layer 4): what the evaluator is given (policy.md, What the evaluator is given), as JSON that the core
 * writes: no null, no unknown field, a fixed order. */
#ifndef SNT_POLICY_REQUEST_H
#define SNT_POLICY_REQUEST_H

#include <stdint.h>

#include "aws/identity.h"
#include "base/buf.h"

#define SNT_REQUEST_FILE_CAP ((size_t)64 * 1024)
#define SNT_JUSTIFICATION_CAP 1024

/* X(name in policy and on the command line) */
#define SNT_MODES(X) X(credential_process) X(cli) X(server)

#define SNT_REQUEST_NO_TIME INT64_MIN

/* Strings are borrowed; NULL or "" is unknown, as are SNT_REQUEST_NO_TIME and a duration of 0. */
struct snt_request {
  struct snt_aws_identity user;
  const char *profile;
  const char *role_arn;
  const char *mode;
  int64_t time_ms;
  int64_t duration_s;
  const char *justification;
  const char *facts; /* more members as JSON text without braces, from snt_request_parse; NULL or "": none */
};

bool snt_mode_check(const char *mode);
/* Length, UTF-8 and control characters of a justification. Code USAGE. */
snt_status snt_justification_check(const char *text, struct snt_err *err);

/* Appends the request. Code NO_MEMORY, or USAGE for text that is not UTF-8. */
snt_status snt_request_format(const struct snt_request *request, struct snt_buf *out, struct snt_err *err);

/* A request file: the full form, or the short one in which user is a name. user and profile are required; mode is
 * credential_process, time is now_ms and duration 3600 when they are not given, and unknown when they are null. Unknown
 * fields and wrong types are refused with SYNTAX, naming the field. text is the storage of the strings and has to
 * outlive the request. */
struct snt_request_text {
  struct snt_buf strings;
  struct snt_buf facts;
};
void snt_request_text_clear(struct snt_request_text *text);
#define SNT_REQUEST_TEXT_AUTO SNT_CLEANUP(snt_request_text_clear)
snt_status snt_request_parse(const char *data, size_t len, const char *what, int64_t now_ms,
                             struct snt_request_text *text, struct snt_request *out, struct snt_err *err);

#endif
