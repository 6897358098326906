/* A preloaded library for spec/faults: the n-th fsync or fdatasync of the process fails, or takes long.
 *
 * SHIM_FSYNC_FAIL_AT=n    the n-th call returns EIO
 * SHIM_FDATASYNC_FAIL=1   every fdatasync does: that of the log, and no other
 * SHIM_FSYNC_SLEEP_AT=n   the n-th call sleeps for SHIM_FSYNC_SLEEP_MS, and makes the file SHIM_FSYNC_MARK before */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int fail_at;
static int fails_data;
static int sleep_at;
static int sleep_ms;
static char mark[4096];
static int calls;

static int number_of(const char *name) {
  const char *text = getenv(name);
  return text == NULL ? 0 : atoi(text);
}

__attribute__((constructor)) static void read_environment(void) {
  const char *path = getenv("SHIM_FSYNC_MARK");
  fail_at = number_of("SHIM_FSYNC_FAIL_AT");
  fails_data = number_of("SHIM_FDATASYNC_FAIL");
  sleep_at = number_of("SHIM_FSYNC_SLEEP_AT");
  sleep_ms = number_of("SHIM_FSYNC_SLEEP_MS");
  (void)snprintf(mark, sizeof mark, "%s", path == NULL ? "" : path);
}

static int sync_or_fail(const char *name, int fd) {
  calls++;
  if (calls == sleep_at) {
    if (mark[0] != '\0') {
      int file = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      (void)close(file);
    }
    struct timespec rest = {.tv_sec = sleep_ms / 1000, .tv_nsec = (long)(sleep_ms % 1000) * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
  }
  if (calls == fail_at) {
    errno = EIO;
    return -1;
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return real == NULL ? -1 : real(fd);
}

int fsync(int fd) { return sync_or_fail("fsync", fd); }
int fdatasync(int fd) {
  if (fails_data != 0) {
    errno = EIO;
    return -1;
  }
  return sync_or_fail("fdatasync", fd);
}
