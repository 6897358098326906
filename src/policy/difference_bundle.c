/* What the core sees by itself: manifests and files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "format/json.h"
#include "format/time.h"
#include "policy/describe.h"
#include "policy/difference.h"
#include "policy/manifest_format.h"

enum { SHOWN_DIGITS = 12 };

/* Lists of words ------------------------------------------------------------------------------------------------- */

static size_t count_of(char *const *list) {
  size_t count = 0;
  for (; list != NULL && list[count] != NULL; count++) {
  }
  return count;
}

/* The words of one list that are not in the other one, each once. */
static snt_status find_missing(char *const *other, char *const *list, char ***out, struct snt_err *err) {
  size_t count = 0;
  *out = calloc(count_of(list) + 1, sizeof **out);
  for (size_t i = 0; *out != NULL && i < count_of(list); i++) {
    if (snt_grant_lists(other, list[i]) || snt_grant_lists(*out, list[i])) {
      continue;
    }
    (*out)[count] = snt_str_dup(list[i]);
    if ((*out)[count++] == NULL) {
      snt_difference_free_list(*out);
      *out = NULL;
    }
  }
  return *out == NULL ? snt_fail_memory(err) : snt_done();
}

static snt_status join(char *const *list, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < count_of(list); i++) {
    SNT_TRY(snt_buf_appendf(out, err, "%s%s", i == 0 ? "" : ", ", list[i]));
  }
  return snt_done();
}

static bool are_same(char *const *a, char *const *b) {
  for (size_t i = 0; i < count_of(a); i++) {
    if (!snt_grant_lists(b, a[i])) {
      return false;
    }
  }
  for (size_t i = 0; i < count_of(b); i++) {
    if (!snt_grant_lists(a, b[i])) {
      return false;
    }
  }
  return true;
}

static snt_status add_lists(struct snt_difference_change *change, const char *what, char *const *before,
                            char *const *after, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf old = {0};
  SNT_BUF_AUTO struct snt_buf new = {0};
  if (are_same(before, after)) {
    return snt_done();
  }
  SNT_TRY(join(before, &old, err));
  SNT_TRY(join(after, &new, err));
  char **gained = NULL;
  char **lost = NULL;
  SNT_TRY(find_missing(before, after, &gained, err));
  snt_status status = find_missing(after, before, &lost, err);
  if (!snt_ok(status)) {
    snt_difference_free_list(gained);
    return status;
  }
  return snt_difference_add_detail(change, what, before == NULL ? NULL : snt_buf_borrow(&old),
                                   after == NULL ? NULL : snt_buf_borrow(&new), gained, lost, err);
}

/* NULL: it is not there. */
static snt_status add_texts(struct snt_difference_change *change, const char *what, const char *before,
                            const char *after, struct snt_err *err) {
  bool is_same = before == NULL || after == NULL ? before == after : strcmp(before, after) == 0;
  return is_same ? snt_done() : snt_difference_add_detail(change, what, before, after, NULL, NULL, err);
}

static const char *flag(bool is_set) { return is_set ? "yes" : NULL; }

/* A change that turned out to be none is taken away again. */
static void drop_if_empty(struct snt_difference *difference, const struct snt_difference_change *change) {
  if (change->detail_count == 0 && change->kind == SNT_DIFFERENCE_CHANGED) {
    free(change->name);
    difference->change_count--;
  }
}

/* What is there in a side, or not. */
static enum snt_difference_kind kind_of(const void *before, const void *after) {
  return before == NULL ? SNT_DIFFERENCE_ADDED : after == NULL ? SNT_DIFFERENCE_REMOVED : SNT_DIFFERENCE_CHANGED;
}

/* Targets -------------------------------------------------------------------------------------------------------- */

static const struct snt_manifest_target *find_target(const struct snt_manifest *manifest, const char *profile) {
  for (size_t i = 0; i < manifest->target_count; i++) {
    if (strcmp(manifest->targets[i].profile, profile) == 0) {
      return &manifest->targets[i];
    }
  }
  return NULL;
}

static snt_status compare_target(const struct snt_manifest_target *before, const struct snt_manifest_target *after,
                                 struct snt_difference *difference, struct snt_err *err) {
  struct snt_difference_change *change = NULL;
  const char *name = after != NULL ? after->profile : before->profile;
  SNT_TRY(snt_difference_add_change(difference, SNT_DIFFERENCE_TARGET, kind_of(before, after), name, &change, err));
  SNT_TRY(add_lists(change, "roles", before == NULL ? NULL : before->roles, after == NULL ? NULL : after->roles, err));
  drop_if_empty(difference, change);
  return snt_done();
}

static snt_status compare_targets(const struct snt_manifest *before, const struct snt_manifest *after,
                                  struct snt_difference *difference, struct snt_err *err) {
  for (size_t i = 0; i < after->target_count; i++) {
    const struct snt_manifest_target *target = &after->targets[i];
    SNT_TRY(compare_target(find_target(before, target->profile), target, difference, err));
  }
  for (size_t i = 0; i < before->target_count; i++) {
    const struct snt_manifest_target *target = &before->targets[i];
    if (find_target(after, target->profile) == NULL) {
      SNT_TRY(compare_target(target, NULL, difference, err));
    }
  }
  return snt_done();
}

/* Plugins -------------------------------------------------------------------------------------------------------- */

/* A plugin as a bundle has it; no grant: it has not. */
struct granted {
  const struct snt_policy *policy;
  const struct snt_grant *grant;
};

static snt_status compare_code(struct granted before, struct granted after, struct snt_difference_change *change,
                               struct snt_err *err) {
  const struct granted sides[] = {before, after};
  char hashes[2][SNT_SHA256_HEX_CAP];
  const char *shown[2] = {NULL, NULL};
  for (size_t i = 0; i < 2; i++) {
    if (sides[i].grant != NULL) {
      SNT_TRY(snt_policy_hash_plugin(sides[i].policy, sides[i].grant->plugin, hashes[i], err));
      hashes[i][SHOWN_DIGITS] = '\0';
      shown[i] = hashes[i];
    }
  }
  return add_texts(change, "code", shown[0], shown[1], err);
}

static const char *version_of(const struct snt_grant *grant) {
  return grant->version[0] == '\0' ? NULL : grant->version;
}

static snt_status compare_grants(const struct snt_grant *before, const struct snt_grant *after,
                                 struct snt_difference_change *change, struct snt_err *err) {
  static const struct snt_grant none = {.plugin = ""};
  const struct snt_grant *a = before == NULL ? &none : before;
  const struct snt_grant *b = after == NULL ? &none : after;
  SNT_TRY(add_texts(change, "version", version_of(a), version_of(b), err));
  SNT_TRY(add_lists(change, "grant.http", a->http, b->http, err));
  SNT_TRY(add_lists(change, "grant.hosts", a->hosts, b->hosts, err));
  SNT_TRY(add_lists(change, "grant.secrets", a->secrets, b->secrets, err));
  SNT_TRY(add_lists(change, "grant.files", a->files, b->files, err));
  SNT_TRY(add_texts(change, "grant.geoip", flag(a->has_geoip), flag(b->has_geoip), err));
  SNT_TRY(add_texts(change, "grant.history", flag(a->has_history), flag(b->has_history), err));
  return add_texts(change, "grant.private", flag(a->allows_private), flag(b->allows_private), err);
}

static snt_status compare_plugin(struct granted before, struct granted after, struct snt_difference *difference,
                                 struct snt_err *err) {
  struct snt_difference_change *change = NULL;
  const char *name = after.grant != NULL ? after.grant->plugin : before.grant->plugin;
  SNT_TRY(snt_difference_add_change(difference, SNT_DIFFERENCE_PLUGIN, kind_of(before.grant, after.grant), name,
                                    &change, err));
  SNT_TRY(compare_grants(before.grant, after.grant, change, err));
  SNT_TRY(compare_code(before, after, change, err));
  drop_if_empty(difference, change);
  return snt_done();
}

static snt_status compare_plugins(const struct snt_policy *before, const struct snt_policy *after,
                                  struct snt_difference *difference, struct snt_err *err) {
  const struct snt_grants *old = &before->manifest.grants;
  const struct snt_grants *new = &after->manifest.grants;
  for (size_t i = 0; i < new->count; i++) {
    const struct snt_grant *grant = &new->list[i];
    SNT_TRY(compare_plugin((struct granted){before, snt_grants_find(old, grant->plugin)},
                           (struct granted){after, grant}, difference, err));
  }
  for (size_t i = 0; i < old->count; i++) {
    const struct snt_grant *grant = &old->list[i];
    if (snt_grants_find(new, grant->plugin) == NULL) {
      SNT_TRY(compare_plugin((struct granted){before, grant}, (struct granted){after, NULL}, difference, err));
    }
  }
  return snt_done();
}

/* Manifest ------------------------------------------------------------------------------------------------------- */

static const char *text_or_none(const char *text) { return text[0] == '\0' ? NULL : text; }

/* NULL for 0. */
static const char *duration_text(int64_t seconds, char out[static 32]) {
  snt_duration_format(seconds, out);
  return seconds == 0 ? NULL : out;
}

static const char *serial_text(int64_t serial, char out[static 32]) {
  (void)snprintf(out, 32, "%lld", (long long)serial);
  return serial == 0 ? NULL : out;
}

static snt_status compare_manifests(const struct snt_policy *before, const struct snt_policy *after,
                                    struct snt_difference *difference, struct snt_err *err) {
  const struct snt_manifest *a = &before->manifest;
  const struct snt_manifest *b = &after->manifest;
  struct snt_difference_change *change = NULL;
  char old[32];
  char new[32];
  SNT_TRY(snt_difference_add_change(difference, SNT_DIFFERENCE_MANIFEST, SNT_DIFFERENCE_CHANGED, "", &change, err));
  SNT_TRY(add_texts(change, "name", text_or_none(a->name), text_or_none(b->name), err));
  SNT_TRY(add_texts(change, "serial", serial_text(a->serial, old), serial_text(b->serial, new), err));
  SNT_TRY(add_texts(change, "policy", text_or_none(a->policy), text_or_none(b->policy), err));
  SNT_TRY(add_texts(change, "installation", text_or_none(a->installation), text_or_none(b->installation), err));
  SNT_TRY(add_texts(change, "not_before", text_or_none(a->not_before), text_or_none(b->not_before), err));
  SNT_TRY(add_texts(change, "not_after", text_or_none(a->not_after), text_or_none(b->not_after), err));
  SNT_TRY(add_lists(change, "identity.accounts", a->accounts, b->accounts, err));
  SNT_TRY(add_texts(change, "max_duration", duration_text(a->max_duration_s, old),
                    duration_text(b->max_duration_s, new), err));
  SNT_TRY(add_texts(change, "targets", flag(a->has_targets), flag(b->has_targets), err));
  bool has_markers[] = {before->is_bundle && !a->allows_emergency, after->is_bundle && !b->allows_emergency};
  SNT_TRY(add_texts(change, "rules for emergencies", has_markers[0] ? "refused" : "permitted",
                    has_markers[1] ? "refused" : "permitted", err));
  drop_if_empty(difference, change);
  return snt_done();
}

/* Files ---------------------------------------------------------------------------------------------------------- */

static bool has_same_text(const struct snt_policy_file *a, const struct snt_policy_file *b) {
  return a != NULL && b != NULL && a->text.len == b->text.len &&
         memcmp(snt_buf_borrow(&a->text), snt_buf_borrow(&b->text), a->text.len) == 0;
}

static const char *size_text(const struct snt_policy_file *file, char out[static 32]) {
  if (file == NULL) {
    return NULL;
  }
  (void)snprintf(out, 32, "%zu bytes", file->text.len);
  return out;
}

static snt_status compare_file(const struct snt_policy_file *before, const struct snt_policy_file *after,
                               struct snt_difference *difference, struct snt_err *err) {
  struct snt_difference_change *change = NULL;
  char old[32];
  char new[32];
  if (has_same_text(before, after)) {
    return snt_done();
  }
  const char *name = after != NULL ? after->name : before->name;
  SNT_TRY(snt_difference_add_change(difference, SNT_DIFFERENCE_FILE, kind_of(before, after), name, &change, err));
  return snt_difference_add_detail(change, "size", size_text(before, old), size_text(after, new), NULL, NULL, err);
}

/* The policy's own file is compared by what it says. */
static snt_status compare_files(const struct snt_policy *before, const struct snt_policy *after,
                                struct snt_difference *difference, struct snt_err *err) {
  for (size_t i = 0; i < after->file_count; i++) {
    const struct snt_policy_file *file = &after->files[i];
    if (strcmp(file->name, after->manifest.policy) != 0) {
      SNT_TRY(compare_file(snt_policy_find_file(before, file->name), file, difference, err));
    }
  }
  for (size_t i = 0; i < before->file_count; i++) {
    const struct snt_policy_file *file = &before->files[i];
    if (strcmp(file->name, before->manifest.policy) != 0 && snt_policy_find_file(after, file->name) == NULL) {
      SNT_TRY(compare_file(file, NULL, difference, err));
    }
  }
  return snt_done();
}

snt_status snt_difference_bundles(const struct snt_policy *before, const struct snt_policy *after,
                                  struct snt_difference *difference, struct snt_err *err) {
  static const struct snt_policy none = {.is_bundle = false};
  const struct snt_policy *old = before == NULL ? &none : before;
  SNT_TRY(compare_targets(&old->manifest, &after->manifest, difference, err));
  SNT_TRY(compare_plugins(old, after, difference, err));
  SNT_TRY(compare_manifests(old, after, difference, err));
  return compare_files(old, after, difference, err);
}

/* For the evaluator ---------------------------------------------------------------------------------------------- */

/* What a plugin's verdicts may depend on beside its arguments: its code, and what it may ask and read. */
static snt_status append_powers(const struct snt_policy *policy, const struct snt_grant *grant, struct snt_buf *out,
                                struct snt_err *err) {
  char *const *lists[] = {grant->http, grant->hosts, grant->secrets, grant->files};
  char hash[SNT_SHA256_HEX_CAP];
  SNT_TRY(snt_policy_hash_plugin(policy, grant->plugin, hash, err));
  SNT_TRY(snt_buf_appendf(out, err, "%s %d%d%d", hash, grant->has_geoip, grant->has_history, grant->allows_private));
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    SNT_TRY(snt_buf_append_char(out, '\n', err));
    SNT_TRY(join(lists[i], out, err));
  }
  for (size_t i = 0; i < policy->file_count; i++) {
    const struct snt_policy_file *file = &policy->files[i];
    if (snt_grant_fits(grant->files, file->name)) {
      SNT_TRY(snt_buf_appendf(out, err, "\n%s\n%zu\n", file->name, file->text.len));
      SNT_TRY(snt_buf_append(out, snt_buf_borrow(&file->text), file->text.len, err));
    }
  }
  return snt_done();
}

static snt_status put_plugins(struct snt_json_writer *writer, const struct snt_policy *policy, struct snt_err *err) {
  snt_json_begin_object(writer, "plugins");
  for (size_t i = 0; i < policy->manifest.grants.count; i++) {
    const struct snt_grant *grant = &policy->manifest.grants.list[i];
    SNT_BUF_AUTO struct snt_buf text = {0};
    char hash[SNT_SHA256_HEX_CAP];
    SNT_TRY(append_powers(policy, grant, &text, err));
    snt_sha256_hex(snt_buf_borrow(&text), text.len, hash);
    snt_json_put_string(writer, grant->plugin, hash);
  }
  snt_json_end_object(writer);
  return snt_done();
}

snt_status snt_difference_describe(const struct snt_policy *policy, struct snt_buf *out, struct snt_err *err) {
  const struct snt_manifest *manifest = &policy->manifest;
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, out, err);
  snt_json_begin_object(&writer, NULL);
  SNT_TRY(put_plugins(&writer, policy, err));
  if (manifest->has_targets) {
    snt_manifest_put_targets(&writer, manifest);
  }
  if (manifest->max_duration_s > 0) {
    snt_json_put_integer(&writer, "max_duration", manifest->max_duration_s);
  }
  snt_json_put_bool(&writer, "strict", policy->is_bundle && !manifest->allows_emergency);
  snt_json_end_object(&writer);
  return snt_json_finish(&writer);
}
