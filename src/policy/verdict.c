#include "policy/verdict.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS = 6, FIELD_CAP = 80, RULES_MAX = 1000000, DIGITS_MAX = 18 };

enum field { FIELD_EFFECT, FIELD_INDEX, FIELD_EMERGENCY, FIELD_BOUND, FIELD_ERROR, FIELD_RULE };

static snt_status refuse(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's answer to a batch makes no sense (%s)", what);
}

/* The fields of a line, with one space between two. */
static bool split(const char *line, size_t len, char fields[FIELDS][FIELD_CAP]) {
  const char *end = line + len;
  for (size_t i = 0; i < FIELDS; i++) {
    const char *stop = i + 1 < FIELDS ? memchr(line, ' ', (size_t)(end - line)) : end;
    size_t size = stop == NULL ? 0 : (size_t)(stop - line);
    if (size == 0 || size >= FIELD_CAP) {
      return false;
    }
    memcpy(fields[i], line, size);
    fields[i][size] = '\0';
    if (strlen(fields[i]) != size) {
      return false;
    }
    line = i + 1 < FIELDS ? stop + 1 : end;
  }
  return true;
}

/* A whole number from 0 on, as there is one way to write it. */
static bool take_number(const char *text, int64_t *out) {
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > DIGITS_MAX || text[digits] != '\0' || (text[0] == '0' && digits > 1)) {
    return false;
  }
  *out = 0;
  for (; *text != '\0'; text++) {
    *out = *out * 10 + (*text - '0');
  }
  return true;
}

static bool take_error(const char *text, struct snt_verdict *out) {
  if (strcmp(text, "-") == 0) {
    return true;
  }
  size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
  if (text[len] != '\0' || len >= sizeof out->error) {
    return false;
  }
  memcpy(out->error, text, len + 1);
  return true;
}

/* The rule and its number: both, or neither. */
static bool take_rule(const char *name, const char *number, struct snt_verdict *out) {
  int64_t index = 0;
  if (strcmp(name, "-") == 0 && strcmp(number, "-1") == 0) {
    return true;
  }
  if (!snt_rule_name_check(name) || !take_number(number, &index) || index >= RULES_MAX) {
    return false;
  }
  memcpy(out->rule, name, strlen(name) + 1);
  return true;
}

static snt_status take_line(const char *line, size_t len, struct snt_verdict *out, struct snt_err *err) {
  char fields[FIELDS][FIELD_CAP];
  enum snt_effect effect = SNT_EFFECT_DENY;
  int64_t is_emergency = 0;
  *out = (struct snt_verdict){0};
  if (!split(line, len, fields)) {
    return refuse("a line", err);
  }
  if (!take_rule(fields[FIELD_RULE], fields[FIELD_INDEX], out)) {
    return refuse("rule", err);
  }
  if (!take_number(fields[FIELD_EMERGENCY], &is_emergency) || is_emergency > 1) {
    return refuse("emergency", err);
  }
  out->is_emergency = is_emergency == 1;
  if (!take_number(fields[FIELD_BOUND], &out->max_duration_s)) {
    return refuse("max_duration", err);
  }
  if (!take_error(fields[FIELD_ERROR], out)) {
    return refuse("error", err);
  }
  if (!snt_effect_find(fields[FIELD_EFFECT], &effect)) {
    return refuse("effect", err);
  }
  if (effect == SNT_EFFECT_ALLOW && (out->error[0] != '\0' || out->rule[0] == '\0')) {
    return refuse("an allow with an error, or without a rule", err);
  }
  out->effect = effect;
  return snt_done();
}

snt_status snt_verdicts_parse(const char *reply, size_t len, struct snt_verdict *out, size_t count,
                              struct snt_err *err) {
  const char *end = reply + len;
  for (size_t i = 0; i < count; i++) {
    const char *newline = memchr(reply, '\n', (size_t)(end - reply));
    if (newline == NULL) {
      return refuse("too few", err);
    }
    SNT_TRY(take_line(reply, (size_t)(newline - reply), &out[i], err));
    reply = newline + 1;
  }
  return reply == end ? snt_done() : refuse("too many", err);
}

struct snt_verdict snt_verdict_of(const struct snt_decision *decision) {
  struct snt_verdict verdict = {.effect = snt_decision_allows(decision) || decision->effect != SNT_EFFECT_ALLOW
                                              ? decision->effect
                                              : SNT_EFFECT_DENY,
                                .max_duration_s = snt_decision_life_s(decision),
                                .is_emergency = decision->is_emergency};
  (void)snprintf(verdict.rule, sizeof verdict.rule, "%s", decision->rule);
  (void)snprintf(verdict.error, sizeof verdict.error, "%s", decision->error);
  return verdict;
}
