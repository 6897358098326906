/* facts/reflect (layer 5): whether an answer holds the secret that was sent with the question. What is recorded and
 * shown to Lua must not. */
#ifndef SNT_FACTS_REFLECT_H
#define SNT_FACTS_REFLECT_H

#include "base/secret.h"

/* Looks for the secret as it is, in hexadecimal, in base64 of either alphabet (also as a part of something longer), and
 * behind percent or JSON escapes. Secrets shorter than 6 bytes are found only as they are. True also when memory runs
 * out on the way. */
bool snt_reflect_check(const struct snt_secret *secret, const char *data, size_t len);

#endif
