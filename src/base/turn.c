/* MUST
 *  1. hold the lock of the file that has the path now: whoever ends a turn removes the file;
 *  2. take over only what was told after the waiting began. */
#include "base/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { PAUSE_MIN_MS = 1, PAUSE_MAX_MS = 16, TALE_CAP = SNT_ERR_MESSAGE_CAP + SNT_ERR_HINT_CAP + 64 };

static const char FREE[] = " free\n";

static snt_status open_file(struct snt_turn *turn, struct snt_err *err) {
  struct stat st;
  turn->fd = open(turn->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (turn->fd < 0) {
    return snt_fail(err, SNT_CODE_IO, "%s: %s", turn->path, strerror(errno));
  }
  if (fstat(turn->fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
    return snt_fail(err, SNT_CODE_IO, "%s: it is not a file of this user", turn->path);
  }
  return snt_done();
}

static bool is_at_its_path(const struct snt_turn *turn) {
  struct stat held;
  struct stat named;
  return fstat(turn->fd, &held) == 0 && stat(turn->path, &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

/* "<boot time> <code>\n<message>\n<hint>", or "<boot time> free\n"; a message holds no control characters. */
static void read_tale(struct snt_turn *turn) {
  char text[TALE_CAP];
  ssize_t len = pread(turn->fd, text, sizeof text - 1, 0);
  text[len > 0 ? len : 0] = '\0';
  char *rest = NULL;
  int64_t told_at_ms = strtoll(text, &rest, 10);
  turn->is_free = told_at_ms >= turn->began_at_ms && strcmp(rest, FREE) == 0;
  long code = strtol(rest, &rest, 10);
  char *hint = *rest == '\n' ? strchr(rest + 1, '\n') : NULL;
  bool is_failure = code > SNT_CODE_OK && code < SNT_CODE_COUNT;
  if (hint == NULL || !is_failure || told_at_ms < turn->began_at_ms) {
    return;
  }
  *hint = '\0';
  turn->was_told = true;
  SNT_IGNORE(snt_fail(&turn->told, (enum snt_code)code, "%s", rest + 1));
  SNT_IGNORE(snt_err_hint(&turn->told, "%s", hint + 1));
}

static snt_status lock(struct snt_turn *turn, int64_t end_ms, struct snt_err *err) {
  int pause_ms = PAUSE_MIN_MS;
  while (flock(turn->fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return snt_fail(err, SNT_CODE_IO, "%s: %s", turn->path, strerror(errno));
    }
    turn->has_waited = true;
    if (snt_clock_boot_ms() > end_ms) {
      SNT_IGNORE(snt_fail(err, SNT_CODE_TIMEOUT, "another sentinel holds %s", turn->path));
      return snt_err_hint(err, "wait for it to end, or end it, and try again");
    }
    (void)nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000L}, NULL);
    pause_ms = pause_ms < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
  }
  return snt_done();
}

snt_status snt_turn_take(const char *folder, const char *name, int deadline_ms, struct snt_turn *turn,
                         struct snt_err *err) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
  *turn = (struct snt_turn){.fd = -1, .began_at_ms = snt_clock_boot_ms()};
  SNT_TURN_AUTO struct snt_turn taken = *turn;
  size_t len = strlen(name);
  if (len == 0 || len > 200 || strspn(name, allowed) != len ||
      snprintf(taken.path, sizeof taken.path, "%s/%s.turn", folder, name) >= (int)sizeof taken.path) {
    return snt_fail(err, SNT_CODE_BUG, "a turn cannot be called \"%.64s\"", name);
  }
  do {
    snt_fd_auto(&taken.fd);
    SNT_TRY(open_file(&taken, err));
    SNT_TRY(lock(&taken, taken.began_at_ms + deadline_ms, err));
    if (taken.has_waited) {
      read_tale(&taken);
    }
  } while (!taken.is_free && !is_at_its_path(&taken));
  *turn = taken;
  if (taken.is_free) {
    turn->fd = -1;
    return snt_done();
  }
  (void)!ftruncate(turn->fd, 0); /* what one who was killed has told, perhaps in another boot */
  turn->is_held = true;
  taken.fd = -1; /* ownership went to turn */
  return snt_done();
}

/* len: what snprintf said. */
static void write_tale(struct snt_turn *turn, const char *text, int len) {
  bool is_whole =
      turn->is_held && len > 0 && len < TALE_CAP && ftruncate(turn->fd, 0) == 0 && lseek(turn->fd, 0, SEEK_SET) == 0;
  if (is_whole) {
    SNT_IGNORE(snt_file_write_all(turn->fd, text, (size_t)len, NULL));
  }
}

void snt_turn_tell(struct snt_turn *turn, const struct snt_err *err) {
  char text[TALE_CAP];
  int len = snprintf(text, sizeof text, "%" PRId64 " %d\n%s\n%s", snt_clock_boot_ms(), (int)err->code, err->message,
                     err->hint);
  write_tale(turn, text, len);
}

void snt_turn_release(struct snt_turn *turn) {
  char text[TALE_CAP];
  write_tale(turn, text, snprintf(text, sizeof text, "%" PRId64 "%s", snt_clock_boot_ms(), FREE));
}

void snt_turn_end(struct snt_turn *turn) {
  if (turn->is_held && turn->fd >= 0) {
    if (is_at_its_path(turn)) {
      (void)unlink(turn->path);
    }
    (void)flock(turn->fd, LOCK_UN); /* a child may have the descriptor, too */
  }
  snt_fd_auto(&turn->fd);
  turn->fd = -1;
}
