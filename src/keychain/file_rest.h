/* keychain/file_rest (layer 2, inner): the opened entries of a sealed file, resting in the kernel keyring beside its
 * key: what is asked for on every call is not decrypted on every call.
 *
 * A copy is named by an HMAC under the file's key over header and tag, so it belongs to one writing of one file, and is
 * found only by who has the key. */
#ifndef SNT_KEYCHAIN_FILE_REST_H
#define SNT_KEYCHAIN_FILE_REST_H

#include "base/buf.h"
#include "base/secret.h"

/* file: the whole sealed file. False when nothing of it rests. */
bool snt_file_rest_find(const struct snt_secret *key, const struct snt_buf *file, struct snt_secret **entries);
/* Best effort: large entries, and those of a user whose quota of keys is used up, are decrypted each time. */
void snt_file_rest_lay(const struct snt_secret *key, const struct snt_buf *file, const struct snt_secret *entries);
void snt_file_rest_forget(const struct snt_secret *key, const struct snt_buf *file);

#endif
