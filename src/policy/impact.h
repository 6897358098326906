/* policy/impact (layer 4): what another policy changes, counted: who gets in, who is kept out, and what else is not the
 * same. In memory that does not grow with the log: beyond SNT_FLIPS_MAX groups, decisions are only counted. */
#ifndef SNT_POLICY_IMPACT_H
#define SNT_POLICY_IMPACT_H

#include "policy/replay.h"

enum { SNT_FLIPS_MAX = 4096, SNT_SKIPS_MAX = 16 };

/* X(NAME, name in JSON, what it is, for people: "%s ..."): each decision that changes is one of them, the first that
 * fits. */
#define SNT_CHANGES(X)                                                                                                 \
  X(TO_ALLOW, "to_allow", "allowed now")                                                                               \
  X(FROM_ALLOW, "from_allow", "not allowed any more")                                                                  \
  X(EFFECT, "effect", "refused by another effect")                                                                     \
  X(ERROR, "error", "refused with another error")                                                                      \
  X(LONGER, "longer", "with a longer max_duration")                                                                    \
  X(SHORTER, "shorter", "with a shorter max_duration")                                                                 \
  X(RULE, "rule", "by another rule, with the same effect")

enum snt_change {
#define SNT_CHANGE_ENUM(name, text, meaning) SNT_CHANGE_##name,
  SNT_CHANGES(SNT_CHANGE_ENUM)
#undef SNT_CHANGE_ENUM
      SNT_CHANGE_NONE
};
const char *snt_change_name(enum snt_change change);
const char *snt_change_meaning(enum snt_change change);

/* Decisions that flip in the same way. */
struct snt_flip {
  enum snt_effect from, to; /* exactly one of them is allow */
  char user[512], profile[257];
  char rule_before[65], rule_after[65];   /* "" for none */
  char error_before[64], error_after[64]; /* "" for none */
  int64_t count;
  int64_t first_seq, first_time_ms;
  char first_request_id[17];
};

struct snt_skip {
  char reason[64];
  int64_t count;
};

struct snt_impact {
  int64_t same;
  int64_t changes[SNT_CHANGE_NONE];
  struct snt_flip *flips; /* after snt_impact_sort: to allow first; then by user and profile */
  size_t flip_count;
  int64_t left_out;                         /* flips that belong to no group of the list */
  int64_t not_recorded, no_answer;          /* decisions whose answer is not known */
  int64_t not_recorded_seq, no_answer_seq;  /* the first of each; 0: none */
  struct snt_skip skips[SNT_SKIPS_MAX + 1]; /* what was not replayed; the last one for all other reasons */
  size_t skip_count;
  size_t *table; /* of the flips, by hash */
};
void snt_impact_clear(struct snt_impact *impact);
#define SNT_IMPACT_AUTO SNT_CLEANUP(snt_impact_clear)

/* What became of a case. Code NO_MEMORY. */
snt_status snt_impact_add(struct snt_impact *impact, const struct snt_replay_case *of, enum snt_replay_answer answer,
                          const struct snt_verdict *after, struct snt_err *err);
/* A decision that cannot be made again, and why, in a word. */
void snt_impact_skip(struct snt_impact *impact, const char *reason);
enum snt_change snt_impact_classify(const struct snt_replay_case *of, const struct snt_verdict *after);
/* The last thing that is done: nothing can be added afterwards. */
void snt_impact_sort(struct snt_impact *impact);
/* Decisions that were made again; those that changed. */
int64_t snt_impact_count_replayed(const struct snt_impact *impact);
int64_t snt_impact_count_changed(const struct snt_impact *impact);
/* Nobody gets in who was kept out, and nothing is unknown. */
bool snt_impact_is_harmless(const struct snt_impact *impact);

#endif
