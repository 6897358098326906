#include "issue/rotating_key.h"

#include <stdio.h>
#include <string.h>

void snt_rotating_key_clear(struct snt_rotating_key *rotating) {
  snt_aws_credentials_clear(&rotating->key);
  memset(rotating, 0, sizeof *rotating);
}

static snt_status refuse_entry(const char *profile, const char *reason, struct snt_err *err) {
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the new key beside the keychain entry \"%s\" cannot be used: %s",
                      profile, reason));
  return snt_err_hint(err,
                      "store the key that works again, which drops what lies beside it: sentinel remove %s, then "
                      "sentinel add %s",
                      profile, profile);
}

static snt_status parse(const char *profile, const struct snt_secret *entry, struct snt_rotating_key *out,
                        struct snt_err *err) {
  const char *text = snt_secret_borrow(entry);
  size_t id_len = strcspn(text, "\n");
  size_t len = snt_secret_len(entry);
  SNT_ROTATING_KEY_AUTO struct snt_rotating_key found = {0};
  if (id_len >= len || id_len >= sizeof found.replaces) {
    return refuse_entry(profile, "it does not begin with the id of the old key", err);
  }
  (void)snprintf(found.replaces, sizeof found.replaces, "%.*s", (int)id_len, text);
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  SNT_TRY(snt_secret_new_from(text + id_len + 1, len - id_len - 1, &key, err));
  struct snt_err inner = {0};
  snt_status status = snt_aws_credentials_parse(key, &found.key, &inner);
  if (!snt_ok(status) || !snt_aws_access_key_id_check(found.replaces)) {
    return status.code == SNT_CODE_NO_MEMORY
               ? snt_fail_memory(err)
               : refuse_entry(profile, snt_ok(status) ? "an odd id of the old key" : inner.message, err);
  }
  *out = found;
  found = (struct snt_rotating_key){0}; /* ownership went to out */
  return snt_done();
}

snt_status snt_rotating_key_load(struct snt_keychain *keychain, const char *profile, struct snt_rotating_key *out,
                                 struct snt_err *err) {
  memset(out, 0, sizeof *out);
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(snt_keychain_read(keychain, SNT_KEYCHAIN_KIND_ROTATING, profile, &entry, err));
  SNT_TRY(parse(profile, entry, out, err));
  (void)snprintf(out->key.source, sizeof out->key.source, "the new key beside keychain entry \"%.190s\"", profile);
  return snt_done();
}

static snt_status store_checked(struct snt_keychain *keychain, const char *kind, const char *profile,
                                const struct snt_secret *entry, struct snt_err *err) {
  SNT_TRY(snt_keychain_write(keychain, kind, profile, entry, err));
  SNT_SECRET_AUTO struct snt_secret *back = NULL;
  SNT_TRY(snt_keychain_read(keychain, kind, profile, &back, err));
  if (!snt_secret_is_equal(entry, back)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the %s keychain gave something else back than what was stored as \"%s\"",
                    snt_keychain_backend_name(keychain), profile);
  }
  return snt_done();
}

snt_status snt_rotating_key_store(struct snt_keychain *keychain, const char *profile,
                                  const struct snt_rotating_key *rotating, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *key = NULL;
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(snt_aws_credentials_format(&rotating->key, &key, err));
  size_t id_len = strlen(rotating->replaces);
  SNT_TRY(snt_secret_new(id_len + 1 + snt_secret_len(key), &entry, err));
  SNT_TRY(snt_secret_append(entry, rotating->replaces, id_len, err));
  SNT_TRY(snt_secret_append(entry, "\n", 1, err));
  SNT_TRY(snt_secret_append(entry, snt_secret_borrow(key), snt_secret_len(key), err));
  return store_checked(keychain, SNT_KEYCHAIN_KIND_ROTATING, profile, entry, err);
}

snt_status snt_relied_key_store(struct snt_keychain *keychain, const char *profile,
                                const struct snt_aws_credentials *key, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *entry = NULL;
  SNT_TRY(snt_aws_credentials_format(key, &entry, err));
  return store_checked(keychain, SNT_KEYCHAIN_KIND_AWS, profile, entry, err);
}
