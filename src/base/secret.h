/* base/secret (layer 0): memory for what must not leak. Never included from lua/, policy/ or audit/.
 *
 * MUST
 *  1. fixed capacity, so that the content never moves; pages of its own between guard pages;
 *  2. locked, out of core dumps, wiped in a forked child - each best effort, see snt_secret_lock_failures();
 *  3. wiped whole on free; no copy, no print; comparison in constant time. */
#ifndef SNT_BASE_SECRET_H
#define SNT_BASE_SECRET_H

#include "base/cleanup.h"
#include "base/status.h"

struct snt_secret;

/* An empty secret for at most cap bytes. Fails with NO_MEMORY. Free with snt_secret_free. */
snt_status snt_secret_new(size_t cap, struct snt_secret **out, struct snt_err *err);
/* The same, filled. The caller wipes its own copy. */
snt_status snt_secret_new_from(const void *data, size_t len, struct snt_secret **out, struct snt_err *err);
/* Fails with NO_MEMORY past the capacity, and then keeps the content. */
snt_status snt_secret_append(struct snt_secret *secret, const void *data, size_t len, struct snt_err *err);
/* The content, followed by a NUL that len does not count; dies with the secret. */
const char *snt_secret_borrow(const struct snt_secret *secret);
/* For writing in place: cap bytes; then say how many with snt_secret_set_len. */
char *snt_secret_borrow_writable(struct snt_secret *secret);
void snt_secret_set_len(struct snt_secret *secret, size_t len);
size_t snt_secret_len(const struct snt_secret *secret);
size_t snt_secret_cap(const struct snt_secret *secret);
/* Constant time for equal lengths. */
bool snt_secret_is_equal(const struct snt_secret *a, const struct snt_secret *b);
/* Whether the text holds a part of it that is worth hiding: 12 bytes in a row, or all of a shorter one. For texts of
 * others that may repeat what they were given. NULL and empty ones are in no text. */
bool snt_secret_is_in(const struct snt_secret *secret, const char *text);
/* Wipes the content, keeps the memory. */
void snt_secret_reset(struct snt_secret *secret);
/* Accepts NULL and a pointer to NULL; leaves NULL. */
void snt_secret_free(struct snt_secret **secret);
#define SNT_SECRET_AUTO SNT_CLEANUP(snt_secret_free)
/* How many secrets of this process could not be locked into memory. */
unsigned snt_secret_lock_failures(void);

#endif
