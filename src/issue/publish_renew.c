/* What is in force, to be signed for longer. Nothing is read or asked here.
 *
 * MUST
 *  1. sign again only what readers take where it lies: name, installation, serial, signatures;
 *  2. sign again nothing that may have been put back: what is older than the history knows, or has ended. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "issue/publish_internal.h"
#include "policy/pack.h"

static snt_status fail_unequal(const struct snt_publish_options *options, const struct snt_published *at,
                               const struct snt_published *newest, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s in %s is not what it is in %s (serial %" PRId64 ")",
                      options->name, at->region, newest->region, newest->pointer.serial));
  return snt_err_hint(err, "finish the push first: run it again, or `sentinel policy verify %s` to see what there is",
                      options->name);
}

static snt_status fail_none(const struct snt_publish_options *options, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_NO_POLICY, "there is no bundle %s to be renewed", options->name));
  return snt_err_hint(err, "push one first: sentinel policy push %s DIR --key KEY", options->name);
}

static snt_status refuse_renewal(const struct snt_err *why, struct snt_err *err) {
  *err = *why;
  SNT_IGNORE(snt_err_prefix(err, "what lies in SSM is not signed again"));
  return snt_err_hint(err, "push the content from where it is reviewed");
}

/* Of all regions, the latest end. */
static const struct snt_published *find_latest(const struct snt_publish_view *view) {
  const struct snt_published *latest = &view->regions[0];
  for (size_t i = 1; i < view->count; i++) {
    if (view->regions[i].pointer.not_after_ms > latest->pointer.not_after_ms) {
      latest = &view->regions[i];
    }
  }
  return latest;
}

/* Who can write to SSM can put back what was signed before, or elsewhere; only its end would keep it from being used.
 */
static snt_status check_place(const struct snt_publish_options *options, const struct snt_publish_view *view,
                              const struct snt_published *newest, struct snt_err *err) {
  struct snt_err why = {0};
  SNT_DRAFT_AUTO struct snt_draft draft = {0};
  const struct snt_pointer *pointer = &newest->pointer;
  const struct snt_manifest *manifest = &draft.manifest;
  const struct snt_pointer *latest = &find_latest(view)->pointer;
  const struct snt_slice packed = {newest->packed.data, newest->packed.len};
  int64_t seen = view->older.pointer.serial;
  if (latest->not_after_ms <= view->now_ms) {
    SNT_IGNORE(snt_fail(&why, SNT_CODE_POLICY_INVALID, "%s serial %" PRId64 " was signed until %s, which has passed",
                        options->name, latest->serial, latest->not_after));
    SNT_IGNORE(refuse_renewal(&why, err));
    return snt_err_hint(err,
                        "push the content from where it is reviewed, under the same serial: sentinel policy push %s "
                        "DIR --key KEY",
                        options->name);
  }
  if (seen > pointer->serial) {
    SNT_IGNORE(snt_fail(&why, SNT_CODE_POLICY_INVALID,
                        "%s has serial %" PRId64 ", and serial %" PRId64 " was in force before", options->name,
                        pointer->serial, seen));
    SNT_IGNORE(refuse_renewal(&why, err));
    return snt_err_hint(err, "to have that again: sentinel policy rollback %s --to %" PRId64, options->name, seen);
  }
  if (!snt_ok(snt_packed_manifest(view->parameter, packed, &draft.manifest, &why)) ||
      !snt_ok(snt_publish_check_manifest(options, view, &draft, &why)) ||
      !snt_ok(snt_publish_check_lowest(view, pointer->serial, &why))) {
    return refuse_renewal(&why, err);
  }
  if (strcmp(manifest->name, pointer->name) == 0 && manifest->serial == pointer->serial &&
      strcmp(manifest->installation, pointer->installation) == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(&why, SNT_CODE_POLICY_INVALID, "the pointer of %s and the bundle's manifest do not say the same",
                      options->name));
  return refuse_renewal(&why, err);
}

/* Everywhere the same, whole, and signed by whom it may be. */
static snt_status check_renewable(const struct snt_publish_options *options, const struct snt_publish_view *view,
                                  struct snt_err *err) {
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    if (at->pointer.serial > 0 && !at->is_trusted) {
      return refuse_renewal(&at->untrusted, err);
    }
  }
  const struct snt_published *newest = snt_publish_newest(view);
  SNT_TRY(newest == NULL ? fail_none(options, err) : snt_done());
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    bool is_equal = strcmp(at->pointer.sha256, newest->pointer.sha256) == 0;
    SNT_TRY(is_equal ? snt_done() : fail_unequal(options, at, newest, err));
  }
  if (!newest->is_whole) {
    *err = newest->incomplete;
    return (snt_status){err->code};
  }
  return check_place(options, view, newest, err);
}

snt_status snt_publish_plan_renew(const struct snt_publish_options *options, const struct snt_publish_view *view,
                                  struct snt_publish_plan *out, struct snt_err *err) {
  *out = (struct snt_publish_plan){.action = "renew"};
  if (view->signers.count == 0) {
    return snt_fail(err, SNT_CODE_USAGE, "--renew needs --key: the key that signs again");
  }
  SNT_TRY(check_renewable(options, view, err));
  const struct snt_published *newest = snt_publish_newest(view);
  const struct snt_pointer *latest = &find_latest(view)->pointer;
  out->bytes = (struct snt_slice){newest->packed.data, newest->packed.len};
  out->pointer = newest->pointer;
  out->pointer.signature_count = 0; /* they were of another end */
  memcpy(out->sha256, newest->pointer.sha256, sizeof out->sha256);
  SNT_TRY(snt_publish_choose_end(options, "", view->now_ms, &out->pointer, err));
  if (out->pointer.not_after_ms <= latest->not_after_ms) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "serial %" PRId64 " is signed until %s, and would be until %s",
                        latest->serial, latest->not_after, out->pointer.not_after));
    return snt_err_hint(err, "a renewal makes it longer: --valid 60d, or --not-after");
  }
  return snt_publish_check_signer_count(view, &out->pointer, err);
}
