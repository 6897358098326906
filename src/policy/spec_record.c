#include "policy/spec_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "policy/rounds.h"
#include "policy/spec_fixture.h"

/* Longer than a decision's: a person may have to type a passphrase. Each plugin's own limit holds for its question. */
enum { ASK_MS = 60 * 1000 };

static void forget(struct snt_spec_recorder *recorder) {
  for (size_t i = 0; i < recorder->count; i++) {
    snt_buf_clear(&recorder->known[i].value);
  }
  free(recorder->known);
  recorder->known = NULL;
  recorder->count = 0;
  snt_buf_clear(&recorder->http);
  snt_buf_clear(&recorder->geoip);
}

void snt_spec_recorder_clear(struct snt_spec_recorder *recorder) {
  forget(recorder);
  snt_buf_clear(&recorder->told);
}

void snt_spec_recorder_begin(struct snt_spec_recorder *recorder, const char *path, const struct snt_policy *policy) {
  forget(recorder);
  recorder->path = path;
  recorder->policy = policy;
}

snt_status snt_spec_recorder_end(struct snt_spec_recorder *recorder, struct snt_err *err) {
  const struct snt_buf *http = &recorder->http;
  const struct snt_buf *geoip = &recorder->geoip;
  if (http->len + geoip->len > 0) {
    bool is_table = !snt_fixture_is_lua(recorder->path);
    SNT_TRY(snt_buf_appendf(&recorder->told, err, "recorded for %s, to be put %s\n", recorder->path,
                            is_table ? "under its mocks:" : "into a case or a before_each:"));
    SNT_TRY(snt_buf_append_str(&recorder->told, is_table && http->len > 0 ? "  http:\n" : "", err));
    SNT_TRY(snt_buf_append(&recorder->told, snt_buf_borrow(http), http->len, err));
    SNT_TRY(snt_buf_append_str(&recorder->told, is_table && geoip->len > 0 ? "  geoip:\n" : "", err));
    SNT_TRY(snt_buf_append(&recorder->told, snt_buf_borrow(geoip), geoip->len, err));
  }
  forget(recorder);
  return snt_done();
}

static snt_status make_key(const struct snt_fact *fact, char out[static 65], struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&text, err, "%s %d %s ", fact->plugin->name, (int)fact->kind, snt_fact_need(fact)));
  SNT_TRY(snt_fixture_format_params(fact, &text, err));
  snt_sha256_hex(text.data, text.len, out);
  return snt_done();
}

static const struct snt_recorded *find_known(const struct snt_spec_recorder *recorder, const char *key) {
  for (size_t i = 0; i < recorder->count; i++) {
    if (strcmp(recorder->known[i].key, key) == 0) {
      return &recorder->known[i];
    }
  }
  return NULL;
}

/* Asks what was not asked before: those that were stand before the others then. */
static snt_status fetch(void *context, struct snt_fact *facts, size_t count, int64_t deadline_ms, struct snt_err *err) {
  struct snt_spec_recorder *recorder = context;
  size_t had = 0;
  for (size_t i = 0; i < count; i++) {
    char key[65];
    SNT_TRY(make_key(&facts[i], key, err));
    const struct snt_recorded *known = find_known(recorder, key);
    if (known != NULL) {
      struct snt_fact fact = facts[i];
      facts[i] = facts[had];
      facts[had] = fact;
      SNT_TRY(snt_buf_append(&facts[had].value, known->value.data, known->value.len, err));
      facts[had++].status = SNT_FACT_OK;
    }
  }
  const struct snt_fact_asker *asker = &recorder->asker;
  return had == count ? snt_done()
                      : asker->ask(asker->context, recorder->policy, facts + had, count - had, deadline_ms, err);
}

/* Writes a good answer, once, and remembers it for the cases that follow. */
static snt_status record(struct snt_spec_recorder *recorder, const struct snt_fact *fact, struct snt_err *err) {
  char key[65];
  SNT_TRY(make_key(fact, key, err));
  if (find_known(recorder, key) != NULL) {
    return snt_done();
  }
  if (recorder->known == NULL) {
    recorder->known = calloc(SNT_RECORDED_MAX, sizeof *recorder->known);
  }
  if (recorder->known == NULL) {
    return snt_fail_memory(err);
  }
  if (recorder->count == SNT_RECORDED_MAX) {
    return snt_fail(err, SNT_CODE_ANSWER_NO, "a run records %d answers of a spec: make mocks of them, and run it again",
                    SNT_RECORDED_MAX);
  }
  SNT_TRY(fact->kind == SNT_NEED_HTTP ? snt_fixture_put_http(recorder->path, fact, &recorder->http, err)
                                      : snt_fixture_put_geoip(recorder->path, fact, &recorder->geoip, err));
  struct snt_recorded *next = &recorder->known[recorder->count];
  SNT_TRY(snt_buf_append(&next->value, fact->value.data, fact->value.len, err));
  memcpy(next->key, key, sizeof key);
  recorder->count++;
  return snt_done();
}

static snt_status refuse(const struct snt_fact *fact, const char *why, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf params = {0};
  SNT_TRY(snt_fixture_format_params(fact, &params, err));
  return snt_fail(err, SNT_CODE_ANSWER_NO,
                  "plugin \"%s\" asks %s %s, no mock answers that, and it was not recorded: %s", fact->plugin->name,
                  snt_fact_need(fact), params.data, why);
}

/* The last added of the facts. Good ones are recorded also where another one fails. */
static snt_status answer(struct snt_spec_recorder *recorder, struct snt_facts *facts, size_t added,
                         struct snt_err *err) {
  const struct snt_policy *policy = recorder->policy;
  const struct snt_fact_source source = {.context = recorder, .fetch = fetch};
  struct snt_fact *first = facts->list + facts->count - added;
  for (size_t i = 0; i < added; i++) {
    if (first[i].kind == SNT_NEED_HISTORY) {
      return refuse(&first[i], "it is of this machine's user; write a mock of history", err);
    }
  }
  SNT_TRY(snt_rounds_fetch(policy, &source, facts, added, snt_clock_monotonic_ms() + ASK_MS, err));
  for (size_t i = 0; i < added; i++) {
    SNT_TRY(first[i].status == SNT_FACT_OK ? record(recorder, &first[i], err) : snt_done());
  }
  for (size_t i = 0; i < added; i++) {
    if (first[i].status != SNT_FACT_OK) {
      bool has_bundle = policy->manifest.name[0] != '\0';
      return refuse(&first[i], has_bundle ? first[i].reason : "the plugin lies in no bundle that grants it", err);
    }
  }
  return snt_done();
}

snt_status snt_spec_record_case(struct snt_spec_recorder *recorder, struct snt_evaluator *evaluator, size_t number,
                                struct snt_buf *reply, struct snt_err *err) {
  SNT_FACTS_AUTO struct snt_facts facts = {0};
  for (;;) {
    SNT_BUF_AUTO struct snt_buf known = {0};
    size_t added = 0;
    bool is_over = false;
    snt_buf_reset(reply);
    SNT_TRY(snt_facts_format(&facts, false, &known, err));
    SNT_TRY(snt_evaluator_record_case(evaluator, number, (struct snt_slice){known.data, known.len}, reply, err));
    SNT_TRY(snt_needs_parse(snt_buf_borrow(reply), reply->len, recorder->policy, &facts, &added, &is_over, err));
    if (is_over) {
      return snt_fail(err, SNT_CODE_ANSWER_NO,
                      "it asks more than %d questions that no mock answers: make mocks of what was recorded, and run "
                      "it again",
                      SNT_FACTS_MAX);
    }
    if (added == 0) {
      return snt_done();
    }
    SNT_TRY(answer(recorder, &facts, added, err));
  }
}
