/* Signatures of a packed file, by several people one after the other. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "issue/publish.h"
#include "issue/publish_rules.h"
#include "issue/signers.h"
#include "policy/pack.h"

struct signing {
  const struct snt_publish_options *options;
  const char *path;
  struct snt_draft draft; /* bytes, hash, manifest, and the pointer that there is */
  struct snt_buf file;    /* the pointer's path */
  struct snt_flow flow;
  struct snt_publish_rules rules;
  struct snt_signers signers;
};

static void clear_signing(struct signing *signing) {
  snt_draft_clear(&signing->draft);
  snt_buf_clear(&signing->file);
  snt_signers_clear(&signing->signers);
  snt_publish_rules_clear(&signing->rules);
  snt_flow_clear(&signing->flow);
}

static snt_status read_bundle(struct signing *signing, struct snt_err *err) {
  struct snt_draft *draft = &signing->draft;
  SNT_TRY(snt_file_read(signing->path, SNT_FILE_ANY, SNT_PACKED_CAP, &draft->bytes, err));
  struct snt_slice packed = {snt_buf_borrow(&draft->bytes), draft->bytes.len};
  snt_sha256_hex(packed.data, packed.len, draft->sha256);
  SNT_TRY(snt_packed_manifest(signing->path, packed, &draft->manifest, err));
  return snt_manifest_check_signed(&draft->manifest, err);
}

static snt_status check_installation(const struct signing *signing, struct snt_err *err) {
  const char *wanted = signing->rules.installation;
  const char *has = signing->draft.manifest.installation;
  if (wanted[0] == '\0' || strcmp(wanted, has) == 0) {
    return snt_done();
  }
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s is for installation \"%s\", and the configuration's is \"%s\"",
                  signing->path, has, wanted);
}

static snt_status hint_at_beginning(struct snt_err *err) {
  return snt_err_hint(err, "to begin anew, remove it: its signatures are lost then");
}

static snt_status begin_again(const struct signing *signing, const char *why, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_USAGE, "%s %s", signing->file.data, why));
  return hint_at_beginning(err);
}

/* What others signed has to be valid still, and the options may not ask for another end. */
static snt_status check_end(const struct signing *signing, const struct snt_pointer *pointer, struct snt_err *err) {
  const struct snt_publish_options *options = signing->options;
  struct snt_pointer wanted;
  if (pointer->not_after_ms <= snt_clock_wall_ms()) {
    return begin_again(signing, "is not valid any more", err);
  }
  if (options->valid_s == 0 && options->not_after == NULL) {
    return snt_done();
  }
  SNT_TRY(snt_publish_choose_end(options, "", snt_clock_wall_ms(), &wanted, err));
  return strcmp(pointer->not_after, wanted.not_after) == 0 ? snt_done()
                                                           : begin_again(signing, "is signed with another end", err);
}

/* What others signed already stays as it is, to the letter. */
static snt_status take_pointer(struct signing *signing, struct snt_pointer *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(snt_buf_appendf(&signing->file, err, "%s.pointer", signing->path));
  snt_status status = snt_file_read(signing->file.data, SNT_FILE_ANY, SNT_POINTER_CAP, &text, err);
  if (status.code == SNT_CODE_NOT_FOUND) {
    return snt_draft_point(signing->options, &signing->draft, snt_clock_wall_ms(), out, err);
  }
  SNT_TRY(status);
  SNT_TRY(snt_pointer_parse(signing->file.data, (struct snt_slice){snt_buf_borrow(&text), text.len}, out, err));
  if (!snt_draft_is_pointed_to(&signing->draft, out)) {
    return begin_again(signing, "is of another bundle", err);
  }
  bool is_signed = out->signature_count > 0; /* else nobody stands for its times */
  return is_signed ? check_end(signing, out, err)
                   : snt_draft_point(signing->options, &signing->draft, snt_clock_wall_ms(), out, err);
}

static snt_status open_keys(struct signing *signing, struct snt_err *err) {
  const struct snt_publish_options *options = signing->options;
  struct snt_flow *flow = &signing->flow;
  SNT_POLICY_KEYS_AUTO struct snt_policy_keys keys = {0};
  SNT_TRY(snt_flow_load_settings(flow, err));
  SNT_TRY(snt_environment_take(&flow->environment, err));
  SNT_TRY(snt_publish_rules_read(flow->settings, &signing->rules, err));
  SNT_TRY(snt_signers_open(flow, options->keys, options->key_count, &signing->signers, err));
  SNT_TRY(snt_signers_list_keys(&signing->signers, &keys, err));
  return snt_publish_rules_check_signers(&signing->rules, &keys, err);
}

/* What others signed is signed once more, if they did sign it: as far as is known here who they may be. */
static snt_status check_signatures(const struct signing *signing, const struct snt_pointer *pointer,
                                   struct snt_err *err) {
  struct snt_policy_keys keys = signing->rules.keys; /* borrowed */
  keys.min_signatures = 1;
  if (pointer->signature_count == 0) {
    return snt_done();
  }
  snt_status status = snt_policy_keys_verify(&keys, pointer, signing->file.data, err);
  return status.code == SNT_CODE_POLICY_INVALID ? hint_at_beginning(err) : status;
}

static snt_status sign_file(struct signing *signing, struct snt_pointer *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf text = {0};
  SNT_TRY(read_bundle(signing, err));
  SNT_TRY(take_pointer(signing, out, err));
  SNT_TRY(open_keys(signing, err));
  SNT_TRY(check_installation(signing, err));
  SNT_TRY(check_signatures(signing, out, err));
  SNT_TRY(snt_signers_sign(&signing->signers, out, err));
  SNT_TRY(snt_pointer_format(out, &text, err));
  return snt_file_replace(signing->file.data, text.data, text.len, 0644, err);
}

snt_status snt_publish_sign_file(const struct snt_publish_options *options, const char *path, struct snt_pointer *out,
                                 int64_t *min_signatures, struct snt_err *err) {
  SNT_CLEANUP(clear_signing)
  struct signing signing = {.options = options, .path = path, .flow = {.options = &options->common, .stage = "config"}};
  SNT_TRY(sign_file(&signing, out, err));
  *min_signatures = signing.rules.keys.min_signatures;
  return snt_done();
}
