/* sentinel credentials: one JSON document for credential_process, in one write, or nothing (aws.md). */
#include "cli/command.h"
#include "cli/common.h"
#include "cli/issued_text.h"

snt_status snt_cmd_credentials(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  (void)out;
  struct snt_issue_options options;
  SNT_TRY(snt_cli_issue_options(args, "credential_process", &options, err));
  SNT_TRY(snt_out_check_secret(snt_args_has(args, SNT_OPTION_FORCE_TTY), err));
  snt_issue_start(&options, false);
  SNT_SECRET_AUTO struct snt_secret *document = NULL;
  SNT_TRY(snt_secret_new(SNT_ISSUED_TEXT_CAP, &document, err));
  SNT_ISSUED_AUTO struct snt_issued issued = {0};
  SNT_TRY(snt_issue(&options, &issued, err));
  SNT_TRY(snt_issued_format_json(&issued, document, err));
  return snt_out_secret(document, err);
}
