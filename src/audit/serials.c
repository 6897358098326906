/* MUST
 *  1. let nothing that a caller may write (a justification, a name) pass for a bundle's serial: lines are parsed, and
 *     only what stands at its place counts;
 *  2. let no bundle that nobody signed raise the floor of signed ones: it can claim any serial;
 *  3. say "none" only where there is no log, or all of it was read. */
#include "audit/serials.h"

#include <stdio.h>
#include <string.h>

#include "audit/backward.h"
#include "format/json.h"

static void take_record(const struct snt_json_value *record, const struct snt_log_bundle *bundle,
                        struct snt_log_serial *out) {
  int64_t serial = 0;
  const struct snt_json_value *policy = snt_json_get(record, "policy");
  const char *sha256 = snt_json_string(snt_json_get(policy, "sha256"), NULL);
  bool is_one = snt_json_is(snt_json_get(record, "kind"), "decision") &&
                snt_json_is(snt_json_get(policy, "source"), bundle->source) &&
                snt_json_is(snt_json_get(policy, "installation"), bundle->installation) && sha256 != NULL &&
                snt_json_integer(snt_json_get(policy, "serial"), &serial) && serial > 0 &&
                (!bundle->is_signed || snt_json_count(snt_json_get(policy, "signed_by")) > 0);
  if (is_one) {
    out->serial = serial;
    (void)snprintf(out->sha256, sizeof out->sha256, "%s", sha256);
  }
}

/* A line that is no record is for `log verify` to tell of. */
static snt_status take_line(const char *line, size_t len, const struct snt_log_bundle *bundle,
                            struct snt_log_serial *out, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (memmem(line, len, bundle->source, strlen(bundle->source)) == NULL) {
    return snt_done();
  }
  snt_status status = snt_json_parse(line, len, "a record of the decision log", &doc, NULL);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (snt_ok(status)) {
    take_record(snt_json_root(doc), bundle, out);
  }
  return snt_done();
}

snt_status snt_log_find_serial(const char *path, const struct snt_log_bundle *bundle, struct snt_log_serial *out,
                               struct snt_err *err) {
  const char *line = NULL;
  size_t len = 0;
  *out = (struct snt_log_serial){0};
  SNT_LOG_BACKWARD_AUTO struct snt_log_backward backward = {.fd = -1};
  SNT_TRY(snt_log_backward_open(path, &backward, err));
  do {
    SNT_TRY(snt_log_backward_next(&backward, &line, &len, err));
    SNT_TRY(line == NULL ? snt_done() : take_line(line, len, bundle, out, err));
  } while (line != NULL && out->serial == 0);
  return snt_done();
}
