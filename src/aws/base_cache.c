/* Temporary base credentials that are kept (aws.md, Base credentials).
 *
 * MUST
 *  1. tell apart what was heard by another way: the environment can lead a call elsewhere, and the next one must not
 *     believe what came of it;
 *  2. give out nothing that is about to end. */
#include "aws/base_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

enum { LEFT_MIN_MS = 5 * 60 * 1000, LINE_CAP = 320 };

/* Any of AWS's: what tells one proxy from another. */
#define SOME_URL "https://sts.amazonaws.com"

static struct snt_cache cache_of(const struct snt_aws_search *search, const struct snt_secret *owner) {
  return (struct snt_cache){.place = search->cache, .keychain = search->keychain, .owner = owner};
}

static bool make_name(const struct snt_aws_search *search, const struct snt_cache *cache, struct snt_slice text,
                      char out[static SNT_CACHE_NAME_CAP]) {
  char proxy[512] = "";
  const char *bundle = search->ca_bundle == NULL ? "" : search->ca_bundle;
  SNT_BUF_AUTO struct snt_buf whole = {0};
  bool is_good =
      snt_ok(snt_http_proxy_for(NULL, SOME_URL, proxy, sizeof proxy, NULL)) &&
      snt_ok(snt_buf_appendf(&whole, NULL, "%zu:%s,%zu:%s,", strlen(bundle), bundle, strlen(proxy), proxy)) &&
      snt_ok(snt_buf_append(&whole, text.data, text.len, NULL));
  if (is_good) {
    snt_cache_name(cache, SNT_KEYCHAIN_KIND_BASE, search->target->profile, (struct snt_slice){whole.data, whole.len},
                   out);
  }
  return is_good;
}

/* "<end> <source>\n", and the keys as the keychain has them. */
static bool parse_entry(const struct snt_secret *entry, struct snt_aws_credentials *out) {
  const char *text = snt_secret_borrow(entry);
  const char *line_end = memchr(text, '\n', snt_secret_len(entry));
  char *source = NULL;
  int64_t end_ms = line_end == NULL ? 0 : strtoll(text, &source, 10);
  if (line_end == NULL || end_ms <= 0 || *source != ' ' || line_end - source >= LINE_CAP) {
    return false;
  }
  const char *keys_text = line_end + 1;
  size_t keys_len = snt_secret_len(entry) - (size_t)(keys_text - text);
  SNT_SECRET_AUTO struct snt_secret *keys = NULL;
  if (!snt_ok(snt_secret_new_from(keys_text, keys_len, &keys, NULL)) ||
      !snt_ok(snt_aws_credentials_parse(keys, out, NULL))) {
    return false;
  }
  (void)snprintf(out->source, sizeof out->source, "%.*s", (int)(line_end - source - 1), source + 1);
  out->expires_at_ms = end_ms;
  out->is_kept = true;
  return out->session_token != NULL;
}

bool snt_aws_base_cache_read(const struct snt_aws_search *search, const struct snt_secret *owner, struct snt_slice text,
                             struct snt_aws_credentials *out) {
  char name[SNT_CACHE_NAME_CAP];
  struct snt_cache cache = cache_of(search, owner);
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials found = {0};
  memset(out, 0, sizeof *out);
  if (search->is_fresh || !make_name(search, &cache, text, name) ||
      !snt_cache_read(&cache, SNT_KEYCHAIN_KIND_BASE, name, &entry) || !parse_entry(entry, &found) ||
      found.expires_at_ms < snt_clock_wall_ms() + LEFT_MIN_MS) {
    return false;
  }
  *out = found;
  found = (struct snt_aws_credentials){0}; /* ownership went to out */
  return true;
}

static snt_status format_entry(const struct snt_aws_credentials *credentials, struct snt_secret **out) {
  char line[LINE_CAP];
  SNT_SECRET_AUTO struct snt_secret *keys = NULL;
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  int len = snprintf(line, sizeof line, "%" PRId64 " %s\n", credentials->expires_at_ms, credentials->source);
  SNT_TRY(snt_aws_credentials_format(credentials, &keys, NULL));
  SNT_TRY(snt_secret_new((size_t)len + snt_secret_len(keys), &entry, NULL));
  SNT_TRY(snt_secret_append(entry, line, (size_t)len, NULL));
  SNT_TRY(snt_secret_append(entry, snt_secret_borrow(keys), snt_secret_len(keys), NULL));
  *out = SNT_MOVE(entry);
  return snt_done();
}

void snt_aws_base_cache_write(const struct snt_aws_search *search, const struct snt_secret *owner,
                              struct snt_slice text, const struct snt_aws_credentials *credentials) {
  char name[SNT_CACHE_NAME_CAP];
  struct snt_cache cache = cache_of(search, owner);
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  int64_t life_ms = credentials->expires_at_ms - snt_clock_wall_ms() - LEFT_MIN_MS;
  if (life_ms > 0 && make_name(search, &cache, text, name) && snt_ok(format_entry(credentials, &entry))) {
    (void)snt_cache_write(&cache, SNT_KEYCHAIN_KIND_BASE, name, entry, life_ms / 1000 + 1);
  }
}
