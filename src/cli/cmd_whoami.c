/* sentinel whoami: the user that policy would see. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "format/json.h"

snt_status snt_cmd_whoami(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_issue_options options;
  if (!snt_args_names_profile(args)) {
    args->values[SNT_OPTION_PROFILE] =
        "default"; /* as the SDKs do; it need not exist where the environment has a key */
  }
  SNT_TRY(snt_cli_issue_options(args, "cli", &options, err));
  struct snt_aws_identity who = {0};
  SNT_TRY(snt_issue_whoami(&options, &who, err));
  if (!snt_args_has(args, SNT_OPTION_JSON)) {
    return snt_out_printf(out, err, "%s\n  arn      %s\n  kind     %s\n  account  %s\n", who.user, who.arn, who.kind,
                          who.account);
  }
  struct snt_json_writer writer;
  snt_json_writer_init(&writer, &out->text, err);
  snt_json_begin_object(&writer, NULL);
  snt_json_put_string(&writer, "arn", who.arn);
  snt_json_put_string(&writer, "account", who.account);
  snt_json_put_string(&writer, "kind", who.kind);
  snt_json_put_string(&writer, "user", who.user);
  snt_json_put_string(&writer, "role", who.role[0] == '\0' ? NULL : who.role);
  snt_json_put_string(&writer, "partition", who.partition);
  snt_json_end_object(&writer);
  SNT_TRY(snt_json_finish(&writer));
  return snt_out_text(out, "\n", err);
}
