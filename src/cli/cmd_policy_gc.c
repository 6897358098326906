/* sentinel policy gc: parts of bundles that nothing will be rolled back to. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/publishing.h"

enum { KEEP = 10, KEEP_MAX = 100 };

struct asking {
  const struct snt_args *args;
  struct snt_out *out;
  bool has_agreed;
};

static const char *parts(size_t count) { return count == 1 ? "part" : "parts"; }

/* "2 parts of 1 bundle can go", "1 part of 1 bundle was deleted", "nothing can go" */
static snt_status print_going(struct snt_out *out, size_t count, size_t bundles, bool is_done, struct snt_err *err) {
  const char *verb = !is_done ? "can go" : count == 1 ? "was deleted" : "were deleted";
  return count == 0 ? snt_out_text(out, is_done ? "nothing was deleted" : "nothing can go", err)
                    : snt_out_printf(out, err, "%zu %s of %zu %s %s", count, parts(count), bundles,
                                     bundles == 1 ? "bundle" : "bundles", verb);
}

static snt_status print_regions(struct snt_out *out, const struct snt_gc_report *report, bool is_done,
                                struct snt_err *err) {
  for (size_t i = 0; i < report->count; i++) {
    size_t kept = report->regions[i].kept;
    SNT_TRY(snt_out_printf(out, err, "%s: ", report->regions[i].region));
    SNT_TRY(print_going(out, report->regions[i].parts, report->regions[i].bundles, is_done, err));
    SNT_TRY(snt_out_printf(out, err, "; %zu %s of kept bundles %s", kept, parts(kept), kept == 1 ? "stays" : "stay"));
    if (report->regions[i].young > 0) {
      SNT_TRY(snt_out_printf(out, err, ", %zu because %s younger than a day", report->regions[i].young,
                             report->regions[i].young == 1 ? "it is" : "they are"));
    }
    SNT_TRY(snt_out_text(out, "\n", err));
  }
  return snt_done();
}

static snt_status agree(void *context, const struct snt_gc_report *report, struct snt_err *err) {
  struct asking *asking = context;
  SNT_TRY(print_regions(asking->out, report, false, err));
  SNT_TRY(snt_cli_agree(asking->args, asking->out, "Delete them?", "nothing was deleted", err));
  asking->has_agreed = true;
  return snt_done();
}

static snt_status take_keep(const struct snt_args *args, size_t *out, struct snt_err *err) {
  const char *text = args->values[SNT_OPTION_KEEP];
  size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
  unsigned long keep = text == NULL ? KEEP : digits > 0 && digits <= 3 ? strtoul(text, NULL, 10) : 0;
  if (keep < 1 || keep > KEEP_MAX || (text != NULL && text[digits] != '\0')) {
    return snt_fail(err, SNT_CODE_USAGE, "--keep: \"%.100s\" is not a number from 1 to %d", text, KEEP_MAX);
  }
  *out = keep;
  return snt_done();
}

/* One policy, or all. */
static snt_status take_name(struct snt_args *args, struct snt_publish_options *out, struct snt_err *err) {
  bool is_all = snt_args_has(args, SNT_OPTION_ALL);
  if (is_all == (args->argument_count > 0)) {
    SNT_IGNORE(is_all ? snt_fail(err, SNT_CODE_USAGE, "--all and a policy's name exclude each other")
                      : snt_fail(err, SNT_CODE_USAGE, "no policy is named"));
    return snt_err_hint(err, "sentinel policy gc NAME, or sentinel policy gc --all");
  }
  args->arguments[0] = is_all ? "all" : args->arguments[0];
  args->argument_count = 1;
  SNT_TRY(snt_cli_publish_options(args, out, err));
  out->name = is_all ? NULL : out->name;
  return snt_done();
}

snt_status snt_cmd_policy_gc(struct snt_args *args, struct snt_out *out, struct snt_err *err) {
  struct asking asking = {.args = args, .out = out};
  struct snt_gc_options options = {.agree = agree, .context = &asking};
  struct snt_gc_report report;
  SNT_TRY(take_name(args, &options.publish, err));
  SNT_TRY(take_keep(args, &options.keep, err));
  SNT_TRY(snt_publish_gc(&options, &report, err));
  return print_regions(out, &report, asking.has_agreed, err);
}
