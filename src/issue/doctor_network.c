/* doctor: the program's own parts, and the way to AWS. Nothing is sent but with --online, and that without a key. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/service.h"
#include "base/clock.h"
#include "base/file.h"
#include "facts/geo.h"
#include "format/uri.h"
#include "issue/doctor_internal.h"
#include "keychain/bus.h"
#include "keychain/crypto.h"
#include "keychain/tpm.h"
#include "net/net.h"
#include "net/proxy.h"
#include "net/trust.h"
#include "snt_build_id.h"

#define CA_BUNDLE_CAP ((size_t)8 * 1024 * 1024)

enum { CLOCK_OFF_MS = 60000 };

static const char ANY_REGION[] = "us-east-1"; /* where no region is known, for the form of an endpoint */

static void tell_program(struct snt_doctor *doctor) {
  char path[PATH_MAX];
  struct stat st;
  ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
  if (len <= 0) {
    snt_doctor_broken(doctor, "program", "mount /proc", "/proc/self/exe: %s", strerror(errno));
    return;
  }
  path[len] = '\0';
  if (stat(path, &st) == 0 && (st.st_mode & 022) != 0) {
    snt_doctor_warn(doctor, "program", "chmod go-w the program", "%s is writable by other users", path);
  } else {
    snt_doctor_ok(doctor, "program", "%s, version %s, build %.12s", path, SNT_VERSION, SNT_BUILD_ID);
  }
}

static void tell_module(struct snt_doctor *doctor, const char *name, const char *what, snt_status status,
                        const struct snt_err *failure) {
  if (snt_ok(status)) {
    snt_doctor_ok(doctor, name, "loaded: %s", what);
  } else {
    snt_doctor_failed(doctor, name, failure);
  }
}

void snt_doctor_check_program(struct snt_doctor *doctor) {
  const struct snt_net *net = NULL;
  const struct snt_crypto *crypto = NULL;
  const struct snt_bus *bus = NULL;
  const struct snt_tpm *tpm = NULL;
  const struct snt_geo *geo = NULL;
  struct snt_err failure = {0};
  tell_program(doctor);
  tell_module(doctor, "net", "the network, for AWS", snt_net_load(&net, &failure), &failure);
  tell_module(doctor, "crypto", "the file keychain's encryption", snt_crypto_load(&crypto, &failure), &failure);
  tell_module(doctor, "bus", "D-Bus, for the Secret Service", snt_bus_load(&bus, &failure), &failure);
  tell_module(doctor, "tpm", "tpm2-tss, for the TPM", snt_tpm_load(&tpm, &failure), &failure);
  tell_module(doctor, "geo", "MaxMind databases, for plugins", snt_geo_load(&geo, &failure), &failure);
}

static void tell_bundle(struct snt_doctor *doctor, const char *path, bool is_named) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  struct snt_err failure = {0};
  const char *remedy = is_named ? "correct AWS_CA_BUNDLE or ca_bundle, or unset it" : NULL;
  if (!snt_ok(snt_file_read(path, SNT_FILE_ANY, CA_BUNDLE_CAP, &text, &failure))) {
    snt_doctor_broken(doctor, path, remedy, "%s", failure.message);
  } else if (strstr(snt_buf_borrow(&text), "-----BEGIN ") == NULL) {
    snt_doctor_broken(doctor, path, remedy, "it holds no certificate in PEM form");
  } else {
    snt_doctor_ok(doctor, path, "readable%s", is_named ? "; each record names it" : "");
  }
}

void snt_doctor_check_certificates(struct snt_doctor *doctor) {
  const char *named = snt_doctor_ca_bundle(doctor);
  struct snt_net_trust trust = snt_trust_find(named);
  if (trust.folder != NULL) {
    snt_doctor_ok(doctor, trust.folder, "the system's certificates");
  } else {
    tell_bundle(doctor, trust.bundle, named != NULL);
  }
}

static bool is_only_aws(const struct snt_doctor *doctor) {
  return doctor->settings != NULL && snt_settings_is(doctor->settings, SNT_SETTING_ENDPOINTS, "aws");
}

/* What is not AWS's own is refused where the administrator says so. */
static bool is_refused(struct snt_doctor *doctor, const char *subject, const char *what, const char *cause) {
  char remedy[SNT_ERR_HINT_CAP];
  if (is_only_aws(doctor)) {
    (void)snprintf(remedy, sizeof remedy, "unset or remove %s", cause);
    snt_doctor_broken(doctor, subject, remedy,
                      "%s, and " SNT_ADMIN_CONFIG " refuses any other than AWS's (endpoints: aws)", what);
  }
  return is_only_aws(doctor);
}

static void tell_proxy(struct snt_doctor *doctor, const struct snt_aws_endpoint *endpoint) {
  SNT_BUF_AUTO struct snt_buf shown = {0};
  struct snt_url url = {0};
  struct snt_err failure = {0};
  if (!snt_ok(snt_url_parse(endpoint->url, "the endpoint", &url, &failure))) {
    return; /* it was just made */
  }
  const char *proxy = snt_proxy_find(&url);
  char subject[64];
  (void)snprintf(subject, sizeof subject, "proxy for %s", endpoint->service);
  if (!snt_ok(snt_proxy_describe(proxy, &shown, &failure))) {
    snt_doctor_failed(doctor, subject, &failure);
  } else if (shown.len > 0 && !is_refused(doctor, subject, "one is set", snt_proxy_variable())) {
    snt_doctor_ok(doctor, subject, "%s is used; each record names it", shown.data);
  }
}

static void tell_endpoint(struct snt_doctor *doctor, const char *service) {
  struct snt_aws_endpoint endpoint = {0};
  struct snt_err failure = {0};
  const char *region = snt_doctor_region(doctor);
  region = region == NULL ? ANY_REGION : region;
  snt_status status = snt_aws_region_check(region, &failure);
  if (snt_ok(status)) {
    status = snt_aws_endpoint_of(&doctor->target, service, region, &endpoint, &failure);
  }
  if (!snt_ok(status)) {
    snt_doctor_failed(doctor, service, &failure);
    return;
  }
  if (!endpoint.is_overridden) {
    snt_doctor_ok(doctor, service, "%s", endpoint.host);
  } else if (!is_refused(doctor, service, "another endpoint is set", endpoint.named_by)) {
    char remedy[SNT_ERR_HINT_CAP];
    (void)snprintf(remedy, sizeof remedy, "unset or remove %s, unless this is meant", endpoint.named_by);
    snt_doctor_warn(doctor, service, remedy, "%s is asked in the place of AWS; each record names it", endpoint.host);
  }
  tell_proxy(doctor, &endpoint);
}

void snt_doctor_check_endpoints(struct snt_doctor *doctor) {
  tell_endpoint(doctor, "sts");
  tell_endpoint(doctor, "ssm");
  const char *bundle = snt_doctor_ca_bundle(doctor);
  if (bundle != NULL &&
      !is_refused(doctor, "certificates", "a bundle is named",
                  bundle == doctor->target.ca_bundle ? "ca_bundle of the profile" : "AWS_CA_BUNDLE")) {
    snt_doctor_ok(doctor, "certificates", "%s in the place of the system's; each record names it", bundle);
  }
}

/* Unsigned, so that STS refuses it, and dates its refusal. */
static snt_status ask_time(const struct snt_doctor *doctor, struct snt_aws_endpoint *endpoint, int64_t *off_ms,
                           struct snt_err *err) {
  static const char body[] = "Action=GetCallerIdentity&Version=2011-06-15";
  SNT_HTTP_CLIENT_AUTO struct snt_http_client *client = NULL;
  SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
  struct snt_http_options options = {.ca_bundle = snt_doctor_ca_bundle(doctor)};
  const char *region = snt_doctor_region(doctor);
  SNT_TRY(snt_aws_endpoint_of(&doctor->target, "sts", region == NULL ? ANY_REGION : region, endpoint, err));
  char url[sizeof endpoint->url + 1];
  (void)snprintf(url, sizeof url, "%s/", endpoint->url);
  struct snt_http_request request = {.method = "POST",
                                     .url = url,
                                     .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                     .header_count = 1,
                                     .body = body,
                                     .body_len = sizeof body - 1};
  SNT_TRY(snt_http_client_open(&options, &client, err));
  SNT_TRY(snt_http_perform(client, &request, &response, 1, err));
  if (!snt_ok(response.status)) {
    *err = response.err;
    return response.status;
  }
  if (response.date_ms == 0) {
    return snt_fail(err, SNT_CODE_ANSWER_INVALID, "%s does not say what time it is", endpoint->host);
  }
  int64_t since_ms = snt_clock_monotonic_ms() - response.received_at_ms;
  *off_ms = snt_clock_wall_ms() - (response.date_ms + since_ms);
  return snt_done();
}

void snt_doctor_check_network(struct snt_doctor *doctor) {
  struct snt_aws_endpoint endpoint = {0};
  struct snt_err failure = {0};
  int64_t off_ms = 0;
  if (!doctor->options->is_online) {
    snt_doctor_ok(doctor, "sts", "not asked; with --online it is");
    return;
  }
  if (!snt_ok(ask_time(doctor, &endpoint, &off_ms, &failure))) {
    snt_doctor_failed(doctor, "sts", &failure);
    return;
  }
  snt_doctor_ok(doctor, "sts", "%s answers", endpoint.host);
  if (off_ms > CLOCK_OFF_MS || off_ms < -CLOCK_OFF_MS) {
    snt_doctor_warn(doctor, "clock", "set the clock, and let chrony or systemd-timesyncd keep it",
                    "the local clock is %lld s %s STS's; decisions go by STS's",
                    (long long)((off_ms < 0 ? -off_ms : off_ms) / 1000), off_ms > 0 ? "ahead of" : "behind");
  } else {
    snt_doctor_ok(doctor, "clock", "within a minute of STS's");
  }
}
