/* The parts of a bundle: "/sentinel/bundles/<sha256>/<n>", n from 0, each base64 of 3,072 bytes but for the last. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/sha256.h"
#include "issue/depot.h"

enum { NAME_CAP = 128, TEXT_CAP = SNT_BASE64_CAP(SNT_BUNDLE_PART), READ_BACKS = 4, READ_BACK_PAUSE_MS = 250 };

struct part_name {
  char text[NAME_CAP];
};

/* A bundle's parts on their way in or out. */
struct parts {
  struct snt_depot *depot;
  size_t region;
  const char *sha256;
  struct snt_slice packed; /* what they are to be; data NULL: not known */
  char *into;              /* where they are put; NULL: nowhere */
  size_t size, count;
  size_t there; /* so many were found */
  bool is_there[SNT_PACKED_CAP / SNT_BUNDLE_PART + 1];
  size_t to_write[SNT_PACKED_CAP / SNT_BUNDLE_PART + 1]; /* those that were not */
};

static size_t count_of(size_t size) { return (size + SNT_BUNDLE_PART - 1) / SNT_BUNDLE_PART; }

static struct part_name name_part(const struct parts *parts, size_t n) {
  struct part_name name;
  (void)snprintf(name.text, sizeof name.text, SNT_BUNDLE_FOLDER "/%s/%zu", parts->sha256, n);
  return name;
}

static size_t size_of(const struct parts *parts, size_t n) {
  return n + 1 < parts->count ? SNT_BUNDLE_PART : parts->size - n * SNT_BUNDLE_PART;
}

/* The ten names, or fewer, of one call. */
struct ten {
  struct part_name texts[SNT_SSM_BATCH_MAX];
  const char *list[SNT_SSM_BATCH_MAX];
  struct snt_ssm_names names;
};

static void name_ten(const struct parts *parts, size_t call, struct ten *out) {
  size_t first = call * SNT_SSM_BATCH_MAX;
  size_t left = parts->count - first;
  out->names = (struct snt_ssm_names){out->list, left < SNT_SSM_BATCH_MAX ? left : SNT_SSM_BATCH_MAX};
  for (size_t i = 0; i < out->names.count; i++) {
    out->texts[i] = name_part(parts, first + i);
    out->list[i] = out->texts[i].text;
  }
}

static snt_status prepare_read(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  const struct parts *parts = context;
  struct snt_depot *depot = parts->depot;
  struct ten ten;
  name_ten(parts, i, &ten);
  return snt_ssm_prepare_get_parameters(call, &depot->ssm[parts->region], snt_flow_signer(&depot->flow), &ten.names,
                                        err);
}

static snt_status refuse_part(const struct parts *parts, size_t n, const char *why, struct snt_err *err) {
  const char *region = parts->depot->flow.regions[parts->region];
  const struct part_name name = name_part(parts, n);
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s in %s %s", name.text, region, why));
  return snt_err_hint(err,
                      "nothing that sentinel does writes such a part: find out who did, and delete it: "
                      "aws ssm delete-parameter --region %s --name %s",
                      region, name.text);
}

static snt_status take_part(struct parts *parts, size_t n, const struct snt_ssm_parameter *parameter,
                            struct snt_err *err) {
  char bytes[SNT_BUNDLE_PART];
  size_t len = 0;
  size_t wanted = size_of(parts, n);
  struct snt_slice text = {snt_buf_borrow(&parameter->value), parameter->value.len};
  if (!snt_base64_parse(text, bytes, sizeof bytes, &len) || len != wanted) {
    return refuse_part(parts, n, "is not a part of this bundle", err);
  }
  if (parts->packed.data != NULL && memcmp(parts->packed.data + n * SNT_BUNDLE_PART, bytes, len) != 0) {
    return refuse_part(parts, n, "holds something else than the bundle", err);
  }
  if (parts->into != NULL) {
    memcpy(parts->into + n * SNT_BUNDLE_PART, bytes, len);
  }
  parts->is_there[n] = true;
  parts->there++;
  return snt_done();
}

static snt_status take_read(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  struct parts *parts = context;
  SNT_SSM_BATCH_AUTO struct snt_ssm_batch batch = {0};
  struct ten ten;
  name_ten(parts, i, &ten);
  SNT_TRY(snt_ssm_parse_get_parameters(call, &ten.names, &batch, err));
  for (size_t k = 0; k < batch.count; k++) {
    bool is_there = batch.list[k].version > 0;
    SNT_TRY(is_there ? take_part(parts, i * SNT_SSM_BATCH_MAX + k, &batch.list[k], err) : snt_done());
  }
  return snt_done();
}

static snt_status read_parts(struct parts *parts, struct snt_err *err) {
  parts->there = 0;
  memset(parts->is_there, 0, sizeof parts->is_there);
  const struct snt_depot_batch batch = {.count = (parts->count + SNT_SSM_BATCH_MAX - 1) / SNT_SSM_BATCH_MAX,
                                        .context = parts,
                                        .prepare = prepare_read,
                                        .take = take_read};
  return snt_depot_perform(parts->depot, &batch, err);
}

static snt_status begin(struct snt_depot *depot, size_t region, const char *sha256, size_t size, struct parts *out,
                        struct snt_err *err) {
  *out = (struct parts){.depot = depot, .region = region, .sha256 = sha256, .size = size, .count = count_of(size)};
  return size > 0 && size <= SNT_PACKED_CAP ? snt_done()
                                            : snt_fail(err, SNT_CODE_BUG, "a bundle of %zu bytes has no parts", size);
}

static snt_status fail_missing(const struct parts *parts, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%zu of the %zu parts of bundle %.16s are missing in %s",
                      parts->count - parts->there, parts->count, parts->sha256,
                      parts->depot->flow.regions[parts->region]));
  return snt_err_hint(err, "push it again, which writes what is missing");
}

snt_status snt_depot_fetch(struct snt_depot *depot, size_t region, const struct snt_pointer *pointer,
                           struct snt_buf *out, struct snt_err *err) {
  struct parts parts;
  SNT_BUF_AUTO struct snt_buf packed = {0};
  char sha256[SNT_SHA256_HEX_CAP];
  SNT_TRY(begin(depot, region, pointer->sha256, (size_t)pointer->size, &parts, err));
  SNT_TRY(snt_buf_reserve(&packed, parts.size, err));
  parts.into = packed.data;
  SNT_TRY(read_parts(&parts, err));
  if (parts.there < parts.count) {
    return fail_missing(&parts, err);
  }
  snt_sha256_hex(packed.data, parts.size, sha256);
  if (strcmp(sha256, pointer->sha256) != 0) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "the parts of bundle %.16s in %s make another one, %.16s",
                    pointer->sha256, depot->flow.regions[region], sha256);
  }
  return snt_buf_append(out, packed.data, parts.size, err);
}

snt_status snt_depot_count_parts(struct snt_depot *depot, size_t region, const struct snt_pointer *pointer, size_t *out,
                                 struct snt_err *err) {
  struct parts parts;
  SNT_TRY(begin(depot, region, pointer->sha256, (size_t)pointer->size, &parts, err));
  snt_status status = read_parts(&parts, err);
  *out = parts.there;
  return status.code == SNT_CODE_POLICY_INVALID ? snt_done() : status;
}

static snt_status prepare_write(void *context, size_t i, struct snt_aws_call *call, struct snt_err *err) {
  const struct parts *parts = context;
  struct snt_depot *depot = parts->depot;
  size_t n = parts->to_write[i];
  char text[TEXT_CAP];
  const struct part_name name = name_part(parts, n);
  snt_base64(parts->packed.data + n * SNT_BUNDLE_PART, size_of(parts, n), text);
  const struct snt_ssm_put put = {.name = name.text, .value = snt_slice_of(text)};
  return snt_ssm_prepare_put_parameter(call, &depot->ssm[parts->region], snt_flow_signer(&depot->flow), &put, err);
}

/* One that came to be there meanwhile is compared when all are read back. */
static snt_status take_write(void *context, size_t i, const struct snt_aws_call *call, struct snt_err *err) {
  (void)context;
  (void)i;
  int64_t version = 0;
  return snt_ssm_is_put_over_existing(call) ? snt_done() : snt_ssm_parse_put_parameter(call, &version, err);
}

static snt_status write_missing(struct parts *parts, struct snt_err *err) {
  size_t count = 0;
  for (size_t n = 0; n < parts->count; n++) {
    if (!parts->is_there[n]) {
      parts->to_write[count++] = n;
    }
  }
  const struct snt_depot_batch batch = {.count = count, .context = parts, .prepare = prepare_write, .take = take_write};
  return snt_depot_perform(parts->depot, &batch, err);
}

/* A read that follows a write may come before it. */
static snt_status read_back(struct parts *parts, struct snt_err *err) {
  for (int tries = 0; tries < READ_BACKS; tries++) {
    SNT_TRY(read_parts(parts, err));
    if (parts->there == parts->count) {
      return snt_done();
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = READ_BACK_PAUSE_MS * 1000000L}, NULL);
  }
  return fail_missing(parts, err);
}

static void tell_parts(const struct snt_depot *depot, size_t region, size_t count) {
  char text[160];
  (void)snprintf(text, sizeof text, "%s: writing %zu %s", depot->flow.regions[region], count,
                 count == 1 ? "part" : "parts");
  if (depot->tell != NULL && count > 0) {
    depot->tell(text);
  }
}

snt_status snt_depot_upload(struct snt_depot *depot, size_t region, const char *sha256, struct snt_slice packed,
                            struct snt_err *err) {
  struct parts parts;
  SNT_TRY(begin(depot, region, sha256, packed.len, &parts, err));
  parts.packed = packed;
  SNT_TRY(read_parts(&parts, err));
  if (parts.there == parts.count) {
    return snt_done();
  }
  tell_parts(depot, region, parts.count - parts.there);
  SNT_TRY(write_missing(&parts, err));
  return read_back(&parts, err);
}
