/* Any bytes as a frame, as an archive, and as a packed bundle: what is taken has one form only. */
#include <stdint.h>
#include <string.h>

#include "format/archive.h"
#include "lua/unpack.h"
#include "policy/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is written of an archive's files is the archive. */
static void check_archive(struct snt_slice bytes) {
  SNT_BUF_AUTO struct snt_buf again = {0};
  struct snt_archive archive = snt_archive_of(bytes);
  while (snt_archive_next(&archive)) {
    if (!snt_ok(snt_archive_add(&again, archive.file.name, archive.file.content, NULL))) {
      __builtin_trap();
    }
  }
  bool is_same = again.len == bytes.len && (bytes.len == 0 || memcmp(again.data, bytes.data, bytes.len) == 0);
  if (archive.damage == NULL && !is_same) {
    __builtin_trap();
  }
}

/* Nobody finds content with that hash. */
static void check_frame(struct snt_slice frame) {
  SNT_BUF_AUTO struct snt_buf out = {0};
  char hash[65] = {0};
  memset(hash, '0', 64);
  if (snt_ok(snt_unpack(frame, snt_slice_of(hash), &out, NULL)) || out.len != 0) {
    __builtin_trap();
  }
}

/* The manifest that is read is the one that is written. */
static void check_packed(struct snt_slice packed) {
  SNT_POLICY_AUTO struct snt_policy policy = {0};
  SNT_BUF_AUTO struct snt_buf again = {0};
  if (!snt_ok(snt_policy_from_packed("fuzz", packed, &policy, NULL))) {
    return;
  }
  if (!snt_ok(snt_pack_with_serial(packed, policy.manifest.serial, &again, NULL)) || again.len != packed.len ||
      memcmp(again.data, packed.data, packed.len) != 0) {
    __builtin_trap();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct snt_slice bytes = {(const char *)data, size};
  check_archive(bytes);
  check_frame(bytes);
  check_packed(bytes);
  return 0;
}
