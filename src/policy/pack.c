#include "policy/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "format/archive.h"
#include "format/json.h"
#include "policy/describe.h"
#include "policy/manifest_format.h"

/* Every parameter is written out: what a level means changes from one version of libzstd to the next. So can the bytes
 * that equal parameters give; with one version they are the same everywhere. Who asks whether two bundles hold the same
 * compares their manifests, whose `content` is the hash of what is in the frame, whatever compressed it. */
static const struct {
  ZSTD_cParameter name;
  int value;
} PARAMETERS[] = {{ZSTD_c_windowLog, 22},
                  {ZSTD_c_hashLog, 22},
                  {ZSTD_c_chainLog, 22},
                  {ZSTD_c_searchLog, 7},
                  {ZSTD_c_minMatch, 3},
                  {ZSTD_c_targetLength, 256},
                  {ZSTD_c_strategy, ZSTD_btultra2},
                  {ZSTD_c_enableLongDistanceMatching, 0},
                  {ZSTD_c_contentSizeFlag, 1},
                  {ZSTD_c_checksumFlag, 0},
                  {ZSTD_c_dictIDFlag, 0},
                  {ZSTD_c_nbWorkers, 0}};

static void free_context(ZSTD_CCtx **context) { (void)ZSTD_freeCCtx(*context); }

/* Appends one frame. */
static snt_status compress(const struct snt_buf *archive, struct snt_buf *out, struct snt_err *err) {
  SNT_CLEANUP(free_context) ZSTD_CCtx *context = ZSTD_createCCtx();
  if (context == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < sizeof PARAMETERS / sizeof PARAMETERS[0]; i++) {
    if (ZSTD_isError(ZSTD_CCtx_setParameter(context, PARAMETERS[i].name, PARAMETERS[i].value))) {
      return snt_fail(err, SNT_CODE_BUG, "zstd refuses parameter %zu of packing", i);
    }
  }
  size_t room = ZSTD_compressBound(archive->len);
  SNT_TRY(snt_buf_reserve(out, room, err));
  size_t len = ZSTD_compress2(context, out->data + out->len, room, archive->data, archive->len);
  if (ZSTD_isError(len)) {
    return snt_fail_memory(err); /* the only thing that it can lack */
  }
  out->len += len;
  out->data[out->len] = '\0';
  return snt_done();
}

/* A policy's bundle and what packing adds to it; all of it but the arrays and the archive is borrowed. */
struct packing {
  struct snt_manifest manifest;
  struct snt_policy_file *files;
  size_t count;
  struct snt_buf archive;
};

static void free_packing(struct packing *packing) {
  free(packing->files);
  free((void *)packing->manifest.files);
  free(packing->manifest.grants.list);
  snt_buf_clear(&packing->archive);
}

/* The bundle's files, and the policy where it is none of them, in the order of their names. */
static snt_status list_files(const struct snt_policy *policy, struct packing *out, struct snt_err *err) {
  out->files = calloc(policy->file_count + 1, sizeof *out->files);
  out->manifest.files = calloc(policy->file_count + 2, sizeof *out->manifest.files);
  if (out->files == NULL || out->manifest.files == NULL) {
    return snt_fail_memory(err);
  }
  for (; out->count < policy->file_count; out->count++) {
    out->files[out->count] = policy->files[out->count];
  }
  if (snt_policy_find_file(policy, policy->manifest.policy) == NULL) {
    out->files[out->count++] = (struct snt_policy_file){.name = out->manifest.policy, .text = policy->text};
  }
  snt_policy_sort_files(out->files, out->count);
  for (size_t i = 0; i < out->count; i++) {
    out->manifest.files[i] = out->files[i].name;
  }
  return snt_done();
}

static snt_status make_archive(struct packing *packing, struct snt_err *err) {
  for (size_t i = 0; i < packing->count; i++) {
    const struct snt_policy_file *file = &packing->files[i];
    struct snt_slice content = {snt_buf_borrow(&file->text), file->text.len};
    SNT_TRY(snt_archive_add(&packing->archive, file->name, content, err));
  }
  const char *damage = snt_archive_check((struct snt_slice){packing->archive.data, packing->archive.len});
  if (damage != NULL) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "bundle \"%s\" cannot be packed: %s", packing->manifest.name, damage);
  }
  snt_sha256_hex(packing->archive.data, packing->archive.len, packing->manifest.content);
  return snt_done();
}

static snt_status list_plugins(const struct snt_policy *policy, struct packing *packing, struct snt_err *err) {
  const struct snt_grants *grants = &policy->manifest.grants;
  packing->manifest.grants.list = calloc(grants->count + 1, sizeof *grants->list);
  if (packing->manifest.grants.list == NULL) {
    return snt_fail_memory(err);
  }
  if (policy->plugin_count != grants->count) {
    return snt_fail(err, SNT_CODE_BUG, "a bundle is packed before its plugins are described");
  }
  for (size_t i = 0; i < grants->count; i++) {
    struct snt_grant *grant = &packing->manifest.grants.list[i];
    *grant = grants->list[i];
    grant->said = policy->plugins[i].said;
    memcpy(grant->sha256, policy->plugins[i].sha256, sizeof grant->sha256);
  }
  return snt_done();
}

/* The manifest as one line, and the line feed. */
static snt_status write_head(const struct snt_manifest *manifest, struct snt_buf *out, struct snt_err *err) {
  SNT_TRY(snt_manifest_format(manifest, out, err));
  if (out->len > SNT_MANIFEST_CAP) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "bundle \"%s\" cannot be packed: with its files and plugins its manifest is larger than 64 KiB",
                        manifest->name));
    return snt_err_hint(err, "pack fewer plugins or files, or split the bundle by profile");
  }
  return snt_buf_append_char(out, '\n', err);
}

static snt_status check_size(const struct snt_manifest *manifest, const struct snt_buf *packed, struct snt_err *err) {
  if (packed->len <= SNT_PACKED_CAP) {
    return snt_done();
  }
  SNT_IGNORE(
      snt_fail(err, SNT_CODE_POLICY_INVALID, "bundle \"%s\" is larger than 1 MiB when it is packed", manifest->name));
  return snt_err_hint(err, "split it by profile, or leave out data files that no plugin needs");
}

snt_status snt_pack(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf packed = {0};
  SNT_MANIFEST_AUTO struct snt_manifest again = {0};
  SNT_CLEANUP(free_packing) struct packing packing = {.manifest = policy->manifest};
  packing.manifest.grants.list = NULL; /* the rest of the manifest is borrowed */
  packing.manifest.files = NULL;
  if (!policy->is_bundle || policy->packed.len > 0) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is %s", policy->source,
                    policy->is_bundle ? "packed already" : "not the folder of a bundle");
  }
  SNT_TRY(list_files(policy, &packing, err));
  SNT_TRY(make_archive(&packing, err));
  SNT_TRY(list_plugins(policy, &packing, err));
  SNT_TRY(write_head(&packing.manifest, &packed, err));
  SNT_TRY(compress(&packing.archive, &packed, err));
  SNT_TRY(check_size(&packing.manifest, &packed, err));
  SNT_TRY(snt_packed_manifest(policy->source, (struct snt_slice){packed.data, packed.len}, &again, err));
  return snt_buf_append(out, packed.data, packed.len, err);
}

static snt_status refuse_packed(const char *source, const char *what, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is not a packed bundle: %s", source, what));
  return snt_err_hint(err, "`sentinel policy pack DIR` makes one of a bundle's folder");
}

/* The two parts of packed bytes. */
static snt_status split(const char *source, struct snt_slice packed, struct snt_slice *line, struct snt_slice *frame,
                        struct snt_err *err) {
  static const char begin[] = "{\"sentinel_bundle\":";
  size_t searched = packed.len < SNT_MANIFEST_CAP + 1 ? packed.len : SNT_MANIFEST_CAP + 1;
  const char *end = searched == 0 ? NULL : memchr(packed.data, '\n', searched);
  if (packed.len > SNT_PACKED_CAP) {
    return refuse_packed(source, "it is larger than 1 MiB", err);
  }
  if (end == NULL || packed.len < sizeof begin || memcmp(packed.data, begin, sizeof begin - 1) != 0) {
    return refuse_packed(source, "it does not begin with a manifest of one line", err);
  }
  *line = (struct snt_slice){packed.data, (size_t)(end - packed.data)};
  *frame = (struct snt_slice){end + 1, packed.len - line->len - 1};
  return snt_done();
}

/* What the plugins said, which the manifest's own reader leaves out. */
static snt_status take_plugins(struct snt_slice line, struct snt_manifest *manifest, struct snt_err *err) {
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  if (manifest->grants.count == 0) {
    return snt_done();
  }
  SNT_TRY(snt_json_parse(line.data, line.len, "the manifest", &doc, err));
  const struct snt_json_value *plugins = snt_json_get(snt_json_root(doc), "plugins");
  for (size_t i = 0; i < manifest->grants.count; i++) {
    struct snt_grant *grant = &manifest->grants.list[i];
    const struct snt_json_value *said = snt_json_get(snt_json_get(plugins, grant->plugin), "plugin");
    SNT_TRY(snt_json_dump_sorted(said, &grant->said, err));
  }
  return snt_done();
}

/* What would be written of it is what was read: nothing in it has a second meaning for another reader. */
static snt_status check_line(const char *source, struct snt_slice line, const struct snt_manifest *manifest,
                             struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf again = {0};
  SNT_TRY(snt_manifest_format(manifest, &again, err));
  if (again.len == line.len && memcmp(again.data, line.data, line.len) == 0) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: the manifest is not written as `sentinel policy pack` does",
                  source);
}

static snt_status read_manifest(const char *source, struct snt_slice line, struct snt_manifest *out,
                                struct snt_err *err) {
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  struct snt_err inner = {0};
  SNT_TRY(snt_manifest_parse_packed(source, line.data, line.len, &manifest, err));
  snt_status status = take_plugins(line, &manifest, &inner);
  if (!snt_ok(status)) {
    return status.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err)
                                             : snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: %s", source, inner.message);
  }
  SNT_TRY(check_line(source, line, &manifest, err));
  *out = manifest;
  manifest = (struct snt_manifest){0}; /* ownership went to out */
  return snt_done();
}

snt_status snt_packed_manifest(const char *source, struct snt_slice packed, struct snt_manifest *out,
                               struct snt_err *err) {
  struct snt_slice line = {0};
  struct snt_slice frame = {0};
  *out = (struct snt_manifest){0};
  SNT_TRY(split(source, packed, &line, &frame, err));
  return read_manifest(source, line, out, err);
}

snt_status snt_pack_with_serial(struct snt_slice packed, int64_t serial, struct snt_buf *out, struct snt_err *err) {
  static const char source[] = "the packed bundle";
  SNT_BUF_AUTO struct snt_buf changed = {0};
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  struct snt_slice line = {0};
  struct snt_slice frame = {0};
  SNT_TRY(split(source, packed, &line, &frame, err));
  SNT_TRY(read_manifest(source, line, &manifest, err));
  manifest.serial = serial;
  SNT_TRY(write_head(&manifest, &changed, err));
  SNT_TRY(snt_buf_append(&changed, frame.data, frame.len, err));
  SNT_TRY(check_size(&manifest, &changed, err));
  return snt_buf_append(out, changed.data, changed.len, err);
}

static snt_status name_files(struct snt_policy *policy, struct snt_err *err) {
  char *const *names = policy->manifest.files;
  size_t count = 0;
  while (names[count] != NULL) {
    count++;
  }
  policy->files = calloc(count + 1, sizeof *policy->files);
  if (policy->files == NULL) {
    return snt_fail_memory(err);
  }
  for (; policy->file_count < count; policy->file_count++) {
    struct snt_policy_file *file = &policy->files[policy->file_count];
    file->name = snt_str_dup(names[policy->file_count]);
    if (file->name == NULL) {
      return snt_fail_memory(err);
    }
  }
  return snt_done();
}

/* "/etc/prod.bundle/policy.lua": where a message says that something is. */
static snt_status name_policy(const char *source, struct snt_policy *policy, struct snt_err *err) {
  const char *folder = snt_str_starts_with(source, "file:") ? source + strlen("file:") : source;
  int len = snprintf(policy->file_name, sizeof policy->file_name, "%s/%s", folder, policy->manifest.policy);
  policy->root_len = strlen(folder) + 1;
  (void)snprintf(policy->name, sizeof policy->name, "%s", policy->manifest.name);
  (void)snprintf(policy->source, sizeof policy->source, "%s", source);
  if (len < 0 || (size_t)len >= sizeof policy->file_name ||
      !snt_policy_kind_of(policy->manifest.policy, &policy->kind)) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%.300s: %s is no policy's name", source, policy->manifest.policy);
  }
  return snt_done();
}

snt_status snt_policy_from_packed(const char *source, struct snt_slice packed, struct snt_policy *out,
                                  struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {.is_bundle = true};
  struct snt_slice line = {0};
  struct snt_slice frame = {0};
  *out = (struct snt_policy){0};
  SNT_TRY(split(source, packed, &line, &frame, err));
  SNT_TRY(read_manifest(source, line, &policy.manifest, err));
  SNT_TRY(name_policy(source, &policy, err));
  SNT_TRY(name_files(&policy, err));
  SNT_TRY(policy.manifest.grants.count == 0 ? snt_done() : snt_policy_take_described(&policy, err));
  if (frame.len == 0) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is cut off: nothing follows its manifest", source);
  }
  SNT_TRY(snt_buf_append(&policy.packed, frame.data, frame.len, err));
  snt_sha256_hex(packed.data, packed.len, policy.sha256);
  *out = policy;
  policy = (struct snt_policy){0}; /* ownership went to out */
  return snt_done();
}
