/* facts/cache (layer 5): answers of HTTP that a process which stays uses again in later decisions, for as long as their
 * plugin says. Nothing else is kept: history changes with each grant, and a database of this machine is as near as what
 * would be kept of it.
 *
 * MUST
 *  1. give out an answer only for what it was asked with: bundle, plugin, user, question, parameters, URL, and the very
 *     secret; not for a user whom nobody knows;
 *  2. never after the plugin's ttl, nor when the clock does not say that time has passed; never tell an age that is too
 *     low;
 *  3. keep what Lua sees, and nothing of a secret: without this process's own key nobody can try one out;
 *  4. keep facts, not failures: neither a fact that was not had nor a status other than 2xx. */
#ifndef SNT_FACTS_CACHE_H
#define SNT_FACTS_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "base/status.h"

enum { SNT_FACT_CACHE_ENTRIES_MAX = 256, SNT_FACT_CACHE_BYTES_MAX = 256 * 1024 };

struct snt_fact_cache;
struct snt_facts_source;
struct snt_http_fact;

/* Of one process and one thread: a forked child finds nothing in it and keeps nothing. Code NO_MEMORY, or that of a
 * kernel that gives no random bytes. */
snt_status snt_fact_cache_new(struct snt_fact_cache **out, struct snt_err *err);
void snt_fact_cache_free(struct snt_fact_cache **cache);
#define SNT_FACT_CACHE_AUTO SNT_CLEANUP(snt_fact_cache_free)

/* Under what an answer will be kept, and since when it ages. Zeroed: it will not be kept. */
struct snt_fact_place {
  bool is_set;
  uint8_t id[SNT_SHA256_LEN];
  int64_t boot_ms, wall_ms; /* before it is asked for */
};

/* Whether the answer of a question that is prepared, with its secret, is there: then the fact has it, with its age.
 * Else the fact's place is set where it may be kept. source->cache may be NULL: nothing is there. */
bool snt_fact_cache_find(const struct snt_facts_source *source, struct snt_http_fact *fact);
/* Keeps the answer of a question that was not found, if it is good; what was used longest ago makes room. What cannot
 * be kept is asked for again. */
void snt_fact_cache_keep(struct snt_fact_cache *cache, const struct snt_http_fact *fact, long http_status);

/* How much is kept. */
struct snt_fact_cache_size {
  size_t entries, bytes;
};
struct snt_fact_cache_size snt_fact_cache_size(const struct snt_fact_cache *cache);

#endif
