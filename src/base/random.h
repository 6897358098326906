/* base/random (layer 0): bytes from getrandom(2). */
#ifndef SNT_BASE_RANDOM_H
#define SNT_BASE_RANDOM_H

#include <stdint.h>

#include "base/status.h"

snt_status snt_random_bytes(void *out, size_t len, struct snt_err *err);
/* 16 lowercase hexadecimal digits and a NUL: a request id (aws.md, SourceIdentity). */
snt_status snt_random_request_id(char out[static 17], struct snt_err *err);
/* A version 4 UUID (RFC 9562), 36 characters and a NUL. */
snt_status snt_random_uuid(char out[static 37], struct snt_err *err);

#endif
