/* Preloaded into the program: kills it before its n-th step that others can see, counting messages that are sent, files
 * that are renamed or removed, and what is made durable.
 *
 * SHIM_KILL_AT  n, from 1 */
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void step(void) {
  static int steps;
  const char *at = getenv("SHIM_KILL_AT");
  if (at != NULL && ++steps == atoi(at)) {
    (void)kill(getpid(), SIGKILL);
  }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  ssize_t (*real)(int, const struct msghdr *, int) =
      (ssize_t(*)(int, const struct msghdr *, int))(intptr_t)dlsym(RTLD_NEXT, "sendmsg");
  step();
  return real(fd, message, flags);
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = (int (*)(const char *, const char *))(intptr_t)dlsym(RTLD_NEXT, "rename");
  step();
  return real(from, to);
}

int unlink(const char *path) {
  int (*real)(const char *) = (int (*)(const char *))(intptr_t)dlsym(RTLD_NEXT, "unlink");
  step();
  return real(path);
}

int fsync(int fd) {
  int (*real)(int) = (int (*)(int))(intptr_t)dlsym(RTLD_NEXT, "fsync");
  step();
  return real(fd);
}
