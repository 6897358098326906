/* sentinel policy sign: a packed file gets one more signature, or what is in force is signed for longer. */
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/publishing.h"
#include "policy/pack.h"

static snt_status renew(struct snt_args *args, const struct snt_publish_options *options, struct snt_out *out,
                        struct snt_err *err) {
  struct snt_publish_plan plan;
  SNT_PUBLISH_VIEW_AUTO struct snt_publish_view view = {0};
  SNT_TRY(snt_publish_look(options, SNT_LOOK_HIGHER, 0, &view, err));
  SNT_TRY(snt_publish_plan_renew(options, &view, &plan, err));
  SNT_TRY(snt_cli_print_plan(out, &plan, &view, err));
  return snt_cli_publish(args, options, &plan, &view, out, err);
}

static snt_status sign_file(const struct snt_publish_options *options, struct snt_out *out, struct snt_err *err) {
  struct snt_pointer pointer;
  int64_t wanted = 0;
  SNT_TRY(snt_publish_sign_file(options, options->name, &pointer, &wanted, err));
  SNT_TRY(snt_out_printf(out, err, "%s.pointer: %s serial %lld, until %s\n", options->name, pointer.name,
                         (long long)pointer.serial, pointer.not_after));
  for (size_t i = 0; i < pointer.signature_count; i++) {
    SNT_TRY(snt_out_printf(out, err, "  signed by %s\n", pointer.signatures[i].key));
  }
  if ((int64_t)pointer.signature_count >= wanted) {
    return snt_done();
  }
  return snt_out_printf(out, err, "  policy.keys asks for %lld signatures: %lld more\n", (long long)wanted,
                        (long long)(wanted - (int64_t)pointer.signature_count));
}

snt_status snt_cmd_policy_sign(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_publish_options options;
  SNT_TRY(snt_cli_publish_options(args, &options, err));
  bool is_file = snt_str_ends_with(options.name, SNT_PACKED_SUFFIX);
  bool is_renewal = snt_args_has(args, SNT_OPTION_RENEW);
  if (options.key_count == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "--key is missing: FILE, keychain:NAME, agent: or kms:ARN");
  }
  if (is_file == is_renewal) {
    SNT_IGNORE(is_file ? snt_fail(err, SNT_CODE_USAGE, "--renew is for what is in force in SSM, not for a file")
                       : snt_fail(err, SNT_CODE_USAGE, "\"%.100s\" is not a packed file", options.name));
    return snt_err_hint(err, "sentinel policy sign FILE.bundle --key KEY, or sentinel policy sign NAME --renew --key "
                             "KEY");
  }
  return is_file ? sign_file(&options, out, err) : renew(args, &options, out, err);
}
