#include "policy/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/identity.h"
#include "base/str.h"
#include "format/time.h"
#include "policy/manifest_keys.h"

/* The manifest being read. */
struct reading {
  const char *file;
  struct snt_manifest *out;
  bool is_packed;
};

static void free_list(char **list) {
  for (char **item = list; item != NULL && *item != NULL; item++) {
    free(*item);
  }
  free((void *)list);
}

void snt_manifest_clear(struct snt_manifest *manifest) {
  for (size_t i = 0; i < manifest->target_count; i++) {
    free_list(manifest->targets[i].roles);
    free(manifest->targets[i].profile);
  }
  free(manifest->targets);
  free_list(manifest->accounts);
  free_list(manifest->files);
  snt_grants_clear(&manifest->grants);
  memset(manifest, 0, sizeof *manifest);
}

static snt_status refuse(const struct reading *reading, const struct snt_yaml_node *node, const char *key,
                         const char *wanted, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: %s has to be %s", reading->file, node->line, node->column,
                  key, wanted);
}

static bool is_text(const struct snt_yaml_node *node) { return node->type == SNT_YAML_STRING && node->text[0] != '\0'; }

static bool is_name(const struct snt_yaml_node *node) { return is_text(node) && snt_name_check(node->text); }

static snt_status read_version(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  bool is_known = node->type == SNT_YAML_INTEGER && node->integer == 1;
  return is_known ? snt_done() : refuse(reading, node, "sentinel_bundle", "1: this program knows no other form", err);
}

static snt_status read_name(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  if (!is_name(node)) {
    return refuse(reading, node, "name", SNT_NAME_WANTED, err);
  }
  (void)snprintf(reading->out->name, sizeof reading->out->name, "%s", node->text);
  return snt_done();
}

static snt_status read_installation(const struct reading *reading, const struct snt_yaml_node *node,
                                    struct snt_err *err) {
  if (!is_name(node)) {
    return refuse(reading, node, "installation", SNT_NAME_WANTED, err);
  }
  (void)snprintf(reading->out->installation, sizeof reading->out->installation, "%s", node->text);
  return snt_done();
}

static snt_status read_serial(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  if (node->type != SNT_YAML_INTEGER || node->integer < 1) {
    return refuse(reading, node, "serial", "a whole number from 1", err);
  }
  reading->out->serial = node->integer;
  return snt_done();
}

static snt_status read_policy(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  if (!is_text(node) || !snt_archive_check_name(node->text)) {
    return refuse(reading, node, "policy", "the name of a file of this folder, such as policy.yaml", err);
  }
  (void)snprintf(reading->out->policy, sizeof reading->out->policy, "%s", node->text);
  return snt_done();
}

/* Written in one way, whatever it is written like. */
static snt_status read_time(const struct reading *reading, const struct snt_yaml_node *node, const char *key,
                            char out[static 21], struct snt_err *err) {
  char text[32];
  int64_t ms = 0;
  bool is_good = is_text(node) && snt_ok(snt_time_parse(node->text, &ms, NULL)) && ms % 1000 == 0 &&
                 snt_str_ends_with(node->text, "Z");
  if (!is_good) {
    return refuse(reading, node, key, "a time such as 2026-02-18T00:00:00Z", err);
  }
  snt_time_format(ms, false, text);
  (void)snprintf(out, 21, "%.20s", text);
  return snt_done();
}

static snt_status read_not_before(const struct reading *reading, const struct snt_yaml_node *node,
                                  struct snt_err *err) {
  return read_time(reading, node, "not_before", reading->out->not_before, err);
}

static snt_status read_not_after(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  SNT_TRY(read_time(reading, node, "not_after", reading->out->not_after, err));
  bool is_later = strcmp(reading->out->not_before, reading->out->not_after) < 0;
  return is_later ? snt_done() : refuse(reading, node, "not_after", "later than not_before", err);
}

static snt_status read_max_duration(const struct reading *reading, const struct snt_yaml_node *node,
                                    struct snt_err *err) {
  int64_t *bound = &reading->out->max_duration_s;
  if (!is_text(node) || !snt_ok(snt_duration_parse(node->text, bound, NULL)) || *bound < 1) {
    return refuse(reading, node, "max_duration", "a duration such as 4h", err);
  }
  return snt_done();
}

static snt_status read_markers(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  reading->out->allows_emergency = false;
  for (size_t i = 0; node->type == SNT_YAML_LIST && i < node->count; i++) {
    if (!is_text(node->children[i]) || strcmp(node->children[i]->text, "emergency") != 0) {
      return refuse(reading, node->children[i], "markers", "a list of markers; the only one is emergency", err);
    }
    reading->out->allows_emergency = true;
  }
  return node->type == SNT_YAML_LIST ? snt_done() : refuse(reading, node, "markers", "a list, which may be []", err);
}

/* A list of texts that are all good; not an empty one. */
static snt_status read_texts(const struct reading *reading, const struct snt_yaml_node *node, const char *key,
                             const char *wanted, bool (*is_good)(const char *text), char ***out, struct snt_err *err) {
  if (node->type != SNT_YAML_LIST || node->count == 0) {
    return refuse(reading, node, key, wanted, err);
  }
  *out = calloc(node->count + 1, sizeof **out);
  if (*out == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < node->count; i++) {
    const struct snt_yaml_node *item = node->children[i];
    if (!is_text(item) || !is_good(item->text)) {
      return refuse(reading, item, key, wanted, err);
    }
    (*out)[i] = snt_str_dup(item->text);
    if ((*out)[i] == NULL) {
      return snt_fail_memory(err);
    }
  }
  return snt_done();
}

static snt_status read_identity(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  static const char *const keys[] = {"accounts", NULL};
  if (node->type != SNT_YAML_MAP) {
    return refuse(reading, node, "identity", "a mapping with accounts", err);
  }
  SNT_TRY(snt_manifest_check_keys(reading->file, node, keys, " in identity", err));
  const struct snt_yaml_node *accounts = snt_yaml_get(node, "accounts");
  return accounts == NULL
             ? snt_done()
             : read_texts(reading, accounts, "identity.accounts", "a list of accounts: 12 digits each, in quotes",
                          snt_aws_account_check, &reading->out->accounts, err);
}

static snt_status read_content(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  if (!is_text(node) || strlen(node->text) != 64 || strspn(node->text, "0123456789abcdef") != 64) {
    return refuse(reading, node, "content", "a SHA-256 in hexadecimal", err);
  }
  memcpy(reading->out->content, node->text, 65);
  return snt_done();
}

static snt_status read_files(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  struct snt_manifest *out = reading->out;
  bool has_policy = false;
  SNT_TRY(read_texts(reading, node, "files", "a list of names", snt_archive_check_name, &out->files, err));
  for (size_t i = 0; out->files[i] != NULL; i++) {
    has_policy = has_policy || strcmp(out->files[i], out->policy) == 0;
    if (i > 0 && strcmp(out->files[i - 1], out->files[i]) >= 0) {
      return refuse(reading, node->children[i], "files", "a list in order", err);
    }
  }
  return has_policy ? snt_done() : refuse(reading, node, "files", "a list with the policy in it", err);
}

static snt_status read_plugins(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  return snt_grants_read(reading->file, node, reading->is_packed, &reading->out->grants, err);
}

/* A pattern of roles' ARNs: arn:P:iam::A:role/... with wildcards in any part but the kinds. */
static bool is_role_pattern(const char *text) {
  enum { PARTITION = 1, SERVICE, REGION, ACCOUNT, RESOURCE, PARTS };
  static const char account[] = "0123456789*?";
  const char *parts[PARTS];
  parts[0] = text;
  for (size_t i = 1; i < PARTS; i++) {
    const char *colon = strchr(parts[i - 1], ':');
    if (colon == NULL) {
      return false;
    }
    parts[i] = colon + 1;
  }
  size_t account_len = (size_t)(parts[RESOURCE] - parts[ACCOUNT]) - 1;
  return snt_str_starts_with(text, "arn:") && parts[SERVICE] - parts[PARTITION] > 1 &&
         snt_str_starts_with(parts[SERVICE], "iam::") && account_len > 0 && account_len <= 12 &&
         strspn(parts[ACCOUNT], account) == account_len && snt_str_starts_with(parts[RESOURCE], "role/") &&
         parts[RESOURCE][strlen("role/")] != '\0' && strchr(text, '\\') == NULL;
}

static snt_status copy_roles(const struct reading *reading, const struct snt_yaml_node *list, char **out,
                             struct snt_err *err) {
  for (size_t i = 0; i < list->count; i++) {
    const struct snt_yaml_node *role = list->children[i];
    bool is_arn = is_text(role) && is_role_pattern(role->text);
    out[i] = is_arn ? snt_str_dup(role->text) : NULL;
    if (out[i] == NULL) {
      return is_arn ? snt_fail_memory(err)
                    : refuse(reading, role, "targets", "ARNs of roles: arn:aws:iam::123456789012:role/Name", err);
    }
  }
  return snt_done();
}

#define TARGETS_WANTED "a mapping of profiles to lists of role ARNs: {dev: [\"arn:aws:iam::123456789012:role/Dev\"]}"

static snt_status read_targets(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err) {
  struct snt_manifest *out = reading->out;
  if (node->type != SNT_YAML_MAP || node->count == 0) {
    return refuse(reading, node, "targets", TARGETS_WANTED, err);
  }
  out->has_targets = true;
  out->targets = calloc(node->count, sizeof *out->targets);
  if (out->targets == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < node->count; i++) {
    const struct snt_yaml_node *roles = node->children[i];
    struct snt_manifest_target *target = &out->targets[out->target_count++];
    if (node->keys[i][0] == '\0' || strchr(node->keys[i], '\\') != NULL || roles->type != SNT_YAML_LIST ||
        roles->count == 0) {
      return refuse(reading, roles, "targets", TARGETS_WANTED, err);
    }
    target->profile = snt_str_dup(node->keys[i]);
    target->roles = calloc(roles->count + 1, sizeof *target->roles);
    if (target->profile == NULL || target->roles == NULL) {
      return snt_fail_memory(err);
    }
    SNT_TRY(copy_roles(reading, roles, target->roles, err));
  }
  return snt_done();
}

static const struct {
  const char *key;
  snt_status (*read)(const struct reading *reading, const struct snt_yaml_node *node, struct snt_err *err);
  enum { OPTIONAL = 0, REQUIRED, PACKED } presence; /* PACKED: required in a packed bundle, and nowhere else */
} ROWS[] = {{"sentinel_bundle", read_version, REQUIRED},
            {"name", read_name, REQUIRED},
            {"serial", read_serial, REQUIRED},
            {"policy", read_policy, REQUIRED},
            {"installation", read_installation, OPTIONAL},
            {"not_before", read_not_before, OPTIONAL},
            {"not_after", read_not_after, OPTIONAL},
            {"targets", read_targets, OPTIONAL},
            {"max_duration", read_max_duration, OPTIONAL},
            {"markers", read_markers, OPTIONAL},
            {"identity", read_identity, OPTIONAL},
            {"plugins", read_plugins, OPTIONAL},
            {"content", read_content, PACKED},
            {"files", read_files, PACKED}};

enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

/* Unknown keys first: one of them may be what is missing. */
static snt_status check_keys(const struct reading *reading, const struct snt_yaml_node *root, struct snt_err *err) {
  const char *names[ROW_COUNT + 1] = {0};
  size_t known = 0;
  for (size_t i = 0; i < ROW_COUNT; i++) {
    if (ROWS[i].presence != PACKED || reading->is_packed) {
      names[known++] = ROWS[i].key;
    }
  }
  SNT_TRY(snt_manifest_check_keys(reading->file, root, names, "", err));
  for (size_t i = 0; i < ROW_COUNT; i++) {
    bool is_required = ROWS[i].presence == REQUIRED || (ROWS[i].presence == PACKED && reading->is_packed);
    if (is_required && snt_yaml_get(root, ROWS[i].key) == NULL) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:1:1: \"%s\" is missing", reading->file, ROWS[i].key));
      return snt_err_hint(err, "a bundle's manifest has sentinel_bundle, name, serial and policy at least");
    }
  }
  return snt_done();
}

static snt_status read_all(const struct reading *reading, const struct snt_yaml_node *root, struct snt_err *err) {
  if (root->type != SNT_YAML_MAP) {
    return refuse(reading, root, "a manifest", "a mapping", err);
  }
  SNT_TRY(check_keys(reading, root, err));
  for (size_t i = 0; i < ROW_COUNT; i++) {
    const struct snt_yaml_node *node = snt_yaml_get(root, ROWS[i].key);
    SNT_TRY(node == NULL ? snt_done() : ROWS[i].read(reading, node, err));
  }
  return snt_done();
}

static snt_status parse(const char *file, struct snt_slice text, bool is_packed, struct snt_manifest *out,
                        struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  struct snt_err inner = {0};
  snt_status status = snt_yaml_parse(file, text.data, text.len, &doc, &inner);
  if (!snt_ok(status)) {
    return status.code == SNT_CODE_NO_MEMORY ? snt_fail_memory(err)
                                             : snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", inner.message);
  }
  SNT_MANIFEST_AUTO struct snt_manifest manifest = {.allows_emergency = true};
  struct reading reading = {.file = file, .out = &manifest, .is_packed = is_packed};
  SNT_TRY(read_all(&reading, snt_yaml_root(doc), err));
  *out = manifest;
  memset(&manifest, 0, sizeof manifest); /* ownership went to out */
  return snt_done();
}

snt_status snt_manifest_parse(const char *file, const char *data, size_t len, struct snt_manifest *out,
                              struct snt_err *err) {
  return parse(file, (struct snt_slice){data, len}, false, out, err);
}

snt_status snt_manifest_parse_packed(const char *file, const char *data, size_t len, struct snt_manifest *out,
                                     struct snt_err *err) {
  return parse(file, (struct snt_slice){data, len}, true, out, err);
}

snt_status snt_manifest_check_signed(const struct snt_manifest *manifest, struct snt_err *err) {
  bool has_installation = manifest->installation[0] != '\0';
  if (has_installation && manifest->has_targets) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "bundle \"%s\" has no %s, and a signed bundle needs it",
                      manifest->name, has_installation ? "targets" : "installation"));
  return snt_err_hint(err, has_installation ? "name in bundle.yaml the roles that each profile may mean: targets: "
                                              "{prod: [\"arn:aws:iam::123456789012:role/Prod\"]}"
                                            : "name in bundle.yaml the installation that it is for, as its "
                                              "configuration does: installation: acme-aws");
}

static bool is_match(const char *pattern, const char *text) {
  return snt_glob_match(pattern, strlen(pattern), text, strlen(text));
}

int64_t snt_manifest_bound(const struct snt_manifest *manifest, int64_t max_duration_s) {
  bool is_smaller = manifest->max_duration_s > 0 && (max_duration_s == 0 || manifest->max_duration_s < max_duration_s);
  return is_smaller ? manifest->max_duration_s : max_duration_s;
}

bool snt_manifest_binds(const struct snt_manifest *manifest, const char *profile, const char *role_arn) {
  for (size_t i = 0; i < manifest->target_count; i++) {
    char *const *role = is_match(manifest->targets[i].profile, profile) ? manifest->targets[i].roles : NULL;
    for (; role != NULL && *role != NULL; role++) {
      if (is_match(*role, role_arn)) {
        return true;
      }
    }
  }
  return !manifest->has_targets;
}
