/* sentinel policy rollback: what was in force before is in force again, under a new serial. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/publishing.h"

static snt_status take_serial(const struct snt_args *args, int64_t *out, struct snt_err *err) {
  const char *text = args->values[SNT_OPTION_TO_SERIAL];
  size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
  *out = digits > 0 && digits <= 16 ? strtoll(text, NULL, 10) : 0;
  bool is_good = text == NULL || (*out > 0 && text[digits] == '\0');
  return is_good ? snt_done() : snt_fail(err, SNT_CODE_USAGE, "--to: \"%.100s\" is not a serial", text);
}

static snt_status refuse(const struct snt_draft *draft, struct snt_err *err) {
  *err = draft->refusal;
  SNT_IGNORE(snt_err_prefix(err, "what was in force before is refused by this version"));
  return snt_err_hint(err, "roll back further (--to), or push another one; --force is recorded");
}

snt_status snt_cmd_policy_rollback(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_publish_options options;
  struct snt_publish_plan plan;
  SNT_PUBLISH_VIEW_AUTO struct snt_publish_view view = {0};
  SNT_DRAFT_AUTO struct snt_draft draft = {0};
  int64_t serial = 0;
  SNT_TRY(snt_cli_publish_options(args, &options, err));
  SNT_TRY(take_serial(args, &serial, err));
  SNT_TRY(snt_publish_look(&options, SNT_LOOK_OLDER, serial, &view, err));
  SNT_TRY(snt_draft_roll_back(&view, &draft, err));
  SNT_TRY(draft.is_refused && !options.is_forced ? refuse(&draft, err) : snt_done());
  SNT_TRY(snt_publish_plan_rollback(&options, &draft, &view, &plan, err));
  plan.is_forced = plan.is_forced || draft.is_refused;
  if (plan.is_done) {
    return snt_out_printf(out, err, "nothing to do: serial %lld is in force everywhere\n",
                          (long long)plan.pointer.serial);
  }
  SNT_TRY(snt_cli_print_plan(out, &plan, &view, err));
  SNT_TRY(snt_out_printf(out, err, "  the content of serial %lld\n", (long long)view.older.pointer.serial));
  SNT_TRY(snt_cli_print_effect(out, &options, &draft, &view, err));
  return snt_cli_publish(args, &options, &plan, &view, out, err);
}
