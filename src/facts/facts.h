/* facts/facts (layer 5): answers what plugins need, for policy/rounds: HTTP, GeoIP, history.
 *
 * MUST
 *  1. ask only what the bundle grants, of hosts that it names;
 *  2. give back no secret, in no encoding;
 *  3. let one fact that fails be one failed fact. */
#ifndef SNT_FACTS_FACTS_H
#define SNT_FACTS_FACTS_H

#include "keychain/keychain.h"
#include "policy/rounds.h"

struct snt_fact_cache;
struct snt_http_client;

/* Everything is borrowed, but http. */
struct snt_facts_source {
  const struct snt_policy *policy;
  struct snt_keychain *keychain;      /* of plugin secrets; NULL: there are none */
  const char *log_path;               /* of the decision log; NULL: there is no history */
  const char *user;                   /* who asks, and whose history */
  const char *const *geoip_databases; /* paths, ended by NULL; NULL: none */
  struct snt_fact_cache *cache;       /* facts/cache.h: of a process that stays; NULL: every fact is asked for */
  struct snt_http_client *http;       /* opened on first use */
};
void snt_facts_source_clear(struct snt_facts_source *source);
/* For snt_rounds_finish; borrows the source. */
struct snt_fact_source snt_facts_source_of(struct snt_facts_source *source);

#endif
