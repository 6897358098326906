#include "policy/recorded_input.h"

#include <stdio.h>
#include <string.h>

#include "format/scan.h"
#include "format/select.h"
#include "policy/request.h"

/* X(NAME, name of the member): those that requests have today. */
#define MEMBERS(X)                                                                                                     \
  X(USER, "user")                                                                                                      \
  X(PROFILE, "profile")                                                                                                \
  X(ROLE_ARN, "role_arn")                                                                                              \
  X(MODE, "mode")                                                                                                      \
  X(TIME, "time")                                                                                                      \
  X(DURATION, "duration")                                                                                              \
  X(JUSTIFICATION, "justification")

enum member {
#define MEMBER_ENUM(name, text) MEMBER_##name,
  MEMBERS(MEMBER_ENUM)
#undef MEMBER_ENUM
      MEMBER_COUNT
};

static const char *const NAMES[] = {
#define MEMBER_NAME(name, text) text,
    MEMBERS(MEMBER_NAME)
#undef MEMBER_NAME
        NULL};

static bool is_text(struct snt_slice value) { return snt_scan_type(value) == SNT_JSON_STRING; }
static bool is_text_or_absent(struct snt_slice value) { return value.len == 0 || is_text(value); }

static bool is_plain_user(struct snt_slice user) {
  static const char *const names[] = {"name", "kind", "arn", "account", "role", NULL};
  struct snt_slice values[5];
  size_t others = 0;
  return snt_scan_type(user) == SNT_JSON_OBJECT &&
         snt_ok(snt_scan_object(user.data, user.len, "", names, values, &others, NULL)) && others == 0 &&
         is_text(values[0]) && is_text(values[1]) && is_text_or_absent(values[2]) && is_text_or_absent(values[3]) &&
         is_text_or_absent(values[4]);
}

/* Exactly what this program writes, without facts about devices, approvals and their like: it goes as it stands. */
static bool is_plain(const struct snt_slice *values, size_t others, const struct snt_recorded_request *request) {
  char mode[32];
  int64_t duration_s = 0;
  return others == 0 && is_plain_user(values[MEMBER_USER]) && snt_profile_name_check(request->profile) &&
         is_text_or_absent(values[MEMBER_ROLE_ARN]) && snt_scan_text(values[MEMBER_MODE], mode, sizeof mode) &&
         snt_mode_check(mode) && is_text(values[MEMBER_TIME]) &&
         snt_scan_integer(values[MEMBER_DURATION], &duration_s) && duration_s > 0 &&
         is_text_or_absent(values[MEMBER_JUSTIFICATION]);
}

/* Any other is read as a request file is, and written again. */
static snt_status rewrite(struct snt_slice json, struct snt_buf *text, struct snt_recorded_request *out,
                          struct snt_err *err) {
  SNT_REQUEST_TEXT_AUTO struct snt_request_text strings = {0};
  struct snt_request request = {0};
  SNT_TRY(snt_request_parse(json.data, json.len, "has a request that cannot be evaluated", 0, &strings, &request, err));
  (void)snprintf(out->profile, sizeof out->profile, "%s", request.profile);
  (void)snprintf(out->role_arn, sizeof out->role_arn, "%s", request.role_arn == NULL ? "" : request.role_arn);
  return snt_request_format(&request, text, err);
}

snt_status snt_recorded_request_take(struct snt_slice json, struct snt_buf *text, struct snt_recorded_request *out,
                                     struct snt_err *err) {
  struct snt_slice values[MEMBER_COUNT];
  size_t others = 0;
  *out = (struct snt_recorded_request){0};
  SNT_TRY(snt_scan_object(json.data, json.len, "has a request that cannot be evaluated", NAMES, values, &others, err));
  if (!is_text(values[MEMBER_TIME])) {
    return snt_fail(err, SNT_CODE_SYNTAX, "has a request without a time");
  }
  bool is_read =
      snt_scan_text(values[MEMBER_PROFILE], out->profile, sizeof out->profile) &&
      (values[MEMBER_ROLE_ARN].len == 0 || snt_scan_text(values[MEMBER_ROLE_ARN], out->role_arn, sizeof out->role_arn));
  return is_read && is_plain(values, others, out) ? snt_buf_append(text, json.data, json.len, err)
                                                  : rewrite(json, text, out, err);
}

static bool is_member(const struct snt_json_value *entry, const char *key, const char *wanted) {
  const char *text = snt_json_string(snt_json_get(entry, key), NULL);
  return text != NULL && strcmp(text, wanted) == 0;
}

static bool has_params(const struct snt_json_value *params, const struct snt_fact *fact) {
  for (size_t i = 0; i < fact->param_count; i++) {
    if (!is_member(params, fact->params[i].name, fact->params[i].value)) {
      return false;
    }
  }
  return snt_json_count(params) == fact->param_count;
}

/* A question that an earlier bundle did not grant was not asked: nobody knows the answer. */
static bool was_asked(const struct snt_json_value *entry) { return !is_member(entry, "reason", SNT_FACT_NOT_GRANTED); }

static const struct snt_json_value *find_answer(const struct snt_json_value *list, const struct snt_fact *fact) {
  for (size_t i = 0; i < snt_json_count(list); i++) {
    const struct snt_json_value *entry = snt_json_at(list, i);
    if (is_member(entry, "plugin", fact->plugin->name) && is_member(entry, "version", fact->plugin->version) &&
        is_member(entry, "kind", snt_need_kind_name(fact->kind)) && is_member(entry, "need", snt_fact_need(fact)) &&
        has_params(snt_json_get(entry, "params"), fact) && was_asked(entry)) {
      return entry;
    }
  }
  return NULL;
}

static snt_status take_answer(const struct snt_json_value *entry, struct snt_fact *fact, struct snt_err *err) {
  const char *status = snt_json_string(snt_json_get(entry, "status"), NULL);
  const char *reason = snt_json_string(snt_json_get(entry, "reason"), NULL);
  bool is_known = status != NULL && snt_fact_status_find(status, &fact->status);
  const struct snt_json_value *value = snt_json_get(entry, "value");
  if (!is_known || (fact->status == SNT_FACT_OK) != (value != NULL)) {
    return snt_fail(err, SNT_CODE_SYNTAX, "has a fact without a status, or without a value");
  }
  if (value != NULL) {
    struct snt_json_writer writer;
    snt_json_writer_init(&writer, &fact->value, err);
    SNT_TRY(snt_select_write(value, NULL, &writer, NULL, err));
    return snt_json_finish(&writer);
  }
  bool is_short = reason != NULL && strlen(reason) < sizeof fact->reason;
  (void)snprintf(fact->reason, sizeof fact->reason, "%s", is_short ? reason : "it failed");
  return snt_done();
}

static snt_status fetch(void *context, struct snt_fact *facts, size_t count, int64_t deadline_ms, struct snt_err *err) {
  struct snt_recorded_facts *recorded = context;
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  (void)deadline_ms; /* nobody is waited for */
  SNT_TRY(snt_json_parse(recorded->json.data, recorded->json.len, "has facts that cannot be read", &doc, err));
  for (size_t i = 0; i < count; i++) {
    const struct snt_json_value *entry = find_answer(snt_json_root(doc), &facts[i]);
    if (entry == NULL) {
      recorded->has_missing = true;
      (void)snprintf(facts[i].reason, sizeof facts[i].reason, "it was not recorded");
    } else {
      SNT_TRY(take_answer(entry, &facts[i], err));
    }
  }
  return snt_done();
}

struct snt_fact_source snt_recorded_facts_source(struct snt_recorded_facts *facts) {
  return (struct snt_fact_source){.context = facts, .fetch = fetch};
}
