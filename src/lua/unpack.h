/* lua/unpack (layer 3): opens the frame of a packed bundle; only the template does that. */
#ifndef SNT_LUA_UNPACK_H
#define SNT_LUA_UNPACK_H

#include "base/buf.h"
#include "base/str.h"

/* The archive (format/archive) in the frame, which has been checked as a whole; sha256 is what the manifest says of it,
 * and out is empty. Code POLICY_INVALID with what is wrong, in words that follow a name; NO_MEMORY. */
snt_status snt_unpack(struct snt_slice frame, struct snt_slice sha256, struct snt_buf *out, struct snt_err *err);

#endif
