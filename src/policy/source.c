#include "policy/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/sha256.h"
#include "policy/bundle.h"
#include "policy/describe.h"
#include "policy/pack.h"

static const char PLACEHOLDER[] = "{profile}";

/* Copies text with the placeholder replaced; other braces are an error, because they are a typing mistake. */
static snt_status expand(const char *text, const char *profile, char *out, size_t cap, struct snt_err *err) {
  size_t used = 0;
  while (*text != '\0') {
    const char *piece = text;
    size_t len = 1;
    size_t step = 1;
    if (snt_str_starts_with(text, PLACEHOLDER)) {
      piece = profile;
      len = strlen(profile);
      step = sizeof PLACEHOLDER - 1;
    } else if (*text == '{' || *text == '}') {
      SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.source holds a brace that is not {profile}"));
      return snt_err_hint(err, "{profile} is the only placeholder");
    }
    if (used + len + 1 > cap) {
      return snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.source is too long");
    }
    memcpy(out + used, piece, len);
    used += len;
    text += step;
  }
  out[used] = '\0';
  return snt_done();
}

/* What SSM would not take for a parameter's name (SSM API reference, PutParameter); NULL: it would. */
static const char *find_fault(const char *name) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  size_t len = strlen(name);
  size_t levels = 0;
  for (const char *p = name; *p != '\0'; p++) {
    levels += *p == '/' ? 1 : 0;
  }
  return name[0] != '/' || len < 2                            ? "it has to begin with / and to name something"
         : strspn(name, allowed) != len                       ? "it may hold only A-Z a-z 0-9 _ . / -"
         : strstr(name, "//") != NULL || name[len - 1] == '/' ? "a part of it is empty"
         : levels > 15                                        ? "it may have at most 15 levels"
         : len > 1011                                         ? "it may have at most 1011 characters"
                                                              : NULL;
}

/* Of the text as it is configured, and of what the profile made of it: where another profile would be good, it is this
 * one's name that is not. */
static snt_status check_parameter_name(const char *text, const char *profile, const char *name, struct snt_err *err) {
  char other[SNT_POLICY_PATH_CAP] = "";
  const char *fault = find_fault(name);
  if (fault == NULL) {
    return snt_done();
  }
  SNT_IGNORE(expand(text, "x", other, sizeof other, NULL));
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID,
                      "policy.source: \"%.300s\" cannot be the name of an SSM parameter: %s", name, fault));
  return find_fault(other) != NULL
             ? snt_err_hint(err, "correct it where it is set, or --policy: ssm:/PART/PART")
             : snt_err_hint(err,
                            "{profile} is \"%.100s\" here: rename that profile, or name its policy without {profile}, "
                            "as with --policy ssm:/sentinel/policies/NAME",
                            profile);
}

/* A path with its placeholder, and with HOME. */
static snt_status expand_file(const char *text, const char *profile, char *out, size_t cap, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(expand(text, profile, out, cap, err));
  if (!snt_ok(snt_path_expand(out, &path, err))) {
    return snt_err_prefix(err, "policy.source");
  }
  if (path.len >= cap) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.source is too long");
  }
  memcpy(out, snt_buf_borrow(&path), path.len + 1);
  return snt_done();
}

snt_status snt_policy_source_parse(const char *text, const char *profile, struct snt_policy_source *out,
                                   struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (text == NULL || text[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "no policy is configured for profile \"%s\"", profile));
    return snt_err_hint(err, "set policy.source in the configuration, give --policy, or run: sentinel init --local");
  }
  if (snt_str_starts_with(text, "ssm:")) {
    SNT_TRY(expand(text + 4, profile, out->path, sizeof out->path, err));
    SNT_TRY(check_parameter_name(text + 4, profile, out->path, err));
    out->origin = SNT_POLICY_ORIGIN_SSM;
    return snt_done();
  }
  const char *path = snt_str_starts_with(text, "file:") ? text + 5 : text;
  if (path == text && strchr(text, ':') != NULL && strchr(text, '/') == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.source: \"%s\" is neither a file nor a parameter", text));
    return snt_err_hint(err, "write file:PATH, a path, or ssm:/path");
  }
  SNT_TRY(expand_file(path, profile, out->path, sizeof out->path, err));
  if (out->path[0] == '\0') {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.source: the path is empty");
  }
  out->origin = SNT_POLICY_ORIGIN_FILE;
  return snt_done();
}

void snt_policy_clear(struct snt_policy *policy) {
  snt_manifest_clear(&policy->manifest);
  for (size_t i = 0; i < policy->file_count; i++) {
    free(policy->files[i].name);
    snt_buf_clear(&policy->files[i].text);
  }
  free(policy->files);
  for (size_t i = 0; i < policy->plugin_count; i++) {
    snt_plugin_clear(&policy->plugins[i]);
    snt_buf_clear(&policy->plugin_texts[i]);
  }
  free(policy->plugins);
  free(policy->plugin_texts);
  snt_buf_clear(&policy->text);
  snt_buf_clear(&policy->packed);
  memset(policy, 0, sizeof *policy);
}

struct snt_policy_file *snt_policy_find_file(const struct snt_policy *policy, const char *name) {
  for (size_t i = 0; i < policy->file_count; i++) {
    if (strcmp(policy->files[i].name, name) == 0) {
      return &policy->files[i];
    }
  }
  return NULL;
}

static int compare_files(const void *a, const void *b) {
  return strcmp(((const struct snt_policy_file *)a)->name, ((const struct snt_policy_file *)b)->name);
}

void snt_policy_sort_files(struct snt_policy_file *files, size_t count) {
  if (count > 0) {
    qsort(files, count, sizeof *files, compare_files);
  }
}

bool snt_policy_kind_of(const char *name, enum snt_policy_kind *out) {
  bool is_lua = snt_str_ends_with(name, ".lua");
  *out = is_lua ? SNT_POLICY_KIND_LUA : SNT_POLICY_KIND_YAML;
  return is_lua || snt_str_ends_with(name, ".yaml") || snt_str_ends_with(name, ".yml");
}

/* "prod" of "/etc/sentinel/prod.yaml"; cut to what a record keeps. */
static void set_name(struct snt_policy *policy, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *base = slash == NULL ? path : slash + 1;
  const char *dot = strrchr(base, '.');
  int len = (int)(dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base));
  (void)snprintf(policy->name, sizeof policy->name, "%.*s", len > 250 ? 250 : len, base);
}

static snt_status check_size(const char *path, size_t len, size_t cap, struct snt_err *err) {
  if (len > cap) {
    bool is_mib = cap % ((size_t)1 << 20) == 0;
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: the file is larger than %zu %s", path,
                        cap >> (is_mib ? 20 : 10), is_mib ? "MiB" : "KiB"));
    return cap == SNT_POLICY_CAP ? snt_err_hint(err, "split it: a policy by profile")
                                 : snt_err_hint(err, "take out what is not needed");
  }
  return snt_done();
}

/* What a file could not be read for, as a refusal of the policy. The text is copied: an error is not its own argument.
 */
static snt_status refuse_file(const char *path, struct snt_err *err) {
  struct snt_err inner = err == NULL ? (struct snt_err){0} : *err;
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", inner.message[0] == '\0' ? path : inner.message));
  return snt_err_hint(err, "%s", inner.hint);
}

static snt_status fail_missing(const char *path, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no policy file or folder %s", path));
  return snt_err_hint(err, "check the path: of an argument, of --policy, or of policy.source");
}

snt_status snt_policy_read_part(const char *path, enum snt_file_check check, size_t cap, struct snt_buf *out,
                                struct snt_err *err) {
  snt_status status = snt_file_read(path, check, cap + 1, out, err);
  SNT_TRY(check_size(path, out->len, cap, err));
  if (snt_ok(status) || status.code == SNT_CODE_NO_MEMORY) {
    return status;
  }
  return status.code == SNT_CODE_NOT_FOUND ? fail_missing(path, err) : refuse_file(path, err);
}

static snt_status read_packed(const char *path, enum snt_file_check check, struct snt_policy *out,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  SNT_BUF_AUTO struct snt_buf source = {0};
  SNT_TRY(snt_policy_read_part(path, check, SNT_PACKED_CAP, &bytes, err));
  SNT_TRY(snt_buf_appendf(&source, err, "file:%s", path));
  return snt_policy_from_packed(source.data, (struct snt_slice){bytes.data, bytes.len}, out, err);
}

snt_status snt_policy_read_file(const char *path, bool is_trusted_only, struct snt_policy *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  enum snt_file_check check = is_trusted_only ? SNT_FILE_NOT_WRITABLE : SNT_FILE_ANY;
  struct stat st;
  bool is_there = stat(path, &st) == 0;
  if (is_there && S_ISDIR(st.st_mode)) {
    return snt_bundle_read_folder(path, is_trusted_only, out, err);
  }
  if (snt_str_ends_with(path, SNT_PACKED_SUFFIX)) {
    return read_packed(path, check, out, err);
  }
  bool has_kind = snt_policy_kind_of(path, &policy.kind);
  if (!has_kind && !is_there) {
    return fail_missing(path, err);
  }
  if (!has_kind) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "%s: a policy file ends in .yaml, .yml or .lua, and a packed bundle in " SNT_PACKED_SUFFIX,
                        path));
    return snt_err_hint(err, "rename it, or name the folder of a bundle");
  }
  set_name(&policy, path);
  (void)snprintf(policy.source, sizeof policy.source, "file:%s", path);
  (void)snprintf(policy.file_name, sizeof policy.file_name, "%s", path);
  SNT_TRY(snt_policy_read_part(path, check, SNT_POLICY_CAP, &policy.text, err));
  snt_sha256_hex(snt_buf_borrow(&policy.text), policy.text.len, policy.sha256);
  *out = policy;
  memset(&policy, 0, sizeof policy);
  return snt_done();
}

bool snt_policy_is_lua_text(struct snt_slice value) {
  static const char mark[] = SNT_POLICY_LUA_MARK;
  size_t len = sizeof mark - 1;
  return value.len >= len && memcmp(value.data, mark, len) == 0 &&
         (value.len == len || value.data[len] == '\n' || value.data[len] == '\r');
}

snt_status snt_policy_from_parameter(const char *name, const char *region, int64_t version, struct snt_slice value,
                                     struct snt_policy *out, struct snt_err *err) {
  static const char pointer[] = "{\"sentinel_pointer\":";
  memset(out, 0, sizeof *out);
  SNT_POLICY_AUTO struct snt_policy policy = {.version = version};
  set_name(&policy, name);
  (void)snprintf(policy.source, sizeof policy.source, "ssm:%s", name);
  (void)snprintf(policy.file_name, sizeof policy.file_name, "ssm:%s", name);
  (void)snprintf(policy.region, sizeof policy.region, "%s", region);
  if (value.len >= sizeof pointer - 1 && memcmp(value.data, pointer, sizeof pointer - 1) == 0) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_POLICY_INVALID, "%s points to a bundle; a bare policy was expected", policy.source));
    return snt_err_hint(err, "name the bundle's folder or its packed file");
  }
  policy.kind = snt_policy_is_lua_text(value) ? SNT_POLICY_KIND_LUA : SNT_POLICY_KIND_YAML;
  SNT_TRY(snt_buf_append(&policy.text, value.data, value.len, err));
  SNT_TRY(check_size(policy.file_name, policy.text.len, SNT_POLICY_CAP, err));
  snt_sha256_hex(policy.text.data, policy.text.len, policy.sha256);
  *out = policy;
  memset(&policy, 0, sizeof policy);
  return snt_done();
}

struct snt_policy_text snt_policy_text_of(const struct snt_policy *policy) {
  return (struct snt_policy_text){.name = policy->file_name,
                                  .kind = policy->kind,
                                  .data = snt_buf_borrow(&policy->text),
                                  .len = policy->text.len,
                                  .root_len = policy->root_len,
                                  .forbids_emergency = policy->is_bundle && !policy->manifest.allows_emergency,
                                  .files = policy->files,
                                  .file_count = policy->file_count,
                                  .plugins = policy->plugin_texts,
                                  .plugin_count = policy->plugin_count,
                                  .frame = policy->packed.len > 0 ? &policy->packed : NULL,
                                  .content = policy->manifest.content};
}

snt_status snt_policy_load_begin(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_buf *problems,
                                 struct snt_err *err) {
  if (policy->manifest.grants.count > 0 && policy->plugin_count == 0) {
    SNT_TRY(snt_policy_describe(policy, evaluator, problems, err));
  }
  struct snt_policy_text text = snt_policy_text_of(policy);
  return snt_evaluator_load_begin(evaluator, &text, problems, err);
}

snt_status snt_policy_load(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_buf *problems,
                           struct snt_err *err) {
  SNT_TRY(snt_policy_load_begin(policy, evaluator, problems, err));
  SNT_TRY(snt_evaluator_load_link(evaluator, err));
  return snt_evaluator_load_confirm(evaluator, err);
}

static snt_status seen_path(const char *folder, const struct snt_policy *policy, struct snt_buf *out,
                            struct snt_err *err) {
  char id[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(policy->source, strlen(policy->source), id);
  return snt_buf_appendf(out, err, "%s/policy-%.32s.seen", folder, id);
}

void snt_policy_remember(const char *folder, const struct snt_policy *policy) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (!snt_policy_was_seen(folder, policy) && snt_ok(seen_path(folder, policy, &path, NULL))) {
    SNT_IGNORE(snt_file_replace(path.data, policy->sha256, strlen(policy->sha256), 0600, NULL));
  }
}

static bool read_seen(const char *folder, const struct snt_policy *policy, struct snt_buf *out) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  return snt_ok(seen_path(folder, policy, &path, NULL)) &&
         snt_ok(snt_file_read(path.data, SNT_FILE_NOT_WRITABLE, 128, out, NULL));
}

bool snt_policy_was_seen(const char *folder, const struct snt_policy *policy) {
  SNT_BUF_AUTO struct snt_buf seen = {0};
  return read_seen(folder, policy, &seen) && strcmp(snt_buf_borrow(&seen), policy->sha256) == 0;
}

bool snt_policy_has_seen(const char *folder, const struct snt_policy *policy) {
  SNT_BUF_AUTO struct snt_buf seen = {0};
  return read_seen(folder, policy, &seen);
}
