/* issue/publish_rules (layer 5, internal): what the configuration asks of published policy. It loads libcrypto: not in
 * a process that starts evaluators later. */
#ifndef SNT_ISSUE_PUBLISH_RULES_H
#define SNT_ISSUE_PUBLISH_RULES_H

#include "issue/settings.h"
#include "policy/keys.h"

struct snt_publish_rules {
  struct snt_policy_keys keys;
  char installation[65]; /* "": any */
  int64_t min_serial;    /* 0: any */
};
void snt_publish_rules_clear(struct snt_publish_rules *rules);
#define SNT_PUBLISH_RULES_AUTO SNT_CLEANUP(snt_publish_rules_clear)
/* Code CONFIG_INVALID. */
snt_status snt_publish_rules_read(const struct snt_settings *settings, struct snt_publish_rules *out,
                                  struct snt_err *err);
/* The signatures, by the configured keys, else by the signers; as snt_policy_keys_verify. With neither, all is good. */
snt_status snt_publish_rules_verify(const struct snt_publish_rules *rules, const struct snt_policy_keys *signers,
                                    const struct snt_pointer *pointer, const char *source, struct snt_err *err);
/* Code USAGE for a signer that is none of the configured keys. */
snt_status snt_publish_rules_check_signers(const struct snt_publish_rules *rules, const struct snt_policy_keys *signers,
                                           struct snt_err *err);

#endif
