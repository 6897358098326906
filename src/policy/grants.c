#include "policy/grants.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/manifest_keys.h"

enum { LIST_MAX = 64, TEXT_MAX = 255 };

static const char NAME_CHARACTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
static const char HOST_CHARACTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

static void free_list(char **list) {
  for (char **item = list; item != NULL && *item != NULL; item++) {
    free(*item);
  }
  free((void *)list);
}

void snt_grants_clear(struct snt_grants *grants) {
  for (size_t i = 0; i < grants->count; i++) {
    free_list(grants->list[i].http);
    free_list(grants->list[i].hosts);
    free_list(grants->list[i].secrets);
    free_list(grants->list[i].files);
    snt_buf_clear(&grants->list[i].said);
  }
  free(grants->list);
  memset(grants, 0, sizeof *grants);
}

static snt_status refuse(const char *file, const struct snt_yaml_node *node, const char *plugin, const char *what,
                         struct snt_err *err) {
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: plugins.%s%s", file, node->line, node->column, plugin, what);
}

static bool is_made_of(const char *text, const char *characters) {
  size_t len = strlen(text);
  return len > 0 && len <= TEXT_MAX && strspn(text, characters) == len;
}

static bool is_file_pattern(const char *text) {
  return text[0] != '\0' && strlen(text) <= TEXT_MAX && strchr(text, '\\') == NULL;
}

static bool is_plain_name(const char *text) { return is_made_of(text, NAME_CHARACTERS); }

/* A name, and a port where it is not 443. */
static bool is_host(const char *text) {
  size_t len = strspn(text, HOST_CHARACTERS);
  const char *port = text[len] == ':' ? text + len + 1 : "8443";
  return len > 0 && len <= TEXT_MAX && text[0] != '.' && (text[len] == '\0' || text[len] == ':') &&
         is_made_of(port, "0123456789") && strlen(port) <= 5 && port[0] != '0' && strcmp(port, "443") != 0;
}

struct row {
  const char *key;
  size_t offset;                     /* of a list, or of a flag */
  bool (*is_good)(const char *text); /* of a list's items; NULL: a flag */
  const char *wanted;
};

static const struct row ROWS[] = {
    {"http", offsetof(struct snt_grant, http), is_plain_name, " has to be a list of names of the plugin's needs.http"},
    {"hosts", offsetof(struct snt_grant, hosts), is_host,
     " has to be a list of host names in small letters, with :port where it is not 443"},
    {"secrets", offsetof(struct snt_grant, secrets), is_plain_name,
     " has to be a list of names of the plugin's needs.secrets"},
    {"files", offsetof(struct snt_grant, files), is_file_pattern, " has to be a list of files of the bundle"},
    {"geoip", offsetof(struct snt_grant, has_geoip), NULL, " has to be true or false"},
    {"history", offsetof(struct snt_grant, has_history), NULL, " has to be true or false"},
    {"private", offsetof(struct snt_grant, allows_private), NULL, " has to be true or false"},
};

enum { ROW_COUNT = sizeof ROWS / sizeof ROWS[0] };

static snt_status read_list(const struct snt_yaml_node *node, const struct row *row, char ***out, bool *is_good,
                            struct snt_err *err) {
  *is_good = node->type == SNT_YAML_LIST && node->count <= LIST_MAX;
  if (!*is_good || node->count == 0) { /* an empty list grants nothing, as none does */
    return snt_done();
  }
  *out = calloc(node->count + 1, sizeof **out);
  if (*out == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < node->count && *is_good; i++) {
    const struct snt_yaml_node *item = node->children[i];
    *is_good = item->type == SNT_YAML_STRING && row->is_good(item->text);
    (*out)[i] = *is_good ? snt_str_dup(item->text) : NULL;
    if (*is_good && (*out)[i] == NULL) {
      return snt_fail_memory(err);
    }
  }
  return snt_done();
}

static snt_status read_row(const char *file, const struct snt_yaml_node *node, const struct row *row,
                           struct snt_grant *out, struct snt_err *err) {
  char *field = (char *)out + row->offset;
  bool is_good = node->type == SNT_YAML_BOOL;
  if (row->is_good != NULL) {
    SNT_TRY(read_list(node, row, (char ***)(void *)field, &is_good, err));
  } else if (is_good) {
    *(bool *)(void *)field = node->boolean;
  }
  char key[96];
  (void)snprintf(key, sizeof key, "%s.grant.%s", out->plugin, row->key);
  return is_good ? snt_done() : refuse(file, node, key, row->wanted, err);
}

static snt_status read_grant(const char *file, const struct snt_yaml_node *node, struct snt_grant *out,
                             struct snt_err *err) {
  const char *names[ROW_COUNT + 1] = {0};
  for (size_t i = 0; i < ROW_COUNT; i++) {
    names[i] = ROWS[i].key;
  }
  if (node->type != SNT_YAML_MAP) {
    return refuse(file, node, out->plugin, ".grant has to be a mapping", err);
  }
  char where[64];
  (void)snprintf(where, sizeof where, " in plugins.%s.grant", out->plugin);
  SNT_TRY(snt_manifest_check_keys(file, node, names, where, err));
  for (size_t i = 0; i < ROW_COUNT; i++) {
    const struct snt_yaml_node *given = snt_yaml_get(node, ROWS[i].key);
    SNT_TRY(given == NULL ? snt_done() : read_row(file, given, &ROWS[i], out, err));
  }
  return snt_done();
}

static bool is_plugin_name(const char *name) {
  return name[0] >= 'a' && name[0] <= 'z' && strlen(name) < SNT_PLUGIN_NAME_CAP &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static bool is_hash(const struct snt_yaml_node *node) {
  return node->type == SNT_YAML_STRING && strlen(node->text) == SNT_SHA256_HEX_CAP - 1 &&
         strspn(node->text, "0123456789abcdef") == SNT_SHA256_HEX_CAP - 1;
}

static snt_status read_pins(const char *file, const struct snt_yaml_node *node, struct snt_grant *out,
                            struct snt_err *err) {
  const struct snt_yaml_node *version = snt_yaml_get(node, "version");
  const struct snt_yaml_node *sha256 = snt_yaml_get(node, "sha256");
  if (version == NULL || version->type != SNT_YAML_STRING || !is_made_of(version->text, "0123456789.") ||
      strlen(version->text) >= sizeof out->version) {
    return refuse(file, version == NULL ? node : version, out->plugin, ".version has to be one such as 1.2.0", err);
  }
  if (sha256 != NULL && !is_hash(sha256)) {
    return refuse(file, sha256, out->plugin, ".sha256 has to be 64 hexadecimal digits in small letters", err);
  }
  (void)snprintf(out->version, sizeof out->version, "%s", version->text);
  (void)snprintf(out->sha256, sizeof out->sha256, "%s", sha256 == NULL ? "" : sha256->text);
  return snt_done();
}

static snt_status read_plugin(const char *file, const struct snt_yaml_node *node, bool is_packed, struct snt_grant *out,
                              struct snt_err *err) {
  static const char *const keys[] = {"version", "sha256", "grant", NULL};
  static const char *const packed_keys[] = {"version", "sha256", "grant", "plugin", NULL};
  if (node->type != SNT_YAML_MAP) {
    return refuse(file, node, out->plugin, " has to be a mapping with a version", err);
  }
  char where[64];
  (void)snprintf(where, sizeof where, " in plugins.%s", out->plugin);
  SNT_TRY(snt_manifest_check_keys(file, node, is_packed ? packed_keys : keys, where, err));
  SNT_TRY(read_pins(file, node, out, err));
  if (is_packed && (out->sha256[0] == '\0' || snt_yaml_get(node, "plugin") == NULL)) {
    return refuse(file, node, out->plugin, " lacks its sha256, or what plugin.lua says", err);
  }
  const struct snt_yaml_node *grant = snt_yaml_get(node, "grant");
  return grant == NULL ? snt_done() : read_grant(file, grant, out, err);
}

snt_status snt_grants_read(const char *file, const struct snt_yaml_node *node, bool is_packed, struct snt_grants *out,
                           struct snt_err *err) {
  if (node->type != SNT_YAML_MAP || node->count > LIST_MAX) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: plugins has to be a mapping of at most %d plugins", file,
                    node->line, node->column, LIST_MAX);
  }
  out->list = calloc(node->count + 1, sizeof *out->list);
  if (out->list == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < node->count; i++) {
    struct snt_grant *grant = &out->list[out->count++];
    if (!is_plugin_name(node->keys[i])) {
      return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s:%u:%u: \"%s\" cannot be the name of a plugin", file,
                      node->key_lines[i], node->key_columns[i], node->keys[i]);
    }
    (void)snprintf(grant->plugin, sizeof grant->plugin, "%s", node->keys[i]);
    grant->line = node->key_lines[i];
    grant->column = node->key_columns[i];
    SNT_TRY(read_plugin(file, node->children[i], is_packed, grant, err));
  }
  return snt_done();
}

const struct snt_grant *snt_grants_find(const struct snt_grants *grants, const char *plugin) {
  for (size_t i = 0; i < grants->count; i++) {
    if (strcmp(grants->list[i].plugin, plugin) == 0) {
      return &grants->list[i];
    }
  }
  return NULL;
}

bool snt_grant_lists(char *const *list, const char *name) {
  for (char *const *item = list; item != NULL && *item != NULL; item++) {
    if (strcmp(*item, name) == 0) {
      return true;
    }
  }
  return false;
}

bool snt_grant_fits(char *const *patterns, const char *name) {
  for (char *const *item = patterns; item != NULL && *item != NULL; item++) {
    if (snt_glob_match(*item, strlen(*item), name, strlen(name))) {
      return true;
    }
  }
  return false;
}
