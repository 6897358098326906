#include "facts/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "facts/facts.h"
#include "facts/http_fact.h"

struct entry {
  struct snt_fact_place place;
  int64_t ttl_s;
  uint64_t used; /* the higher, the later */
  struct snt_buf value;
};

struct snt_fact_cache {
  struct snt_secret *key;
  struct entry entries[SNT_FACT_CACHE_ENTRIES_MAX];
  struct snt_fact_cache_size size;
  uint64_t uses;
};

snt_status snt_fact_cache_new(struct snt_fact_cache **out, struct snt_err *err) {
  *out = NULL;
  SNT_FACT_CACHE_AUTO struct snt_fact_cache *cache = calloc(1, sizeof *cache);
  if (cache == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_secret_new(SNT_SHA256_LEN, &cache->key, err));
  SNT_TRY(snt_random_bytes(snt_secret_borrow_writable(cache->key), SNT_SHA256_LEN, err));
  snt_secret_set_len(cache->key, SNT_SHA256_LEN);
  *out = SNT_MOVE(cache);
  return snt_done();
}

void snt_fact_cache_free(struct snt_fact_cache **cache) {
  struct snt_fact_cache *own = SNT_MOVE(*cache);
  if (own == NULL) {
    return;
  }
  for (size_t i = 0; i < own->size.entries; i++) {
    snt_buf_clear(&own->entries[i].value);
  }
  snt_secret_free(&own->key);
  free(own);
}

struct snt_fact_cache_size snt_fact_cache_size(const struct snt_fact_cache *cache) {
  return cache->size;
}

static void hash(const struct snt_fact_cache *cache, const void *data, size_t len, uint8_t out[static SNT_SHA256_LEN]) {
  snt_hmac_sha256(snt_secret_borrow(cache->key), snt_secret_len(cache->key), data, len, out);
}

/* Each part with its length before it, so that no two questions have the same text. */
static snt_status add_part(struct snt_buf *out, const void *data, size_t len, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, "%zu:", len));
  return snt_buf_append(out, data, len, err);
}

static snt_status add_text(struct snt_buf *out, const char *text, struct snt_err *err) {
  return add_part(out, text, strlen(text), err);
}

/* All but the secret. What the plugin's manifest says is a part of it, whole: select, accept, which secret is sent and
 * how, limits. */
static snt_status write_question(const struct snt_facts_source *source, const struct snt_http_fact *http,
                                 struct snt_buf *out, struct snt_err *err) {
  const struct snt_plugin *plugin = http->fact->plugin;
  const struct snt_question *question = http->fact->question;
  const char *const texts[] = {source->policy->sha256, source->user, plugin->sha256,
                               question->name,         "GET",        snt_buf_borrow(&http->url)};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    SNT_TRY(add_text(out, texts[i], err));
  }
  for (size_t i = 0; i < question->param_count; i++) {
    const char *value = snt_fact_param(http->fact, question->params[i].name);
    SNT_TRY(add_text(out, value == NULL ? "" : value, err));
  }
  return add_part(out, snt_buf_borrow(&plugin->said), plugin->said.len, err);
}

static bool is_for_keeping(const struct snt_facts_source *source, const struct snt_http_fact *http) {
  const struct snt_plugin *plugin = http->fact->plugin;
  if (source->cache == NULL || snt_secret_len(source->cache->key) != SNT_SHA256_LEN) { /* none, or a parent's */
    return false;
  }
  return plugin->cache_ttl_s > 0 && plugin->sha256[0] != '\0' && source->policy->sha256[0] != '\0' &&
         source->user != NULL && source->user[0] != '\0';
}

static void find_place(const struct snt_facts_source *source, struct snt_http_fact *http) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  uint8_t of_secret[SNT_SHA256_LEN];
  http->place = (struct snt_fact_place){.boot_ms = snt_clock_boot_ms(), .wall_ms = snt_clock_wall_ms()};
  if (!is_for_keeping(source, http) || !snt_ok(write_question(source, http, &text, NULL))) {
    return;
  }
  if (http->secret != NULL) {
    hash(source->cache, snt_secret_borrow(http->secret), snt_secret_len(http->secret), of_secret);
    if (!snt_ok(add_part(&text, of_secret, sizeof of_secret, NULL))) {
      return;
    }
  }
  hash(source->cache, text.data, text.len, http->place.id);
  http->place.is_set = true;
}

/* How old it is, or -1 when it may not be used: it is too old, or nobody can say. A machine that was halted may have
 * only one clock that took note of it. */
static int64_t age_of(const struct entry *entry) {
  int64_t by_boot_ms = snt_clock_boot_ms() - entry->place.boot_ms;
  int64_t by_wall_ms = snt_clock_wall_ms() - entry->place.wall_ms;
  int64_t age_s = (by_wall_ms > by_boot_ms ? by_wall_ms : by_boot_ms) / 1000;
  return by_boot_ms > 0 && age_s < entry->ttl_s ? age_s : -1;
}

static void drop(struct snt_fact_cache *cache, struct entry *entry) {
  struct entry *last = &cache->entries[--cache->size.entries];
  cache->size.bytes -= entry->value.len;
  snt_buf_clear(&entry->value);
  *entry = *last;
  *last = (struct entry){0};
}

static void drop_old(struct snt_fact_cache *cache) {
  for (size_t i = cache->size.entries; i > 0; i--) {
    if (age_of(&cache->entries[i - 1]) < 0) {
      drop(cache, &cache->entries[i - 1]);
    }
  }
}

static struct entry *look_up(struct snt_fact_cache *cache, const struct snt_fact_place *place) {
  for (size_t i = 0; i < cache->size.entries; i++) {
    if (memcmp(cache->entries[i].place.id, place->id, sizeof place->id) == 0) {
      return &cache->entries[i];
    }
  }
  return NULL;
}

bool snt_fact_cache_find(const struct snt_facts_source *source, struct snt_http_fact *fact) {
  find_place(source, fact);
  if (!fact->place.is_set) {
    return false;
  }
  drop_old(source->cache);
  struct entry *entry = look_up(source->cache, &fact->place);
  int64_t age_s = entry == NULL ? -1 : age_of(entry);
  struct snt_fact *of = fact->fact;
  snt_buf_reset(&of->value);
  if (age_s < 0 || !snt_ok(snt_buf_append(&of->value, entry->value.data, entry->value.len, NULL))) {
    return false;
  }
  entry->used = ++source->cache->uses;
  of->status = SNT_FACT_OK;
  of->is_cached = true;
  of->age_s = age_s;
  return true;
}

static struct entry *find_oldest(struct snt_fact_cache *cache) {
  struct entry *oldest = &cache->entries[0];
  for (size_t i = 1; i < cache->size.entries; i++) {
    oldest = cache->entries[i].used < oldest->used ? &cache->entries[i] : oldest;
  }
  return oldest;
}

static void make_room(struct snt_fact_cache *cache, size_t len) {
  while (cache->size.entries == SNT_FACT_CACHE_ENTRIES_MAX ||
         (cache->size.entries > 0 && cache->size.bytes + len > SNT_FACT_CACHE_BYTES_MAX)) {
    drop(cache, find_oldest(cache));
  }
}

void snt_fact_cache_keep(struct snt_fact_cache *cache, const struct snt_http_fact *fact, long http_status) {
  const struct snt_fact *of = fact->fact;
  struct snt_buf value = {0};
  if (!fact->place.is_set || of->status != SNT_FACT_OK || http_status / 100 != 2 ||
      of->value.len > SNT_FACT_BYTES_MAX || !snt_ok(snt_buf_append(&value, of->value.data, of->value.len, NULL))) {
    return;
  }
  drop_old(cache);
  struct entry *same = look_up(cache, &fact->place);
  if (same != NULL) {
    drop(cache, same);
  }
  make_room(cache, value.len);
  cache->entries[cache->size.entries++] =
      (struct entry){.place = fact->place, .ttl_s = of->plugin->cache_ttl_s, .used = ++cache->uses, .value = value};
  cache->size.bytes += value.len;
}
