/* keychain/file_key (layer 2, inner): the key of a sealed file: from this process, from the kernel keyring where it
 * rests after an unlock, or from where it comes from (keychain/key_source.h).
 *
 * A key that is had without a person (the TPM's, without a PIN) never rests: its source is asked each time. */
#ifndef SNT_KEYCHAIN_FILE_KEY_H
#define SNT_KEYCHAIN_FILE_KEY_H

#include "keychain/key_source.h"

/* How long a key rests in the kernel keyring. */
#define SNT_FILE_KEY_REST_S (12 * 60 * 60)

struct snt_file_keys {
  const struct snt_key_source *source;
  const char *tcti;               /* of the TPM's source, as in struct snt_keychain_options; borrowed */
  bool wants_pin;                 /* the same: a new file gets a PIN */
  const struct snt_secret *given; /* borrowed; NULL: ask */
  int prompt_deadline_ms;
  bool is_hushed;           /* nobody is asked */
  const char *path;         /* of the file; borrowed */
  struct snt_secret *asked; /* what a person typed, for the life of this process */
  struct snt_secret *key;   /* the last that was found */
  struct snt_err refusal;   /* of what was given, by the file with this salt; empty: it was not refused */
  uint8_t refused_salt[SNT_SEALED_SALT_LEN];
};

void snt_file_keys_clear(struct snt_file_keys *keys);

/* Finds the key of an existing file into keys->key. Codes KEYCHAIN (wrong passphrase, no TPM), ACTION_REQUIRED (nobody
 * can be asked), NO_MEMORY. */
snt_status snt_file_keys_find(struct snt_file_keys *keys, const struct snt_sealed_header *header, struct snt_err *err);
/* Makes the key of a file that is about to be written, and completes its header; a person is asked twice. */
snt_status snt_file_keys_make(struct snt_file_keys *keys, struct snt_sealed_header *header, struct snt_err *err);
/* Lays keys->key to rest in the kernel keyring. Best effort: without keyrings the passphrase is needed every time. */
void snt_file_keys_rest(const struct snt_file_keys *keys, const struct snt_sealed_header *header);
/* Whether the file's key rests there now, so that nobody would be asked. */
bool snt_file_keys_is_resting(const char *path, const struct snt_sealed_header *header);
/* The name under which it rests: path and salt, so that a file that was made anew has another. */
void snt_file_keys_describe(const char *path, const struct snt_sealed_header *header, char out[static 64]);
/* Takes it out again. */
void snt_file_keys_forget(const char *path, const struct snt_sealed_header *header);

#endif
