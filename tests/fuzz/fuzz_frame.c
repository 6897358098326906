/* Any bytes as a frame of the evaluator's: what the check takes is exactly a frame of that kind and nonce, and a packed
 * pair comes apart within its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lua/frame.h"
#include "lua/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct snt_frame frame;
  struct snt_frame_pair pair;
  if (size < sizeof frame) {
    return 0;
  }
  memcpy(&frame, data, sizeof frame);
  size_t len = size - sizeof frame;
  for (unsigned kind = 0; kind <= SNT_FRAME_KIND_COUNT; kind++) {
    size_t max = snt_frame_answer_max((enum snt_frame_kind)kind);
    struct snt_frame same = snt_frame_make((enum snt_frame_kind)kind, frame.result, frame.nonce, frame.len);
    bool is_taken = snt_frame_check(&frame, (enum snt_frame_kind)kind, frame.nonce, max);
    bool is_same = memcmp(&same, &frame, sizeof frame) == 0;
    if (is_taken != (is_same && frame.len <= max && frame.result <= SNT_VM_MEMORY)) {
      abort();
    }
  }
  const char *payload = (const char *)data + sizeof frame;
  if (snt_frame_unpack(payload, len, &pair) &&
      (pair.first[0] == '\0' || strlen(pair.first) + 1 + pair.second_len != len ||
       pair.second + pair.second_len != payload + len)) {
    abort();
  }
  return 0;
}
