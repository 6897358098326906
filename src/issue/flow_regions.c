/* What is told of regions that were passed over because they were down, each by its own failure, which names it. */
#include <string.h>

#include "issue/flow.h"

enum { REASON_CAP = 160 };

size_t snt_flow_region_after(const struct snt_flow *flow, const char *region) {
  size_t at = 0;
  while (flow->regions[at] != NULL && strcmp(flow->regions[at], region) != 0) {
    at++;
  }
  return flow->regions[at] == NULL ? at : at + 1;
}

/* Without memory for it a reason is not told. */
void snt_flow_pass_over(struct snt_flow *flow, const struct snt_err *err) {
  struct snt_buf *reasons = &flow->passed_over;
  SNT_IGNORE(snt_buf_appendf(reasons, NULL, "%s%.*s", reasons->len == 0 ? "" : "; ", REASON_CAP,
                             err == NULL ? "" : err->message));
}

void snt_flow_tell_passed_over(const struct snt_flow *flow, bool is_outage, struct snt_err *err) {
  if (err == NULL || flow->passed_over.len == 0) {
    return;
  }
  const struct snt_err last = *err;
  const char *reasons = snt_buf_borrow(&flow->passed_over);
  SNT_IGNORE(is_outage ? snt_fail(err, last.code, "%s; %.*s", reasons, REASON_CAP, last.message)
                       : snt_fail(err, last.code, "%s; that region was asked because %s", last.message, reasons));
  SNT_IGNORE(snt_err_hint(err, "%s", last.hint));
}
