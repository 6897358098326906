/* sentinel import: long-lived keys that other programs keep go into the keychain. No key is ever printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/shared_config.h"
#include "base/str.h"
#include "base/words.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/init.h"
#include "issue/import_keys.h"
#include "keychain/names.h"

/* What is told of an outcome: what was done, and with --plan what would be. */
static const struct {
  const char *done, *planned;
} OUTCOMES[] = {
    [SNT_KEY_FAILED] = {"not read", "cannot be read"},
    [SNT_KEY_DONE] = {"imported", "would be imported"},
    [SNT_KEY_PRESENT] = {"is there already", "is there already"},
    [SNT_KEY_REPLACED] = {"replaced another key", "would replace another key"},
    [SNT_KEY_CONFLICT] = {"left: the keychain holds another key (--force replaces it)",
                          "would be left: the keychain holds another key (--force replaces it)"},
    [SNT_KEY_TEMPORARY] = {"left: a temporary key, which ends by itself", "would be left: a temporary key"},
    [SNT_KEY_CACHED] = {"left: a session or sign-in that aws-vault makes again", "would be left: a session or sign-in"},
    [SNT_KEY_ODD_NAME] = {"left: no profile can have this name", "would be left: no profile can have this name"},
};

struct importing {
  struct snt_out *out;
  bool is_plan, has_ids;
  size_t seen;
  struct snt_names held; /* profiles whose key the keychain holds now, or would */
  size_t doubles;        /* of them those that were not deleted at their source */
};

static snt_status tell(void *context, const struct snt_key_result *result, struct snt_err *err) {
  struct importing *importing = context;
  struct snt_buf *text = &importing->out->text;
  bool has_id = importing->has_ids && result->access_key_id[0] != '\0';
  const char *what = importing->is_plan ? OUTCOMES[result->outcome].planned : OUTCOMES[result->outcome].done;
  SNT_TRY(snt_cli_print_clean(text, result->name, err));
  SNT_TRY(snt_buf_appendf(text, err, "%s%s: %s", has_id ? "  " : "", has_id ? result->access_key_id : "", what));
  bool is_yet = importing->is_plan && result->outcome == SNT_KEY_PRESENT; /* "would be" does not stand before it */
  SNT_TRY(result->was_removed ? snt_buf_appendf(text, err, ", and %sdeleted there", is_yet ? "would be " : "")
                              : snt_done());
  SNT_TRY(result->has_changed ? snt_buf_append_str(text, ", and left there: it has been changed meanwhile", err)
                              : snt_done());
  SNT_TRY(result->why[0] == '\0' ? snt_done() : snt_buf_append_str(text, ": ", err));
  SNT_TRY(snt_cli_print_clean(text, result->why, err));
  bool is_held =
      result->outcome == SNT_KEY_DONE || result->outcome == SNT_KEY_PRESENT || result->outcome == SNT_KEY_REPLACED;
  importing->seen++;
  importing->doubles += is_held && !result->was_removed ? 1 : 0;
  SNT_TRY(is_held ? snt_names_add(&importing->held, result->name, 0, err) : snt_done());
  return snt_buf_append_char(text, '\n', err);
}

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

/* What has to be changed of a profile that still goes another way; false for none. */
static bool find_reason(const struct importing *importing, const struct snt_aws_shared_config *config,
                        const char *profile, char *out, size_t cap) {
  const char *process = snt_aws_profile_get(config, profile, "credential_process");
  const char *source = snt_aws_profile_get(config, profile, "source_profile");
  if (process != NULL) {
    (void)snprintf(out, cap, "still runs aws-vault");
    return strstr(process, "aws-vault") != NULL;
  }
  for (size_t i = 0; source != NULL && i < importing->held.count; i++) {
    if (strcmp(importing->held.items[i].name, source) == 0) {
      (void)snprintf(out, cap, "has the key of %.256s used without Sentinel", source);
      return snt_aws_profile_get(config, profile, "role_arn") != NULL;
    }
  }
  return false;
}

/* Whose role `aws-vault exec OTHER`, as credential_process, hands out: the profile that the line names, when that has
 * a role, else the profile itself. */
static const char *find_meant(const struct snt_aws_shared_config *config, const char *profile) {
  const char *line = snt_aws_profile_get(config, profile, "credential_process");
  SNT_WORDS_AUTO struct snt_words words = {0};
  bool has_own = snt_aws_profile_get(config, profile, "role_arn") != NULL;
  if (has_own || line == NULL || !snt_ok(snt_words_split(line, &words, NULL))) {
    return profile;
  }
  for (size_t i = 1; i < words.count; i++) {
    for (size_t k = 0; k < snt_aws_profile_count(config); k++) {
      const char *name = snt_aws_profile_name_at(config, k);
      if (strcmp(name, words.list[i]) == 0 && snt_aws_profile_get(config, name, "role_arn") != NULL) {
        return name;
      }
    }
  }
  return profile;
}

/* Its role must not be seen by SDKs beside credential_process: they would assume it themselves. */
static snt_status tell_role(const struct snt_aws_shared_config *config, const char *profile, struct snt_buf *out,
                            struct snt_err *err) {
  static const char *const keys[] = {"role_arn", "source_profile"};
  const char *meant = find_meant(config, profile);
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const char *value = snt_aws_profile_get(config, meant, keys[i]);
    if (value == NULL) {
      continue;
    }
    SNT_TRY(snt_buf_appendf(out, err, "  sentinel_%s = %s", keys[i], value));
    SNT_TRY(meant == profile ? snt_buf_appendf(out, err, "   (in the place of %s)\n", keys[i])
                             : snt_buf_appendf(out, err, "   (as [profile %s] has it)\n", meant));
  }
  return snt_aws_profile_get(config, meant, "role_arn") != NULL ||
                 snt_aws_profile_get(config, profile, "sentinel_role_arn") != NULL
             ? snt_done()
             : snt_buf_append_str(
                   out, "  sentinel_role_arn = the ARN of the role that it is to use; it names none yet\n", err);
}

static snt_status tell_profile(const struct importing *importing, const struct snt_aws_shared_config *config,
                               const char *profile, struct snt_buf *out, struct snt_err *err) {
  char reason[400];
  if (!find_reason(importing, config, profile, reason, sizeof reason)) {
    return snt_done();
  }
  SNT_TRY(snt_buf_appendf(
      out, err, "\n[profile %s] of ~/.aws/config %s; write there:\n  credential_process = ", profile, reason));
  SNT_TRY(snt_init_append_program(out, err));
  SNT_TRY(snt_buf_appendf(out, err, " credentials --profile %s\n", profile));
  return tell_role(config, profile, out, err);
}

/* What of ~/.aws/config stays to be changed. A file that cannot be read is another command's matter. */
static snt_status tell_config(const struct importing *importing, struct snt_err *err) {
  struct snt_aws_locations locations = {0};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  SNT_BUF_AUTO struct snt_buf text = {0};
  snt_status status = snt_aws_locations_find(look_up, NULL, &locations, NULL);
  status = snt_ok(status) ? snt_aws_shared_config_load(&locations, &config, NULL) : status;
  snt_aws_locations_clear(&locations);
  for (size_t i = 0; snt_ok(status) && i < snt_aws_profile_count(config); i++) {
    SNT_TRY(tell_profile(importing, config, snt_aws_profile_name_at(config, i), &text, err));
  }
  return snt_out_text(importing->out, snt_buf_borrow(&text), err);
}

static snt_status tell_rest(const struct importing *importing, struct snt_err *err) {
  if (importing->seen == 0) {
    return snt_out_text(importing->out, "there is no key\n", err);
  }
  if (importing->doubles > 0 && !importing->is_plan) {
    SNT_TRY(snt_out_text(importing->out,
                         "\nwhat is in the keychain now is still there, too: --delete-source deletes it there\n", err));
  }
  return tell_config(importing, err);
}

/* What the kernel holds is gone when the machine stops. */
static snt_status check_lasts(const struct snt_key_import_options *options, struct snt_err *err) {
  if (!options->is_removing || strcmp(snt_keychain_backend_name(options->keychain), "keyring") != 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE,
                      "--delete-source would leave the keys in the kernel's keyring alone, which "
                      "forgets them when the machine stops"));
  return snt_err_hint(err, "name a keychain that lasts with --backend, or leave --delete-source out");
}

static void clear_importing(struct importing *importing) { snt_names_clear(&importing->held); }

static snt_status import_from(const struct snt_args *args, const struct snt_import_source *source,
                              const struct snt_key_import_options *which, struct snt_out *out, struct snt_err *err) {
  SNT_CLI_KEYCHAIN_AUTO struct snt_cli_keychain keychain = {0};
  SNT_CLEANUP(clear_importing)
  struct importing importing = {
      .out = out, .is_plan = snt_args_has(args, SNT_OPTION_PLAN), .has_ids = snt_args_has(args, SNT_OPTION_IDS)};
  SNT_TRY(snt_cli_open_keychain(args, &keychain, err));
  struct snt_key_import_options options = *which;
  options.keychain = keychain.keychain;
  options.is_plan = importing.is_plan;
  options.is_replacing = snt_args_has(args, SNT_OPTION_REPLACE_KEY);
  options.is_removing = snt_args_has(args, SNT_OPTION_DELETE_SOURCE);
  options.tell = tell;
  options.context = &importing;
  SNT_TRY(check_lasts(&options, err));
  SNT_TRY(snt_out_text(out, "from ", err));
  SNT_TRY(snt_cli_print_clean(&out->text, source->where.data, err));
  SNT_TRY(snt_out_text(out, "\n", err));
  snt_status status = snt_import_keys(source, &options, err);
  bool is_through = snt_ok(status) || status.code == SNT_CODE_ANSWER_NO || status.code == SNT_CODE_SYNTAX;
  SNT_TRY(is_through ? tell_rest(&importing, snt_ok(status) ? err : NULL) : snt_done());
  return status;
}

snt_status snt_cmd_import_vault(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_IMPORT_SOURCE_AUTO struct snt_import_source source = {0};
  struct snt_key_import_options options = {.profiles = args->arguments, .profile_count = args->argument_count};
  SNT_TRY(snt_import_source_open_vault(args->values[SNT_OPTION_KEYRING], args->argument_count > 0, &source, err));
  return import_from(args, &source, &options, out, err);
}

snt_status snt_cmd_import_shared(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_IMPORT_SOURCE_AUTO struct snt_import_source source = {0};
  struct snt_key_import_options options = {.profiles = args->profiles, .profile_count = args->profile_count};
  SNT_TRY(snt_import_source_open_shared(args->argument_count > 0 ? args->arguments[0] : NULL, &source, err));
  return import_from(args, &source, &options, out, err);
}
