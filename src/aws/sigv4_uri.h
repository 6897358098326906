/* aws/sigv4_uri (layer 3): the path and the query of a canonical request; for sigv4.c. */
#ifndef SNT_AWS_SIGV4_URI_H
#define SNT_AWS_SIGV4_URI_H

#include "base/buf.h"

/* Appends the path of a request line, encoded once more, as AWS wants it for every service but S3. */
snt_status snt_sigv4_add_path(const char *request_path, bool is_unnormalised, struct snt_buf *out, struct snt_err *err);
/* Appends the query in its canonical order and encoding. */
snt_status snt_sigv4_add_query(const char *query, struct snt_buf *out, struct snt_err *err);

#endif
