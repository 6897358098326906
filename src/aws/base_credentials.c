/* The chain that finds base credentials, in the order of aws.md.
 *
 * MUST
 *  1. what a named source says goes: one that cannot be used is an error, not a reason to take whatever key is nearest;
 *  2. the credential_process of the profile that was asked for is never run;
 *  3. ask nothing of the network while a key lies somewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/base_roles.h"
#include "base/buf.h"
#include "base/clock.h"
#include "format/time.h"

/* One search; places is what was looked at, for the message when nothing is found. */
struct search {
  const struct snt_aws_search *given;
  const struct snt_aws_target *target;
  struct snt_aws_credentials *out;
  bool is_found;
  struct snt_buf places;
};

static void search_clear(struct search *search) { snt_buf_clear(&search->places); }

static snt_status note_place(struct search *search, struct snt_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static snt_status note_place(struct search *search, struct snt_err *err, const char *format, ...) {
  char text[320];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return snt_buf_appendf(&search->places, err, "%s%s", search->places.len > 0 ? ", " : "", text);
}

static struct snt_slice property(const struct search *search, const char *profile, const char *key) {
  const char *value = snt_aws_profile_get(search->target->config, profile, key);
  return value == NULL ? (struct snt_slice){"", 0} : snt_slice_of(value);
}

/* Tools that write temporary keys into the credentials file note their end under one of these names. */
static snt_status check_expiry(const struct search *search, const char *profile, struct snt_aws_credentials *found,
                               struct snt_err *err) {
  static const char *const keys[] = {"expiration", "aws_expiration", "aws_session_expiration",
                                     "x_security_token_expires"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    struct snt_slice value = property(search, profile, keys[i]);
    int64_t end_ms = 0;
    if (value.len == 0 || !snt_ok(snt_time_parse(value.data, &end_ms, NULL))) {
      continue;
    }
    found->expires_at_ms = end_ms;
    if (end_ms <= snt_clock_wall_ms()) {
      char text[32];
      snt_time_format(end_ms, false, text);
      SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "the keys of profile \"%s\" expired at %s", profile, text));
      return snt_err_hint(err, "renew them with the tool that wrote them, or store a long-lived key: sentinel add %s",
                          profile);
    }
  }
  return snt_done();
}

static snt_status try_profile_keys(struct search *search, const char *profile, struct snt_err *err) {
  SNT_TRY(note_place(search, err, "the keys of profile \"%.128s\"", profile));
  struct snt_aws_key_text text = {property(search, profile, "aws_access_key_id"),
                                  property(search, profile, "aws_secret_access_key"),
                                  property(search, profile, "aws_session_token")};
  if (text.id.len == 0 && text.secret.len == 0) {
    return snt_done();
  }
  char what[256];
  (void)snprintf(what, sizeof what, "profile \"%.200s\"", profile);
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials found = {0};
  SNT_TRY(snt_aws_credentials_take_text(&text, what, SNT_CODE_PROFILE_INVALID, &found, err));
  SNT_TRY(check_expiry(search, profile, &found, err));
  *search->out = found;
  found = (struct snt_aws_credentials){0}; /* ownership went to out */
  search->is_found = true;
  return snt_done();
}

snt_status snt_aws_credentials_load(struct snt_keychain *keychain, const char *name, struct snt_aws_credentials *out,
                                    struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_AWS, name, &entry, err));
  const char *backend = snt_keychain_backend_name(keychain); /* the one that had it */
  struct snt_err inner = {0};
  snt_status status = snt_aws_credentials_parse(entry, out, &inner);
  if (!snt_ok(status)) {
    SNT_IGNORE(snt_fail(err, status.code == SNT_CODE_NO_MEMORY ? status.code : SNT_CODE_KEYCHAIN,
                        "the keychain entry \"%s\" (%s) cannot be used: %s", name, backend, inner.message));
    return snt_err_hint(err, "store the key again: sentinel add %s", name);
  }
  (void)snprintf(out->source, sizeof out->source, "keychain entry \"%.200s\" (%s)", name, backend);
  return snt_done();
}

static snt_status try_keychain(struct search *search, const char *name, struct snt_err *err) {
  if (search->given->keychain == NULL) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf backends = {0};
  SNT_TRY(snt_keychain_tell_backends(search->given->keychain, &backends, err));
  SNT_TRY(note_place(search, err, "the keychain entry \"%.128s\" (%s)", name, backends.data));
  struct snt_err inner = {0};
  snt_status status = snt_aws_credentials_load(search->given->keychain, name, search->out, &inner);
  search->is_found = snt_ok(status);
  if (search->is_found || status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  if (err != NULL) {
    *err = inner;
  }
  return status;
}

static snt_status try_environment(struct search *search, struct snt_err *err) {
  SNT_TRY(note_place(search, err, "the environment"));
  const char *problem = search->given->environment == NULL ? "" : search->given->environment->problem;
  if (problem[0] != '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS, "%s", problem));
    return snt_err_hint(err, "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither");
  }
  const struct snt_aws_credentials *given =
      search->given->environment == NULL ? NULL : &search->given->environment->credentials;
  if (given == NULL || given->access_key_id[0] == '\0' || given->secret_key == NULL) {
    return snt_done();
  }
  struct snt_aws_key_text text = {snt_slice_of(given->access_key_id),
                                  {snt_secret_borrow(given->secret_key), snt_secret_len(given->secret_key)},
                                  {"", 0}};
  if (given->session_token != NULL) {
    text.token = (struct snt_slice){snt_secret_borrow(given->session_token), snt_secret_len(given->session_token)};
  }
  SNT_TRY(snt_aws_credentials_take_text(&text, "environment", SNT_CODE_NO_CREDENTIALS, search->out, err));
  search->is_found = true;
  return snt_done();
}

static snt_status take(struct search *search, snt_status status) {
  search->is_found = snt_ok(status);
  return status;
}

/* A profile that includes the one that was asked for would have us run ourselves. */
static snt_status run_process(struct search *search, const char *profile, const char *command, struct snt_err *err) {
  const char *own = snt_aws_profile_get(search->target->config, search->target->profile, "credential_process");
  if (own != NULL && strcmp(own, command) == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                        "the credential_process of profile \"%s\" is that of \"%s\" itself, and is not run", profile,
                        search->target->profile));
    return snt_err_hint(err, "point source_profile at a profile whose keys come from elsewhere");
  }
  return take(search, snt_aws_source_process(search->given, profile, search->out, err));
}

static snt_status fail_empty_environment(const char *profile, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS,
                      "profile \"%s\" takes its keys from the environment (credential_source), which has none",
                      profile));
  return snt_err_hint(err, "export AWS_ACCESS_KEY_ID and its fellows");
}

/* credential_source, which goes strictly. */
static snt_status search_named(struct search *search, const char *profile, const char *named, struct snt_err *err) {
  if (strcmp(named, "Environment") == 0) {
    SNT_TRY(try_environment(search, err));
    return search->is_found ? snt_done() : fail_empty_environment(profile, err);
  }
  if (strcmp(named, "EcsContainer") == 0) {
    return take(search, snt_aws_source_container(search->given, search->out, err));
  }
  if (strcmp(named, "Ec2InstanceMetadata") == 0) {
    return take(search, snt_aws_source_instance(search->given, true, search->out, err));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\" has an unknown credential_source, \"%.64s\"",
                      profile, named));
  return snt_err_hint(err, "it is Environment, EcsContainer or Ec2InstanceMetadata");
}

static snt_status check_login_session(const struct search *search, const char *profile, struct snt_err *err) {
  if (property(search, profile, "login_session").len == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS,
                      "profile \"%s\" takes its keys from a console login (login_session), which is not supported",
                      profile));
  return snt_err_hint(err, "sign in by IAM Identity Center, or store a key for it: sentinel add %s", profile);
}

/* Where the chain of a source profile begins. */
static snt_status search_base(struct search *search, const struct snt_aws_chain *chain, struct snt_err *err) {
  const char *profile = chain->source_profile;
  switch (chain->source) {
  case SNT_AWS_SOURCE_STATIC:
    return try_profile_keys(search, profile, err);
  case SNT_AWS_SOURCE_STORED: /* it was found when the chain was resolved */
    return snt_done();
  case SNT_AWS_SOURCE_NAMED:
    return search_named(search, profile, chain->source_detail, err);
  case SNT_AWS_SOURCE_SSO:
  case SNT_AWS_SOURCE_SSO_SESSION:
    return take(search, snt_aws_source_sso(search->given, profile, search->out, err));
  case SNT_AWS_SOURCE_WEB_IDENTITY:
    return take(search, snt_aws_source_web_identity(search->given, profile, search->out, err));
  case SNT_AWS_SOURCE_PROCESS:
    return run_process(search, profile, chain->source_detail, err);
  case SNT_AWS_SOURCE_NONE:
    break;
  }
  return check_login_session(search, profile, err);
}

static snt_status look_for_stored(void *context, const char *profile, bool *is_there, struct snt_err *err) {
  struct search *search = context;
  SNT_TRY(try_keychain(search, profile, err));
  *is_there = search->is_found;
  return snt_done();
}

static snt_status fail_rootless(const struct search *search, const char *source, const char *end, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS,
                      "the roles that the source profile \"%s\" of \"%s\" leads through begin at profile \"%s\", which "
                      "has no key: looked at %s",
                      source, search->target->profile, end, snt_buf_borrow(&search->places)));
  return snt_err_hint(err, "store a key: sentinel add %s", end);
}

/* Where nothing better is known. */
static snt_status hint_at_config(const char *source, struct snt_err *err) {
  bool has_hint = err != NULL && err->hint[0] != '\0';
  return has_hint ? (snt_status){err->code}
                  : snt_err_hint(err, "see what [profile %s] leads to in ~/.aws/config", source);
}

/* What a named source profile says that has neither keys nor an entry. One that says nothing is passed over. */
static snt_status search_chain(struct search *search, const char *source, struct snt_err *err) {
  const struct snt_aws_shared_config *config = search->target->config;
  if (!snt_aws_profile_exists(config, source)) {
    return snt_done();
  }
  const struct snt_aws_stored_keys stored = {look_for_stored, search};
  struct snt_aws_chain chain = {0};
  if (!snt_ok(snt_aws_chain_resolve(config, source, &stored, &chain, err))) {
    return hint_at_config(source, err);
  }
  SNT_TRY(search_base(search, &chain, err));
  if (!search->is_found) {
    return chain.step_count == 0 ? snt_done() : fail_rootless(search, source, chain.source_profile, err);
  }
  return snt_aws_base_roles_assume(search->given, &chain, search->out, err);
}

static snt_status search_source(struct search *search, const char *source, struct snt_err *err) {
  SNT_TRY(try_profile_keys(search, source, err));
  if (!search->is_found) {
    SNT_TRY(try_keychain(search, source, err));
  }
  bool is_itself = strcmp(source, search->target->profile) == 0;
  return search->is_found || is_itself ? snt_done() : search_chain(search, source, err);
}

/* The profile names no source profile: a key that was stored for it goes first, then what else it names. */
static snt_status search_own(struct search *search, const char *profile, struct snt_err *err) {
  struct snt_slice named = property(search, profile, "sentinel_credential_source");
  named = named.len == 0 ? property(search, profile, "credential_source") : named;
  SNT_TRY(try_keychain(search, profile, err));
  return search->is_found || named.len == 0 ? snt_done() : search_named(search, profile, named.data, err);
}

static bool has_sso(const struct search *search, const char *profile) {
  static const char *const keys[] = {"sso_session", "sso_start_url", "sso_account_id", "sso_role_name"};
  bool is_set = false;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    is_set = is_set || property(search, profile, keys[i]).len > 0;
  }
  return is_set;
}

static bool has_variable(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0';
}

/* What the profile itself says, behind its keys. */
static snt_status search_profile(struct search *search, const char *profile, struct snt_err *err) {
  SNT_TRY(try_profile_keys(search, profile, err));
  if (search->is_found) {
    return snt_done();
  }
  if (has_sso(search, profile)) {
    return take(search, snt_aws_source_sso(search->given, profile, search->out, err));
  }
  if (property(search, profile, "web_identity_token_file").len > 0) {
    return take(search, snt_aws_source_web_identity(search->given, profile, search->out, err));
  }
  SNT_TRY(check_login_session(search, profile, err));
  return note_place(search, err, "its sso_ and web_identity_token_file (not set)");
}

/* What the environment names beside keys; and where nothing names anything, the instance this may be. */
static snt_status search_machine(struct search *search, struct snt_err *err) {
  if (has_variable("AWS_WEB_IDENTITY_TOKEN_FILE")) {
    return take(search, snt_aws_source_web_identity(search->given, NULL, search->out, err));
  }
  if (has_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || has_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    return take(search, snt_aws_source_container(search->given, search->out, err));
  }
  SNT_TRY(note_place(search, err, "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_CONTAINER_CREDENTIALS_* (not set)"));
  struct snt_err inner = {0};
  snt_status status = take(search, snt_aws_source_instance(search->given, false, search->out, &inner));
  if (!snt_ok(status) && status.code != SNT_CODE_NO_CREDENTIALS) {
    if (err != NULL) {
      *err = inner;
    }
    return status;
  }
  return search->is_found ? snt_done() : note_place(search, err, "the instance metadata (%.200s)", inner.message);
}

/* As search_all begins. */
const char *snt_aws_credentials_first_name(const struct snt_aws_target *target) {
  static const char *const keys[] = {"aws_access_key_id", "aws_secret_access_key"};
  bool has_source = target->source_profile[0] != '\0';
  bool has_keys = false;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0] && has_source; i++) {
    const char *value = snt_aws_profile_get(target->config, target->source_profile, keys[i]);
    has_keys = has_keys || (value != NULL && value[0] != '\0');
  }
  return has_keys ? NULL : has_source ? target->source_profile : target->profile;
}

static snt_status search_all(struct search *search, struct snt_err *err) {
  const char *profile = search->target->profile;
  const char *source = search->target->source_profile;
  SNT_TRY(source[0] != '\0' ? search_source(search, source, err) : search_own(search, profile, err));
  SNT_TRY(search->is_found ? snt_done() : try_environment(search, err));
  SNT_TRY(search->is_found ? snt_done() : search_profile(search, profile, err));
  return search->is_found ? snt_done() : search_machine(search, err);
}

static snt_status fail_not_found(const struct search *search, struct snt_err *err) {
  const char *profile = search->target->profile;
  const char *source = search->target->source_profile[0] == '\0' ? profile : search->target->source_profile;
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS, "no base credentials for profile \"%s\": looked at %s", profile,
                      snt_buf_borrow(&search->places)));
  bool is_default = strcmp(source, "default") == 0; /* which nobody may have named */
  if (!is_default && !snt_aws_profile_exists(search->target->config, source)) {
    return snt_err_hint(err,
                        "store a key: sentinel add %s; or name another source profile: ~/.aws/config has no "
                        "[profile %s]",
                        source, source);
  }
  return snt_err_hint(err, "store a key: sentinel add %s%s", source,
                      is_default ? "; or name a profile that has one with --profile" : "");
}

/* It goes into the record, and names that were cut may end within a character. */
static void mend_source(struct snt_aws_credentials *found) {
  size_t len = strlen(found->source);
  while (len > 0 && !snt_utf8_check_printable(found->source, len)) {
    found->source[--len] = '\0';
  }
}

snt_status snt_aws_credentials_find(const struct snt_aws_search *search, struct snt_aws_credentials *out,
                                    struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials found = {0};
  SNT_CLEANUP(search_clear)
  struct search state = {.given = search, .target = search->target, .out = &found};
  SNT_TRY(search_all(&state, err));
  if (!state.is_found) {
    return fail_not_found(&state, err);
  }
  mend_source(&found);
  *out = found;
  found = (struct snt_aws_credentials){0}; /* ownership went to out */
  return snt_done();
}
