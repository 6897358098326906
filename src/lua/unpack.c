/* MUST
 *  1. take one frame of the one form that packing writes, and nothing behind it: its content's size is known before the
 *     first byte is decompressed, and is that of an archive; no window, dictionary or checksum of its own;
 *  2. write not one byte more than that size says;
 *  3. pass on an archive only when all of it is good and it is the one that the manifest names. */
#include "lua/unpack.h"

#include <string.h>
#include <zstd.h>

#include "base/sha256.h"
#include "format/archive.h"

/* RFC 8878, 3.1.1: a frame's magic number, and the byte behind it, whose two upper bits say how long the size is. */
static const char MAGIC[] = "\x28\xb5\x2f\xfd";
enum { MAGIC_LEN = 4, DESCRIPTOR_SIZE_BITS = 0xc0, DESCRIPTOR_SINGLE_SEGMENT = 0x20 };

static void free_context(ZSTD_DCtx **context) { (void)ZSTD_freeDCtx(*context); }

static snt_status refuse(const char *what, struct snt_err *err) {
  return snt_fail(err, SNT_CODE_POLICY_INVALID, "%s", what);
}

/* The size of the content. A frame of one segment has no window but its content. */
static snt_status check_header(struct snt_slice frame, size_t *size, struct snt_err *err) {
  if (frame.len <= MAGIC_LEN || memcmp(frame.data, MAGIC, MAGIC_LEN) != 0) {
    return refuse("does not hold a zstd frame", err);
  }
  unsigned long long content = ZSTD_getFrameContentSize(frame.data, frame.len);
  unsigned descriptor = (unsigned char)frame.data[MAGIC_LEN];
  if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN ||
      (descriptor & ~(unsigned)DESCRIPTOR_SIZE_BITS) != DESCRIPTOR_SINGLE_SEGMENT) {
    return refuse("holds a zstd frame of another form than `sentinel policy pack` writes", err);
  }
  if (content == 0 || content > SNT_ARCHIVE_CAP) {
    return refuse("holds nothing, or more than 2 MiB", err);
  }
  *size = (size_t)content;
  return snt_done();
}

snt_status snt_unpack(struct snt_slice frame, struct snt_slice sha256, struct snt_buf *out, struct snt_err *err) {
  size_t size = 0;
  char digest[SNT_SHA256_HEX_CAP];
  SNT_BUF_AUTO struct snt_buf content = {0};
  SNT_TRY(check_header(frame, &size, err));
  if (ZSTD_findFrameCompressedSize(frame.data, frame.len) != frame.len) {
    return refuse("is cut off, or something follows its zstd frame", err);
  }
  SNT_CLEANUP(free_context) ZSTD_DCtx *context = ZSTD_createDCtx();
  SNT_TRY(context == NULL ? snt_fail_memory(err) : snt_buf_reserve(&content, size, err));
  if (ZSTD_decompressDCtx(context, content.data, size, frame.data, frame.len) != size) {
    return refuse("is damaged: its zstd frame cannot be decompressed", err);
  }
  content.len = size;
  content.data[size] = '\0';
  snt_sha256_hex(content.data, size, digest);
  if (!snt_slice_is(sha256, digest)) {
    return refuse("is damaged: what it holds is not what its manifest names", err);
  }
  const char *damage = snt_archive_check((struct snt_slice){content.data, size});
  if (damage != NULL) {
    return snt_fail(err, SNT_CODE_POLICY_INVALID, "is damaged: %s", damage);
  }
  *out = content;
  content = (struct snt_buf){0}; /* ownership went to out */
  return snt_done();
}
