/* policy/pointer (layer 4): what the parameter of a packed bundle holds: which bytes are in force, for how long, and
 * who signed that (policy.md, Bundles).
 *
 * MUST
 *  1. refuse unknown, missing and duplicate keys, and every text that is not written the one way there is;
 *  2. sign and verify exactly the bytes of policy.md. */
#ifndef SNT_POLICY_POINTER_H
#define SNT_POLICY_POINTER_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* The larger of SSM's two sizes. */
#define SNT_POINTER_CAP ((size_t)8192)
/* The bytes of one part, before base64. */
#define SNT_BUNDLE_PART ((size_t)3072)
/* Where parts are: SNT_BUNDLE_FOLDER/<sha256>/<n>, n from 0. */
#define SNT_BUNDLE_FOLDER "/sentinel/bundles"
#define SNT_PACKED_CAP ((size_t)1024 * 1024)
enum { SNT_SIGNATURES_MAX = 8 };

struct snt_signature {
  char key[2112];     /* "ed25519:BASE64", or "kms:ARN" */
  char algorithm[32]; /* "ed25519", "RSASSA_PSS_SHA_256", "ECDSA_SHA_256" */
  uint8_t bytes[512];
  size_t len;
};

struct snt_pointer {
  char name[65];
  int64_t serial;
  char sha256[65]; /* of the packed bytes */
  int64_t size;    /* the same */
  int64_t parts;
  char not_before[21]; /* "2026-01-19T02:47:33Z", or "-" */
  char not_after[21];
  int64_t not_before_ms; /* INT64_MIN when there is none */
  int64_t not_after_ms;
  char installation[65]; /* "" for none */
  struct snt_signature signatures[SNT_SIGNATURES_MAX];
  size_t signature_count;
};

/* Whether a parameter's value is meant as one. */
bool snt_pointer_is_one(struct snt_slice value);
/* source is for messages. Code POLICY_INVALID. */
snt_status snt_pointer_parse(const char *source, struct snt_slice value, struct snt_pointer *out, struct snt_err *err);
/* The value, without whitespace. */
snt_status snt_pointer_format(const struct snt_pointer *pointer, struct snt_buf *out, struct snt_err *err);
/* What is signed. */
snt_status snt_pointer_signed_bytes(const struct snt_pointer *pointer, struct snt_buf *out, struct snt_err *err);

#endif
