/* Preloaded: the SHIM_INOTIFY_FAIL_AT-th call of inotify fails with the errno SHIM_INOTIFY_ERRNO; the first one makes
 * an instance, the others watch a folder each. */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>

static int calls;

static int must_fail(void) {
  const char *at = getenv("SHIM_INOTIFY_FAIL_AT");
  const char *reason = getenv("SHIM_INOTIFY_ERRNO");
  calls++;
  errno = reason == NULL ? EMFILE : atoi(reason);
  return at != NULL && calls == atoi(at);
}

int inotify_init1(int flags) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "inotify_init1");
  return must_fail() ? -1 : real(flags);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
  int (*real)(int, const char *, uint32_t) =
      (int (*)(int, const char *, uint32_t))dlsym(RTLD_NEXT, "inotify_add_watch");
  return must_fail() ? -1 : real(fd, path, mask);
}
