/* The user's configuration: written where there is none, told otherwise. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "issue/settings.h"
#include "issue/setup_internal.h"

static bool is_listed(const char *const *list, const char *text) {
  for (; list != NULL && *list != NULL; list++) {
    if (strcmp(*list, text) == 0) {
      return true;
    }
  }
  return false;
}

static bool has_regions(const char *const *list, char *const *regions) {
  size_t i = 0;
  for (; list != NULL && list[i] != NULL && regions[i] != NULL && strcmp(list[i], regions[i]) == 0; i++) {
  }
  return list != NULL && list[i] == NULL && regions[i] == NULL;
}

/* Whether it means the same, with whatever else it says. */
static bool is_configured(const struct snt_settings *settings, const struct snt_setup *setup) {
  const char *installation = snt_settings_text(settings, SNT_SETTING_INSTALLATION);
  const char *source = snt_settings_text(settings, SNT_SETTING_POLICY_SOURCE);
  return installation != NULL && strcmp(installation, setup->installation) == 0 && source != NULL &&
         strcmp(source, "ssm:/sentinel/policies/{profile}") == 0 &&
         has_regions(snt_settings_list(settings, SNT_SETTING_POLICY_REGIONS), setup->regions) &&
         is_listed(snt_settings_list(settings, SNT_SETTING_POLICY_KEYS), snt_buf_borrow(&setup->key.public_line));
}

static bool is_any_locked(const struct snt_settings *settings) {
  static const enum snt_setting_id ids[] = {SNT_SETTING_INSTALLATION, SNT_SETTING_POLICY_SOURCE,
                                            SNT_SETTING_POLICY_REGIONS, SNT_SETTING_POLICY_KEYS,
                                            SNT_SETTING_POLICY_MIN_SIGNATURES};
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    if (snt_settings_is_locked(settings, ids[i])) {
      return true;
    }
  }
  return false;
}

snt_status snt_setup_find_settings(const struct snt_setup_options *options, struct snt_setup *setup,
                                   struct snt_err *err) {
  struct snt_setup_settings *out = &setup->settings;
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  snt_buf_reset(&out->path);
  snt_buf_reset(&out->text);
  SNT_TRY(options->common.config != NULL ? snt_buf_append_str(&out->path, options->common.config, err)
                                         : snt_settings_user_path(&out->path, err));
  SNT_TRY(snt_setup_fill(setup, "config.yaml", &out->text, err));
  SNT_TRY(snt_settings_load(options->common.config, &settings, err));
  bool is_key_known = setup->key.public_line.len > 0 || setup->key.state == SNT_SETUP_MISSING;
  out->is_locked = is_any_locked(settings);
  out->state = is_configured(settings, setup)      ? SNT_SETUP_SAME
               : access(out->path.data, F_OK) != 0 ? SNT_SETUP_MISSING
               : is_key_known                      ? SNT_SETUP_DIFFERENT
                                                   : SNT_SETUP_UNKNOWN;
  return snt_done();
}

snt_status snt_setup_write_settings(struct snt_setup *setup, struct snt_err *err) {
  struct snt_setup_settings *settings = &setup->settings;
  if (settings->state != SNT_SETUP_MISSING || settings->is_locked) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf folder = {0};
  SNT_TRY(snt_buf_append(&folder, settings->path.data,
                         (size_t)(strrchr(settings->path.data, '/') - settings->path.data), err));
  SNT_TRY(snt_file_make_folders(folder.data, err));
  SNT_TRY(snt_file_replace(settings->path.data, settings->text.data, settings->text.len, 0600, err));
  settings->state = SNT_SETUP_WRITTEN;
  return snt_done();
}
