/* aws/sts_parts (layer 3, inner): what the calls of STS share: fields of a request (Query API), and of an answer (XML).
 */
#ifndef SNT_AWS_STS_PARTS_H
#define SNT_AWS_STS_PARTS_H

#include "aws/service.h"
#include "format/xml.h"

/* Appends "&name=value". */
snt_status snt_sts_add_field(struct snt_buf *body, const char *name, const char *value, struct snt_err *err);
/* The same, when there is a value. */
snt_status snt_sts_add_known(struct snt_buf *body, const char *name, const char *value, struct snt_err *err);

/* ANSWER_INVALID, naming the call, the host and what makes no sense. */
snt_status snt_sts_refuse_answer(const struct snt_aws_call *call, const char *what, struct snt_err *err);
/* The document of a good answer, with the root that the action has. */
snt_status snt_sts_open_answer(const struct snt_aws_call *call, const char *root, struct snt_xml_doc **out,
                               struct snt_err *err);
/* A field of printable ASCII without spaces, quotes and backslashes, at most max bytes: it goes into JSON as it is.
 * Borrowed from doc. */
snt_status snt_sts_find_field(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *path,
                              size_t max, const char **out, struct snt_err *err);
/* Credentials of the element result ("AssumeRoleResult"), which end in the future and within max_ms. On a failure out
 * is as it was. */
snt_status snt_sts_take_credentials(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *result,
                                    int64_t max_ms, struct snt_aws_credentials *out, struct snt_err *err);
/* That the session of the element result is one of the role of the call's subject, and carries the SourceIdentity that
 * was asked for where STS repeats it; out is its ARN. */
snt_status snt_sts_check_role(const struct snt_aws_call *call, const struct snt_xml_doc *doc, const char *result,
                              char out[static SNT_STS_ARN_CAP], struct snt_err *err);

#endif
