#include "policy/lint.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/decision.h"

enum { RULE_MAX = 64, FILE_MAX = 4200, MESSAGE_MAX = 1000, LINES_MAX = 1000000 };

const struct snt_lint_row SNT_LINT_TABLE[SNT_LINT_CHECK_COUNT] = {
#define SNT_LINT_ROW(name, text, is_error, meaning, remedy) {text, is_error, meaning, remedy},
    SNT_LINT_CHECKS(SNT_LINT_ROW)
#undef SNT_LINT_ROW
};

void snt_lint_clear(struct snt_lint *lint) {
  free(lint->problems);
  snt_json_free(&lint->doc);
  memset(lint, 0, sizeof *lint);
}

static snt_status refuse(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's report makes no sense (%s)", what);
}

/* A member of 1 to max printable bytes, or NULL. */
static const char *find_text(const struct snt_json_value *object, const char *key, size_t max) {
  const char *text = snt_json_printable(snt_json_get(object, key), max + 1);
  return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool find_check(const char *name, enum snt_lint_check *out) {
  for (int i = 0; name != NULL && i < SNT_LINT_CHECK_COUNT; i++) {
    if (strcmp(name, SNT_LINT_TABLE[i].name) == 0) {
      *out = (enum snt_lint_check)i;
      return true;
    }
  }
  return false;
}

static bool take_problem(const struct snt_json_value *value, struct snt_lint_problem *out) {
  static const char *const keys[] = {"check", "rule", "file", "line", "message", NULL};
  if (snt_json_type(value) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(value, "", keys, NULL))) {
    return false;
  }
  out->rule = find_text(value, "rule", RULE_MAX);
  out->file = find_text(value, "file", FILE_MAX);
  out->message = find_text(value, "message", MESSAGE_MAX);
  return find_check(find_text(value, "check", RULE_MAX), &out->check) && out->rule != NULL &&
         snt_rule_name_check(out->rule) && out->file != NULL && out->message != NULL &&
         snt_json_integer(snt_json_get(value, "line"), &out->line) && out->line >= 1 && out->line < LINES_MAX;
}

static snt_status take_problems(const struct snt_json_value *list, struct snt_lint *out, struct snt_err *err) {
  size_t count = snt_json_count(list);
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > SNT_LINT_PROBLEMS_MAX) {
    return refuse("problems", err);
  }
  out->problems = calloc(count + 1, sizeof *out->problems);
  if (out->problems == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    if (!take_problem(snt_json_at(list, i), &out->problems[i])) {
      return refuse("a problem", err);
    }
  }
  out->count = count;
  return snt_done();
}

snt_status snt_lint_parse(const char *reply, size_t len, struct snt_lint *out, struct snt_err *err) {
  static const char *const keys[] = {"problems", "left_out", "complete", NULL};
  memset(out, 0, sizeof *out);
  SNT_LINT_AUTO struct snt_lint lint = {0};
  if (!snt_ok(snt_json_parse(reply, len, "", &lint.doc, NULL))) {
    return refuse("not strict JSON", err);
  }
  const struct snt_json_value *root = snt_json_root(lint.doc);
  if (snt_json_type(root) != SNT_JSON_OBJECT || !snt_ok(snt_json_check_keys(root, "", keys, NULL))) {
    return refuse("members", err);
  }
  SNT_TRY(take_problems(snt_json_get(root, "problems"), &lint, err));
  if (!snt_json_integer(snt_json_get(root, "left_out"), &lint.left_out) || lint.left_out < 0 ||
      (lint.left_out > 0 && lint.count == 0)) {
    return refuse("left_out", err);
  }
  if (!snt_json_bool(snt_json_get(root, "complete"), &lint.is_complete)) {
    return refuse("complete", err);
  }
  *out = lint;
  memset(&lint, 0, sizeof lint); /* ownership went to out */
  return snt_done();
}

size_t snt_lint_count_errors(const struct snt_lint *lint) {
  size_t count = 0;
  for (size_t i = 0; i < lint->count; i++) {
    count += SNT_LINT_TABLE[lint->problems[i].check].is_error ? 1 : 0;
  }
  return count;
}
