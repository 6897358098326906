#include "audit/history.h"
#include "facts/facts_internal.h"

snt_status snt_facts_fetch_history(const struct snt_facts_source *source, struct snt_fact *fact, struct snt_err *err) {
  struct snt_err inner = {0};
  if (source->log_path == NULL || source->user == NULL || source->user[0] == '\0') {
    snt_fact_fail(fact, SNT_FACT_UNAVAILABLE, "there is no decision log here");
    return snt_done();
  }
  snt_status status = snt_log_history(source->log_path, source->user, &fact->value, &inner);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (!snt_ok(status)) {
    snt_fact_fail(fact, SNT_FACT_UNAVAILABLE, "%s", inner.message);
    return snt_done();
  }
  fact->status = SNT_FACT_OK;
  return snt_done();
}
