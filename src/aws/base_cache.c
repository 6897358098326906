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
#include "base/file.h"
#include "base/turn.h"

enum { LEFT_MIN_MS = 5 * 60 * 1000, LINE_CAP = 320, TURN_MS = 10000 };

/* What is kept under which name. */
struct place {
  struct snt_cache cache;
  char name[SNT_CACHE_NAME_CAP];
};

/* Any of AWS's: what tells one proxy from another. */
#define SOME_URL "https://sts.amazonaws.com"

static snt_status find_place(const struct snt_aws_search *search, const struct snt_aws_base_kept *kept,
                             struct place *out, struct snt_err *err) {
  char proxy[512] = "";
  const char *bundle = search->ca_bundle == NULL ? "" : search->ca_bundle;
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_http_proxy_for(NULL, SOME_URL, proxy, sizeof proxy, err));
  SNT_TRY(snt_buf_appendf(&text, err, "%zu:%s,%zu:%s,", strlen(bundle), bundle, strlen(proxy), proxy));
  SNT_TRY(snt_buf_append(&text, kept->text.data, kept->text.len, err));
  out->cache = (struct snt_cache){.place = search->cache, .keychain = search->keychain, .owner = kept->owner};
  snt_cache_name(&out->cache, SNT_KEYCHAIN_KIND_BASE, search->target->profile, (struct snt_slice){text.data, text.len},
                 out->name);
  return snt_done();
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

static bool recall(const struct place *place, struct snt_aws_credentials *out) {
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials found = {0};
  if (!snt_cache_read(&place->cache, SNT_KEYCHAIN_KIND_BASE, place->name, &entry) || !parse_entry(entry, &found) ||
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

/* By the owner that they have now. */
static bool keep(const struct snt_aws_search *search, const struct snt_aws_base_kept *kept,
                 const struct snt_aws_credentials *credentials) {
  struct place place = {0};
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  int64_t life_ms = credentials->expires_at_ms - snt_clock_wall_ms() - LEFT_MIN_MS;
  return life_ms > 0 && snt_ok(find_place(search, kept, &place, NULL)) && snt_ok(format_entry(credentials, &entry)) &&
         snt_cache_write(&place.cache, SNT_KEYCHAIN_KIND_BASE, place.name, entry, life_ms / 1000 + 1);
}

/* Where nothing can be kept nobody need wait. That there is no turn to be had is no reason to refuse. */
static void take_turn(const struct snt_aws_search *search, const struct place *place, struct snt_turn *turn) {
  char name[SNT_CACHE_NAME_CAP + 8];
  if (search->turns != NULL && snt_cache_check(&place->cache) && snt_ok(snt_file_make_folders(search->turns, NULL))) {
    (void)snprintf(name, sizeof name, "base-%s", strrchr(place->name, ':') + 1);
    SNT_IGNORE(snt_turn_take(search->turns, name, TURN_MS, turn, NULL));
  }
}

static snt_status ask_in_turn(const struct snt_aws_search *search, const struct snt_aws_base_kept *kept,
                              const struct place *place, struct snt_aws_credentials *out, struct snt_err *err) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  struct snt_err failure = {0};
  take_turn(search, place, &turn);
  if (turn.was_told) {
    if (err != NULL) {
      *err = turn.told;
    }
    return (snt_status){turn.told.code};
  }
  if (turn.has_waited && !search->is_fresh && recall(place, out)) {
    return snt_done();
  }
  snt_status status = kept->ask(kept->context, out, &failure);
  if (!snt_ok(status)) {
    snt_turn_tell(&turn, &failure);
  } else if (!keep(search, kept, out)) {
    snt_turn_release(&turn);
  }
  if (!snt_ok(status) && err != NULL) {
    *err = failure;
  }
  return status;
}

snt_status snt_aws_base_cache_obtain(const struct snt_aws_search *search, const struct snt_aws_base_kept *kept,
                                     struct snt_aws_credentials *out, struct snt_err *err) {
  struct place place = {0};
  memset(out, 0, sizeof *out);
  SNT_TRY(find_place(search, kept, &place, err));
  return !search->is_fresh && recall(&place, out) ? snt_done() : ask_in_turn(search, kept, &place, out, err);
}
