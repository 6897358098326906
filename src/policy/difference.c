#include "policy/difference.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCESS_MAX = 500, PROFILES_MAX = 1000 };

const struct snt_access_row SNT_ACCESS_TABLE[SNT_ACCESS_KIND_COUNT] = {
#define ACCESS_ROW(name, text, sign, opens, words) {text, sign, opens, words},
    SNT_ACCESS_KINDS(ACCESS_ROW)
#undef ACCESS_ROW
};

static const struct {
  const char *key, *word;
} AREAS[] = {
#define AREA_ROW(name, key, word) {key, word},
    SNT_DIFFERENCE_AREAS(AREA_ROW)
#undef AREA_ROW
};

static const char *const KINDS[] = {
#define KIND_ROW(name, text) text,
    SNT_DIFFERENCE_KINDS(KIND_ROW)
#undef KIND_ROW
};

const char *snt_difference_kind_name(enum snt_difference_kind kind) { return KINDS[kind]; }
const char *snt_difference_area_key(enum snt_difference_area area) { return AREAS[area].key; }
const char *snt_difference_area_word(enum snt_difference_area area) { return AREAS[area].word; }

void snt_difference_free_list(char **list) {
  for (char **item = list; item != NULL && *item != NULL; item++) {
    free(*item);
  }
  free((void *)list);
}

static void clear_change(struct snt_difference_change *change) {
  for (size_t i = 0; i < change->detail_count; i++) {
    struct snt_difference_detail *detail = &change->details[i];
    free(detail->what);
    free(detail->before);
    free(detail->after);
    snt_difference_free_list(detail->gained);
    snt_difference_free_list(detail->lost);
  }
  free(change->details);
  free(change->name);
}

void snt_access_change_clear(struct snt_access_change *change) {
  for (size_t i = 0; i < change->assumed_count; i++) {
    free(change->assumed[i].condition);
  }
  free(change->assumed);
  snt_difference_free_list(change->conditions);
  free(change->profile);
  free(change->user);
  snt_request_text_clear(&change->text);
  memset(change, 0, sizeof *change);
}

void snt_access_answer_clear(struct snt_access_answer *answer) {
  for (size_t i = 0; i < answer->count; i++) {
    snt_access_change_clear(&answer->list[i]);
  }
  free(answer->list);
  memset(answer, 0, sizeof *answer);
}

void snt_difference_profiles_clear(struct snt_difference_profiles *profiles) {
  free(profiles->list);
  memset(profiles, 0, sizeof *profiles);
}

void snt_difference_clear(struct snt_difference *difference) {
  for (size_t i = 0; i < difference->change_count; i++) {
    clear_change(&difference->changes[i]);
  }
  free(difference->changes);
  for (size_t i = 0; i < difference->access_count; i++) {
    snt_access_change_clear(&difference->access[i]);
  }
  free(difference->access);
  for (size_t i = 0; i < difference->unknown_count; i++) {
    free(difference->unknown[i]);
  }
  free((void *)difference->unknown);
  snt_impact_clear(&difference->replay.impact);
  snt_difference_profiles_clear(&difference->replay.seen);
  memset(difference, 0, sizeof *difference);
}

bool snt_difference_is_any(const struct snt_difference *difference) {
  return difference->change_count > 0 || !difference->has_before;
}

bool snt_difference_is_wider(const struct snt_difference *difference) {
  const struct snt_impact *impact = &difference->replay.impact;
  bool is_wider = difference->unknown_count > 0 || difference->access_left_out > 0 || !snt_impact_is_harmless(impact) ||
                  impact->changes[SNT_CHANGE_LONGER] > 0;
  for (size_t i = 0; i < difference->access_count; i++) {
    is_wider = is_wider || SNT_ACCESS_TABLE[difference->access[i].kind].opens;
  }
  return is_wider;
}

snt_status snt_difference_profiles_add(struct snt_difference_profiles *profiles, const char *name, const char *label,
                                       struct snt_err *err) {
  for (size_t i = 0; i < profiles->count; i++) {
    if (strcmp(profiles->list[i].name, name) == 0) {
      return snt_done();
    }
  }
  if (profiles->count == PROFILES_MAX) {
    profiles->is_exact = false;
    return snt_done();
  }
  struct snt_difference_profile *list = realloc(profiles->list, (profiles->count + 1) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  profiles->list = list;
  struct snt_difference_profile *profile = &list[profiles->count++];
  (void)snprintf(profile->name, sizeof profile->name, "%s", name);
  (void)snprintf(profile->label, sizeof profile->label, "%s", label);
  return snt_done();
}

snt_status snt_difference_add_change(struct snt_difference *difference, enum snt_difference_area area,
                                     enum snt_difference_kind kind, const char *name,
                                     struct snt_difference_change **out, struct snt_err *err) {
  *out = NULL;
  struct snt_difference_change *list =
      realloc(difference->changes, (difference->change_count + 1) * sizeof *difference->changes);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  difference->changes = list;
  list[difference->change_count] =
      (struct snt_difference_change){.area = area, .kind = kind, .name = snt_str_dup(name)};
  if (list[difference->change_count].name == NULL) {
    return snt_fail_memory(err);
  }
  *out = &list[difference->change_count++];
  return snt_done();
}

snt_status snt_difference_add_detail(struct snt_difference_change *change, const char *what, const char *before,
                                     const char *after, char **gained, char **lost, struct snt_err *err) {
  struct snt_difference_detail *list = realloc(change->details, (change->detail_count + 1) * sizeof *list);
  if (list == NULL) {
    snt_difference_free_list(gained);
    snt_difference_free_list(lost);
    return snt_fail_memory(err);
  }
  change->details = list;
  struct snt_difference_detail *detail = &list[change->detail_count++];
  *detail = (struct snt_difference_detail){.what = snt_str_dup(what),
                                           .before = before == NULL ? NULL : snt_str_dup(before),
                                           .after = after == NULL ? NULL : snt_str_dup(after),
                                           .gained = gained,
                                           .lost = lost};
  bool is_whole =
      detail->what != NULL && (before == NULL || detail->before != NULL) && (after == NULL || detail->after != NULL);
  return is_whole ? snt_done() : snt_fail_memory(err);
}

snt_status snt_difference_add_unknown(struct snt_difference *difference, struct snt_err *err, const char *format, ...) {
  char text[1200];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  char **list = realloc((void *)difference->unknown, (difference->unknown_count + 1) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  difference->unknown = list;
  list[difference->unknown_count] = snt_str_dup(text);
  if (list[difference->unknown_count] == NULL) {
    return snt_fail_memory(err);
  }
  difference->unknown_count++;
  return snt_done();
}

/* The rule that allows what the change is about. */
static const char *rule_of(const struct snt_access_change *change) {
  return SNT_ACCESS_TABLE[change->kind].opens ? change->after.rule : change->before.rule;
}

static bool is_of_length(const struct snt_access_change *change) {
  return change->kind == SNT_ACCESS_LONGER || change->kind == SNT_ACCESS_SHORTER;
}

/* Whether both tell of the same access of the same people: what is gained now may be more of what there is at other
 * times. */
static bool tells_the_same(const struct snt_access_change *a, const struct snt_access_change *b) {
  return SNT_ACCESS_TABLE[a->kind].opens == SNT_ACCESS_TABLE[b->kind].opens && is_of_length(a) == is_of_length(b) &&
         strcmp(a->profile, b->profile) == 0 && strcmp(a->user, b->user) == 0 && strcmp(rule_of(a), rule_of(b)) == 0;
}

static struct snt_access_change *find_same(const struct snt_difference *difference,
                                           const struct snt_access_change *change) {
  for (size_t i = 0; i < difference->access_count; i++) {
    if (tells_the_same(&difference->access[i], change)) {
      return &difference->access[i];
    }
  }
  return NULL;
}

bool snt_difference_tells_access(const struct snt_difference *difference, const struct snt_access_change *change) {
  return difference->access_count < ACCESS_MAX || find_same(difference, change) != NULL;
}

snt_status snt_difference_take_access(struct snt_difference *difference, struct snt_access_change *change,
                                      struct snt_err *err) {
  struct snt_access_change *known = find_same(difference, change);
  if (known != NULL || difference->access_count == ACCESS_MAX) {
    if (known != NULL) {
      known->is_now = known->is_now || change->is_now;
      known->is_ever = known->is_ever || change->is_ever;
    }
    difference->access_left_out += known == NULL ? 1 : 0;
    snt_access_change_clear(change);
    return snt_done();
  }
  struct snt_access_change *list = realloc(difference->access, (difference->access_count + 1) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  difference->access = list;
  change->number = difference->access_count;
  list[difference->access_count++] = *change;
  memset(change, 0, sizeof *change); /* ownership went to difference */
  return snt_done();
}

/* By the order of the table, and otherwise as they were found. */
static int compare_kinds(const void *left, const void *right) {
  const struct snt_access_change *a = left;
  const struct snt_access_change *b = right;
  if (a->kind != b->kind) {
    return a->kind < b->kind ? -1 : 1;
  }
  return a->number < b->number ? -1 : a->number > b->number ? 1 : 0;
}

void snt_difference_sort(struct snt_difference *difference) {
  if (difference->access_count > 0) {
    qsort(difference->access, difference->access_count, sizeof *difference->access, compare_kinds);
  }
}
