/* The key that scrypt makes of a passphrase. */
#include "keychain/file_key.h"

static snt_status derive(const struct snt_sealed_header *header, const struct snt_secret *passphrase,
                         struct snt_secret *key, struct snt_err *err) {
  const struct snt_crypto *crypto = NULL;
  SNT_TRY(snt_crypto_load(&crypto, err));
  return crypto->scrypt(passphrase, header->salt, sizeof header->salt, header->log2_n, key, err);
}

static snt_status find(const struct snt_file_keys *keys, const struct snt_sealed_header *header,
                       const struct snt_secret *word, struct snt_secret *key, struct snt_err *err) {
  SNT_TRY(derive(header, word, key, err));
  if (snt_sealed_is_key(header, key)) {
    return snt_done();
  }
  SNT_IGNORE(snt_fail(err, SNT_CODE_KEYCHAIN, "the passphrase does not open the keychain %s", keys->path));
  return snt_err_hint(err, "give the passphrase it was made with; if that is what you gave, its header is damaged");
}

static snt_status make(const struct snt_file_keys *keys, struct snt_sealed_header *header,
                       const struct snt_secret *word, struct snt_secret *key, struct snt_err *err) {
  (void)keys;
  return derive(header, word, key, err);
}

const struct snt_key_source SNT_KEY_FROM_PASSPHRASE = {
    .kind = SNT_SEALED_PASSPHRASE, .file_name = "keychain", .word = "passphrase", .find = find, .make = make};
