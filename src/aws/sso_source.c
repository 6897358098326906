/* Base credentials of a role that IAM Identity Center gives to who has signed in.
 *
 * MUST
 *  1. ask nobody: who has to sign in is told how. */
#include <stdio.h>
#include <string.h>

#include "aws/base_cache.h"
#include "aws/sso_access.h"
#include "aws/sso_portal.h"

/* sso_account_id and sso_role_name, without which a sign-in is good for tokens only. */
static snt_status find_role(const struct snt_aws_search *search, const char *profile, struct snt_sso_role *out,
                            struct snt_err *err) {
  const struct {
    const char *key;
    const char **out;
  } rows[] = {{"sso_account_id", &out->account}, {"sso_role_name", &out->name}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *value = snt_aws_profile_get(search->target->config, profile, rows[i].key);
    if (value == NULL || value[0] == '\0') {
      SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                          "profile \"%.128s\" signs in to IAM Identity Center, but has no %s", profile, rows[i].key));
      return snt_err_hint(err, "set %s in [profile %.128s] of ~/.aws/config; the access portal shows it", rows[i].key,
                          profile);
    }
    *rows[i].out = value;
  }
  if (strlen(out->account) != 12 || strspn(out->account, "0123456789") != 12) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%.128s\": sso_account_id \"%.64s\" is not an account",
                        profile, out->account));
    return snt_err_hint(err, "it has 12 digits, zeros at its beginning too; the access portal shows it");
  }
  return snt_done();
}

static snt_status open_portal(const struct snt_sso_access *access, struct snt_http_client **client,
                              struct snt_aws_endpoint *endpoint, struct snt_err *err) {
  const struct snt_aws_search *search = access->search;
  SNT_TRY(snt_aws_endpoint_of(search->target, "sso", access->session->region, endpoint, err));
  SNT_TRY(search->open_client(search->context, client, err));
  return search->check_endpoint(search->context, endpoint, err);
}

static void put_source(const struct snt_sso_session *session, const struct snt_sso_role *role,
                       struct snt_aws_credentials *out) {
  (void)snprintf(out->source, sizeof out->source, "IAM Identity Center \"%.100s\", role %.64s in account %.32s",
                 session->wanted, role->name, role->account);
}

/* Whom is asked for what. */
struct asking {
  struct snt_sso_access *access;
  const struct snt_sso_role *role;
  struct snt_aws_base_kept *kept;
};

/* A token that is over by the local clock, and that AWS would not take or could not be asked about, is over. */
static snt_status ask(void *context, struct snt_aws_credentials *out, struct snt_err *err) {
  const struct asking *asking = context;
  struct snt_sso_access *access = asking->access;
  const struct snt_sso_role *role = asking->role;
  struct snt_http_client *client = NULL;
  struct snt_aws_endpoint endpoint = {0};
  bool is_refused = false;
  SNT_TRY(open_portal(access, &client, &endpoint, err));
  snt_status status =
      snt_sso_get_role_credentials(client, &endpoint, access->token.access_token, role, out, &is_refused, err);
  if (is_refused && !access->is_doubtful) {
    asking->kept->owner = NULL; /* it goes, whatever comes of it */
    SNT_TRY(snt_sso_access_renew(access, err));
    asking->kept->owner = access->token.access_token;
    status = snt_sso_get_role_credentials(client, &endpoint, access->token.access_token, role, out, &is_refused, err);
  }
  bool is_unknown = status.code == SNT_CODE_NETWORK || status.code == SNT_CODE_TIMEOUT;
  if (is_refused || (access->is_doubtful && is_unknown)) {
    return snt_sso_fail_login(access->session, "the sign-in is over or was revoked", err);
  }
  put_source(access->session, role, out);
  return status;
}

/* What is kept belongs to the access token, and to this role of this portal. */
static snt_status name_credentials(const struct snt_sso_session *session, const struct snt_sso_role *role,
                                   const struct snt_aws_endpoint *portal, struct snt_buf *out, struct snt_err *err) {
  return snt_buf_appendf(out, err, "sso\n%s\n%s\n%s\n%s\n%s\n", portal->url, session->start_url, session->region,
                         role->account, role->name);
}

snt_status snt_aws_source_sso(const struct snt_aws_search *search, const char *profile, struct snt_aws_credentials *out,
                              struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_sso_session session = {0};
  struct snt_sso_role role = {0};
  struct snt_aws_endpoint portal = {0};
  SNT_BUF_AUTO struct snt_buf name = {0};
  SNT_TRY(snt_sso_session_of_profile(search->target->config, profile, &session, err));
  SNT_TRY(find_role(search, profile, &role, err));
  SNT_TRY(snt_aws_endpoint_of(search->target, "sso", session.region, &portal, err));
  SNT_TRY(name_credentials(&session, &role, &portal, &name, err));
  SNT_SSO_ACCESS_AUTO struct snt_sso_access access = {.search = search, .session = &session};
  SNT_TRY(snt_sso_access_open(&access, err));
  struct asking asking = {.access = &access, .role = &role};
  struct snt_aws_base_kept kept = {access.token.access_token, {name.data, name.len}, ask, &asking};
  asking.kept = &kept;
  return snt_aws_base_cache_obtain(search, &kept, out, err);
}
