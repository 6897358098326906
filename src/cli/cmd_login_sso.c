/* sentinel login --sso, and remove --sso: a sign-in to IAM Identity Center begins and ends. Nothing is decided: what it
 * is good for is decided whenever it is used. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/common.h"
#include "format/time.h"
#include "issue/sso_login.h"

/* The person needs the line, wherever it goes. */
static void tell(const char *text) {
  char line[4096];
  int len = snprintf(line, sizeof line, "sentinel: %s\n", text);
  (void)!write(STDERR_FILENO, line, len < 0 ? 0 : (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

/* Nothing else that is for another kind of login, or thing to remove. */
static snt_status check_alone(const struct snt_args *args, struct snt_err *err) {
  static const enum snt_option_id others[] = {SNT_OPTION_STDOUT,        SNT_OPTION_SERVICE,        SNT_OPTION_FORCE_TTY,
                                              SNT_OPTION_POLICY,        SNT_OPTION_CONSOLE_REGION, SNT_OPTION_DURATION,
                                              SNT_OPTION_JUSTIFICATION, SNT_OPTION_SECRET,         SNT_OPTION_KEYCHAIN};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (snt_args_has(args, others[i])) {
      return snt_fail(err, SNT_CODE_USAGE, "%s does not go with --sso", SNT_OPTION_TABLE[others[i]].flag);
    }
  }
  return snt_done();
}

/* The argument or --profile; NULL for none. AWS_PROFILE is asked last, and elsewhere. */
static snt_status take_name(struct snt_args *args, const char **out, struct snt_err *err) {
  const char *flag = args->values[SNT_OPTION_PROFILE];
  *out = NULL;
  return flag == NULL && args->argument_count == 0 ? snt_done() : snt_args_take_profile(args, out, err);
}

static snt_status take_options(struct snt_args *args, struct snt_issue_options *options, const char **name,
                               struct snt_err *err) {
  *options = (struct snt_issue_options){
      .mode = "cli", .backend = args->values[SNT_OPTION_BACKEND], .config = args->values[SNT_OPTION_CONFIG]};
  SNT_TRY(check_alone(args, err));
  return take_name(args, name, err);
}

snt_status snt_cmd_login_sso(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  SNT_SSO_LOGIN_AUTO struct snt_sso_login login = {0};
  struct snt_sso_login_options options = {.tell = tell, .is_device = snt_args_has(args, SNT_OPTION_DEVICE)};
  if (!snt_args_has(args, SNT_OPTION_SSO)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--device is for signing in to IAM Identity Center"));
    return snt_err_hint(err, "sentinel login --sso --device");
  }
  SNT_TRY(take_options(args, &options.common, &options.name, err));
  SNT_TRY(snt_issue_sso_login(&options, &login, err));
  char end[32];
  snt_time_format(login.expires_at_ms, false, end);
  return snt_out_printf(out, err, "signed in to %s until %s%s; kept in %s\n", login.name, end,
                        login.is_refreshable ? ", and refreshed by itself" : "", login.where.data);
}

snt_status snt_cmd_remove_sso(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_issue_options options;
  const char *name = NULL;
  SNT_BUF_AUTO struct snt_buf done = {0};
  SNT_TRY(take_options(args, &options, &name, err));
  if (name == NULL) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "which sign-in is to be removed?"));
    return snt_err_hint(err, "sentinel remove --sso NAME; `sentinel list` shows what there is");
  }
  snt_status status = snt_issue_sso_forget(&options, name, &done, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_err_hint(err, "`sentinel list` shows what there is");
  }
  SNT_TRY(status);
  return snt_out_printf(out, err, "%s\n", done.data);
}
