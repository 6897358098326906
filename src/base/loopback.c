#include "base/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { BACKLOG = 8, READ_MS = 2000 };

snt_status snt_loopback_listen(int *listener, unsigned *port, struct snt_err *err) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  SNT_FD_AUTO int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
    return snt_fail(err, SNT_CODE_IO, "no socket for the browser on this machine's loopback: %s", strerror(errno));
  }
  *port = ntohs(address.sin_port);
  *listener = fd;
  fd = -1;
  return snt_done();
}

snt_status snt_loopback_accept(int listener, int64_t end_ms, const char *what, int *fd, struct snt_err *err) {
  for (;;) {
    int64_t left = end_ms - snt_clock_monotonic_ms();
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    if (left <= 0) {
      return snt_fail(err, SNT_CODE_TIMEOUT, "no browser has come for %s", what);
    }
    if (poll(&ready, 1, (int)left) <= 0) {
      continue; /* a signal, or the time is up */
    }
    *fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (*fd >= 0) {
      return snt_done();
    }
  }
}

bool snt_loopback_read_head(int fd, char *head, size_t cap) {
  int64_t end_ms = snt_clock_monotonic_ms() + READ_MS;
  size_t len = 0;
  head[0] = '\0';
  for (int64_t left = READ_MS; left > 0 && len + 1 < cap; left = end_ms - snt_clock_monotonic_ms()) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, (int)left) <= 0) {
      continue; /* a signal, or the time is up */
    }
    ssize_t got = recv(fd, head + len, cap - len - 1, 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
      return false;
    }
    len += got > 0 ? (size_t)got : 0;
    head[len] = '\0';
    if (strstr(head, "\r\n\r\n") != NULL) {
      return true;
    }
  }
  return false;
}

bool snt_loopback_send(int fd, const void *data, size_t len) {
  const char *bytes = data;
  while (len > 0) {
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    ssize_t sent = poll(&ready, 1, READ_MS) > 0 ? send(fd, bytes, len, MSG_NOSIGNAL) : -1;
    if (sent < 0) {
      return false;
    }
    bytes += sent;
    len -= (size_t)sent;
  }
  return true;
}

/* Closing a socket that has bytes to read would take back what was sent. */
void snt_loopback_finish(int fd) {
  char rest[256];
  int64_t end_ms = snt_clock_monotonic_ms() + READ_MS;
  (void)shutdown(fd, SHUT_WR);
  for (int64_t left = READ_MS; left > 0; left = end_ms - snt_clock_monotonic_ms()) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, (int)left) > 0 && recv(fd, rest, sizeof rest, 0) <= 0) {
      return;
    }
  }
}
