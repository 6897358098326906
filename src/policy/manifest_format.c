#include "policy/manifest_format.h"

#include <stdlib.h>
#include <string.h>

#include "format/json.h"
#include "format/time.h"

/* Targets and grants, in the order of their names. Freed with the frame they are in. */
struct sorted {
  const struct snt_manifest_target **targets;
  const struct snt_grant **grants;
};

static void free_sorted(struct sorted *sorted) {
  free((void *)sorted->targets);
  free((void *)sorted->grants);
}

static int compare_targets(const void *a, const void *b) {
  return strcmp((*(const struct snt_manifest_target *const *)a)->profile,
                (*(const struct snt_manifest_target *const *)b)->profile);
}

static int compare_grants(const void *a, const void *b) {
  return strcmp((*(const struct snt_grant *const *)a)->plugin, (*(const struct snt_grant *const *)b)->plugin);
}

static snt_status sort(const struct snt_manifest *manifest, struct sorted *out, struct snt_err *err) {
  out->targets = calloc(manifest->target_count + 1, sizeof *out->targets);
  out->grants = calloc(manifest->grants.count + 1, sizeof *out->grants);
  if (out->targets == NULL || out->grants == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < manifest->target_count; i++) {
    out->targets[i] = &manifest->targets[i];
  }
  for (size_t i = 0; i < manifest->grants.count; i++) {
    out->grants[i] = &manifest->grants.list[i];
  }
  qsort((void *)out->targets, manifest->target_count, sizeof *out->targets, compare_targets);
  qsort((void *)out->grants, manifest->grants.count, sizeof *out->grants, compare_grants);
  return snt_done();
}

static void put_text(struct snt_json_writer *json, const char *key, const char *text) {
  if (text[0] != '\0') {
    snt_json_put_string(json, key, text);
  }
}

static void put_list(struct snt_json_writer *json, const char *key, char *const *list) {
  if (list == NULL) {
    return;
  }
  snt_json_begin_array(json, key);
  for (char *const *item = list; *item != NULL; item++) {
    snt_json_put_string(json, NULL, *item);
  }
  snt_json_end_array(json);
}

static void put_flag(struct snt_json_writer *json, const char *key, bool value) {
  if (value) {
    snt_json_put_bool(json, key, true);
  }
}

static void put_plugin(struct snt_json_writer *json, const struct snt_grant *grant) {
  snt_json_begin_object(json, grant->plugin);
  snt_json_put_string(json, "version", grant->version);
  put_text(json, "sha256", grant->sha256);
  snt_json_begin_object(json, "grant");
  put_list(json, "http", grant->http);
  put_list(json, "hosts", grant->hosts);
  put_list(json, "secrets", grant->secrets);
  put_list(json, "files", grant->files);
  put_flag(json, "geoip", grant->has_geoip);
  put_flag(json, "history", grant->has_history);
  put_flag(json, "private", grant->allows_private);
  snt_json_end_object(json);
  if (grant->said.len > 0) {
    snt_json_put_raw(json, "plugin", (struct snt_slice){grant->said.data, grant->said.len});
  }
  snt_json_end_object(json);
}

static void put_bounds(struct snt_json_writer *json, const struct snt_manifest *manifest, const struct sorted *sorted) {
  char duration[32];
  put_text(json, "installation", manifest->installation);
  put_text(json, "not_before", manifest->not_before);
  put_text(json, "not_after", manifest->not_after);
  if (manifest->has_targets) {
    snt_json_begin_object(json, "targets");
    for (size_t i = 0; i < manifest->target_count; i++) {
      put_list(json, sorted->targets[i]->profile, sorted->targets[i]->roles);
    }
    snt_json_end_object(json);
  }
  if (manifest->max_duration_s > 0) {
    snt_duration_format(manifest->max_duration_s, duration);
    snt_json_put_string(json, "max_duration", duration);
  }
  if (!manifest->allows_emergency) {
    snt_json_begin_array(json, "markers");
    snt_json_end_array(json);
  }
  if (manifest->accounts != NULL) {
    snt_json_begin_object(json, "identity");
    put_list(json, "accounts", manifest->accounts);
    snt_json_end_object(json);
  }
}

snt_status snt_manifest_format(const struct snt_manifest *manifest, struct snt_buf *out, struct snt_err *err) {
  struct snt_json_writer json;
  SNT_CLEANUP(free_sorted) struct sorted sorted = {0};
  SNT_TRY(sort(manifest, &sorted, err));
  snt_json_writer_init(&json, out, err);
  snt_json_begin_object(&json, NULL);
  snt_json_put_integer(&json, "sentinel_bundle", 1);
  snt_json_put_string(&json, "name", manifest->name);
  snt_json_put_integer(&json, "serial", manifest->serial);
  snt_json_put_string(&json, "policy", manifest->policy);
  put_bounds(&json, manifest, &sorted);
  if (manifest->grants.count > 0) {
    snt_json_begin_object(&json, "plugins");
    for (size_t i = 0; i < manifest->grants.count; i++) {
      put_plugin(&json, sorted.grants[i]);
    }
    snt_json_end_object(&json);
  }
  put_text(&json, "content", manifest->content);
  put_list(&json, "files", manifest->files);
  snt_json_end_object(&json);
  return snt_json_finish(&json);
}

/* What is a text to every reader of YAML as it stands: a letter, and then nothing that has a meaning. */
static bool is_plain(const char *text) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-";
  static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(text, words[i]) == 0) {
      return false;
    }
  }
  return text[0] != '\0' && strchr(letters, text[0]) != NULL && strspn(text, others) == strlen(text);
}

/* A text in quotes is the same in JSON and YAML. */
static snt_status append_scalar(struct snt_buf *out, const char *text, struct snt_err *err) {
  struct snt_json_writer json;
  if (is_plain(text)) {
    return snt_buf_append_str(out, text, err);
  }
  snt_json_writer_init(&json, out, err);
  snt_json_put_string(&json, NULL, text);
  return snt_json_finish(&json);
}

static snt_status append_line(struct snt_buf *out, const char *key, const char *text, struct snt_err *err) {
  if (text[0] == '\0') {
    return snt_done();
  }
  SNT_TRY(snt_buf_appendf(out, err, "%s: ", key));
  SNT_TRY(append_scalar(out, text, err));
  return snt_buf_append_char(out, '\n', err);
}

/* "[a, b]" */
static snt_status append_list(struct snt_buf *out, char *const *list, struct snt_err *err) {
  SNT_TRY(snt_buf_append_char(out, '[', err));
  for (size_t i = 0; list[i] != NULL; i++) {
    SNT_TRY(snt_buf_append_str(out, i == 0 ? "" : ", ", err));
    SNT_TRY(append_scalar(out, list[i], err));
  }
  return snt_buf_append_char(out, ']', err);
}

static snt_status append_list_line(struct snt_buf *out, const char *key, char *const *list, struct snt_err *err) {
  if (list == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_buf_appendf(out, err, "      %s: ", key));
  SNT_TRY(append_list(out, list, err));
  return snt_buf_append_char(out, '\n', err);
}

static snt_status append_targets(struct snt_buf *out, const struct snt_manifest *manifest, const struct sorted *sorted,
                                 struct snt_err *err) {
  SNT_TRY(snt_buf_append_str(out, manifest->has_targets ? "targets:\n" : "", err));
  for (size_t i = 0; i < manifest->target_count; i++) {
    SNT_TRY(snt_buf_append_str(out, "  ", err));
    SNT_TRY(append_scalar(out, sorted->targets[i]->profile, err));
    SNT_TRY(snt_buf_append_str(out, ":\n", err));
    for (char *const *role = sorted->targets[i]->roles; *role != NULL; role++) {
      SNT_TRY(snt_buf_append_str(out, "    - ", err));
      SNT_TRY(append_scalar(out, *role, err));
      SNT_TRY(snt_buf_append_char(out, '\n', err));
    }
  }
  return snt_done();
}

static bool grants_anything(const struct snt_grant *grant) {
  return grant->http != NULL || grant->hosts != NULL || grant->secrets != NULL || grant->files != NULL ||
         grant->has_geoip || grant->has_history || grant->allows_private;
}

static snt_status append_plugin(struct snt_buf *out, const struct snt_grant *grant, struct snt_err *err) {
  SNT_TRY(snt_buf_appendf(out, err, "  %s:\n    version: \"%s\"\n", grant->plugin, grant->version));
  SNT_TRY(grant->sha256[0] == '\0' ? snt_done() : snt_buf_appendf(out, err, "    sha256: \"%s\"\n", grant->sha256));
  SNT_TRY(grants_anything(grant) ? snt_buf_append_str(out, "    grant:\n", err) : snt_done());
  SNT_TRY(append_list_line(out, "http", grant->http, err));
  SNT_TRY(append_list_line(out, "hosts", grant->hosts, err));
  SNT_TRY(append_list_line(out, "secrets", grant->secrets, err));
  SNT_TRY(append_list_line(out, "files", grant->files, err));
  SNT_TRY(snt_buf_append_str(out, grant->has_geoip ? "      geoip: true\n" : "", err));
  SNT_TRY(snt_buf_append_str(out, grant->has_history ? "      history: true\n" : "", err));
  return snt_buf_append_str(out, grant->allows_private ? "      private: true\n" : "", err);
}

snt_status snt_manifest_format_yaml(const struct snt_manifest *manifest, struct snt_buf *out, struct snt_err *err) {
  char duration[32] = "";
  SNT_CLEANUP(free_sorted) struct sorted sorted = {0};
  SNT_TRY(sort(manifest, &sorted, err));
  SNT_TRY(snt_buf_append_str(out, "sentinel_bundle: 1\n", err));
  SNT_TRY(append_line(out, "name", manifest->name, err));
  SNT_TRY(snt_buf_appendf(out, err, "serial: %lld\n", (long long)manifest->serial));
  SNT_TRY(append_line(out, "policy", manifest->policy, err));
  SNT_TRY(append_line(out, "installation", manifest->installation, err));
  SNT_TRY(append_line(out, "not_before", manifest->not_before, err));
  SNT_TRY(append_line(out, "not_after", manifest->not_after, err));
  SNT_TRY(append_targets(out, manifest, &sorted, err));
  if (manifest->max_duration_s > 0) {
    snt_duration_format(manifest->max_duration_s, duration);
  }
  SNT_TRY(append_line(out, "max_duration", duration, err));
  SNT_TRY(snt_buf_append_str(out, manifest->allows_emergency ? "" : "markers: []\n", err));
  if (manifest->accounts != NULL) {
    SNT_TRY(snt_buf_append_str(out, "identity:\n  accounts: ", err));
    SNT_TRY(append_list(out, manifest->accounts, err));
    SNT_TRY(snt_buf_append_char(out, '\n', err));
  }
  SNT_TRY(snt_buf_append_str(out, manifest->grants.count > 0 ? "plugins:\n" : "", err));
  for (size_t i = 0; i < manifest->grants.count; i++) {
    SNT_TRY(append_plugin(out, sorted.grants[i], err));
  }
  return snt_done();
}

void snt_manifest_put_targets(struct snt_json_writer *writer, const struct snt_manifest *manifest) {
  snt_json_begin_array(writer, "targets");
  for (size_t i = 0; i < manifest->target_count; i++) {
    snt_json_begin_object(writer, NULL);
    snt_json_put_string(writer, "profile", manifest->targets[i].profile);
    snt_json_begin_array(writer, "roles");
    for (char **role = manifest->targets[i].roles; *role != NULL; role++) {
      snt_json_put_string(writer, NULL, *role);
    }
    snt_json_end_array(writer);
    snt_json_end_object(writer);
  }
  snt_json_end_array(writer);
}
