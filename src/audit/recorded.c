#include "audit/recorded.h"

#include <string.h>

#include "audit/line.h"
#include "audit/log.h"
#include "format/scan.h"
#include "format/time.h"

/* X(NAME, name of the member) */
#define MEMBERS(X)                                                                                                     \
  X(V, "v")                                                                                                            \
  X(CHAIN, "chain")                                                                                                    \
  X(SEQ, "seq")                                                                                                        \
  X(PREV, "prev")                                                                                                      \
  X(TIME, "time")                                                                                                      \
  X(KIND, "kind")                                                                                                      \
  X(REQUEST_ID, "request_id")                                                                                          \
  X(USER, "user")                                                                                                      \
  X(PROFILE, "profile")                                                                                                \
  X(REQUEST, "request")                                                                                                \
  X(EFFECT, "effect")                                                                                                  \
  X(RULE, "rule")                                                                                                      \
  X(ERROR, "error")                                                                                                    \
  X(MAX_DURATION, "max_duration")                                                                                      \
  X(FACTS, "facts")                                                                                                    \
  X(STAGE, "stage")

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

static snt_status refuse(enum member member, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_NOT_A_LOG, "has no %s as a record of its kind has it", NAMES[member]);
}

/* null is "". */
static bool take_text(struct snt_slice value, char *out, size_t cap) {
  out[0] = '\0';
  return snt_scan_type(value) == SNT_JSON_NULL || snt_scan_text(value, out, cap);
}

static snt_status take_head(const struct snt_slice *values, struct snt_recorded *out, struct snt_err *err) {
  char chain[37];
  char prev[65];
  int64_t version = 0;
  if (!snt_scan_integer(values[MEMBER_V], &version)) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is not a record of a decision log");
  }
  if (version != 1) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is of version %lld, which this program does not know",
                    (long long)version);
  }
  bool is_ours = snt_scan_text(values[MEMBER_CHAIN], chain, sizeof chain) &&
                 snt_scan_text(values[MEMBER_PREV], prev, sizeof prev) && snt_log_names_check(chain, prev) &&
                 snt_scan_integer(values[MEMBER_SEQ], &out->seq) && out->seq >= 1;
  return is_ours ? snt_done() : snt_fail(err, SNT_CODE_NOT_A_LOG, "has no chain, seq or prev of a decision log");
}

static snt_status take_time(struct snt_slice value, struct snt_recorded *out, struct snt_err *err) {
  char time[40];
  bool is_time = snt_scan_text(value, time, sizeof time) && snt_ok(snt_time_parse(time, &out->time_ms, NULL));
  return is_time ? snt_done() : refuse(MEMBER_TIME, err);
}

/* What decisions and failures have in common; of a failure the user may not be known. */
static snt_status take_who(const struct snt_slice *values, struct snt_recorded *out, struct snt_err *err) {
  SNT_TRY(take_time(values[MEMBER_TIME], out, err));
  const struct {
    enum member member;
    char *out;
    size_t cap;
  } rows[] = {{MEMBER_REQUEST_ID, out->request_id, sizeof out->request_id},
              {MEMBER_USER, out->user, sizeof out->user},
              {MEMBER_PROFILE, out->profile, sizeof out->profile}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (!take_text(values[rows[i].member], rows[i].out, rows[i].cap)) {
      return refuse(rows[i].member, err);
    }
  }
  return snt_done();
}

static snt_status take_verdict(const struct snt_slice *values, struct snt_recorded *out, struct snt_err *err) {
  if (!snt_scan_text(values[MEMBER_EFFECT], out->effect, sizeof out->effect)) {
    return refuse(MEMBER_EFFECT, err);
  }
  if (!take_text(values[MEMBER_RULE], out->rule, sizeof out->rule)) {
    return refuse(MEMBER_RULE, err);
  }
  if (!take_text(values[MEMBER_ERROR], out->error, sizeof out->error)) {
    return refuse(MEMBER_ERROR, err);
  }
  /* Records of earlier versions are without it. */
  struct snt_slice bound = values[MEMBER_MAX_DURATION];
  out->has_bound = bound.len > 0;
  bool is_bound = bound.len == 0 || snt_scan_type(bound) == SNT_JSON_NULL ||
                  (snt_scan_integer(bound, &out->max_duration_s) && out->max_duration_s > 0);
  return is_bound ? snt_done() : refuse(MEMBER_MAX_DURATION, err);
}

static snt_status take_decision(const struct snt_slice *values, struct snt_recorded *out, struct snt_err *err) {
  SNT_TRY(take_who(values, out, err));
  SNT_TRY(take_verdict(values, out, err));
  out->request = values[MEMBER_REQUEST];
  out->facts = values[MEMBER_FACTS];
  if (snt_scan_type(out->request) != SNT_JSON_OBJECT) {
    return refuse(MEMBER_REQUEST, err);
  }
  return snt_scan_type(out->facts) == SNT_JSON_ARRAY ? snt_done() : refuse(MEMBER_FACTS, err);
}

static snt_status take_failure(const struct snt_slice *values, struct snt_recorded *out, struct snt_err *err) {
  SNT_TRY(take_who(values, out, err));
  return snt_scan_text(values[MEMBER_STAGE], out->stage, sizeof out->stage) ? snt_done() : refuse(MEMBER_STAGE, err);
}

static snt_status take_all(const struct snt_slice *values, struct snt_recorded *out, struct snt_err *err) {
  char kind[24];
  SNT_TRY(take_head(values, out, err));
  if (!snt_scan_text(values[MEMBER_KIND], kind, sizeof kind)) {
    return refuse(MEMBER_KIND, err);
  }
  if (strcmp(kind, "decision") == 0) {
    out->kind = SNT_RECORDED_DECISION;
    return take_decision(values, out, err);
  }
  if (strcmp(kind, "failed") == 0) {
    out->kind = SNT_RECORDED_FAILED;
    return take_failure(values, out, err);
  }
  return snt_done();
}

snt_status snt_recorded_parse(const char *line, size_t len, struct snt_recorded *out, struct snt_err *err) {
  struct snt_slice values[MEMBER_COUNT];
  *out = (struct snt_recorded){0};
  if (len > SNT_LOG_LINE_CAP) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is longer than 64 KiB");
  }
  snt_status status = snt_scan_object(line, len, "a record", NAMES, values, NULL, NULL);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(status)) {
    return snt_fail(err, SNT_CODE_NOT_A_LOG, "is not a JSON object");
  }
  return take_all(values, out, err);
}
