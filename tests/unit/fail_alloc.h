/* An allocator that fails on the n-th call, and that looks at what is freed. tests/CMakeLists.txt says which tests are
 * linked with it: malloc, calloc, realloc, strdup, mmap and free of everything that is linked statically go through it.
 */
#ifndef SNT_TESTS_FAIL_ALLOC_H
#define SNT_TESTS_FAIL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* Runs attempt again and again, where the first, the second, ... allocation fails, until it gets through with all of
 * them. Fails the test when an attempt ends otherwise than with NO_MEMORY, or leaves a block behind. Returns how many
 * allocations there are. */
size_t fail_alloc_walk(snt_status (*attempt)(const void *context), const void *context);

/* From now on every block that is freed is searched for needle. */
void fail_alloc_watch(const char *needle);
/* Ends that; how many blocks still held it. */
size_t fail_alloc_unwatch(void);

#endif
