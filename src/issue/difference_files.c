/* The texts of two policies, file by file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/line_diff.h"
#include "issue/difference.h"
#include "policy/bundle.h"
#include "policy/describe.h"
#include "policy/manifest_format.h"

void snt_file_differences_clear(struct snt_file_differences *differences) {
  for (size_t i = 0; i < differences->count; i++) {
    free(differences->list[i].name);
    snt_buf_clear(&differences->list[i].diff);
  }
  free(differences->list);
  *differences = (struct snt_file_differences){0};
}

/* A file of a side; no name: there is none. */
struct side_file {
  const struct snt_policy *policy;
  const char *name;
  struct snt_slice text;
};

/* "prod/policy.yaml", "ssm:/sentinel/policies/prod", "/dev/null" */
static snt_status name_file(const struct side_file *file, struct snt_buf *out, struct snt_err *err) {
  if (file->name == NULL) {
    return snt_buf_append_str(out, "/dev/null", err);
  }
  const char *source = file->policy->source;
  source += snt_str_starts_with(source, "file:") ? strlen("file:") : 0;
  return file->policy->is_bundle ? snt_buf_appendf(out, err, "%s/%s", source, file->name)
                                 : snt_buf_append_str(out, source, err);
}

static snt_status add(struct snt_file_differences *out, const struct side_file *before, const struct side_file *after,
                      struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf old = {0};
  SNT_BUF_AUTO struct snt_buf new = {0};
  SNT_BUF_AUTO struct snt_buf diff = {0};
  SNT_TRY(name_file(before, &old, err));
  SNT_TRY(name_file(after, &new, err));
  SNT_TRY(snt_line_diff(old.data, before->text, new.data, after->text, &diff, err));
  bool is_same = diff.len == 0 && (before->name == NULL) == (after->name == NULL);
  if (is_same) {
    return snt_done();
  }
  struct snt_file_difference *list = realloc(out->list, (out->count + 1) * sizeof *list);
  if (list == NULL) {
    return snt_fail_memory(err);
  }
  out->list = list;
  list[out->count] = (struct snt_file_difference){.name = snt_str_dup(after->name != NULL ? after->name : before->name),
                                                  .kind = before->name == NULL  ? SNT_DIFFERENCE_ADDED
                                                          : after->name == NULL ? SNT_DIFFERENCE_REMOVED
                                                                                : SNT_DIFFERENCE_CHANGED,
                                                  .diff = diff};
  if (list[out->count].name == NULL) {
    return snt_fail_memory(err);
  }
  diff = (struct snt_buf){0}; /* ownership went to out */
  out->count++;
  return snt_done();
}

/* Manifests ------------------------------------------------------------------------------------------------------ */

static bool is_folder(const struct snt_policy *policy) {
  return policy->is_bundle && policy->manifest.content[0] == '\0' && snt_str_starts_with(policy->source, "file:");
}

static snt_status read_manifest(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_buf_appendf(&path, err, "%s/" SNT_BUNDLE_MANIFEST, policy->source + strlen("file:")));
  return snt_file_read(path.data, SNT_FILE_ANY, SNT_MANIFEST_CAP, out, err);
}

/* The hashes of plugins belong to that form, and a folder need not pin them. */
static snt_status format_manifest(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err) {
  struct snt_manifest manifest = policy->manifest; /* a look at it, which owns nothing */
  SNT_FREE_AUTO struct snt_grant *grants = calloc(manifest.grants.count + 1, sizeof *grants);
  if (grants == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < manifest.grants.count; i++) {
    grants[i] = manifest.grants.list[i];
    SNT_TRY(snt_policy_hash_plugin(policy, grants[i].plugin, grants[i].sha256, err));
  }
  manifest.grants.list = grants;
  return snt_manifest_format_yaml(&manifest, out, err);
}

static snt_status add_manifests(struct snt_file_differences *out, const struct snt_policy *before,
                                const struct snt_policy *after, struct snt_err *err) {
  const struct snt_policy *const policies[] = {before, after};
  SNT_BUF_AUTO struct snt_buf old = {0};
  SNT_BUF_AUTO struct snt_buf new = {0};
  struct snt_buf *const texts[] = {&old, &new};
  struct side_file files[2] = {{.policy = before}, {.policy = after}};
  bool is_as_written = is_folder(before) && is_folder(after);
  for (size_t i = 0; i < 2; i++) {
    if (policies[i]->is_bundle) {
      SNT_TRY(is_as_written ? read_manifest(policies[i], texts[i], err) : format_manifest(policies[i], texts[i], err));
      files[i].name = SNT_BUNDLE_MANIFEST;
      files[i].text = (struct snt_slice){snt_buf_borrow(texts[i]), texts[i]->len};
    }
  }
  return add(out, &files[0], &files[1], err);
}

/* Files ---------------------------------------------------------------------------------------------------------- */

/* What a plain policy is called: the end of its path, or its parameter. */
static const char *name_policy(const struct snt_policy *policy) {
  const char *slash = strrchr(policy->source, '/');
  bool is_file = snt_str_starts_with(policy->source, "file:");
  return policy->is_bundle ? policy->manifest.policy
         : !is_file        ? policy->source
         : slash != NULL   ? slash + 1
                           : policy->source + strlen("file:");
}

static struct side_file policy_of(const struct snt_policy *policy) {
  return (struct side_file){
      .policy = policy, .name = name_policy(policy), .text = {snt_buf_borrow(&policy->text), policy->text.len}};
}

static struct side_file file_of(const struct snt_policy *policy, const struct snt_policy_file *file) {
  if (file == NULL) {
    return (struct side_file){.policy = policy};
  }
  return (struct side_file){
      .policy = policy, .name = file->name, .text = {snt_buf_borrow(&file->text), file->text.len}};
}

/* The policy itself stands among the files of a packed bundle. */
static const struct snt_policy_file *find_other(const struct snt_policy *policy, const char *name) {
  return strcmp(name, policy->manifest.policy) == 0 ? NULL : snt_policy_find_file(policy, name);
}

/* Both sides' files, in the order of their names. */
static snt_status add_files(struct snt_file_differences *out, const struct snt_policy *before,
                            const struct snt_policy *after, struct snt_err *err) {
  for (size_t i = 0, k = 0; i < before->file_count || k < after->file_count;) {
    const char *old = i < before->file_count ? before->files[i].name : NULL;
    const char *new = k < after->file_count ? after->files[k].name : NULL;
    int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old, new);
    const char *name = order <= 0 ? old : new;
    i += order <= 0 ? 1 : 0;
    k += order >= 0 ? 1 : 0;
    struct side_file a = file_of(before, find_other(before, name));
    struct side_file b = file_of(after, find_other(after, name));
    SNT_TRY(add(out, &a, &b, err));
  }
  return snt_done();
}

snt_status snt_issue_compare_files(const struct snt_policy *before, const struct snt_policy *after,
                                   struct snt_file_differences *out, struct snt_err *err) {
  struct side_file old = policy_of(before);
  struct side_file new = policy_of(after);
  *out = (struct snt_file_differences){0};
  SNT_TRY(add_manifests(out, before, after, err));
  SNT_TRY(add(out, &old, &new, err));
  return add_files(out, before, after, err);
}
