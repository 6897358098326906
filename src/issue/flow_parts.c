/* The packed bytes of a bundle: its parts in SSM, ten a call, all calls at once; and a copy below $XDG_CACHE_HOME,
 * which is named by its hash and looked at no differently from what comes over the network.
 *
 * MUST
 *  1. give out nothing that has not the pointer's size and hash. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/ssm.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "issue/flow_bundle.h"

enum { PARTS_A_CALL = SNT_SSM_BATCH_MAX, CALLS_AT_ONCE = 8, KEPT_DAYS = 30, KEPT_MAX = 256 };

#define PART_NAME_CAP 128

static bool is_whole(const struct snt_pointer *pointer, const struct snt_buf *packed) {
  char sha256[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(snt_buf_borrow(packed), packed->len, sha256);
  return (int64_t)packed->len == pointer->size && strcmp(sha256, pointer->sha256) == 0;
}

/* Parts from first on, at most ten, in one call. */
struct batch {
  struct snt_aws_call call;
  char names[PARTS_A_CALL][PART_NAME_CAP];
  const char *list[PARTS_A_CALL];
  size_t count;
};

static struct snt_ssm_names names_of(const struct batch *batch) {
  return (struct snt_ssm_names){.list = batch->list, .count = batch->count};
}

static snt_status prepare_batch(const struct snt_flow *flow, const struct snt_aws_endpoint *ssm, int64_t first,
                                struct batch *batch, struct snt_err *err) {
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  int64_t left = pointer->parts - first;
  batch->count = (size_t)(left < PARTS_A_CALL ? left : PARTS_A_CALL);
  for (size_t i = 0; i < batch->count; i++) {
    (void)snprintf(batch->names[i], sizeof batch->names[i], SNT_BUNDLE_FOLDER "/%s/%lld", pointer->sha256,
                   (long long)first + (long long)i);
    batch->list[i] = batch->names[i];
  }
  const struct snt_ssm_names names = names_of(batch);
  return snt_ssm_prepare_get_parameters(&batch->call, ssm, snt_flow_signer(flow), &names, err);
}

static snt_status refuse_part(const struct snt_flow *flow, const char *name, const char *what, const char *region,
                              struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: part %s %s in %s: %s", flow->policy.source, name, what, region,
                      flow->bundle->account));
  return snt_err_hint(err, "publish the bundle again: sentinel policy push");
}

static snt_status take_part(const struct snt_flow *flow, const struct batch *batch, size_t index,
                            const struct snt_ssm_parameter *part, struct snt_buf *out, struct snt_err *err) {
  uint8_t bytes[SNT_BUNDLE_PART];
  size_t len = 0;
  const char *region = batch->call.endpoint.region;
  if (part->version == 0) {
    return refuse_part(flow, batch->list[index], "is not there", region, err);
  }
  struct snt_slice text = {snt_buf_borrow(&part->value), part->value.len};
  if (!snt_base64_parse(text, bytes, sizeof bytes, &len)) {
    return refuse_part(flow, batch->list[index], "is not base64 of at most 3,072 bytes", region, err);
  }
  return snt_buf_append(out, (const char *)bytes, len, err);
}

static snt_status take_batch(const struct snt_flow *flow, const struct batch *batch, struct snt_buf *out,
                             bool *is_outage, struct snt_err *err) {
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch parts = {0};
  const struct snt_ssm_names names = names_of(batch);
  *is_outage = snt_flow_is_down(&batch->call);
  SNT_TRY(snt_ssm_parse_get_parameters(&batch->call, &names, &parts, err));
  for (size_t i = 0; i < parts.count; i++) {
    SNT_TRY(take_part(flow, batch, i, &parts.list[i], out, err));
  }
  return snt_done();
}

static bool is_any_down(struct snt_aws_call *const *calls, size_t count) {
  bool is_down = false;
  for (size_t i = 0; i < count; i++) {
    is_down = is_down || snt_flow_is_down(calls[i]);
  }
  return is_down;
}

/* All that may go out together: bundles over 240 KiB take more than one round. A region that did not answer in one is
 * not waited for in the next: whoever takes the batches in order comes upon its failure first. */
static snt_status ask_batches(struct snt_flow *flow, const struct snt_aws_endpoint *ssm, struct batch *batches,
                              size_t count, struct snt_err *err) {
  struct snt_aws_call *calls[CALLS_AT_ONCE];
  bool is_down = false;
  for (size_t done = 0; done < count && !is_down;) {
    size_t now = 0;
    for (; now < CALLS_AT_ONCE && done < count; now++, done++) {
      SNT_TRY(prepare_batch(flow, ssm, (int64_t)done * PARTS_A_CALL, &batches[done], err));
      calls[now] = &batches[done].call;
    }
    SNT_TRY(snt_aws_perform(flow->client, calls, now, err));
    is_down = is_any_down(calls, now);
  }
  return snt_done();
}

static snt_status take_batches(struct snt_flow *flow, const struct batch *batches, size_t count, bool *is_outage,
                               struct snt_err *err) {
  struct snt_buf *out = &flow->bundle->packed;
  snt_buf_reset(out);
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(take_batch(flow, &batches[i], out, is_outage, err));
  }
  if (is_whole(&flow->bundle->pointer, out)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "the parts of %s in %s are not the bundle that its pointer names: %s", flow->policy.source,
                      batches[0].call.endpoint.region, flow->bundle->account));
  return snt_err_hint(err, "publish the bundle again: sentinel policy push");
}

snt_status snt_flow_fetch_parts(struct snt_flow *flow, const char *region, bool *is_outage, struct snt_err *err) {
  struct snt_aws_endpoint ssm = {0};
  size_t count = (size_t)(flow->bundle->pointer.parts + PARTS_A_CALL - 1) / PARTS_A_CALL;
  SNT_FREE_AUTO struct batch *batches = calloc(count, sizeof *batches);
  if (batches == NULL) {
    return snt_fail_memory(err);
  }
  SNT_TRY(snt_aws_endpoint_of(&flow->target, "ssm", region, &ssm, err));
  snt_status status = ask_batches(flow, &ssm, batches, count, err);
  status = snt_ok(status) ? take_batches(flow, batches, count, is_outage, err) : status;
  for (size_t i = 0; i < count; i++) {
    snt_aws_call_clear(&batches[i].call);
  }
  return status;
}

static snt_status find_path(const struct snt_pointer *pointer, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_flow_cache_folder(out, err));
  return snt_buf_appendf(out, err, "/bundle-%s", pointer->sha256);
}

bool snt_flow_recall_parts(struct snt_flow *flow) {
  struct snt_buf *out = &flow->bundle->packed;
  const struct snt_pointer *pointer = &flow->bundle->pointer;
  SNT_BUF_AUTO struct snt_buf path = {0};
  bool is_good = snt_ok(find_path(pointer, &path, NULL)) &&
                 snt_ok(snt_file_read(path.data, SNT_FILE_NOT_WRITABLE, SNT_PACKED_CAP, out, NULL)) &&
                 is_whole(pointer, out);
  if (is_good) {
    (void)utimensat(AT_FDCWD, path.data, NULL, AT_SYMLINK_NOFOLLOW); /* it is in use: see tidy */
  } else {
    snt_buf_reset(out);
  }
  return is_good;
}

static bool is_copy(int folder, const char *name, struct stat *info) {
  return snt_str_starts_with(name, "bundle-") && strlen(name) == strlen("bundle-") + SNT_SHA256_HEX_CAP - 1 &&
         fstatat(folder, name, info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info->st_mode);
}

/* Bundles that nobody used for a month, and of too many the one that nobody used for the longest time: where nobody
 * signs, whoever writes to SSM makes as many as he likes. */
static void tidy(const char *folder) {
  DIR *dir = opendir(folder);
  time_t oldest = (time_t)(snt_clock_wall_ms() / 1000) - (time_t)KEPT_DAYS * 24 * 3600;
  char least_used[NAME_MAX + 1] = "";
  struct stat info;
  struct stat least = {0};
  size_t count = 0;
  for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL; entry = readdir(dir)) {
    if (!is_copy(dirfd(dir), entry->d_name, &info)) {
      continue;
    }
    if (info.st_mtime < oldest) {
      (void)unlinkat(dirfd(dir), entry->d_name, 0);
      continue;
    }
    if (count++ == 0 || info.st_mtime < least.st_mtime) {
      least = info;
      (void)snprintf(least_used, sizeof least_used, "%s", entry->d_name);
    }
  }
  if (count >= KEPT_MAX) {
    (void)unlinkat(dirfd(dir), least_used, 0);
  }
  if (dir != NULL) {
    (void)closedir(dir);
  }
}

/* Best effort: what is not kept is fetched again. */
void snt_flow_keep_parts(const struct snt_flow *flow) {
  const struct snt_buf *packed = &flow->bundle->packed;
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (snt_ok(snt_flow_cache_folder(&folder, NULL)) && snt_ok(snt_file_make_folders(folder.data, NULL)) &&
      snt_ok(find_path(&flow->bundle->pointer, &path, NULL))) {
    tidy(folder.data);
    SNT_IGNORE(snt_file_replace(path.data, packed->data, packed->len, 0600, NULL));
  }
}
