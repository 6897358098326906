/* keychain/file_rest (layer 2, inner): the opened entries of a sealed file, resting in the kernel keyring beside its
 * key: what is asked for on every call is not decrypted on every call.
 *
 * There is one copy for a key, however many writings of the file it has seen: a copy that nobody takes away would use
 * up the quota that the kernel gives to a user. An HMAC under the key tells which writing it was opened from. */
#ifndef SNT_KEYCHAIN_FILE_REST_H
#define SNT_KEYCHAIN_FILE_REST_H

#include "base/buf.h"
#include "base/secret.h"

/* file: the whole sealed file. False when nothing of this writing rests. */
bool snt_file_rest_find(const struct snt_secret *key, const struct snt_buf *file, struct snt_secret **entries);
/* In the place of an older copy. Best effort: large entries, and those of a user whose quota of keys is used up, are
 * decrypted each time. */
void snt_file_rest_lay(const struct snt_secret *key, const struct snt_buf *file, const struct snt_secret *entries);
void snt_file_rest_forget(const struct snt_secret *key);

#endif
