#include "issue/settings_internal.h"

#include <stdlib.h>
#include <string.h>

#include "aws/identity.h"
#include "aws/mfa_session.h"
#include "base/file.h"
#include "format/time.h"

const struct snt_setting_row SNT_SETTING_ROWS[SNT_SETTING_COUNT] = {
#define SNT_SETTING_ROW(id, key, type, variable, admin, values, help)                                                  \
  {key, SNT_SETTING_##type, variable, admin, values},
    SNT_SETTINGS(SNT_SETTING_ROW)
#undef SNT_SETTING_ROW
};

void snt_settings_free_items(char **items) {
  for (char **item = items; item != NULL && *item != NULL; item++) {
    free(*item);
  }
  free(items);
}

void snt_settings_free(struct snt_settings **settings) {
  if (settings == NULL || *settings == NULL) {
    return;
  }
  struct snt_settings *s = *settings;
  for (size_t i = 0; i < SNT_SETTING_COUNT; i++) {
    snt_settings_free_items(s->rows[i].items);
    free(s->rows[i].origin);
    free(s->rows[i].lock);
  }
  for (size_t i = 0; i < s->profile_count; i++) {
    struct snt_setting_profile *p = &s->profiles[i];
    free(p->name);
    free(p->role_arn);
    free(p->source_profile);
    free(p->external_id);
    free(p->mfa_serial);
    free(p->mfa_process);
    free(p->region);
  }
  free(s->profiles);
  for (size_t i = 0; i < s->layer_count; i++) {
    free(s->layer_names[i]);
  }
  free(s);
  *settings = NULL;
}

/* Whether value is one of "a|b". */
static bool is_one_of(const char *value, const char *values) {
  size_t len = strlen(value);
  for (const char *p = values; *p != '\0';) {
    size_t piece = strcspn(p, "|");
    if (piece == len && memcmp(p, value, len) == 0) {
      return true;
    }
    p += piece + (p[piece] == '|' ? 1 : 0);
  }
  return false;
}

static bool is_known(enum snt_setting_id id, const char *value) {
  return SNT_SETTING_ROWS[id].values == NULL || is_one_of(value, SNT_SETTING_ROWS[id].values);
}

static snt_status check_duration(enum snt_setting_id id, const char *value, const char *origin, struct snt_err *err) {
  const char *key = SNT_SETTING_ROWS[id].key;
  int64_t seconds = 0;
  if (strcmp(value, "0") != 0 && !snt_ok(snt_duration_parse(value, &seconds, NULL))) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: %s: \"%s\" is not a duration such as 30s or 24h", origin, key,
                    value);
  }
  if (id == SNT_SETTING_MFA_SESSION && (seconds < SNT_MFA_SESSION_MIN_S || seconds > SNT_MFA_SESSION_MAX_S)) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: %s: \"%s\" is not between 15m and 36h", origin, key, value);
  }
  return snt_done();
}

static snt_status check_value(enum snt_setting_id id, const char *value, const char *origin, struct snt_err *err) {
  if (!is_known(id, value)) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: %s cannot be \"%s\"", origin, SNT_SETTING_ROWS[id].key, value));
    return snt_err_hint(err, "this version knows: %s", SNT_SETTING_ROWS[id].values);
  }
  if (id == SNT_SETTING_IDENTITY_ACCOUNTS && !snt_aws_account_check(value)) {
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: identity.accounts: \"%.100s\" is not an account", origin, value));
    return snt_err_hint(err, "an account has 12 digits, zeros at its beginning too; write them in quotes");
  }
  return SNT_SETTING_ROWS[id].type == SNT_SETTING_DURATION ? check_duration(id, value, origin, err) : snt_done();
}

static bool is_listed(char *const *items, const char *wanted) {
  for (; *items != NULL; items++) {
    if (strcmp(*items, wanted) == 0) {
      return true;
    }
  }
  return false;
}

static snt_status ask_administrator(const char *origin, struct snt_err *err) {
  return snt_err_hint(err,
                      "who asks for signatures may not be asked for less: remove it from %s, or ask your "
                      "administrator",
                      origin);
}

/* A value that check_duration has let through. */
static int64_t read_seconds(const char *value) {
  int64_t seconds = 0;
  SNT_IGNORE(snt_duration_parse(value, &seconds, NULL)); /* "0" */
  return seconds;
}

int64_t snt_settings_seconds(const struct snt_settings *settings, enum snt_setting_id id) {
  const char *text = snt_settings_text(settings, id);
  return text != NULL ? read_seconds(text) : id == SNT_SETTING_POLICY_MAX_STALE ? SNT_POLICY_MAX_STALE_S : 0;
}

/* How old a policy may be: the default binds as what is set does. */
static snt_status check_age(const struct snt_settings *settings, enum snt_setting_id id, const char *value,
                            const char *origin, struct snt_err *err) {
  const struct snt_setting *above = &settings->rows[id];
  int64_t most_s = snt_settings_seconds(settings, id);
  if (read_seconds(value) <= most_s) {
    return snt_done();
  }
  bool is_set = above->items != NULL;
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: %s: \"%.100s\" is more than %s, which is %s%s", origin,
                      SNT_SETTING_ROWS[id].key, value,
                      is_set       ? above->items[0]
                      : most_s > 0 ? "24h"
                                   : "0",
                      is_set ? "set in " : "the default, and policy.keys is set in ",
                      is_set ? above->origin : settings->rows[SNT_SETTING_POLICY_KEYS].origin));
  return ask_administrator(origin, err);
}

/* Where a layer above has keys, this one may ask for more of a policy, and for nothing less. */
static snt_status check_requirement(const struct snt_settings *settings, enum snt_setting_id id, const char *value,
                                    const char *origin, struct snt_err *err) {
  const struct snt_setting *above = &settings->rows[id];
  if (!settings->has_keys_above) {
    return snt_done();
  }
  if (id == SNT_SETTING_POLICY_MAX_STALE || id == SNT_SETTING_POLICY_CACHE_TTL) {
    return check_age(settings, id, value, origin, err);
  }
  if (above->items == NULL) {
    return snt_done();
  }
  if (id == SNT_SETTING_POLICY_KEYS && !is_listed(above->items, value)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: policy.keys: \"%.100s\" is none of the keys in %s", origin,
                        value, above->origin));
    return ask_administrator(origin, err);
  }
  if (id == SNT_SETTING_POLICY_MIN_SIGNATURES && strtoll(value, NULL, 10) < strtoll(above->items[0], NULL, 10)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: policy.min_signatures is less than %s, which is set in %s",
                        origin, above->items[0], above->origin));
    return ask_administrator(origin, err);
  }
  if (id == SNT_SETTING_INSTALLATION && strcmp(value, above->items[0]) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: installation is not \"%.100s\", which is set in %s", origin,
                        above->items[0], above->origin));
    return ask_administrator(origin, err);
  }
  return snt_done();
}

/* A path of HOME becomes one of the root. */
static snt_status expand_path(enum snt_setting_id id, char **item, const char *origin, struct snt_err *err) {
  bool is_path = SNT_SETTING_ROWS[id].type == SNT_SETTING_PATH || SNT_SETTING_ROWS[id].type == SNT_SETTING_PATHS;
  if (!is_path || !snt_str_starts_with(*item, "~/")) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (!snt_ok(snt_path_expand(*item, &path, err))) {
    return snt_err_prefix(err, "%s: %s", origin, SNT_SETTING_ROWS[id].key);
  }
  free(*item);
  *item = snt_buf_take(&path);
  return snt_done();
}

/* Takes items; frees them when it fails. */
snt_status snt_settings_set_items(struct snt_settings *settings, enum snt_setting_id id, char **items,
                                  const char *origin, struct snt_err *err) {
  struct snt_setting *row = &settings->rows[id];
  if (row->lock != NULL) {
    snt_settings_free_items(items);
    SNT_IGNORE(
        snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: %s is locked by %s", origin, SNT_SETTING_ROWS[id].key, row->lock));
    return snt_err_hint(err, "remove it from %s, or ask your administrator", origin);
  }
  char *where = snt_str_dup(origin);
  snt_status status = where == NULL ? snt_fail_memory(err) : snt_done();
  for (char **item = items; snt_ok(status) && *item != NULL; item++) {
    status = check_value(id, *item, origin, err);
    status = snt_ok(status) ? check_requirement(settings, id, *item, origin, err) : status;
    status = snt_ok(status) ? expand_path(id, item, origin, err) : status;
  }
  if (!snt_ok(status)) {
    free(where);
    snt_settings_free_items(items);
    return status;
  }
  snt_settings_free_items(row->items);
  free(row->origin);
  row->items = items;
  row->origin = where;
  return snt_done();
}

snt_status snt_settings_set_text(struct snt_settings *settings, enum snt_setting_id id, const char *value,
                                 const char *origin, struct snt_err *err) {
  char **items = calloc(2, sizeof *items);
  if (items == NULL) {
    return snt_fail_memory(err);
  }
  items[0] = snt_str_dup(value);
  if (items[0] == NULL) {
    free(items);
    return snt_fail_memory(err);
  }
  return snt_settings_set_items(settings, id, items, origin, err);
}

snt_status snt_settings_user_path(struct snt_buf *out, struct snt_err *err) {
  const char *folder = getenv("XDG_CONFIG_HOME");
  if (folder != NULL && folder[0] == '/') {
    return snt_buf_appendf(out, err, "%s/sentinel/config.yaml", folder);
  }
  const char *home = getenv("HOME");
  if (home == NULL || home[0] != '/') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "HOME is not set to an absolute path"));
    return snt_err_hint(err, "set HOME, or give --config FILE");
  }
  return snt_buf_appendf(out, err, "%s/.config/sentinel/config.yaml", home);
}

static snt_status read_environment(struct snt_settings *settings, struct snt_err *err) {
  for (int i = 0; i < SNT_SETTING_COUNT; i++) {
    const char *value = SNT_SETTING_ROWS[i].variable == NULL ? NULL : getenv(SNT_SETTING_ROWS[i].variable);
    if (value != NULL && value[0] != '\0') {
      SNT_TRY(snt_settings_set_text(settings, (enum snt_setting_id)i, value, SNT_SETTING_ROWS[i].variable, err));
    }
  }
  return snt_done();
}

static void make_views(struct snt_settings *settings) {
  for (size_t i = 0; i < settings->profile_count; i++) {
    struct snt_setting_profile *p = &settings->profiles[i];
    p->view.role_arn = p->role_arn;
    p->view.source_profile = p->source_profile;
    p->view.external_id = p->external_id;
    p->view.mfa_serial = p->mfa_serial;
    p->view.mfa_process = p->mfa_process;
    p->view.region = p->region;
  }
}

snt_status snt_settings_load(const char *config_flag, struct snt_settings **out, struct snt_err *err) {
  *out = NULL;
  struct snt_err local = {0};
  struct snt_err *error = err == NULL ? &local : err;
  SNT_SETTINGS_AUTO struct snt_settings *settings = calloc(1, sizeof *settings);
  if (settings == NULL) {
    return snt_fail_memory(error);
  }
  SNT_TRY(snt_settings_read_file(settings, SNT_ADMIN_CONFIG, true, false, error));
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (config_flag != NULL) {
    SNT_TRY(snt_settings_read_file(settings, config_flag, false, true, error));
  } else if (snt_ok(snt_settings_user_path(&path, NULL))) {
    SNT_TRY(snt_settings_read_file(settings, path.data, false, false, error));
  }
  SNT_TRY(read_environment(settings, error));
  make_views(settings);
  *out = SNT_MOVE(settings);
  return snt_done();
}

snt_status snt_settings_set_flag(struct snt_settings *settings, enum snt_setting_id id, const char *flag,
                                 const char *value, struct snt_err *err) {
  if (!is_known(id, value)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s cannot be \"%.100s\"", flag, value));
    return snt_err_hint(err, "this version knows: %s", SNT_SETTING_ROWS[id].values);
  }
  if (!snt_setting_is_list(id)) {
    return snt_settings_set_text(settings, id, value, flag, err);
  }
  size_t count = 2;
  for (const char *p = value; *p != '\0'; p++) {
    count += *p == ',' ? 1 : 0;
  }
  char **items = calloc(count, sizeof *items);
  if (items == NULL) {
    return snt_fail_memory(err);
  }
  size_t used = 0;
  for (const char *p = value;; p += strcspn(p, ",") + 1) {
    size_t len = strcspn(p, ",");
    items[used] = snt_str_dup_slice((struct snt_slice){p, len});
    if (items[used] == NULL || len == 0) {
      snt_settings_free_items(items);
      return len == 0 ? snt_fail(err, SNT_CODE_USAGE, "%s: \"%s\" has an empty element", flag, value)
                      : snt_fail_memory(err);
    }
    used++;
    if (p[len] == '\0') {
      break;
    }
  }
  return snt_settings_set_items(settings, id, items, flag, err);
}

const char *const *snt_settings_list(const struct snt_settings *settings, enum snt_setting_id id) {
  return (const char *const *)settings->rows[id].items;
}

const char *snt_settings_text(const struct snt_settings *settings, enum snt_setting_id id) {
  return settings->rows[id].items == NULL ? NULL : settings->rows[id].items[0];
}

bool snt_settings_is(const struct snt_settings *settings, enum snt_setting_id id, const char *value) {
  const char *text = snt_settings_text(settings, id);
  return text != NULL && strcmp(text, value) == 0;
}

struct snt_keychain_options snt_settings_keychain(const struct snt_settings *settings) {
  return (struct snt_keychain_options){.backend = snt_settings_text(settings, SNT_SETTING_KEYCHAIN_BACKEND),
                                       .helper = snt_settings_text(settings, SNT_SETTING_KEYCHAIN_HELPER),
                                       .tcti = snt_settings_text(settings, SNT_SETTING_KEYCHAIN_TPM),
                                       .wants_pin = snt_settings_is(settings, SNT_SETTING_KEYCHAIN_PIN, "on")};
}

bool snt_settings_is_locked(const struct snt_settings *settings, enum snt_setting_id id) {
  return settings->rows[id].lock != NULL;
}

const struct snt_aws_profile_settings *snt_settings_profile(const struct snt_settings *settings, const char *name) {
  for (size_t i = 0; i < settings->profile_count; i++) {
    if (strcmp(settings->profiles[i].name, name) == 0) {
      return &settings->profiles[i].view;
    }
  }
  return NULL;
}

size_t snt_settings_profile_count(const struct snt_settings *settings) { return settings->profile_count; }

const char *snt_settings_profile_name_at(const struct snt_settings *settings, size_t index) {
  return settings->profiles[index].name;
}

const char *const *snt_settings_layers(const struct snt_settings *settings) { return settings->layers; }
