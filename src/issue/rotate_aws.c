#include <string.h>

#include "base/clock.h"
#include "issue/rotate_internal.h"
#include "issue/signals.h"

enum { KNOWN_WITHIN_MS = 30000, PAUSE_MIN_MS = 500, PAUSE_MAX_MS = 4000 };

/* What is sent once cannot learn the server's clock from a refusal: it is known by then. */
static snt_status perform(struct snt_rotate *rotate, struct snt_aws_call *call, struct snt_err *err) {
  call->clock_offset_ms = rotate->clock_offset_ms;
  struct snt_aws_call *const calls[] = {call};
  return snt_aws_perform(rotate->flow.client, calls, 1, err);
}

snt_status snt_rotate_look(struct snt_rotate *rotate, struct snt_iam_keys *keys, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call identity = {0};
  SNT_AWS_CALL_AUTO struct snt_aws_call list = {0};
  SNT_TRY(snt_sts_prepare_get_caller_identity(&identity, &rotate->flow.sts, &rotate->relied, err));
  SNT_TRY(snt_iam_prepare_list_keys(&list, &rotate->iam, &rotate->relied, err));
  struct snt_aws_call *const calls[] = {&identity, &list};
  SNT_TRY(snt_aws_perform(rotate->flow.client, calls, 2, err));
  struct snt_sts_caller caller;
  SNT_TRY(snt_sts_parse_get_caller_identity(&identity, &caller, err));
  SNT_TRY(snt_iam_parse_list_keys(&list, keys, err));
  memcpy(rotate->arn, caller.arn, sizeof rotate->arn);
  int64_t now_ms = caller.date_ms + (snt_clock_monotonic_ms() - caller.received_at_ms);
  rotate->clock_offset_ms = now_ms - snt_clock_wall_ms();
  if (snt_iam_keys_find(keys, rotate->relied.access_key_id) == NULL) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "IAM does not list %s, with which it was asked, among the keys of %s",
                    rotate->relied.access_key_id, rotate->arn);
  }
  return snt_done();
}

snt_status snt_rotate_create(struct snt_rotate *rotate, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_TRY(snt_iam_prepare_create_key(&call, &rotate->iam, &rotate->relied, err));
  SNT_TRY(perform(rotate, &call, err));
  return snt_iam_parse_create_key(&call, &rotate->next.key, err);
}

snt_status snt_rotate_delete(struct snt_rotate *rotate, const struct snt_aws_credentials *by, const char *id,
                             struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_TRY(snt_iam_prepare_delete_key(&call, &rotate->iam, by, id, err));
  SNT_TRY(perform(rotate, &call, err));
  bool is_gone = strcmp(by->access_key_id, id) == 0 && snt_aws_call_is_key_refused(&call);
  return is_gone ? snt_done() : snt_iam_parse_delete_key(&call, err);
}

snt_status snt_rotate_wait(struct snt_rotate *rotate, int64_t ms, struct snt_err *err) {
  rotate->out->signal = snt_signals_take(&rotate->signals, ms);
  return rotate->out->signal == 0 ? snt_done() : snt_fail(err, SNT_CODE_ACTION_REQUIRED, "interrupted");
}

/* One asking with the new key. *may_repeat: it failed because the key is too new, or because of an outage. */
typedef snt_status (*step_function)(struct snt_rotate *rotate, bool *may_repeat, struct snt_err *err);

static snt_status repeat_until_known(struct snt_rotate *rotate, step_function step, struct snt_err *err) {
  int64_t end_ms = snt_clock_monotonic_ms() + KNOWN_WITHIN_MS;
  for (int64_t pause_ms = PAUSE_MIN_MS;; pause_ms = pause_ms < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS) {
    bool may_repeat = false;
    snt_status status = step(rotate, &may_repeat, err);
    if (snt_ok(status) || !may_repeat || snt_clock_monotonic_ms() + pause_ms > end_ms) {
      return status;
    }
    if (pause_ms == PAUSE_MIN_MS && rotate->options->tell != NULL) {
      rotate->options->tell("waiting until AWS knows the new key, 30 s at most");
    }
    SNT_TRY(snt_rotate_wait(rotate, pause_ms, err));
  }
}

static snt_status verify_once(struct snt_rotate *rotate, bool *may_repeat, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  struct snt_sts_caller caller;
  SNT_TRY(snt_sts_prepare_get_caller_identity(&call, &rotate->flow.sts, &rotate->next.key, err));
  SNT_TRY(perform(rotate, &call, err));
  bool is_unknown = snt_aws_call_is_key_refused(&call);
  *may_repeat = is_unknown || snt_aws_call_is_outage(&call);
  snt_status status = snt_sts_parse_get_caller_identity(&call, &caller, err);
  if (is_unknown) {
    return snt_fail(err, SNT_CODE_TIMEOUT, "STS does not know %s yet", rotate->next.key.access_key_id);
  }
  SNT_TRY(status);
  if (rotate->arn[0] != '\0' && strcmp(rotate->arn, caller.arn) != 0) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "the new key is %s, and the old one %s", caller.arn, rotate->arn);
  }
  return snt_done();
}

snt_status snt_rotate_verify(struct snt_rotate *rotate, struct snt_err *err) {
  return repeat_until_known(rotate, verify_once, err);
}

static snt_status delete_once(struct snt_rotate *rotate, bool *may_repeat, struct snt_err *err) {
  SNT_AWS_CALL_AUTO struct snt_aws_call call = {0};
  SNT_TRY(snt_iam_prepare_delete_key(&call, &rotate->iam, &rotate->next.key, rotate->next.replaces, err));
  SNT_TRY(perform(rotate, &call, err));
  *may_repeat = snt_aws_call_is_key_refused(&call) || snt_aws_call_is_outage(&call);
  return snt_iam_parse_delete_key(&call, err);
}

snt_status snt_rotate_delete_replaced(struct snt_rotate *rotate, struct snt_err *err) {
  return repeat_until_known(rotate, delete_once, err);
}
