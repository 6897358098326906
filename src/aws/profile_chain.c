/* The resolution of a profile as the SDKs do it: source_profile and credential_source of profiles with a role are
 * followed until one says where keys come from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/shared_config.h"
#include "base/buf.h"

struct resolving {
  const struct snt_aws_shared_config *config;
  const struct snt_aws_stored_keys *stored; /* NULL: none */
  struct snt_aws_chain chain;
  const char *visited[SNT_AWS_CHAIN_MAX + 1];
  size_t visited_count;
};

static const char *get(const struct resolving *resolving, const char *profile, const char *key) {
  return snt_aws_profile_get(resolving->config, profile, key);
}

/* What the profile says to us, "sentinel_<key>". */
static const char *get_own(const struct resolving *resolving, const char *profile, const char *key) {
  char prefixed[64];
  (void)snprintf(prefixed, sizeof prefixed, "sentinel_%s", key);
  return get(resolving, profile, prefixed);
}

static const char *get_either(const struct resolving *resolving, const char *profile, const char *key) {
  const char *own = get_own(resolving, profile, key);
  return own != NULL ? own : get(resolving, profile, key);
}

static snt_status fail_loop(const struct resolving *resolving, const char *again, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf chain = {0};
  for (size_t i = 0; i < resolving->visited_count; i++) {
    SNT_TRY(snt_buf_appendf(&chain, err, "%.64s -> ", resolving->visited[i]));
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile formed an infinite loop: %s%.64s", chain.data, again));
  return snt_err_hint(err, "the source_profile of one of them has to be a profile with keys");
}

static snt_status check_loop(const struct resolving *resolving, const char *profile, struct snt_err *err) {
  for (size_t i = 0; i < resolving->visited_count; i++) {
    if (strcmp(resolving->visited[i], profile) == 0) {
      return fail_loop(resolving, profile, err);
    }
  }
  return snt_done();
}

static snt_status visit(struct resolving *resolving, const char *profile, struct snt_err *err) {
  if (!snt_aws_profile_exists(resolving->config, profile)) {
    const char *from =
        resolving->visited_count == 0 ? "the root profile" : resolving->visited[resolving->visited_count - 1];
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "could not find source profile %.256s referenced from %.256s",
                    profile, from);
  }
  if (resolving->visited_count == SNT_AWS_CHAIN_MAX) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile `%.256s` leads through more than %d profiles",
                    resolving->visited[0], SNT_AWS_CHAIN_MAX);
  }
  resolving->visited[resolving->visited_count++] = profile;
  return snt_done();
}

static bool has_keys(const struct resolving *resolving, const char *profile) {
  return get(resolving, profile, "aws_access_key_id") != NULL &&
         get(resolving, profile, "aws_secret_access_key") != NULL;
}

static void set_source(struct resolving *resolving, enum snt_aws_source source, const char *profile,
                       const char *detail) {
  resolving->chain.source = source;
  resolving->chain.source_profile = profile;
  resolving->chain.source_detail = detail;
}

static snt_status take_keys(struct resolving *resolving, const char *profile, struct snt_err *err) {
  const char *id = get(resolving, profile, "aws_access_key_id");
  const char *secret = get(resolving, profile, "aws_secret_access_key");
  if (id == NULL && secret == NULL && resolving->stored != NULL) {
    set_source(resolving, SNT_AWS_SOURCE_NONE, profile, NULL);
    return snt_done();
  }
  if (id == NULL && secret == NULL) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile `%.256s` did not contain credential information", profile);
  }
  if (id == NULL || secret == NULL) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile missing %s: profile `%.256s` has only half a key",
                    id == NULL ? "aws_access_key_id" : "aws_secret_access_key", profile);
  }
  set_source(resolving, SNT_AWS_SOURCE_STATIC, profile, NULL);
  return snt_done();
}

static snt_status take_web_identity(struct resolving *resolving, const char *profile, const char *file,
                                    struct snt_err *err) {
  if (get(resolving, profile, "role_arn") == NULL) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "`role_arn` was missing: profile `%.256s` has a token and no role",
                    profile);
  }
  set_source(resolving, SNT_AWS_SOURCE_WEB_IDENTITY, profile, file);
  return snt_done();
}

static snt_status check_account_and_role(const char *profile, const char *account, const char *role,
                                         struct snt_err *err) {
  static const char *const keys[] = {"sso_role_name", "sso_account_id"};
  return (account == NULL) == (role == NULL)
             ? snt_done()
             : snt_fail(err, SNT_CODE_PROFILE_INVALID, "if `%s` is set, then `%s` must also be set: profile `%.256s`",
                        keys[role == NULL], keys[role != NULL], profile);
}

static snt_status take_sso_session(struct resolving *resolving, const char *profile, const char *session,
                                   struct snt_err *err) {
  static const char *const elsewhere[] = {"sso_region", "sso_start_url"};
  for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
    if (get(resolving, profile, elsewhere[i]) != NULL) {
      return snt_fail(err, SNT_CODE_PROFILE_INVALID,
                      "`%s` can only be specified in the [sso-session] config when a session name is given",
                      elsewhere[i]);
    }
  }
  if (!snt_aws_sso_session_exists(resolving->config, session)) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID,
                    "sso-session named `%.256s` (referenced by profile `%.256s`) was not found", session, profile);
  }
  for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
    if (snt_aws_sso_session_get(resolving->config, session, elsewhere[i]) == NULL) {
      return snt_fail(err, SNT_CODE_PROFILE_INVALID, "sso-session `%.256s` has no `%s`", session, elsewhere[i]);
    }
  }
  set_source(resolving, SNT_AWS_SOURCE_SSO_SESSION, profile, session);
  return snt_done();
}

/* *is_sso is false when the profile has nothing of SSO. */
static snt_status take_sso(struct resolving *resolving, const char *profile, bool *is_sso, struct snt_err *err) {
  const char *session = get(resolving, profile, "sso_session");
  const char *account = get(resolving, profile, "sso_account_id");
  const char *role = get(resolving, profile, "sso_role_name");
  const char *region = get(resolving, profile, "sso_region");
  const char *url = get(resolving, profile, "sso_start_url");
  *is_sso = session != NULL || account != NULL || role != NULL || region != NULL || url != NULL;
  if (!*is_sso) {
    return snt_done();
  }
  SNT_TRY(check_account_and_role(profile, account, role, err));
  if (session != NULL) {
    return take_sso_session(resolving, profile, session, err);
  }
  const struct {
    const char *key, *value;
  } needed[] = {{"sso_account_id", account}, {"sso_role_name", role}, {"sso_region", region}, {"sso_start_url", url}};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
    if (needed[i].value == NULL) {
      return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile `%.256s` uses SSO and has no `%s`", profile,
                      needed[i].key);
    }
  }
  set_source(resolving, SNT_AWS_SOURCE_SSO, profile, url);
  return snt_done();
}

/* The profile that ends the chain. */
static snt_status take_base(struct resolving *resolving, const char *profile, struct snt_err *err) {
  const char *named = get_either(resolving, profile, "credential_source");
  if (named != NULL) {
    set_source(resolving, SNT_AWS_SOURCE_NAMED, profile, named);
    return snt_done();
  }
  const char *token_file = get(resolving, profile, "web_identity_token_file");
  if (token_file != NULL) {
    return take_web_identity(resolving, profile, token_file, err);
  }
  bool is_sso = false;
  SNT_TRY(take_sso(resolving, profile, &is_sso, err));
  if (is_sso) {
    return snt_done();
  }
  const char *process = get(resolving, profile, "credential_process");
  if (process != NULL && !has_keys(resolving, profile)) {
    set_source(resolving, SNT_AWS_SOURCE_PROCESS, profile, process);
    return snt_done();
  }
  return take_keys(resolving, profile, err);
}

static snt_status take_duration(const struct resolving *resolving, const char *profile, int64_t *out,
                                struct snt_err *err) {
  static const char key[] = "duration_seconds";
  const char *text = get_either(resolving, profile, key);
  *out = 0;
  if (text == NULL) {
    return snt_done();
  }
  char *end = NULL;
  errno = 0;
  long long seconds = strtoll(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || seconds < 1) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile `%.256s`: %s%s is not a number of seconds", profile,
                    get_own(resolving, profile, key) == NULL ? "" : "sentinel_", key);
  }
  *out = seconds;
  return snt_done();
}

static snt_status add_step(struct resolving *resolving, const char *profile, const char *role_arn,
                           struct snt_err *err) {
  struct snt_aws_role_step *step = &resolving->chain.steps[resolving->chain.step_count++];
  *step = (struct snt_aws_role_step){.profile = profile,
                                     .role_arn = role_arn,
                                     .role_session_name = get_either(resolving, profile, "role_session_name"),
                                     .external_id = get_either(resolving, profile, "external_id"),
                                     .mfa_serial = get_either(resolving, profile, "mfa_serial")};
  return take_duration(resolving, profile, &step->duration_s, err);
}

/* The next profile of a chain; the profile itself when it says where its keys come from. A role that only we read may
 * stand on top of anything: an SDK does not see it. */
static snt_status find_next(const struct resolving *resolving, const char *profile, bool is_own, const char **out,
                            struct snt_err *err) {
  const char *source = get_either(resolving, profile, "source_profile");
  const char *named = get_either(resolving, profile, "credential_source");
  if (source != NULL && named != NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID,
                        "profile contained both source_profile and credential_source: `%.256s`", profile));
    return snt_err_hint(err, "only one of the two can be defined");
  }
  if (source == NULL && named == NULL && !is_own) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID,
                    "profile must contain `source_profile` or `credential_source`: `%.256s` has a role and neither",
                    profile);
  }
  *out = source == NULL ? profile : source;
  return snt_done();
}

/* The role that is assumed on top of what the profile's keys are; NULL: none. The plain role of a web identity is where
 * a chain begins. */
static const char *find_role(const struct resolving *resolving, const char *profile, bool *is_own) {
  const char *own = get_own(resolving, profile, "role_arn");
  *is_own = own != NULL;
  if (own != NULL) {
    return own;
  }
  return get(resolving, profile, "web_identity_token_file") != NULL ? NULL : get(resolving, profile, "role_arn");
}

/* Behind the first profile, keys go before a role. */
static snt_status take_end(struct resolving *resolving, const char *profile, bool *is_end, struct snt_err *err) {
  *is_end = false;
  if (resolving->visited_count == 0) {
    return snt_done();
  }
  *is_end = has_keys(resolving, profile);
  if (*is_end) {
    return take_keys(resolving, profile, err);
  }
  if (resolving->stored != NULL) {
    SNT_TRY(resolving->stored->look(resolving->stored->context, profile, is_end, err));
  }
  if (*is_end) {
    set_source(resolving, SNT_AWS_SOURCE_STORED, profile, NULL);
  }
  return snt_done();
}

static snt_status see_no_entry(void *context, const char *profile, bool *is_there, struct snt_err *err) {
  (void)context, (void)profile, (void)err;
  *is_there = false;
  return snt_done();
}

const struct snt_aws_stored_keys SNT_AWS_STORED_NONE = {see_no_entry, NULL};

static void reverse_steps(struct snt_aws_chain *chain) {
  for (size_t i = 0; i < chain->step_count / 2; i++) {
    struct snt_aws_role_step step = chain->steps[i];
    chain->steps[i] = chain->steps[chain->step_count - 1 - i];
    chain->steps[chain->step_count - 1 - i] = step;
  }
}

static snt_status follow(struct resolving *resolving, const char *profile, struct snt_err *err) {
  for (;;) {
    bool is_end = false;
    bool is_own = false;
    const char *next = NULL;
    SNT_TRY(check_loop(resolving, profile, err));
    SNT_TRY(take_end(resolving, profile, &is_end, err));
    if (is_end) {
      return snt_done();
    }
    SNT_TRY(visit(resolving, profile, err));
    const char *role_arn = find_role(resolving, profile, &is_own);
    if (role_arn == NULL) {
      return take_base(resolving, profile, err);
    }
    SNT_TRY(find_next(resolving, profile, is_own, &next, err));
    SNT_TRY(add_step(resolving, profile, role_arn, err));
    if (strcmp(next, profile) == 0) {
      return take_base(resolving, profile, err);
    }
    profile = next;
  }
}

snt_status snt_aws_chain_resolve(const struct snt_aws_shared_config *config, const char *profile,
                                 const struct snt_aws_stored_keys *stored, struct snt_aws_chain *out,
                                 struct snt_err *err) {
  memset(out, 0, sizeof *out);
  if (snt_aws_profile_count(config) == 0) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "No profiles were defined: there is no profile `%.256s`", profile);
  }
  struct resolving resolving = {.config = config, .stored = stored};
  SNT_TRY(follow(&resolving, profile, err));
  reverse_steps(&resolving.chain);
  *out = resolving.chain;
  return snt_done();
}
