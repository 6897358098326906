#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/sha256.h"

snt_status snt_random_bytes(void *out, size_t len, struct snt_err *err) {
  uint8_t *bytes = out;
  size_t have = 0;
  while (have < len) {
    ssize_t got = getrandom(bytes + have, len - have, 0);
    if (got < 0 && errno != EINTR) {
      return snt_fail(err, SNT_CODE_IO, "getrandom: %s", strerror(errno));
    }
    have += got > 0 ? (size_t)got : 0;
  }
  return snt_done();
}

snt_status snt_random_request_id(char out[static 17], struct snt_err *err) {
  uint8_t bytes[8];
  SNT_TRY(snt_random_bytes(bytes, sizeof bytes, err));
  snt_hex(bytes, sizeof bytes, out);
  return snt_done();
}

snt_status snt_random_uuid(char out[static 37], struct snt_err *err) {
  uint8_t b[16];
  SNT_TRY(snt_random_bytes(b, sizeof b, err));
  b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
  b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
  (void)snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
                 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
  return snt_done();
}
