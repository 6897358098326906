/* One file of the configuration: its keys, profiles and locks. */
#include "issue/settings_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/time.h"
#include "format/yaml.h"

enum { CONFIG_CAP = 256 * 1024, PROFILES_MAX = 4096, KEY_CAP = 32 };

/* A file being read. */
struct layer {
  struct snt_settings *settings;
  const char *file;
  bool is_admin;
  bool locks[SNT_SETTING_COUNT];
};

static snt_status fail_type(const struct layer *layer, const struct snt_yaml_node *node, const char *key,
                            const char *wanted, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u:%u: %s has to be %s", layer->file, node->line, node->column, key,
                  wanted);
}

/* What a path means may not depend on the folder one is in. */
static snt_status check_path(const struct layer *layer, enum snt_setting_id id, const struct snt_yaml_node *node,
                             struct snt_err *err) {
  enum snt_setting_type type = SNT_SETTING_ROWS[id].type;
  bool is_source = type == SNT_SETTING_SOURCE;
  const char *path = is_source && snt_str_starts_with(node->text, "file:") ? node->text + strlen("file:") : node->text;
  bool is_path =
      type == SNT_SETTING_PATH || type == SNT_SETTING_PATHS || (is_source && !snt_str_starts_with(node->text, "ssm:"));
  if (!is_path || path[0] == '/' || snt_str_starts_with(path, "~/")) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u:%u: %s: \"%.200s\" is not an absolute path%s", layer->file,
                      node->line, node->column, SNT_SETTING_ROWS[id].key, node->text,
                      is_source ? " and no parameter" : ""));
  return snt_err_hint(err, "write %s, or ~/PATH for one in HOME: a relative one depends on the folder one is in",
                      is_source ? "ssm:/PATH, the whole path of a file" : "the whole path");
}

static snt_status set_list(const struct layer *layer, enum snt_setting_id id, const struct snt_yaml_node *node,
                           const char *origin, struct snt_err *err) {
  if (node->type != SNT_YAML_LIST || node->count == 0) {
    return fail_type(layer, node, SNT_SETTING_ROWS[id].key, "a list that is not empty", err);
  }
  char **items = calloc(node->count + 1, sizeof *items);
  if (items == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < node->count; i++) {
    const struct snt_yaml_node *child = node->children[i];
    bool is_text = child->type == SNT_YAML_STRING && child->text[0] != '\0';
    items[i] = is_text ? snt_str_dup(child->text) : NULL;
    if (items[i] == NULL) {
      snt_settings_free_items(items);
      return is_text ? snt_fail_memory(err)
                     : fail_type(layer, child, SNT_SETTING_ROWS[id].key, "a list of texts (quote numbers)", err);
    }
    snt_status status = check_path(layer, id, child, err);
    if (!snt_ok(status)) {
      snt_settings_free_items(items);
      return status;
    }
  }
  return snt_settings_set_items(layer->settings, id, items, origin, err);
}

static snt_status set_node(const struct layer *layer, enum snt_setting_id id, const struct snt_yaml_node *node,
                           struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf origin = {0};
  SNT_TRY(snt_buf_appendf(&origin, err, "%s:%u", layer->file, node->line));
  if (SNT_SETTING_ROWS[id].is_admin_only && !layer->is_admin) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: %s may only be set in %s", origin.data,
                        SNT_SETTING_ROWS[id].key, SNT_ADMIN_CONFIG));
    return snt_err_hint(err, "remove it");
  }
  if (snt_setting_is_list(id)) {
    return set_list(layer, id, node, origin.data, err);
  }
  if (SNT_SETTING_ROWS[id].type == SNT_SETTING_INTEGER && (node->type != SNT_YAML_INTEGER || node->integer < 1)) {
    return fail_type(layer, node, SNT_SETTING_ROWS[id].key, "a whole number from 1", err);
  }
  bool is_duration = SNT_SETTING_ROWS[id].type == SNT_SETTING_DURATION;
  bool is_zero = is_duration && node->type == SNT_YAML_INTEGER && node->integer == 0;
  /* `tags: off` and `tags: on` are texts here: YAML 1.1's booleans are not ours. */
  if (SNT_SETTING_ROWS[id].type != SNT_SETTING_INTEGER && !is_zero &&
      (node->type != SNT_YAML_STRING || node->text[0] == '\0')) {
    return fail_type(layer, node, SNT_SETTING_ROWS[id].key, is_duration ? "a duration such as 30s or 24h" : "a text",
                     err);
  }
  SNT_TRY(check_path(layer, id, node, err));
  return snt_settings_set_text(layer->settings, id, node->text, origin.data, err);
}

/* A key that nobody knows, at its place, and the level that it is on: "" or "policy". */
struct unknown {
  unsigned line, column;
  const char *level, *key;
};

/* allowed are the keys of that level; it ends with NULL. */
static snt_status fail_unknown(const struct layer *layer, const struct unknown *at, const char *const *allowed,
                               struct snt_err *err) {
  const char *dot = at->level[0] == '\0' ? "" : ".";
  const char *nearest = snt_str_nearest(at->key, allowed);
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u:%u: unknown key \"%s%s%s\"", layer->file, at->line,
                      at->column, at->level, dot, at->key));
  return nearest == NULL ? snt_err_hint(err, "docs/configuration.md lists the keys")
                         : snt_err_hint(err, "did you mean \"%s%s%s\"?", at->level, dot, nearest);
}

static snt_status set_profile_field(const struct layer *layer, struct snt_setting_profile *profile, const char *key,
                                    const struct snt_yaml_node *node, struct snt_err *err) {
  struct {
    const char *key;
    char **field;
  } fields[] = {{"role_arn", &profile->role_arn},       {"source_profile", &profile->source_profile},
                {"external_id", &profile->external_id}, {"mfa_serial", &profile->mfa_serial},
                {"mfa_process", &profile->mfa_process}, {"region", &profile->region}};
  bool is_text = node->type == SNT_YAML_STRING && node->text[0] != '\0';
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    if (strcmp(fields[i].key, key) == 0) {
      char *copy = is_text ? snt_str_dup(node->text) : NULL;
      if (copy == NULL) {
        return is_text ? snt_fail_memory(err) : fail_type(layer, node, key, "a text (quote numbers)", err);
      }
      free(*fields[i].field);
      *fields[i].field = copy;
      return snt_done();
    }
  }
  if (strcmp(key, "duration") == 0) {
    if (!is_text || !snt_ok(snt_duration_parse(node->text, &profile->view.duration_s, NULL))) {
      return fail_type(layer, node, key, "a duration such as 1h", err);
    }
    return snt_done();
  }
  static const char *const allowed[] = {"role_arn",    "source_profile", "external_id", "mfa_serial",
                                        "mfa_process", "region",         "duration",    NULL};
  return fail_unknown(layer, &(struct unknown){node->line, node->column, "", key}, allowed, err);
}

static struct snt_setting_profile *find_or_add_profile(struct snt_settings *settings, const char *name) {
  for (size_t i = 0; i < settings->profile_count; i++) {
    if (strcmp(settings->profiles[i].name, name) == 0) {
      return &settings->profiles[i];
    }
  }
  struct snt_setting_profile *grown =
      realloc(settings->profiles, (settings->profile_count + 1) * sizeof *grown); /* few, and only at the start */
  if (grown == NULL) {
    return NULL;
  }
  settings->profiles = grown;
  struct snt_setting_profile *fresh = &grown[settings->profile_count];
  memset(fresh, 0, sizeof *fresh);
  fresh->name = snt_str_dup(name);
  if (fresh->name == NULL) {
    return NULL;
  }
  settings->profile_count++;
  return fresh;
}

static snt_status set_profiles(const struct layer *layer, const struct snt_yaml_node *map, struct snt_err *err) {
  if (map->type != SNT_YAML_MAP || map->count > PROFILES_MAX) {
    return fail_type(layer, map, "profiles", "a map of profiles", err);
  }
  for (size_t i = 0; i < map->count; i++) {
    const struct snt_yaml_node *node = map->children[i];
    if (!snt_profile_name_check(map->keys[i])) {
      return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u:%u: \"%s\" cannot be the name of a profile", layer->file,
                      map->key_lines[i], map->key_columns[i], map->keys[i]);
    }
    if (node->type != SNT_YAML_MAP) {
      return fail_type(layer, node, map->keys[i], "a map", err);
    }
    struct snt_setting_profile *profile = find_or_add_profile(layer->settings, map->keys[i]);
    if (profile == NULL) {
      return snt_fail_memory(err);
    }
    for (size_t k = 0; k < node->count; k++) {
      SNT_TRY(set_profile_field(layer, profile, node->keys[k], node->children[k], err));
    }
  }
  return snt_done();
}

static int find_key(const char *key) {
  for (int i = 0; i < SNT_SETTING_COUNT; i++) {
    if (strcmp(SNT_SETTING_ROWS[i].key, key) == 0) {
      return i;
    }
  }
  return -1;
}

/* What `locked: all-security` means: everything but how much a denied user reads. */
static bool is_security_key(int id) { return id != SNT_SETTING_DENY_VERBOSITY && id != SNT_SETTING_KEYCHAIN_BACKEND; }

static snt_status note_locks(struct layer *layer, const struct snt_yaml_node *node, struct snt_err *err) {
  if (!layer->is_admin) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u: only %s may lock keys", layer->file, node->line,
                    SNT_ADMIN_CONFIG);
  }
  if (node->type == SNT_YAML_STRING && strcmp(node->text, "all-security") == 0) {
    for (int i = 0; i < SNT_SETTING_COUNT; i++) {
      layer->locks[i] = is_security_key(i);
    }
    return snt_done();
  }
  if (node->type != SNT_YAML_LIST) {
    return fail_type(layer, node, "locked", "a list of keys, or all-security", err);
  }
  for (size_t i = 0; i < node->count; i++) {
    const struct snt_yaml_node *item = node->children[i];
    int id = item->type == SNT_YAML_STRING ? find_key(item->text) : -1;
    if (id < 0) {
      return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u:%u: locked: there is no key \"%s\"", layer->file, item->line,
                      item->column, item->text == NULL ? "" : item->text);
    }
    layer->locks[id] = true;
  }
  return snt_done();
}

static bool is_group(const char *key) {
  size_t len = strlen(key);
  for (int i = 0; i < SNT_SETTING_COUNT; i++) {
    if (strncmp(SNT_SETTING_ROWS[i].key, key, len) == 0 && SNT_SETTING_ROWS[i].key[len] == '.') {
      return true;
    }
  }
  return false;
}

/* Of "policy.source" the top has "policy", and the level "policy" has "source". */
static snt_status fail_unknown_at(const struct layer *layer, const struct unknown *at, struct snt_err *err) {
  char keys[SNT_SETTING_COUNT][KEY_CAP] = {0};
  const char *allowed[SNT_SETTING_COUNT + 3] = {0};
  size_t used = 0;
  size_t level_len = strlen(at->level);
  for (size_t i = 0; i < SNT_SETTING_COUNT; i++) {
    const char *key = SNT_SETTING_ROWS[i].key;
    if (level_len > 0 && (strncmp(key, at->level, level_len) != 0 || key[level_len] != '.')) {
      continue;
    }
    key += level_len > 0 ? level_len + 1 : 0;
    (void)snprintf(keys[i], KEY_CAP, "%.*s", (int)strcspn(key, "."), key);
    allowed[used++] = keys[i];
  }
  if (level_len == 0) {
    allowed[used++] = "profiles";
    allowed[used++] = "locked";
  }
  return fail_unknown(layer, at, allowed, err);
}

static snt_status walk_map(struct layer *layer, const struct snt_yaml_node *map, const char *prefix,
                           struct snt_err *err) {
  for (size_t i = 0; i < map->count; i++) {
    const struct snt_yaml_node *node = map->children[i];
    SNT_BUF_AUTO struct snt_buf key = {0};
    SNT_TRY(snt_buf_appendf(&key, err, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", map->keys[i]));
    int id = find_key(key.data);
    if (id >= 0) {
      SNT_TRY(set_node(layer, (enum snt_setting_id)id, node, err));
    } else if (prefix[0] == '\0' && strcmp(key.data, "profiles") == 0) {
      SNT_TRY(set_profiles(layer, node, err));
    } else if (prefix[0] == '\0' && strcmp(key.data, "locked") == 0) {
      SNT_TRY(note_locks(layer, node, err));
    } else if (prefix[0] == '\0' && is_group(key.data)) {
      if (node->type != SNT_YAML_MAP) {
        return fail_type(layer, node, key.data, "a map", err);
      }
      SNT_TRY(walk_map(layer, node, key.data, err));
    } else {
      const struct unknown at = {map->key_lines[i], map->key_columns[i], prefix, map->keys[i]};
      return fail_unknown_at(layer, &at, err);
    }
  }
  return snt_done();
}

static snt_status apply_locks(const struct layer *layer, struct snt_err *err) {
  for (int i = 0; i < SNT_SETTING_COUNT; i++) {
    if (layer->locks[i] && layer->settings->rows[i].lock == NULL) {
      layer->settings->rows[i].lock = snt_str_dup(layer->file);
      if (layer->settings->rows[i].lock == NULL) {
        return snt_fail_memory(err);
      }
    }
  }
  return snt_done();
}

static snt_status add_layer(struct snt_settings *settings, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_path_absolute(name, &path, err));
  char *copy = snt_buf_take(&path);
  settings->layer_names[settings->layer_count] = copy;
  settings->layers[settings->layer_count++] = copy;
  settings->has_keys_above = settings->rows[SNT_SETTING_POLICY_KEYS].items != NULL;
  return snt_done();
}

static snt_status fail_missing(const char *path, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "there is no configuration file %s", path));
  return snt_err_hint(err, "check the path that --config names");
}

snt_status snt_settings_read_file(struct snt_settings *settings, const char *path, bool is_admin, bool is_required,
                                  struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  snt_status status = snt_file_read(path, is_admin ? SNT_FILE_ROOT : SNT_FILE_NOT_WRITABLE, CONFIG_CAP, &text, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return is_required ? fail_missing(path, err) : snt_done();
  }
  if (!snt_ok(status)) {
    struct snt_err inner = *err;
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "configuration: %s", inner.message));
    return snt_err_hint(err, "%s", inner.hint);
  }
  SNT_YAML_AUTO struct snt_yaml_doc *doc = NULL;
  SNT_TRY(snt_yaml_parse(path, snt_buf_borrow(&text), text.len, &doc, err));
  struct layer layer = {.settings = settings, .file = path, .is_admin = is_admin};
  const struct snt_yaml_node *root = snt_yaml_root(doc);
  if (root->type != SNT_YAML_MAP) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s:%u: a configuration is a map of keys", path, root->line);
  }
  SNT_TRY(walk_map(&layer, root, "", err));
  SNT_TRY(apply_locks(&layer, err));
  return add_layer(settings, path, err);
}
