#include "lua/evaluator_compare.h"

#include <string.h>

#include "lua/evaluator_internal.h"

enum { OUTLINE_MS = 3000, SIDE_MS = 3000, COMPARE_MS = 5000 };

snt_status snt_evaluator_outline(struct snt_evaluator *evaluator, struct snt_buf *out, struct snt_err *err) {
  bool is_late = false;
  const struct snt_buf nothing = {0};
  if (!evaluator->is_loaded) {
    return snt_evaluator_fail(evaluator, err, "no policy is in force");
  }
  snt_evaluator_start_clock(evaluator, OUTLINE_MS);
  SNT_TRY(snt_evaluator_exchange(evaluator, SNT_FRAME_OUTLINE, &nothing, &is_late, err));
  return snt_buf_append(out, snt_buf_borrow(&evaluator->answer), evaluator->answer.len, err);
}

static bool knows_zone(const struct snt_evaluator *evaluator, const char *name) {
  for (size_t i = 0; i < evaluator->zone_count; i++) {
    if (strcmp(evaluator->zones[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

static snt_status share_zones(const struct snt_evaluator *own, struct snt_evaluator *to, struct snt_err *err) {
  for (size_t i = 0; own != NULL && i < own->zone_count; i++) {
    if (knows_zone(to, own->zones[i].name)) {
      continue;
    }
    if (to->zone_count == SNT_EVALUATOR_ZONES_MAX) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "the two policies name more than %d time zones together",
                          SNT_EVALUATOR_ZONES_MAX));
      return snt_err_hint(err, "they cannot be compared by what they decide; compare their texts");
    }
    SNT_TRY(snt_evaluator_add_zone(to, own->zones[i].name, err));
  }
  return snt_done();
}

snt_status snt_evaluator_take_side(struct snt_evaluator *evaluator, enum snt_side side, const struct snt_buf *about,
                                   const struct snt_buf *outline, const struct snt_evaluator *own,
                                   struct snt_err *err) {
  bool is_late = false;
  SNT_BUF_AUTO struct snt_buf payload = {0};
  if (evaluator->has_policy) {
    return snt_fail(err, SNT_CODE_BUG, "an evaluator with a policy is given none to compare");
  }
  const char *name = side == SNT_SIDE_BEFORE ? "before" : "after";
  SNT_TRY(share_zones(own, evaluator, err));
  SNT_TRY(snt_frame_pack(&payload, name, snt_buf_borrow(about), about->len, err));
  SNT_TRY(snt_buf_append_char(&payload, '\0', err));
  SNT_TRY(snt_buf_append(&payload, snt_buf_borrow(outline), outline->len, err));
  if (payload.len > snt_frame_request_max(SNT_FRAME_SIDE)) {
    return snt_evaluator_fail(evaluator, err, "an outline is too large");
  }
  snt_evaluator_start_clock(evaluator, SIDE_MS);
  return snt_evaluator_exchange(evaluator, SNT_FRAME_SIDE, &payload, &is_late, err);
}

snt_status snt_evaluator_compare(struct snt_evaluator *evaluator, enum snt_comparison what, struct snt_slice question,
                                 struct snt_buf *reply, bool *is_late, struct snt_err *err) {
  static const char *const names[] = {
      [SNT_COMPARE_RULES] = "rules", [SNT_COMPARE_PROFILES] = "profiles", [SNT_COMPARE_ACCESS] = "access"};
  SNT_BUF_AUTO struct snt_buf payload = {0};
  SNT_TRY(snt_frame_pack(&payload, names[what], question.data, question.len, err));
  snt_evaluator_start_clock(evaluator, COMPARE_MS);
  snt_status status = snt_evaluator_exchange(evaluator, SNT_FRAME_COMPARE, &payload, is_late, err);
  if (*is_late) {
    return snt_done();
  }
  SNT_TRY(status);
  return snt_buf_append(reply, snt_buf_borrow(&evaluator->answer), evaluator->answer.len, err);
}
