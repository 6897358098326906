#include "base/wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void snt_wipe_free(void *block) {
  if (block != NULL) {
    explicit_bzero(block, malloc_usable_size(block));
    free(block);
  }
}

void *snt_wipe_realloc(void *block, size_t size) {
  size_t had = block == NULL ? 0 : malloc_usable_size(block);
  if (block != NULL && size <= had) {
    return block;
  }
  void *fresh = malloc(size);
  if (fresh != NULL && block != NULL) {
    memcpy(fresh, block, had);
    snt_wipe_free(block);
  }
  return fresh;
}
