/* MUST
 *  1. give out nothing unless every field that is needed is there and of its form;
 *  2. send a code, and a refresh token, once: an answer that is lost does not make them good again. */
#include "aws/sso_oidc.h"

#include <stdio.h>
#include <string.h>

#include "aws/sso_json.h"
#include "base/clock.h"
#include "format/uri.h"

enum { BODY_ROOM = 8 * 1024, INTERVAL_S = 5, INTERVAL_MAX_S = 60, LIFE_MAX_S = 366 * 24 * 3600 };

static const char DEVICE_GRANT[] = "urn:ietf:params:oauth:grant-type:device_code";

void snt_sso_device_clear(struct snt_sso_device *device) {
  snt_secret_free(&device->code);
  memset(device, 0, sizeof *device);
}

static snt_status begin(struct snt_sso_call *call, const struct snt_sso_oidc *oidc, const char *action,
                        const char *path, size_t cap, struct snt_err *err) {
  call->action = action;
  call->endpoint = oidc->endpoint;
  (void)snprintf(call->path, sizeof call->path, "%s", path);
  return snt_secret_new(cap, &call->body, err);
}

static snt_status put(struct snt_sso_call *call, const char *key, const char *text, struct snt_err *err) {
  return snt_sso_json_put(call->body, key, snt_slice_of(text), err);
}

static snt_status put_client(struct snt_sso_call *call, const struct snt_sso_registration *registration,
                             struct snt_err *err) {
  call->secrets[0] = registration->client_secret;
  SNT_TRY(put(call, "clientId", registration->client_id, err));
  return snt_sso_json_put_secret(call->body, "clientSecret", registration->client_secret, err);
}

/* A field of visible ASCII; NULL when it is not there, or not of its form. */
static struct snt_slice find_text(const struct snt_json_value *root, const char *key) {
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(snt_json_get(root, key), &text.len);
  return text.data != NULL && snt_sso_is_visible(text, SNT_SSO_SECRET_MAX) ? text : (struct snt_slice){NULL, 0};
}

static snt_status take_secret(const struct snt_sso_call *call, const struct snt_json_value *root, const char *key,
                              struct snt_secret **out, struct snt_err *err) {
  struct snt_slice text = find_text(root, key);
  return text.data == NULL ? snt_sso_call_refuse(call, key, err) : snt_secret_new_from(text.data, text.len, out, err);
}

static snt_status take_text(const struct snt_sso_call *call, const struct snt_json_value *root, const char *key,
                            char *out, size_t cap, struct snt_err *err) {
  struct snt_slice text = find_text(root, key);
  if (text.data == NULL || text.len >= cap) {
    return snt_sso_call_refuse(call, key, err);
  }
  (void)snprintf(out, cap, "%s", text.data);
  return snt_done();
}

/* Seconds from now on, 1 to max. */
static snt_status take_life(const struct snt_sso_call *call, const struct snt_json_value *root, int64_t *out_s,
                            struct snt_err *err) {
  if (!snt_json_integer(snt_json_get(root, "expiresIn"), out_s) || *out_s < 1 || *out_s > LIFE_MAX_S) {
    return snt_sso_call_refuse(call, "expiresIn", err);
  }
  return snt_done();
}

/* RegisterClient */

static snt_status write_registering(struct snt_sso_call *call, const struct snt_sso_session *session,
                                    const char *redirect_uri, struct snt_err *err) {
  SNT_TRY(put(call, "clientName", "sentinel", err));
  SNT_TRY(put(call, "clientType", "public", err));
  SNT_TRY(snt_sso_json_put_words(call->body, "scopes", session->scopes, err));
  if (redirect_uri != NULL) {
    SNT_TRY(snt_sso_json_put_words(call->body, "grantTypes", "authorization_code refresh_token", err));
    SNT_TRY(snt_sso_json_put_words(call->body, "redirectUris", redirect_uri, err));
    SNT_TRY(put(call, "issuerUrl", session->start_url, err));
  }
  return snt_sso_json_end(call->body, err);
}

snt_status snt_sso_register(const struct snt_sso_oidc *oidc, const struct snt_sso_session *session,
                            const char *redirect_uri, struct snt_sso_registration *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_SSO_CALL_AUTO struct snt_sso_call call = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_SSO_REGISTRATION_AUTO struct snt_sso_registration fresh = {.is_for_code = redirect_uri != NULL};
  int64_t end_s = 0;
  SNT_TRY(begin(&call, oidc, "RegisterClient", "/client/register", BODY_ROOM, err));
  SNT_TRY(write_registering(&call, session, redirect_uri, err));
  SNT_TRY(snt_sso_call_perform(oidc->client, &call, err));
  SNT_TRY(snt_sso_call_open(&call, &doc, err));
  const struct snt_json_value *root = snt_json_root(doc);
  SNT_TRY(take_text(&call, root, "clientId", fresh.client_id, sizeof fresh.client_id, err));
  SNT_TRY(take_secret(&call, root, "clientSecret", &fresh.client_secret, err));
  if (!snt_json_integer(snt_json_get(root, "clientSecretExpiresAt"), &end_s) || end_s < 1 ||
      end_s > INT64_C(253402300799)) {
    return snt_sso_call_refuse(&call, "clientSecretExpiresAt", err);
  }
  fresh.expires_at_ms = end_s * 1000;
  (void)snprintf(fresh.scopes, sizeof fresh.scopes, "%s", session->scopes);
  *out = fresh;
  fresh = (struct snt_sso_registration){0}; /* ownership went to out */
  return snt_done();
}

/* StartDeviceAuthorization */

/* What a person is sent to; the code may stand in its query. */
static bool is_page(const char *text) {
  char bare[sizeof((struct snt_sso_device *)NULL)->url];
  struct snt_url url = {0};
  (void)snprintf(bare, sizeof bare, "%.*s", (int)strcspn(text, "?#"), text);
  return snt_ok(snt_url_parse(bare, "the page", &url, NULL)) && (strcmp(url.scheme, "https") == 0 || url.is_loopback);
}

static snt_status take_device(const struct snt_sso_call *call, const struct snt_json_value *root,
                              struct snt_sso_device *out, struct snt_err *err) {
  int64_t life_s = 0;
  SNT_TRY(take_secret(call, root, "deviceCode", &out->code, err));
  SNT_TRY(take_text(call, root, "userCode", out->user_code, sizeof out->user_code, err));
  SNT_TRY(take_text(call, root, "verificationUri", out->url, sizeof out->url, err));
  SNT_TRY(take_life(call, root, &life_s, err));
  if (snt_json_type(snt_json_get(root, "verificationUriComplete")) != SNT_JSON_NONE) {
    SNT_TRY(take_text(call, root, "verificationUriComplete", out->whole_url, sizeof out->whole_url, err));
  }
  if (!is_page(out->url) || (out->whole_url[0] != '\0' && !is_page(out->whole_url))) {
    return snt_sso_call_refuse(call, "verificationUri", err);
  }
  bool is_said = snt_json_integer(snt_json_get(root, "interval"), &out->interval_s);
  out->interval_s = is_said && out->interval_s >= 0 && out->interval_s <= INTERVAL_MAX_S ? out->interval_s : INTERVAL_S;
  out->end_ms = snt_clock_monotonic_ms() + life_s * 1000;
  return snt_done();
}

snt_status snt_sso_start_device(const struct snt_sso_oidc *oidc, const struct snt_sso_registration *registration,
                                const char *start_url, struct snt_sso_device *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_SSO_CALL_AUTO struct snt_sso_call call = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_SSO_DEVICE_AUTO struct snt_sso_device fresh = {0};
  SNT_TRY(begin(&call, oidc, "StartDeviceAuthorization", "/device_authorization",
                BODY_ROOM + 2 * snt_secret_len(registration->client_secret), err));
  SNT_TRY(put_client(&call, registration, err));
  SNT_TRY(put(&call, "startUrl", start_url, err));
  SNT_TRY(snt_sso_json_end(call.body, err));
  SNT_TRY(snt_sso_call_perform(oidc->client, &call, err));
  SNT_TRY(snt_sso_call_open(&call, &doc, err));
  SNT_TRY(take_device(&call, snt_json_root(doc), &fresh, err));
  *out = fresh;
  fresh = (struct snt_sso_device){0}; /* ownership went to out */
  return snt_done();
}

/* CreateToken */

static snt_status write_grant(struct snt_sso_call *call, const struct snt_sso_grant *grant, struct snt_err *err) {
  if (grant->device_code != NULL) {
    call->secrets[1] = grant->device_code;
    SNT_TRY(put(call, "grantType", DEVICE_GRANT, err));
    return snt_sso_json_put_secret(call->body, "deviceCode", grant->device_code, err);
  }
  call->is_once = true;
  if (grant->refresh_token != NULL) {
    call->secrets[1] = grant->refresh_token;
    SNT_TRY(put(call, "grantType", "refresh_token", err));
    return snt_sso_json_put_secret(call->body, "refreshToken", grant->refresh_token, err);
  }
  call->secrets[1] = grant->code;
  call->secrets[2] = grant->verifier;
  SNT_TRY(put(call, "grantType", "authorization_code", err));
  SNT_TRY(put(call, "redirectUri", grant->redirect_uri, err));
  SNT_TRY(snt_sso_json_put_secret(call->body, "codeVerifier", grant->verifier, err));
  return snt_sso_json_put_secret(call->body, "code", grant->code, err);
}

static size_t len_of(const struct snt_secret *secret) { return secret == NULL ? 0 : snt_secret_len(secret); }

static snt_status write_token_call(struct snt_sso_call *call, const struct snt_sso_oidc *oidc,
                                   const struct snt_sso_registration *registration, const struct snt_sso_grant *grant,
                                   struct snt_err *err) {
  size_t secrets = len_of(registration->client_secret) + len_of(grant->device_code) + len_of(grant->code) +
                   len_of(grant->verifier) + len_of(grant->refresh_token);
  SNT_TRY(begin(call, oidc, "CreateToken", "/token", BODY_ROOM + 2 * secrets, err));
  SNT_TRY(put_client(call, registration, err));
  SNT_TRY(write_grant(call, grant, err));
  return snt_sso_json_end(call->body, err);
}

#define CODES(...) ((const char *const[]){__VA_ARGS__, NULL})

static enum snt_sso_wait judge(const struct snt_sso_call *call) {
  const struct snt_http_response *response = &call->response;
  if (snt_sso_call_is_refused_as(call, CODES("authorization_pending", "AuthorizationPendingException"))) {
    return SNT_SSO_WAIT_PENDING;
  }
  if (snt_sso_call_is_refused_as(call, CODES("slow_down", "SlowDownException"))) {
    return SNT_SSO_WAIT_SLOW_DOWN;
  }
  bool is_outage =
      response->is_retryable || response->status.code == SNT_CODE_NETWORK || response->status.code == SNT_CODE_TIMEOUT;
  return is_outage ? SNT_SSO_WAIT_OUTAGE : SNT_SSO_WAIT_NONE;
}

/* What the person has to do about a refusal; others stay what they are. */
static snt_status explain(const struct snt_sso_call *call, const struct snt_sso_grant *grant, snt_status failed,
                          struct snt_err *err) {
  static const struct {
    const char *codes[3];
    const char *text;
  } rows[] = {
      {{"expired_token", "ExpiredTokenException"}, "the time to sign in is over"},
      {{"access_denied", "AccessDeniedException"}, "signing in was refused in the browser"},
      {{"invalid_grant", "InvalidGrantException"}, "what it was asked with is over or was revoked"},
      {{"invalid_client", "InvalidClientException"}, "this program's registration is over or was revoked"},
      {{"unauthorized_client", "UnauthorizedClientException"}, "this program's registration is over or was revoked"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (snt_sso_call_is_refused_as(call, rows[i].codes)) {
      const char *text = i == 0 && grant->refresh_token != NULL ? "the sign-in is over" : rows[i].text;
      return snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "IAM Identity Center: %s (%s)", text, call->refusal.code);
    }
  }
  return failed;
}

snt_status snt_sso_create_token(const struct snt_sso_oidc *oidc, const struct snt_sso_registration *registration,
                                const struct snt_sso_grant *grant, struct snt_sso_token *out, enum snt_sso_wait *wait,
                                struct snt_err *err) {
  memset(out, 0, sizeof *out);
  *wait = SNT_SSO_WAIT_NONE;
  SNT_SSO_CALL_AUTO struct snt_sso_call call = {0};
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token fresh = {0};
  int64_t life_s = 0;
  SNT_TRY(write_token_call(&call, oidc, registration, grant, err));
  SNT_TRY(snt_sso_call_perform(oidc->client, &call, err));
  *wait = judge(&call);
  snt_status status = snt_sso_call_open(&call, &doc, err);
  if (!snt_ok(status)) {
    return call.refusal.code[0] == '\0' ? status : explain(&call, grant, status, err);
  }
  const struct snt_json_value *root = snt_json_root(doc);
  SNT_TRY(take_secret(&call, root, "accessToken", &fresh.access_token, err));
  SNT_TRY(take_life(&call, root, &life_s, err));
  if (find_text(root, "refreshToken").data != NULL) {
    SNT_TRY(take_secret(&call, root, "refreshToken", &fresh.refresh_token, err));
  }
  fresh.expires_at_ms = snt_sso_call_now_ms(&call) + life_s * 1000;
  *out = fresh;
  fresh = (struct snt_sso_token){0}; /* ownership went to out */
  return snt_done();
}
