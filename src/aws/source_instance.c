/* Keys of an instance's role, from the instance metadata service, version 2 only (Amazon EC2 User Guide, "Use the
 * Instance Metadata Service").
 *
 * MUST
 *  1. ask nothing without a token: the service's first version answers whatever can be made to ask it;
 *  2. where nobody named this source, be over within 700 ms;
 *  3. hand out no keys unless the answer is whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/json_credentials.h"
#include "aws/metadata.h"
#include "base/clock.h"

#define ENDPOINT "AWS_EC2_METADATA_SERVICE_ENDPOINT"
#define ENDPOINT_MODE "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
#define DISABLED "AWS_EC2_METADATA_DISABLED"
#define ROLES "/latest/meta-data/iam/security-credentials/"

enum { TRY_MS = 1000, TRIES = 3, LAST_RESORT_MS = 650, TOKEN_MAX = 1024, ROLE_MAX = 128, SWITCHED_OFF = 403 };

struct instance {
  struct snt_aws_metadata host;
  struct snt_url parts;
  char base[1100]; /* of its URLs, without a slash at its end */
  struct snt_secret *token;
  bool was_refused; /* a token was, and another one was asked for */
  bool is_there;    /* it is the service that answers: with a token, or that it is switched off */
};

static void clear_instance(struct instance *instance) { snt_secret_free(&instance->token); }

/* The variable, else the key of the profile that was asked for, else of the one that its keys come from; name is which
 * of them. NULL: none. */
static const char *find_setting(const struct snt_aws_search *search, const char *variable, const char *key,
                                const char **name) {
  const char *value = getenv(variable);
  *name = variable;
  if (value == NULL || value[0] == '\0') {
    *name = key;
    value = snt_aws_profile_get(search->target->config, search->target->profile, key);
  }
  if (value == NULL || value[0] == '\0') {
    value = snt_aws_profile_get(search->target->config, search->target->source_profile, key);
  }
  return value == NULL || value[0] == '\0' ? NULL : value;
}

static snt_status find_default(const struct snt_aws_search *search, const char **out, struct snt_err *err) {
  const char *name = NULL;
  const char *mode = find_setting(search, ENDPOINT_MODE, "ec2_metadata_service_endpoint_mode", &name);
  bool is_v6 = mode != NULL && strcasecmp(mode, "IPv6") == 0;
  if (mode != NULL && !is_v6 && strcasecmp(mode, "IPv4") != 0) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s is neither IPv4 nor IPv6", name);
  }
  *out = is_v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  return snt_done();
}

static snt_status open_place(const struct snt_aws_search *search, struct instance *out, struct snt_err *err) {
  const char *name = NULL;
  const char *text = find_setting(search, ENDPOINT, "ec2_metadata_service_endpoint", &name);
  if (text == NULL) {
    SNT_TRY(find_default(search, &text, err));
  }
  struct snt_err inner = {0};
  if (!snt_ok(snt_url_parse(text, name, &out->parts, &inner))) {
    return snt_fail(err, SNT_CODE_CONFIG_INVALID, "%s", inner.message);
  }
  SNT_TRY(snt_aws_metadata_open(search, &out->parts, name, &out->host, err));
  size_t len = strlen(text);
  while (text[len - 1] == '/') {
    len--;
  }
  (void)snprintf(out->base, sizeof out->base, "%.*s", (int)len, text);
  return snt_done();
}

static snt_status fail_token_status(const struct instance *instance, const struct snt_http_response *response,
                                    struct snt_err *err) {
  SNT_IGNORE(snt_aws_metadata_refuse(&instance->host, response, err));
  if (response->http_status == SWITCHED_OFF) {
    return snt_err_hint(err, "instance metadata is switched off for this instance: switch it on (aws ec2 "
                             "modify-instance-metadata-options --http-endpoint enabled)");
  }
  bool is_old = response->http_status == 404 || response->http_status == 405;
  return snt_err_hint(err, is_old ? "it does not know version 2 of the service, and version 1 is never asked"
                                  : "it gave no token");
}

/* A token that was asked for and never comes: its answer may be sent with too few hops to get into a container. */
static snt_status fail_silent(snt_status status, struct snt_err *err) {
  if (status.code != SNT_CODE_TIMEOUT) {
    return status;
  }
  return snt_err_hint(err, "inside a container the answer needs a hop limit of 2 or more (aws ec2 "
                           "modify-instance-metadata-options --http-put-response-hop-limit 2); elsewhere see that this "
                           "is an instance of EC2");
}

static snt_status fetch_token(struct instance *instance, struct snt_err *err) {
  instance->host.token = NULL;
  snt_secret_free(&instance->token);
  char url[1200];
  (void)snprintf(url, sizeof url, "%s/latest/api/token", instance->base);
  const struct snt_aws_metadata_question question = {
      .method = "PUT", .url = url, .header = "X-aws-ec2-metadata-token-ttl-seconds", .value = "21600"};
  SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
  snt_status status = snt_aws_metadata_ask(&instance->host, &question, &response, err);
  if (!snt_ok(status)) {
    return fail_silent(status, err);
  }
  if (response.http_status != 200) {
    return fail_token_status(instance, &response, err);
  }
  struct snt_slice line = {"", 0};
  SNT_TRY(snt_aws_metadata_line(&instance->host, &response, "the token", TOKEN_MAX, &line, err));
  instance->is_there = true;
  SNT_TRY(snt_secret_new_from(line.data, line.len, &instance->token, err));
  instance->host.token = instance->token;
  return snt_done();
}

/* A token that is refused is replaced, once: it may have ended, or the instance was moved. */
static snt_status get(struct instance *instance, const char *url, struct snt_http_response *response,
                      struct snt_err *err) {
  struct snt_aws_metadata_question question = {.method = "GET", .url = url, .header = "X-aws-ec2-metadata-token"};
  question.value = snt_secret_borrow(instance->token);
  SNT_TRY(snt_aws_metadata_ask(&instance->host, &question, response, err));
  if (response->http_status != 401 || instance->was_refused) {
    return snt_done();
  }
  instance->was_refused = true;
  snt_http_response_clear(response);
  SNT_TRY(fetch_token(instance, err));
  question.value = snt_secret_borrow(instance->token);
  return snt_aws_metadata_ask(&instance->host, &question, response, err);
}

static snt_status fetch_role(struct instance *instance, char out[static ROLE_MAX + 1], struct snt_err *err) {
  char url[1200];
  (void)snprintf(url, sizeof url, "%s" ROLES, instance->base);
  SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
  SNT_TRY(get(instance, url, &response, err));
  if (response.http_status == 404) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS, "the instance has no role (%s)", instance->host.place));
    return snt_err_hint(err, "attach an instance profile to it");
  }
  if (response.http_status != 200) {
    return snt_aws_metadata_refuse(&instance->host, &response, err);
  }
  struct snt_slice line = {"", 0};
  SNT_TRY(snt_aws_metadata_line(&instance->host, &response, "the role's name", ROLE_MAX, &line, err));
  (void)snprintf(out, ROLE_MAX + 1, "%.*s", (int)line.len, line.data);
  return snt_done();
}

/* "Success", or what is wrong with the role, in an answer with status 200. Doubles of the service leave it out. */
static snt_status check_code(const struct instance *instance, const struct snt_json_value *root, const char *role,
                             struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(root, "Code");
  const char *code = snt_json_printable(value, 128);
  if (snt_json_type(value) == SNT_JSON_NONE || (code != NULL && strcmp(code, "Success") == 0)) {
    return snt_done();
  }
  const char *message = snt_aws_metadata_text(&instance->host, root, "Message");
  SNT_IGNORE(snt_fail(err, SNT_CODE_AWS_REFUSED, "%s has no keys of role %s: %s%s%s", instance->host.place, role,
                      code == NULL ? "its Code makes no sense" : code, message[0] == '\0' ? "" : ": ", message));
  return snt_err_hint(err, "see that the role exists, and that ec2.amazonaws.com may assume it");
}

static snt_status fetch_keys(struct instance *instance, const char *role, struct snt_aws_credentials *out,
                             struct snt_err *err) {
  static const struct snt_aws_json_shape shape = {.token = "Token", .is_temporary = true};
  SNT_BUF_AUTO struct snt_buf url = {0};
  SNT_TRY(snt_buf_appendf(&url, err, "%s" ROLES, instance->base));
  SNT_TRY(snt_uri_encode(snt_slice_of(role), false, &url, err));
  SNT_CLEANUP(snt_http_response_clear) struct snt_http_response response = {0};
  SNT_TRY(get(instance, snt_buf_borrow(&url), &response, err));
  if (response.http_status != 200) {
    return snt_aws_metadata_refuse(&instance->host, &response, err);
  }
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_TRY(snt_aws_metadata_json(&instance->host, &response, &doc, err));
  SNT_TRY(check_code(instance, snt_json_root(doc), role, err));
  char what[320];
  (void)snprintf(what, sizeof what, "the answer of %s", instance->host.place);
  return snt_aws_json_credentials_parse(snt_json_root(doc), &shape, what, out, err);
}

static snt_status fetch(struct instance *instance, struct snt_aws_credentials *out, struct snt_err *err) {
  char role[ROLE_MAX + 1];
  SNT_TRY(fetch_token(instance, err));
  SNT_TRY(fetch_role(instance, role, err));
  SNT_TRY(fetch_keys(instance, role, out, err));
  (void)snprintf(out->source, sizeof out->source, "instance role %.120s (%.100s)", role, instance->host.place);
  return snt_done();
}

static bool is_of_network(enum snt_code code) {
  return code == SNT_CODE_TIMEOUT || code == SNT_CODE_NETWORK || code == SNT_CODE_AWS_REFUSED ||
         code == SNT_CODE_ANSWER_INVALID;
}

snt_status snt_aws_source_instance(const struct snt_aws_search *search, bool is_named, struct snt_aws_credentials *out,
                                   struct snt_err *err) {
  memset(out, 0, sizeof *out);
  const char *disabled = getenv(DISABLED);
  if (disabled != NULL && strcasecmp(disabled, "true") == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS, "instance metadata is not asked: " DISABLED " is set"));
    return snt_err_hint(err, "unset it, or name another source of keys than the instance (credential_source)");
  }
  SNT_CLEANUP(clear_instance) struct instance instance = {.host = {.try_ms = TRY_MS, .tries = TRIES}};
  SNT_TRY(open_place(search, &instance, err));
  instance.host.end_ms = is_named ? 0 : snt_clock_monotonic_ms() + LAST_RESORT_MS;
  struct snt_err inner = {0};
  snt_status status = fetch(&instance, out, &inner);
  if (snt_ok(status)) {
    return status;
  }
  if (err != NULL) {
    *err = inner;
    SNT_IGNORE(snt_err_prefix(err, "the instance's keys"));
  }
  bool is_silent = status.code == SNT_CODE_TIMEOUT || status.code == SNT_CODE_NETWORK;
  if (!is_named && (is_silent || !instance.is_there) && is_of_network(status.code)) {
    status.code = SNT_CODE_NO_CREDENTIALS; /* most machines are no instance, whoever answers there */
    if (err != NULL) {
      err->code = status.code;
    }
  }
  return status;
}
