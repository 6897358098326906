/* What is to be published, as readers will evaluate it. Evaluators are started here: it comes before any secret. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "format/time.h"
#include "issue/publish.h"
#include "policy/describe.h"
#include "policy/pack.h"

#define DAY_S INT64_C(86400)

void snt_draft_clear(struct snt_draft *draft) {
  snt_buf_clear(&draft->bytes);
  snt_manifest_clear(&draft->manifest);
  snt_buf_clear(&draft->problems);
  snt_lint_clear(&draft->lint);
  memset(draft, 0, sizeof *draft);
}

/* What the evaluator says of it. */
static snt_status evaluate(const char *path, struct snt_draft *out, struct snt_err *err) {
  struct snt_err failure = {0};
  snt_status status = snt_issue_lint(path, &out->lint, &out->problems, &failure);
  out->is_refused = status.code == SNT_CODE_POLICY_INVALID;
  if (!snt_ok(status)) {
    *(out->is_refused ? &out->refusal : err) = failure;
  }
  return out->is_refused ? snt_done() : status;
}

/* The folder as one run of bytes, which can be loaded unless the folder cannot. */
static snt_status pack_folder(const char *path, struct snt_draft *out, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  SNT_TRY(snt_policy_read_file(path, false, &policy, err));
  if (!policy.is_bundle) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s is not a bundle", path));
    return snt_err_hint(err, "name a folder with a bundle.yaml, or a packed file; --bare pushes a policy's file alone");
  }
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  SNT_TRY(policy.manifest.grants.count == 0 ? snt_done() : snt_policy_describe(&policy, evaluator, NULL, err));
  return snt_pack(&policy, &out->bytes, err);
}

/* Signatures that were made before: FILE.pointer. */
static snt_status read_pointer(const char *path, struct snt_draft *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf file = {0};
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&file, err, "%s.pointer", path));
  snt_status status = snt_file_read(file.data, SNT_FILE_ANY, SNT_POINTER_CAP, &text, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_done();
  }
  SNT_TRY(status);
  SNT_TRY(snt_pointer_parse(file.data, (struct snt_slice){snt_buf_borrow(&text), text.len}, &out->pointer, err));
  out->has_pointer = out->pointer.signature_count > 0; /* nobody stands for the times of one without */
  return snt_done();
}

static snt_status read_packed(const char *path, struct snt_draft *out, struct snt_err *err) {
  SNT_TRY(snt_file_read(path, SNT_FILE_ANY, SNT_PACKED_CAP, &out->bytes, err));
  return read_pointer(path, out, err);
}

static snt_status take_manifest(const char *source, struct snt_draft *out, struct snt_err *err) {
  struct snt_slice packed = {snt_buf_borrow(&out->bytes), out->bytes.len};
  snt_sha256_hex(packed.data, packed.len, out->sha256);
  return snt_packed_manifest(source, packed, &out->manifest, err);
}

/* Whether the packed bytes themselves are taken, by an evaluator of their own. */
static snt_status load_packed(const char *source, struct snt_draft *out, struct snt_err *err) {
  struct snt_evaluator_options options = {.is_rlimits_only = false};
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_EVALUATOR_AUTO struct snt_evaluator *evaluator = NULL;
  struct snt_slice packed = {snt_buf_borrow(&out->bytes), out->bytes.len};
  SNT_TRY(snt_policy_from_packed(source, packed, &policy, err));
  SNT_TRY(snt_evaluator_start(&options, &evaluator, err));
  snt_status status = snt_policy_load(&policy, evaluator, &out->problems, &out->refusal);
  out->is_refused = status.code == SNT_CODE_POLICY_INVALID;
  if (!snt_ok(status) && !out->is_refused) {
    *err = out->refusal;
  }
  return out->is_refused ? snt_done() : status;
}

static snt_status read_bare(const char *path, struct snt_draft *out, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_TRY(snt_policy_read_file(path, false, &policy, err));
  if (policy.is_bundle) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "--bare: %s is a bundle", path));
    return snt_err_hint(err, "name the policy's file, or leave out --bare");
  }
  struct snt_slice text = {snt_buf_borrow(&policy.text), policy.text.len};
  if (policy.kind == SNT_POLICY_KIND_LUA && !snt_policy_is_lua_text(text)) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s: readers would take it for YAML", path));
    return snt_err_hint(err, "write as its first line: " SNT_POLICY_LUA_MARK);
  }
  memcpy(out->sha256, policy.sha256, sizeof out->sha256);
  out->bytes = policy.text;
  policy.text = (struct snt_buf){0}; /* ownership went to out */
  return snt_done();
}

static snt_status read_all(const char *path, struct snt_draft *out, struct snt_err *err) {
  SNT_TRY(evaluate(path, out, err));
  if (out->is_bare) {
    return read_bare(path, out, err);
  }
  if (snt_str_ends_with(path, SNT_PACKED_SUFFIX)) {
    SNT_TRY(read_packed(path, out, err));
    return take_manifest(path, out, err);
  }
  SNT_TRY(pack_folder(path, out, err));
  SNT_TRY(take_manifest(path, out, err));
  return out->is_refused ? snt_done() : load_packed(path, out, err);
}

snt_status snt_draft_read(const char *path, bool is_bare, struct snt_draft *out, struct snt_err *err) {
  SNT_DRAFT_AUTO struct snt_draft draft = {.is_bare = is_bare};
  memset(out, 0, sizeof *out);
  SNT_TRY(read_all(path, &draft, err));
  *out = draft;
  memset(&draft, 0, sizeof draft); /* ownership went to out */
  return snt_done();
}

snt_status snt_draft_take(const char *source, struct snt_slice packed, struct snt_draft *out, struct snt_err *err) {
  SNT_DRAFT_AUTO struct snt_draft draft = {0};
  memset(out, 0, sizeof *out);
  SNT_TRY(snt_buf_append(&draft.bytes, packed.data, packed.len, err));
  SNT_TRY(take_manifest(source, &draft, err));
  SNT_TRY(load_packed(source, &draft, err));
  *out = draft;
  memset(&draft, 0, sizeof draft); /* ownership went to out */
  return snt_done();
}

snt_status snt_publish_choose_end(const struct snt_publish_options *options, const char *of_manifest, int64_t now_ms,
                                  struct snt_pointer *out, struct snt_err *err) {
  char text[32];
  const char *given = options->not_after != NULL ? options->not_after : of_manifest;
  const char *place = options->not_after != NULL ? "--not-after" : "not_after in bundle.yaml";
  int64_t valid_s = options->valid_s != 0 ? options->valid_s : SNT_PUBLISH_VALID_DAYS * DAY_S;
  out->not_after_ms = now_ms / 1000 * 1000 + valid_s * 1000;
  if (options->valid_s == 0 && given[0] != '\0') {
    SNT_TRY(snt_time_parse(given, &out->not_after_ms, err));
  }
  if (out->not_after_ms <= now_ms) {
    SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID, "%s has passed: readers would refuse the bundle", place));
    return snt_err_hint(err, "name a later time, or leave it out for %d days", SNT_PUBLISH_VALID_DAYS);
  }
  snt_time_format(out->not_after_ms, false, text);
  (void)snprintf(out->not_after, sizeof out->not_after, "%.20s", text);
  return snt_done();
}

static snt_status choose_beginning(const char *of_manifest, struct snt_pointer *out, struct snt_err *err) {
  out->not_before_ms = INT64_MIN;
  (void)snprintf(out->not_before, sizeof out->not_before, "%s", of_manifest[0] == '\0' ? "-" : of_manifest);
  SNT_TRY(of_manifest[0] == '\0' ? snt_done() : snt_time_parse(of_manifest, &out->not_before_ms, err));
  return out->not_before_ms < out->not_after_ms
             ? snt_done()
             : snt_fail(err, SNT_CODE_POLICY_INVALID, "not_before %s is not before not_after %s", out->not_before,
                        out->not_after);
}

snt_status snt_publish_check_beginning(const struct snt_publish_options *options, const struct snt_pointer *pointer,
                                       int64_t now_ms, struct snt_err *err) {
  if (pointer->not_before_ms <= now_ms || options->is_forced) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_POLICY_INVALID,
                      "the bundle is not valid before %s, and nothing would be in force until then",
                      pointer->not_before));
  return snt_err_hint(err, "push it then, or write an earlier not_before in bundle.yaml; --force pushes it now");
}

snt_status snt_draft_point(const struct snt_publish_options *options, const struct snt_draft *draft, int64_t now_ms,
                           struct snt_pointer *out, struct snt_err *err) {
  const struct snt_manifest *manifest = &draft->manifest;
  *out = (struct snt_pointer){.serial = manifest->serial, .size = (int64_t)draft->bytes.len};
  out->parts = (out->size + (int64_t)SNT_BUNDLE_PART - 1) / (int64_t)SNT_BUNDLE_PART;
  (void)snprintf(out->name, sizeof out->name, "%s", manifest->name);
  (void)snprintf(out->sha256, sizeof out->sha256, "%s", draft->sha256);
  (void)snprintf(out->installation, sizeof out->installation, "%s", manifest->installation);
  SNT_TRY(snt_publish_choose_end(options, manifest->not_after, now_ms, out, err));
  return choose_beginning(manifest->not_before, out, err);
}

bool snt_draft_is_pointed_to(const struct snt_draft *draft, const struct snt_pointer *pointer) {
  const struct snt_manifest *manifest = &draft->manifest;
  return strcmp(pointer->sha256, draft->sha256) == 0 && pointer->size == (int64_t)draft->bytes.len &&
         strcmp(pointer->name, manifest->name) == 0 && pointer->serial == manifest->serial &&
         strcmp(pointer->installation, manifest->installation) == 0;
}
