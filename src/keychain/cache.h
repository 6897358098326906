/* keychain/cache (layer 2): what may be forgotten at any time: sessions, identities, tokens that a code was given for.
 *
 * An entry is named and vouched for by the base secret it belongs to: without that secret it can neither be found,
 * nor made. It lies in the keychain, if that needs nobody to be asked; or, where that is wanted, and what is remembered
 * of codes where there is no such keychain, in the kernel keyring until its time is over.
 *
 * MUST
 *  1. give out nothing that the same secret has not put there under the same kind and name;
 *  2. ask nobody, and make no file that is not there;
 *  3. keep nobody waiting: what cannot be done at once is left. */
#ifndef SNT_KEYCHAIN_CACHE_H
#define SNT_KEYCHAIN_CACHE_H

#include "base/sha256.h"
#include "base/str.h"
#include "keychain/keychain.h"

enum snt_cache_place {
  SNT_CACHE_OFF = 0,  /* nothing is kept, and nothing is found */
  SNT_CACHE_KEYCHAIN, /* the keychain; of codes the kernel keyring, where it takes nothing without a question */
  SNT_CACHE_KERNEL    /* the kernel keyring; the keychain where there is none, or it is full */
};

/* Borrows both. */
struct snt_cache {
  enum snt_cache_place place;
  struct snt_keychain *keychain;  /* NULL: none */
  const struct snt_secret *owner; /* the base secret */
};

/* Whether what is written can be found again: if not, nobody need wait for it. */
bool snt_cache_check(const struct snt_cache *cache);

#define SNT_CACHE_NAME_CAP (256 + SNT_SHA256_HEX_CAP + 1)

/* "<label>:<64 hex digits>": an HMAC under the owner over all that tells this entry from others. The label (at most 256
 * bytes; a profile, or "") is for people and for clearing. */
void snt_cache_name(const struct snt_cache *cache, const char *kind, const char *label, struct snt_slice text,
                    char out[static SNT_CACHE_NAME_CAP]);
/* False for an entry that is not there, and for one that its owner does not vouch for. */
bool snt_cache_read(const struct snt_cache *cache, const char *kind, const char *name, struct snt_secret **out);
/* Whether it is kept; what is not is made again. After life_s it may go; the value says itself how long it is good for.
 */
bool snt_cache_write(const struct snt_cache *cache, const char *kind, const char *name, const struct snt_secret *value,
                     int64_t life_s);
void snt_cache_remove(const struct snt_cache *cache, const char *kind, const char *name);
/* Removes all entries of the kind with that label, whoever owns them, from both places; NULL: with any. Adds to *count
 * how many there were. The keychain may have to be unlocked: codes as in snt_keychain_list. */
snt_status snt_cache_clear(struct snt_keychain *keychain, const char *kind, const char *label, size_t *count,
                           struct snt_err *err);

#endif
