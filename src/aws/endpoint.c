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

/* AWS's partitions, by the beginning of their regions' names; the last row is for everything else. IAM has one endpoint
 * in each, and its signatures name one region; sign-in to the console has one, which signs nothing. */
struct partition {
  const char *prefix;
  const char *name;
  const char *domain;
  const char *iam_host;
  const char *iam_region;
  const char *signin_host; /* NULL: none that is known */
};
static const struct partition PARTITIONS[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1", "signin.amazonaws.cn"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", NULL},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", NULL},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", NULL},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", NULL},
    {"eusc-", "aws-eusc", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", NULL},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1",
     "signin.amazonaws-us-gov.com"},
    {"", "aws", "amazonaws.com", "iam.amazonaws.com", "us-east-1", "signin.aws.amazon.com"},
};

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

/* What was configured and where, or NULL. name is the variable's, for messages. */
static const char *find_configured(const char *service, const char *configured_url, char *name, size_t name_cap) {
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
  if (url == NULL && configured_url != NULL && configured_url[0] != '\0') {
    (void)snprintf(name, name_cap, "endpoint_url of the profile");
    url = configured_url;
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

snt_status snt_aws_endpoint_find(const char *service, const char *region, const char *configured_url,
                                 struct snt_aws_endpoint *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_aws_endpoint endpoint = {0};
  if (strlen(service) >= sizeof endpoint.service || !snt_ok(snt_aws_region_check(region, NULL))) {
    return snt_fail(err, SNT_CODE_BUG, "there is no endpoint for \"%.32s\" in \"%.100s\"", service, region);
  }
  (void)snprintf(endpoint.service, sizeof endpoint.service, "%s", service);
  const struct partition *partition = partition_of(region);
  if (strcmp(service, "iam") == 0) {
    (void)snprintf(endpoint.region, sizeof endpoint.region, "%s", partition->iam_region);
    (void)snprintf(endpoint.host, sizeof endpoint.host, "%s", partition->iam_host);
  } else if (strcmp(service, "signin") == 0 && partition->signin_host != NULL) {
    (void)snprintf(endpoint.region, sizeof endpoint.region, "%s", region);
    (void)snprintf(endpoint.host, sizeof endpoint.host, "%s", partition->signin_host);
  } else {
    (void)snprintf(endpoint.region, sizeof endpoint.region, "%s", region);
    (void)snprintf(endpoint.host, sizeof endpoint.host, "%s.%s.%s", service, region, partition->domain);
  }
  (void)snprintf(endpoint.url, sizeof endpoint.url, "https://%s", endpoint.host);
  char name[64];
  const char *text = find_configured(service, configured_url, name, sizeof name);
  if (text != NULL) {
    struct snt_aws_endpoint plain = endpoint;
    SNT_TRY(take_configured(text, name, &endpoint, err));
    endpoint.is_overridden = strcmp(plain.url, endpoint.url) != 0;
  }
  *out = endpoint;
  return snt_done();
}
