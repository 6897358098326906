/* issue/settings (layer 5): the configuration (cli.md, Configuration): the administrator's file, the user's, the
 * environment, flags; later wins, unless an earlier layer locked the key.
 *
 * MUST
 *  1. refuse unknown keys, wrong types and files that someone else may write, naming file, line and remedy;
 *  2. refuse a locked key in a later layer, and, where an earlier layer has keys, one that asks for less of a policy
 *     than it does: of policy.keys, policy.min_signatures, policy.max_stale, policy.cache_ttl and installation, also
 *     where only the default is less; both places are named;
 *  3. take identity, time, sandbox, endpoints' locks and what may be locked only from the administrator's file. */
#ifndef SNT_ISSUE_SETTINGS_H
#define SNT_ISSUE_SETTINGS_H

#include "aws/shared_config.h"
#include "base/buf.h"
#include "keychain/keychain.h"

#define SNT_ADMIN_CONFIG "/etc/sentinel/config.yaml"

enum { SNT_POLICY_MAX_STALE_S = 24 * 3600 }; /* policy.max_stale, when it is not set */

/* In a file a path is an absolute one, or begins with "~/": what it means may not depend on the folder one is in. */
enum snt_setting_type {
  SNT_SETTING_TEXT,
  SNT_SETTING_LIST,
  SNT_SETTING_DURATION,
  SNT_SETTING_INTEGER,
  SNT_SETTING_PATH,
  SNT_SETTING_PATHS,
  SNT_SETTING_SOURCE /* policy/source.h */
};

/* X(ID, key, type, environment variable, administrator only, one of these values ("a|b"), what it is) */
#define SNT_SETTINGS(X)                                                                                                \
  X(INSTALLATION, "installation", TEXT, NULL, false, NULL, "name of this installation; bound into signatures")         \
  X(POLICY_SOURCE, "policy.source", SOURCE, "SENTINEL_POLICY_SOURCE", false, NULL,                                     \
    "where policy comes from: ssm:/path, file:PATH; {profile} is replaced")                                            \
  X(POLICY_REGIONS, "policy.regions", LIST, NULL, false, NULL, "regions that hold the policy, in order")               \
  X(POLICY_CACHE_TTL, "policy.cache_ttl", DURATION, NULL, false, NULL,                                                 \
    "how long a policy of SSM is used again; default 0")                                                               \
  X(POLICY_MAX_STALE, "policy.max_stale", DURATION, NULL, false, NULL,                                                 \
    "how old a cached signed bundle may be; default 24h")                                                              \
  X(POLICY_KEYS, "policy.keys", LIST, NULL, false, NULL, "keys that may sign policy; unsigned policy is refused then") \
  X(POLICY_MIN_SIGNATURES, "policy.min_signatures", INTEGER, NULL, false, NULL,                                        \
    "how many of the keys must have signed")                                                                           \
  X(POLICY_MIN_SERIAL, "policy.min_serial", INTEGER, NULL, true, NULL, "lowest bundle serial that is accepted")        \
  X(KEYCHAIN_BACKEND, "keychain.backend", TEXT, "SENTINEL_BACKEND", false,                                             \
    "auto|secret-service|file|keyring|tpm|pass|docker", "where keys rest; default auto")                               \
  X(KEYCHAIN_CACHE, "keychain.cache", TEXT, NULL, false, "keychain|kernel|off",                                        \
    "where sessions are kept to be used again; default keychain")                                                      \
  X(KEYCHAIN_HELPER, "keychain.helper", TEXT, NULL, false, NULL, "docker credential helper, such as osxkeychain")      \
  X(KEYCHAIN_TPM, "keychain.tpm", TEXT, NULL, false, NULL, "how the TPM is reached, as tpm2-tss writes it")            \
  X(KEYCHAIN_PIN, "keychain.pin", TEXT, NULL, false, "on|off", "whether a new tpm keychain gets a PIN; default off")   \
  X(SSO_TOKENS, "sso.tokens", TEXT, NULL, false, "keychain|aws-cli",                                                   \
    "where sign-ins to IAM Identity Center are kept; default keychain")                                                \
  X(MFA_SESSION, "mfa.session", DURATION, NULL, false, NULL,                                                           \
    "how long a session that was obtained with an MFA code is used; default 12h")                                      \
  X(LOG_PATH, "log.path", PATH, NULL, false, NULL, "the decision log")                                                 \
  X(LOG_REQUIRED, "log.required", LIST, NULL, false, "file", "sinks that must succeed")                                \
  X(STATE_STORE, "state.store", TEXT, NULL, false, "sqlite", "where shared state is kept")                             \
  X(SANDBOX, "sandbox", TEXT, NULL, true, "seccomp|rlimits-only", "what the evaluator must be locked down with")       \
  X(DENY_VERBOSITY, "deny.verbosity", TEXT, NULL, false, "full|minimal", "how much a denied user is told")             \
  X(TAGS, "tags", TEXT, NULL, false, "on|off", "whether sessions carry tags")                                          \
  X(SEPARATOR, "source_identity.separator", TEXT, NULL, false, "=|:", "separator in the source identity")              \
  X(IDENTITY_ACCOUNTS, "identity.accounts", LIST, NULL, true, NULL, "accounts whose users are known by plain name")    \
  X(GEOIP_DATABASES, "geoip.databases", PATHS, NULL, false, NULL, "MaxMind databases, for plugins that ask where")     \
  X(TIME_REQUIRE, "time.require", TEXT, NULL, true, "server", "refuse time conditions on a local clock")               \
  X(ENDPOINTS, "endpoints", TEXT, NULL, true, "any|aws", "aws: no other endpoint, CA or proxy is honoured")

enum snt_setting_id {
#define SNT_SETTING_ENUM(id, key, type, variable, admin, values, help) SNT_SETTING_##id,
  SNT_SETTINGS(SNT_SETTING_ENUM)
#undef SNT_SETTING_ENUM
      SNT_SETTING_COUNT
};

struct snt_settings;

/* config_flag is --config's value or NULL. Reads the administrator's file, then the user's (or config_flag's), then the
 * environment. Code CONFIG_INVALID. */
snt_status snt_settings_load(const char *config_flag, struct snt_settings **out, struct snt_err *err);
void snt_settings_free(struct snt_settings **settings);
#define SNT_SETTINGS_AUTO SNT_CLEANUP(snt_settings_free)

/* A flag's value, over everything but a lock. flag ("--policy") is named in errors. Codes USAGE for a value that the
 * row does not know, CONFIG_INVALID for a locked key. */
snt_status snt_settings_set_flag(struct snt_settings *settings, enum snt_setting_id id, const char *flag,
                                 const char *value, struct snt_err *err);
/* NULL when it is not set; for a list the first element. Borrowed. */
const char *snt_settings_text(const struct snt_settings *settings, enum snt_setting_id id);
/* Ends with NULL; NULL when it is not set. */
const char *const *snt_settings_list(const struct snt_settings *settings, enum snt_setting_id id);
/* A DURATION of `policy`, in seconds; its default when it is not set. */
int64_t snt_settings_seconds(const struct snt_settings *settings, enum snt_setting_id id);
bool snt_settings_is(const struct snt_settings *settings, enum snt_setting_id id, const char *value);
/* How the keychain is opened, but for the passphrase and the time to ask for it; strings are the settings'. */
struct snt_keychain_options snt_settings_keychain(const struct snt_settings *settings);
/* Whether the administrator locked it. */
bool snt_settings_is_locked(const struct snt_settings *settings, enum snt_setting_id id);
/* `profiles.<name>` of the configuration, or NULL. */
const struct snt_aws_profile_settings *snt_settings_profile(const struct snt_settings *settings, const char *name);
/* The names below `profiles`, in the order in which they were read. Borrowed. */
size_t snt_settings_profile_count(const struct snt_settings *settings);
const char *snt_settings_profile_name_at(const struct snt_settings *settings, size_t index);
/* The files that were read, by absolute paths, for the record; ends with NULL. */
const char *const *snt_settings_layers(const struct snt_settings *settings);
/* Where the user's configuration is, or would be. Code CONFIG_INVALID without HOME. */
snt_status snt_settings_user_path(struct snt_buf *out, struct snt_err *err);

#endif
