/* Whether readers would take what a region holds. Evaluators are started here. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/time.h"
#include "issue/publish.h"
#include "policy/pack.h"

static bool is_file(const struct snt_published *at) { return at->region[0] == '\0'; }

/* Where it lies, for messages. */
static void name_source(const struct snt_publish_view *view, const struct snt_published *at, char *out, size_t cap) {
  (void)snprintf(out, cap, "%s%s%s%s", is_file(at) ? "" : "ssm:", view->parameter, is_file(at) ? "" : " in ",
                 at->region);
}

static snt_status check_times(const struct snt_publish_view *view, const struct snt_published *at, const char *source,
                              struct snt_err *err) {
  const struct snt_pointer *pointer = &at->pointer;
  if (view->now_ms >= pointer->not_after_ms) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s was valid until %s", source, pointer->not_after));
    return is_file(at) ? snt_err_hint(err,
                                      "remove %s.pointer, and have the file signed again: sentinel policy sign %s "
                                      "--key KEY",
                                      source, source)
                       : snt_err_hint(err, "push it again under the same serial: sentinel policy push %s DIR --key KEY",
                                      pointer->name);
  }
  return view->now_ms >= pointer->not_before_ms
             ? snt_done()
             : snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is not valid before %s", source, pointer->not_before);
}

static snt_status check_names(const struct snt_publish_view *view, const struct snt_pointer *pointer, const char *name,
                              const char *source, struct snt_err *err) {
  if (name != NULL && strcmp(pointer->name, name) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is a bundle of another name, \"%s\"", source, pointer->name));
    return snt_err_hint(err, "a bundle is good only under its own name: sentinel policy push %s DIR", pointer->name);
  }
  if (pointer->serial < view->min_serial) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID,
                    "%s has serial %" PRId64 ", which is lower than policy.min_serial, %" PRId64, source,
                    pointer->serial, view->min_serial);
  }
  bool is_other = view->installation[0] != '\0' && strcmp(pointer->installation, view->installation) != 0;
  if (!is_other || (!view->has_keys && pointer->installation[0] == '\0')) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is for installation \"%s\", and the configuration's is \"%s\"",
                      source, pointer->installation, view->installation));
  return snt_err_hint(err, "check installation in the configuration and in bundle.yaml");
}

static snt_status fail_manifest(const char *source, const char *what, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: the pointer and the bundle's manifest do not say the same %s",
                      source, what));
  return snt_err_hint(err, "push the bundle again, under a higher serial");
}

/* The bundle is what its pointer says, and an evaluator takes it. */
static snt_status check_bundle(const struct snt_published *at, const char *source, struct snt_err *err) {
  SNT_DRAFT_AUTO struct snt_draft draft = {0};
  const struct snt_pointer *pointer = &at->pointer;
  SNT_TRY(snt_draft_take(source, (struct snt_slice){snt_buf_borrow(&at->packed), at->packed.len}, &draft, err));
  if (strcmp(draft.manifest.name, pointer->name) != 0 || draft.manifest.serial != pointer->serial) {
    return fail_manifest(source, "name and serial", err);
  }
  if (strcmp(draft.manifest.installation, pointer->installation) != 0) {
    return fail_manifest(source, "installation", err);
  }
  if (pointer->signature_count > 0) {
    SNT_TRY(snt_manifest_check_signed(&draft.manifest, err));
  }
  if (draft.is_refused) {
    *err = draft.refusal;
  }
  return draft.is_refused ? (snt_status){err->code} : snt_done();
}

static snt_status check_bare(const struct snt_publish_view *view, const struct snt_published *at, const char *source,
                             struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_slice value = {snt_buf_borrow(&at->value), at->value.len};
  if (view->has_keys) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is not signed, and policy.keys asks for signatures", source);
  }
  SNT_TRY(snt_policy_from_parameter(view->parameter, at->region, at->version, value, &policy, err));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  return snt_policy_load(&policy, evaluator, NULL, err);
}

static snt_status fail_with(const struct snt_err *why, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, why->code, "%.*s", SNT_ERR_MESSAGE_CAP, why->message));
  return snt_err_hint(err, "%.*s", SNT_ERR_HINT_CAP, why->hint);
}

snt_status snt_publish_check(const struct snt_publish_view *view, const struct snt_published *at, const char *name,
                             bool is_timely, struct snt_err *err) {
  char source[640];
  name_source(view, at, source, sizeof source);
  if (at->version == 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no SSM parameter %s in %s", view->parameter, at->region));
    return snt_err_hint(err, "check the name and the region; `sentinel policy push NAME DIR` puts a policy there");
  }
  if (!at->is_pointer) {
    return check_bare(view, at, source, err);
  }
  if (at->pointer.serial == 0 || !at->is_trusted || !at->is_whole) {
    return fail_with(at->pointer.serial == 0 ? &at->unreadable
                     : !at->is_trusted       ? &at->untrusted
                                             : &at->incomplete,
                     err);
  }
  SNT_TRY(check_names(view, &at->pointer, name, source, err));
  SNT_TRY(is_timely ? check_times(view, at, source, err) : snt_done());
  return check_bundle(at, source, err);
}
