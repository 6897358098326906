/* A random key that the TPM seals, with a PIN or without one.
 *
 * MUST
 *  1. show the TPM a PIN as a hash with the file's salt: whoever sees it there does not learn what else it opens. */
#include <string.h>

#include "base/random.h"
#include "base/sha256.h"
#include "keychain/file_key.h"

_Static_assert(SNT_TPM_KEY_LEN == SNT_CRYPTO_KEY_LEN, "what is sealed is the file's key");
_Static_assert(SNT_TPM_AUTH_LEN == SNT_SHA256_LEN, "what shows the PIN is a digest");

/* *out stays NULL without a PIN. TPMs cut zeros off the end, and so there is none. */
static snt_status show_pin(const struct snt_sealed_header *header, const struct snt_secret *pin,
                           struct snt_secret **out, struct snt_err *err) {
  if (pin == NULL) {
    return snt_done();
  }
  uint8_t digest[SNT_SHA256_LEN];
  snt_hmac_sha256(header->salt, sizeof header->salt, snt_secret_borrow(pin), snt_secret_len(pin), digest);
  digest[SNT_SHA256_LEN - 1] |= 1;
  snt_status status = snt_secret_new_from(digest, sizeof digest, out, err);
  explicit_bzero(digest, sizeof digest);
  return status;
}

static snt_status name_keychain(snt_status status, const char *path, struct snt_err *err) {
  return snt_ok(status) || err == NULL ? status : snt_err_prefix(err, "the keychain %s", path);
}

static snt_status find(const struct snt_file_keys *keys, const struct snt_sealed_header *header,
                       const struct snt_secret *word, struct snt_secret *key, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *shown = NULL;
  SNT_TRY(show_pin(header, word, &shown, err));
  SNT_TRY(name_keychain(snt_tpm_unseal(keys->tcti, &header->lock, shown, key, err), keys->path, err));
  if (snt_sealed_is_key(header, key)) {
    return snt_done();
  }
  SNT_IGNORE(
      snt_fail(err, SNT_CODE_KEYCHAIN, "the keychain %s is damaged: the TPM holds the key of another one", keys->path));
  return snt_err_hint(err, "put a copy of it back, or remove it and store the keys again with sentinel add");
}

static snt_status make(const struct snt_file_keys *keys, struct snt_sealed_header *header,
                       const struct snt_secret *word, struct snt_secret *key, struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *shown = NULL;
  SNT_TRY(show_pin(header, word, &shown, err));
  SNT_TRY(snt_random_bytes(snt_secret_borrow_writable(key), SNT_TPM_KEY_LEN, err));
  snt_secret_set_len(key, SNT_TPM_KEY_LEN);
  return name_keychain(snt_tpm_seal(keys->tcti, key, shown, &header->lock, err), keys->path, err);
}

const struct snt_key_source SNT_KEY_FROM_TPM = {
    .kind = SNT_SEALED_TPM, .file_name = "keychain.tpm", .word = "PIN", .find = find, .make = make};
