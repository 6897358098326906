/* Where a service is for a profile: what stands in the profile about it, and in the services section that it names. */
#include <stdio.h>
#include <string.h>

#include "aws/base_sources.h"

/* The profile's own endpoint_url is the caller's: a target's may come from elsewhere. */
static struct snt_aws_endpoint_wish wish_of(const struct snt_aws_shared_config *config, const char *profile,
                                            const char *service, const char *url) {
  struct snt_aws_endpoint_wish wish = {.url = url};
  if (config == NULL) {
    return wish;
  }
  char key[48];
  (void)snprintf(key, sizeof key, "%s.endpoint_url", service);
  const char *section = snt_aws_profile_get(config, profile, "services");
  const char *special = section == NULL ? NULL : snt_aws_services_get(config, section, key);
  wish.url = special == NULL ? url : special;
  wish.services = special == NULL ? NULL : section;
  wish.fips = snt_aws_profile_get(config, profile, "use_fips_endpoint");
  wish.dual_stack = snt_aws_profile_get(config, profile, "use_dualstack_endpoint");
  return wish;
}

snt_status snt_aws_endpoint_of(const struct snt_aws_target *target, const char *service, const char *region,
                               struct snt_aws_endpoint *out, struct snt_err *err) {
  const struct snt_aws_endpoint_wish wish = wish_of(target->config, target->profile, service, target->endpoint_url);
  return snt_aws_endpoint_choose(service, region, &wish, out, err);
}

static const char *choose(const char *first, const char *second) {
  return first == NULL || first[0] == '\0' ? second : first;
}

/* What the profile that was asked for says goes first, as it does for the calls that follow. */
snt_status snt_aws_search_sts(const struct snt_aws_search *search, const char *profile, const char *what,
                              struct snt_aws_endpoint *out, struct snt_err *err) {
  const struct snt_aws_target *target = search->target;
  struct snt_aws_endpoint_wish wish = wish_of(target->config, target->profile, "sts", target->endpoint_url);
  const char *region = search->region;
  if (profile != NULL) {
    const char *own_url = snt_aws_profile_get(target->config, profile, "endpoint_url");
    const struct snt_aws_endpoint_wish own = wish_of(target->config, profile, "sts", own_url);
    bool has_url = wish.url != NULL && wish.url[0] != '\0';
    wish = (struct snt_aws_endpoint_wish){.url = has_url ? wish.url : own.url,
                                          .services = has_url ? wish.services : own.services,
                                          .fips = choose(wish.fips, own.fips),
                                          .dual_stack = choose(wish.dual_stack, own.dual_stack)};
    region = choose(snt_aws_profile_get(target->config, profile, "region"), region);
  }
  if (region[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "no region is known in which STS could be asked for %s", what));
    return snt_err_hint(err, "set region in the profile, AWS_REGION, or --region");
  }
  SNT_TRY(snt_aws_region_check(region, err));
  return snt_aws_endpoint_choose("sts", region, &wish, out, err);
}
