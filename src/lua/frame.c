#include "lua/frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lua/vm.h"

enum { SMALL = 4096 }; /* a frame that one write carries, so that its reader wakes up once */

static const struct {
  size_t request_max, answer_max;
} ROWS[] = {{0, 0},
#define SNT_FRAME_ROW(name, request_max, answer_max) {request_max, answer_max},
            SNT_FRAMES(SNT_FRAME_ROW)
#undef SNT_FRAME_ROW
};

size_t snt_frame_request_max(enum snt_frame_kind kind) {
  return (unsigned)kind < SNT_FRAME_KIND_COUNT ? ROWS[kind].request_max : 0;
}

size_t snt_frame_answer_max(enum snt_frame_kind kind) {
  return (unsigned)kind < SNT_FRAME_KIND_COUNT ? ROWS[kind].answer_max : 0;
}

struct snt_frame snt_frame_make(enum snt_frame_kind kind, uint8_t result, uint64_t nonce, size_t len) {
  return (struct snt_frame){
      .magic = SNT_FRAME_MAGIC, .kind = (uint8_t)kind, .result = result, .nonce = nonce, .len = (uint32_t)len};
}

bool snt_frame_check(const struct snt_frame *frame, enum snt_frame_kind kind, uint64_t nonce, size_t max) {
  return frame->magic == SNT_FRAME_MAGIC && frame->kind == kind && frame->result <= SNT_VM_MEMORY && frame->zero == 0 &&
         frame->zero_again == 0 && frame->nonce == nonce && frame->len <= max;
}

bool snt_frame_read_all(int fd, void *data, size_t len, bool *is_end) {
  char *bytes = data;
  size_t have = 0;
  *is_end = false;
  while (have < len) {
    ssize_t got = read(fd, bytes + have, len - have);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      *is_end = got == 0 && have == 0;
      return false;
    }
    have += (size_t)got;
  }
  return true;
}

bool snt_frame_write_all(int fd, const void *data, size_t len) {
  const char *bytes = data;
  while (len > 0) {
    ssize_t put = write(fd, bytes, len);
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      return false;
    }
    bytes += put;
    len -= (size_t)put;
  }
  return true;
}

bool snt_frame_send(int fd, const struct snt_frame *frame, const void *payload) {
  char whole[SMALL];
  if (frame->len > sizeof whole - sizeof *frame) {
    return snt_frame_write_all(fd, frame, sizeof *frame) && snt_frame_write_all(fd, payload, frame->len);
  }
  memcpy(whole, frame, sizeof *frame);
  if (frame->len > 0) {
    memcpy(whole + sizeof *frame, payload, frame->len);
  }
  bool is_written = snt_frame_write_all(fd, whole, sizeof *frame + frame->len);
  explicit_bzero(whole, sizeof *frame + frame->len);
  return is_written;
}

snt_status snt_frame_pack(struct snt_buf *out, const char *first, const void *second, size_t second_len,
                          struct snt_err *err) {
  SNT_TRY(snt_buf_append(out, first, strlen(first) + 1, err));
  return snt_buf_append(out, second, second_len, err);
}

bool snt_frame_unpack(const char *payload, size_t len, struct snt_frame_pair *out) {
  const char *end = len == 0 ? NULL : memchr(payload, '\0', len);
  if (end == NULL || end == payload) {
    return false;
  }
  size_t used = (size_t)(end - payload) + 1;
  *out = (struct snt_frame_pair){.first = payload, .second = payload + used, .second_len = len - used};
  return true;
}
