/* aws/sigv4 (layer 3): AWS Signature Version 4 in the Authorization header (AWS General Reference, "Signing AWS API
 * requests"). Every stage can be looked at, because every stage is tested. */
#ifndef SNT_AWS_SIGV4_H
#define SNT_AWS_SIGV4_H

#include <stdint.h>

#include "aws/credentials.h"
#include "base/buf.h"

struct snt_sigv4_header {
  const char *name;
  const char *value;
};

struct snt_sigv4_request {
  const char *method;
  const char *path;                       /* encoded once, as it stands in the request line */
  const char *query;                      /* without '?'; "" for none; as it stands in the request line */
  const struct snt_sigv4_header *headers; /* Host among them; not X-Amz-Date nor X-Amz-Security-Token */
  size_t header_count;
  const char *body;
  size_t body_len;
  const char *region;
  const char *service;
  int64_t time_ms;
  bool is_path_unnormalised; /* true for the vectors that say so, and for S3 */
  bool signs_body_header;    /* adds x-amz-content-sha256, as the vectors' sign_body */
  bool omits_session_token;  /* the vectors' omit_session_token: the token is sent but not signed */
};

/* The stages. canonical and to_sign hold no secret but the session token: buffers of the caller, wiped on clear. */
struct snt_sigv4_result {
  struct snt_buf canonical_request;
  struct snt_buf string_to_sign;
  char signature[65];
  char amz_date[17];
  char content_sha256[65];
  struct snt_buf authorization; /* the header's value */
};
void snt_sigv4_result_clear(struct snt_sigv4_result *result);
#define SNT_SIGV4_AUTO SNT_CLEANUP(snt_sigv4_result_clear)

snt_status snt_sigv4_sign(const struct snt_sigv4_request *request, const struct snt_aws_credentials *credentials,
                          struct snt_sigv4_result *out, struct snt_err *err);

#endif
