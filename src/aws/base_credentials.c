/* The chain that finds base credentials, in the order of aws.md.
 *
 * MUST
 *  1. what a named source profile says goes: a source that this version cannot use is an error, not a reason to take
 *     whatever key is nearest;
 *  2. the credential_process of the profile that was asked for is never run (nor is any other);
 *  3. nothing is asked of the network. */
#include "aws/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "format/time.h"

/* One search; places is what was looked at, for the message when nothing is found. */
struct search {
  const struct snt_aws_target *target;
  struct snt_keychain *keychain;
  const struct snt_aws_environment *environment;
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
  if (search->keychain == NULL) {
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf backends = {0};
  SNT_TRY(snt_keychain_tell_backends(search->keychain, &backends, err));
  SNT_TRY(note_place(search, err, "the keychain entry \"%.128s\" (%s)", name, backends.data));
  struct snt_err inner = {0};
  snt_status status = snt_aws_credentials_load(search->keychain, name, search->out, &inner);
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
  const struct snt_aws_credentials *given = search->environment == NULL ? NULL : &search->environment->credentials;
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

/* What a profile names as the source of its keys and this version does not use; NULL when it names nothing. */
static const char *find_unsupported(const struct search *search, const char *profile) {
  static const struct {
    const char *key, *text;
  } rows[] = {{"sso_session", "IAM Identity Center (sso_session)"},
              {"sso_start_url", "IAM Identity Center (sso_start_url)"},
              {"sso_account_id", "IAM Identity Center (sso_account_id)"},
              {"web_identity_token_file", "a web identity (web_identity_token_file)"},
              {"login_session", "a console login (login_session)"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (property(search, profile, rows[i].key).len > 0) {
      return rows[i].text;
    }
  }
  struct snt_slice named = property(search, profile, "credential_source");
  if (named.len == 0 || snt_slice_is(named, "Environment")) {
    return NULL;
  }
  return snt_slice_is(named, "Ec2InstanceMetadata") ? "instance metadata (credential_source Ec2InstanceMetadata)"
         : snt_slice_is(named, "EcsContainer")      ? "a container (credential_source EcsContainer)"
                                                    : "an unknown credential_source";
}

static snt_status fail_unsupported(const char *profile, const char *source, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS,
                      "profile \"%s\" takes its keys from %s, which this version does not support", profile, source));
  return snt_err_hint(err,
                      "store a key for it: sentinel add %s; or export AWS_ACCESS_KEY_ID and its fellows and "
                      "name no source profile",
                      profile);
}

/* A named source profile that has neither keys nor an entry, and says that they come from somewhere else. */
static snt_status check_named_source(const struct search *search, const char *source, struct snt_err *err) {
  const char *unsupported = find_unsupported(search, source);
  if (unsupported == NULL && property(search, source, "credential_process").len > 0) {
    unsupported = "a credential_process";
  }
  if (unsupported != NULL) {
    return fail_unsupported(source, unsupported, err);
  }
  bool has_role = property(search, source, "sentinel_role_arn").len > 0 || property(search, source, "role_arn").len > 0;
  bool is_environment = property(search, source, "credential_source").len > 0;
  if (!has_role || is_environment) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS,
                      "the source profile \"%s\" of \"%s\" has a role of its own, and this version does not assume one "
                      "role through another",
                      source, search->target->profile));
  return snt_err_hint(err, "point source_profile at a profile with keys, or store a key: sentinel add %s", source);
}

static snt_status search_source(struct search *search, const char *source, struct snt_err *err) {
  SNT_TRY(try_profile_keys(search, source, err));
  if (!search->is_found) {
    SNT_TRY(try_keychain(search, source, err));
  }
  bool is_itself = strcmp(source, search->target->profile) == 0;
  return search->is_found || is_itself ? snt_done() : check_named_source(search, source, err);
}

static snt_status search_all(struct search *search, struct snt_err *err) {
  const char *profile = search->target->profile;
  const char *source = search->target->source_profile;
  SNT_TRY(source[0] != '\0' ? search_source(search, source, err) : try_keychain(search, profile, err));
  if (!search->is_found) {
    SNT_TRY(try_environment(search, err));
  }
  if (!search->is_found) {
    SNT_TRY(try_profile_keys(search, profile, err));
  }
  return snt_done();
}

/* Sources of the environment that the SDKs would go on to. */
static const char *find_unsupported_variable(void) {
  static const char *const names[] = {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *value = getenv(names[i]);
    if (value != NULL && value[0] != '\0') {
      return names[i];
    }
  }
  return NULL;
}

static snt_status fail_not_found(const struct search *search, struct snt_err *err) {
  const char *profile = search->target->profile;
  const char *source = search->target->source_profile[0] == '\0' ? profile : search->target->source_profile;
  const char *unsupported = find_unsupported(search, profile);
  if (unsupported != NULL) {
    return fail_unsupported(profile, unsupported, err);
  }
  const char *variable = find_unsupported_variable();
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_CREDENTIALS, "no base credentials for profile \"%s\": looked at %s%s%s%s",
                      profile, snt_buf_borrow(&search->places), variable == NULL ? "" : "; ",
                      variable == NULL ? "" : variable,
                      variable == NULL ? "" : " names a source that this version does not support"));
  bool is_default = strcmp(source, "default") == 0; /* which nobody may have named */
  return snt_err_hint(err, "store a key: sentinel add %s%s", source,
                      is_default ? "; or name a profile that has one with --profile" : "");
}

snt_status snt_aws_credentials_find(const struct snt_aws_target *target, struct snt_keychain *keychain,
                                    const struct snt_aws_environment *environment, struct snt_aws_credentials *out,
                                    struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials found = {0};
  SNT_CLEANUP(search_clear)
  struct search search = {.target = target, .keychain = keychain, .environment = environment, .out = &found};
  SNT_TRY(search_all(&search, err));
  if (!search.is_found) {
    return fail_not_found(&search, err);
  }
  *out = found;
  found = (struct snt_aws_credentials){0}; /* ownership went to out */
  return snt_done();
}
