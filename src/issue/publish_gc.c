/* Parts of bundles that nothing will be rolled back to.
 *
 * MUST
 *  1. delete no part of a bundle that is in force in any of the regions, or that a policy keeps in this one;
 *  2. delete nothing where what a policy keeps cannot be told: of a pointer that cannot be read;
 *  3. leave what is younger than a day: somebody may be about to point to it;
 *  4. look again once somebody has agreed: what was pointed to meanwhile stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "issue/depot.h"
#include "issue/publish_record.h"

#define DAY_MS INT64_C(86400000)

/* The hashes of bundles. */
struct hashes {
  char (*list)[65];
  size_t count;
};

static void clear_hashes(struct hashes *hashes) {
  free(hashes->list);
  *hashes = (struct hashes){0};
}

static bool holds(const struct hashes *hashes, const char *sha256) {
  for (size_t i = 0; i < hashes->count; i++) {
    if (strcmp(hashes->list[i], sha256) == 0) {
      return true;
    }
  }
  return false;
}

static snt_status add_hash(struct hashes *hashes, const char *sha256, struct snt_err *err) {
  if (holds(hashes, sha256)) {
    return snt_done();
  }
  char(*list)[65] = realloc(hashes->list, (hashes->count + 1) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  hashes->list = list;
  (void)snprintf(list[hashes->count++], sizeof list[0], "%s", sha256);
  return snt_done();
}

/* What is to go in a region. */
struct sweep {
  struct snt_ssm_entries parts; /* all of the region */
  const char **names;           /* of those that go; borrowed from parts */
  size_t count;
};

struct sweeping {
  const struct snt_gc_options *options;
  struct snt_gc_report *report;
  struct snt_depot depot;
  struct snt_ssm_entries policies; /* of the region that is looked at, when all are meant */
  struct hashes in_force;          /* in any region, of any policy that is meant */
  struct hashes kept, known;       /* of the region: what policies keep, and what they ever pointed to */
  bool has_history;                /* of a policy that is meant, in some region */
  struct sweep regions[SNT_PUBLISH_REGIONS_MAX];
};

static void clear_sweeping(struct sweeping *sweeping) {
  snt_ssm_entries_clear(&sweeping->policies);
  clear_hashes(&sweeping->in_force);
  clear_hashes(&sweeping->kept);
  clear_hashes(&sweeping->known);
  for (size_t i = 0; i < SNT_PUBLISH_REGIONS_MAX; i++) {
    snt_ssm_entries_clear(&sweeping->regions[i].parts);
    free((void *)sweeping->regions[i].names);
  }
  snt_depot_clear(&sweeping->depot);
}

/* What a parameter pointed to, in a version of it; of none that is bare. */
static snt_status read_pointer(const char *parameter, const char *region, const struct snt_buf *value,
                               struct snt_pointer *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf source = {0};
  struct snt_slice text = {snt_buf_borrow(value), value->len};
  memset(out, 0, sizeof *out);
  SNT_TRY(snt_buf_appendf(&source, err, "ssm:%s in %s", parameter, region));
  if (!snt_pointer_is_one(text)) {
    return snt_done();
  }
  snt_status status = snt_pointer_parse(source.data, text, out, err);
  return snt_ok(status) ? status : snt_err_prefix(err, "nothing was deleted, for it is not known what is to be kept");
}

/* The policies that are meant, one after the other. */
typedef snt_status visit_policy(struct sweeping *sweeping, size_t region, const char *parameter, struct snt_err *err);

static snt_status each_policy(struct sweeping *sweeping, size_t region, visit_policy *visit, struct snt_err *err) {
  char parameter[128];
  if (sweeping->options->publish.name != NULL) {
    SNT_TRY(snt_publish_name_parameter(sweeping->options->publish.name, parameter, err));
    return visit(sweeping, region, parameter, err);
  }
  snt_ssm_entries_clear(&sweeping->policies);
  SNT_TRY(snt_depot_list(&sweeping->depot, region, SNT_DEPOT_POLICIES, &sweeping->policies, err));
  for (size_t i = 0; i < sweeping->policies.count; i++) {
    SNT_TRY(visit(sweeping, region, sweeping->policies.list[i].name, err));
  }
  return snt_done();
}

/* The newest bundles of a policy's history are kept, whatever the number of their renewals. */
static snt_status visit_history(struct sweeping *sweeping, size_t region, const char *parameter, struct snt_err *err) {
  SNT_SSM_ENTRIES_AUTO struct snt_ssm_entries history = {0};
  struct hashes newest = {0};
  const char *name = sweeping->depot.flow.regions[region];
  snt_status status = snt_depot_read_history(&sweeping->depot, region, parameter, &history, err);
  if (status.code == SNT_CODE_NO_POLICY) {
    return snt_done();
  }
  sweeping->has_history = true;
  for (size_t i = 0; i < history.count && snt_ok(status); i++) {
    struct snt_pointer pointer;
    status = read_pointer(parameter, name, &history.list[i].value, &pointer, err);
    if (!snt_ok(status) || pointer.serial == 0) {
      continue;
    }
    status = add_hash(&sweeping->known, pointer.sha256, err);
    if (snt_ok(status) && (newest.count < sweeping->options->keep || holds(&newest, pointer.sha256))) {
      status = add_hash(&newest, pointer.sha256, err);
      status = snt_ok(status) ? add_hash(&sweeping->kept, pointer.sha256, err) : status;
    }
    if (snt_ok(status) && i == 0) {
      status = add_hash(&sweeping->in_force, pointer.sha256, err);
    }
  }
  clear_hashes(&newest);
  return status;
}

/* "/sentinel/bundles/<sha256>/<n>"; false for anything else. */
static bool take_hash(const char *name, char out[static 65]) {
  const char *sha256 = name + strlen(SNT_BUNDLE_FOLDER "/");
  size_t len = strspn(sha256, "0123456789abcdef");
  bool is_part =
      len == 64 && sha256[64] == '/' && sha256[65] != '\0' && sha256[65 + strspn(sha256 + 65, "0123456789")] == '\0';
  (void)snprintf(out, 65, "%.64s", is_part ? sha256 : "");
  return is_part;
}

/* Bundles any part of which was written today. */
static snt_status find_young(const struct sweep *sweep, int64_t now_ms, struct hashes *out, struct snt_err *err) {
  char sha256[65];
  for (size_t i = 0; i < sweep->parts.count; i++) {
    const struct snt_ssm_entry *part = &sweep->parts.list[i];
    bool is_young = take_hash(part->name, sha256) && part->modified_ms > now_ms - DAY_MS;
    SNT_TRY(is_young ? add_hash(out, sha256, err) : snt_done());
  }
  return snt_done();
}

static snt_status choose_parts(struct sweeping *sweeping, size_t region, const struct hashes *young,
                               struct snt_err *err) {
  const struct snt_gc_options *options = sweeping->options;
  struct sweep *sweep = &sweeping->regions[region];
  SNT_CLEANUP(clear_hashes) struct hashes going = {0};
  char sha256[65];
  sweep->names = calloc(sweep->parts.count + 1, sizeof *sweep->names);
  if (sweep->names == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < sweep->parts.count; i++) {
    bool is_meant = take_hash(sweep->parts.list[i].name, sha256) &&
                    (options->publish.name == NULL || holds(&sweeping->known, sha256));
    if (!is_meant) {
      continue;
    }
    bool is_kept = holds(&sweeping->kept, sha256) || holds(&sweeping->in_force, sha256);
    bool is_young = !is_kept && !options->publish.is_forced && holds(young, sha256);
    sweeping->report->regions[region].kept += is_kept ? 1 : 0;
    sweeping->report->regions[region].young += is_young ? 1 : 0;
    if (!is_kept && !is_young) {
      sweep->names[sweep->count++] = sweep->parts.list[i].name;
      SNT_TRY(add_hash(&going, sha256, err));
    }
  }
  sweeping->report->regions[region].parts = sweep->count;
  sweeping->report->regions[region].bundles = going.count;
  return snt_done();
}

static snt_status look_at_region(struct sweeping *sweeping, size_t region, struct snt_err *err) {
  struct sweep *sweep = &sweeping->regions[region];
  SNT_CLEANUP(clear_hashes) struct hashes young = {0};
  clear_hashes(&sweeping->kept);
  clear_hashes(&sweeping->known);
  SNT_TRY(each_policy(sweeping, region, visit_history, err));
  SNT_TRY(snt_depot_list(&sweeping->depot, region, SNT_BUNDLE_FOLDER, &sweep->parts, err));
  SNT_TRY(find_young(sweep, snt_flow_now_ms(&sweeping->depot.flow), &young, err));
  return choose_parts(sweeping, region, &young, err);
}

/* What is in force now, in any of the regions. */
static snt_status visit_in_force(struct sweeping *sweeping, size_t region, const char *parameter, struct snt_err *err) {
  (void)region;
  struct snt_published found[SNT_PUBLISH_REGIONS_MAX] = {0};
  snt_status status = snt_depot_look(&sweeping->depot, parameter, found, err);
  for (size_t i = 0; i < sweeping->depot.count; i++) {
    struct snt_pointer pointer = {0};
    status = snt_ok(status) ? read_pointer(parameter, found[i].region, &found[i].value, &pointer, err) : status;
    if (snt_ok(status) && pointer.serial > 0) {
      status = add_hash(&sweeping->in_force, pointer.sha256, err);
    }
    snt_published_clear(&found[i]);
  }
  return status;
}

static snt_status look(struct sweeping *sweeping, struct snt_err *err) {
  struct snt_gc_report *report = sweeping->report;
  SNT_TRY(snt_depot_open(&sweeping->depot, &sweeping->options->publish.common, err));
  for (report->count = 0; report->count < sweeping->depot.count; report->count++) {
    (void)snprintf(report->regions[report->count].region, sizeof report->regions[0].region, "%s",
                   sweeping->depot.flow.regions[report->count]);
    SNT_TRY(each_policy(sweeping, report->count, visit_in_force, err));
  }
  for (size_t i = 0; i < report->count; i++) {
    SNT_TRY(look_at_region(sweeping, i, err));
  }
  const char *name = sweeping->options->publish.name;
  if (name == NULL || sweeping->has_history) {
    return snt_done();
  }
  SNT_IGNORE(
      snt_fail(err, SNT_CODE_NO_POLICY, "there is no SSM parameter " SNT_DEPOT_POLICIES "/%s in any region", name));
  return snt_err_hint(err, "--all looks at all policies, and at parts that no pointer names");
}

static snt_status record(struct sweeping *sweeping, const char *outcome, const struct snt_err *failure,
                         struct snt_err *err) {
  struct snt_flow *flow = &sweeping->depot.flow;
  const char *regions[SNT_PUBLISH_REGIONS_MAX + 1] = {0};
  struct snt_publish_hosts hosts;
  bool is_begun = strcmp(outcome, "begun") == 0;
  size_t count = 0;
  int64_t parts = 0;
  struct snt_log_position position;
  SNT_BUF_AUTO struct snt_buf members = {0};
  for (size_t i = 0; i < sweeping->report->count; i++) {
    if (sweeping->report->regions[i].parts > 0 && (is_begun || sweeping->report->regions[i].is_done)) {
      regions[count++] = sweeping->report->regions[i].region;
      parts += (int64_t)sweeping->report->regions[i].parts;
    }
  }
  struct snt_record_publish note = {.time_ms = snt_flow_now_ms(flow),
                                    .time_source = "sts",
                                    .request_id = flow->request_id,
                                    .user = flow->who.user,
                                    .by = flow->who.arn,
                                    .action = "gc",
                                    .outcome = outcome,
                                    .name = sweeping->options->publish.name,
                                    .regions = regions,
                                    .parts = parts,
                                    .is_forced = sweeping->options->publish.is_forced,
                                    .message = failure == NULL ? NULL : failure->message};
  snt_publish_name_hosts(flow, &hosts, &note);
  SNT_TRY(snt_record_format_publish(&note, &members, err));
  const struct snt_slice line = {members.data, members.len};
  return snt_log_append(flow->log, &line, 1, &position, err);
}

/* Leaves out what came into force, or into a history, since the regions were looked at. */
static snt_status spare_what_is_pointed_to(struct sweeping *sweeping, size_t region, struct snt_err *err) {
  struct sweep *sweep = &sweeping->regions[region];
  SNT_CLEANUP(clear_hashes) struct hashes going = {0};
  char sha256[65];
  size_t left = 0;
  clear_hashes(&sweeping->kept);
  SNT_TRY(each_policy(sweeping, region, visit_in_force, err));
  SNT_TRY(each_policy(sweeping, region, visit_history, err));
  for (size_t i = 0; i < sweep->count; i++) {
    (void)take_hash(sweep->names[i], sha256);
    if (!holds(&sweeping->kept, sha256) && !holds(&sweeping->in_force, sha256)) {
      sweep->names[left++] = sweep->names[i];
      SNT_TRY(add_hash(&going, sha256, err));
    }
  }
  sweep->count = sweeping->report->regions[region].parts = left;
  sweeping->report->regions[region].bundles = going.count;
  return snt_done();
}

static snt_status delete_all(struct sweeping *sweeping, struct snt_err *err) {
  for (size_t i = 0; i < sweeping->report->count; i++) {
    const struct sweep *sweep = &sweeping->regions[i];
    SNT_TRY(spare_what_is_pointed_to(sweeping, i, err));
    SNT_TRY(snt_depot_delete(&sweeping->depot, i, sweep->names, sweep->count, err));
    sweeping->report->regions[i].is_done = true;
  }
  return snt_done();
}

static snt_status sweep_all(struct sweeping *sweeping, struct snt_err *err) {
  struct snt_err inner = {0};
  SNT_TRY(snt_random_request_id(sweeping->depot.flow.request_id, err));
  SNT_TRY(snt_flow_open_log(&sweeping->depot.flow, err));
  SNT_TRY(record(sweeping, "begun", NULL, err));
  snt_status status = delete_all(sweeping, err);
  if (snt_ok(status)) {
    return record(sweeping, "done", NULL, err);
  }
  SNT_IGNORE(record(sweeping, "failed", err, &inner)); /* what failed is told */
  return status;
}

snt_status snt_publish_gc(const struct snt_gc_options *options, struct snt_gc_report *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  size_t count = 0;
  SNT_CLEANUP(clear_sweeping)
  struct sweeping sweeping = {.options = options, .report = out, .depot = {.tell = options->publish.tell}};
  SNT_TRY(look(&sweeping, err));
  for (size_t i = 0; i < out->count; i++) {
    count += out->regions[i].parts;
  }
  if (count == 0) {
    return snt_done();
  }
  SNT_TRY(options->agree(options->context, out, err));
  return sweep_all(&sweeping, err);
}
