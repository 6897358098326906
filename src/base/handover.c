#include "base/handover.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/loopback.h"
#include "base/random.h"
#include "base/sha256.h"

enum { NONCE_BYTES = 16 };

static const char NOTHING[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static const char BEFORE[] = "HTTP/1.1 303 See Other\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
                             "Referrer-Policy: no-referrer\r\nConnection: close\r\nLocation: ";

snt_status snt_handover_open(struct snt_handover *out, struct snt_err *err) {
  *out = (struct snt_handover){.listener = -1};
  uint8_t nonce[NONCE_BYTES];
  unsigned port = 0;
  SNT_TRY(snt_random_bytes(nonce, sizeof nonce, err));
  SNT_TRY(snt_loopback_listen(&out->listener, &port, err));
  out->path[0] = '/';
  snt_hex(nonce, sizeof nonce, out->path + 1);
  (void)snprintf(out->url, sizeof out->url, "http://127.0.0.1:%u%s", port, out->path);
  return snt_done();
}

void snt_handover_close(struct snt_handover *handover) {
  if (handover->listener >= 0) {
    (void)close(handover->listener);
    handover->listener = -1;
  }
}

static bool asks_for(const char *head, const char *path) {
  char line[64];
  (void)snprintf(line, sizeof line, "GET %s HTTP/1.", path);
  return strncmp(head, line, strlen(line)) == 0;
}

/* Whether it was sent on. */
static bool answer(int fd, const struct snt_handover *handover, const struct snt_secret *whole) {
  char head[SNT_LOOPBACK_HEAD_CAP];
  if (!snt_loopback_read_head(fd, head, sizeof head)) {
    return false;
  }
  bool is_meant = asks_for(head, handover->path) && snt_loopback_is_ours(fd);
  bool is_sent = is_meant ? snt_loopback_send(fd, snt_secret_borrow(whole), snt_secret_len(whole))
                          : snt_loopback_send(fd, NOTHING, strlen(NOTHING));
  snt_loopback_finish(fd);
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
    SNT_FD_AUTO int fd = -1;
    SNT_TRY(snt_loopback_accept(handover->listener, end_ms, "the page", &fd, err));
    if (answer(fd, handover, whole)) {
      return snt_done();
    }
  }
}
