/* snt_policy_open and snt_packed_open of policy/pack.h.
 *
 * MUST
 *  1. take the evaluator's answer for nothing more than its word: it is the archive that the manifest names, or it is
 *     refused;
 *  2. refuse a manifest that says otherwise than the files do: nobody loads from it what nobody sees. */
#include <stdlib.h>
#include <string.h>

#include "format/archive.h"
#include "policy/describe.h"
#include "policy/pack.h"

static snt_status refuse(const struct snt_policy *policy, const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is damaged: %s", policy->source, what);
}

/* The files have their names from the manifest, and get their texts. */
static snt_status take_files(struct snt_policy *policy, struct snt_slice bytes, struct snt_err *err) {
  struct snt_archive archive = snt_archive_of(bytes);
  const struct snt_slice *content = &archive.file.content;
  bool is_same = true;
  for (size_t i = 0; i < policy->file_count && is_same; i++) {
    struct snt_policy_file *file = &policy->files[i];
    is_same = snt_archive_next(&archive) && strcmp(file->name, archive.file.name) == 0;
    SNT_TRY(is_same ? snt_buf_append(&file->text, content->data, content->len, err) : snt_done());
  }
  if (is_same && archive.rest.len == 0) {
    return snt_done();
  }
  return refuse(policy, archive.damage == NULL ? "its manifest names other files than it holds" : archive.damage, err);
}

static snt_status check_plugins(const struct snt_policy *policy, struct snt_err *err) {
  for (size_t i = 0; i < policy->plugin_count; i++) {
    char digest[SNT_SHA256_HEX_CAP];
    SNT_TRY(snt_policy_hash_plugin(policy, policy->plugins[i].name, digest, err));
    if (strcmp(digest, policy->plugins[i].sha256) != 0) {
      return refuse(policy, "its manifest names another hash of a plugin", err);
    }
  }
  return snt_done();
}

snt_status snt_policy_open(struct snt_policy *policy, struct snt_evaluator *evaluator, struct snt_err *err) {
  char digest[SNT_SHA256_HEX_CAP];
  SNT_BUF_AUTO struct snt_buf bytes = {0};
  struct snt_policy_text text = snt_policy_text_of(policy);
  SNT_TRY(snt_evaluator_unpack(evaluator, &text, &bytes, err));
  snt_sha256_hex(snt_buf_borrow(&bytes), bytes.len, digest);
  if (strcmp(digest, policy->manifest.content) != 0) {
    return snt_fail(err, SNT_CODE_EVALUATOR, "the policy evaluator failed: what it unpacked is not what %s holds",
                    policy->source);
  }
  SNT_TRY(take_files(policy, (struct snt_slice){bytes.data, bytes.len}, err));
  SNT_TRY(check_plugins(policy, err));
  const struct snt_policy_file *file = snt_policy_find_file(policy, policy->manifest.policy);
  SNT_TRY(snt_buf_append(&policy->text, snt_buf_borrow(&file->text), file->text.len, err));
  snt_buf_clear(&policy->packed);
  return snt_done();
}

snt_status snt_packed_open(const char *source, struct snt_slice packed, struct snt_evaluator *evaluator,
                           struct snt_policy *out, struct snt_err *err) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  *out = (struct snt_policy){0};
  SNT_TRY(snt_policy_from_packed(source, packed, &policy, err));
  SNT_TRY(snt_policy_open(&policy, evaluator, err));
  *out = policy;
  policy = (struct snt_policy){0}; /* ownership went to out */
  return snt_done();
}
