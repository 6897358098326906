#include "base/handover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sha256.h"

enum { BACKLOG = 8, REQUEST_CAP = 16 * 1024, READ_MS = 2000, NONCE_BYTES = 16, TABLE_CAP = 64 * 1024 * 1024 };

static const char NOTHING[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static const char BEFORE[] = "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
                             "Referrer-Policy: no-referrer\r\nConnection: close\r\nLocation: ";

static snt_status fail_socket(struct snt_err *err) {
  return snt_fail(err, SNT_CODE_IO, "no socket for the browser on this machine's loopback: %s", strerror(errno));
}

static snt_status listen_on_loopback(int fd, unsigned *port, struct snt_err *err) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
    return fail_socket(err);
  }
  *port = ntohs(address.sin_port);
  return snt_done();
}

snt_status snt_handover_open(struct snt_handover *out, struct snt_err *err) {
  *out = (struct snt_handover){.listener = -1};
  uint8_t nonce[NONCE_BYTES];
  unsigned port = 0;
  SNT_TRY(snt_random_bytes(nonce, sizeof nonce, err));
  SNT_FD_AUTO int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  SNT_TRY(listen_on_loopback(fd, &port, err));
  out->path[0] = '/';
  snt_hex(nonce, sizeof nonce, out->path + 1);
  (void)snprintf(out->url, sizeof out->url, "http://127.0.0.1:%u%s", port, out->path);
  out->listener = fd;
  fd = -1;
  return snt_done();
}

void snt_handover_close(struct snt_handover *handover) {
  if (handover->listener >= 0) {
    (void)close(handover->listener);
    handover->listener = -1;
  }
}

/* Whether the socket on the other side belongs to this user: the kernel's table of sockets says whose each is, by its
 * own address and the one that it is connected to. */
static bool is_ours(int fd) {
  struct sockaddr_in peer;
  struct sockaddr_in own;
  socklen_t peer_len = sizeof peer;
  socklen_t own_len = sizeof own;
  char wanted[64];
  SNT_BUF_AUTO struct snt_buf table = {0};
  if (getpeername(fd, (struct sockaddr *)&peer, &peer_len) != 0 ||
      getsockname(fd, (struct sockaddr *)&own, &own_len) != 0 ||
      !snt_ok(snt_file_read("/proc/net/tcp", SNT_FILE_ANY, TABLE_CAP, &table, NULL))) {
    return false;
  }
  (void)snprintf(wanted, sizeof wanted, ": %08X:%04X %08X:%04X ", peer.sin_addr.s_addr, ntohs(peer.sin_port),
                 own.sin_addr.s_addr, ntohs(own.sin_port));
  const char *found = strstr(snt_buf_borrow(&table), wanted);
  unsigned long uid = 0;
  return found != NULL && sscanf(found + strlen(wanted), "%*s %*s %*s %*s %lu", &uid) == 1 && uid == geteuid();
}

/* Until the request's head is whole; false when that takes too long, or too many bytes. */
static bool read_head(int fd, char out[static REQUEST_CAP]) {
  int64_t end_ms = snt_clock_monotonic_ms() + READ_MS;
  size_t len = 0;
  out[0] = '\0';
  for (int64_t left = READ_MS; left > 0 && len + 1 < REQUEST_CAP; left = end_ms - snt_clock_monotonic_ms()) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, (int)left) <= 0) {
      continue; /* a signal, or the time is up */
    }
    ssize_t got = recv(fd, out + len, REQUEST_CAP - len - 1, 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
      return false;
    }
    len += got > 0 ? (size_t)got : 0;
    out[len] = '\0';
    if (strstr(out, "\r\n\r\n") != NULL) {
      return true;
    }
  }
  return false;
}

static bool asks_for(const char *head, const char *path) {
  char line[64];
  (void)snprintf(line, sizeof line, "GET %s HTTP/1.", path);
  return strncmp(head, line, strlen(line)) == 0;
}

static bool send_all(int fd, const void *data, size_t len) {
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
static void finish(int fd) {
  char rest[256];
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  (void)shutdown(fd, SHUT_WR);
  while (poll(&ready, 1, READ_MS) > 0 && recv(fd, rest, sizeof rest, 0) > 0) {
  }
}

/* Whether it was sent on. */
static bool answer(int fd, const struct snt_handover *handover, const struct snt_secret *whole) {
  char head[REQUEST_CAP];
  if (!read_head(fd, head)) {
    return false;
  }
  bool is_meant = asks_for(head, handover->path) && is_ours(fd);
  bool is_sent =
      is_meant ? send_all(fd, snt_secret_borrow(whole), snt_secret_len(whole)) : send_all(fd, NOTHING, strlen(NOTHING));
  finish(fd);
  return is_meant && is_sent;
}

/* The whole answer, in a secret. */
static snt_status format_answer(const struct snt_secret *page, struct snt_secret **out, struct snt_err *err) {
  size_t len = snt_secret_len(page);
  SNT_TRY(snt_secret_new(strlen(BEFORE) + len + 4, out, err));
  SNT_TRY(snt_secret_append(*out, BEFORE, strlen(BEFORE), err));
  SNT_TRY(snt_secret_append(*out, snt_secret_borrow(page), len, err));
  return snt_secret_append(*out, "\r\n\r\n", 4, err);
}

snt_status snt_handover_serve(struct snt_handover *handover, const struct snt_secret *page, int64_t end_ms,
                              struct snt_err *err) {
  SNT_SECRET_AUTO struct snt_secret *whole = NULL;
  SNT_TRY(format_answer(page, &whole, err));
  for (;;) {
    int64_t left = end_ms - snt_clock_monotonic_ms();
    struct pollfd ready = {.fd = handover->listener, .events = POLLIN};
    if (left <= 0) {
      return snt_fail(err, SNT_CODE_TIMEOUT, "no browser has come for the page");
    }
    if (poll(&ready, 1, (int)left) <= 0) {
      continue; /* a signal, or the time is up */
    }
    SNT_FD_AUTO int fd = accept4(handover->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && answer(fd, handover, whole)) {
      return snt_done();
    }
  }
}
