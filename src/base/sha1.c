/* The low-level functions are marked deprecated in OpenSSL 3; their replacement loads a provider first. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/sha1.h"

#include <openssl/sha.h>

#include "base/sha256.h"

void snt_sha1_hex(const void *data, size_t len, char out[static SNT_SHA1_HEX_CAP]) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, data, len);
  SHA1_Final(digest, &context);
  snt_hex(digest, sizeof digest, out);
}
