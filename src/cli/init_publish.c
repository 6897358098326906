/* The first bundle in force: as `policy push` does it, where nothing is yet. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/common.h"
#include "cli/init.h"
#include "cli/publish_specs.h"
#include "issue/settings.h"

/* The bundle's folder, in which everything else was written. */
static snt_status append_bundle(const struct snt_setup *setup, struct snt_buf *out, struct snt_err *err) {
  return snt_buf_appendf(out, err, "%s/policies/%s", setup->folder.data, setup->name);
}

/* As readers will take it: it may have been changed since it was written. */
static snt_status read_draft(const char *path, struct snt_draft *out, struct snt_err *err) {
  SNT_TRY(snt_draft_read(path, false, out, err));
  if (out->is_refused) {
    *err = out->refusal;
    return (snt_status){err->code};
  }
  if (snt_lint_count_errors(&out->lint) > 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is hardly what is meant", path));
    return snt_err_hint(err, "sentinel policy lint %s", path);
  }
  return snt_done();
}

static void note(struct snt_init_publication *out, const struct snt_publish_view *view, const struct snt_draft *draft) {
  out->count = view->count;
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    bool is_same = at->is_pointer && strcmp(at->pointer.sha256, draft->sha256) == 0;
    (void)snprintf(out->regions[i].region, sizeof out->regions[i].region, "%s", at->region);
    out->regions[i].serial = at->pointer.serial;
    out->regions[i].state = at->version == 0 ? SNT_SETUP_MISSING : is_same ? SNT_SETUP_SAME : SNT_SETUP_DIFFERENT;
  }
}

/* What somebody changed he puts in force himself. */
static bool is_ours(const struct snt_setup *setup) {
  for (size_t i = 0; i < setup->item_count; i++) {
    if (setup->items[i].is_bundle && setup->items[i].state == SNT_SETUP_DIFFERENT) {
      return false;
    }
  }
  return true;
}

/* Whether there is a region without it, and none with anything else. */
static bool is_wanted(const struct snt_setup *setup, const struct snt_init_publication *publication) {
  bool is_missing = false;
  for (size_t i = 0; i < publication->count; i++) {
    is_missing = is_missing || publication->regions[i].state == SNT_SETUP_MISSING;
    if (publication->regions[i].state == SNT_SETUP_DIFFERENT) {
      return false;
    }
  }
  return is_missing && is_ours(setup);
}

static snt_status put(const struct snt_publish_options *options, const struct snt_draft *draft,
                      const struct snt_publish_view *view, struct snt_init_publication *out, struct snt_err *err) {
  struct snt_publish_plan plan;
  struct snt_publish_report report = {0};
  SNT_TRY(snt_publish_plan_push(options, draft, view, &plan, err));
  snt_status status = snt_publish_put(options, &plan, view, &report, err);
  for (size_t i = 0; i < report.count && i < out->count; i++) {
    bool is_new = report.regions[i].has_it && out->regions[i].state == SNT_SETUP_MISSING;
    out->regions[i].state = is_new ? SNT_SETUP_WRITTEN : out->regions[i].state;
    out->regions[i].serial = is_new ? plan.pointer.serial : out->regions[i].serial;
  }
  if (!snt_ok(status) && report.signal != 0) {
    snt_cli_end_by(report.signal, err);
  }
  return status;
}

/* The repository's configuration is what readers will have; the user's own, once it says the same. */
static snt_status choose_settings(const struct snt_setup_options *options, const struct snt_setup *setup,
                                  struct snt_buf *repository, const char **out, struct snt_err *err) {
  bool is_configured = setup->settings.state == SNT_SETUP_SAME || setup->settings.state == SNT_SETUP_WRITTEN;
  SNT_TRY(snt_buf_appendf(repository, err, "%s/config.yaml", setup->folder.data));
  *out = is_configured ? options->common.config : repository->data;
  return snt_done();
}

snt_status snt_init_publish(const struct snt_setup_options *options, const struct snt_setup *setup,
                            struct snt_init_publication *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf bundle = {0};
  SNT_BUF_AUTO struct snt_buf config = {0};
  SNT_DRAFT_AUTO struct snt_draft draft = {0};
  SNT_PUBLISH_VIEW_AUTO struct snt_publish_view view = {0};
  const char *const keys[] = {setup->key.spec.data};
  struct snt_publish_options publish = {
      .common = options->common, .name = setup->name, .keys = keys, .key_count = 1, .tell = snt_cli_tell};
  publish.common.regions = NULL; /* the configuration has them */
  if (setup->settings.is_locked && setup->settings.state != SNT_SETUP_SAME) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_ACTION_REQUIRED,
                        "nothing was put in force: the administrator of this machine locked where policy comes from"));
    return snt_err_hint(err, "have %s/config.admin.yaml as " SNT_ADMIN_CONFIG ", and run it again", setup->folder.data);
  }
  SNT_TRY(choose_settings(options, setup, &config, &publish.common.config, err));
  SNT_TRY(append_bundle(setup, &bundle, err));
  SNT_TRY(read_draft(bundle.data, &draft, err));
  SNT_TRY(snt_publish_look(&publish, SNT_LOOK_BUNDLES, 0, &view, err));
  note(out, &view, &draft);
  if (!is_wanted(setup, out)) {
    return snt_done();
  }
  SNT_TRY(snt_cli_run_specs(bundle.data, &(struct snt_publish_specs){0}, err));
  return put(&publish, &draft, &view, out, err);
}
