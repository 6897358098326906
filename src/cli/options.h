/* cli/options (layer 6): flags as data. Help, the reference page and completions are made from these tables. */
#ifndef SNT_CLI_OPTIONS_H
#define SNT_CLI_OPTIONS_H

#include <stdint.h>

#include "base/buf.h"

/* X(ID, flag, value's name or NULL for a switch, help) */
#define SNT_OPTIONS(X)                                                                                                 \
  X(PROFILE, "--profile", "P", "the profile (also AWS_PROFILE, or the argument P where there is one)")                 \
  X(POLICY, "--policy", "SOURCE", "file:PATH, a path, or ssm:/path")                                                   \
  X(REGION, "--region", "R[,R...]", "where policy and STS are asked (policy.regions), in order; no program's region")  \
  X(DURATION, "--duration", "D", "how long the session should last, 15m to 12h")                                       \
  X(JUSTIFICATION, "--justification", "TEXT", "why; written into the record (also SENTINEL_JUSTIFICATION)")            \
  X(BACKEND, "--backend", "NAME", "keychain backend: auto, secret-service, file, keyring, tpm, pass, docker")          \
  X(CONFIG, "--config", "FILE", "configuration to use instead of the user's")                                          \
  X(USER, "--user", "U", "explain for this user: alice, role/R/x, federated/x, root")                                  \
  X(TIME, "--time", "T", "at this time (RFC 3339); default now")                                                       \
  X(MODE, "--mode", "M", "credential_process, cli or server")                                                          \
  X(EVER, "--ever", NULL, "at any time of the year that begins then")                                                  \
  X(REQUEST, "--request", "FILE", "explain this request (JSON); excludes the other request flags")                     \
  X(JSON, "--json", NULL, "print JSON")                                                                                \
  X(SARIF, "--sarif", NULL, "print SARIF 2.1.0, as code scanning reads it")                                            \
  X(OUT, "--out", "FILE", "the file to write; of policy pack, default NAME-SERIAL.bundle in this folder")              \
  X(FORCE_TTY, "--force-tty", NULL, "print secrets even on a terminal")                                                \
  X(STDIN, "--stdin", NULL, "read id and secret key from stdin, a line each; with --secret, its one line")             \
  X(SECRET, "--secret", "NAME", "a secret of a plugin, in the place of a profile's key")                               \
  X(IDS, "--ids", NULL, "show access key ids too; the keychain may ask to be unlocked")                                \
  X(DISCARD, "--discard", "ID", "an access key of the same user to delete at IAM first, to make room")                 \
  X(EXPORT_FORMAT, "--format", "F", "env (default), json or ini: for a shell, a program or a credentials file")        \
  X(STDOUT, "--stdout", NULL, "print the address that signs in to the console; a secret until it is used")             \
  X(SERVICE, "--service", "S", "the page of the console to begin with: s3, ec2, cloudwatch")                           \
  X(SSO, "--sso", NULL, "a sign-in to IAM Identity Center: of an sso-session, or the one that a profile uses")         \
  X(DEVICE, "--device", NULL, "show a code, with which any browser anywhere can sign in")                              \
  X(CONSOLE_REGION, "--region", "R", "the region that the console shows; default: the profile's")                      \
  X(FORMAT, "--format", "F", "pretty (default), tap, junit, json or github")                                           \
  X(REPORT, "--report", "F=FILE", "write a report into a file, also lcov or cobertura; may be repeated")               \
  X(COVERAGE, "--coverage", NULL, "tell which rules matched and which conditions were seen true and false")            \
  X(MIN_RULE, "--min-rule", "N", "fail when fewer than N percent of the rules matched")                                \
  X(MIN_CONDITION, "--min-condition", "N", "fail when fewer than N percent of the conditions were seen both")          \
  X(MUTATE, "--mutate", NULL, "change the policies in small ways, and tell which changes no test sees")                \
  X(MIN_MUTATION, "--min-mutation", "N", "fail when tests see fewer than N percent of the changes")                    \
  X(SUGGEST, "--suggest", NULL, "print the cases that are missing, as YAML for a table")                               \
  X(FILTER, "--filter", "TEXT", "only tests whose names hold the text")                                                \
  X(FAIL_FAST, "--fail-fast", NULL, "stop at the first test that fails")                                               \
  X(RECORD, "--record", NULL, "ask for real what no mock answers, and keep the answers beside the spec")               \
  X(LOG, "--log", "FILE", "the decision log to read; default: the configured one")                                     \
  X(SINCE, "--since", "T", "only decisions from then on: RFC 3339, or how long ago, such as 7d")                       \
  X(UNTIL, "--until", "T", "only decisions before then, as for --since")                                               \
  X(ACCEPT, "--accept", NULL, "end with 0 although more is allowed, or is not known")                                  \
  X(SHUFFLE, "--shuffle", "SEED", "run files and tests in an order that this number decides")                          \
  X(WATCH, "--watch", NULL, "run again whenever something below the paths changes, until it is interrupted")           \
  X(NESTED, "--nested", NULL, "also inside a program that exec has started")                                           \
  X(FROM, "--from", "NAME", "the keychain backend that entries are taken out of")                                      \
  X(TO, "--to", "NAME", "the keychain backend that they are put into")                                                 \
  X(SEMANTIC, "--semantic", NULL, "compare what is decided: rules, manifests, who gains and loses access, the log")    \
  X(SERVER, "--server", NULL, "server mode (not in this version)")                                                     \
  X(LOCAL, "--local", NULL, "set up this machine only")                                                                \
  X(INSTALLATION, "--installation", "I", "name of this installation; bound into signatures")                           \
  X(ACCOUNT, "--account", "A", "the account of the parameters; default: that of who asks, by STS")                     \
  X(ROLE, "--role", "ARN", "a role that the profile may mean; may be repeated; default: the profile's")                \
  X(INIT_USER, "--user", "U[,U...]", "who may use the profile; default: who asks, by STS")                             \
  X(NEW_KEY, "--new-key", "FILE", "make a key that signs; default: beside the user's configuration")                   \
  X(INIT_FOLDER, "--out", "DIR", "the repository to write; default sentinel-policy")                                   \
  X(LUA, "--lua", NULL, "write the policy in Lua")                                                                     \
  X(INIT_FORMAT, "--format", "F", "IAM documents only as json, terraform or cloudformation; --plan prints them")       \
  X(PLAN, "--plan", NULL, "show what would be done, and change nothing")                                               \
  X(ONLINE, "--online", NULL, "ask STS what time it is, without a key")                                                \
  X(OUT_POLICY, "--out", "FILE", "the file to write, ending in .yaml, .yml or .lua; default stdout")                   \
  X(REPLACE, "--force", NULL, "replace a file that is there")                                                          \
  X(YAML, "--yaml", NULL, "write the policy in YAML (default)")                                                        \
  X(TIMEZONE, "--timezone", "ZONE", "the time zone of windows that name none")                                         \
  X(PROFILES, "--profiles", NULL, "print the names of the profiles, one a line")                                       \
  X(KEY, "--key", "KEY", "signs: FILE, keychain:NAME, agent:[KEY] or kms:ARN; may be repeated")                        \
  X(YES, "--yes", NULL, "do not ask")                                                                                  \
  X(NO_TEST, "--no-test", NULL, "do not run the specs of the bundle; that is recorded")                                \
  X(FORCE, "--force", NULL, "in spite of what is found (gc: of being younger than a day); that is recorded")           \
  X(BARE, "--bare", NULL, "write a policy's file as it is, without serial and signature")                              \
  X(OUT_FOLDER, "--out", "DIR", "the folder to write; default NAME; a file for a bare policy")                         \
  X(TO_SERIAL, "--to", "SERIAL", "the serial whose content is wanted; default: the one before")                        \
  X(KEEP, "--keep", "N", "how many bundles of a policy keep their parts; default 10")                                  \
  X(ALL, "--all", NULL, "of all policies")                                                                             \
  X(VALID, "--valid", "D", "how long the signature is valid, such as 30d (the default)")                               \
  X(NOT_AFTER, "--not-after", "T", "until when the signature is valid (RFC 3339, in UTC)")                             \
  X(RENEW, "--renew", NULL, "sign what is in force in SSM again, for longer")                                          \
  X(COMMENT, "--comment", "TEXT", "what the key's files say about it")                                                 \
  X(KEYCHAIN, "--keychain", "NAME", "a key that signs policy, in the keychain")                                        \
  X(PUBLIC, "--public", "KEY", "show the line of FILE, FILE.pub, keychain:NAME, agent: or agent:ed25519:BASE64")       \
  X(KMS, "--kms", "ARN", "show the line of a key of KMS; a profile's credentials ask for it")                          \
  X(KEYRING, "--keyring", "NAME", "which of aws-vault's: secret-service, pass or file; default: the first with keys")  \
  X(IMPORT_PROFILE, "--profile", "P", "only the key of this profile; may be repeated")                                 \
  X(REPLACE_KEY, "--force", NULL, "replace another key that the keychain holds for the profile")                       \
  X(DELETE_SOURCE, "--delete-source", NULL, "delete each key where it was, once the keychain has given it back")       \
  X(HELP, "--help", NULL, "show this text")

enum snt_option_id {
#define SNT_OPTION_ENUM(id, flag, value, help) SNT_OPTION_##id,
  SNT_OPTIONS(SNT_OPTION_ENUM)
#undef SNT_OPTION_ENUM
      SNT_OPTION_COUNT
};

struct snt_option {
  const char *flag;
  const char *value; /* NULL: a switch */
  const char *help;
};
extern const struct snt_option SNT_OPTION_TABLE[SNT_OPTION_COUNT];

#define SNT_ARGUMENTS_MAX 64
#define SNT_REPORTS_MAX 8
#define SNT_ROLES_MAX 16
#define SNT_KEYS_MAX 8
#define SNT_PROFILES_MAX 32

/* What was given. Strings are argv's. */
struct snt_args {
  const char *values[SNT_OPTION_COUNT]; /* NULL: not given; "" for a switch that was given */
  const char *reports[SNT_REPORTS_MAX]; /* all values of --report, which may be repeated */
  size_t report_count;
  const char *roles[SNT_ROLES_MAX + 1]; /* the same of --role; ends with NULL */
  size_t role_count;
  const char *keys[SNT_KEYS_MAX]; /* the same of --key */
  size_t key_count;
  const char *profiles[SNT_PROFILES_MAX]; /* the same of --profile, where it may be repeated */
  size_t profile_count;
  const char *arguments[SNT_ARGUMENTS_MAX];
  size_t argument_count;
  char **program; /* after "--"; NULL: none */
};

/* A set of options, as a bit for each. */
__extension__ typedef unsigned __int128 snt_option_set;
_Static_assert(SNT_OPTION_COUNT <= 128, "a set has a bit for each option");
#define SNT_OPTION_BIT(id) ((snt_option_set)1 << SNT_OPTION_##id)

/* argv begins after the command's name and ends with NULL. "--flag value" and "--flag=value". Code USAGE: an unknown
 * flag (with the nearest one), a missing value, a flag given twice, more than max_arguments arguments. */
snt_status snt_args_parse(char **argv, snt_option_set allowed, size_t max_arguments, struct snt_args *out,
                          struct snt_err *err);
bool snt_args_has(const struct snt_args *args, enum snt_option_id id);
/* Whether a profile is named: --profile, the first argument, or AWS_PROFILE. */
bool snt_args_names_profile(const struct snt_args *args);
/* The profile: --profile, else the first argument (which is taken out), else AWS_PROFILE. Code USAGE. */
snt_status snt_args_take_profile(struct snt_args *args, const char **out, struct snt_err *err);

#endif
