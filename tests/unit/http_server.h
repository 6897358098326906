/* A server on loopback that answers by a script, in a child process: for faults that no real server shows on demand. */
#ifndef SNT_TESTS_HTTP_SERVER_H
#define SNT_TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum server_how {
  SERVER_KEEP = 0, /* and wait for the next request on the same connection */
  SERVER_CLOSE,    /* after the answer */
  SERVER_RESET,    /* after the answer, with an RST */
  SERVER_HANG,     /* after the answer, for ever */
  SERVER_DRIP,     /* the answer, a byte every 20 ms */
  SERVER_PAIR,     /* waits for two requests on two connections before it answers both */
};

struct server_step {
  enum server_how how;
  const char *text;
  size_t filler; /* so many bytes follow the text */
};

struct server {
  pid_t pid;
  int port;
  int requests; /* the read end of a pipe that gets each request as it came */
};

static int server_accept(int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) {
    _exit(3);
  }
  return fd;
}

/* Head and body by Content-Length; false at the end of the connection. */
static bool server_read_request(int fd, int log) {
  static char text[65536];
  size_t len = 0;
  size_t wanted = SIZE_MAX;
  while (len < wanted && len < sizeof text - 1) {
    ssize_t got = read(fd, text + len, sizeof text - 1 - len);
    if (got <= 0) {
      return false;
    }
    len += (size_t)got;
    text[len] = '\0';
    const char *end = strstr(text, "\r\n\r\n");
    if (end != NULL && wanted == SIZE_MAX) {
      const char *length = strcasestr(text, "\r\nContent-Length:");
      size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
      wanted = (size_t)(end + 4 - text) + body;
    }
  }
  return write(log, text, len) == (ssize_t)len;
}

static void server_send(int fd, const struct server_step *step) {
  size_t len = strlen(step->text);
  for (size_t i = 0; step->how == SERVER_DRIP && i < len; i++) {
    if (write(fd, step->text + i, 1) != 1) {
      return;
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  }
  if (step->how != SERVER_DRIP && write(fd, step->text, len) != (ssize_t)len) {
    return;
  }
  char piece[4096];
  memset(piece, 'x', sizeof piece);
  for (size_t left = step->filler; left > 0;) {
    ssize_t put = write(fd, piece, left < sizeof piece ? left : sizeof piece);
    if (put <= 0) {
      return;
    }
    left -= (size_t)put;
  }
}

static void server_pair(int listener, int fd, int log, const struct server_step *step) {
  int other = server_accept(listener);
  if (server_read_request(other, log)) {
    server_send(fd, step);
    server_send(other, step);
  }
}

static void server_run(int listener, int log, const struct server_step *steps, size_t count) {
  int fd = -1;
  for (size_t i = 0; i < count;) {
    fd = fd >= 0 ? fd : server_accept(listener);
    if (!server_read_request(fd, log)) {
      (void)close(fd);
      fd = -1;
      continue;
    }
    const struct server_step *step = &steps[i++];
    if (step->how == SERVER_PAIR) {
      server_pair(listener, fd, log, step);
      continue;
    }
    server_send(fd, step);
    if (step->how == SERVER_HANG) {
      (void)pause();
    }
    if (step->how == SERVER_RESET) {
      struct linger now = {.l_onoff = 1};
      (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    if (step->how != SERVER_KEEP) {
      (void)shutdown(fd, step->how == SERVER_RESET ? SHUT_RD : SHUT_WR);
      (void)close(fd);
      fd = -1;
    }
  }
  (void)pause(); /* open connections end with the server, not before */
}

static int server_listen(int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 8) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
    fail_msg("no socket to listen on");
  }
  *port = ntohs(address.sin_port);
  return listener;
}

static struct server server_start(const struct server_step *steps, size_t count) {
  struct server server = {0};
  int log[2];
  assert_int_equal(pipe(log), 0);
  int listener = server_listen(&server.port);
  server.pid = fork();
  assert_true(server.pid >= 0);
  if (server.pid == 0) {
    (void)close(log[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)alarm(60);
    server_run(listener, log[1], steps, count);
    _exit(0);
  }
  (void)close(listener);
  (void)close(log[1]);
  server.requests = log[0];
  return server;
}

/* Ends the server; requests gets what it was asked. */
static void server_stop(struct server *server, char *requests, size_t cap) {
  (void)kill(server->pid, SIGKILL);
  (void)waitpid(server->pid, NULL, 0);
  size_t len = 0;
  for (ssize_t got = 1; requests != NULL && got > 0 && len<cap - 1; len += got> 0 ? (size_t)got : 0) {
    got = read(server->requests, requests + len, cap - 1 - len);
  }
  if (requests != NULL) {
    requests[len] = '\0';
  }
  (void)close(server->requests);
}

#endif
