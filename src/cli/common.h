/* cli/common (layer 6): what several commands read from their flags. */
#ifndef SNT_CLI_COMMON_H
#define SNT_CLI_COMMON_H

#include "cli/options.h"
#include "cli/out.h"
#include "issue/issue.h"
#include "issue/settings.h"
#include "keychain/keychain.h"

/* Profile and the flags of every command that evaluates. Code USAGE. */
snt_status snt_cli_issue_options(struct snt_args *args, const char *mode, struct snt_issue_options *out,
                                 struct snt_err *err);
/* The keychain that the flags and the configuration name; the passphrase is taken out of the environment. */
struct snt_cli_keychain {
  struct snt_settings *settings;
  struct snt_secret *passphrase;
  struct snt_keychain *keychain;
};
snt_status snt_cli_open_keychain(const struct snt_args *args, struct snt_cli_keychain *out, struct snt_err *err);
void snt_cli_close_keychain(struct snt_cli_keychain *keychain);
#define SNT_CLI_KEYCHAIN_AUTO SNT_CLEANUP(snt_cli_close_keychain)
/* "2 cached sessions", behind a comma when out is not empty; nothing for none. */
snt_status snt_cli_tell_cached(struct snt_buf *out, const struct snt_keychain_kind *kind, size_t count,
                               struct snt_err *err);
/* The name of a key that signs policy, as it stands behind keychain: - 1 to 64 of [A-Za-z0-9._-]. Code USAGE. */
snt_status snt_cli_check_signing_name(const char *name, struct snt_err *err);
/* The log that the argument or the configuration names. */
snt_status snt_cli_log_path(const struct snt_args *args, struct snt_buf *out, struct snt_err *err);
/* What --policy names, without its kind when it is a file; "the policy" without the flag. For messages. */
const char *snt_cli_policy_name(const struct snt_args *args);
/* Text without control characters, for a terminal: they become '?'. */
snt_status snt_cli_print_clean(struct snt_buf *out, const char *text, struct snt_err *err);
/* Progress: a line on stderr, where that is a terminal. */
void snt_cli_tell(const char *text);
/* Ends the process by a signal that was held back, once the reason is told. */
void snt_cli_end_by(int signal, const struct snt_err *err);
/* --time in *out_ms, which stays as it is without it. Code USAGE. */
snt_status snt_cli_take_time(const struct snt_args *args, int64_t *out_ms, struct snt_err *err);
/* The profile of a command whose arguments are something else: --profile, else AWS_PROFILE, else "default", as the SDKs
 * do. Code USAGE. */
snt_status snt_cli_take_caller(struct snt_args *args, const char **out, struct snt_err *err);
/* Asks a person whether to go on, unless --yes was given: what was gathered is written first. Codes: ANSWER_NO, with
 * what is told then; ACTION_REQUIRED without anybody to ask. */
snt_status snt_cli_agree(const struct snt_args *args, struct snt_out *out, const char *question, const char *if_not,
                         struct snt_err *err);

#endif
