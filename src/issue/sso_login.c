/* MUST
 *  1. show nobody a page but the person who asked to sign in, and no secret on the way: what is shown is an address,
 * and a code that is worth nothing without who confirms it. */
#include "issue/sso_login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/sso_access.h"
#include "aws/sso_oidc.h"
#include "base/browser.h"
#include "base/clock.h"
#include "issue/flow.h"
#include "issue/sso_callback.h"

enum {
  SIGN_IN_MS = 10 * 60 * 1000,
  REGISTRATION_LEAST_MS = 24 * 3600 * 1000,
  SLOW_DOWN_S = 5,
  LEAST_PAUSE_MS = 100,
  OUTAGES_MAX = 5
};

/* One sign-in. */
struct signing_in {
  const struct snt_sso_login_options *options;
  struct snt_flow flow;
  struct snt_sso_session session;
  struct snt_sso_oidc oidc;
  struct snt_sso_token token; /* what is kept before, and what there is at last */
};

static void clear(struct signing_in *in) {
  snt_sso_token_clear(&in->token);
  snt_flow_clear(&in->flow);
}

void snt_sso_login_clear(struct snt_sso_login *login) {
  snt_buf_clear(&login->where);
  memset(login, 0, sizeof *login);
}

static void tell(const struct signing_in *in, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(const struct signing_in *in, const char *format, ...) {
  char text[4096];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  in->options->tell(text);
}

/* Which session */

static const char *profile_of_environment(void) {
  const char *name = getenv("AWS_PROFILE");
  return name == NULL || name[0] == '\0' ? NULL : name;
}

/* Who signs in so that this profile has keys: itself, or the one that its source profiles lead to. */
static const char *find_signer(const struct snt_flow *flow, const char *profile, struct snt_aws_chain *chain) {
  const char *source = strcmp(flow->target.profile, profile) == 0 ? flow->target.source_profile : "";
  source = source[0] == '\0' ? profile : source;
  bool is_through = snt_ok(snt_aws_chain_resolve(flow->config, source, &SNT_AWS_STORED_NONE, chain, NULL));
  return is_through ? chain->source_profile : source;
}

static snt_status find_of_profile(const struct snt_flow *flow, const char *profile, struct snt_sso_session *out,
                                  struct snt_err *err) {
  struct snt_aws_chain chain = {0};
  const char *signer = find_signer(flow, profile, &chain);
  snt_status status = snt_sso_session_of_profile(flow->config, signer, out, err);
  return snt_ok(status) || strcmp(signer, profile) == 0
             ? status
             : snt_err_prefix(err, "profile \"%.128s\" takes its keys from another", profile);
}

static snt_status find_named(const struct snt_flow *flow, const char *name, struct snt_sso_session *out,
                             struct snt_err *err) {
  bool is_known = snt_aws_profile_exists(flow->config, name) || snt_settings_profile(flow->settings, name) != NULL;
  bool is_profile = is_known && !snt_aws_sso_session_exists(flow->config, name);
  return is_profile ? find_of_profile(flow, name, out, err) : snt_sso_session_find(flow->config, name, out, err);
}

/* The only one; how many there are, and what they are called, is told otherwise. */
static snt_status find_only(const struct snt_aws_shared_config *config, struct snt_sso_session *out, size_t *count,
                            struct snt_buf *names, struct snt_err *err) {
  struct snt_sso_session next = {0};
  snt_status status = snt_done();
  *count = 0;
  for (size_t i = 0; snt_sso_session_at(config, i, &next, &status, err); i++) {
    SNT_TRY(status);
    if (*count > 0 && strcmp(next.name, out->name) == 0) {
      continue;
    }
    SNT_TRY(*count < 8 ? snt_buf_appendf(names, err, "%s%.64s", *count == 0 ? "" : ", ", next.wanted) : snt_done());
    *out = next;
    (*count)++;
  }
  return snt_done();
}

static snt_status choose(const struct signing_in *in, struct snt_sso_session *out, struct snt_err *err) {
  const struct snt_aws_shared_config *config = in->flow.config;
  const char *profile = profile_of_environment();
  SNT_BUF_AUTO struct snt_buf names = {0};
  size_t count = 0;
  if (in->options->name != NULL) {
    return find_named(&in->flow, in->options->name, out, err);
  }
  SNT_TRY(find_only(config, out, &count, &names, err));
  if (count == 1) {
    return snt_done();
  }
  if (count > 1 && profile != NULL) {
    return find_of_profile(&in->flow, profile, out, err);
  }
  if (count > 1) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "there are several sign-ins: %s", names.data));
    return snt_err_hint(err, "name one: sentinel login --sso NAME");
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "~/.aws/config has no sign-in to IAM Identity Center"));
  return snt_err_hint(err, "add [sso-session NAME] with sso_start_url and sso_region, and sso_session, sso_account_id "
                           "and sso_role_name to a profile; `aws configure sso` does that, too");
}

/* What it is kept in */

static struct snt_sso_store store_of(const struct snt_flow *flow) {
  return (struct snt_sso_store){.keychain = flow->keychain,
                                .is_in_keychain = !snt_settings_is(flow->settings, SNT_SETTING_SSO_TOKENS, "aws-cli")};
}

/* A keychain that cannot be read, or could not hold the sign-in, is told of before anybody signs in. */
static snt_status look_at_kept(struct signing_in *in, struct snt_err *err) {
  bool is_from_file = false;
  const struct snt_sso_store store = store_of(&in->flow);
  snt_status status = snt_sso_store_load(&store, &in->session, &in->token, &is_from_file, err);
  if (snt_ok(status) && !is_from_file) {
    return status;
  }
  SNT_TRY(status.code == SNT_CODE_LOGIN_REQUIRED ? snt_done() : status);
  return snt_sso_store_check(&store, err);
}

/* A registration that is good for the same, and for another day at least, serves again: *is_kept. */
static snt_status registered(struct signing_in *in, bool is_for_code, bool *is_kept, struct snt_err *err) {
  struct snt_sso_registration *kept = &in->token.registration;
  *is_kept = kept->client_secret != NULL && kept->is_for_code == is_for_code &&
             strcmp(kept->scopes, in->session.scopes) == 0 &&
             kept->expires_at_ms - snt_clock_wall_ms() > REGISTRATION_LEAST_MS;
  if (*is_kept) {
    return snt_done();
  }
  SNT_SSO_REGISTRATION_AUTO struct snt_sso_registration fresh = {0};
  SNT_TRY(snt_sso_register(&in->oidc, &in->session, is_for_code ? SNT_SSO_REDIRECT_URI : NULL, &fresh, err));
  snt_sso_registration_clear(kept);
  *kept = fresh;
  fresh = (struct snt_sso_registration){0}; /* ownership went to the token */
  return snt_done();
}

static void take(struct signing_in *in, struct snt_sso_token *fresh) {
  fresh->registration = in->token.registration;
  in->token.registration = (struct snt_sso_registration){0};
  snt_sso_token_clear(&in->token);
  in->token = *fresh;
  *fresh = (struct snt_sso_token){0}; /* ownership went to the sign-in */
  (void)snprintf(in->token.start_url, sizeof in->token.start_url, "%s", in->session.start_url);
  (void)snprintf(in->token.region, sizeof in->token.region, "%s", in->session.region);
}

/* With the browser of this machine */

/* *is_shown: a page could be shown; else nobody has been asked for anything. */
static snt_status sign_in_here(struct signing_in *in, bool *is_shown, struct snt_err *err) {
  SNT_SSO_CALLBACK_AUTO struct snt_sso_callback callback = {.listener = -1};
  SNT_BUF_AUTO struct snt_buf url = {0};
  SNT_SECRET_AUTO struct snt_secret *code = NULL;
  SNT_SSO_TOKEN_AUTO struct snt_sso_token fresh = {0};
  enum snt_sso_wait wait = SNT_SSO_WAIT_NONE;
  bool is_kept = false;
  SNT_TRY(registered(in, true, &is_kept, err));
  SNT_TRY(snt_sso_callback_open(&callback, err));
  SNT_TRY(snt_sso_callback_write_url(&callback, &in->oidc.endpoint, &in->token.registration, &url, err));
  *is_shown = snt_ok(snt_browser_open_for(url.data, callback.listener, err));
  if (!*is_shown) {
    return (snt_status){err->code};
  }
  tell(in, "sign in in the browser; if it shows nothing, open %s", url.data);
  snt_status status = snt_sso_callback_await(&callback, snt_clock_monotonic_ms() + SIGN_IN_MS, &code, err);
  if (status.code == SNT_CODE_TIMEOUT) {
    return snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "nobody signed in within ten minutes");
  }
  SNT_TRY(status);
  const struct snt_sso_grant grant = {
      .code = code, .verifier = callback.verifier, .redirect_uri = callback.redirect_uri};
  SNT_TRY(snt_sso_create_token(&in->oidc, &in->token.registration, &grant, &fresh, &wait, err));
  take(in, &fresh);
  return snt_done();
}

/* With any browser */

static void sleep_ms(int64_t ms) {
  const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  (void)nanosleep(&pause, NULL);
}

static void tell_device(const struct signing_in *in, const struct snt_sso_device *device) {
  const char *url = device->whole_url[0] == '\0' ? device->url : device->whole_url;
  tell(in, "open %s in any browser", url);
  tell(in, "and see that it shows the code %s", device->user_code);
}

static snt_status poll_device(struct signing_in *in, const struct snt_sso_device *device, struct snt_err *err) {
  const struct snt_sso_grant grant = {.device_code = device->code};
  int64_t interval_s = device->interval_s;
  int outages = 0;
  while (snt_clock_monotonic_ms() < device->end_ms) {
    SNT_SSO_TOKEN_AUTO struct snt_sso_token fresh = {0};
    enum snt_sso_wait wait = SNT_SSO_WAIT_NONE;
    sleep_ms(interval_s == 0 ? LEAST_PAUSE_MS : interval_s * 1000);
    snt_status status = snt_sso_create_token(&in->oidc, &in->token.registration, &grant, &fresh, &wait, err);
    if (snt_ok(status)) {
      take(in, &fresh);
      return status;
    }
    outages = wait == SNT_SSO_WAIT_OUTAGE ? outages + 1 : 0;
    if (wait == SNT_SSO_WAIT_NONE || outages > OUTAGES_MAX) {
      return status;
    }
    interval_s += wait == SNT_SSO_WAIT_SLOW_DOWN ? SLOW_DOWN_S : 0;
  }
  return snt_fail(err, SNT_CODE_LOGIN_REQUIRED, "nobody signed in while the code %s was good", device->user_code);
}

/* A registration that was kept may have been revoked: then once more with a new one. */
static snt_status start_device(struct signing_in *in, struct snt_sso_device *out, struct snt_err *err) {
  const char *start_url = in->session.start_url;
  bool is_kept = false;
  SNT_TRY(registered(in, false, &is_kept, err));
  snt_status status = snt_sso_start_device(&in->oidc, &in->token.registration, start_url, out, err);
  if (status.code != SNT_CODE_AWS_REFUSED || !is_kept) {
    return status;
  }
  snt_sso_registration_clear(&in->token.registration);
  SNT_TRY(registered(in, false, &is_kept, err));
  return snt_sso_start_device(&in->oidc, &in->token.registration, start_url, out, err);
}

static snt_status sign_in_elsewhere(struct signing_in *in, struct snt_err *err) {
  SNT_SSO_DEVICE_AUTO struct snt_sso_device device = {0};
  SNT_TRY(start_device(in, &device, err));
  tell_device(in, &device);
  return poll_device(in, &device, err);
}

static snt_status sign_in(struct signing_in *in, struct snt_err *err) {
  bool is_shown = false;
  if (!in->options->is_device && snt_ok(snt_browser_check(NULL))) {
    snt_status status = sign_in_here(in, &is_shown, err);
    bool is_no_browser = !is_shown && (status.code == SNT_CODE_IO || status.code == SNT_CODE_ACTION_REQUIRED);
    if (snt_ok(status) || !is_no_browser) {
      return status;
    }
    tell(in, "%s", err->message);
  }
  return sign_in_elsewhere(in, err);
}

static snt_status open_all(struct signing_in *in, struct snt_err *err) {
  struct snt_flow *flow = &in->flow;
  SNT_TRY(snt_flow_load_settings(flow, err));
  SNT_TRY(snt_environment_take_passphrase(&flow->environment.passphrase, err));
  SNT_TRY(snt_flow_find_target_if_any(flow, err));
  return snt_flow_open_keychain(flow, err);
}

/* In turn with those who refresh: what they have begun with the sign-in before must not end on top of this one. */
static snt_status save(const struct signing_in *in, struct snt_buf *where, struct snt_err *err) {
  const struct snt_sso_store store = store_of(&in->flow);
  SNT_TURN_AUTO struct snt_turn turn = {.fd = -1};
  SNT_BUF_AUTO struct snt_buf turns = {0};
  bool has_turns = snt_ok(snt_flow_cache_folder(&turns, NULL));
  SNT_TRY(snt_sso_take_turn(has_turns ? turns.data : NULL, &in->session, &turn, err));
  return snt_sso_store_save(&store, &in->session, &in->token, where, err);
}

static snt_status sign_in_and_save(struct signing_in *in, struct snt_buf *where, struct snt_err *err) {
  snt_status status = sign_in(in, err);
  if (status.code == SNT_CODE_LOGIN_REQUIRED) {
    return snt_err_hint(err, "sentinel login --sso %s", in->session.wanted);
  }
  if (status.code == SNT_CODE_NETWORK && err != NULL && err->hint[0] == '\0') {
    return snt_err_hint(
        err, "see that sso_region, %s, is that of your IAM Identity Center, and that this machine reaches it",
        in->session.region);
  }
  SNT_TRY(status);
  return save(in, where, err);
}

/* Who asks for one that another profile has is told about that one's endpoint and certificates. */
static snt_status sign_in_to(struct signing_in *in, struct snt_sso_login *out, struct snt_err *err) {
  SNT_TRY(choose(in, &in->session, err));
  SNT_TRY(snt_flow_open_service(&in->flow, "sso_oidc", in->session.region, &in->oidc.endpoint, err));
  in->oidc.client = in->flow.client;
  SNT_TRY(look_at_kept(in, err));
  SNT_TRY(sign_in_and_save(in, &out->where, err));
  (void)snprintf(out->name, sizeof out->name, "%s", in->session.wanted);
  out->expires_at_ms = in->token.expires_at_ms;
  out->is_refreshable = in->token.refresh_token != NULL;
  return snt_done();
}

/* Names that are both are sessions'; a profile that nobody knows is an empty one. */
static struct snt_issue_options options_for(const struct snt_issue_options *common, const char *name) {
  struct snt_issue_options options = *common;
  const char *profile = name != NULL ? name : profile_of_environment();
  options.profile = profile == NULL ? "default" : profile;
  return options;
}

snt_status snt_issue_sso_login(const struct snt_sso_login_options *options, struct snt_sso_login *out,
                               struct snt_err *err) {
  *out = (struct snt_sso_login){0};
  const struct snt_issue_options common = options_for(&options->common, options->name);
  SNT_CLEANUP(clear)
  struct signing_in in = {.options = options, .flow = {.options = &common, .stage = "config"}};
  SNT_TRY(open_all(&in, err));
  return sign_in_to(&in, out, err);
}

snt_status snt_issue_sso_forget(const struct snt_issue_options *options, const char *name, struct snt_buf *out,
                                struct snt_err *err) {
  const struct snt_issue_options common = options_for(options, name);
  SNT_CLEANUP(clear) struct signing_in in = {.flow = {.options = &common, .stage = "config"}};
  bool stays = false;
  SNT_TRY(open_all(&in, err));
  if (!snt_ok(find_named(&in.flow, name, &in.session, NULL))) { /* it is no longer configured */
    snt_sso_session_of_name(name, &in.session);
  }
  const struct snt_sso_store store = store_of(&in.flow);
  SNT_TRY(snt_sso_store_remove(&store, &in.session, &stays, err));
  SNT_TRY(snt_buf_appendf(out, err, "removed the sign-in to %s", in.session.name));
  return stays ? snt_buf_append_str(out, "; the AWS CLI has one of its own, which `aws sso logout` removes", err)
               : snt_done();
}
