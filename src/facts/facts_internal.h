/* facts/facts_internal (layer 5): the kinds of facts, for facts.c. Each sets status and value or reason of its facts.
 */
#ifndef SNT_FACTS_INTERNAL_H
#define SNT_FACTS_INTERNAL_H

#include "facts/facts.h"

/* The HTTP facts among these, in parallel; others are left alone. */
snt_status snt_facts_fetch_http(struct snt_facts_source *source, struct snt_fact *facts, size_t count,
                                int64_t deadline_ms, struct snt_err *err);
snt_status snt_facts_fetch_geoip(const struct snt_facts_source *source, struct snt_fact *fact, struct snt_err *err);
snt_status snt_facts_fetch_history(const struct snt_facts_source *source, struct snt_fact *fact, struct snt_err *err);

/* A fact that could not be had, and why; the text is cut and holds no secret. */
void snt_fact_fail(struct snt_fact *fact, enum snt_fact_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
