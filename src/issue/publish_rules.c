#include "issue/publish_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void snt_publish_rules_clear(struct snt_publish_rules *rules) {
  snt_policy_keys_clear(&rules->keys);
  memset(rules, 0, sizeof *rules);
}

snt_status snt_publish_rules_read(const struct snt_settings *settings, struct snt_publish_rules *out,
                                  struct snt_err *err) {
  memset(out, 0, sizeof *out);
  const char *least = snt_settings_text(settings, SNT_SETTING_POLICY_MIN_SIGNATURES);
  const char *installation = snt_settings_text(settings, SNT_SETTING_INSTALLATION);
  int64_t min_signatures = least == NULL ? 0 : strtoll(least, NULL, 10);
  if (installation != NULL && strlen(installation) >= sizeof out->installation) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "installation: \"%.80s\" has more than 64 characters", installation);
  }
  const char *lowest = snt_settings_text(settings, SNT_SETTING_POLICY_MIN_SERIAL);
  out->min_serial = lowest == NULL ? 0 : strtoll(lowest, NULL, 10);
  (void)snprintf(out->installation, sizeof out->installation, "%s", installation == NULL ? "" : installation);
  return snt_policy_keys_read(snt_settings_list(settings, SNT_SETTING_POLICY_KEYS), min_signatures, &out->keys, err);
}

snt_status snt_publish_rules_verify(const struct snt_publish_rules *rules, const struct snt_policy_keys *signers,
                                    const struct snt_pointer *pointer, const char *source, struct snt_err *err) {
  return snt_policy_keys_verify(rules->keys.count > 0 ? &rules->keys : signers, pointer, source, err);
}

static bool is_listed(const struct snt_policy_keys *keys, const char *id) {
  for (size_t i = 0; i < keys->count; i++) {
    if (strcmp(keys->list[i].id, id) == 0) {
      return true;
    }
  }
  return false;
}

snt_status snt_publish_rules_check_signers(const struct snt_publish_rules *rules, const struct snt_policy_keys *signers,
                                           struct snt_err *err) {
  for (size_t i = 0; i < signers->count && rules->keys.count > 0; i++) {
    if (!is_listed(&rules->keys, signers->list[i].id)) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE,
                          "--key: %.120s is none of policy.keys: readers would refuse what it signs",
                          signers->list[i].id));
      return snt_err_hint(err, "sign with one of the configured keys, or add this one to policy.keys");
    }
  }
  return snt_done();
}
