/* keychain/kernel_keys (layer 2, inner): keys of type "user" in this user's keyring of the kernel (keyrings(7)).
 *
 * They live in memory only, until the machine stops, a key's time is over or it is removed; every process of this user
 * can reach them, whatever its session, and no other user can. All functions return 0 or an errno; a key that is
 * missing, expired or revoked is ENOKEY. A kernel or container without keyrings says ENOSYS or EPERM. */
#ifndef SNT_KEYCHAIN_KERNEL_KEYS_H
#define SNT_KEYCHAIN_KERNEL_KEYS_H

#include "base/secret.h"

#define SNT_KERNEL_KEY_MAX ((size_t)32767)

/* Whether there are keyrings; nothing is read. */
int snt_kernel_keys_check(void);
int snt_kernel_key_read(const char *description, struct snt_secret **out);
/* Replaces a key of the same description. timeout_s 0: without an end. */
int snt_kernel_key_write(const char *description, const void *data, size_t len, unsigned timeout_s);
int snt_kernel_key_remove(const char *description);
/* Calls visit for each key whose description begins with prefix, with what follows it, in no order. A failure of visit
 * ends it and is returned. */
int snt_kernel_keys_list(const char *prefix, int (*visit)(void *context, const char *rest), void *context);

#endif
