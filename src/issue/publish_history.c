#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issue/depot.h"

void snt_publish_history_clear(struct snt_publish_history *history) {
  for (size_t i = 0; i < history->count; i++) {
    snt_published_clear(&history->list[i].at);
  }
  free(history->list);
  memset(history, 0, sizeof *history);
}

static snt_status take_version(const char *parameter, const struct snt_ssm_entry *entry,
                               struct snt_publish_history *out, struct snt_err *err) {
  struct snt_publish_version *version = &out->list[out->count++];
  memcpy(version->at.region, out->region, sizeof version->at.region);
  version->at.version = entry->version;
  version->at.is_secure = entry->is_secure;
  version->modified_ms = entry->modified_ms;
  (void)snprintf(version->by, sizeof version->by, "%s", entry->modified_by);
  return snt_published_take(parameter, (struct snt_slice){snt_buf_borrow(&entry->value), entry->value.len},
                            &version->at, err);
}

/* Renewals point to the same bundle: its parts are counted once. */
static snt_status count_parts(struct snt_depot *depot, struct snt_publish_history *out, struct snt_err *err) {
  for (size_t i = 0; i < out->count; i++) {
    struct snt_publish_version *version = &out->list[i];
    const struct snt_pointer *pointer = &version->at.pointer;
    bool is_counted = false;
    for (size_t k = 0; k < i && !is_counted; k++) {
      is_counted = strcmp(out->list[k].at.pointer.sha256, pointer->sha256) == 0;
      version->parts = is_counted ? out->list[k].parts : 0;
    }
    bool is_new = !is_counted && pointer->serial > 0;
    SNT_TRY(is_new ? snt_depot_count_parts(depot, 0, pointer, &version->parts, err) : snt_done());
  }
  return snt_done();
}

static snt_status read_history(const struct snt_publish_options *options, struct snt_publish_history *out,
                               struct snt_err *err) {
  char parameter[128];
  SNT_DEPOT_AUTO struct snt_depot depot = {.tell = options->tell};
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries entries = {0};
  SNT_TRY(snt_publish_name_parameter(options->name, parameter, err));
  SNT_TRY(snt_depot_open(&depot, &options->common, err));
  snt_status status = snt_depot_read_history(&depot, 0, parameter, &entries, err);
  if (status.code == SNT_CODE_NO_POLICY) {
    return snt_err_hint(err,
                        "check the name, or name another region with --region; `sentinel policy push %s DIR` puts "
                        "a policy there",
                        options->name);
  }
  SNT_TRY(status);
  (void)snprintf(out->region, sizeof out->region, "%s", depot.flow.regions[0]);
  out->list = calloc(entries.count + 1, sizeof *out->list);
  if (out->list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < entries.count; i++) {
    SNT_TRY(take_version(parameter, &entries.list[i], out, err));
  }
  return count_parts(&depot, out, err);
}

snt_status snt_publish_read_history(const struct snt_publish_options *options, struct snt_publish_history *out,
                                    struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_PUBLISH_HISTORY_AUTO struct snt_publish_history history = {0};
  SNT_TRY(read_history(options, &history, err));
  *out = history;
  memset(&history, 0, sizeof history); /* ownership went to out */
  return snt_done();
}
