/* sentinel export: decide, and print the session in one write, or nothing. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/issued_text.h"

struct format {
  const char *name;
  snt_status (*format)(const struct snt_issued *issued, struct snt_secret *out, struct snt_err *err);
};

static const struct format FORMATS[] = {
    {"env", snt_issued_format_env}, {"json", snt_issued_format_json}, {"ini", snt_issued_format_ini}};

/* The first for no name, NULL for an unknown one. */
static const struct format *find_format(const char *name) {
  for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
    if (name == NULL || strcmp(FORMATS[i].name, name) == 0) {
      return &FORMATS[i];
    }
  }
  return NULL;
}

snt_status snt_cmd_export(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  (void)out;
  const char *name = args->values[SNT_OPTION_EXPORT_FORMAT];
  const struct format *format = find_format(name);
  if (format == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--format: \"%.64s\" is none of " SNT_ISSUED_FORMATS, name));
    return snt_err_hint(err, "env is for a shell, json for credential_process, ini for a credentials file");
  }
  struct snt_issue_options options;
  SNT_TRY(snt_cli_issue_options(args, "cli", &options, err));
  snt_status may_print = snt_out_check_secret(snt_args_has(args, SNT_OPTION_FORCE_TTY), err);
  if (may_print.code == SNT_CODE_USAGE) {
    return snt_err_hint(err, "in a shell: eval \"$(sentinel export %s)\"; or add --force-tty", options.profile);
  }
  SNT_TRY(may_print);
  snt_issue_start(&options, false);
  SNT_SECRET_AUTO struct snt_secret *text = NULL;
  SNT_TRY(snt_secret_new(SNT_ISSUED_TEXT_CAP, &text, err));
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_issue(&options, &issued, err));
  SNT_TRY(format->format(&issued, text, err));
  return snt_out_secret(text, err);
}
