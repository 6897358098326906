/* aws/sso_json (layer 3, inner): JSON objects of strings with secrets among them, written into a secret. */
#ifndef SNT_AWS_SSO_JSON_H
#define SNT_AWS_SSO_JSON_H

#include "base/secret.h"
#include "base/str.h"

/* Visible ASCII: what tokens, codes and ids are made of. */
bool snt_sso_is_visible(struct snt_slice text, size_t max);
/* Begins the object with its first member, and goes on with the others. The text is printable UTF-8. Code NO_MEMORY
 * past out's capacity. */
snt_status snt_sso_json_put(struct snt_secret *out, const char *key, struct snt_slice text, struct snt_err *err);
snt_status snt_sso_json_put_secret(struct snt_secret *out, const char *key, const struct snt_secret *text,
                                   struct snt_err *err);
/* The words of a text, which one blank separates, as an array. */
snt_status snt_sso_json_put_words(struct snt_secret *out, const char *key, const char *words, struct snt_err *err);
snt_status snt_sso_json_end(struct snt_secret *out, struct snt_err *err);

#endif
