#include "issue/key_users.h"

#include <stdlib.h>
#include <string.h>

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

struct users {
  const struct snt_settings *settings;
  const struct snt_aws_shared_config *config;
  const char *entry;
};

static bool is_user(const struct users *users, const char *profile) {
  struct snt_aws_target target = {0};
  const struct snt_aws_profile_settings *own = snt_settings_profile(users->settings, profile);
  return strcmp(profile, users->entry) != 0 &&
         snt_ok(snt_aws_target_resolve(users->config, own, profile, &target, NULL)) &&
         strcmp(target.source_profile, users->entry) == 0;
}

snt_status snt_key_users_visit(const struct snt_settings *settings, const char *entry,
                               void (*visit)(void *context, const char *profile), void *context) {
  visit(context, entry);
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  SNT_TRY(snt_aws_locations_find(look_up, NULL, &locations, NULL));
  SNT_TRY(snt_aws_shared_config_load(&locations, &config, NULL));
  const struct users users = {settings, config, entry};
  for (size_t i = 0; i < snt_aws_profile_count(config); i++) {
    const char *profile = snt_aws_profile_name_at(config, i);
    if (is_user(&users, profile)) {
      visit(context, profile);
    }
  }
  for (size_t i = 0; i < snt_settings_profile_count(settings); i++) {
    const char *profile = snt_settings_profile_name_at(settings, i);
    if (!snt_aws_profile_exists(config, profile) && is_user(&users, profile)) {
      visit(context, profile);
    }
  }
  return snt_done();
}
