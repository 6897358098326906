/* keychain/key_source (layer 2, inner): where the key of a sealed file comes from. What all of them share - who is
 * asked, and where the key rests - is in file_key.c. */
#ifndef SNT_KEYCHAIN_KEY_SOURCE_H
#define SNT_KEYCHAIN_KEY_SOURCE_H

#include "keychain/sealed_file.h"

struct snt_file_keys;

struct snt_key_source {
  enum snt_sealed_kind kind;
  const char *file_name; /* in the keychain's folder */
  const char *word;      /* what a person is asked for: "passphrase" */
  /* The key of an existing file, by the word; NULL for a file that takes none. key has room for it. Code KEYCHAIN, for
   * a wrong word too, naming keys->path. */
  snt_status (*find)(const struct snt_file_keys *keys, const struct snt_sealed_header *header,
                     const struct snt_secret *word, struct snt_secret *key, struct snt_err *err);
  /* The key of a new file; what belongs to it goes into the header. */
  snt_status (*make)(const struct snt_file_keys *keys, struct snt_sealed_header *header, const struct snt_secret *word,
                     struct snt_secret *key, struct snt_err *err);
};

extern const struct snt_key_source SNT_KEY_FROM_PASSPHRASE;
extern const struct snt_key_source SNT_KEY_FROM_TPM;

#endif
