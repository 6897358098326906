/* base/buf and base/secret where the n-th allocation fails: NO_MEMORY, the content as it was, and nothing left over. */
#include "base/buf.h"
#include "base/secret.h"
#include "check.h"
#include "fail_alloc.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK "0123456789abcdef"

enum { CHUNKS = 64 }; /* 1 KiB, and a NUL: the buffer moves three times after its first block */

static void assert_chunks(const struct snt_buf *buf, size_t count) {
  assert_int_equal(buf->len, count * strlen(CHUNK));
  for (size_t i = 0; i < count; i++) {
    assert_memory_equal(buf->data + i * strlen(CHUNK), CHUNK, strlen(CHUNK));
  }
  assert_string_equal(snt_buf_borrow(buf) + buf->len, "");
}

static snt_status append(struct snt_buf *buf, size_t i) {
  return i % 2 == 0 ? snt_buf_append_str(buf, CHUNK, NULL) : snt_buf_appendf(buf, NULL, "%s", CHUNK);
}

static snt_status fill_buffer(const void *context) {
  (void)context;
  SNT_BUF_AUTO struct snt_buf buf = {0};
  for (size_t i = 0; i < CHUNKS; i++) {
    snt_status status = append(&buf, i);
    assert_chunks(&buf, snt_ok(status) ? i + 1 : i);
    SNT_TRY(status);
  }
  return snt_done();
}

static snt_status take_empty_text(const void *context) {
  (void)context;
  struct snt_buf buf = {0};
  char *text = snt_buf_take(&buf);
  assert_null(buf.data);
  if (text == NULL) {
    return snt_fail_memory(NULL);
  }
  assert_string_equal(text, "");
  free(text);
  return snt_done();
}

static snt_status make_secrets(const void *context) {
  SNT_SECRET_AUTO struct snt_secret *empty = NULL;
  SNT_SECRET_AUTO struct snt_secret *filled = NULL;
  snt_status status = snt_secret_new(100, &empty, NULL);
  assert_int_equal(empty != NULL, snt_ok(status));
  SNT_TRY(status);
  status = snt_secret_new_from(context, strlen(context), &filled, NULL);
  assert_int_equal(filled != NULL, snt_ok(status));
  return status;
}

static void sizes_past_any_memory_are_refused(void **state) {
  (void)state;
  SNT_BUF_AUTO struct snt_buf buf = {0};
  assert_ok(snt_buf_append_str(&buf, CHUNK, NULL));
  assert_code(snt_buf_reserve(&buf, SIZE_MAX, NULL), SNT_CODE_NO_MEMORY);
  assert_code(snt_buf_reserve(&buf, SIZE_MAX / 2 - 1, NULL), SNT_CODE_NO_MEMORY);
  assert_chunks(&buf, 1);
  struct snt_secret *secret = NULL;
  assert_code(snt_secret_new(SIZE_MAX, &secret, NULL), SNT_CODE_NO_MEMORY);
  assert_null(secret);
}

static void a_buffer_that_cannot_grow_keeps_its_content(void **state) {
  (void)state;
  assert_int_equal(fail_alloc_walk(fill_buffer, NULL), 4);
}

static void an_empty_text_that_cannot_be_taken_is_null(void **state) {
  (void)state;
  assert_int_equal(fail_alloc_walk(take_empty_text, NULL), 1);
}

static void a_secret_without_memory_is_none(void **state) {
  (void)state;
  assert_int_equal(fail_alloc_walk(make_secrets, CHUNK), 2);
}

static void a_buffer_leaves_nothing_where_it_was(void **state) {
  (void)state;
  fail_alloc_watch(CHUNK);
  (void)fail_alloc_walk(fill_buffer, NULL);
  assert_int_equal(fail_alloc_unwatch(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_past_any_memory_are_refused),
      cmocka_unit_test(a_buffer_that_cannot_grow_keeps_its_content),
      cmocka_unit_test(an_empty_text_that_cannot_be_taken_is_null),
      cmocka_unit_test(a_secret_without_memory_is_none),
      cmocka_unit_test(a_buffer_leaves_nothing_where_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
