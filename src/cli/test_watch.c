#include "cli/test_watch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/test_paths.h"
#include "cli/watch.h"
#include "format/time.h"

/* Specs in plugins/NAME/spec are those of the plugin above them. */
static snt_status add_folder(struct snt_watch *watch, const char *folder, struct snt_err *err) {
  char real[PATH_MAX] = "";
  SNT_BUF_AUTO struct snt_buf above = {0};
  SNT_TRY(snt_watch_add(watch, folder, err));
  if (realpath(folder, real) == NULL || !snt_str_ends_with(real, "/spec")) {
    return snt_done();
  }
  SNT_TRY(snt_buf_appendf(&above, err, "%s/..", folder));
  return snt_watch_add(watch, above.data, err);
}

/* A path is a folder, or a spec: what that names lies in its folder or below it. */
static snt_status add_path(struct snt_watch *watch, const char *path, struct snt_err *err) {
  struct stat st;
  const char *slash = strrchr(path, '/');
  if (stat(path, &st) != 0) {
    return snt_test_paths_absent(path, err);
  }
  if (S_ISDIR(st.st_mode) || slash == NULL || slash == path) {
    return add_folder(watch, S_ISDIR(st.st_mode) ? path : slash == path ? "/" : ".", err);
  }
  SNT_FREE_AUTO char *folder = snt_str_dup_slice((struct snt_slice){path, (size_t)(slash - path)});
  return folder == NULL ? snt_fail_memory(err) : add_folder(watch, folder, err);
}

static snt_status begin(const struct snt_args *args, struct snt_watch **out, struct snt_err *err) {
  SNT_WATCH_AUTO struct snt_watch *watch = NULL;
  *out = NULL;
  SNT_TRY(snt_watch_new(&watch, err));
  for (size_t i = 0; i < args->report_count; i++) {
    SNT_TRY(
        snt_watch_ignore(watch, strchr(args->reports[i], '=') == NULL ? "" : strchr(args->reports[i], '=') + 1, err));
  }
  SNT_TRY(args->argument_count == 0 ? add_path(watch, "policies", err) : snt_done());
  for (size_t i = 0; i < args->argument_count; i++) {
    SNT_TRY(add_path(watch, args->arguments[i], err));
  }
  *out = watch;
  watch = NULL; /* ownership went to out */
  return snt_done();
}

static snt_status tell_change(const struct snt_buf *changed, struct snt_out *out, struct snt_err *err) {
  char now[32];
  snt_time_format(snt_clock_wall_ms(), false, now);
  SNT_TRY(snt_out_printf(out, err, "\n%s ", now));
  SNT_TRY(snt_cli_print_clean(&out->text, snt_buf_borrow(changed), err));
  SNT_TRY(snt_out_text(out, " changed\n", err));
  return snt_out_flush(out, err);
}

/* What a person mends, and what the next run may find mended. */
static bool is_answer(snt_status status) {
  return snt_ok(status) || status.code == SNT_CODE_ANSWER_NO || status.code == SNT_CODE_POLICY_INVALID;
}

snt_status snt_cli_test_watch(const struct snt_args *args,
                              snt_status (*run)(const struct snt_args *args, struct snt_out *out, struct snt_err *err),
                              struct snt_out *out, struct snt_err *err) {
  for (;;) {
    SNT_WATCH_AUTO struct snt_watch *watch = NULL;
    SNT_BUF_AUTO struct snt_buf changed = {0};
    SNT_TRY(begin(args, &watch, err)); /* before the run, so that what changes meanwhile counts */
    *err = (struct snt_err){0};
    snt_status status = run(args, out, err);
    if (!is_answer(status)) {
      return status;
    }
    SNT_TRY(snt_out_flush(out, err));
    if (!snt_ok(status)) {
      snt_cli_report(err);
    }
    SNT_TRY(snt_watch_wait(watch, &changed, err));
    SNT_TRY(tell_change(&changed, out, err));
  }
}
