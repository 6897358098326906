#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/identity.h"
#include "aws/shared_config.h"
#include "base/buf.h"

enum { SOURCES_MAX = 8, INCLUDES_MAX = 8 };

struct choosing {
  const struct snt_aws_shared_config *config;
  const struct snt_aws_profile_settings *settings; /* not NULL */
  const char *profile;
};

enum { KEY_CAP = 64 };

/* The value that goes first: the configuration's, the sentinel_ key's, the plain key's. NULL for none; an empty text
 * sets nothing. name (NULL or KEY_CAP bytes) gets the key as it stands where the value is. */
static const char *choose(const struct choosing *choosing, const char *own, const char *key, char *name) {
  char prefixed[KEY_CAP];
  (void)snprintf(prefixed, sizeof prefixed, "sentinel_%s", key);
  const struct {
    const char *key, *value;
  } rows[] = {{key, own},
              {prefixed, snt_aws_profile_get(choosing->config, choosing->profile, prefixed)},
              {key, snt_aws_profile_get(choosing->config, choosing->profile, key)}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].value != NULL && rows[i].value[0] != '\0') {
      (void)snprintf(name, name == NULL ? 0 : KEY_CAP, "%s", rows[i].key);
      return rows[i].value;
    }
  }
  return NULL;
}

static snt_status take(const struct choosing *choosing, const char *own, const char *key, char *out, size_t cap,
                       struct snt_err *err) {
  char name[KEY_CAP] = "";
  const char *value = choose(choosing, own, key, name);
  size_t len = value == NULL ? 0 : strlen(value);
  out[0] = '\0';
  if (len >= cap) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\": %s is longer than %zu bytes", choosing->profile,
                    name, cap - 1);
  }
  if (len > 0 && !snt_utf8_check_printable(value, len)) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\": %s holds a character that is not printable",
                    choosing->profile, name);
  }
  (void)snprintf(out, cap, "%s", value == NULL ? "" : value);
  return snt_done();
}

static snt_status take_duration(const struct choosing *choosing, int64_t *out, struct snt_err *err) {
  *out = choosing->settings->duration_s;
  char name[KEY_CAP];
  const char *text = *out != 0 ? NULL : choose(choosing, NULL, "duration_seconds", name);
  if (text == NULL) {
    return snt_done();
  }
  size_t digits = strspn(text, "0123456789");
  *out = digits > 0 && digits < 10 && text[digits] == '\0' ? strtoll(text, NULL, 10) : 0;
  if (*out < 1) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\": %s is not a number of seconds", choosing->profile,
                    name);
  }
  return snt_done();
}

static snt_status check_role(const struct choosing *choosing, const struct snt_aws_target *target,
                             struct snt_err *err) {
  if (target->role_arn[0] == '\0') {
    return snt_done();
  }
  char account[13];
  char name[128];
  if (!snt_ok(snt_aws_role_arn_parse(target->role_arn, account, name, err))) {
    return snt_err_prefix(err, "profile \"%s\"", choosing->profile);
  }
  return snt_done();
}

static snt_status fail_unknown(const struct choosing *choosing, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\" is not defined", choosing->profile));
  size_t count = snt_aws_profile_count(choosing->config);
  const char **names = calloc(count + 1, sizeof *names);
  if (names == NULL) {
    return snt_fail_memory(err);
  }
  for (size_t i = 0; i < count; i++) {
    names[i] = snt_aws_profile_name_at(choosing->config, i);
  }
  const char *nearest = snt_str_nearest(choosing->profile, names);
  free(names);
  if (nearest != NULL) {
    return snt_err_hint(err, "did you mean \"%s\"?", nearest);
  }
  return snt_err_hint(err, "add [profile %s] to ~/.aws/config, or \"%s\" below profiles in the configuration",
                      choosing->profile, choosing->profile);
}

/* A walk from profile to profile, for the message of a loop. */
struct walk {
  const char *names[SOURCES_MAX];
  size_t count;
  const char *key;
};

static snt_status step(struct walk *walk, const char *name, struct snt_err *err) {
  bool is_loop = false;
  for (size_t i = 0; i < walk->count; i++) {
    is_loop = is_loop || strcmp(walk->names[i], name) == 0;
  }
  if (!is_loop && walk->count < SOURCES_MAX) {
    walk->names[walk->count++] = name;
    return snt_done();
  }
  SNT_BUF_AUTO struct snt_buf chain = {0};
  for (size_t i = 0; i < walk->count; i++) {
    SNT_TRY(snt_buf_appendf(&chain, err, "%.128s -> ", walk->names[i]));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "%s of profile \"%s\" %s: %s%.128s", walk->key, walk->names[0],
                      is_loop ? "goes round in a loop" : "leads through too many profiles", chain.data, name));
  return snt_err_hint(err, "point the %s of one of them elsewhere", walk->key);
}

static snt_status check_includes(const struct snt_aws_shared_config *config, const char *profile, struct snt_err *err) {
  struct walk walk = {.key = "include_profile"};
  for (const char *name = profile; name != NULL;) {
    SNT_TRY(step(&walk, name, err));
    const char *next = snt_aws_profile_get(config, name, "include_profile");
    if (next != NULL && !snt_aws_profile_exists(config, next)) {
      return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\" includes profile \"%.256s\", which is not defined",
                      name, next);
    }
    name = next;
  }
  return snt_done();
}

static bool has_keys(const struct snt_aws_shared_config *config, const char *profile) {
  return snt_aws_profile_get(config, profile, "aws_access_key_id") != NULL;
}

/* Follows source_profile while the profiles have roles. One that names itself has its keys under its own name. */
static snt_status check_sources(const struct choosing *choosing, const struct snt_aws_target *target,
                                struct snt_err *err) {
  static const struct snt_aws_profile_settings none = {0};
  struct walk walk = {.key = "source_profile"};
  const char *name = choosing->profile;
  const char *next = target->source_profile[0] == '\0' ? NULL : target->source_profile;
  while (next != NULL && strcmp(next, name) != 0) {
    SNT_TRY(step(&walk, name, err));
    SNT_TRY(check_includes(choosing->config, next, err));
    struct choosing there = {choosing->config, &none, next};
    bool is_end = has_keys(choosing->config, next) || choose(&there, NULL, "role_arn", NULL) == NULL;
    name = next;
    next = is_end ? NULL : choose(&there, NULL, "source_profile", NULL);
  }
  return walk.count == 0 ? snt_done() : step(&walk, name, err);
}

static snt_status check_source_name(const struct snt_aws_target *target, struct snt_err *err) {
  if (target->source_profile[0] == '\0' || snt_profile_name_check(target->source_profile)) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\": source_profile \"%s\" is not a name of a profile",
                  target->profile, target->source_profile);
}

static snt_status take_all(const struct choosing *choosing, struct snt_aws_target *out, struct snt_err *err) {
  const struct snt_aws_profile_settings *own = choosing->settings;
  const struct {
    const char *own, *key;
    char *out;
    size_t cap;
  } rows[] = {
      {own->role_arn, "role_arn", out->role_arn, sizeof out->role_arn},
      {own->source_profile, "source_profile", out->source_profile, sizeof out->source_profile},
      {own->external_id, "external_id", out->external_id, sizeof out->external_id},
      {own->mfa_serial, "mfa_serial", out->mfa_serial, sizeof out->mfa_serial},
      {own->mfa_process, "mfa_process", out->mfa_process, sizeof out->mfa_process},
      {own->region, "region", out->region, sizeof out->region},
      {NULL, "endpoint_url", out->endpoint_url, sizeof out->endpoint_url},
      {NULL, "ca_bundle", out->ca_bundle, sizeof out->ca_bundle},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_TRY(take(choosing, rows[i].own, rows[i].key, rows[i].out, rows[i].cap, err));
  }
  return take_duration(choosing, &out->duration_s, err);
}

snt_status snt_aws_target_resolve(const struct snt_aws_shared_config *config,
                                  const struct snt_aws_profile_settings *settings, const char *profile,
                                  struct snt_aws_target *out, struct snt_err *err) {
  static const struct snt_aws_profile_settings none = {0};
  memset(out, 0, sizeof *out);
  if (!snt_profile_name_check(profile)) {
    return snt_fail(err, SNT_CODE_USAGE, "\"%.64s\" cannot be the name of a profile", profile);
  }
  struct choosing choosing = {config, settings == NULL ? &none : settings, profile};
  if (settings == NULL && !snt_aws_profile_exists(config, profile)) {
    return fail_unknown(&choosing, err);
  }
  struct snt_aws_target target = {.config = config};
  (void)snprintf(target.profile, sizeof target.profile, "%s", profile);
  SNT_TRY(check_includes(config, profile, err));
  SNT_TRY(take_all(&choosing, &target, err));
  SNT_TRY(check_role(&choosing, &target, err));
  SNT_TRY(check_source_name(&target, err));
  SNT_TRY(check_sources(&choosing, &target, err));
  *out = target;
  return snt_done();
}

snt_status snt_aws_target_require_role(const struct snt_aws_target *target, struct snt_err *err) {
  if (target->role_arn[0] != '\0') {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\" has no role", target->profile));
  return snt_err_hint(err,
                      "set sentinel_role_arn in [profile %s] of ~/.aws/config, or role_arn for it below profiles in "
                      "the configuration; base credentials are never handed out",
                      target->profile);
}
