/* policy/difference (layer 4): what is different between two policies, as data: what the evaluators that compared them
 * told, checked as the word of processes that may have been taken over, and what the core sees itself in manifests and
 * files.
 *
 * MUST
 *  1. take an answer whole or not at all;
 *  2. keep every text printable and bounded: all of it is shown to people who decide by it. */
#ifndef SNT_POLICY_DIFFERENCE_H
#define SNT_POLICY_DIFFERENCE_H

#include <stdint.h>

#include "policy/impact.h"
#include "policy/request.h"
#include "policy/source.h"

/* X(NAME, key of the list in JSON, what one of them is called) */
#define SNT_DIFFERENCE_AREAS(X)                                                                                        \
  X(RULE, "rules", "rule")                                                                                             \
  X(GROUP, "groups", "group")                                                                                          \
  X(POLICY, "policy", "policy")                                                                                        \
  X(TARGET, "targets", "targets of")                                                                                   \
  X(PLUGIN, "plugins", "plugin")                                                                                       \
  X(MANIFEST, "manifest", "manifest")                                                                                  \
  X(FILE, "files", "file")

enum snt_difference_area {
#define SNT_DIFFERENCE_ENUM(name, key, word) SNT_DIFFERENCE_##name,
  SNT_DIFFERENCE_AREAS(SNT_DIFFERENCE_ENUM)
#undef SNT_DIFFERENCE_ENUM
      SNT_DIFFERENCE_AREA_COUNT
};

/* X(NAME, name in JSON) */
#define SNT_DIFFERENCE_KINDS(X) X(CHANGED, "changed") X(ADDED, "added") X(REMOVED, "removed") X(MOVED, "moved")

enum snt_difference_kind {
#define SNT_DIFFERENCE_KIND_ENUM(name, text) SNT_DIFFERENCE_##name,
  SNT_DIFFERENCE_KINDS(SNT_DIFFERENCE_KIND_ENUM)
#undef SNT_DIFFERENCE_KIND_ENUM
      SNT_DIFFERENCE_KIND_COUNT
};

/* One thing that changed; all owned. Lists end with NULL, and are NULL where the thing is no list of words. */
struct snt_difference_detail {
  char *what;           /* "effect", "time.hours", "users", "max_duration", "size" */
  char *before, *after; /* in words; NULL: it is not there */
  char **gained, **lost;
};

struct snt_difference_change {
  enum snt_difference_area area;
  enum snt_difference_kind kind;
  char *name; /* of rule, group, target's profiles, plugin, file; "" for what has none */
  struct snt_difference_detail *details;
  size_t detail_count;
};

/* X(NAME, name in JSON, sign, whether it opens what was closed, for people: "... PROFILE") */
#define SNT_ACCESS_KINDS(X)                                                                                            \
  X(GAINS, "gains", '+', true, "gains")                                                                                \
  X(MORE, "more", '+', true, "can do more with")                                                                       \
  X(LONGER, "longer", '+', true, "stays longer with")                                                                  \
  X(LOSES, "loses", '-', false, "loses")                                                                               \
  X(FEWER, "fewer", '-', false, "can do less with")                                                                    \
  X(SHORTER, "shorter", '-', false, "stays shorter with")

enum snt_access_kind {
#define SNT_ACCESS_ENUM(name, text, sign, opens, words) SNT_ACCESS_##name,
  SNT_ACCESS_KINDS(SNT_ACCESS_ENUM)
#undef SNT_ACCESS_ENUM
      SNT_ACCESS_KIND_COUNT
};
struct snt_access_row {
  const char *name;
  char sign;
  bool opens;
  const char *words;
};
extern const struct snt_access_row SNT_ACCESS_TABLE[SNT_ACCESS_KIND_COUNT];

/* What a condition that only code knows is taken to come to. */
struct snt_access_assumption {
  char *condition;
  bool holds;
  bool is_before, is_after; /* which of the policies has it */
};

/* How access to a profile changes for somebody; all owned. */
struct snt_access_change {
  enum snt_access_kind kind;
  char *profile; /* its name, or the patterns of names that it stands for */
  char *user;    /* who, in words: "alice", "anyone else" */
  struct snt_verdict before, after;
  struct snt_request_text text;
  struct snt_request request; /* that shows it; its texts are in text */
  struct snt_access_assumption *assumed;
  size_t assumed_count;
  char **conditions;    /* what else matters, in words; ends with NULL */
  size_t number;        /* in the order in which they were found */
  bool is_now, is_ever; /* it shows now; at some time of the year that begins then */
};

void snt_access_change_clear(struct snt_access_change *change);

/* What was told of one profile. */
struct snt_access_answer {
  struct snt_access_change *list;
  size_t count;
  bool is_exact; /* there are no other changes */
};
void snt_access_answer_clear(struct snt_access_answer *answer);

/* A profile that is looked at. */
struct snt_difference_profile {
  char name[257];
  char label[301];
};
struct snt_difference_profiles {
  struct snt_difference_profile *list;
  size_t count;
  bool is_exact; /* the policies tell no other profiles apart */
};
void snt_difference_profiles_clear(struct snt_difference_profiles *profiles);
/* Unless there is one of that name; of very many, not all are taken (is_exact). Code NO_MEMORY. */
snt_status snt_difference_profiles_add(struct snt_difference_profiles *profiles, const char *name, const char *label,
                                       struct snt_err *err);

/* What decisions of the log come to by both policies. */
struct snt_difference_replay {
  bool has_log;
  char path[4200];
  struct snt_impact impact; /* of the old policy's decision to the new one's; sorted */
  int64_t since_ms;         /* from when on they are; 0: there is none */
  bool is_cut;              /* earlier ones were left out: time was over */
  struct snt_difference_profiles seen;
};

/* Which policy it is. */
struct snt_difference_side {
  char name[256], source[4200], sha256[65];
  int64_t serial; /* of a bundle; 0: none */
};

struct snt_difference {
  bool has_before; /* false: nothing was in force */
  struct snt_difference_side before, after;
  struct snt_difference_change *changes; /* by area, in the order of the table */
  size_t change_count;
  int64_t time_ms;                  /* what "now" is */
  struct snt_access_change *access; /* those that open first; then by profile, in the order they were found */
  size_t access_count;
  int64_t access_left_out; /* that are in no list, since there are too many */
  size_t profile_count;    /* that were looked at */
  struct snt_difference_replay replay;
  char **unknown; /* what cannot be told, a sentence each */
  size_t unknown_count;
};
void snt_difference_clear(struct snt_difference *difference);
#define SNT_DIFFERENCE_AUTO SNT_CLEANUP(snt_difference_clear)

/* Whether rules, manifest or files are different at all. */
bool snt_difference_is_any(const struct snt_difference *difference);
/* Whether somebody gets in who was kept out, or stays longer, or that is not known. */
bool snt_difference_is_wider(const struct snt_difference *difference);
const char *snt_difference_kind_name(enum snt_difference_kind kind);
/* The area's key in JSON; what one of it is called. */
const char *snt_difference_area_key(enum snt_difference_area area);
const char *snt_difference_area_word(enum snt_difference_area area);

/* A list of texts that ends with NULL; NULL is nothing. */
void snt_difference_free_list(char **list);
/* Building it. Names and texts are copied. Code NO_MEMORY. */
snt_status snt_difference_add_change(struct snt_difference *difference, enum snt_difference_area area,
                                     enum snt_difference_kind kind, const char *name,
                                     struct snt_difference_change **out, struct snt_err *err);
/* before and after may be NULL; gained and lost are taken over, and NULL for what is no list. */
snt_status snt_difference_add_detail(struct snt_difference_change *change, const char *what, const char *before,
                                     const char *after, char **gained, char **lost, struct snt_err *err);
snt_status snt_difference_add_unknown(struct snt_difference *difference, struct snt_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The last thing that is done: puts access into the order that it is told in. */
void snt_difference_sort(struct snt_difference *difference);

/* difference_bundle.c: what the core sees itself. before is NULL when nothing was in force. Plugins have to be
 * described (policy/describe.h) where there are any. */
snt_status snt_difference_bundles(const struct snt_policy *before, const struct snt_policy *after,
                                  struct snt_difference *difference, struct snt_err *err);
/* What binds a policy from outside of it, for the evaluator that compares: {"plugins":{name: which
 * code},"targets":[...], "max_duration","strict"}. */
snt_status snt_difference_describe(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err);

/* difference_parse.c: code EVALUATOR for anything that is not exactly an answer of that kind. */
snt_status snt_difference_parse_rules(const char *reply, size_t len, struct snt_difference *difference,
                                      struct snt_err *err);
snt_status snt_difference_parse_profiles(const char *reply, size_t len, struct snt_difference_profiles *out,
                                         struct snt_err *err);
/* Who gains and who loses access. */
struct snt_access_question {
  const struct snt_difference_profile *profiles;
  size_t count;
  int64_t time_ms;
  bool is_ever;
};
snt_status snt_access_ask(const struct snt_access_question *question, struct snt_buf *out, struct snt_err *err);
/* Answers for the first *told of the profiles, one at least; answers has room for all of them, zeroed, and its caller
 * clears them, also after a failure. */
snt_status snt_access_parse(const char *reply, size_t len, const struct snt_access_question *question,
                            struct snt_access_answer *answers, size_t *told, struct snt_err *err);
/* Whether it will be told; of very many the rest is counted. */
bool snt_difference_tells_access(const struct snt_difference *difference, const struct snt_access_change *change);
/* Takes a change over, and leaves it zeroed: one that tells the same, now or at some time, is told once. */
snt_status snt_difference_take_access(struct snt_difference *difference, struct snt_access_change *change,
                                      struct snt_err *err);

#endif
