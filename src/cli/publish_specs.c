#include "cli/publish_specs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/test_paths.h"
#include "policy/pack.h"
#include "policy/spec.h"

struct running {
  struct snt_publish_specs *out;
  struct snt_err first; /* what the first test that failed says */
};

static bool take_case(void *context, const struct snt_case *of) {
  struct running *running = context;
  running->out->passed += of->status == SNT_CASE_PASSED ? 1 : 0;
  if (of->status != SNT_CASE_FAILED) {
    return true;
  }
  if (running->out->failed++ == 0) {
    SNT_IGNORE(snt_fail(&running->first, of->is_malformed ? SNT_CODE_POLICY_INVALID : SNT_CODE_ANSWER_NO,
                        "%s:%lld: %s: %s", of->file, (long long)of->line, of->name, of->message));
  }
  return true;
}

/* "policies/prod" of "policies/prod/" and "policies/prod.yaml": what the specs beside it are named after. */
static size_t stem_length(const char *path, bool is_folder) {
  size_t len = strlen(path);
  while (len > 1 && path[len - 1] == '/') {
    len--;
  }
  const char *dot = is_folder ? NULL : strrchr(path, '.');
  return dot == NULL ? len : (size_t)(dot - path);
}

static snt_status add_beside(struct snt_test_paths *paths, const char *path, bool is_folder, struct snt_err *err) {
  static const char *const ends[] = {"_spec.lua", "_spec.yaml"};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    SNT_BUF_AUTO struct snt_buf file = {0};
    SNT_TRY(snt_buf_append(&file, path, stem_length(path, is_folder), err));
    SNT_TRY(snt_buf_append_str(&file, ends[i], err));
    SNT_TRY(access(file.data, F_OK) == 0 ? snt_test_paths_add(paths, file.data, err) : snt_done());
  }
  return snt_done();
}

static snt_status run_spec(struct running *running, const struct snt_test_path *spec, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf problems = {0};
  const struct snt_spec_options options = {.on_case = take_case, .context = running};
  if (spec->problem != NULL) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: %s", spec->path, spec->problem);
  }
  running->out->specs++;
  return snt_spec_run(spec->path, &options, &problems, err);
}

snt_status snt_cli_run_specs(const char *path, struct snt_publish_specs *out, struct snt_err *err) {
  SNT_TEST_PATHS_AUTO struct snt_test_paths paths = {0};
  struct running running = {.out = out};
  struct stat st;
  *out = (struct snt_publish_specs){0};
  bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
  if (snt_str_ends_with(path, SNT_PACKED_SUFFIX)) {
    return snt_done();
  }
  SNT_TRY(is_folder ? snt_test_paths_add(&paths, path, err) : snt_done());
  SNT_TRY(add_beside(&paths, path, is_folder, err));
  for (size_t i = 0; i < paths.count; i++) {
    SNT_TRY(run_spec(&running, &paths.list[i], err));
  }
  if (out->failed == 0) {
    return snt_done();
  }
  *err = running.first;
  SNT_IGNORE(
      snt_err_prefix(err, "%zu of %zu tests of %s failed, the first", out->failed, out->failed + out->passed, path));
  return snt_err_hint(err, "`sentinel test` tells of all; --no-test pushes all the same, and that is recorded");
}
