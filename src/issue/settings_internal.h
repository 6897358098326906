/* issue/settings_internal (layer 5): what settings.c (values, layers, locks) and settings_file.c (a layer's text)
 * share. */
#ifndef SNT_ISSUE_SETTINGS_INTERNAL_H
#define SNT_ISSUE_SETTINGS_INTERNAL_H

#include "issue/settings.h"

struct snt_setting_row {
  const char *key;
  enum snt_setting_type type;
  const char *variable; /* of the environment; NULL: none */
  bool is_admin_only;
  const char *values; /* "a|b"; NULL: any */
};
extern const struct snt_setting_row SNT_SETTING_ROWS[SNT_SETTING_COUNT];

struct snt_setting {
  char **items; /* ends with NULL; NULL: not set */
  char *origin; /* "/etc/sentinel/config.yaml:3" */
  char *lock;   /* where it was locked, or NULL */
};

struct snt_setting_profile {
  char *name;
  char *role_arn, *source_profile, *external_id, *mfa_serial, *mfa_process, *region;
  struct snt_aws_profile_settings view;
};

struct snt_settings {
  struct snt_setting rows[SNT_SETTING_COUNT];
  struct snt_setting_profile *profiles;
  size_t profile_count;
  const char *layers[4];
  size_t layer_count;
  bool has_keys_above; /* policy.keys was set by a layer that was read before */
  char *layer_names[3];
};

static inline bool snt_setting_is_list(enum snt_setting_id id) {
  return SNT_SETTING_ROWS[id].type == SNT_SETTING_LIST || SNT_SETTING_ROWS[id].type == SNT_SETTING_PATHS;
}

/* Takes items (frees them when it fails). Refuses a locked key, and a value that the row does not know; origin names
 * the place. */
snt_status snt_settings_set_items(struct snt_settings *settings, enum snt_setting_id id, char **items,
                                  const char *origin, struct snt_err *err);
snt_status snt_settings_set_text(struct snt_settings *settings, enum snt_setting_id id, const char *value,
                                 const char *origin, struct snt_err *err);
void snt_settings_free_items(char **items);
/* Reads one file over what is set. A missing file is an empty layer, unless it is required. */
snt_status snt_settings_read_file(struct snt_settings *settings, const char *path, bool is_admin, bool is_required,
                                  struct snt_err *err);

#endif
