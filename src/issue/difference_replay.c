/* What decisions of the log come to by the old policy and by the new one. Both make them again: who decided them, and
 * by which policy, makes no difference.
 *
 * The log is read from its end, block by block, on through its closed segments, so that what is left out when time is
 * over is what is oldest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/backward.h"
#include "audit/log.h"
#include "base/clock.h"
#include "issue/difference_internal.h"
#include "issue/replay.h"

enum { CASES_MAX = 4096, SEEN_MAX = 50 };

/* A decision of the block, and what the old policy makes of it. */
struct item {
  struct snt_replay_case of;
  struct snt_slice request, facts; /* in the block */
  enum snt_replay_answer answer;
};

struct replaying {
  struct snt_comparing *comparing;
  struct snt_difference_replay *out;
  struct snt_replay *replays[SNT_SIDE_COUNT];
  struct snt_log_backward log;
  int64_t deadline_ms;
  struct item *items;
  size_t count;
};

static void clear_replaying(struct replaying *replaying) {
  for (size_t i = 0; i < SNT_SIDE_COUNT; i++) {
    snt_replay_close(&replaying->replays[i]);
  }
  snt_log_backward_close(&replaying->log);
  free(replaying->items);
}

static snt_status take_old(void *context, const struct snt_replay_case *of, enum snt_replay_answer answer,
                           const struct snt_verdict *verdict, struct snt_err *err) {
  struct replaying *replaying = context;
  struct item *item = &replaying->items[of->number];
  (void)err;
  item->answer = answer;
  item->of.before = *verdict;
  item->of.has_bound = true;
  return snt_done();
}

static snt_status take_new(void *context, const struct snt_replay_case *of, enum snt_replay_answer answer,
                           const struct snt_verdict *verdict, struct snt_err *err) {
  struct replaying *replaying = context;
  const struct item *item = &replaying->items[of->number];
  bool is_known = item->answer == SNT_REPLAY_DECIDED;
  return snt_impact_add(&replaying->out->impact, &item->of, is_known ? answer : item->answer, verdict, err);
}

static snt_status open_replays(struct replaying *replaying, struct snt_err *err) {
  struct snt_comparing *comparing = replaying->comparing;
  bool is_rlimits_only = snt_settings_is(comparing->settings, SNT_SETTING_SANDBOX, "rlimits-only");
  for (int i = 0; i < SNT_SIDE_COUNT; i++) {
    struct snt_replay_options options = {.is_rlimits_only = is_rlimits_only,
                                         .on_answer = i == SNT_SIDE_BEFORE ? take_old : take_new,
                                         .context = replaying};
    if (comparing->policies[i] != NULL) {
      SNT_TRY(snt_replay_open(&options, comparing->policies[i], &replaying->replays[i], err));
    }
  }
  return snt_done();
}

/* Reading -------------------------------------------------------------------------------------------------------- */

static snt_status see_profile(struct replaying *replaying, const char *profile, struct snt_err *err) {
  struct snt_difference_profiles *seen = &replaying->out->seen;
  bool is_one = snt_profile_name_check(profile) && seen->count < SEEN_MAX;
  return is_one ? snt_difference_profiles_add(seen, profile, profile, err) : snt_done();
}

static snt_status take_line(struct replaying *replaying, const char *line, size_t len, struct snt_err *err) {
  struct snt_recorded recorded;
  struct snt_err why = {0};
  struct item *item = &replaying->items[replaying->count];
  if (!snt_ok(snt_recorded_parse(line, len, &recorded, &why))) {
    return why.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err)
                                          : snt_fail(err, SNT_CODE_NOT_A_LOG, "%s: a line of it %s",
                                                     snt_buf_borrow(&replaying->log.path), why.message);
  }
  if (replaying->count == CASES_MAX || !snt_replay_take_recorded(&recorded, &replaying->out->impact, &item->of)) {
    return snt_done();
  }
  item->of.number = replaying->count++;
  item->request = recorded.request;
  item->facts = recorded.facts;
  item->answer = SNT_REPLAY_DECIDED; /* where nothing is in force, a denial */
  item->of.before = (struct snt_verdict){.effect = SNT_EFFECT_DENY};
  item->of.has_bound = true;
  replaying->out->since_ms = replaying->out->since_ms == 0 || recorded.time_ms < replaying->out->since_ms
                                 ? recorded.time_ms
                                 : replaying->out->since_ms;
  return see_profile(replaying, recorded.profile, err);
}

static snt_status take_block(struct replaying *replaying, const char *lines, size_t len, struct snt_err *err) {
  const char *end = lines + len;
  replaying->count = 0;
  for (const char *line = lines; line < end;) {
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    SNT_TRY(take_line(replaying, line, (size_t)(stop - line), err));
    line = stop + 1;
  }
  return snt_done();
}

/* Deciding ------------------------------------------------------------------------------------------------------- */

static snt_status decide_block(struct replaying *replaying, struct snt_err *err) {
  for (int i = 0; i < SNT_SIDE_COUNT; i++) {
    struct snt_replay *replay = replaying->replays[i];
    for (size_t k = 0; replay != NULL && k < replaying->count; k++) {
      const struct item *item = &replaying->items[k];
      SNT_TRY(snt_replay_add(replay, &item->of, item->request, item->facts, err));
    }
    SNT_TRY(replay == NULL ? snt_done() : snt_replay_finish(replay, err));
  }
  return snt_done();
}

static snt_status replay_log(struct replaying *replaying, struct snt_err *err) {
  for (bool is_first = true;; is_first = false) {
    const char *lines = NULL;
    size_t len = 0;
    SNT_TRY(snt_log_backward_next_lines(&replaying->log, &lines, &len, err));
    replaying->out->is_cut = len > 0 && !is_first && snt_clock_monotonic_ms() >= replaying->deadline_ms;
    if (len == 0 || replaying->out->is_cut) {
      return snt_done();
    }
    SNT_TRY(take_block(replaying, lines, len, err));
    SNT_TRY(decide_block(replaying, err));
  }
}

static snt_status run(struct replaying *replaying, struct snt_err *err) {
  replaying->items = calloc(CASES_MAX + 1, sizeof *replaying->items);
  if (replaying->items == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(open_replays(replaying, err));
  return replay_log(replaying, err);
}

/* The log that is named, or where the configured one would be; "" for none. */
static snt_status find_log(struct snt_comparing *comparing, struct snt_buf *out, struct snt_err *err) {
  const char *named = comparing->options->log;
  return named != NULL ? snt_buf_append_str(out, named, err)
                       : snt_log_find_path(snt_settings_text(comparing->settings, SNT_SETTING_LOG_PATH), out, err);
}

static snt_status replay(struct snt_comparing *comparing, const char *path, struct snt_err *err) {
  const struct snt_issue_difference_options *options = comparing->options;
  int64_t limit_ms = options->replay_ms > 0 ? options->replay_ms : SNT_DIFFERENCE_REPLAY_MS;
  SNT_CLEANUP(clear_replaying)
  struct replaying replaying = {.comparing = comparing,
                                .out = &comparing->out->replay,
                                .log = {.fd = -1},
                                .deadline_ms = snt_clock_monotonic_ms() + limit_ms};
  SNT_TRY(snt_log_backward_open(path, &replaying.log, err));
  if (!replaying.log.is_there) { /* where none was named, nothing was decided yet */
    return options->log == NULL ? snt_done() : snt_fail(err, SNT_CODE_NOT_A_LOG, "there is no decision log %s", path);
  }
  (void)snprintf(replaying.out->path, sizeof replaying.out->path, "%s", path);
  replaying.out->has_log = true;
  return run(&replaying, err);
}

snt_status snt_comparing_replay(struct snt_comparing *comparing, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_err failure = {0};
  snt_status status = find_log(comparing, &path, &failure);
  if (snt_ok(status) && path.len == 0) {
    return snt_done();
  }
  status = snt_ok(status) ? replay(comparing, path.data, &failure) : status;
  snt_impact_sort(&comparing->out->replay.impact);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  return snt_ok(status) ? snt_done()
                        : snt_difference_add_unknown(comparing->out, err,
                                                     "what changes for the decisions of the log: %s", failure.message);
}
