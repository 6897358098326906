#include "policy/impact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_SIZE = 4 * SNT_FLIPS_MAX }; /* a power of two; at most a quarter of it is used */

static const struct {
  const char *name, *meaning;
} ROWS[] = {
#define CHANGE_ROW(name, text, meaning) {text, meaning},
    SNT_CHANGES(CHANGE_ROW)
#undef CHANGE_ROW
};

const char *snt_change_name(enum snt_change change) { return ROWS[change].name; }
const char *snt_change_meaning(enum snt_change change) { return ROWS[change].meaning; }

void snt_impact_clear(struct snt_impact *impact) {
  free(impact->flips);
  free(impact->table);
  memset(impact, 0, sizeof *impact);
}

enum snt_change snt_impact_classify(const struct snt_replay_case *of, const struct snt_verdict *after) {
  const struct snt_verdict *before = &of->before;
  if (before->effect != after->effect) {
    return after->effect == SNT_EFFECT_ALLOW    ? SNT_CHANGE_TO_ALLOW
           : before->effect == SNT_EFFECT_ALLOW ? SNT_CHANGE_FROM_ALLOW
                                                : SNT_CHANGE_EFFECT;
  }
  if (strcmp(before->error, after->error) != 0) {
    return SNT_CHANGE_ERROR;
  }
  if (of->has_bound && before->max_duration_s != after->max_duration_s) {
    bool is_longer =
        after->max_duration_s == 0 || (before->max_duration_s != 0 && after->max_duration_s > before->max_duration_s);
    return is_longer ? SNT_CHANGE_LONGER : SNT_CHANGE_SHORTER;
  }
  return strcmp(before->rule, after->rule) == 0 ? SNT_CHANGE_NONE : SNT_CHANGE_RULE;
}

static struct snt_flip flip_of(const struct snt_replay_case *of, const struct snt_verdict *after) {
  struct snt_flip flip = {
      .from = of->before.effect, .to = after->effect, .first_seq = of->seq, .first_time_ms = of->time_ms};
  const struct {
    char *out;
    size_t cap;
    const char *text;
  } rows[] = {{flip.user, sizeof flip.user, of->user},
              {flip.profile, sizeof flip.profile, of->profile},
              {flip.rule_before, sizeof flip.rule_before, of->before.rule},
              {flip.rule_after, sizeof flip.rule_after, after->rule},
              {flip.error_before, sizeof flip.error_before, of->before.error},
              {flip.error_after, sizeof flip.error_after, after->error},
              {flip.first_request_id, sizeof flip.first_request_id, of->request_id}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    (void)snprintf(rows[i].out, rows[i].cap, "%s", rows[i].text);
  }
  return flip;
}

/* By what is shown first: who gets in, then user, profile and the rest. */
static int compare(const void *left, const void *right) {
  const struct snt_flip *a = left;
  const struct snt_flip *b = right;
  bool is_first = a->to == SNT_EFFECT_ALLOW;
  if (is_first != (b->to == SNT_EFFECT_ALLOW)) {
    return is_first ? -1 : 1;
  }
  const char *const texts[][2] = {{a->user, b->user},
                                  {a->profile, b->profile},
                                  {a->rule_before, b->rule_before},
                                  {a->rule_after, b->rule_after},
                                  {a->error_before, b->error_before},
                                  {a->error_after, b->error_after}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    int order = strcmp(texts[i][0], texts[i][1]);
    if (order != 0) {
      return order;
    }
  }
  return a->from != b->from ? (int)a->from - (int)b->from : (int)a->to - (int)b->to;
}

/* FNV-1a, 64 bits, of user and profile: groups that share both are told apart by comparing. */
static size_t hash_of(const struct snt_flip *flip) {
  uint64_t hash = 14695981039346656037ULL;
  const char *const texts[] = {flip->user, flip->profile};
  for (size_t i = 0; i < 2; i++) {
    for (const char *at = texts[i]; *at != '\0'; at++) {
      hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
    }
    hash *= 1099511628211ULL;
  }
  return (size_t)(hash ^ (hash >> 32)) & (TABLE_SIZE - 1);
}

static snt_status make_table(struct snt_impact *impact, struct snt_err *err) {
  if (impact->table == NULL) {
    impact->table = calloc(TABLE_SIZE, sizeof *impact->table);
  }
  if (impact->flips == NULL) {
    impact->flips = calloc(SNT_FLIPS_MAX, sizeof *impact->flips);
  }
  return impact->table != NULL && impact->flips != NULL ? snt_done() : snt_fail_memory(err);
}

static snt_status add_flip(struct snt_impact *impact, const struct snt_flip *flip, struct snt_err *err) {
  SNT_TRY(make_table(impact, err));
  size_t at = hash_of(flip);
  for (; impact->table[at] != 0; at = (at + 1) & (TABLE_SIZE - 1)) {
    struct snt_flip *known = &impact->flips[impact->table[at] - 1];
    if (compare(known, flip) == 0) {
      known->count++;
      if (flip->first_seq < known->first_seq) {
        known->first_seq = flip->first_seq;
        known->first_time_ms = flip->first_time_ms;
        memcpy(known->first_request_id, flip->first_request_id, sizeof known->first_request_id);
      }
      return snt_done();
    }
  }
  if (impact->flip_count == SNT_FLIPS_MAX) {
    impact->left_out++;
    return snt_done();
  }
  impact->flips[impact->flip_count] = *flip;
  impact->flips[impact->flip_count].count = 1;
  impact->table[at] = ++impact->flip_count;
  return snt_done();
}

static void add_unknown(int64_t *count, int64_t *first_seq, int64_t seq) {
  (*count)++;
  *first_seq = *first_seq == 0 || seq < *first_seq ? seq : *first_seq;
}

snt_status snt_impact_add(struct snt_impact *impact, const struct snt_replay_case *of, enum snt_replay_answer answer,
                          const struct snt_verdict *after, struct snt_err *err) {
  switch (answer) {
  case SNT_REPLAY_DECIDED:
    break;
  case SNT_REPLAY_NOT_RECORDED:
    add_unknown(&impact->not_recorded, &impact->not_recorded_seq, of->seq);
    return snt_done();
  case SNT_REPLAY_NO_ANSWER:
    add_unknown(&impact->no_answer, &impact->no_answer_seq, of->seq);
    return snt_done();
  }
  enum snt_change change = snt_impact_classify(of, after);
  if (change == SNT_CHANGE_NONE) {
    impact->same++;
    return snt_done();
  }
  impact->changes[change]++;
  if (change != SNT_CHANGE_TO_ALLOW && change != SNT_CHANGE_FROM_ALLOW) {
    return snt_done();
  }
  struct snt_flip flip = flip_of(of, after);
  return add_flip(impact, &flip, err);
}

void snt_impact_skip(struct snt_impact *impact, const char *reason) {
  size_t i = 0;
  while (i < impact->skip_count && i < SNT_SKIPS_MAX && strcmp(impact->skips[i].reason, reason) != 0) {
    i++;
  }
  if (i == impact->skip_count) {
    const char *name = i == SNT_SKIPS_MAX ? "other" : reason;
    (void)snprintf(impact->skips[i].reason, sizeof impact->skips[i].reason, "%s", name);
    impact->skip_count++;
  }
  impact->skips[i].count++;
}

void snt_impact_sort(struct snt_impact *impact) {
  if (impact->flip_count > 0) {
    qsort(impact->flips, impact->flip_count, sizeof *impact->flips, compare);
  }
}

int64_t snt_impact_count_changed(const struct snt_impact *impact) {
  int64_t count = 0;
  for (int i = 0; i < SNT_CHANGE_NONE; i++) {
    count += impact->changes[i];
  }
  return count;
}

int64_t snt_impact_count_replayed(const struct snt_impact *impact) {
  return impact->same + snt_impact_count_changed(impact);
}

bool snt_impact_is_harmless(const struct snt_impact *impact) {
  return impact->changes[SNT_CHANGE_TO_ALLOW] == 0 && impact->not_recorded == 0 && impact->no_answer == 0;
}
