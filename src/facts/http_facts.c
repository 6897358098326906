/* MUST
 *  1. ask every question at most once, on a connection of its own, without a proxy, and wait for none longer than its
 *     plugin allows or the decision's deadline;
 *  2. use an answer that was kept only where the question could be asked now: it is granted, and its secret is there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "facts/facts_internal.h"
#include "facts/http_fact.h"
#include "facts/reach.h"

/* Tests only: the servers that they start are on loopback. */
static bool check_loopback(const struct sockaddr *address, bool allows_private) {
  (void)address, (void)allows_private;
  return true;
}

static snt_status open_client(struct snt_facts_source *source, const struct snt_reach_override *override,
                              struct snt_err *err) {
  struct snt_http_options options = {.ca_bundle = override->ca_bundle};
  return source->http != NULL ? snt_done() : snt_http_client_open(&options, &source->http, err);
}

/* False after the fact was marked as failed. */
static bool add_secret(const struct snt_facts_source *source, struct snt_http_fact *fact) {
  const char *name = fact->fact->question->secret;
  struct snt_secret *secret = NULL;
  struct snt_err inner = {0};
  if (name[0] == '\0') {
    return true;
  }
  snt_status status = source->keychain == NULL
                          ? snt_fail(&inner, SNT_CODE_KEYCHAIN, "no keychain is open")
                          : snt_keychain_read(source->keychain, SNT_KEYCHAIN_KIND_PLUGIN, name, &secret, &inner);
  if (status.code == SNT_CODE_NOT_FOUND) {
    snt_fact_fail(fact->fact, SNT_FACT_UNAVAILABLE, "its secret is not in the keychain: sentinel add --secret %s",
                  name);
    return false;
  }
  if (snt_ok(status)) {
    status = snt_http_fact_add_secret(fact, secret, &inner);
  }
  if (!snt_ok(status)) {
    snt_fact_fail(fact->fact, SNT_FACT_UNAVAILABLE, "%s", inner.message);
  }
  return snt_ok(status);
}

static struct snt_http_request request_of(const struct snt_http_fact *fact, int64_t deadline_ms) {
  const struct snt_question *question = fact->fact->question;
  int64_t left_ms = deadline_ms - snt_clock_monotonic_ms();
  int64_t limit_ms = fact->fact->plugin->timeout_ms < left_ms ? fact->fact->plugin->timeout_ms : left_ms;
  struct snt_http_request request = {.method = "GET",
                                     .url = snt_buf_borrow(&fact->url),
                                     .timeout_ms = limit_ms > 1 ? (int)limit_ms : 1,
                                     .connect_timeout_ms = limit_ms > 1 ? (int)limit_ms : 1,
                                     .body_cap = SNT_HTTP_FACT_BODY_CAP,
                                     .is_fresh = true,
                                     .route = &fact->route};
  request.headers[request.header_count++] =
      (struct snt_http_header){"Accept", question->accept[0] == '\0' ? "application/json" : question->accept};
  if (fact->header != NULL) {
    const struct snt_plugin_secret *secret = snt_plugin_find_secret(fact->fact->plugin, question->secret);
    request.headers[request.header_count++] = (struct snt_http_header){secret->header, snt_secret_borrow(fact->header)};
  }
  return request;
}

static snt_status ask(struct snt_facts_source *source, struct snt_http_fact *asked, size_t count, int64_t deadline_ms,
                      struct snt_err *err) {
  struct snt_http_request requests[SNT_FACTS_MAX] = {0};
  struct snt_http_response responses[SNT_FACTS_MAX] = {0};
  for (size_t i = 0; i < count; i++) {
    requests[i] = request_of(&asked[i], deadline_ms);
  }
  snt_status status = snt_http_perform(source->http, requests, responses, count, err);
  for (size_t i = 0; i < count; i++) {
    status = snt_ok(status) ? snt_http_fact_take(&asked[i], &responses[i], err) : status;
    if (snt_ok(status)) {
      snt_fact_cache_keep(source->cache, &asked[i], responses[i].http_status);
    }
    snt_http_response_clear(&responses[i]);
  }
  return status;
}

snt_status snt_facts_fetch_http(struct snt_facts_source *source, struct snt_fact *facts, size_t count,
                                int64_t deadline_ms, struct snt_err *err) {
  const struct snt_reach_override override = snt_reach_override();
  struct snt_http_fact asked[SNT_FACTS_MAX] = {0};
  size_t good = 0;
  for (size_t i = 0; i < count && i < SNT_FACTS_MAX; i++) {
    if (facts[i].kind != SNT_NEED_HTTP) {
      continue;
    }
    struct snt_http_fact *next = &asked[good];
    next->fact = &facts[i];
    next->grant = snt_grants_find(&source->policy->manifest.grants, facts[i].plugin->name);
    next->route = (struct snt_http_route){.may_connect = override.allows_loopback ? check_loopback : snt_reach_check,
                                          .allows_private = next->grant->allows_private,
                                          .connect_to = override.connect_to};
    if (snt_http_fact_prepare(next) && add_secret(source, next) && !snt_fact_cache_find(source, next)) {
      good++;
    } else {
      snt_http_fact_clear(next);
      *next = (struct snt_http_fact){0};
    }
  }
  snt_status status = good == 0 ? snt_done() : open_client(source, &override, err);
  status = snt_ok(status) && good > 0 ? ask(source, asked, good, deadline_ms, err) : status;
  for (size_t i = 0; i < good; i++) {
    snt_http_fact_clear(&asked[i]);
  }
  return status;
}
