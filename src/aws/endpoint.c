/* Where a service is (aws.md, Endpoints and test doubles).
 *
 * MUST
 *  1. plain http only to a literal loopback address;
 *  2. anything but the very name AWS gives the service in that region counts as overridden. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/service.h"
#include "base/str.h"
#include "format/uri.h"

/* The names of a host: as it is, with FIPS, with dual stack, with both. */
enum { FIPS = 1, DUAL_STACK = 2, VARIANTS = 4 };

/* AWS's partitions, by the beginning of their regions' names; the last row is for everything else. IAM has one endpoint
 * in each, and its signatures name one region; sign-in to the console has one, which signs nothing. */
struct partition {
  const char *prefix;
  const char *name;
  const char *domain;
  const char *dual_domain;
  const char *iam_hosts[VARIANTS];
  const char *iam_region;
  const char *signin_host; /* NULL: none that is known */
  bool is_fips;            /* its hosts are those with FIPS already, but for dual stack */
};
static const struct partition PARTITIONS[] = {
    {"cn-",
     "aws-cn",
     "amazonaws.com.cn",
     "api.amazonwebservices.com.cn",
     {"iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn", "iam.global.api.amazonwebservices.com.cn",
      "iam-fips.api.amazonwebservices.com.cn"},
     "cn-north-1",
     "signin.amazonaws.cn",
     false},
    {"us-iso-",
     "aws-iso",
     "c2s.ic.gov",
     "api.aws.ic.gov",
     {"iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov",
      "iam-fips.api.aws.ic.gov"},
     "us-iso-east-1",
     NULL,
     false},
    {"us-isob-",
     "aws-iso-b",
     "sc2s.sgov.gov",
     "api.aws.scloud",
     {"iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov", "iam.api.aws.scloud",
      "iam-fips.api.aws.scloud"},
     "us-isob-east-1",
     NULL,
     false},
    {"eu-isoe-",
     "aws-iso-e",
     "cloud.adc-e.uk",
     "api.cloud-aws.adc-e.uk",
     {"iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk", "iam.api.cloud-aws.adc-e.uk",
      "iam-fips.api.cloud-aws.adc-e.uk"},
     "eu-isoe-west-1",
     NULL,
     false},
    {"us-isof-",
     "aws-iso-f",
     "csp.hci.ic.gov",
     "api.aws.hci.ic.gov",
     {"iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov", "iam.api.aws.hci.ic.gov",
      "iam-fips.api.aws.hci.ic.gov"},
     "us-isof-south-1",
     NULL,
     false},
    {"eusc-",
     "aws-eusc",
     "amazonaws.eu",
     "api.amazonwebservices.eu",
     {"iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu", "iam.api.amazonwebservices.eu",
      "iam-fips.api.amazonwebservices.eu"},
     "eusc-de-east-1",
     NULL,
     false},
    {"us-gov-",
     "aws-us-gov",
     "amazonaws.com",
     "api.aws",
     {"iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"},
     "us-gov-west-1",
     "signin.amazonaws-us-gov.com",
     true},
    {"",
     "aws",
     "amazonaws.com",
     "api.aws",
     {"iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"},
     "us-east-1",
     "signin.aws.amazon.com",
     false},
};

/* Services whose hosts are not called what their variables are. */
static const struct { const char *service, *host; } HOSTS[] = {{"sso_oidc", "oidc"}, {"sso", "portal.sso"}};

static const char *host_of(const char *service) {
  for (size_t i = 0; i < sizeof HOSTS / sizeof HOSTS[0]; i++) {
    if (strcmp(HOSTS[i].service, service) == 0) {
      return HOSTS[i].host;
    }
  }
  return service;
}

snt_status snt_aws_region_check(const char *region, struct snt_err *err) {
  size_t len = strlen(region);
  if (len < 3 || len > 63 || strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != len) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" is not the name of a region", region));
    return snt_err_hint(err, "a region's name looks like us-east-1");
  }
  return snt_done();
}

static const struct partition *partition_of(const char *region) {
  size_t row = 0;
  while (!snt_str_starts_with(region, PARTITIONS[row].prefix)) {
    row++;
  }
  return &PARTITIONS[row];
}

const char *snt_aws_partition_of(const char *region) { return partition_of(region)->name; }

static const char *read_variable(const char *name) {
  const char *value = getenv(name);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

/* What was configured, or NULL. name says where, for messages. */
static const char *find_configured(const char *service, const struct snt_aws_endpoint_wish *wish, char *name,
                                   size_t name_cap) {
  const char *ignores = read_variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (ignores != NULL && strcasecmp(ignores, "true") == 0) {
    return NULL;
  }
  (void)snprintf(name, name_cap, "AWS_ENDPOINT_URL_%s", service);
  for (char *c = name; *c != '\0'; c++) {
    *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
  }
  const char *url = read_variable(name);
  if (url == NULL) {
    (void)snprintf(name, name_cap, "AWS_ENDPOINT_URL");
    url = read_variable(name);
  }
  if (url == NULL && wish->url != NULL && wish->url[0] != '\0') {
    bool is_own = wish->services == NULL;
    (void)snprintf(name, name_cap, "endpoint_url of %s%.64s%s", is_own ? "the profile" : "[services ",
                   is_own ? "" : wish->services, is_own ? "" : "]");
    url = wish->url;
  }
  return url;
}

static snt_status refuse_url(const char *message, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s", message));
  return snt_err_hint(err, "give https://HOST[:PORT], or http:// with a literal loopback address (127.0.0.1, [::1])");
}

static snt_status take_configured(const char *text, const char *name, struct snt_aws_endpoint *out,
                                  struct snt_err *err) {
  struct snt_url url = {0};
  struct snt_err inner = {0};
  char message[256];
  if (!snt_ok(snt_url_parse(text, name, &url, &inner))) {
    return refuse_url(inner.message, err);
  }
  if (strcmp(url.scheme, "https") != 0 && !url.is_loopback) {
    (void)snprintf(message, sizeof message, "%s: plain http is only for a literal loopback address", name);
    return refuse_url(message, err);
  }
  size_t path_len = strlen(url.path);
  while (path_len > 0 && url.path[path_len - 1] == '/') {
    path_len--;
  }
  int len = snprintf(out->url, sizeof out->url, "%s://%s%.*s", url.scheme, url.authority, (int)path_len, url.path);
  if (len < 0 || (size_t)len >= sizeof out->url) {
    (void)snprintf(message, sizeof message, "%s: the URL is too long", name);
    return refuse_url(message, err);
  }
  (void)snprintf(out->host, sizeof out->host, "%s", url.authority);
  return snt_done();
}

/* true or false, of the variable, else of the profile's key; anything else is not guessed at. */
static snt_status read_wish(const char *variable, const char *key, const char *configured, bool *out,
                            struct snt_err *err) {
  const char *value = read_variable(variable);
  const char *name = value == NULL ? key : variable;
  value = value == NULL ? configured : value;
  bool is_none = value == NULL || value[0] == '\0';
  *out = !is_none && strcasecmp(value, "true") == 0;
  if (is_none || *out || strcasecmp(value, "false") == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s is neither true nor false", name));
  return snt_err_hint(err, "set it to true or false, or not at all");
}

static snt_status read_variant(const struct snt_aws_endpoint_wish *wish, unsigned *out, struct snt_err *err) {
  bool is_fips = false;
  bool is_dual_stack = false;
  SNT_TRY(read_wish("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", wish->fips, &is_fips, err));
  SNT_TRY(read_wish("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", wish->dual_stack, &is_dual_stack, err));
  *out = (is_fips ? FIPS : 0U) | (is_dual_stack ? DUAL_STACK : 0U);
  return snt_done();
}

/* AWS's own name for it. */
static void name_host(const struct partition *partition, const char *region, unsigned variant,
                      struct snt_aws_endpoint *out) {
  const char *service = out->service;
  bool is_iam = strcmp(service, "iam") == 0;
  (void)snprintf(out->region, sizeof out->region, "%s", is_iam ? partition->iam_region : region);
  if (is_iam) {
    (void)snprintf(out->host, sizeof out->host, "%s", partition->iam_hosts[variant]);
  } else if (strcmp(service, "signin") == 0 && partition->signin_host != NULL) {
    (void)snprintf(out->host, sizeof out->host, "%s", partition->signin_host);
  } else {
    bool is_named_so = (variant & FIPS) != 0 && !(partition->is_fips && variant == FIPS);
    (void)snprintf(out->host, sizeof out->host, "%s%s.%s.%s", host_of(service), is_named_so ? "-fips" : "", region,
                   (variant & DUAL_STACK) != 0 ? partition->dual_domain : partition->domain);
  }
  (void)snprintf(out->url, sizeof out->url, "https://%s", out->host);
}

/* Whether another host serves FIPS is nothing we know: who wishes for both gets neither. */
static snt_status refuse_both(const char *name, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s names an endpoint, and FIPS endpoints are asked for", name));
  return snt_err_hint(err, "unset it, or AWS_USE_FIPS_ENDPOINT and use_fips_endpoint");
}

snt_status snt_aws_endpoint_choose(const char *service, const char *region, const struct snt_aws_endpoint_wish *wish,
                                   struct snt_aws_endpoint *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_aws_endpoint endpoint = {0};
  unsigned variant = 0;
  if (strlen(service) >= sizeof endpoint.service || !snt_ok(snt_aws_region_check(region, NULL))) {
    return snt_fail(err, SNT_CODE_BUG, "there is no endpoint for \"%.32s\" in \"%.100s\"", service, region);
  }
  SNT_TRY(read_variant(wish, &variant, err));
  (void)snprintf(endpoint.service, sizeof endpoint.service, "%s", service);
  name_host(partition_of(region), region, variant, &endpoint);
  char name[sizeof endpoint.named_by];
  const char *text = find_configured(service, wish, name, sizeof name);
  if (text != NULL) {
    struct snt_aws_endpoint plain = endpoint;
    SNT_TRY(take_configured(text, name, &endpoint, err));
    endpoint.is_overridden = strcmp(plain.url, endpoint.url) != 0;
    (void)snprintf(endpoint.named_by, sizeof endpoint.named_by, "%s", endpoint.is_overridden ? name : "");
  }
  if (endpoint.is_overridden && (variant & FIPS) != 0) {
    return refuse_both(name, err);
  }
  *out = endpoint;
  return snt_done();
}

snt_status snt_aws_endpoint_find(const char *service, const char *region, const char *configured_url,
                                 struct snt_aws_endpoint *out, struct snt_err *err) {
  const struct snt_aws_endpoint_wish wish = {.url = configured_url};
  return snt_aws_endpoint_choose(service, region, &wish, out, err);
}
