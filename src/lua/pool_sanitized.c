/* Every block is malloc's, so that a sanitizer sees where it ends and whether it is still there. */
#include "lua/pool.h"

#include <stdlib.h>

void *snt_pool_resize(struct snt_pool *pool, void *block, size_t old_size, size_t new_size) {
  (void)pool;
  (void)old_size;
  return realloc(block, new_size);
}

void snt_pool_give(struct snt_pool *pool, void *block, size_t size) {
  (void)pool;
  (void)size;
  free(block);
}

void snt_pool_clear(struct snt_pool *pool) { *pool = (struct snt_pool){0}; }
