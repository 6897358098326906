#include "issue/replay.h"

#include <stdio.h>
#include <string.h>

#include "audit/recorded.h"
#include "audit/segments.h"
#include "issue/parameter.h"
#include "issue/settings.h"

void snt_replay_report_clear(struct snt_replay_report *report) { snt_impact_clear(&report->impact); }

struct walk {
  const struct snt_issue_replay_options *options;
  struct snt_log_segments *files;
  struct snt_replay *replay;
  struct snt_replay_report *report;
};

static snt_status take_answer(void *context, const struct snt_replay_case *of, enum snt_replay_answer answer,
                              const struct snt_verdict *after, struct snt_err *err) {
  struct snt_replay_report *report = context;
  return snt_impact_add(&report->impact, of, answer, after, err);
}

static bool is_wanted(const struct snt_issue_replay_options *options, const struct snt_recorded *recorded) {
  return (!options->has_since || recorded->time_ms >= options->since_ms) &&
         (!options->has_until || recorded->time_ms < options->until_ms) &&
         (options->profile == NULL || strcmp(options->profile, recorded->profile) == 0);
}

/* A refusal before there was a decision. What comes after one, which was recorded itself, is none of its own. */
static void skip_failure(const struct snt_recorded *recorded, struct snt_impact *impact) {
  char reason[64];
  bool is_word = strspn(recorded->stage, "abcdefghijklmnopqrstuvwxyz") == strlen(recorded->stage);
  if (strcmp(recorded->stage, "sts") != 0 && strcmp(recorded->stage, "output") != 0) {
    (void)snprintf(reason, sizeof reason, "failed:%s", is_word ? recorded->stage : "other");
    snt_impact_skip(impact, reason);
  }
}

static struct snt_replay_case case_of(const struct snt_recorded *recorded, enum snt_effect effect) {
  struct snt_replay_case of = {.before = {.effect = effect, .max_duration_s = recorded->max_duration_s},
                               .has_bound = recorded->has_bound,
                               .seq = recorded->seq,
                               .time_ms = recorded->time_ms};
  memcpy(of.before.rule, recorded->rule, sizeof of.before.rule);
  memcpy(of.before.error, recorded->error, sizeof of.before.error);
  memcpy(of.user, recorded->user, sizeof of.user);
  memcpy(of.profile, recorded->profile, sizeof of.profile);
  memcpy(of.request_id, recorded->request_id, sizeof of.request_id);
  return of;
}

bool snt_replay_take_recorded(const struct snt_recorded *recorded, struct snt_impact *impact,
                              struct snt_replay_case *out) {
  enum snt_effect effect = SNT_EFFECT_DENY;
  if (recorded->kind != SNT_RECORDED_DECISION) {
    if (recorded->kind == SNT_RECORDED_FAILED) {
      skip_failure(recorded, impact);
    }
    return false;
  }
  if (!snt_effect_find(recorded->effect, &effect)) {
    snt_impact_skip(impact, "unknown_effect");
    return false;
  }
  if (strcmp(recorded->error, "policy_invalid") == 0 || strcmp(recorded->error, "evaluator_failed") == 0) {
    snt_impact_skip(impact, recorded->error);
    return false;
  }
  *out = case_of(recorded, effect);
  return true;
}

static snt_status take_record(struct walk *walk, const struct snt_recorded *recorded, struct snt_err *err) {
  struct snt_replay_case of;
  if (!is_wanted(walk->options, recorded)) {
    return snt_done();
  }
  walk->report->decisions += recorded->kind == SNT_RECORDED_DECISION ? 1 : 0;
  return snt_replay_take_recorded(recorded, &walk->report->impact, &of)
             ? snt_replay_add(walk->replay, &of, recorded->request, recorded->facts, err)
             : snt_done();
}

static snt_status hint_at_verify(struct snt_err *err) {
  return snt_err_hint(err, "`sentinel log verify` says whether it was changed after it was written");
}

static snt_status refuse_line(const struct walk *walk, const char *why, struct snt_err *err) {
  SNT_IGNORE(
      snt_fail(err, SNT_CODE_NOT_A_LOG, "%s: line %lld %s", walk->files->path, (long long)walk->files->line, why));
  return hint_at_verify(err);
}

/* What is wrong with a record and shows only when its answer is due: it names the record itself. */
static snt_status name_log(const struct walk *walk, snt_status status, struct snt_err *err) {
  if (status.code != SNT_CODE_NOT_A_LOG) {
    return status;
  }
  SNT_IGNORE(snt_err_prefix(err, "%s", walk->options->log));
  return hint_at_verify(err);
}

static snt_status take_line(struct walk *walk, enum snt_log_piece piece, const char *line, size_t len,
                            struct snt_err *err) {
  struct snt_recorded recorded;
  struct snt_err why = {0};
  walk->report->records++;
  if (piece == SNT_LOG_PIECE_LONG) {
    return refuse_line(walk, "is longer than 64 KiB", err);
  }
  if (!snt_ok(snt_recorded_parse(line, len, &recorded, &why))) {
    return why.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err) : refuse_line(walk, why.message, err);
  }
  snt_status status = take_record(walk, &recorded, &why);
  if (status.code == SNT_CODE_SYNTAX) {
    return refuse_line(walk, why.message, err);
  }
  if (!snt_ok(status) && err != NULL) {
    *err = why;
  }
  return name_log(walk, status, err);
}

static snt_status walk_log(struct walk *walk, struct snt_err *err) {
  for (;;) {
    enum snt_log_piece piece = SNT_LOG_PIECE_END;
    char *line = NULL;
    size_t len = 0;
    SNT_TRY(snt_log_segments_next(walk->files, &piece, &line, &len, err));
    if (piece == SNT_LOG_PIECE_END) {
      break;
    }
    if (piece == SNT_LOG_PIECE_TORN) {
      walk->report->has_torn_tail = true;
      continue;
    }
    SNT_TRY(take_line(walk, piece, line, len, err));
  }
  if (walk->report->records == 0) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "%s holds no record", walk->options->log);
  }
  return name_log(walk, snt_replay_finish(walk->replay, err), err);
}

static snt_status find_policy(const struct snt_issue_replay_options *options, struct snt_policy *out,
                              struct snt_err *err) {
  struct snt_policy_source source = {0};
  if (options->profile == NULL && strstr(options->policy, "{profile}") != NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--policy: {profile} is another policy for each profile"));
    return snt_err_hint(err, "say which one is meant with --profile, and replay one after the other");
  }
  SNT_TRY(snt_policy_source_parse(options->policy, options->profile, &source, err));
  return source.origin == SNT_POLICY_ORIGIN_FILE ? snt_policy_read_file(source.path, false, out, err)
                                                 : snt_parameter_read(&options->asking, &source, out, err);
}

static void name_policy(const struct snt_policy *policy, struct snt_replay_report *out) {
  (void)snprintf(out->source, sizeof out->source, "%s", policy->source);
  (void)snprintf(out->sha256, sizeof out->sha256, "%s", policy->sha256);
  (void)snprintf(out->region, sizeof out->region, "%s", policy->region);
  out->version = policy->version;
}

snt_status snt_issue_replay(const struct snt_issue_replay_options *options, struct snt_replay_report *out,
                            struct snt_err *err) {
  *out = (struct snt_replay_report){0};
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_REPLAY_AUTO struct snt_replay *replay = NULL;
  SNT_LOG_SEGMENTS_AUTO struct snt_log_segments files = {.last = {.fd = -1}, .segment = {.fd = -1}};
  SNT_TRY(snt_settings_load(options->asking.config, &settings, err));
  SNT_TRY(snt_log_segments_open(options->log, &files, err)); /* before anybody is asked for anything */
  SNT_TRY(find_policy(options, &policy, err));
  struct snt_replay_options how = {.is_rlimits_only = snt_settings_is(settings, SNT_SETTING_SANDBOX, "rlimits-only"),
                                   .on_answer = take_answer,
                                   .context = out};
  SNT_TRY(snt_replay_open(&how, &policy, &replay, err));
  name_policy(&policy, out);
  struct walk walk = {.options = options, .files = &files, .replay = replay, .report = out};
  SNT_TRY(walk_log(&walk, err));
  snt_impact_sort(&out->impact);
  return snt_done();
}
