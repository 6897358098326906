/* lua/pool (layer 3): the blocks of one Lua state. Small ones, which are most, are cut from larger pieces of memory and
 * go back to a list of their size; malloc has the others. Where nothing is said, blocks are Lua's: their owner knows
 * their size.
 *
 * Pieces stay until the pool is cleared. Sanitizers would see no fault inside of them, so their build has malloc for
 * all blocks (pool_sanitized.c). */
#ifndef SNT_LUA_POOL_H
#define SNT_LUA_POOL_H

#include <stddef.h>

#define SNT_POOL_STEP 16 /* bytes; sizes are rounded up to it */
#define SNT_POOL_MAX 512 /* the largest small block */

struct snt_pool_piece;

/* Zeroed: an empty pool. */
struct snt_pool {
  void *given[SNT_POOL_MAX / SNT_POOL_STEP]; /* blocks that were given back, by size; each begins with the next one */
  char *next, *end;                          /* what is left of the newest piece */
  struct snt_pool_piece *pieces;
  size_t bytes, cap; /* of all pieces together; at most cap */
};

/* A block of new_size bytes, not 0, with as much of the content of the old one as fits; the old one is gone. block is
 * NULL, and old_size 0, for a new one. NULL, and everything as it was, when memory or cap runs out. */
void *snt_pool_resize(struct snt_pool *pool, void *block, size_t old_size, size_t new_size);
/* Gives back a block that has size bytes; NULL is fine. */
void snt_pool_give(struct snt_pool *pool, void *block, size_t size);
/* Frees all pieces, with the small blocks in them. Larger blocks have to be given back before. */
void snt_pool_clear(struct snt_pool *pool);

#endif
