/* The way to the session bus.
 *
 * MUST
 *  1. run no program and open no connection to another machine, whatever the address says;
 *  2. talk to a bus of this very user only;
 *  3. give up at the deadline, also when the other side accepts and then says nothing. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "keychain/bus/service.h"

static void free_bus(sd_bus **bus) { *bus = sd_bus_close_unref(*bus); }

/* An address is a list of alternatives, separated by ';'. */
static bool is_local(const char *address) {
  while (snt_str_starts_with(address, "unix:")) {
    const char *next = strchr(address, ';');
    if (next == NULL || next[1] == '\0') {
      return true;
    }
    address = next + 1;
  }
  return false;
}

static bool is_own(int fd) {
  struct ucred peer = {0};
  socklen_t len = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

static snt_status start(sd_bus *bus, const char *address, struct snt_err *err) {
  int error = sd_bus_set_address(bus, address);
  error = error < 0 ? error : sd_bus_set_bus_client(bus, 1);
  error = error < 0 ? error : sd_bus_start(bus);
  if (error < 0) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the D-Bus session at %.200s cannot be reached: %s", address,
                    strerror(-error));
  }
  int fd = sd_bus_get_fd(bus);
  return fd >= 0 && is_own(fd)
             ? snt_done()
             : snt_fail(err, SNT_CODE_KEYCHAIN, "the D-Bus session at %.200s is not this user's", address);
}

snt_status snt_bus_connect(const char *address, sd_bus **out, struct snt_err *err) {
  *out = NULL;
  if (!is_local(address)) {
    return snt_fail(err, SNT_CODE_KEYCHAIN, "the D-Bus session at %.200s is not a socket of this machine", address);
  }
  SNT_CLEANUP(free_bus) sd_bus *bus = NULL;
  if (sd_bus_new(&bus) < 0) {
    return snt_fail_memory(err);
  }
  SNT_TRY(start(bus, address, err));
  *out = SNT_MOVE(bus);
  return snt_done();
}

/* sd-bus waits for its peer's greeting without an end, if it is left alone. */
snt_status snt_bus_wait(sd_bus *bus, const char *address, int64_t deadline_ms, struct snt_err *err) {
  for (;;) {
    int error = sd_bus_is_ready(bus);
    if (error > 0) {
      return snt_done();
    }
    error = error < 0 ? error : sd_bus_process(bus, NULL);
    int64_t left_ms = deadline_ms - snt_clock_monotonic_ms();
    if (error == 0 && left_ms > 0) {
      error = sd_bus_wait(bus, (uint64_t)left_ms * 1000);
    }
    if (error < 0 && error != -EINTR) {
      return snt_fail(err, SNT_CODE_KEYCHAIN, "the D-Bus session at %.200s cannot be used: %s", address,
                      strerror(-error));
    }
    if (left_ms <= 0) {
      return snt_fail(err, SNT_CODE_KEYCHAIN, "the D-Bus session at %.200s does not answer", address);
    }
  }
}
