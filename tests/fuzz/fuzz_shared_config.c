/* Any bytes as ~/.aws/config and ~/.aws/credentials (cut at the first 0x01): reading them and resolving what they name
 * never crash, and every walk ends. */
#include <stdint.h>
#include <string.h>

#include "aws/shared_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void resolve(const struct snt_aws_shared_config *config, const char *profile) {
  struct snt_aws_target target;
  struct snt_aws_chain chain;
  struct snt_err err = {0};
  SNT_IGNORE(snt_aws_target_resolve(config, NULL, profile, &target, &err));
  SNT_IGNORE(snt_aws_chain_resolve(config, profile, NULL, &chain, &err));
  for (size_t i = 0; i < snt_aws_property_count(config, profile); i++) {
    const char *value = NULL;
    const char *key = snt_aws_property_at(config, profile, i, &value);
    (void)strlen(value);
    (void)snt_aws_profile_get(config, profile, key);
  }
  (void)snt_aws_profile_get(config, profile, "s3.max");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  const char *cut = size == 0 ? NULL : memchr(text, 1, size);
  size_t config_len = cut == NULL ? size : (size_t)(cut - text);
  size_t credentials_len = cut == NULL ? 0 : size - config_len - 1;
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  struct snt_err err = {0};
  if (!snt_ok(snt_aws_shared_config_parse(text, config_len, cut == NULL ? NULL : cut + 1, credentials_len, &config,
                                          &err))) {
    return 0;
  }
  for (size_t i = 0; i < snt_aws_profile_count(config); i++) {
    resolve(config, snt_aws_profile_name_at(config, i));
  }
  return 0;
}
