#include "issue/signals.h"

#include <stddef.h>
#include <time.h>

void snt_signals_hold(sigset_t *held) {
  static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  sigemptyset(held);
  for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
    struct sigaction action;
    if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
      sigaddset(held, ending[i]);
    }
  }
  (void)sigprocmask(SIG_BLOCK, held, NULL);
}

int snt_signals_take(const sigset_t *held, int64_t ms) {
  const struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  int came = sigtimedwait(held, NULL, &limit);
  return came > 0 ? came : 0;
}
