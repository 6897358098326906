#include "policy/who_can.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "format/time.h"

enum { RULE_MAX = 64, TEXT_MAX = 1200 };

void snt_who_can_clear(struct snt_who_can *answer) {
  for (size_t i = 0; i < answer->count; i++) {
    snt_request_text_clear(&answer->ways[i].text);
  }
  free(answer->ways);
  snt_json_free(&answer->doc);
  memset(answer, 0, sizeof *answer);
}

static void put_targets(struct snt_json_writer *writer, const struct snt_manifest *manifest, const char *profile) {
  snt_json_begin_array(writer, "targets");
  for (size_t i = 0; i < manifest->target_count; i++) {
    const struct snt_manifest_target *target = &manifest->targets[i];
    bool is_for = snt_glob_match(target->profile, strlen(target->profile), profile, strlen(profile));
    for (char **role = target->roles; is_for && *role != NULL; role++) {
      snt_json_put_string(writer, NULL, *role);
    }
  }
  snt_json_end_array(writer);
}

snt_status snt_who_can_ask(const struct snt_who_can_question *question, const struct snt_manifest *manifest,
                           struct snt_buf *out, struct snt_err *err) {
  char time[32];
  snt_time_format(question->time_ms, false, time);
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "profile", question->profile);
  snt_json_put_string(&writer, "time", time);
  snt_json_put_bool(&writer, "ever", question->is_ever);
  if (question->mode != NULL) {
    snt_json_put_string(&writer, "mode", question->mode);
  }
  if (manifest->has_targets) {
    put_targets(&writer, manifest, question->profile);
  }
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}

static snt_status refuse(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_EVALUATOR, "the evaluator's answer about who can get in makes no sense (%s)", what);
}

static const char *take_text(const struct snt_json_value *value, size_t max) {
  const char *text = snt_json_printable(value, max + 1);
  return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool has_keys(const struct snt_json_value *object, const char *const *keys) {
  return snt_json_type(object) == SNT_JSON_OBJECT && snt_ok(snt_json_check_keys(object, "", keys, NULL));
}

static bool is_assumed(const struct snt_json_value *list) {
  static const char *const keys[] = {"condition", "holds", NULL};
  size_t count = snt_json_count(list);
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > SNT_WAY_CONDITIONS_MAX) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    bool holds = false;
    const struct snt_json_value *item = snt_json_at(list, i);
    if (!has_keys(item, keys) || take_text(snt_json_get(item, "condition"), TEXT_MAX) == NULL ||
        !snt_json_bool(snt_json_get(item, "holds"), &holds)) {
      return false;
    }
  }
  return true;
}

static bool are_texts(const struct snt_json_value *list) {
  size_t count = snt_json_count(list);
  if (snt_json_type(list) != SNT_JSON_ARRAY || count > SNT_WAY_CONDITIONS_MAX) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    if (take_text(snt_json_at(list, i), TEXT_MAX) == NULL) {
      return false;
    }
  }
  return true;
}

/* The request is one that a request file could hold, and an answer to what was asked. */
static snt_status take_request(const struct snt_json_value *value, const struct snt_who_can_question *question,
                               struct snt_way *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_json_dump(value, &text, err));
  struct snt_request *request = &out->request;
  snt_status status =
      snt_request_parse(snt_buf_borrow(&text), text.len, "a request", question->time_ms, &out->text, request, err);
  if (!snt_ok(status)) {
    return status.code == SNT_CODE_NO_MEMORY ? status : refuse("a request", err);
  }
  bool is_time = question->is_ever ? request->time_ms >= question->time_ms / 1000 * 1000
                                   : request->time_ms / 1000 == question->time_ms / 1000;
  if (strcmp(request->profile, question->profile) != 0 || !is_time ||
      (question->mode != NULL && strcmp(request->mode, question->mode) != 0)) {
    return refuse("a request that was not asked about", err);
  }
  return snt_done();
}

static snt_status take_way(const struct snt_json_value *value, const struct snt_who_can_question *question,
                           struct snt_way *out, struct snt_err *err) {
  static const char *const keys[] = {"rule", "user", "request", "assumed", "conditions", NULL};
  if (!has_keys(value, keys)) {
    return refuse("a way", err);
  }
  out->rule = take_text(snt_json_get(value, "rule"), RULE_MAX);
  out->user = take_text(snt_json_get(value, "user"), TEXT_MAX);
  out->assumed = snt_json_get(value, "assumed");
  out->conditions = snt_json_get(value, "conditions");
  if (out->rule == NULL || out->user == NULL || !is_assumed(out->assumed) || !are_texts(out->conditions)) {
    return refuse("a way's texts", err);
  }
  return take_request(snt_json_get(value, "request"), question, out, err);
}

snt_status snt_who_can_parse(const char *reply, size_t len, const struct snt_who_can_question *question,
                             struct snt_who_can *out, struct snt_err *err) {
  static const char *const keys[] = {"ways", "exact", NULL};
  memset(out, 0, sizeof *out);
  SNT_WHO_CAN_AUTO struct snt_who_can answer = {0};
  if (!snt_ok(snt_json_parse(reply, len, "", &answer.doc, NULL))) {
    return refuse("not strict JSON", err);
  }
  const struct snt_json_value *root = snt_json_root(answer.doc);
  const struct snt_json_value *list = snt_json_get(root, "ways");
  size_t count = snt_json_count(list);
  if (!has_keys(root, keys) || snt_json_type(list) != SNT_JSON_ARRAY || count > SNT_WAYS_MAX ||
      !snt_json_bool(snt_json_get(root, "exact"), &answer.is_exact)) {
    return refuse("members", err);
  }
  answer.ways = calloc(count + 1, sizeof *answer.ways);
  if (answer.ways == NULL) {
    return snt_fail_memory(err);
  }
  for (; answer.count < count; answer.count++) {
    snt_status status = take_way(snt_json_at(list, answer.count), question, &answer.ways[answer.count], err);
    if (!snt_ok(status)) {
      snt_request_text_clear(&answer.ways[answer.count].text);
      return status;
    }
  }
  *out = answer;
  memset(&answer, 0, sizeof answer); /* ownership went to out */
  return snt_done();
}
