/* base/loopback (layer 0): answering a browser of this machine, request by request: sockets of the loopback, just as
 * much of HTTP as is needed. */
#ifndef SNT_BASE_LOOPBACK_H
#define SNT_BASE_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define SNT_LOOPBACK_HEAD_CAP ((size_t)16 * 1024)

/* Listens on a free port of 127.0.0.1. Code IO. */
snt_status snt_loopback_listen(int *listener, unsigned *port, struct snt_err *err);
/* The next connection, until end_ms (monotonic); what ("the page") is named in the message. Code TIMEOUT. */
snt_status snt_loopback_accept(int listener, int64_t end_ms, const char *what, int *fd, struct snt_err *err);
/* Whether the other side of a connection, which waits for an answer, belongs to this user, or to root, who can look
 * into this process anyway (and passes on what comes from the other side of a virtual machine). */
bool snt_loopback_is_ours(int fd);
/* Reads until the head of the request is whole, which head then holds with a NUL behind it; false when that takes more
 * than two seconds, or more than cap bytes. */
bool snt_loopback_read_head(int fd, char *head, size_t cap);
bool snt_loopback_send(int fd, const void *data, size_t len);
/* After the last byte: waits until the other side has read it, two seconds at most. The caller closes. */
void snt_loopback_finish(int fd);

#endif
