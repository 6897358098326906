#include "fail_alloc.h"

#include "check.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What the linker puts in the place of the allocator, and what it calls the allocator then. */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void __wrap_free(void *pointer);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
void *__real_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
void __real_free(void *pointer);

static size_t calls_left; /* until one fails; 0: none does */
static size_t blocks;     /* that are in use */
static const char *watched;
static size_t found;

static bool is_due(void) { return calls_left > 0 && --calls_left == 0; }

static void *note(void *pointer) {
  blocks += pointer == NULL ? 0 : 1;
  return pointer;
}

static void search(void *pointer) {
  if (watched != NULL && pointer != NULL &&
      memmem(pointer, malloc_usable_size(pointer), watched, strlen(watched)) != NULL) {
    found++;
  }
}

void *__wrap_calloc(size_t count, size_t size) { return is_due() ? NULL : note(__real_calloc(count, size)); }

/* While blocks are searched they begin as zeroes: what was freed there before is not found again. */
void *__wrap_malloc(size_t size) {
  return is_due() ? NULL : note(watched == NULL ? __real_malloc(size) : __real_calloc(1, size));
}

char *__wrap_strdup(const char *text) { return is_due() ? NULL : note(__real_strdup(text)); }

void __wrap_free(void *pointer) {
  search(pointer);
  blocks -= pointer == NULL ? 0 : 1;
  __real_free(pointer);
}

/* A block that moves leaves its content behind, as one that is freed does. */
void *__wrap_realloc(void *pointer, size_t size) {
  if (pointer == NULL) {
    return __wrap_malloc(size);
  }
  if (is_due()) {
    return NULL;
  }
  if (watched == NULL) {
    return __real_realloc(pointer, size);
  }
  void *grown = __real_calloc(1, size);
  if (grown != NULL) {
    size_t old = malloc_usable_size(pointer);
    memcpy(grown, pointer, old < size ? old : size);
    search(pointer);
    __real_free(pointer);
  }
  return grown;
}

void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset) {
  return is_due() ? MAP_FAILED : __real_mmap(at, len, protection, flags, fd, offset);
}

size_t fail_alloc_walk(snt_status (*attempt)(const void *context), const void *context) {
  for (size_t n = 1; n < 100000; n++) {
    size_t before = blocks;
    calls_left = n;
    snt_status status = attempt(context);
    bool was_reached = calls_left == 0;
    calls_left = 0;
    if (blocks != before) {
      fail_msg("allocation %zu: %zu blocks before, %zu after", n, before, blocks);
    }
    if (!was_reached) {
      assert_ok(status);
      return n - 1;
    }
    if (status.code != SNT_CODE_NO_MEMORY) {
      fail_msg("allocation %zu: %s instead of NO_MEMORY", n, snt_code_name(status.code));
    }
  }
  fail_msg("there is no end to the allocations");
  return 0;
}

void fail_alloc_watch(const char *needle) {
  watched = needle;
  found = 0;
}

size_t fail_alloc_unwatch(void) {
  watched = NULL;
  return found;
}
