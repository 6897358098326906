#include "policy/decision.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* What the stdlib writes is less: names of 128 bytes, texts of 256, and what fits into a frame. */
enum {
  RULE_NAME_MAX = 64,
  REMEDIES_MAX = 8,
  REMEDY_CAP = 301,
  CONDITIONS_MAX = 100,
  CONDITION_CAP = 257,
  TRACE_MAX = 1000,
  MISSING_CAP = 513,
  TOLD_CAP = 1024,
  WINDOW_LEFT_MAX = 12 * 3600 /* no session is longer */
};

static const char *const EFFECT_NAMES[] = {
#define SNT_EFFECT_NAME(name, text, issues) text,
    SNT_EFFECTS(SNT_EFFECT_NAME)
#undef SNT_EFFECT_NAME
};

static const bool EFFECT_ISSUES[] = {
#define SNT_EFFECT_ISSUES(name, text, issues) issues,
    SNT_EFFECTS(SNT_EFFECT_ISSUES)
#undef SNT_EFFECT_ISSUES
};

const char *snt_effect_name(enum snt_effect effect) {
  return (unsigned)effect < SNT_EFFECT_COUNT ? EFFECT_NAMES[effect] : EFFECT_NAMES[SNT_EFFECT_DENY];
}

bool snt_effect_find(const char *name, enum snt_effect *out) {
  for (int i = 0; i < SNT_EFFECT_COUNT; i++) {
    if (strcmp(name, EFFECT_NAMES[i]) == 0) {
      *out = (enum snt_effect)i;
      return true;
    }
  }
  return false;
}

bool snt_rule_name_check(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t len = strspn(name, allowed);
  return len > 0 && len <= RULE_NAME_MAX && name[len] == '\0';
}

void snt_decision_clear(struct snt_decision *decision) {
  snt_buf_clear(&decision->conditions);
  snt_buf_clear(&decision->missing);
  snt_json_free(&decision->doc);
  memset(decision, 0, sizeof *decision);
}

static snt_status refuse_reply(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's answer makes no sense (%s)", what);
}

/* A string member of at most cap - 1 printable bytes; null or absent is "". */
static snt_status take_text(const struct snt_json_value *root, const char *key, char *out, size_t cap,
                            struct snt_err *err) {
  out[0] = '\0';
  const struct snt_json_value *value = snt_json_get(root, key);
  if (snt_json_type(value) == SNT_JSON_NULL || snt_json_type(value) == SNT_JSON_NONE) {
    return snt_done();
  }
  const char *text = snt_json_printable(value, cap);
  if (text == NULL) {
    return refuse_reply(key, err);
  }
  memcpy(out, text, strlen(text) + 1);
  return snt_done();
}

static snt_status take_bool(const struct snt_json_value *root, const char *key, bool *out, struct snt_err *err) {
  *out = false;
  const struct snt_json_value *value = snt_json_get(root, key);
  if (snt_json_type(value) != SNT_JSON_NONE && !snt_json_bool(value, out)) {
    return refuse_reply(key, err);
  }
  return snt_done();
}

/* An array of at most max printable texts of at most cap - 1 bytes. */
static snt_status check_texts(const struct snt_json_value *list, const char *key, size_t max, size_t cap,
                              struct snt_err *err) {
  if (snt_json_type(list) != SNT_JSON_ARRAY || snt_json_count(list) > max) {
    return refuse_reply(key, err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    SNT_TRY(snt_json_printable(snt_json_at(list, i), cap) == NULL ? refuse_reply(key, err) : snt_done());
  }
  return snt_done();
}

static snt_status take_conditions(const struct snt_json_value *root, struct snt_buf *out, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(root, "conditions");
  SNT_TRY(check_texts(list, "conditions", CONDITIONS_MAX, CONDITION_CAP, err));
  return snt_json_dump(list, out, err);
}

static snt_status take_missing(const struct snt_json_value *root, struct snt_buf *out, struct snt_err *err) {
  const struct snt_json_value *list = snt_json_get(root, "missing");
  SNT_TRY(check_texts(list, "missing", CONDITIONS_MAX, MISSING_CAP, err));
  for (size_t i = 0; i < snt_json_count(list); i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%s%s", i == 0 ? "" : "; ", snt_json_string(snt_json_at(list, i), NULL)));
  }
  return snt_done();
}

/* Every text of it is shown to people, by explain and in refusals. */
static snt_status take_trace(const struct snt_json_value *root, struct snt_decision *out, struct snt_err *err) {
  static const char *const keys[] = {"rule", "matched", "failed", "wanted", "got", "left_out", NULL};
  static const char *const texts[] = {"rule", "failed", "wanted", "got"};
  const struct snt_json_value *list = snt_json_get(root, "trace");
  if (snt_json_type(list) != SNT_JSON_ARRAY || snt_json_count(list) > TRACE_MAX) {
    return refuse_reply("trace", err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    const struct snt_json_value *entry = snt_json_at(list, i);
    bool has_matched = false;
    int64_t left_out = 0;
    char told[TOLD_CAP];
    bool is_good =
        snt_json_type(entry) == SNT_JSON_OBJECT && snt_ok(snt_json_check_keys(entry, "", keys, NULL)) &&
        snt_json_string(snt_json_get(entry, "rule"), NULL) != NULL &&
        snt_json_bool(snt_json_get(entry, "matched"), &has_matched) &&
        (snt_json_get(entry, "left_out") == NULL || snt_json_integer(snt_json_get(entry, "left_out"), &left_out));
    for (size_t k = 0; is_good && k < sizeof texts / sizeof texts[0]; k++) {
      is_good = snt_ok(take_text(entry, texts[k], told, sizeof told, NULL));
    }
    if (!is_good) {
      return refuse_reply("trace", err);
    }
  }
  out->trace = list;
  return snt_done();
}

static snt_status take_effect(const struct snt_json_value *root, enum snt_effect *out, struct snt_err *err) {
  *out = SNT_EFFECT_DENY;
  size_t len = 0;
  const char *text = snt_json_string(snt_json_get(root, "effect"), &len);
  bool is_known = text != NULL && strlen(text) == len && snt_effect_find(text, out);
  return is_known ? snt_done() : refuse_reply("effect", err);
}

static snt_status take_rule(const struct snt_json_value *root, struct snt_decision *out, struct snt_err *err) {
  SNT_TRY(take_text(root, "rule", out->rule, sizeof out->rule, err));
  if (!snt_json_integer(snt_json_get(root, "rule_index"), &out->rule_index)) {
    return refuse_reply("rule_index", err);
  }
  bool has_rule = out->rule[0] != '\0';
  bool is_good = has_rule ? snt_rule_name_check(out->rule) && out->rule_index >= 0 && out->rule_index < 1000000
                          : out->rule_index == -1;
  return is_good ? snt_done() : refuse_reply("rule", err);
}

static snt_status take_bound(const struct snt_json_value *root, struct snt_decision *out, struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(root, "max_duration");
  const struct snt_json_value *left = snt_json_get(root, "window_left");
  const struct snt_json_value *lease = snt_json_get(root, "lease");
  out->max_duration_s = 0;
  out->window_left_s = 0;
  out->lease_s = 0;
  if (lease != NULL && (!snt_json_integer(lease, &out->lease_s) || out->lease_s < 1)) {
    return refuse_reply("lease", err);
  }
  if (left != NULL && (!snt_json_integer(left, &out->window_left_s) || out->window_left_s < 1 ||
                       out->window_left_s > WINDOW_LEFT_MAX)) {
    return refuse_reply("window_left", err);
  }
  if (snt_json_type(value) == SNT_JSON_NULL) {
    return snt_done();
  }
  if (!snt_json_integer(value, &out->max_duration_s) || out->max_duration_s < 1) {
    return refuse_reply("max_duration", err);
  }
  return take_bool(root, "ends_with_window", &out->ends_with_window, err);
}

/* How far a rule got that fails on this condition: profile, then person, then the rest. */
static int rank_of(const char *failed) {
  static const char *const person[] = {"users", "groups", "caller_roles", "caller_accounts", NULL};
  if (failed == NULL || failed[0] == '\0' || strcmp(failed, "profiles") == 0) {
    return 0;
  }
  for (const char *const *name = person; *name != NULL; name++) {
    if (strcmp(failed, *name) == 0) {
      return 1;
    }
  }
  return 2;
}

/* For a person who matched no rule. Windows of time are told; patterns are not (aws.md, credential_process). */
static void note_nearest(const struct snt_json_value *root, struct snt_decision *out) {
  const struct snt_json_value *trace = snt_json_get(root, "trace");
  int best = 0;
  for (size_t i = 0; i < snt_json_count(trace); i++) {
    const struct snt_json_value *entry = snt_json_at(trace, i);
    const char *rule = snt_json_string(snt_json_get(entry, "rule"), NULL);
    const char *failed = snt_json_string(snt_json_get(entry, "failed"), NULL);
    const char *wanted = snt_json_string(snt_json_get(entry, "wanted"), NULL);
    const char *got = snt_json_string(snt_json_get(entry, "got"), NULL);
    int rank = rank_of(failed);
    if (rule == NULL || rank <= best) {
      continue;
    }
    best = rank;
    (void)snprintf(out->nearest_condition, sizeof out->nearest_condition, "%.256s", failed);
    bool is_time = strncmp(failed, "time", 4) == 0 && wanted != NULL && got != NULL;
    (void)snprintf(out->nearest, sizeof out->nearest, "rule \"%.64s\" failed on %.128s%s%.256s%s%.128s", rule, failed,
                   is_time ? ": wanted " : "", is_time ? wanted : "", is_time ? ", it is " : "", is_time ? got : "");
  }
}

/* Optional; what people read of it is bounded and printable, and an allow needs none. */
static snt_status take_remedies(const struct snt_json_value *root, struct snt_decision *out, struct snt_err *err) {
  static const char *const keys[] = {"rule", "text", NULL};
  const struct snt_json_value *list = snt_json_get(root, "remedies");
  if (snt_json_type(list) == SNT_JSON_NONE) {
    return snt_done();
  }
  if (snt_json_type(list) != SNT_JSON_ARRAY || snt_json_count(list) > REMEDIES_MAX) {
    return refuse_reply("remedies", err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    const struct snt_json_value *entry = snt_json_at(list, i);
    char rule[sizeof out->rule];
    char text[REMEDY_CAP];
    if (snt_json_type(entry) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(entry, "", keys, NULL))) {
      return refuse_reply("remedies", err);
    }
    SNT_TRY(take_text(entry, "rule", rule, sizeof rule, err));
    SNT_TRY(take_text(entry, "text", text, sizeof text, err));
    if (!snt_rule_name_check(rule) || text[0] == '\0') {
      return refuse_reply("remedies", err);
    }
  }
  out->remedies = list;
  return snt_done();
}

static snt_status take_all(const struct snt_json_value *root, struct snt_decision *out, struct snt_err *err) {
  static const char *const keys[] = {"effect",
                                     "rule",
                                     "rule_index",
                                     "reason",
                                     "error",
                                     "max_duration",
                                     "ends_with_window",
                                     "window_left",
                                     "lease",
                                     "requires_server_mode",
                                     "requires_session_tracking",
                                     "trace",
                                     "conditions",
                                     "missing",
                                     "failed_condition",
                                     "emergency",
                                     "requires_justification",
                                     "remedies",
                                     NULL};
  if (snt_json_type(root) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(root, "", keys, NULL))) {
    return refuse_reply("members", err);
  }
  SNT_TRY(take_rule(root, out, err));
  SNT_TRY(take_text(root, "reason", out->reason, sizeof out->reason, err));
  SNT_TRY(take_text(root, "error", out->error, sizeof out->error, err));
  SNT_TRY(take_text(root, "failed_condition", out->failed_condition, sizeof out->failed_condition, err));
  SNT_TRY(take_bound(root, out, err));
  SNT_TRY(take_bool(root, "requires_server_mode", &out->requires_server_mode, err));
  SNT_TRY(take_bool(root, "requires_session_tracking", &out->requires_session_tracking, err));
  SNT_TRY(take_bool(root, "emergency", &out->is_emergency, err));
  SNT_TRY(take_bool(root, "requires_justification", &out->requires_justification, err));
  SNT_TRY(take_conditions(root, &out->conditions, err));
  SNT_TRY(take_trace(root, out, err));
  SNT_TRY(take_missing(root, &out->missing, err));
  SNT_TRY(take_remedies(root, out, err));
  if (out->rule[0] == '\0') {
    note_nearest(root, out);
  }
  enum snt_effect effect = SNT_EFFECT_DENY;
  SNT_TRY(take_effect(root, &effect, err));
  if (effect == SNT_EFFECT_ALLOW && (out->error[0] != '\0' || out->rule[0] == '\0')) {
    return refuse_reply("an allow with an error, or without a rule", err);
  }
  if (effect == SNT_EFFECT_ALLOW && snt_json_count(out->remedies) > 0) {
    return refuse_reply("an allow with a remedy", err);
  }
  out->effect = effect;
  return snt_done();
}

snt_status snt_decision_parse(const char *reply, size_t len, struct snt_decision *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  if (!snt_ok(snt_json_parse(reply, len, "the evaluator's answer", &decision.doc, err))) {
    return refuse_reply("not strict JSON", err);
  }
  SNT_TRY(take_all(snt_json_root(decision.doc), &decision, err));
  *out = decision;
  memset(&decision, 0, sizeof decision); /* ownership went to out */
  return snt_done();
}

bool snt_decision_allows(const struct snt_decision *decision) {
  return (unsigned)decision->effect < SNT_EFFECT_COUNT && EFFECT_ISSUES[decision->effect] &&
         decision->effect == SNT_EFFECT_ALLOW && decision->error[0] == '\0' && decision->rule[0] != '\0';
}

int64_t snt_decision_life_s(const struct snt_decision *decision) {
  int64_t bound_s = decision->max_duration_s;
  bool is_leased = decision->lease_s > 0 && (bound_s == 0 || decision->lease_s < bound_s);
  return is_leased ? decision->lease_s : bound_s;
}
