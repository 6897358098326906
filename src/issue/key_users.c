#include "issue/key_users.h"

#include <stdlib.h>
#include <string.h>

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

snt_status snt_key_users_visit(const struct snt_settings *settings, const char *entry,
                               void (*visit)(void *context, const char *profile), void *context) {
  visit(context, entry);
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  SNT_TRY(snt_aws_locations_find(look_up, NULL, &locations, NULL));
  SNT_TRY(snt_aws_shared_config_load(&locations, &config, NULL));
  for (size_t i = 0; i < snt_aws_profile_count(config); i++) {
    const char *profile = snt_aws_profile_name_at(config, i);
    struct snt_aws_target target = {0};
    const struct snt_aws_profile_settings *own = snt_settings_profile(settings, profile);
    if (snt_ok(snt_aws_target_resolve(config, own, profile, &target, NULL)) && strcmp(profile, entry) != 0 &&
        strcmp(target.source_profile, entry) == 0) {
      visit(context, profile);
    }
  }
  return snt_done();
}
