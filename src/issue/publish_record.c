#include "issue/publish_record.h"

#include <string.h>

#include "base/random.h"

/* What the record borrows. */
struct lists {
  const char *regions[SNT_PUBLISH_REGIONS_MAX + 1];
  const char *signed_by[SNT_SIGNATURES_MAX + 1];
  struct snt_record_previous previous[SNT_PUBLISH_REGIONS_MAX];
  char bare_sha256[SNT_PUBLISH_REGIONS_MAX][65];
};

static void list_previous(const struct snt_publish_view *view, struct lists *out) {
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    if (!at->is_pointer && at->version > 0) {
      snt_sha256_hex(snt_buf_borrow(&at->value), at->value.len, out->bare_sha256[i]);
    }
    out->previous[i] =
        (struct snt_record_previous){.region = at->region,
                                     .version = at->version,
                                     .serial = at->pointer.serial,
                                     .sha256 = at->is_pointer ? at->pointer.sha256 : out->bare_sha256[i]};
  }
}

/* Of what is begun, the regions that are meant; of its end, those that have it. */
static void list_regions(const struct snt_publish_note *note, bool is_begun, struct lists *out) {
  size_t count = 0;
  for (size_t i = 0; i < note->view->count; i++) {
    if (is_begun || note->report->regions[i].has_it) {
      out->regions[count++] = note->view->regions[i].region;
    }
  }
}

static void list_signers(const struct snt_publish_note *note, struct lists *out) {
  for (size_t i = 0; i < note->pointer->signature_count && !note->plan->is_bare; i++) {
    out->signed_by[i] = note->pointer->signatures[i].key;
  }
}

void snt_publish_name_hosts(const struct snt_flow *flow, struct snt_publish_hosts *hosts,
                            struct snt_record_publish *record) {
  *hosts = (struct snt_publish_hosts){0};
  for (const char *const *region = flow->regions; *region != NULL; region++) {
    struct snt_aws_endpoint ssm = {0};
    struct snt_flow_host *host = &hosts->list[hosts->count];
    if (snt_ok(snt_aws_endpoint_of(&flow->target, "ssm", *region, &ssm, NULL))) {
      snt_flow_note_host(flow, &ssm, host);
      hosts->regions[hosts->count++] = (struct snt_record_region){*region, host->host, host->proxy};
    }
  }
  record->endpoint = flow->sts_from.host;
  record->ca = snt_flow_name_ca(flow);
  record->proxy = flow->sts_from.proxy;
  record->endpoints = hosts->regions;
  record->endpoint_count = hosts->count;
}

snt_status snt_publish_record(struct snt_flow *flow, const struct snt_publish_note *note, struct snt_err *err) {
  bool is_begun = strcmp(note->outcome, "begun") == 0;
  struct lists lists = {0};
  struct snt_publish_hosts hosts;
  struct snt_log_position position;
  SNT_BUF_AUTO struct snt_buf members = {0};
  SNT_TRY(is_begun ? snt_random_request_id(flow->request_id, err) : snt_done());
  list_previous(note->view, &lists);
  list_regions(note, is_begun, &lists);
  list_signers(note, &lists);
  struct snt_record_publish record = {.time_ms = snt_flow_now_ms(flow),
                                      .time_source = "sts",
                                      .request_id = flow->request_id,
                                      .user = flow->who.user,
                                      .by = flow->who.arn,
                                      .action = note->plan->action,
                                      .outcome = note->outcome,
                                      .name = note->name,
                                      .serial = note->plan->is_bare ? 0 : note->pointer->serial,
                                      .sha256 = note->plan->sha256,
                                      .regions = lists.regions,
                                      .signed_by = lists.signed_by,
                                      .previous = lists.previous,
                                      .previous_count = note->view->count,
                                      .is_forced = note->plan->is_forced,
                                      .is_untested = note->plan->is_untested,
                                      .message = note->failure == NULL ? NULL : note->failure->message};
  snt_publish_name_hosts(flow, &hosts, &record);
  SNT_TRY(snt_record_format_publish(&record, &members, err));
  const struct snt_slice line = {members.data, members.len};
  return snt_log_append(flow->log, &line, 1, &position, err);
}
