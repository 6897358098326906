#include "policy/bundle.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "base/str.h"
#include "format/archive.h"

enum { DEPTH_MAX = 8 };

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
  snt_status status = snt_policy_read_part(path, check, SNT_MANIFEST_CAP, text, err);
  if (status.code == SNT_CODE_NO_POLICY) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "there is no %s", path));
    return snt_err_hint(err, "a folder is a bundle when it has a " SNT_BUNDLE_MANIFEST "; else name the policy's file");
  }
  SNT_TRY(status);
  return snt_manifest_parse(path, snt_buf_borrow(text), text->len, out, err);
}

/* A folder being walked through for the files that the policy and its plugins may require or read. */
struct walk {
  const char *root;
  enum snt_file_check check;
  struct snt_policy *policy;
  size_t files, bytes; /* with those of a policy that is no file to others */
};

static snt_status add_file(struct walk *walk, const char *name, struct snt_err *err) {
  struct snt_policy *policy = walk->policy;
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (walk->files++ == SNT_ARCHIVE_COUNT_MAX) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: a bundle has at most %d files", walk->root,
                    SNT_ARCHIVE_COUNT_MAX);
  }
  struct snt_policy_file *files = realloc(policy->files, (policy->file_count + 1) * sizeof *files);
  if (files == NULL) {
    return snt_fail_memory(err);
  }
  policy->files = files;
  struct snt_policy_file *file = &files[policy->file_count++];
  *file = (struct snt_policy_file){.name = snt_str_dup(name)};
  SNT_TRY(file->name == NULL ? snt_fail_memory(err) : snt_done());
  SNT_TRY(snt_buf_appendf(&path, err, "%s/%s", walk->root, name));
  SNT_TRY(snt_policy_read_part(path.data, walk->check, SNT_POLICY_CAP, &file->text, err));
  walk->bytes += file->text.len;
  return walk->bytes <= SNT_ARCHIVE_FILES_CAP
             ? snt_done()
             : snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: a bundle has at most 2 MiB", walk->root);
}

/* The plugin that a file of the bundle belongs to, "" for none. */
static void name_plugin(const char *name, char out[static SNT_PLUGIN_NAME_CAP]) {
  static const char folder[] = "plugins/";
  bool is_below = snt_str_starts_with(name, folder);
  const char *plugin = is_below ? name + sizeof folder - 1 : "";
  size_t len = strcspn(plugin, "/");
  (void)snprintf(out, SNT_PLUGIN_NAME_CAP, "%.*s", len < SNT_PLUGIN_NAME_CAP ? (int)len : 0, plugin);
}

/* Lua of the policy, when it is in Lua, and of the plugins that the manifest lists; other files that it grants to one.
 */
static bool is_wanted_file(const struct snt_policy *policy, const char *name) {
  char plugin[SNT_PLUGIN_NAME_CAP];
  const struct snt_grants *grants = &policy->manifest.grants;
  if (strcmp(name, SNT_BUNDLE_MANIFEST) == 0) {
    return false; /* whatever pattern fits it: packed it is no file */
  }
  if (!snt_str_ends_with(name, ".lua")) {
    bool is_granted = false;
    for (size_t i = 0; i < grants->count; i++) {
      is_granted = is_granted || snt_grant_fits(grants->list[i].files, name);
    }
    return is_granted;
  }
  name_plugin(name, plugin);
  bool is_code = plugin[0] == '\0' ? policy->kind == SNT_POLICY_KIND_LUA && !snt_str_starts_with(name, "plugins/")
                                   : snt_grants_find(grants, plugin) != NULL;
  return is_code && !snt_str_ends_with(name, "_spec.lua");
}

static bool is_wanted_folder(const char *entry) { return strcmp(entry, "spec") != 0; }

static snt_status walk_folder(struct walk *walk, const char *below, int depth, struct snt_err *err);

/* below: "" or "rules/". Links are not followed. */
static snt_status visit(struct walk *walk, const char *below, const char *entry, int depth, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_BUF_AUTO struct snt_buf path = {0};
  struct stat st;
  SNT_TRY(snt_buf_appendf(&name, err, "%s%s", below, entry));
  SNT_TRY(snt_buf_appendf(&path, err, "%s/%s", walk->root, name.data));
  if (!snt_archive_check_name(name.data) || lstat(path.data, &st) != 0) {
    return snt_done();
  }
  if (S_ISDIR(st.st_mode) && is_wanted_folder(entry)) {
    SNT_TRY(snt_buf_append_str(&name, "/", err));
    return walk_folder(walk, name.data, depth + 1, err);
  }
  bool is_wanted = S_ISREG(st.st_mode) && is_wanted_file(walk->policy, name.data);
  return is_wanted ? add_file(walk, name.data, err) : snt_done();
}

static snt_status walk_folder(struct walk *walk, const char *below, int depth, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_buf_appendf(&path, err, "%s/%s", walk->root, below));
  SNT_TRY(walk->check == SNT_FILE_ANY ? snt_done() : check_folder(path.data, err));
  struct dirent **entries = NULL;
  int count = depth > DEPTH_MAX ? 0 : scandir(path.data, &entries, NULL, alphasort);
  snt_status status = count < 0 ? snt_fail(err, SNT_CODE_POLICY_INVALID, "%s cannot be listed", path.data) : snt_done();
  for (int i = 0; i < count; i++) {
    status = snt_ok(status) ? visit(walk, below, entries[i]->d_name, depth, err) : status;
    free(entries[i]);
  }
  free(entries);
  return status;
}

/* All files below that folder of it, in the order of their names. */
static snt_status read_files(struct walk *walk, const char *below, int depth, struct snt_err *err) {
  struct snt_policy *policy = walk->policy;
  SNT_TRY(walk_folder(walk, below, depth, err));
  snt_policy_sort_files(policy->files, policy->file_count);
  return snt_done();
}

/* Each part with its length before it, so that no two bundles have the same bytes. */
static snt_status hash_parts(const struct snt_buf *manifest, struct snt_policy *policy, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf all = {0};
  SNT_TRY(snt_buf_appendf(&all, err, "sentinel-bundle-folder-v1\n%zu\n", manifest->len));
  SNT_TRY(snt_buf_append(&all, snt_buf_borrow(manifest), manifest->len, err));
  SNT_TRY(snt_buf_appendf(&all, err, "\n%s\n%zu\n", policy->manifest.policy, policy->text.len));
  SNT_TRY(snt_buf_append(&all, snt_buf_borrow(&policy->text), policy->text.len, err));
  for (size_t i = 0; i < policy->file_count; i++) {
    const struct snt_policy_file *part = &policy->files[i];
    SNT_TRY(snt_buf_appendf(&all, err, "\n%s\n%zu\n", part->name, part->text.len));
    SNT_TRY(snt_buf_append(&all, snt_buf_borrow(&part->text), part->text.len, err));
  }
  snt_sha256_hex(all.data, all.len, policy->sha256);
  return snt_done();
}

snt_status snt_bundle_read_folder(const char *path, bool is_trusted_only, struct snt_policy *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_BUF_AUTO struct snt_buf file = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  enum snt_file_check check = is_trusted_only ? SNT_FILE_NOT_WRITABLE : SNT_FILE_ANY;
  SNT_TRY(is_trusted_only ? check_folder(path, err) : snt_done());
  SNT_TRY(snt_buf_appendf(&file, err, "%s/" SNT_BUNDLE_MANIFEST, path));
  SNT_TRY(read_manifest(file.data, check, &text, &manifest, err));
  snt_buf_reset(&file);
  SNT_TRY(snt_buf_appendf(&file, err, "%s/%s", path, manifest.policy));
  snt_status status = snt_policy_read_file(file.data, is_trusted_only, &policy, err);
  if (status.code == SNT_CODE_NO_POLICY) {
    return snt_err_hint(err, "%s/" SNT_BUNDLE_MANIFEST " names it: policy: %s", path, manifest.policy);
  }
  SNT_TRY(status);
  if (policy.is_bundle) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is a folder; a bundle's policy is a file", file.data);
  }
  policy.manifest = manifest;
  manifest = (struct snt_manifest){0}; /* ownership went to policy */
  policy.is_bundle = true;
  (void)snprintf(policy.name, sizeof policy.name, "%s", policy.manifest.name);
  (void)snprintf(policy.source, sizeof policy.source, "file:%s", path);
  struct walk walk = {.root = path, .check = check, .policy = &policy};
  policy.root_len = strlen(path) + 1;
  bool has_files = policy.kind == SNT_POLICY_KIND_LUA || policy.manifest.grants.count > 0;
  if (policy.kind == SNT_POLICY_KIND_YAML) {
    walk.files = 1;
    walk.bytes = policy.text.len;
  }
  SNT_TRY(has_files ? read_files(&walk, "", 0, err) : snt_done());
  SNT_TRY(hash_parts(&text, &policy, err));
  *out = policy;
  memset(&policy, 0, sizeof policy); /* ownership went to out */
  return snt_done();
}

/* "./" and "plugins/oncall" of "plugins/oncall/". */
static snt_status split_plugin(const char *folder, struct snt_buf *root, struct snt_buf *below, struct snt_err *err) {
  size_t len = strlen(folder);
  while (len > 0 && folder[len - 1] == '/') {
    len--;
  }
  size_t slashes = 0;
  size_t at = len;
  for (; at > 0 && slashes < 2; at--) {
    slashes += folder[at - 1] == '/' ? 1 : 0;
  }
  at += slashes == 2 ? 1 : 0;
  SNT_TRY(at == 0 ? snt_buf_append_str(root, "./", err) : snt_buf_append(root, folder, at, err));
  SNT_TRY(snt_buf_append(below, folder + at, len - at, err));
  return snt_buf_append_str(below, "/", err);
}

/* The name of the plugin whose folder this is, as split_plugin leaves it; "" for none. */
static void name_plugin_folder(const struct snt_buf *below, char out[static SNT_PLUGIN_NAME_CAP]) {
  name_plugin(below->data, out);
  if (below->len != strlen("plugins//") + strlen(out)) {
    out[0] = '\0';
  }
}

snt_status snt_bundle_find_plugin(const char *folder, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf root = {0};
  SNT_BUF_AUTO struct snt_buf below = {0};
  char name[SNT_PLUGIN_NAME_CAP];
  SNT_TRY(split_plugin(folder, &root, &below, err));
  name_plugin_folder(&below, name);
  if (name[0] != '\0') {
    SNT_TRY(snt_buf_append(out, root.data, strcmp(root.data, "./") == 0 ? 0 : root.len, err));
    return snt_buf_append(out, below.data, below.len - 1, err);
  }
  SNT_FREE_AUTO char *real = realpath(folder, NULL);
  snt_buf_reset(&root);
  snt_buf_reset(&below);
  SNT_TRY(split_plugin(real == NULL ? folder : real, &root, &below, err));
  name_plugin_folder(&below, name);
  return snt_buf_append_str(out, name[0] == '\0' ? folder : real, err);
}

snt_status snt_bundle_read_plugin(const char *folder, struct snt_policy *out, struct snt_err *err) {
  static const char policy_text[] = "version: \"1\"\nrules:\n  - {name: none, effect: deny, conditions: {}}\n";
  memset(out, 0, sizeof *out);
  SNT_BUF_AUTO struct snt_buf root = {0};
  SNT_BUF_AUTO struct snt_buf below = {0};
  SNT_POLICY_AUTO struct snt_policy policy = {.kind = SNT_POLICY_KIND_YAML, .is_bundle = true};
  char name[SNT_PLUGIN_NAME_CAP];
  SNT_TRY(split_plugin(folder, &root, &below, err));
  name_plugin_folder(&below, name);
  if (name[0] == '\0') {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: a plugin lies in a folder plugins/NAME", folder);
  }
  policy.manifest.grants.list = calloc(1, sizeof *policy.manifest.grants.list);
  if (policy.manifest.grants.list == NULL) {
    return snt_fail_memory(err);
  }
  policy.manifest.grants.count = 1;
  (void)snprintf(policy.manifest.grants.list[0].plugin, sizeof name, "%s", name);
  (void)snprintf(policy.file_name, sizeof policy.file_name, "%spolicy.yaml", root.data);
  policy.root_len = root.len;
  SNT_TRY(snt_buf_append_str(&policy.text, policy_text, err));
  root.data[root.len - 1] = '\0'; /* the walk puts its own slash behind it */
  struct walk walk = {.root = root.data, .check = SNT_FILE_ANY, .policy = &policy};
  SNT_TRY(read_files(&walk, below.data, 1, err));
  *out = policy;
  memset(&policy, 0, sizeof policy); /* ownership went to out */
  return snt_done();
}

snt_status snt_bundle_grant_plugin(const char *folder, struct snt_policy *plugin, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_BUF_AUTO struct snt_buf below = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {0};
  struct stat st;
  struct snt_grant *own = &plugin->manifest.grants.list[0];
  SNT_TRY(split_plugin(folder, &path, &below, err));
  SNT_TRY(snt_buf_append_str(&path, SNT_BUNDLE_MANIFEST, err));
  if (stat(path.data, &st) != 0) {
    return snt_done();
  }
  SNT_TRY(read_manifest(path.data, SNT_FILE_ANY, &text, &manifest, err));
  for (size_t i = 0; i < manifest.grants.count; i++) {
    struct snt_grant *granted = &manifest.grants.list[i];
    if (strcmp(granted->plugin, own->plugin) == 0) {
      struct snt_grant nothing = *own;
      char **files = granted->files;
      *own = *granted;
      *granted = nothing; /* it is cleared with the manifest */
      granted->files = files;
      own->files = NULL;      /* a mock gives files */
      own->version[0] = '\0'; /* the version that is there is the one that is tested */
      own->sha256[0] = '\0';
      (void)snprintf(plugin->manifest.name, sizeof plugin->manifest.name, "%s", manifest.name);
    }
  }
  return snt_done();
}
