#include "cli/difference_text.h"

#include <string.h>

#include "cli/common.h"
#include "format/time.h"

enum { FLIPS_SHOWN = 5, LIST_SHOWN = 20 };

/* What opens is shown as what is dangerous. */
static const char *const OPENS = "31";
static const char *const CLOSES = "33";

static snt_status print_clean(struct snt_out *out, const char *text, struct snt_err *err) {
  return snt_cli_print_clean(&out->text, text, err);
}

/* Rules, manifest, files ----------------------------------------------------------------------------------------- */

static char sign_of(enum snt_difference_kind kind) {
  return kind == SNT_DIFFERENCE_ADDED ? '+' : kind == SNT_DIFFERENCE_REMOVED ? '-' : '~';
}

/* " +carol -bob" */
static snt_status print_words(struct snt_out *out, char *const *words, char sign, struct snt_err *err) {
  for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
    if (i == LIST_SHOWN) {
      return snt_out_printf(out, err, " %c(more; --json lists them)", sign);
    }
    SNT_TRY(snt_out_printf(out, err, " %c", sign));
    SNT_TRY(print_clean(out, words[i], err));
  }
  return snt_done();
}

static snt_status print_detail(struct snt_out *out, const struct snt_difference_detail *detail, struct snt_err *err) {
  SNT_TRY(snt_out_text(out, "      ", err));
  SNT_TRY(print_clean(out, detail->what, err));
  bool is_list = detail->gained != NULL || detail->lost != NULL;
  if (is_list && detail->before != NULL && detail->after != NULL) {
    SNT_TRY(snt_out_text(out, ":", err));
    SNT_TRY(print_words(out, detail->gained, '+', err));
    SNT_TRY(print_words(out, detail->lost, '-', err));
    return snt_out_text(out, "\n", err);
  }
  SNT_TRY(snt_out_text(out, ": ", err));
  SNT_TRY(print_clean(out, detail->before == NULL ? "none" : detail->before, err));
  SNT_TRY(snt_out_text(out, " -> ", err));
  SNT_TRY(print_clean(out, detail->after == NULL ? "none" : detail->after, err));
  return snt_out_text(out, "\n", err);
}

/* What there is of a thing that is new, or gone. */
static snt_status print_whole(struct snt_out *out, const struct snt_difference_detail *detail, struct snt_err *err) {
  const char *text = detail->after != NULL ? detail->after : detail->before;
  SNT_TRY(snt_out_text(out, "      ", err));
  SNT_TRY(print_clean(out, detail->what, err));
  SNT_TRY(snt_out_text(out, ": ", err));
  SNT_TRY(print_clean(out, text == NULL ? "" : text, err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_change(struct snt_out *out, const struct snt_difference_change *change, struct snt_err *err) {
  bool is_whole = change->kind == SNT_DIFFERENCE_ADDED || change->kind == SNT_DIFFERENCE_REMOVED;
  SNT_TRY(snt_out_printf(out, err, "  %s%c %s", snt_out_colour(out, "1"), sign_of(change->kind),
                         snt_difference_area_word(change->area)));
  SNT_TRY(snt_out_text(out, change->name[0] == '\0' ? "" : " ", err));
  SNT_TRY(print_clean(out, change->name, err));
  SNT_TRY(snt_out_printf(out, err, " %s%s\n", snt_difference_kind_name(change->kind), snt_out_colour(out, "")));
  for (size_t i = 0; i < change->detail_count; i++) {
    SNT_TRY(is_whole ? print_whole(out, &change->details[i], err) : print_detail(out, &change->details[i], err));
  }
  return snt_done();
}

static snt_status print_changes(struct snt_out *out, const struct snt_difference *difference, struct snt_err *err) {
  for (int area = 0; area < SNT_DIFFERENCE_AREA_COUNT; area++) {
    for (size_t i = 0; i < difference->change_count; i++) {
      const struct snt_difference_change *change = &difference->changes[i];
      SNT_TRY((int)change->area == area ? print_change(out, change, err) : snt_done());
    }
  }
  return snt_done();
}

/* Access --------------------------------------------------------------------------------------------------------- */

static const char *bound_text(int64_t seconds, char out[static 32]) {
  if (seconds == 0) {
    return "no bound";
  }
  snt_duration_format(seconds, out);
  return out;
}

/* " (rule ops; before: deny by rule none)", " (rule ops; now: target_mismatch)" */
static snt_status print_rules(struct snt_out *out, const struct snt_access_change *change, struct snt_err *err) {
  bool opens = SNT_ACCESS_TABLE[change->kind].opens;
  const struct snt_verdict *granting = opens ? &change->after : &change->before;
  const struct snt_verdict *other = opens ? &change->before : &change->after;
  SNT_TRY(snt_out_printf(out, err, " (rule %s", granting->rule));
  if (change->kind == SNT_ACCESS_LONGER || change->kind == SNT_ACCESS_SHORTER) {
    char before[32];
    char after[32];
    return snt_out_printf(out, err, ": %s -> %s)", bound_text(change->before.max_duration_s, before),
                          bound_text(change->after.max_duration_s, after));
  }
  const char *when = opens ? "before" : "now";
  if (other->rule[0] != '\0') {
    SNT_TRY(snt_out_printf(out, err, "; %s: %s by rule %s", when, snt_effect_name(other->effect), other->rule));
  }
  if (other->error[0] != '\0') {
    bool is_alone = other->rule[0] == '\0';
    SNT_TRY(snt_out_printf(out, err, "%s%s", is_alone ? "; " : ", ", is_alone ? when : ""));
    SNT_TRY(snt_out_text(out, is_alone ? ": " : "", err));
    SNT_TRY(print_clean(out, other->error, err));
  }
  return snt_out_text(out, ")", err);
}

/* Whether it is so whatever the code comes to that only one of the policies has. */
static bool is_sure(const struct snt_access_change *change) {
  for (size_t i = 0; i < change->assumed_count; i++) {
    if (!change->assumed[i].is_before || !change->assumed[i].is_after) {
      return false;
    }
  }
  return true;
}

static snt_status print_assumed(struct snt_out *out, const struct snt_access_change *change, struct snt_err *err) {
  const char *first = is_sure(change) ? "\n      if " : "\n      cannot tell: it is so if ";
  for (size_t i = 0; i < change->assumed_count; i++) {
    const struct snt_access_assumption *assumed = &change->assumed[i];
    const char *where = assumed->is_before && assumed->is_after ? "" : assumed->is_before ? " before" : " now";
    SNT_TRY(snt_out_text(out, i == 0 ? first : " and ", err));
    SNT_TRY(print_clean(out, assumed->condition, err));
    SNT_TRY(snt_out_printf(out, err, " %s%s", assumed->holds ? "holds" : "does not hold", where));
  }
  return snt_done();
}

/* "+ carol gains prod (rule admins)" */
static snt_status print_access(struct snt_out *out, const struct snt_access_change *change, struct snt_err *err) {
  const struct snt_access_row *row = &SNT_ACCESS_TABLE[change->kind];
  SNT_TRY(snt_out_printf(out, err, "  %s%c ", snt_out_colour(out, row->opens ? OPENS : CLOSES),
                         is_sure(change) ? row->sign : '?'));
  SNT_TRY(print_clean(out, change->user, err));
  SNT_TRY(snt_out_printf(out, err, " %s%s ", is_sure(change) ? "" : "perhaps ", row->words));
  SNT_TRY(print_clean(out, change->profile, err));
  SNT_TRY(snt_out_text(out, snt_out_colour(out, ""), err));
  SNT_TRY(print_rules(out, change, err));
  SNT_TRY(snt_out_text(out, change->is_now ? "" : ", not at this time", err));
  for (size_t i = 0; change->conditions[i] != NULL; i++) {
    SNT_TRY(snt_out_text(out, i == 0 ? ": " : ", ", err));
    SNT_TRY(print_clean(out, change->conditions[i], err));
  }
  SNT_TRY(print_assumed(out, change, err));
  return snt_out_text(out, "\n", err);
}

static snt_status print_all_access(struct snt_out *out, const struct snt_difference *difference, struct snt_err *err) {
  char time[32];
  snt_time_format(difference->time_ms, false, time);
  SNT_TRY(snt_out_printf(out, err, "access, now and at any time of the year from %s, with %zu profiles:\n", time,
                         difference->profile_count));
  for (size_t i = 0; i < difference->access_count; i++) {
    SNT_TRY(print_access(out, &difference->access[i], err));
  }
  if (difference->access_left_out > 0) {
    return snt_out_printf(out, err, "  ? and %lld more changes, of which there are too many to tell\n",
                          (long long)difference->access_left_out);
  }
  return difference->access_count == 0 ? snt_out_text(out, "  nobody gains or loses any\n", err) : snt_done();
}

/* Decisions ------------------------------------------------------------------------------------------------------ */

static snt_status print_verdict(struct snt_out *out, enum snt_effect effect, const char *rule, const char *error,
                                struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "%s by ", snt_effect_name(effect)));
  SNT_TRY(print_clean(out, rule[0] == '\0' ? "no rule" : rule, err));
  if (error[0] == '\0') {
    return snt_done();
  }
  SNT_TRY(snt_out_text(out, " (", err));
  SNT_TRY(print_clean(out, error, err));
  return snt_out_text(out, ")", err);
}

static snt_status print_flip(struct snt_out *out, const struct snt_flip *flip, struct snt_err *err) {
  char time[32];
  bool opens = flip->to == SNT_EFFECT_ALLOW;
  snt_time_format(flip->first_time_ms, false, time);
  SNT_TRY(snt_out_printf(out, err, "  %s%c ", snt_out_colour(out, opens ? OPENS : CLOSES), opens ? '+' : '-'));
  SNT_TRY(print_clean(out, flip->user, err));
  SNT_TRY(snt_out_text(out, " ", err));
  SNT_TRY(print_clean(out, flip->profile, err));
  SNT_TRY(snt_out_printf(out, err, "%s: ", snt_out_colour(out, "")));
  SNT_TRY(print_verdict(out, flip->from, flip->rule_before, flip->error_before, err));
  SNT_TRY(snt_out_text(out, " -> ", err));
  SNT_TRY(print_verdict(out, flip->to, flip->rule_after, flip->error_after, err));
  return snt_out_printf(out, err, "; %lld %s, first at %s (record %lld)\n", (long long)flip->count,
                        flip->count == 1 ? "time" : "times", time, (long long)flip->first_seq);
}

/* The first few of each direction. */
static snt_status print_flips(struct snt_out *out, const struct snt_impact *impact, struct snt_err *err) {
  size_t shown[2] = {0, 0};
  size_t left = 0;
  for (size_t i = 0; i < impact->flip_count; i++) {
    size_t *count = &shown[impact->flips[i].to == SNT_EFFECT_ALLOW ? 0 : 1];
    if (*count == FLIPS_SHOWN) {
      left++;
      continue;
    }
    (*count)++;
    SNT_TRY(print_flip(out, &impact->flips[i], err));
  }
  return left == 0 ? snt_done() : snt_out_printf(out, err, "  and %zu more groups; --json lists them\n", left);
}

static snt_status print_counts(struct snt_out *out, const struct snt_impact *impact, struct snt_err *err) {
  const char *before = "  ";
  for (int i = 0; i < SNT_CHANGE_NONE; i++) {
    if (impact->changes[i] > 0) {
      SNT_TRY(snt_out_printf(out, err, "%s%lld %s", before, (long long)impact->changes[i],
                             snt_change_meaning((enum snt_change)i)));
      before = "; ";
    }
  }
  SNT_TRY(snt_out_printf(out, err, "%s%lld as before\n", before, (long long)impact->same));
  int64_t unknown = impact->not_recorded + impact->no_answer;
  return unknown == 0
             ? snt_done()
             : snt_out_printf(out, err,
                              "  ? cannot tell: %lld more, which need what was not recorded or had no "
                              "answer; first record %lld\n",
                              (long long)unknown,
                              (long long)(impact->not_recorded > 0 ? impact->not_recorded_seq : impact->no_answer_seq));
}

static snt_status print_replay(struct snt_out *out, const struct snt_difference_replay *replay, struct snt_err *err) {
  char since[32];
  if (!replay->has_log) {
    return snt_out_text(out, "no decisions were made again: there is no log\n", err);
  }
  snt_time_format(replay->since_ms, false, since);
  SNT_TRY(snt_out_text(out, "decisions of ", err));
  SNT_TRY(print_clean(out, replay->path, err));
  SNT_TRY(replay->since_ms == 0 ? snt_done() : snt_out_printf(out, err, " since %s", since));
  SNT_TRY(snt_out_printf(out, err, ", made again%s:\n",
                         replay->is_cut ? " (earlier ones were left out: time was over)" : ""));
  SNT_TRY(print_flips(out, &replay->impact, err));
  return print_counts(out, &replay->impact, err);
}

/* The whole ------------------------------------------------------------------------------------------------------ */

static snt_status print_side(struct snt_out *out, const char *sign, const struct snt_difference_side *side,
                             struct snt_err *err) {
  SNT_TRY(snt_out_printf(out, err, "%s ", sign));
  SNT_TRY(print_clean(out, side->source, err));
  SNT_TRY(side->serial == 0 ? snt_done() : snt_out_printf(out, err, " serial %lld", (long long)side->serial));
  return snt_out_printf(out, err, " sha256 %.12s\n", side->sha256);
}

snt_status snt_cli_print_difference(struct snt_out *out, const struct snt_difference *difference, struct snt_err *err) {
  SNT_TRY(difference->has_before ? print_side(out, "---", &difference->before, err)
                                 : snt_out_text(out, "--- nothing is in force\n", err));
  SNT_TRY(print_side(out, "+++", &difference->after, err));
  if (!snt_difference_is_any(difference)) {
    return snt_out_text(out, "both decide alike\n", err);
  }
  SNT_TRY(print_changes(out, difference, err));
  SNT_TRY(print_all_access(out, difference, err));
  SNT_TRY(print_replay(out, &difference->replay, err));
  for (size_t i = 0; i < difference->unknown_count; i++) {
    SNT_TRY(snt_out_printf(out, err, "%s? cannot tell ", snt_out_colour(out, OPENS)));
    SNT_TRY(print_clean(out, difference->unknown[i], err));
    SNT_TRY(snt_out_printf(out, err, "%s\n", snt_out_colour(out, "")));
  }
  return snt_done();
}
