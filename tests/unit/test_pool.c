#include "check.h"

#include <stdint.h>
#include <string.h>

#include "lua/lockdown.h"
#include "lua/pool.h"

enum { BLOCKS = 400, STEPS = 40000 };

struct block {
  unsigned char *data;
  size_t size;
  unsigned char mark;
};

static uint64_t seed = 88172645463325252U;

static size_t pick(size_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (size_t)(seed % below);
}

static bool holds(const struct block *block, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (block->data[i] != block->mark) {
      return false;
    }
  }
  return true;
}

/* Small sizes often, and some on both sides of the largest small one. */
static size_t pick_size(void) { return 1 + pick(pick(4) == 0 ? 3 * SNT_POOL_MAX : 64); }

static void step(struct snt_pool *pool, struct block *block, size_t i) {
  if (block->data != NULL && pick(3) == 0) {
    snt_pool_give(pool, block->data, block->size);
    *block = (struct block){0};
    return;
  }
  size_t size = pick_size(), kept = size < block->size ? size : block->size;
  unsigned char *data = snt_pool_resize(pool, block->data, block->size, size);
  assert_non_null(data);
  assert_int_equal((uintptr_t)data % SNT_POOL_STEP, 0);
  block->data = data;
  if (!holds(block, kept)) {
    fail_msg("block %zu lost its content where it went from %zu to %zu bytes", i, block->size, size);
  }
  block->size = size;
  block->mark = (unsigned char)pick(256);
  memset(data, block->mark, size);
}

static void blocks_keep_their_content_and_nobody_elses(void **state) {
  (void)state;
  static struct block blocks[BLOCKS];
  struct snt_pool pool = {.cap = SIZE_MAX};
  for (int n = 0; n < STEPS; n++) {
    size_t i = pick(BLOCKS);
    if (!holds(&blocks[i], blocks[i].size)) {
      fail_msg("block %zu of %zu bytes was written by another", i, blocks[i].size);
    }
    step(&pool, &blocks[i], i);
  }
  for (size_t i = 0; i < BLOCKS; i++) {
    assert_true(holds(&blocks[i], blocks[i].size));
    snt_pool_give(&pool, blocks[i].data, blocks[i].size);
  }
  snt_pool_clear(&pool);
  assert_int_equal(pool.bytes, 0);
}

/* In a sanitizer's build malloc has every block. */
static void skip_without_pieces(void) {
  if (SNT_LOCKDOWN_BUILD.address_space == 0) {
    skip();
  }
}

static void a_block_that_was_given_back_is_the_next_of_its_size(void **state) {
  (void)state;
  skip_without_pieces();
  struct snt_pool pool = {.cap = SIZE_MAX};
  void *first = snt_pool_resize(&pool, NULL, 0, 33);
  size_t bytes = pool.bytes;
  for (int i = 0; i < STEPS; i++) {
    snt_pool_give(&pool, first, 33);
    assert_ptr_equal(snt_pool_resize(&pool, NULL, 0, 48), first);
    assert_ptr_equal(snt_pool_resize(&pool, first, 48, 33), first);
  }
  void *other = snt_pool_resize(&pool, first, 33, SNT_POOL_MAX);
  assert_ptr_not_equal(other, first);
  assert_ptr_equal(snt_pool_resize(&pool, other, SNT_POOL_MAX, 33), first);
  assert_int_equal(pool.bytes, bytes);
  assert_ptr_not_equal(snt_pool_resize(&pool, NULL, 0, 33), first);
  snt_pool_clear(&pool);
}

static void pieces_end_at_a_cap_and_a_refused_block_stays(size_t cap) {
  struct snt_pool pool = {.cap = cap};
  unsigned char *last = NULL, *block = NULL;
  size_t count = 0;
  while ((block = snt_pool_resize(&pool, NULL, 0, 64)) != NULL) {
    memset(block, 'x', 64);
    last = block;
    count++;
    assert_true(pool.bytes <= pool.cap);
  }
  assert_true(count > cap / 64 * 15 / 16 && count <= cap / 64);
  assert_null(snt_pool_resize(&pool, last, 64, 65));
  for (int i = 0; i < 64; i++) {
    assert_int_equal(last[i], 'x');
  }
  void *large = snt_pool_resize(&pool, NULL, 0, SNT_POOL_MAX + 1);
  assert_non_null(large); /* malloc's, which has a cap of its own: lua/fuel */
  snt_pool_give(&pool, large, SNT_POOL_MAX + 1);
  snt_pool_clear(&pool);
}

/* Below what the first piece would have, and above it. */
static void pieces_end_at_the_cap(void **state) {
  (void)state;
  skip_without_pieces();
  pieces_end_at_a_cap_and_a_refused_block_stays((size_t)64 << 10);
  pieces_end_at_a_cap_and_a_refused_block_stays((size_t)1 << 20);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_keep_their_content_and_nobody_elses),
      cmocka_unit_test(a_block_that_was_given_back_is_the_next_of_its_size),
      cmocka_unit_test(pieces_end_at_the_cap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
