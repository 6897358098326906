/* Any bytes as an evaluator's reply: what is taken allows only without contradiction, what is refused allows nothing,
 * and a person reads only printable text of it. */
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "policy/decision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool is_true) {
  if (!is_true) {
    __builtin_trap();
  }
}

static void need_printable(const char *text) { need(snt_utf8_check_printable(text, strlen(text))); }

static void check_taken(const struct snt_decision *decision) {
  need_printable(decision->rule);
  need_printable(decision->reason);
  need_printable(decision->error);
  need_printable(decision->failed_condition);
  need_printable(snt_buf_borrow(&decision->missing));
  need(snt_json_type(decision->trace) != SNT_JSON_NONE);
  for (size_t i = 0; i < snt_json_count(decision->trace); i++) {
    need_printable(snt_json_string(snt_json_get(snt_json_at(decision->trace, i), "rule"), NULL));
  }
  if (snt_decision_allows(decision)) {
    need(decision->effect == SNT_EFFECT_ALLOW && decision->error[0] == '\0' && decision->rule[0] != '\0');
    need(decision->rule_index >= 0 && snt_json_count(decision->remedies) == 0 && decision->max_duration_s >= 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SNT_DECISION_AUTO struct snt_decision decision = {0};
  snt_status status = snt_decision_parse((const char *)data, size, &decision, NULL);
  if (snt_ok(status)) {
    check_taken(&decision);
  } else {
    need(status.code == SNT_CODE_EVALUATOR && !snt_decision_allows(&decision) && decision.doc == NULL);
  }
  return 0;
}
