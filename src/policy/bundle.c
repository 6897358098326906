#include "policy/bundle.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"

/* Who may change a folder may change what its names mean. */
static snt_status check_folder(const char *path, struct snt_err *err) {
  struct stat st;
  bool is_own = stat(path, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0);
  if (is_own && (st.st_mode & 022) == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "the bundle %s may be changed by other users", path));
  return snt_err_hint(err, "keep it in a folder of your own: chmod go-w %s", path);
}

static snt_status read_manifest(const char *path, enum snt_file_check check, struct snt_buf *text,
                                struct snt_manifest *out, struct snt_err *err) {
  struct snt_err inner = {0};
  snt_status status = snt_file_read(path, check, SNT_MANIFEST_CAP, text, &inner);
  if (status.code == SNT_CODE_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  if (status.code == SNT_CODE_NOT_FOUND) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "there is no %s", path));
    return snt_err_hint(err, "a folder is a bundle when it has a " SNT_BUNDLE_MANIFEST "; else name the policy's file");
  }
  if (!snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", inner.message));
    return snt_err_hint(err, "%s", inner.hint);
  }
  return snt_manifest_parse(path, snt_buf_borrow(text), text->len, out, err);
}

/* Each part with its length before it, so that no two bundles have the same bytes. */
static snt_status hash_parts(const struct snt_buf *manifest, struct snt_policy *policy, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf all = {0};
  SNT_TRY(snt_buf_appendf(&all, err, "sentinel-bundle-folder-v1\n%zu\n", manifest->len));
  SNT_TRY(snt_buf_append(&all, snt_buf_borrow(manifest), manifest->len, err));
  SNT_TRY(snt_buf_appendf(&all, err, "\n%s\n%zu\n", policy->manifest.policy, policy->text.len));
  SNT_TRY(snt_buf_append(&all, snt_buf_borrow(&policy->text), policy->text.len, err));
  snt_sha256_hex(all.data, all.len, policy->sha256);
  return snt_done();
}

snt_status snt_bundle_read_folder(const char *path, bool is_trusted_only, struct snt_policy *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_BUF_AUTO struct snt_buf file = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_TRY(is_trusted_only ? check_folder(path, err) : snt_done());
  SNT_TRY(snt_buf_appendf(&file, err, "%s/" SNT_BUNDLE_MANIFEST, path));
  SNT_TRY(read_manifest(file.data, is_trusted_only ? SNT_FILE_NOT_WRITABLE : SNT_FILE_ANY, &text, &manifest, err));
  snt_buf_reset(&file);
  SNT_TRY(snt_buf_appendf(&file, err, "%s/%s", path, manifest.policy));
  SNT_TRY(snt_policy_read_file(file.data, is_trusted_only, &policy, err));
  policy.manifest = manifest;
  manifest = (struct snt_manifest){0}; /* ownership went to policy */
  policy.is_bundle = true;
  (void)snprintf(policy.name, sizeof policy.name, "%s", policy.manifest.name);
  (void)snprintf(policy.source, sizeof policy.source, "file:%s", path);
  SNT_TRY(hash_parts(&text, &policy, err));
  *out = policy;
  memset(&policy, 0, sizeof policy); /* ownership went to out */
  return snt_done();
}
