/* The keys that a rotation begins with, and who else has them. */
#include <stdio.h>
#include <string.h>

#include "issue/rotate_internal.h"
#include "keychain/entry_names.h"

static snt_status refuse_file_key(const char *profile, const char *reason, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_PROFILE_INVALID, "profile \"%s\" has a key in ~/.aws, %s", profile, reason));
  return snt_err_hint(err, "only keys in the keychain are rotated: take aws_access_key_id and its fellows out of the "
                           "files, store the key with `sentinel add`, and name the entry with sentinel_source_profile");
}

/* A key in the files would go before the keychain's, and stop working when it is the one that is deleted. */
static snt_status check_file_keys(const struct snt_rotate *rotate, struct snt_err *err) {
  const struct snt_aws_shared_config *config = rotate->flow.config;
  if (snt_aws_profile_get(config, rotate->profile, "aws_access_key_id") != NULL) {
    return refuse_file_key(rotate->profile, "which goes before the keychain's", err);
  }
  for (size_t i = 0; i < snt_aws_profile_count(config); i++) {
    const char *other = snt_aws_profile_name_at(config, i);
    const char *id = snt_aws_profile_get(config, other, "aws_access_key_id");
    if (id != NULL && rotate->relied.access_key_id[0] != '\0' && strcmp(id, rotate->relied.access_key_id) == 0) {
      return refuse_file_key(other, "and it is the one that would be deleted", err);
    }
  }
  return snt_done();
}

static bool holds_same_key(const struct snt_rotate *rotate, const char *name) {
  SNT_AWS_CREDENTIALS_AUTO struct snt_aws_credentials other = {0};
  return strcmp(name, rotate->profile) != 0 &&
         snt_ok(snt_aws_credentials_load(rotate->flow.keychain, name, &other, NULL)) &&
         strcmp(other.access_key_id, rotate->relied.access_key_id) == 0;
}

/* The same key under another name would stop working. */
static snt_status check_other_entries(const struct snt_rotate *rotate, struct snt_err *err) {
  SNT_ENTRY_NAMES_AUTO struct snt_entry_names names = {0};
  SNT_TRY(snt_entry_names_load(rotate->flow.keychain, SNT_KEYCHAIN_KIND_AWS, &names, err));
  for (size_t i = 0; i < names.count; i++) {
    if (holds_same_key(rotate, names.items[i].name)) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN,
                          "the keychain entry \"%s\" holds the same key as \"%s\": it would stop working",
                          names.items[i].name, rotate->profile));
      return snt_err_hint(err, "sentinel remove %s, and let its profiles name the other: sentinel_source_profile = %s",
                          names.items[i].name, rotate->profile);
    }
  }
  return snt_done();
}

static snt_status fail_no_entry(const struct snt_rotate *rotate, struct snt_err *err) {
  const char *source = rotate->flow.target.source_profile;
  if (rotate->next.replaces[0] != '\0') {
    return snt_err_hint(err,
                        "a rotation of it was begun: %s and %s may be at IAM; sentinel remove %s drops what is left",
                        rotate->next.replaces, rotate->next.key.access_key_id, rotate->profile);
  }
  bool has_other = source[0] != '\0' && strcmp(source, rotate->profile) != 0;
  return has_other ? snt_err_hint(err, "the key of this profile is that of %s: sentinel rotate %s", source, source)
                   : (snt_status){err->code};
}

snt_status snt_rotate_load_keys(struct snt_rotate *rotate, struct snt_err *err) {
  struct snt_keychain *keychain = rotate->flow.keychain;
  struct snt_err inner = {0};
  snt_status status = snt_rotating_key_load(keychain, rotate->profile, &rotate->next, &inner);
  if (!snt_ok(status) && status.code != SNT_CODE_NOT_FOUND) {
    *err = inner;
    return status;
  }
  SNT_TRY(check_file_keys(rotate, err));
  status = snt_aws_credentials_load(keychain, rotate->profile, &rotate->relied, err);
  (void)snprintf(rotate->out->backend, sizeof rotate->out->backend, "%s", snt_keychain_backend_name(keychain));
  if (status.code == SNT_CODE_NOT_FOUND) {
    return fail_no_entry(rotate, err);
  }
  SNT_TRY(status);
  if (rotate->relied.session_token != NULL) {
    return snt_fail(err, SNT_CODE_PROFILE_INVALID, "the keychain entry \"%s\" is a temporary key, which ends by itself",
                    rotate->profile);
  }
  SNT_TRY(check_file_keys(rotate, err));
  return check_other_entries(rotate, err);
}
