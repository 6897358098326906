/* sentinel policy pull: what is in force, as files. */
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/publishing.h"

/* The region whose policy is written: of bundles that of the highest serial, else the first that has one. */
static const struct snt_published *choose(const struct snt_publish_view *view) {
  const struct snt_published *newest = snt_publish_newest(view);
  for (size_t i = 0; i < view->count && newest == NULL; i++) {
    newest = view->regions[i].version > 0 ? &view->regions[i] : NULL;
  }
  return newest == NULL ? &view->regions[0] : newest;
}

snt_status snt_cmd_policy_pull(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct snt_publish_options options;
  SNT_PUBLISH_VIEW_AUTO struct snt_publish_view view = {0};
  SNT_BUF_AUTO struct snt_buf path = {0};
  SNT_TRY(snt_cli_publish_options(args, &options, err));
  SNT_TRY(snt_publish_look(&options, SNT_LOOK_BUNDLES, 0, &view, err));
  const struct snt_published *at = choose(&view);
  SNT_TRY(snt_publish_check(&view, at, options.name, false, err));
  SNT_TRY(snt_publish_pull(&view, at, args->values[SNT_OPTION_OUT_FOLDER], &path, err));
  if (!at->is_pointer) {
    return snt_out_printf(out, err, "%s: bare %s, version %" PRId64 " in %s\n", path.data, options.name, at->version,
                          at->region);
  }
  bool has_passed = view.now_ms >= at->pointer.not_after_ms;
  return snt_out_printf(out, err, "%s: %s serial %" PRId64 ", sha256 %.16s, from %s%s%s\n", path.data, options.name,
                        at->pointer.serial, at->pointer.sha256, at->region,
                        has_passed ? "; it is not valid any more since " : "", has_passed ? at->pointer.not_after : "");
}
