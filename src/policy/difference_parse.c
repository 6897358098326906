/* What the evaluators that compare told, and what they are asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/json.h"
#include "format/time.h"
#include "policy/difference.h"

enum {
  NAME_MAX_LEN = 300,
  TEXT_MAX = 1100,
  LIST_MAX = 64,
  CHANGES_MAX = 20000,
  DETAILS_MAX = 600,
  ANSWER_CHANGES_MAX = 1000
};

static snt_status refuse(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's comparison makes no sense (%s)", what);
}

static bool has_keys(const struct snt_json_value *object, const char *const *keys) {
  return snt_json_type(object) == SNT_JSON_OBJECT && snt_ok(snt_json_check_keys(object, "", keys, NULL));
}

static bool is_list(const struct snt_json_value *value, size_t max) {
  return snt_json_type(value) == SNT_JSON_ARRAY && snt_json_count(value) <= max;
}

static const char *take_text(const struct snt_json_value *value, size_t max) {
  const char *text = snt_json_printable(value, max + 1);
  return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A text, or null: then *out is NULL. */
static bool take_text_or_null(const struct snt_json_value *value, const char **out) {
  *out = snt_json_printable(value, TEXT_MAX + 1);
  return *out != NULL || snt_json_type(value) == SNT_JSON_NULL;
}

/* The texts of an array; an empty one is NULL where that is no list. */
static snt_status copy_texts(const struct snt_json_value *list, bool has_none, char ***out, struct snt_err *err) {
  size_t count = snt_json_count(list);
  *out = NULL;
  if (!is_list(list, LIST_MAX)) {
    return refuse("a list of texts", err);
  }
  if (count == 0 && has_none) {
    return snt_done();
  }
  char **texts = calloc(count + 1, sizeof *texts);
  snt_status status = texts == NULL ? snt_fail_memory(err) : snt_done();
  for (size_t i = 0; snt_ok(status) && i < count; i++) {
    const char *text = take_text(snt_json_at(list, i), TEXT_MAX);
    texts[i] = text == NULL ? NULL : snt_str_dup(text);
    status = text == NULL ? refuse("a list of texts", err) : texts[i] == NULL ? snt_fail_memory(err) : snt_done();
  }
  if (!snt_ok(status)) {
    snt_difference_free_list(texts);
    return status;
  }
  *out = texts;
  return snt_done();
}

/* Rules ---------------------------------------------------------------------------------------------------------- */

static snt_status take_detail(const struct snt_json_value *value, struct snt_difference_change *out,
                              struct snt_err *err) {
  static const char *const keys[] = {"what", "before", "after", "gained", "lost", NULL};
  const char *before = NULL;
  const char *after = NULL;
  char **gained = NULL;
  char **lost = NULL;
  const char *what = take_text(snt_json_get(value, "what"), NAME_MAX_LEN);
  if (!has_keys(value, keys) || what == NULL || !take_text_or_null(snt_json_get(value, "before"), &before) ||
      !take_text_or_null(snt_json_get(value, "after"), &after)) {
    return refuse("what changed", err);
  }
  SNT_TRY(copy_texts(snt_json_get(value, "gained"), true, &gained, err));
  snt_status status = copy_texts(snt_json_get(value, "lost"), true, &lost, err);
  if (!snt_ok(status)) {
    snt_difference_free_list(gained);
    return status;
  }
  return snt_difference_add_detail(out, what, before, after, gained, lost, err);
}

/* Those that an evaluator tells of. */
static bool find_area(const char *name, enum snt_difference_area *out) {
  static const enum snt_difference_area areas[] = {SNT_DIFFERENCE_RULE, SNT_DIFFERENCE_GROUP, SNT_DIFFERENCE_POLICY};
  for (size_t i = 0; name != NULL && i < sizeof areas / sizeof areas[0]; i++) {
    if (strcmp(name, snt_difference_area_word(areas[i])) == 0) {
      *out = areas[i];
      return true;
    }
  }
  return false;
}

static bool find_kind(const char *name, enum snt_difference_kind *out) {
  for (int i = 0; name != NULL && i < SNT_DIFFERENCE_KIND_COUNT; i++) {
    if (strcmp(name, snt_difference_kind_name((enum snt_difference_kind)i)) == 0) {
      *out = (enum snt_difference_kind)i;
      return true;
    }
  }
  return false;
}

static snt_status take_change(const struct snt_json_value *value, struct snt_difference *out, struct snt_err *err) {
  static const char *const keys[] = {"area", "kind", "name", "details", NULL};
  enum snt_difference_area area = SNT_DIFFERENCE_RULE;
  enum snt_difference_kind kind = SNT_DIFFERENCE_CHANGED;
  const char *name = snt_json_printable(snt_json_get(value, "name"), NAME_MAX_LEN + 1);
  const struct snt_json_value *details = snt_json_get(value, "details");
  if (!has_keys(value, keys) || !find_area(take_text(snt_json_get(value, "area"), NAME_MAX_LEN), &area) ||
      !find_kind(take_text(snt_json_get(value, "kind"), NAME_MAX_LEN), &kind) || name == NULL ||
      !is_list(details, DETAILS_MAX) || (area == SNT_DIFFERENCE_RULE && !snt_rule_name_check(name))) {
    return refuse("a change", err);
  }
  struct snt_difference_change *change = NULL;
  SNT_TRY(snt_difference_add_change(out, area, kind, name, &change, err));
  for (size_t i = 0; i < snt_json_count(details); i++) {
    SNT_TRY(take_detail(snt_json_at(details, i), change, err));
  }
  return snt_done();
}

snt_status snt_difference_parse_rules(const char *reply, size_t len, struct snt_difference *difference,
                                      struct snt_err *err) {
  static const char *const keys[] = {"changes", "left_out", NULL};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  int64_t left_out = 0;
  if (!snt_ok(snt_json_parse(reply, len, "", &doc, NULL))) {
    return refuse("not strict JSON", err);
  }
  const struct snt_json_value *root = snt_json_root(doc);
  const struct snt_json_value *list = snt_json_get(root, "changes");
  if (!has_keys(root, keys) || !is_list(list, CHANGES_MAX) ||
      !snt_json_integer(snt_json_get(root, "left_out"), &left_out) || left_out < 0) {
    return refuse("members", err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    SNT_TRY(take_change(snt_json_at(list, i), difference, err));
  }
  return left_out == 0 ? snt_done()
                       : snt_difference_add_unknown(difference, err,
                                                    "what %lld more changes of rules are: there are too many to tell",
                                                    (long long)left_out);
}

/* Profiles ------------------------------------------------------------------------------------------------------- */

snt_status snt_difference_parse_profiles(const char *reply, size_t len, struct snt_difference_profiles *out,
                                         struct snt_err *err) {
  static const char *const keys[] = {"profiles", "exact", NULL};
  static const char *const profile_keys[] = {"name", "label", NULL};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (!snt_ok(snt_json_parse(reply, len, "", &doc, NULL))) {
    return refuse("not strict JSON", err);
  }
  const struct snt_json_value *root = snt_json_root(doc);
  const struct snt_json_value *list = snt_json_get(root, "profiles");
  if (!has_keys(root, keys) || snt_json_type(list) != SNT_JSON_ARRAY ||
      !snt_json_bool(snt_json_get(root, "exact"), &out->is_exact)) {
    return refuse("members", err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    const struct snt_json_value *value = snt_json_at(list, i);
    const char *name = take_text(snt_json_get(value, "name"), NAME_MAX_LEN);
    const char *label = take_text(snt_json_get(value, "label"), NAME_MAX_LEN);
    if (!has_keys(value, profile_keys) || name == NULL || label == NULL) {
      return refuse("a profile", err);
    }
    if (snt_profile_name_check(name)) { /* nobody can ask for another */
      SNT_TRY(snt_difference_profiles_add(out, name, label, err));
    }
  }
  return snt_done();
}

/* Access --------------------------------------------------------------------------------------------------------- */

snt_status snt_access_ask(const struct snt_access_question *question, struct snt_buf *out, struct snt_err *err) {
  char time[32];
  struct snt_json_writer writer;
  snt_time_format(question->time_ms, false, time);
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_begin_array(&writer, "profiles");
  for (size_t i = 0; i < question->count; i++) {
    snt_json_put_string(&writer, NULL, question->profiles[i].name);
  }
  snt_json_end_array(&writer);
  snt_json_put_string(&writer, "time", time);
  snt_json_put_bool(&writer, "ever", question->is_ever);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static bool find_access(const char *name, enum snt_access_kind *out) {
  for (int i = 0; name != NULL && i < SNT_ACCESS_KIND_COUNT; i++) {
    if (strcmp(name, SNT_ACCESS_TABLE[i].name) == 0) {
      *out = (enum snt_access_kind)i;
      return true;
    }
  }
  return false;
}

static bool take_verdict(const struct snt_json_value *value, struct snt_verdict *out) {
  static const char *const keys[] = {"effect", "rule", "error", "max_duration", NULL};
  const struct snt_json_value *bound = snt_json_get(value, "max_duration");
  const char *rule = snt_json_printable(snt_json_get(value, "rule"), sizeof out->rule);
  const char *error = NULL;
  const char *effect = take_text(snt_json_get(value, "effect"), NAME_MAX_LEN);
  *out = (struct snt_verdict){0};
  if (!has_keys(value, keys) || effect == NULL || rule == NULL || (rule[0] != '\0' && !snt_rule_name_check(rule)) ||
      !take_text_or_null(snt_json_get(value, "error"), &error) ||
      (error != NULL && strlen(error) >= sizeof out->error) ||
      (snt_json_type(bound) != SNT_JSON_NULL &&
       (!snt_json_integer(bound, &out->max_duration_s) || out->max_duration_s < 1))) {
    return false;
  }
  (void)snprintf(out->rule, sizeof out->rule, "%s", rule);
  (void)snprintf(out->error, sizeof out->error, "%s", error == NULL ? "" : error);
  return snt_effect_find(effect, &out->effect);
}

/* A change says what its verdicts say. */
static bool is_consistent(const struct snt_access_change *change) {
  bool was_allowed = change->before.effect == SNT_EFFECT_ALLOW;
  bool is_allowed = change->after.effect == SNT_EFFECT_ALLOW;
  const char *rule = SNT_ACCESS_TABLE[change->kind].opens ? change->after.rule : change->before.rule;
  if (rule[0] == '\0') {
    return false;
  }
  switch (change->kind) {
  case SNT_ACCESS_GAINS:
  case SNT_ACCESS_MORE:
    return !was_allowed && is_allowed;
  case SNT_ACCESS_LOSES:
  case SNT_ACCESS_FEWER:
    return was_allowed && !is_allowed;
  case SNT_ACCESS_LONGER:
  case SNT_ACCESS_SHORTER:
    return was_allowed && is_allowed && change->before.max_duration_s != change->after.max_duration_s;
  case SNT_ACCESS_KIND_COUNT:
    break;
  }
  return false;
}

static snt_status take_assumption(const struct snt_json_value *value, struct snt_access_assumption *out,
                                  struct snt_err *err) {
  static const char *const keys[] = {"condition", "holds", "where", NULL};
  const char *condition = take_text(snt_json_get(value, "condition"), TEXT_MAX);
  const char *where = take_text(snt_json_get(value, "where"), NAME_MAX_LEN);
  if (!has_keys(value, keys) || condition == NULL || where == NULL ||
      !snt_json_bool(snt_json_get(value, "holds"), &out->holds)) {
    return refuse("an assumption", err);
  }
  out->is_before = strcmp(where, "after") != 0;
  out->is_after = strcmp(where, "before") != 0;
  if (out->is_before && out->is_after && strcmp(where, "both") != 0) {
    return refuse("an assumption", err);
  }
  out->condition = snt_str_dup(condition);
  return out->condition == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status take_assumptions(const struct snt_json_value *list, struct snt_access_change *out,
                                   struct snt_err *err) {
  if (!is_list(list, LIST_MAX)) {
    return refuse("assumptions", err);
  }
  out->assumed = calloc(snt_json_count(list) + 1, sizeof *out->assumed);
  if (out->assumed == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    SNT_TRY(take_assumption(snt_json_at(list, i), &out->assumed[i], err));
    out->assumed_count++;
  }
  return snt_done();
}

/* The request is one that a request file could hold, and about what was asked. */
static snt_status take_request(const struct snt_json_value *value, const struct snt_access_question *question,
                               const char *profile, struct snt_access_change *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_json_dump(value, &text, err));
  struct snt_request *request = &out->request;
  snt_status status =
      snt_request_parse(snt_buf_borrow(&text), text.len, "a request", question->time_ms, &out->text, request, err);
  if (!snt_ok(status)) {
    return status.code == SNT_CODE_NO_MEMORY ? status : refuse("a request", err);
  }
  int64_t asked_s = question->time_ms / 1000;
  bool is_time = question->is_ever ? request->time_ms / 1000 >= asked_s : request->time_ms / 1000 == asked_s;
  return is_time && strcmp(request->profile, profile) == 0 ? snt_done()
                                                           : refuse("a request that was not asked about", err);
}

static snt_status fill_access(const struct snt_json_value *value, const struct snt_access_question *question,
                              const struct snt_difference_profile *profile, struct snt_access_change *out,
                              struct snt_err *err) {
  static const char *const keys[] = {"kind", "user", "before", "after", "request", "assumed", "conditions", NULL};
  const char *user = take_text(snt_json_get(value, "user"), TEXT_MAX);
  if (!has_keys(value, keys) || user == NULL ||
      !find_access(take_text(snt_json_get(value, "kind"), NAME_MAX_LEN), &out->kind) ||
      !take_verdict(snt_json_get(value, "before"), &out->before) ||
      !take_verdict(snt_json_get(value, "after"), &out->after) || !is_consistent(out)) {
    return refuse("a change of access", err);
  }
  out->is_ever = question->is_ever;
  out->is_now = !question->is_ever;
  out->user = snt_str_dup(user);
  out->profile = snt_str_dup(profile->label);
  SNT_TRY(out->user == NULL || out->profile == NULL ? snt_fail_memory(err) : snt_done());
  SNT_TRY(take_request(snt_json_get(value, "request"), question, profile->name, out, err));
  SNT_TRY(take_assumptions(snt_json_get(value, "assumed"), out, err));
  return copy_texts(snt_json_get(value, "conditions"), false, &out->conditions, err);
}

static snt_status take_answer(const struct snt_json_value *value, const struct snt_access_question *question,
                              const struct snt_difference_profile *profile, struct snt_access_answer *out,
                              struct snt_err *err) {
  static const char *const keys[] = {"changes", "exact", NULL};
  const struct snt_json_value *list = snt_json_get(value, "changes");
  if (!has_keys(value, keys) || !is_list(list, ANSWER_CHANGES_MAX) ||
      !snt_json_bool(snt_json_get(value, "exact"), &out->is_exact)) {
    return refuse("an answer about a profile", err);
  }
  out->list = calloc(snt_json_count(list) + 1, sizeof *out->list);
  if (out->list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < snt_json_count(list); i++) {
    out->count++; /* also what fails half-way is cleared */
    SNT_TRY(fill_access(snt_json_at(list, i), question, profile, &out->list[i], err));
  }
  return snt_done();
}

snt_status snt_access_parse(const char *reply, size_t len, const struct snt_access_question *question,
                            struct snt_access_answer *answers, size_t *told, struct snt_err *err) {
  static const char *const keys[] = {"profiles", NULL};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  *told = 0;
  if (!snt_ok(snt_json_parse(reply, len, "", &doc, NULL))) {
    return refuse("not strict JSON", err);
  }
  const struct snt_json_value *root = snt_json_root(doc);
  const struct snt_json_value *list = snt_json_get(root, "profiles");
  size_t count = snt_json_count(list);
  if (!has_keys(root, keys) || !is_list(list, question->count) || count == 0) {
    return refuse("members", err);
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(take_answer(snt_json_at(list, i), question, &question->profiles[i], &answers[i], err));
  }
  *told = count;
  return snt_done();
}
