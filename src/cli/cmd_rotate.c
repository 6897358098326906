/* sentinel rotate: a long-lived key of the keychain gives way to a new one. No key is ever printed, only ids. */
#include "aws/credentials.h"
#include "cli/command.h"
#include "cli/common.h"
#include "issue/rotate.h"

static snt_status take_discard(const struct snt_args *args, const char **out, struct snt_err *err) {
  *out = args->values[SNT_OPTION_DISCARD];
  if (*out != NULL && !snt_aws_access_key_id_check(*out)) {
    return snt_fail(err, SNT_CODE_USAGE, "--discard: \"%.130s\" is not an access key id", *out);
  }
  return snt_done();
}

snt_status snt_cmd_rotate(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_rotate_options options = {.tell = snt_cli_tell};
  SNT_TRY(snt_cli_issue_options(args, "cli", &options.common, err));
  SNT_TRY(take_discard(args, &options.discard, err));
  struct snt_rotation rotation;
  snt_status status = snt_issue_rotate(&options, &rotation, err);
  if (!snt_ok(status) && rotation.signal != 0) {
    snt_cli_end_by(rotation.signal, err);
  }
  SNT_TRY(status);
  return snt_out_printf(out, err, "%s %s: %s is stored in the %s keychain, %s was deleted\n",
                        rotation.was_begun_before ? "finished the rotation of" : "rotated", options.common.profile,
                        rotation.new_id, rotation.backend, rotation.old_id);
}
