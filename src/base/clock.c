#include "base/clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { CLOCK_DRIFT_MAX_MS = 60000 };

static int64_t read_ms(clockid_t clock) {
  struct timespec now = {0};
  (void)clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t snt_clock_wall_ms(void) { return read_ms(CLOCK_REALTIME); }
int64_t snt_clock_monotonic_ms(void) { return read_ms(CLOCK_MONOTONIC); }
int64_t snt_clock_boot_ms(void) { return read_ms(CLOCK_BOOTTIME); }

bool snt_clock_agrees(int64_t boot_ms, int64_t wall_ms) {
  int64_t drift_ms = (snt_clock_wall_ms() - wall_ms) - (snt_clock_boot_ms() - boot_ms);
  return drift_ms >= -CLOCK_DRIFT_MAX_MS && drift_ms <= CLOCK_DRIFT_MAX_MS;
}

void snt_clock_boot_id(char out[static 37]) {
  SNT_FD_AUTO int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t len = fd < 0 ? 0 : read(fd, out, 36);
  out[len == 36 ? 36 : 0] = '\0';
}
