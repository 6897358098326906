/* aws/shared_keys (layer 3): the keys that stand in the text of a shared credentials file (or of ~/.aws/config), and
 * the text without one of them. Everything else in it stays as it is, byte for byte.
 *
 * MUST
 *  1. change nothing but the lines of the one key;
 *  2. take no key that is said twice, in two sections of a name or in one: who reads the file may take either. */
#ifndef SNT_AWS_SHARED_KEYS_H
#define SNT_AWS_SHARED_KEYS_H

#include "aws/credentials.h"

/* Calls visit for each profile that has any part of a key, in the order of the text. Code CONFIG_INVALID with
 * file:line; a failure of visit ends it and is returned. */
snt_status snt_shared_keys_list(const char *file, const struct snt_secret *text,
                                snt_status (*visit)(void *context, const char *profile, struct snt_err *err),
                                void *context, struct snt_err *err);
/* The profile's key. Codes NOT_FOUND, CONFIG_INVALID (the file; half a key; a key that is said twice, or cannot be
 * one).
 */
snt_status snt_shared_keys_find(const char *file, const struct snt_secret *text, const char *profile,
                                struct snt_aws_credentials *out, struct snt_err *err);
/* The text without the lines of that key. Codes as above. */
snt_status snt_shared_keys_remove(const char *file, const struct snt_secret *text, const char *profile,
                                  struct snt_secret **out, struct snt_err *err);

#endif
