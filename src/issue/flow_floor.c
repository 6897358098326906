/* The floor: no bundle that is older than one that was accepted before (policy.md, Bundles). What is remembered is the
 * signed pointer itself: nobody without a signing key can make one, and so nobody can raise the floor out of reach.
 *
 * MUST
 *  1. take the highest of what was accepted here, what the log tells of, and what the administrator asks for;
 *  2. never lower what is remembered;
 *  3. refuse what can be held against nothing, because the log cannot be read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/serials.h"
#include "base/file.h"
#include "base/sha256.h"
#include "issue/flow_bundle.h"

enum { JUMP_MAX = 10000, AGE_STEP_MS = 60000, HEAD_CAP = 1024 };

/* The highest serial that is known, and its hash where that is known, too. */
struct floor {
  int64_t serial;
  char sha256[65];
  const char *whose; /* where it was seen: for messages */
  bool was_seen;
};

/* What is kept of the bundle that was accepted last. */
struct kept {
  struct snt_pointer pointer;
  struct snt_buf text; /* the pointer's */
  int64_t fetched_ms;  /* by the decision's clock */
  int64_t version;
  char region[64];
  struct snt_flow_host from; /* of the SSM that it was fetched from; host "" where that was not kept */
};

static void free_kept(struct kept **kept) {
  if (*kept != NULL) {
    snt_buf_clear(&(*kept)->text);
    free(*kept);
  }
  *kept = NULL;
}

#define KEPT_AUTO SNT_CLEANUP(free_kept)

static snt_status name_floor(const struct snt_flow *flow, char out[static SNT_SHA256_HEX_CAP], struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  const char *installation = snt_settings_text(flow->settings, SNT_SETTING_INSTALLATION);
  SNT_TRY(snt_buf_appendf(&text, err, "%s\n%s", flow->source.path, installation == NULL ? "" : installation));
  snt_sha256_hex(text.data, text.len, out);
  return snt_done();
}

static snt_status find_path(const struct snt_flow *flow, struct snt_buf *out, struct snt_err *err) {
  char id[SNT_SHA256_HEX_CAP];
  SNT_TRY(name_floor(flow, id, err));
  SNT_TRY(snt_flow_state_folder(flow, out, err));
  return snt_buf_appendf(out, err, "/bundle-%.32s.pointer", id);
}

/* "<region> <host> <proxy or ->\n"; of earlier versions the region alone. */
static bool parse_place(const char *text, struct kept *out) {
  char line[sizeof out->region + sizeof out->from.host + sizeof out->from.proxy];
  (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
  if (sscanf(line, " %63s %271s %511s", out->region, out->from.host, out->from.proxy) < 1) {
    return false;
  }
  if (strcmp(out->from.proxy, "-") == 0) {
    out->from.proxy[0] = '\0';
  }
  memcpy(out->from.region, out->region, sizeof out->region);
  return true;
}

/* "<when it was fetched> <version> ", where that was, and the pointer. */
static bool parse_kept(const struct snt_flow *flow, const struct snt_buf *file, struct kept *out) {
  const char *feed = file->len == 0 ? NULL : memchr(file->data, '\n', file->len);
  char *rest = NULL;
  if (feed == NULL) {
    return false;
  }
  out->fetched_ms = strtoll(file->data, &rest, 10);
  out->version = strtoll(rest, &rest, 10);
  if (out->fetched_ms <= 0 || out->version <= 0 || *rest != ' ' || !parse_place(rest, out)) {
    return false;
  }
  struct snt_slice text = {feed + 1, file->len - (size_t)(feed + 1 - file->data)};
  const struct snt_buf *current = &flow->bundle->text;
  if (current->len > 0 && current->len == text.len && memcmp(current->data, text.data, text.len) == 0) {
    out->pointer = flow->bundle->pointer; /* it was verified before the floor is asked for */
    return true;
  }
  return snt_ok(snt_buf_append(&out->text, text.data, text.len, NULL)) &&
         snt_ok(snt_pointer_parse("a kept pointer", text, &out->pointer, NULL)) &&
         snt_ok(snt_policy_keys_verify(&flow->bundle->keys, &out->pointer, "a kept pointer", NULL));
}

/* NULL when there is none, and for one that the keys of today do not vouch for: it counts for nothing. */
static struct kept *read_kept(const struct snt_flow *flow) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf file = {0};
  KEPT_AUTO struct kept *kept = calloc(1, sizeof *kept);
  bool is_good = kept != NULL && snt_ok(find_path(flow, &path, NULL)) &&
                 snt_ok(snt_file_read(path.data, SNT_FILE_NOT_WRITABLE, SNT_POINTER_CAP + HEAD_CAP, &file, NULL)) &&
                 parse_kept(flow, &file, kept);
  if (!is_good) {
    free_kept(&kept);
  }
  return SNT_MOVE(kept);
}

static void raise_to(struct floor *floor, int64_t serial, const char *sha256, const char *whose) {
  if (serial > floor->serial) {
    floor->serial = serial;
    floor->whose = whose;
    (void)snprintf(floor->sha256, sizeof floor->sha256, "%s", sha256);
  }
  floor->was_seen = floor->was_seen || sha256[0] != '\0';
}

/* A log that cannot be read back to a decision by the bundle may tell of a higher serial: then nothing is accepted. */
static snt_status find_logged(const char *path, const struct snt_log_bundle *bundle, struct snt_log_serial *out,
                              struct snt_err *err) {
  struct snt_err why = {0};
  snt_status status = snt_log_find_serial(path, bundle, out, &why);
  if (snt_ok(status) || status.code == SNT_CODE_NO_MEMORY) {
    return snt_ok(status) ? status : snt_fail_memory(err);
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_LOG, "which serial of %s was seen last cannot be told: the decision log: %s",
                      bundle->source, why.message));
  return snt_err_hint(err, "%s", why.hint);
}

static snt_status find_floor(const struct snt_flow *flow, const char *installation, struct floor *out,
                             struct snt_err *err) {
  KEPT_AUTO struct kept *kept = read_kept(flow);
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct snt_log_serial logged = {0};
  if (kept != NULL) {
    raise_to(out, kept->pointer.serial, kept->pointer.sha256, "was accepted here before");
  }
  SNT_TRY(snt_log_find_path(snt_settings_text(flow->settings, SNT_SETTING_LOG_PATH), &path, err));
  const struct snt_log_bundle bundle = {flow->policy.source, installation, flow->bundle->keys.count > 0};
  SNT_TRY(find_logged(path.data, &bundle, &logged, err));
  if (logged.serial > 0) {
    raise_to(out, logged.serial, logged.sha256, "is in the decision log");
  }
  const char *least = snt_settings_text(flow->settings, SNT_SETTING_POLICY_MIN_SERIAL);
  if (least != NULL) {
    raise_to(out, strtoll(least, NULL, 10), "", "is policy.min_serial");
  }
  return snt_done();
}

snt_status snt_flow_check_floor(const struct snt_flow *flow, bool *is_below, struct snt_err *err) {
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  struct floor floor = {0};
  SNT_TRY(find_floor(flow, pointer->installation, &floor, err));
  *is_below = pointer->serial < floor.serial;
  if (*is_below) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is an older bundle: %s; serial %" PRId64 " %s",
                        flow->policy.source, flow->bundle->account, floor.serial, floor.whose));
    return floor.sha256[0] != '\0'
               ? snt_err_hint(err, "have what was seen put in force again: sentinel policy rollback %s --to %" PRId64,
                              pointer->name, floor.serial)
               : snt_err_hint(err, "publish the content under serial %" PRId64 " or a higher one", floor.serial);
  }
  if (pointer->serial == floor.serial && floor.sha256[0] != '\0' && strcmp(pointer->sha256, floor.sha256) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is not the bundle that was seen under its serial: %s",
                        flow->policy.source, flow->bundle->account));
    return snt_err_hint(err, "two bundles were signed under one serial; publish one of them under a higher serial");
  }
  if (floor.was_seen && pointer->serial > floor.serial + JUMP_MAX) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "%s is more than %d serials above %" PRId64 ", which was seen last: %s", flow->policy.source,
                        JUMP_MAX, floor.serial, flow->bundle->account));
    return snt_err_hint(err, "publish it under the next serial");
  }
  return snt_done();
}

static snt_status write_kept(const struct snt_flow *flow, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf file = {0};
  const struct snt_buf *text = &flow->bundle->text;
  SNT_TRY(snt_flow_state_folder(flow, &path, err));
  SNT_TRY(snt_file_make_folders(path.data, err)); /* a log that is to come makes the same */
  snt_buf_reset(&path);
  SNT_TRY(find_path(flow, &path, err));
  const struct snt_flow_host *from = &flow->policy_from;
  SNT_TRY(snt_buf_appendf(&file, err, "%" PRId64 " %" PRId64 " %s %s %s\n", snt_flow_now_ms(flow), flow->policy.version,
                          flow->policy.region, from->host, from->proxy[0] == '\0' ? "-" : from->proxy));
  SNT_TRY(snt_buf_append(&file, text->data, text->len, err));
  return snt_file_replace(path.data, file.data, file.len, 0600, err);
}

/* A pointer with a later end is the same bundle, signed again; the time is told anew now and then, and where the clock
 * was ahead or another host was asked. */
static bool is_newer(const struct snt_flow *flow, const struct kept *kept) {
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  int64_t age_ms = kept == NULL ? 0 : snt_flow_now_ms(flow) - kept->fetched_ms;
  return kept == NULL || kept->pointer.serial < pointer->serial ||
         (kept->pointer.serial == pointer->serial &&
          (kept->pointer.not_after_ms < pointer->not_after_ms || age_ms > AGE_STEP_MS || age_ms < 0 ||
           strcmp(kept->from.host, flow->policy_from.host) != 0));
}

/* One that cannot be kept is no reason to refuse: the log tells of it, too. */
void snt_flow_raise_floor(const struct snt_flow *flow) {
  char id[SNT_SHA256_HEX_CAP];
  char name[SNT_SHA256_HEX_CAP + 8];
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  KEPT_AUTO struct kept *kept = read_kept(flow);
  if (!is_newer(flow, kept) || !snt_ok(name_floor(flow, id, NULL))) {
    return;
  }
  (void)snprintf(name, sizeof name, "floor:%s", id);
  SNT_IGNORE(snt_flow_take_turn(flow, "floor", name, &turn, NULL));
  KEPT_AUTO struct kept *by_now = read_kept(flow);
  if (is_newer(flow, by_now)) {
    SNT_IGNORE(write_kept(flow, NULL));
  }
  snt_turn_end(&turn);
}

bool snt_flow_recall_stale(struct snt_flow *flow, int64_t max_ms) {
  bool is_outage = false;
  KEPT_AUTO struct kept *kept = snt_ok(snt_flow_open_bundle(flow, NULL)) ? read_kept(flow) : NULL;
  int64_t age_ms = kept == NULL ? -1 : snt_flow_now_ms(flow) - kept->fetched_ms;
  if (kept == NULL || flow->bundle->keys.count == 0 || age_ms < 0 || age_ms > max_ms) {
    snt_flow_bundle_free(&flow->bundle);
    return false;
  }
  const struct snt_flow_value value = {
      .text = {kept->text.data, kept->text.len}, .region = kept->region, .version = kept->version};
  if (!snt_ok(snt_flow_take_pointer(flow, &value, true, &is_outage, NULL))) {
    return false;
  }
  flow->policy_age_ms = age_ms;
  flow->policy_from = kept->from;
  return true;
}
