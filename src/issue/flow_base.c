/* The base credentials of a call, and by which way AWS may be asked for them and after them. */
#include <stdlib.h>
#include <string.h>

#include "aws/base_sources.h"
#include "base/clock.h"
#include "base/prompt.h"
#include "issue/flow.h"
#include "net/proxy.h"

/* first_name: of the base credentials that are about to be read; NULL: something else is. */
static snt_status open_keychain(struct snt_flow *flow, const char *first_name, struct snt_err *err) {
  struct snt_keychain_options options = snt_settings_keychain(flow->settings);
  options.passphrase = flow->environment.passphrase;
  options.prompt_deadline_ms = snt_flow_left_ms(flow, SNT_PROMPT_MS);
  options.first_kind = SNT_KEYCHAIN_KIND_AWS;
  options.first_name = first_name;
  return flow->keychain != NULL ? snt_done() : snt_keychain_open(&options, &flow->keychain, err);
}

snt_status snt_flow_open_keychain(struct snt_flow *flow, struct snt_err *err) { return open_keychain(flow, NULL, err); }

/* aws.md, Regions: flag and policy.regions, the profile's, AWS_REGION, AWS_DEFAULT_REGION. NULL: none. */
static const char *find_single_region(const struct snt_flow *flow) {
  const char *const candidates[] = {flow->target.region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")};
  for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
    if (candidates[i] != NULL && candidates[i][0] != '\0') {
      return candidates[i];
    }
  }
  return NULL;
}

/* What nobody wrote into this call is a mistake of the configuration. */
static snt_status check_single(const struct snt_flow *flow, const char *region, struct snt_err *err) {
  struct snt_err inner = {0};
  if (snt_ok(snt_aws_region_check(region, &inner))) {
    return snt_done();
  }
  if (region == flow->target.region) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "the region of profile \"%s\": %s", flow->target.profile,
                        inner.message));
  } else {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "AWS_REGION or AWS_DEFAULT_REGION: %s", inner.message));
  }
  return snt_err_hint(err, "%s", inner.hint);
}

snt_status snt_flow_collect_regions(struct snt_flow *flow, struct snt_err *err) {
  const char **out = flow->regions;
  const char *const *listed = snt_settings_list(flow->settings, SNT_SETTING_POLICY_REGIONS);
  const char *single = find_single_region(flow);
  size_t count = 0;
  for (; listed != NULL && *listed != NULL; listed++) {
    if (count == SNT_FLOW_REGIONS_MAX) {
      return snt_fail(err, SNT_CODE_CONFIG_INVALID, "policy.regions or --region: at most %d regions can be asked",
                      SNT_FLOW_REGIONS_MAX);
    }
    out[count++] = *listed;
  }
  if (count == 0 && single != NULL) {
    SNT_TRY(check_single(flow, single, err));
    out[count++] = single;
  }
  out[count] = NULL;
  if (count == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "no region is configured for profile \"%s\"",
                        flow->options->profile == NULL ? "" : flow->options->profile));
    return snt_err_hint(err, "set policy.regions, the profile's region, AWS_REGION, or give --region");
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_aws_region_check(out[i], err));
  }
  return snt_done();
}

/* "AWS_ENDPOINT_URL, ca_bundle of the profile": why what is asked is not AWS's own, as AWS is. */
static snt_status list_causes(const struct snt_flow *flow, const struct snt_aws_endpoint *endpoint, bool has_proxy,
                              struct snt_buf *out, struct snt_err *err) {
  const char *bundle = snt_flow_find_ca_bundle(flow);
  const char *const causes[] = {endpoint->is_overridden ? endpoint->named_by : NULL,
                                bundle == NULL                     ? NULL
                                : bundle == flow->target.ca_bundle ? "ca_bundle of the profile"
                                                                   : "AWS_CA_BUNDLE",
                                has_proxy ? snt_proxy_variable() : NULL};
  for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
    if (causes[i] != NULL) {
      SNT_TRY(snt_buf_appendf(out, err, "%s%s", out->len == 0 ? "" : ", ", causes[i]));
    }
  }
  return snt_done();
}

snt_status snt_flow_check_endpoint(const struct snt_flow *flow, const struct snt_aws_endpoint *endpoint,
                                   struct snt_err *err) {
  char proxy[512] = "";
  SNT_TRY(snt_http_proxy_for(flow->client, endpoint->url, proxy, sizeof proxy, err));
  bool is_plain = !endpoint->is_overridden && proxy[0] == '\0' && snt_flow_find_ca_bundle(flow) == NULL;
  if (is_plain || !snt_settings_is(flow->settings, SNT_SETTING_ENDPOINTS, "aws")) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf causes = {0};
  SNT_TRY(list_causes(flow, endpoint, proxy[0] != '\0', &causes, err));
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s: refused by the administrator (endpoints: aws), because of %s",
                      endpoint->host, causes.data));
  return snt_err_hint(err,
                      "unset the variable, or remove the key from ~/.aws/config: only AWS's own endpoints are asked "
                      "here, with the system's certificates and by no proxy");
}

snt_status snt_flow_open_client(struct snt_flow *flow, struct snt_err *err) {
  if (flow->client != NULL) {
    return snt_done();
  }
  struct snt_http_options options = {.ca_bundle = snt_flow_find_ca_bundle(flow)};
  return snt_http_client_open(&options, &flow->client, err);
}

static snt_status open_for_source(void *context, struct snt_http_client **out, struct snt_err *err) {
  struct snt_flow *flow = context;
  SNT_TRY(snt_flow_open_client(flow, err));
  *out = flow->client;
  return snt_done();
}

/* Each host once, one a line. */
static snt_status note_host(struct snt_flow *flow, const char *host, struct snt_err *err) {
  size_t len = strlen(host);
  for (const char *at = snt_buf_borrow(&flow->base_hosts); at != NULL && *at != '\0'; at = strchr(at, '\n') + 1) {
    if (strncmp(at, host, len) == 0 && at[len] == '\n') {
      return snt_done();
    }
  }
  return snt_buf_appendf(&flow->base_hosts, err, "%s\n", host);
}

static snt_status check_for_source(void *context, const struct snt_aws_endpoint *endpoint, struct snt_err *err) {
  struct snt_flow *flow = context;
  SNT_TRY(snt_flow_check_endpoint(flow, endpoint, err));
  flow->base_service = endpoint->service[0] == '\0' ? flow->base_service : *endpoint; /* others go by no proxy */
  return note_host(flow, endpoint->host, err);
}

static enum snt_cache_place place_of(const struct snt_flow *flow) {
  bool is_off = snt_settings_is(flow->settings, SNT_SETTING_KEYCHAIN_CACHE, "off");
  bool is_kernel = snt_settings_is(flow->settings, SNT_SETTING_KEYCHAIN_CACHE, "kernel");
  return is_off ? SNT_CACHE_OFF : is_kernel ? SNT_CACHE_KERNEL : SNT_CACHE_KEYCHAIN;
}

static snt_status find_base(struct snt_flow *flow, bool is_fresh, struct snt_aws_credentials *out,
                            struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf turns = {0};
  const char *const *listed = snt_settings_list(flow->settings, SNT_SETTING_POLICY_REGIONS);
  const char *region = listed != NULL && *listed != NULL ? *listed : find_single_region(flow);
  bool has_turns = snt_ok(snt_flow_cache_folder(&turns, NULL));
  const struct snt_aws_search search = {
      .target = &flow->target,
      .keychain = flow->keychain,
      .environment = &flow->environment.aws,
      .cache = place_of(flow), /* they say for how long they are good: of whoever asks for nothing else that is kept too
                                */
      .is_fresh = is_fresh,
      .ca_bundle = snt_flow_find_ca_bundle(flow),
      .region = region == NULL ? "" : region,
      .end_ms = snt_clock_monotonic_ms() + snt_flow_left_ms(flow, SNT_PROMPT_MS),
      .keeps_sso_in_keychain = !snt_settings_is(flow->settings, SNT_SETTING_SSO_TOKENS, "aws-cli"),
      .turns = has_turns ? snt_buf_borrow(&turns) : NULL,
      .open_client = open_for_source,
      .check_endpoint = check_for_source,
      .context = flow};
  return snt_aws_credentials_find(&search, out, err);
}

snt_status snt_flow_find_credentials(struct snt_flow *flow, struct snt_err *err) {
  flow->stage = "credentials";
  SNT_TRY(open_keychain(flow, snt_aws_credentials_first_name(&flow->target), err));
  SNT_TRY(find_base(flow, false, &flow->base, err));
  flow->cache.place = flow->has_caches ? place_of(flow) : SNT_CACHE_OFF;
  flow->cache.keychain = flow->keychain;
  flow->cache.owner = flow->base.secret_key;
  return snt_done();
}

bool snt_flow_renew_base(struct snt_flow *flow) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials fresh = {0};
  if (!flow->is_key_refused || !flow->base.is_kept || !snt_ok(find_base(flow, true, &fresh, NULL))) {
    return false;
  }
  snt_aws_credentials_clear(&flow->base);
  flow->base = fresh;
  fresh = (struct snt_aws_credentials){0}; /* ownership went to the flow */
  flow->cache.owner = flow->base.secret_key;
  return true;
}
