/* What is in a packed bundle's frame, against frames that libzstd makes otherwise, and against damage. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/sha256.h"
#include "format/archive.h"
#include "lua/unpack.h"

static struct snt_slice slice_of(const struct snt_buf *buf) { return (struct snt_slice){buf->data, buf->len}; }

/* A frame of the content, with one more parameter; len 0: its size is not in it. */
static void compress(struct snt_slice content, ZSTD_cParameter name, int value, struct snt_buf *out) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  size_t room = ZSTD_compressBound(content.len);
  assert_non_null(context);
  assert_ok(snt_buf_reserve(out, room, NULL));
  (void)ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 22);
  assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, name, value)));
  size_t len = ZSTD_compress2(context, out->data + out->len, room, content.data, content.len);
  assert_false(ZSTD_isError(len));
  (void)ZSTD_freeCCtx(context);
  out->len += len;
}

static void compress_plainly(struct snt_slice content, struct snt_buf *out) {
  compress(content, ZSTD_c_compressionLevel, 3, out);
}

static snt_status unpack(struct snt_slice frame, struct snt_slice content, struct snt_buf *out, struct snt_err *err) {
  char digest[SNT_SHA256_HEX_CAP];
  snt_sha256_hex(content.data, content.len, digest);
  return snt_unpack(frame, snt_slice_of(digest), out, err);
}

static void assert_refused(struct snt_slice frame, struct snt_slice content, const char *what) {
  SNT_BUF_AUTO struct snt_buf out = {0};
  struct snt_err err = {0};
  snt_status status = unpack(frame, content, &out, &err);
  if (status.code != SNT_CODE_POLICY_INVALID || strstr(err.message, what) == NULL || out.len != 0) {
    fail_msg("%s: \"%s\" does not say \"%s\"", snt_code_name(status.code), err.message, what);
  }
}

#define ARCHIVE "a.lua\n8\nreturn 1\nb.lua\n8\nreturn 2\n"

static void a_frame_is_its_archive(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf frame = {0};
  SNT_BUF_AUTO struct snt_buf out = {0};
  compress_plainly(snt_slice_of(ARCHIVE), &frame);
  assert_ok(unpack(slice_of(&frame), snt_slice_of(ARCHIVE), &out, NULL));
  assert_string_equal(out.data, ARCHIVE);
}

static void only_one_form_of_frame_is_taken(void **state) {
  (void)state;
  static const struct {
    ZSTD_cParameter name;
    int value;
    const char *what;
  } rows[] = {{ZSTD_c_checksumFlag, 1, "another form"}, {ZSTD_c_contentSizeFlag, 0, "another form"}};
  struct snt_slice archive = snt_slice_of(ARCHIVE);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf frame = {0};
    compress(archive, rows[i].name, rows[i].value, &frame);
    assert_refused(slice_of(&frame), archive, rows[i].what);
  }
  SNT_BUF_AUTO struct snt_buf large = {0};
  SNT_BUF_AUTO struct snt_buf windowed = {0};
  SNT_FREE_AUTO char *zeros = calloc(1, 100000);
  assert_non_null(zeros);
  assert_ok(snt_archive_add(&large, "a", (struct snt_slice){zeros, 100000}, NULL));
  compress(slice_of(&large), ZSTD_c_windowLog, 10, &windowed);
  assert_refused(slice_of(&windowed), slice_of(&large), "another form");
  assert_refused(snt_slice_of(""), archive, "does not hold a zstd frame");
  assert_refused(snt_slice_of("\x28\xb5\x2f\xfd"), archive, "does not hold a zstd frame");
  static const char skippable[] = "\x50\x2a\x4d\x18\0\0\0\0";
  assert_refused((struct snt_slice){skippable, 8}, archive, "does not hold a zstd frame");
  SNT_BUF_AUTO struct snt_buf empty = {0};
  compress_plainly(snt_slice_of(""), &empty);
  assert_refused(slice_of(&empty), snt_slice_of(""), "holds nothing");
}

static void nothing_stands_before_or_behind_it(void **state) {
  (void)state;
  static const char skippable[] = "\x50\x2a\x4d\x18\0\0\0\0";
  struct snt_slice archive = snt_slice_of(ARCHIVE);
  SNT_BUF_AUTO struct snt_buf frame = {0};
  compress_plainly(archive, &frame);
  size_t len = frame.len;
  for (size_t cut = 0; cut < len; cut++) {
    assert_refused((struct snt_slice){frame.data, cut}, archive, "");
  }
  assert_ok(snt_buf_append_char(&frame, '\0', NULL));
  assert_refused(slice_of(&frame), archive, "something follows");
  frame.len = len;
  compress_plainly(archive, &frame);
  assert_refused(slice_of(&frame), archive, "something follows");
  frame.len = len;
  assert_ok(snt_buf_append(&frame, skippable, 8, NULL));
  assert_refused(slice_of(&frame), archive, "something follows");
}

/* A size that lies: more or less than there is, and a gigabyte of zeros in a few bytes. */
static void no_byte_more_than_the_size_is_decompressed(void **state) {
  (void)state;
  enum { SIZE_AT = 5 };
  struct snt_slice archive = snt_slice_of(ARCHIVE);
  SNT_BUF_AUTO struct snt_buf frame = {0};
  compress_plainly(archive, &frame);
  assert_int_equal((unsigned char)frame.data[SIZE_AT], archive.len);
  for (int change = -1; change <= 1; change += 2) {
    frame.data[SIZE_AT] = (char)((int)archive.len + change);
    assert_refused(slice_of(&frame), archive, "cannot be decompressed");
  }
  /* Blocks of 128 KiB of one byte, of 4 bytes each; the size is that of an archive, or what it is. */
  static const struct {
    const char *head, *what;
  } rows[] = {{"\x28\xb5\x2f\xfd\xa0\x00\x00\x20\x00", "cannot be decompressed"},
              {"\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x40", "more than 2 MiB"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SNT_BUF_AUTO struct snt_buf bomb = {0};
    assert_ok(snt_buf_append(&bomb, rows[i].head, 9, NULL));
    for (int block = 0; block < 8192; block++) {
      assert_ok(snt_buf_append(&bomb, block == 8191 ? "\x03\x00\x10x" : "\x02\x00\x10x", 4, NULL));
    }
    assert_refused(slice_of(&bomb), archive, rows[i].what);
  }
  static const char huge[] = "\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x03\x00\x10x";
  assert_refused((struct snt_slice){huge, sizeof huge - 1}, archive, "more than 2 MiB");
}

static void what_is_not_named_or_no_archive_is_refused(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf frame = {0};
  SNT_BUF_AUTO struct snt_buf odd = {0};
  compress_plainly(snt_slice_of(ARCHIVE), &frame);
  assert_refused(slice_of(&frame), snt_slice_of("a.lua\n1\nx\n"), "not what its manifest names");
  compress_plainly(snt_slice_of("../a\n1\nx\n"), &odd);
  assert_refused(slice_of(&odd), snt_slice_of("../a\n1\nx\n"), "does not lie below");
}

/* A bit that is turned anywhere gives the archive, or a refusal. */
static void no_damage_gives_another_archive(void **state) {
  (void)state;
  struct snt_slice archive = snt_slice_of(ARCHIVE);
  SNT_BUF_AUTO struct snt_buf frame = {0};
  compress_plainly(archive, &frame);
  for (size_t bit = 0; bit < frame.len * 8; bit++) {
    SNT_BUF_AUTO struct snt_buf out = {0};
    frame.data[bit / 8] = (char)(frame.data[bit / 8] ^ (1 << bit % 8));
    snt_status status = unpack(slice_of(&frame), archive, &out, NULL);
    if (snt_ok(status)) {
      assert_string_equal(out.data, ARCHIVE);
    } else {
      assert_int_equal(status.code, SNT_CODE_POLICY_INVALID);
    }
    frame.data[bit / 8] = (char)(frame.data[bit / 8] ^ (1 << bit % 8));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_frame_is_its_archive),
      cmocka_unit_test(only_one_form_of_frame_is_taken),
      cmocka_unit_test(nothing_stands_before_or_behind_it),
      cmocka_unit_test(no_byte_more_than_the_size_is_decompressed),
      cmocka_unit_test(what_is_not_named_or_no_archive_is_refused),
      cmocka_unit_test(no_damage_gives_another_archive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
