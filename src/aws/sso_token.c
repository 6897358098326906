/* MUST
 *  1. take nothing that could not be sent as it is: visible ASCII, of a length that can be;
 *  2. keep secrets in secrets, on the way in and on the way out. */
#include "aws/sso_token.h"

#include <stdio.h>
#include <string.h>

#include "aws/sso_json.h"
#include "format/json.h"
#include "format/time.h"

#define CODE_GRANT "authorization_code"

void snt_sso_registration_clear(struct snt_sso_registration *registration) {
  snt_secret_free(&registration->client_secret);
  memset(registration, 0, sizeof *registration);
}

void snt_sso_token_clear(struct snt_sso_token *token) {
  snt_secret_free(&token->access_token);
  snt_secret_free(&token->refresh_token);
  snt_sso_registration_clear(&token->registration);
  memset(token, 0, sizeof *token);
}

/* One reading; what begins its messages. */
struct reading {
  const struct snt_json_value *root;
  const char *what;
};

static snt_status refuse(const struct reading *reading, const char *key, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_SYNTAX, "%s: %s cannot be used", reading->what, key);
}

/* NULL: the key is not there. */
static snt_status take_secret(const struct reading *reading, const char *key, struct snt_secret **out,
                              struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(reading->root, key);
  if (snt_json_type(value) == SNT_JSON_NONE || snt_json_type(value) == SNT_JSON_NULL) {
    return snt_done();
  }
  struct snt_slice text = {NULL, 0};
  text.data = snt_json_string(value, &text.len);
  if (text.data == NULL || !snt_sso_is_visible(text, SNT_SSO_SECRET_MAX)) {
    return refuse(reading, key, err);
  }
  return snt_secret_new_from(text.data, text.len, out, err);
}

static snt_status take_text(const struct reading *reading, const char *key, char *out, size_t cap,
                            struct snt_err *err) {
  const struct snt_json_value *value = snt_json_get(reading->root, key);
  if (snt_json_type(value) == SNT_JSON_NONE || snt_json_type(value) == SNT_JSON_NULL) {
    return snt_done();
  }
  const char *text = snt_json_printable(value, cap);
  if (text == NULL) {
    return refuse(reading, key, err);
  }
  (void)snprintf(out, cap, "%s", text);
  return snt_done();
}

/* "2026-01-19T10:00:00Z"; an older AWS CLI wrote "UTC" in the place of "Z". */
static snt_status take_time(const struct reading *reading, const char *key, int64_t *out, struct snt_err *err) {
  char text[40] = "";
  SNT_TRY(take_text(reading, key, text, sizeof text, err));
  size_t len = strlen(text);
  if (len > 3 && strcmp(text + len - 3, "UTC") == 0) {
    (void)snprintf(text + len - 3, 4, "Z");
  }
  return len == 0 || snt_ok(snt_time_parse(text, out, NULL)) ? snt_done() : refuse(reading, key, err);
}

snt_status snt_sso_token_parse(const struct snt_secret *text, const char *what, struct snt_sso_token *out,
                               struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_JSON_AUTO struct snt_json_doc *doc = NULL;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token token = {0};
  SNT_TRY(snt_json_parse(snt_secret_borrow(text), snt_secret_len(text), what, &doc, err));
  const struct reading reading = {snt_json_root(doc), what};
  struct snt_sso_registration *registration = &token.registration;
  char grant[64] = "";
  SNT_TRY(take_secret(&reading, "accessToken", &token.access_token, err));
  SNT_TRY(take_time(&reading, "expiresAt", &token.expires_at_ms, err));
  SNT_TRY(take_secret(&reading, "refreshToken", &token.refresh_token, err));
  SNT_TRY(take_text(&reading, "clientId", registration->client_id, sizeof registration->client_id, err));
  SNT_TRY(take_secret(&reading, "clientSecret", &registration->client_secret, err));
  SNT_TRY(take_time(&reading, "registrationExpiresAt", &registration->expires_at_ms, err));
  SNT_TRY(take_text(&reading, "region", token.region, sizeof token.region, err));
  SNT_TRY(take_text(&reading, "startUrl", token.start_url, sizeof token.start_url, err));
  SNT_TRY(take_text(&reading, "registrationScopes", registration->scopes, sizeof registration->scopes, err));
  SNT_TRY(take_text(&reading, "registrationGrant", grant, sizeof grant, err));
  registration->is_for_code = strcmp(grant, CODE_GRANT) == 0;
  if (token.access_token == NULL || token.expires_at_ms == 0) {
    return refuse(&reading, token.access_token == NULL ? "accessToken" : "expiresAt", err);
  }
  *out = token;
  token = (struct snt_sso_token){0}; /* ownership went to out */
  return snt_done();
}

static snt_status put_time(struct snt_secret *out, const char *key, int64_t ms, struct snt_err *err) {
  char text[32];
  snt_time_format(ms, false, text);
  return snt_sso_json_put(out, key, snt_slice_of(text), err);
}

static snt_status put_registration(struct snt_secret *out, const struct snt_sso_registration *registration, bool is_own,
                                   struct snt_err *err) {
  if (registration->client_secret == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_sso_json_put(out, "clientId", snt_slice_of(registration->client_id), err));
  SNT_TRY(snt_sso_json_put_secret(out, "clientSecret", registration->client_secret, err));
  SNT_TRY(put_time(out, "registrationExpiresAt", registration->expires_at_ms, err));
  if (!is_own) {
    return snt_done();
  }
  SNT_TRY(snt_sso_json_put(out, "registrationScopes", snt_slice_of(registration->scopes), err));
  return snt_sso_json_put(out, "registrationGrant",
                          snt_slice_of(registration->is_for_code ? CODE_GRANT : "device_code"), err);
}

static size_t len_of(const struct snt_secret *secret) { return secret == NULL ? 0 : snt_secret_len(secret); }

snt_status snt_sso_token_format(const struct snt_sso_token *token, bool is_own, struct snt_secret **out,
                                struct snt_err *err) {
  *out = NULL;
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  if (token->access_token == NULL || token->expires_at_ms == 0) {
    return snt_fail(err, SNT_CODE_BUG, "a sign-in without a token cannot be kept");
  }
  size_t secrets =
      len_of(token->access_token) + len_of(token->refresh_token) + len_of(token->registration.client_secret);
  SNT_TRY(snt_secret_new(4096 + 2 * secrets, &text, err));
  SNT_TRY(snt_sso_json_put(text, "startUrl", snt_slice_of(token->start_url), err));
  SNT_TRY(snt_sso_json_put(text, "region", snt_slice_of(token->region), err));
  SNT_TRY(snt_sso_json_put_secret(text, "accessToken", token->access_token, err));
  SNT_TRY(put_time(text, "expiresAt", token->expires_at_ms, err));
  SNT_TRY(put_registration(text, &token->registration, is_own, err));
  if (token->refresh_token != NULL) {
    SNT_TRY(snt_sso_json_put_secret(text, "refreshToken", token->refresh_token, err));
  }
  SNT_TRY(snt_sso_json_end(text, err));
  *out = SNT_MOVE(text);
  return snt_done();
}

/* Of a start URL what says which portal it is: access portals show it with "#/" at its end, too. */
static struct snt_slice portal_of(const char *start_url) {
  struct snt_slice portal = {start_url, strcspn(start_url, "#")};
  while (portal.len > 0 && portal.data[portal.len - 1] == '/') {
    portal.len--;
  }
  return portal;
}

bool snt_sso_token_is_of(const struct snt_sso_token *token, const struct snt_sso_session *session) {
  struct snt_slice kept = portal_of(token->start_url);
  struct snt_slice wanted = portal_of(session->start_url);
  bool is_portal = kept.len == wanted.len && memcmp(kept.data, wanted.data, kept.len) == 0;
  return (token->start_url[0] == '\0' || is_portal) &&
         (token->region[0] == '\0' || strcmp(token->region, session->region) == 0);
}

bool snt_sso_token_is_refreshable(const struct snt_sso_token *token, int64_t now_ms) {
  const struct snt_sso_registration *registration = &token->registration;
  return token->refresh_token != NULL && registration->client_id[0] != '\0' && registration->client_secret != NULL &&
         registration->expires_at_ms > now_ms;
}
