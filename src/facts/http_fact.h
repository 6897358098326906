/* facts/http_fact (layer 5): one question over HTTP and what its answer comes to. */
#ifndef SNT_FACTS_HTTP_FACT_H
#define SNT_FACTS_HTTP_FACT_H

#include "base/secret.h"
#include "facts/cache.h"
#include "net/http.h"
#include "policy/needs.h"

enum { SNT_HTTP_FACT_BODY_CAP = 256 * 1024 };

/* What a question needs while it is asked. */
struct snt_http_fact {
  struct snt_fact *fact;
  const struct snt_grant *grant;
  struct snt_buf url;
  struct snt_secret *secret; /* as it lies in the keychain; NULL: none */
  struct snt_secret *header; /* the header's value with the secret in it */
  struct snt_http_route route;
  struct snt_fact_place place; /* where its answer may be kept */
};
void snt_http_fact_clear(struct snt_http_fact *fact);

/* Builds the URL and checks its host against the grant. False after the fact was marked as failed. */
bool snt_http_fact_prepare(struct snt_http_fact *fact);
/* Puts the secret into the form that the manifest wants: `Token token=%s`, or %b for base64. Codes NO_MEMORY; SYNTAX
 * for a secret with control characters. */
snt_status snt_http_fact_add_secret(struct snt_http_fact *fact, struct snt_secret *secret, struct snt_err *err);
/* Sets the fact from the answer: {"status","headers","json"} or {"status","headers","text"}. */
snt_status snt_http_fact_take(struct snt_http_fact *fact, const struct snt_http_response *response,
                              struct snt_err *err);

#endif
