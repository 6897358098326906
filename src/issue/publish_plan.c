/* What is to be done about a policy where the regions hold what they hold. Nothing is read or asked here. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "issue/publish_internal.h"
#include "policy/pack.h"

/* The first line of packed bytes: the manifest, with the hash of all files. Who packs with another version of the
 * compressor makes other bytes of the same content. */
static struct snt_slice content_of(struct snt_slice packed) {
  const char *end = packed.len == 0 ? NULL : memchr(packed.data, '\n', packed.len);
  return (struct snt_slice){packed.data, end == NULL ? 0 : (size_t)(end - packed.data)};
}

static struct snt_slice slice_of(const struct snt_buf *buf) {
  return (struct snt_slice){snt_buf_borrow(buf), buf->len};
}

static bool is_same_content(struct snt_slice a, struct snt_slice b) {
  struct snt_slice left = content_of(a);
  struct snt_slice right = content_of(b);
  return left.len > 0 && left.len == right.len && memcmp(left.data, right.data, left.len) == 0;
}

/* Of what nobody who signs here has signed, the manifest says nothing of the bytes behind it. */
static bool is_same_bundle(const struct snt_published *published, const struct snt_draft *draft) {
  return published->is_whole && published->is_trusted
             ? is_same_content(slice_of(&published->packed), slice_of(&draft->bytes))
             : strcmp(published->pointer.sha256, draft->sha256) == 0;
}

/* What signs */

static bool is_to_be_signed(const struct snt_publish_view *view, const struct snt_draft *draft) {
  return view->has_keys || view->signers.count > 0 || draft->has_pointer;
}

/* A pointer of a packed file is taken as it is: what was signed cannot be changed any more. */
static snt_status take_file_pointer(const struct snt_publish_options *options, const struct snt_draft *draft,
                                    int64_t now_ms, struct snt_pointer *out, struct snt_err *err) {
  const struct snt_pointer *signed_one = &draft->pointer;
  if (!snt_draft_is_pointed_to(draft, signed_one)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "the .pointer beside the packed file is of another bundle"));
    return snt_err_hint(err, "remove it, and have the file signed again: sentinel policy sign FILE.bundle --key KEY");
  }
  if (options->valid_s != 0 || options->not_after != NULL) {
    return snt_fail(err, SNT_CODE_USAGE, "--valid and --not-after: the packed file is signed until %s already",
                    signed_one->not_after);
  }
  if (signed_one->not_after_ms <= now_ms) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "the packed file is signed until %s, which has passed",
                        signed_one->not_after));
    return snt_err_hint(err, "remove the .pointer beside it, and have the file signed again");
  }
  *out = *signed_one;
  return snt_done();
}

static bool has_signature(const struct snt_pointer *pointer, const char *id) {
  for (size_t i = 0; i < pointer->signature_count; i++) {
    if (strcmp(pointer->signatures[i].key, id) == 0) {
      return true;
    }
  }
  return false;
}

static bool has_all_signatures(const struct snt_pointer *pointer, const struct snt_policy_keys *signers) {
  for (size_t i = 0; i < signers->count; i++) {
    if (!has_signature(pointer, signers->list[i].id)) {
      return false;
    }
  }
  return true;
}

/* How many will have signed. */
snt_status snt_publish_check_signer_count(const struct snt_publish_view *view, const struct snt_pointer *pointer,
                                          struct snt_err *err) {
  size_t count = pointer->signature_count;
  for (size_t i = 0; i < view->signers.count; i++) {
    count += has_signature(pointer, view->signers.list[i].id) ? 0 : 1;
  }
  if (!view->has_keys || (int64_t)count >= view->min_signatures) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "policy.keys asks for %" PRId64 " %s, and there would be %zu",
                      view->min_signatures, view->min_signatures == 1 ? "signature" : "signatures", count));
  return snt_err_hint(err, view->min_signatures == 1
                               ? "sign it: --key FILE, keychain:NAME, agent: or kms:ARN"
                               : "give --key for each key that you hold; others sign the packed file first "
                                 "(`sentinel policy pack`, `sentinel policy sign`), which is pushed then");
}

snt_status snt_publish_check_manifest(const struct snt_publish_options *options, const struct snt_publish_view *view,
                                      const struct snt_draft *draft, struct snt_err *err) {
  const struct snt_manifest *manifest = &draft->manifest;
  if (strcmp(manifest->name, options->name) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "the bundle's name is \"%s\", and it is pushed as \"%s\"",
                        manifest->name, options->name));
    return snt_err_hint(err, "readers refuse a bundle of another name: write name: %s in bundle.yaml", options->name);
  }
  if (view->installation[0] != '\0' && (view->has_keys || manifest->installation[0] != '\0') &&
      strcmp(manifest->installation, view->installation) != 0) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "the bundle is for installation \"%s\", and the configuration's is \"%s\"",
                        manifest->installation, view->installation));
    return snt_err_hint(err, "write installation: %s in bundle.yaml", view->installation);
  }
  return is_to_be_signed(view, draft) ? snt_manifest_check_signed(manifest, err) : snt_done();
}

/* Serials */

snt_status snt_publish_check_lowest(const struct snt_publish_view *view, int64_t serial, struct snt_err *err) {
  if (serial >= view->min_serial) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "serial %" PRId64 " is lower than policy.min_serial, %" PRId64 ": readers would refuse it",
                      serial, view->min_serial));
  return snt_err_hint(err, "write in bundle.yaml: serial: %" PRId64 ", or a higher one", view->min_serial);
}

static snt_status refuse_serial(const struct snt_publish_view *view, const struct snt_published *at, int64_t serial,
                                struct snt_err *err) {
  int64_t highest = snt_publish_newest(view)->pointer.serial;
  if (at->pointer.serial == serial) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "serial %" PRId64 " is in force in %s with another content",
                        serial, at->region));
  } else {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                        "serial %" PRId64 " is not higher than %" PRId64 ", which is in force in %s", serial,
                        at->pointer.serial, at->region));
  }
  return snt_err_hint(err, "write in bundle.yaml: serial: %" PRId64, highest + 1);
}

/* Whether others signed a packed file for longer than what is in force: a renewal by several people. */
static bool is_signed_for_longer(const struct snt_draft *draft, const struct snt_pointer *pointer) {
  return draft->has_pointer && draft->pointer.not_after_ms > pointer->not_after_ms;
}

/* Readers take no other bytes under a serial that they saw, though the content is the same. */
static snt_status check_bytes(const struct snt_publish_view *view, const struct snt_draft *draft,
                              const struct snt_published *at, struct snt_err *err) {
  if (!is_signed_for_longer(draft, &at->pointer) || strcmp(draft->sha256, at->pointer.sha256) == 0) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "serial %" PRId64 " is in force in %s with the same content in other bytes: another version of "
                      "libzstd packed it",
                      at->pointer.serial, at->region));
  return snt_err_hint(err, "pack and sign it with that version, or write in bundle.yaml: serial: %" PRId64,
                      snt_publish_newest(view)->pointer.serial + 1);
}

static snt_status check_serial(const struct snt_publish_view *view, const struct snt_draft *draft,
                               const struct snt_published *at, struct snt_err *err) {
  int64_t serial = draft->manifest.serial;
  int64_t there = at->pointer.serial;
  if (there > serial || (there == serial && !is_same_bundle(at, draft))) {
    return refuse_serial(view, at, serial, err);
  }
  if (there == serial) {
    return check_bytes(view, draft, at, err);
  }
  if (serial - there <= SNT_PUBLISH_SERIAL_STEP) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "serial %" PRId64 " is more than %d above %" PRId64
                      ", which is in force in %s: readers would refuse it",
                      serial, SNT_PUBLISH_SERIAL_STEP, there, at->region));
  return snt_err_hint(err, "write in bundle.yaml: serial: %" PRId64, snt_publish_newest(view)->pointer.serial + 1);
}

/* What is there and cannot be understood is replaced only on demand. */
static snt_status check_readable(const struct snt_publish_options *options, const struct snt_published *at,
                                 struct snt_publish_plan *out, struct snt_err *err) {
  bool is_unreadable = at->is_pointer && at->pointer.serial == 0;
  if (is_unreadable && !options->is_forced) {
    *err = at->unreadable;
    SNT_IGNORE(snt_err_prefix(err, "what is in force cannot be read"));
    return snt_err_hint(err, "see who wrote it with `sentinel policy history %s`; --force replaces it", options->name);
  }
  out->is_forced = out->is_forced || is_unreadable;
  return snt_done();
}

/* Who configured keys refuses what has no signature: it may not take the place of what has one. */
static snt_status check_still_signed(const struct snt_publish_options *options, const struct snt_publish_view *view,
                                     const struct snt_draft *draft, const struct snt_published *at,
                                     struct snt_publish_plan *out, struct snt_err *err) {
  bool is_lost = at->pointer.signature_count > 0 && !is_to_be_signed(view, draft);
  if (!is_lost || options->is_forced) {
    out->is_forced = out->is_forced || is_lost;
    return snt_done();
  }
  SNT_IGNORE(
      snt_fail(err, SNT_CODE_USAGE, "what is in force in %s is signed, and nothing would be any more", at->region));
  return snt_err_hint(err, "sign it: --key FILE, keychain:NAME, agent: or kms:ARN");
}

/* What is in force already */

/* Whether a region has the draft, signed by all that are to sign it, still valid, and not to be renewed. */
static bool has_draft(const struct snt_publish_view *view, const struct snt_draft *draft,
                      const struct snt_published *at) {
  const struct snt_pointer *pointer = &at->pointer;
  bool is_signed =
      at->is_trusted && has_all_signatures(pointer, &view->signers) && pointer->not_after_ms > view->now_ms;
  return pointer->serial == draft->manifest.serial && is_signed && is_same_bundle(at, draft) &&
         !is_signed_for_longer(draft, pointer);
}

/* A region that has it gives its bytes and its pointer to the others: so all have the same. */
static void adopt(const struct snt_publish_view *view, const struct snt_draft *draft, struct snt_publish_plan *out) {
  size_t having = 0;
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    if (!has_draft(view, draft, at)) {
      continue;
    }
    if (!out->is_adopted) {
      out->is_adopted = true;
      out->pointer = at->pointer;
      out->bytes = at->is_whole ? slice_of(&at->packed) : out->bytes;
    }
    having += at->is_whole && strcmp(at->pointer.sha256, out->pointer.sha256) == 0 ? 1 : 0;
  }
  out->is_done = having == view->count && having > 0;
}

/* The bytes of a serial that is in force somewhere, whoever signed it, are what is signed now. */
static void take_bytes(const struct snt_publish_view *view, const struct snt_draft *draft,
                       struct snt_publish_plan *out) {
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    if (at->is_whole && at->pointer.serial == draft->manifest.serial && snt_publish_is_believed(view, at)) {
      out->bytes = slice_of(&at->packed);
      out->pointer.size = at->pointer.size;
      out->pointer.parts = at->pointer.parts;
      memcpy(out->pointer.sha256, at->pointer.sha256, sizeof out->pointer.sha256);
      return;
    }
  }
}

/* What is signed now: of a packed file what others signed, else a pointer to the draft. */
static snt_status plan_signing(const struct snt_publish_options *options, const struct snt_draft *draft,
                               const struct snt_publish_view *view, struct snt_publish_plan *out, struct snt_err *err) {
  for (size_t i = 0; i < view->count; i++) {
    SNT_TRY(check_still_signed(options, view, draft, &view->regions[i], out, err));
  }
  if (draft->has_pointer) {
    SNT_TRY(take_file_pointer(options, draft, view->now_ms, &out->pointer, err));
  } else {
    SNT_TRY(snt_draft_point(options, draft, view->now_ms, &out->pointer, err));
    take_bytes(view, draft, out);
  }
  SNT_TRY(snt_publish_check_beginning(options, &out->pointer, view->now_ms, err));
  out->is_forced = out->is_forced || out->pointer.not_before_ms > view->now_ms;
  return snt_publish_check_signer_count(view, &out->pointer, err);
}

static snt_status plan_bundle(const struct snt_publish_options *options, const struct snt_draft *draft,
                              const struct snt_publish_view *view, struct snt_publish_plan *out, struct snt_err *err) {
  SNT_TRY(snt_publish_check_manifest(options, view, draft, err));
  SNT_TRY(snt_publish_check_lowest(view, draft->manifest.serial, err));
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    SNT_TRY(check_readable(options, at, out, err));
    SNT_TRY(snt_publish_is_believed(view, at) ? check_serial(view, draft, at, err) : snt_done());
  }
  adopt(view, draft, out);
  SNT_TRY(out->is_adopted ? snt_done() : plan_signing(options, draft, view, out, err));
  memcpy(out->sha256, out->pointer.sha256, sizeof out->sha256);
  return snt_done();
}

/* Bare policies */

static snt_status check_bare_size(const struct snt_draft *draft, struct snt_err *err) {
  if (draft->bytes.len <= SNT_POINTER_CAP) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "the policy has %zu bytes, and a parameter holds at most %zu",
                      draft->bytes.len, SNT_POINTER_CAP));
  return snt_err_hint(err, "push it as a bundle, which may have 2 MiB: put it into a folder with a bundle.yaml, and "
                           "leave out --bare");
}

static snt_status refuse_bare(const struct snt_publish_options *options, const struct snt_published *at,
                              struct snt_publish_plan *out, struct snt_err *err) {
  if (!at->is_pointer || options->is_forced) {
    out->is_forced = out->is_forced || at->is_pointer;
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "%s in %s is a bundle (serial %" PRId64 "), and a bare policy would take its place",
                      options->name, at->region, at->pointer.serial));
  return snt_err_hint(err, "push a bundle, or give up serials and signatures with --force");
}

static snt_status plan_bare(const struct snt_publish_options *options, const struct snt_draft *draft,
                            const struct snt_publish_view *view, struct snt_publish_plan *out, struct snt_err *err) {
  size_t having = 0;
  bool is_for_signing = view->signers.count > 0 || options->valid_s != 0 || options->not_after != NULL;
  if (view->has_keys || is_for_signing) {
    SNT_IGNORE(snt_fail(err, view->has_keys ? SNT_CODE_POLICY_INVALID : SNT_CODE_USAGE,
                        view->has_keys ? "policy.keys asks for signatures, and a bare policy has none"
                                       : "--key, --valid, --not-after: a bare policy cannot be signed"));
    return snt_err_hint(err, "push a bundle: a folder with a bundle.yaml, without --bare");
  }
  SNT_TRY(check_bare_size(draft, err));
  for (size_t i = 0; i < view->count; i++) {
    const struct snt_published *at = &view->regions[i];
    SNT_TRY(refuse_bare(options, at, out, err));
    bool is_there = at->version > 0 && at->value.len == draft->bytes.len &&
                    memcmp(at->value.data, draft->bytes.data, at->value.len) == 0;
    having += is_there ? 1 : 0;
  }
  out->is_done = having == view->count && having > 0;
  return snt_done();
}

snt_status snt_publish_plan_push(const struct snt_publish_options *options, const struct snt_draft *draft,
                                 const struct snt_publish_view *view, struct snt_publish_plan *out,
                                 struct snt_err *err) {
  *out = (struct snt_publish_plan){.action = "push", .is_bare = draft->is_bare, .bytes = slice_of(&draft->bytes)};
  (void)snprintf(out->sha256, sizeof out->sha256, "%s", draft->sha256);
  return draft->is_bare ? plan_bare(options, draft, view, out, err) : plan_bundle(options, draft, view, out, err);
}

/* Rollback */

static bool are_equal(const struct snt_publish_view *view) {
  for (size_t i = 1; i < view->count; i++) {
    if (strcmp(view->regions[i].pointer.sha256, view->regions[0].pointer.sha256) != 0) {
      return false;
    }
  }
  return true;
}

static snt_status fail_unfinished(const struct snt_publish_view *view, struct snt_err *err) {
  int64_t newest = snt_publish_newest(view)->pointer.serial;
  const char *name = view->older.pointer.name;
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "the regions do not hold the same %s: serial %" PRId64 " is in force in %s, and not everywhere",
                      name, newest, snt_publish_newest(view)->region));
  return snt_err_hint(err, "`sentinel policy rollback %s --to %" PRId64 "` gives it to the others too; then roll back",
                      name, newest);
}

snt_status snt_draft_roll_back(const struct snt_publish_view *view, struct snt_draft *out, struct snt_err *err) {
  const struct snt_published *older = &view->older;
  const struct snt_published *newest = snt_publish_newest(view);
  struct snt_slice packed = slice_of(&older->packed);
  SNT_BUF_AUTO struct snt_buf changed = {0};
  memset(out, 0, sizeof *out);
  if (!older->is_whole) {
    *err = older->incomplete;
    SNT_IGNORE(snt_err_prefix(err, "serial %" PRId64 " cannot be had any more", older->pointer.serial));
    return snt_err_hint(err, "`sentinel policy history %s` tells which can; push what you have elsewhere",
                        older->pointer.name);
  }
  bool is_same = older->pointer.serial == newest->pointer.serial;
  SNT_TRY(is_same || are_equal(view) ? snt_done() : fail_unfinished(view, err));
  if (!is_same) {
    bool was_put_back = older->pointer.serial > newest->pointer.serial; /* it is gone on with, as it is */
    int64_t serial = was_put_back ? older->pointer.serial : view->highest + 1;
    SNT_TRY(snt_pack_with_serial(packed, serial, &changed, err));
    packed = slice_of(&changed);
  }
  SNT_TRY(snt_draft_take(view->parameter, packed, out, err));
  out->manifest.not_after[0] = '\0'; /* that was for the first signature */
  return snt_done();
}

snt_status snt_publish_plan_rollback(const struct snt_publish_options *options, const struct snt_draft *draft,
                                     const struct snt_publish_view *view, struct snt_publish_plan *out,
                                     struct snt_err *err) {
  if (is_to_be_signed(view, draft) && !view->older.is_trusted) {
    *err = view->older.untrusted;
    SNT_IGNORE(snt_err_prefix(err, "serial %" PRId64 " is not signed again", view->older.pointer.serial));
    return snt_err_hint(err, "whoever can write to SSM can have put it there: push the content from where it is "
                             "reviewed");
  }
  SNT_TRY(snt_publish_plan_push(options, draft, view, out, err));
  out->action = "rollback";
  out->is_untested = true;
  return snt_done();
}
