#include "facts/facts_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "net/http.h"

void snt_facts_source_clear(struct snt_facts_source *source) {
  snt_http_client_close(&source->http);
  memset(source, 0, sizeof *source);
}

void snt_fact_fail(struct snt_fact *fact, enum snt_fact_status status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(fact->reason, sizeof fact->reason, format, args);
  va_end(args);
  if (!snt_utf8_check_printable(fact->reason, strlen(fact->reason))) {
    (void)snprintf(fact->reason, sizeof fact->reason, "it failed");
  }
  fact->status = status;
  snt_buf_clear(&fact->value);
}

static snt_status fetch(void *context, struct snt_fact *facts, size_t count, int64_t deadline_ms, struct snt_err *err) {
  struct snt_facts_source *source = context;
  for (size_t i = 0; i < count; i++) {
    if (facts[i].kind == SNT_NEED_GEOIP) {
      SNT_TRY(snt_facts_fetch_geoip(source, &facts[i], err));
    } else if (facts[i].kind == SNT_NEED_HISTORY) {
      SNT_TRY(snt_facts_fetch_history(source, &facts[i], err));
    }
  }
  return snt_facts_fetch_http(source, facts, count, deadline_ms, err);
}

struct snt_fact_source snt_facts_source_of(struct snt_facts_source *source) {
  return (struct snt_fact_source){.context = source, .fetch = fetch};
}
