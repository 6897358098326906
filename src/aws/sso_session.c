#include "aws/sso_session.h"

#include <stdio.h>
#include <string.h>

#include "aws/service.h"
#include "format/uri.h"

/* Where the keys of one sign-in stand. */
struct place {
  const struct snt_aws_shared_config *config;
  const char *session; /* NULL: profile's own */
  const char *profile;
};

static const char *property(const struct place *place, const char *key) {
  const char *value = place->session != NULL ? snt_aws_sso_session_get(place->config, place->session, key)
                                             : snt_aws_profile_get(place->config, place->profile, key);
  return value == NULL ? "" : value;
}

static snt_status fail_at(const struct place *place, const char *key, const char *what, struct snt_err *err) {
  const char *kind = place->session != NULL ? "sso-session" : "profile";
  const char *name = place->session != NULL ? place->session : place->profile;
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "%s \"%.128s\": %s %s", kind, name, key, what));
  return snt_err_hint(err, "correct it in [%s %.128s] of ~/.aws/config", kind, name);
}

static snt_status take(const struct place *place, const char *key, char *out, size_t cap, struct snt_err *err) {
  const char *value = property(place, key);
  if (value[0] == '\0') {
    SNT_IGNORE(fail_at(place, key, "is missing", err));
    return snt_err_hint(err, "IAM Identity Center's access portal shows it: set it in ~/.aws/config");
  }
  if (strlen(value) >= cap || !snt_utf8_check_printable(value, strlen(value))) {
    return fail_at(place, key, "is too long, or not printable", err);
  }
  (void)snprintf(out, cap, "%s", value);
  return snt_done();
}

/* The portal's page: AWS's are https; what a test names is on this machine. A fragment ("#/") belongs to some. */
static snt_status check_url(const struct place *place, const char *text, struct snt_err *err) {
  char bare[sizeof((struct snt_sso_session *)NULL)->start_url];
  struct snt_url url = {0};
  (void)snprintf(bare, sizeof bare, "%.*s", (int)strcspn(text, "#"), text);
  bool is_one = snt_ok(snt_url_parse(bare, "sso_start_url", &url, NULL));
  return is_one && (strcmp(url.scheme, "https") == 0 || url.is_loopback)
             ? snt_done()
             : fail_at(place, "sso_start_url", "is not an https URL", err);
}

/* "a, b,c" becomes "a b c". */
static snt_status take_scopes(const struct place *place, char *out, size_t cap, struct snt_err *err) {
  const char *text = property(place, "sso_registration_scopes");
  size_t len = 0;
  if (strlen(text) >= cap) {
    return fail_at(place, "sso_registration_scopes", "is too long", err);
  }
  for (const char *part = text; *part != '\0'; part += strspn(part, ", \t")) {
    size_t size = strcspn(part, ", \t");
    for (size_t i = 0; i < size; i++) {
      if (part[i] <= ' ' || part[i] > '~' || part[i] == '"' || part[i] == '\\') {
        return fail_at(place, "sso_registration_scopes", "holds what no scope holds", err);
      }
    }
    len += size == 0 ? 0 : (size_t)snprintf(out + len, cap - len, "%s%.*s", len == 0 ? "" : " ", (int)size, part);
    part += size;
  }
  if (len == 0) {
    (void)snprintf(out, cap, "%s", SNT_SSO_DEFAULT_SCOPE);
  }
  return snt_done();
}

static void name_legacy(struct snt_sso_session *out) {
  const char *bare = strstr(out->start_url, "://") + 3;
  size_t len = strcspn(bare, "#?");
  while (len > 0 && bare[len - 1] == '/') {
    len--;
  }
  (void)snprintf(out->name, sizeof out->name, "%.*s", (int)len, bare);
}

/* As the AWS CLI calls its file: by the session's name, or a profile's start URL. */
static void name_file(const char *hashed, struct snt_sso_session *out) {
  char digits[SNT_SHA1_HEX_CAP];
  snt_sha1_hex(hashed, strlen(hashed), digits);
  (void)snprintf(out->file, sizeof out->file, "%s.json", digits);
}

void snt_sso_session_of_name(const char *name, struct snt_sso_session *out) {
  memset(out, 0, sizeof *out);
  (void)snprintf(out->name, sizeof out->name, "%s", name);
  name_file(name, out);
}

static snt_status read_session(const struct place *place, struct snt_sso_session *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  struct snt_sso_session session = {.is_legacy = place->session == NULL};
  SNT_TRY(take(place, "sso_start_url", session.start_url, sizeof session.start_url, err));
  SNT_TRY(take(place, "sso_region", session.region, sizeof session.region, err));
  SNT_TRY(check_url(place, session.start_url, err));
  if (!snt_ok(snt_aws_region_check(session.region, NULL))) {
    return fail_at(place, "sso_region", "is not the name of a region", err);
  }
  SNT_TRY(take_scopes(place, session.scopes, sizeof session.scopes, err));
  const char *wanted = session.is_legacy ? place->profile : place->session;
  if (!snt_profile_name_check(wanted)) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "sso-session \"%.128s\": this cannot be a name", wanted);
  }
  (void)snprintf(session.wanted, sizeof session.wanted, "%s", wanted);
  (void)snprintf(session.name, sizeof session.name, "%s", wanted);
  name_file(session.is_legacy ? session.start_url : session.name, &session);
  if (session.is_legacy) {
    name_legacy(&session);
  }
  *out = session;
  return snt_done();
}

static snt_status fail_unknown(const struct snt_aws_shared_config *config, const char *name, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf names = {0};
  for (size_t i = 0; snt_aws_sso_session_name_at(config, i) != NULL && i < 8; i++) {
    SNT_TRY(snt_buf_appendf(&names, err, "%s%.64s", i == 0 ? "" : ", ", snt_aws_sso_session_name_at(config, i)));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "there is no sso-session \"%.128s\"", name));
  return names.len > 0
             ? snt_err_hint(err, "~/.aws/config has: %s", names.data)
             : snt_err_hint(err, "add [sso-session %.128s] with sso_start_url and sso_region to ~/.aws/config", name);
}

snt_status snt_sso_session_find(const struct snt_aws_shared_config *config, const char *name,
                                struct snt_sso_session *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (!snt_aws_sso_session_exists(config, name)) {
    return fail_unknown(config, name, err);
  }
  return read_session(&(struct place){config, name, NULL}, out, err);
}

static bool has_own(const struct snt_aws_shared_config *config, const char *profile) {
  return snt_aws_profile_get(config, profile, "sso_session") == NULL &&
         snt_aws_profile_get(config, profile, "sso_start_url") != NULL;
}

snt_status snt_sso_session_of_profile(const struct snt_aws_shared_config *config, const char *profile,
                                      struct snt_sso_session *out, struct snt_err *err) {
  memset(out, 0, sizeof *out);
  const char *session = snt_aws_profile_get(config, profile, "sso_session");
  if (session != NULL) {
    snt_status status = snt_sso_session_find(config, session, out, err);
    return snt_ok(status) ? status : snt_err_prefix(err, "profile \"%.128s\"", profile);
  }
  const struct place place = {config, NULL, profile};
  if (property(&place, "sso_start_url")[0] == '\0' && property(&place, "sso_region")[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                        "profile \"%.128s\" does not sign in to IAM Identity Center: it has no sso_session", profile));
    return snt_err_hint(err, "set sso_session in [profile %.128s] of ~/.aws/config", profile);
  }
  return read_session(&place, out, err);
}

bool snt_sso_session_at(const struct snt_aws_shared_config *config, size_t index, struct snt_sso_session *out,
                        snt_status *status, struct snt_err *err) {
  size_t count = 0;
  for (const char *name = NULL; (name = snt_aws_sso_session_name_at(config, count)) != NULL; count++) {
    if (count == index) {
      *status = snt_sso_session_find(config, name, out, err);
      return true;
    }
  }
  for (size_t i = 0; i < snt_aws_profile_count(config); i++) {
    const char *profile = snt_aws_profile_name_at(config, i);
    if (has_own(config, profile) && count++ == index) {
      *status = snt_sso_session_of_profile(config, profile, out, err);
      return true;
    }
  }
  return false;
}
