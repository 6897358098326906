/* MUST
 *  1. give nobody a block that somebody has: the size of a block says where it came from and where it goes back to;
 *  2. hold no more than cap bytes in pieces, so that blocks of one size that are given back cannot make the memory of
 *     another one unbounded. */
#include "lua/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)16 << 10)
#define FIRST_BYTES ((size_t)192 << 10) /* what a state with a small policy takes */

struct snt_pool_piece {
  _Alignas(SNT_POOL_STEP) struct snt_pool_piece *next;
};

static size_t round_up(size_t size) { return (size + SNT_POOL_STEP - 1) & ~(size_t)(SNT_POOL_STEP - 1); }

static void **list_of(struct snt_pool *pool, size_t size) { return &pool->given[(size - 1) / SNT_POOL_STEP]; }

/* The kernel gives all pages at once for two thirds of what they cost one by one. A kernel that cannot does not. */
static void touch_pages(char *data, size_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t begin = (uintptr_t)data & ~(page - 1);
  (void)madvise((void *)begin, (uintptr_t)data + bytes - begin, MADV_POPULATE_WRITE);
}

/* What is left of the piece before is lost; it is less than one block. */
static void *cut_from_new_piece(struct snt_pool *pool, size_t rounded) {
  bool is_first = pool->pieces == NULL && pool->cap >= FIRST_BYTES;
  size_t bytes = is_first ? FIRST_BYTES : PIECE_BYTES;
  struct snt_pool_piece *piece = pool->bytes + bytes <= pool->cap ? malloc(bytes) : NULL;
  if (piece == NULL) {
    return NULL;
  }
  if (is_first) {
    touch_pages((char *)piece, bytes);
  }
  piece->next = pool->pieces;
  pool->pieces = piece;
  pool->bytes += bytes;
  pool->next = (char *)(piece + 1) + rounded;
  pool->end = (char *)piece + bytes;
  return piece + 1;
}

static void *take(struct snt_pool *pool, size_t size) {
  if (size > SNT_POOL_MAX) {
    return malloc(size);
  }
  void **list = list_of(pool, size);
  void *block = *list;
  if (block != NULL) {
    memcpy(list, block, sizeof *list);
    return block;
  }
  size_t rounded = round_up(size);
  if ((size_t)(pool->end - pool->next) < rounded) {
    return cut_from_new_piece(pool, rounded);
  }
  block = pool->next;
  pool->next += rounded;
  return block;
}

void snt_pool_give(struct snt_pool *pool, void *block, size_t size) {
  if (block == NULL || size > SNT_POOL_MAX) {
    free(block);
    return;
  }
  void **list = list_of(pool, size);
  memcpy(block, list, sizeof *list);
  *list = block;
}

void *snt_pool_resize(struct snt_pool *pool, void *block, size_t old_size, size_t new_size) {
  if (block == NULL) {
    return take(pool, new_size);
  }
  if (old_size > SNT_POOL_MAX && new_size > SNT_POOL_MAX) {
    return realloc(block, new_size);
  }
  if (round_up(old_size) == round_up(new_size)) {
    return block;
  }
  void *moved = take(pool, new_size);
  if (moved != NULL) {
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    snt_pool_give(pool, block, old_size);
  }
  return moved;
}

void snt_pool_clear(struct snt_pool *pool) {
  while (pool->pieces != NULL) {
    struct snt_pool_piece *piece = pool->pieces;
    pool->pieces = piece->next;
    free(piece);
  }
  *pool = (struct snt_pool){0};
}
