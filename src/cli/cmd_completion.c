/* sentinel completion, sentinel shell init: lines for a shell to read. */
#include <stdlib.h>
#include <string.h>

#include "aws/shared_config.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/completion.h"

static const char *look_up(void *context, const char *name) {
  (void)context;
  return getenv(name);
}

/* A name that no command would take is not offered, and so nothing odd reaches a shell. */
static snt_status print_name(const char *name, struct snt_out *out, struct snt_err *err) {
  return snt_profile_name_check(name) ? snt_out_printf(out, err, "%s\n", name) : snt_done();
}

static snt_status print_shared(struct snt_out *out, struct snt_err *err) {
  SNT_CLEANUP(snt_aws_locations_clear) struct snt_aws_locations locations = {0};
  SNT_AWS_SHARED_CONFIG_AUTO struct snt_aws_shared_config *config = NULL;
  if (!snt_ok(snt_aws_locations_find(look_up, NULL, &locations, NULL))) {
    return snt_done();
  }
  locations.credentials[0] = '\0'; /* no key is needed for names */
  if (!snt_ok(snt_aws_shared_config_load(&locations, &config, NULL))) {
    return snt_done();
  }
  for (size_t i = 0; i < snt_aws_profile_count(config); i++) {
    SNT_TRY(print_name(snt_aws_profile_name_at(config, i), out, err));
  }
  return snt_done();
}

/* What cannot be read has no names: a shell that completes shows no errors. */
static snt_status print_profiles(const struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_SETTINGS_AUTO struct snt_settings *settings = NULL;
  SNT_TRY(print_shared(out, err));
  if (!snt_ok(snt_settings_load(args->values[SNT_OPTION_CONFIG], &settings, NULL))) {
    return snt_done();
  }
  for (size_t i = 0; i < snt_settings_profile_count(settings); i++) {
    SNT_TRY(print_name(snt_settings_profile_name_at(settings, i), out, err));
  }
  return snt_done();
}

snt_status snt_cmd_completion(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const struct snt_shell *shell = NULL;
  if (snt_args_has(args, SNT_OPTION_PROFILES)) {
    return args->argument_count == 0
               ? print_profiles(args, out, err)
               : snt_fail(err, SNT_CODE_USAGE, "--profiles prints names; no shell is named beside it");
  }
  if (args->argument_count == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no shell is named"));
    return snt_err_hint(err, "sentinel completion " SNT_SHELL_NAMES);
  }
  SNT_TRY(snt_shell_find(args->arguments[0], &shell, err));
  return shell->print_completion(out, err);
}

/* The last part of SHELL, "bash" of "/bin/bash". */
static const char *find_name(const struct snt_args *args) {
  const char *shell = args->argument_count > 0 ? args->arguments[0] : getenv("SHELL");
  const char *slash = shell == NULL || args->argument_count > 0 ? NULL : strrchr(shell, '/');
  return slash == NULL ? shell : slash + 1;
}

snt_status snt_cmd_shell_init(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  const struct snt_shell *shell = NULL;
  const char *name = find_name(args);
  if (name == NULL || name[0] == '\0') {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "no shell is named, and SHELL is not set"));
    return snt_err_hint(err, "sentinel shell init " SNT_SHELL_NAMES);
  }
  SNT_TRY(snt_shell_find(name, &shell, err));
  SNT_TRY(snt_out_text(out, shell->before, err));
  SNT_TRY(shell->print_completion(out, err));
  SNT_TRY(snt_out_text(out, "\n# A mark in the prompt inside `sentinel exec`.\n", err));
  return snt_out_text(out, shell->prompt, err);
}
