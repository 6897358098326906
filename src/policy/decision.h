/* policy/decision (layer 4): what the evaluator answered, checked as the word of a process that may have been taken
 * over, and bounded.
 *
 * MUST
 *  1. zeroed memory is a denial; allow is set by the last line of a check that saw everything else in order;
 *  2. an effect that is not one of the table, a missing or unknown member, a text that is too long or not printable
 *     UTF-8 (in the trace too, which people read), too many entries of a list, an allow with an error, with a remedy or
 *     without a rule: no decision (EVALUATOR). */
#ifndef SNT_POLICY_DECISION_H
#define SNT_POLICY_DECISION_H

#include <stdint.h>

#include "base/buf.h"
#include "format/json.h"

/* X(NAME, name in policy, whether a session may be issued) */
#define SNT_EFFECTS(X)                                                                                                 \
  X(DENY, "deny", false)                                                                                               \
  X(ALLOW, "allow", true)                                                                                              \
  X(REQUIRE_APPROVAL, "require_approval", false)                                                                       \
  X(REQUIRE_SERVER, "require_server", false)                                                                           \
  X(REQUIRE_SERVER_SESSION, "require_server_session", false)

enum snt_effect {
#define SNT_EFFECT_ENUM(name, text, issues) SNT_EFFECT_##name,
  SNT_EFFECTS(SNT_EFFECT_ENUM)
#undef SNT_EFFECT_ENUM
      SNT_EFFECT_COUNT
};
const char *snt_effect_name(enum snt_effect effect);
/* Whether name is one of the table; then *out is it. */
bool snt_effect_find(const char *name, enum snt_effect *out);
/* Whether name can be a rule's: 1 to 64 of [A-Za-z0-9._-]. */
bool snt_rule_name_check(const char *name);

/* The error of a role that the bundle does not bind to the profile: the core's own, never an evaluator's. */
#define SNT_DECISION_MISMATCH "target_mismatch"

struct snt_decision {
  enum snt_effect effect;
  char rule[65];          /* "" when no rule matched */
  int64_t rule_index;     /* -1 when no rule matched */
  char reason[2049];      /* the rule's text, or a sentence made from the effect */
  char error[64];         /* "" for none */
  int64_t max_duration_s; /* 0: no bound */
  bool ends_with_window;  /* whether that is so short because the rule's window closes then */
  int64_t window_left_s;  /* until the rule's window closes, after which no session may last; 0: none is bound to it */
  int64_t lease_s;        /* what is handed out is denied everything after that; 0: no lease */
  bool requires_server_mode;
  bool requires_session_tracking;
  bool is_emergency;
  bool requires_justification;
  char failed_condition[257];  /* in the rule that decided; "" for none */
  char nearest_condition[257]; /* what the rule failed on that nearest tells of; "" for none */
  char nearest[1024];          /* when no rule matched: the rule that came nearest and what it failed on; "" for none */
  struct snt_buf conditions;   /* JSON array of the deciding rule's condition names */
  struct snt_buf missing;      /* what a requirement lacks, sentences with "; " between them */
  struct snt_json_doc *doc;    /* the whole reply */
  const struct snt_json_value *trace; /* a part of it: an array */
  /* a part of it, where it was asked for, else NULL: what would have been allowed, {"rule","text"} each, checked */
  const struct snt_json_value *remedies;
};
void snt_decision_clear(struct snt_decision *decision);
#define SNT_DECISION_AUTO SNT_CLEANUP(snt_decision_clear)

/* Code EVALUATOR; then out is a denial without content. */
snt_status snt_decision_parse(const char *reply, size_t len, struct snt_decision *out, struct snt_err *err);
/* Whether credentials may be issued: exactly allow, and nothing that contradicts it. */
bool snt_decision_allows(const struct snt_decision *decision);
/* How long what it grants is good without another decision, in seconds: the smaller of bound and lease; 0: no bound. */
int64_t snt_decision_life_s(const struct snt_decision *decision);
/* The status of a refusal: ACTION_REQUIRED when a person can act (approval, requirement), else DENIED. The message
 * names rule, reason and failed condition - no patterns, approvers or other people's ARNs. With is_minimal it says only
 * that it was denied. request_id may be NULL. */
snt_status snt_decision_refuse(const struct snt_decision *decision, const char *profile, const char *request_id,
                               bool is_minimal, struct snt_err *err);

#endif
