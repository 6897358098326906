#include "base/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

enum { BACKLOG = 8, READ_MS = 2000, TABLE_CAP = 64 * 1024 * 1024 };

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

/* The kernel's tables of connected sockets, and how each writes an IPv4 address. */
static const struct {
  const char *path, *prefix;
} TABLES[] = {{"/proc/self/net/tcp", ""}, {"/proc/self/net/tcp6", "0000000000000000FFFF0000"}};

/* Whose socket of that table goes from one end to the other; -1: there is none. */
static int64_t find_owner(size_t table, const struct sockaddr_in *from, const struct sockaddr_in *to) {
  char wanted[128];
  const char *prefix = TABLES[table].prefix;
  SNT_BUF_AUTO struct snt_buf text = {0};
  if (!snt_ok(snt_file_read(TABLES[table].path, SNT_FILE_ANY, TABLE_CAP, &text, NULL))) {
    return -1;
  }
  (void)snprintf(wanted, sizeof wanted, ": %s%08X:%04X %s%08X:%04X 01 ", prefix, from->sin_addr.s_addr,
                 ntohs(from->sin_port), prefix, to->sin_addr.s_addr, ntohs(to->sin_port)); /* 01: established */
  const char *found = strstr(snt_buf_borrow(&text), wanted);
  const char *at = found == NULL ? "" : found + strlen(wanted);
  for (int skipped = 0; skipped < 3; skipped++) { /* queues, timer, timeouts */
    at += strcspn(at, " \n");
    at += strspn(at, " ");
  }
  return *at >= '0' && *at <= '9' ? (int64_t)strtoul(at, NULL, 10) : -1;
}

bool snt_loopback_is_ours(int fd) {
  struct sockaddr_in peer = {0};
  struct sockaddr_in own = {0};
  socklen_t peer_len = sizeof peer;
  socklen_t own_len = sizeof own;
  int64_t uid = -1;
  if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0 ||
      getsockname(fd, (struct sockaddr *)&own, &own_len) != 0) {
    return false;
  }
  for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0] && uid < 0; i++) {
    uid = find_owner(i, &peer, &own);
  }
  return uid == 0 || uid == (int64_t)geteuid();
}
