/* MUST
 *  1. ask nobody, and open no page;
 *  2. refresh one sign-in in one process at a time, and take over what another one has refreshed meanwhile. */
#include "aws/sso_access.h"

#include <stdio.h>
#include <string.h>

#include "aws/sso_oidc.h"
#include "base/clock.h"
#include "base/file.h"

enum { WINDOW_MS = 5 * 60 * 1000, TURN_MS = 10000 };

void snt_sso_access_clear(struct snt_sso_access *access) { snt_sso_token_clear(&access->token); }

struct snt_sso_store snt_sso_store_of(const struct snt_aws_search *search) {
  return (struct snt_sso_store){.keychain = search->keychain, .is_in_keychain = search->keeps_sso_in_keychain};
}

static bool lives_for(const struct snt_sso_token *token, int64_t ms) {
  return token->expires_at_ms - snt_clock_wall_ms() > ms;
}

static snt_status load(struct snt_sso_access *access, struct snt_sso_token *out, struct snt_err *err) {
  const struct snt_sso_store store = snt_sso_store_of(access->search);
  return snt_sso_store_load(&store, access->session, out, &access->is_from_file, err);
}

snt_status snt_sso_take_turn(const char *folder, const struct snt_sso_session *session, struct snt_turn *turn,
                             struct snt_err *err) {
  char name[16 + SNT_SHA1_HEX_CAP];
  if (folder == NULL || !snt_ok(snt_file_make_folders(folder, NULL))) {
    return snt_done();
  }
  (void)snprintf(name, sizeof name, "sso-%.40s", session->file);
  snt_status status = snt_turn_take(folder, name, TURN_MS, turn, err);
  return status.code == SNT_CODE_IO ? snt_done() : status;
}

static snt_status open_oidc(const struct snt_sso_access *access, struct snt_sso_oidc *out, struct snt_err *err) {
  const struct snt_aws_search *search = access->search;
  SNT_TRY(snt_aws_endpoint_of(search->target, "sso_oidc", access->session->region, &out->endpoint, err));
  SNT_TRY(search->open_client(search->context, &out->client, err));
  return search->check_endpoint(search->context, &out->endpoint, err);
}

/* What the answer does not say stays as it was. */
static void move_over(struct snt_sso_access *access, struct snt_sso_token *fresh) {
  struct snt_sso_token *old = &access->token;
  if (fresh->refresh_token == NULL) {
    fresh->refresh_token = SNT_MOVE(old->refresh_token);
  }
  fresh->registration = old->registration;
  old->registration = (struct snt_sso_registration){0};
  (void)snprintf(fresh->start_url, sizeof fresh->start_url, "%s", access->session->start_url);
  (void)snprintf(fresh->region, sizeof fresh->region, "%s", access->session->region);
  snt_sso_token_clear(old);
  *old = *fresh;
  *fresh = (struct snt_sso_token){0};
}

/* That it cannot be kept is no failure of this call: it is in hand, and the next one tells. */
static snt_status refresh(struct snt_sso_access *access, struct snt_err *err) {
  struct snt_sso_oidc oidc = {0};
  enum snt_sso_wait wait = SNT_SSO_WAIT_NONE;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token fresh = {0};
  const struct snt_sso_store store = snt_sso_store_of(access->search);
  const struct snt_sso_grant grant = {.refresh_token = access->token.refresh_token};
  SNT_TRY(open_oidc(access, &oidc, err));
  SNT_TRY(snt_sso_create_token(&oidc, &access->token.registration, &grant, &fresh, &wait, err));
  move_over(access, &fresh);
  SNT_IGNORE(snt_sso_store_renew(&store, access->session, &access->token, access->is_from_file, NULL));
  return snt_done();
}

/* Whether another process has put another one there. */
static bool take_over(struct snt_sso_access *access) {
  SNT_SSO_TOKEN_AUTO struct snt_sso_token now = {0};
  if (!snt_ok(load(access, &now, NULL)) || snt_secret_is_equal(now.access_token, access->token.access_token)) {
    return false;
  }
  snt_sso_token_clear(&access->token);
  access->token = now;
  now = (struct snt_sso_token){0}; /* ownership went to access */
  return true;
}

static snt_status refresh_in_turn(struct snt_sso_access *access, struct snt_err *err) {
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  SNT_TRY(snt_sso_take_turn(access->search->turns, access->session, &turn, err));
  if (take_over(access)) {
    return snt_done();
  }
  if (turn.was_told) {
    snt_status told = snt_fail(err, turn.told.code, "%s", turn.told.message);
    return turn.told.hint[0] == '\0' ? told : snt_err_hint(err, "%s", turn.told.hint);
  }
  struct snt_err inner = {0};
  snt_status status = refresh(access, &inner);
  if (snt_ok(status)) {
    return status;
  }
  struct snt_err told = inner;
  if (status.code == SNT_CODE_LOGIN_REQUIRED) {
    SNT_IGNORE(snt_sso_fail_login(access->session, inner.message, &told));
  }
  snt_turn_tell(&turn, &told);
  if (err != NULL) {
    *err = told;
  }
  return status;
}

snt_status snt_sso_access_open(struct snt_sso_access *access, struct snt_err *err) {
  SNT_TRY(load(access, &access->token, err));
  if (lives_for(&access->token, WINDOW_MS)) {
    return snt_done();
  }
  if (!snt_sso_token_is_refreshable(&access->token, snt_clock_wall_ms())) {
    access->is_doubtful = !lives_for(&access->token, 0);
    return snt_done();
  }
  struct snt_err inner = {0};
  snt_status status = refresh_in_turn(access, &inner);
  if (snt_ok(status) || lives_for(&access->token, 0)) {
    return snt_done();
  }
  if (err != NULL) {
    *err = inner;
  }
  return status;
}

snt_status snt_sso_access_renew(struct snt_sso_access *access, struct snt_err *err) {
  bool may_be = snt_sso_token_is_refreshable(&access->token, snt_clock_wall_ms());
  return may_be ? refresh_in_turn(access, err)
                : snt_sso_fail_login(access->session, "the sign-in is over or was revoked", err);
}
