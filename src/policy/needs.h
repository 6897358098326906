/* policy/needs (layer 4): what an evaluation needs from outside before it can decide, and what became of it
 * (architecture.md, A decision is a pure function).
 *
 * MUST
 *  1. take a need only of a plugin that has it in its manifest, with exactly the parameters that it has there;
 *  2. mark what the bundle does not grant as a fact that could not be had: nobody is asked. */
#ifndef SNT_POLICY_NEEDS_H
#define SNT_POLICY_NEEDS_H

#include <stdint.h>

#include "policy/source.h"

enum { SNT_FACTS_MAX = 16, SNT_FACTS_BYTES_MAX = 24 * 1024, SNT_FACT_BYTES_MAX = 4 * 1024 };

/* X(NAME, name in the evaluator's JSON) */
#define SNT_NEED_KINDS(X) X(HTTP, "http") X(GEOIP, "geoip") X(HISTORY, "history")

enum snt_need_kind {
#define SNT_NEED_ENUM(name, text) SNT_NEED_##name,
  SNT_NEED_KINDS(SNT_NEED_ENUM)
#undef SNT_NEED_ENUM
      SNT_NEED_KIND_COUNT
};

/* X(NAME, name in the evaluator's JSON and in the record): zeroed memory is a fact that is not there */
#define SNT_FACT_STATUSES(X) X(UNAVAILABLE, "unavailable") X(OK, "ok") X(TIMEOUT, "timeout") X(TOO_LARGE, "too_large")

enum snt_fact_status {
#define SNT_FACT_ENUM(name, text) SNT_FACT_##name,
  SNT_FACT_STATUSES(SNT_FACT_ENUM)
#undef SNT_FACT_ENUM
      SNT_FACT_STATUS_COUNT
};

struct snt_need_param {
  char name[65];
  char value[257];
};

/* A question and its answer. */
struct snt_fact {
  const struct snt_plugin *plugin; /* of the policy */
  enum snt_need_kind kind;
  const struct snt_question *question; /* of HTTP */
  struct snt_need_param params[SNT_PARAMS_MAX];
  size_t param_count;
  enum snt_fact_status status;
  struct snt_buf value; /* JSON, when it is OK */
  char reason[200];     /* why it is not; no secret */
  bool is_cached;
  int64_t age_s; /* of a cached one */
};

struct snt_facts {
  struct snt_fact *list; /* SNT_FACTS_MAX of them, once there is one: they stay where they are */
  size_t count;
};
void snt_facts_clear(struct snt_facts *facts);
#define SNT_FACTS_AUTO SNT_CLEANUP(snt_facts_clear)

const char *snt_need_kind_name(enum snt_need_kind kind);
/* Whether name is one of the table; then *out is it. */
bool snt_fact_status_find(const char *name, enum snt_fact_status *out);
/* The question's name, or the kind of what has no name. */
const char *snt_fact_need(const struct snt_fact *fact);
/* The value of a fact's parameter, or NULL; a snt_param_lookup. */
const char *snt_fact_param(const void *fact, const char *name);

/* What a reply of the evaluator needs: *added facts behind those that there are, none for a reply that is a decision.
 * Asking again for what is there is EVALUATOR, and so is anything odd; more than there is room for sets *is_over. */
snt_status snt_needs_parse(const char *reply, size_t len, const struct snt_policy *policy, struct snt_facts *facts,
                           size_t *added, bool *is_over, struct snt_err *err);
/* For the evaluator: {"facts":[...],"is_final":...}. */
snt_status snt_facts_format(const struct snt_facts *facts, bool is_final, struct snt_buf *out, struct snt_err *err);
/* For the record: [{"plugin","version","need","status","cached","age","kind","params","value","reason"}]. */
snt_status snt_facts_dump(const struct snt_facts *facts, struct snt_buf *out, struct snt_err *err);

#endif
