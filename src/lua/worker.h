/* lua/worker (layer 3): one evaluation, one answer, the end. */
#ifndef SNT_LUA_WORKER_H
#define SNT_LUA_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "lua/vm.h"

struct snt_worker {
  struct snt_vm *vm; /* the template's, copied by the fork */
  int in;            /* where the one request comes from: a frame */
  int out;           /* where the answer goes */
  int others[2];     /* to be closed */
  pid_t parent;
  bool is_rlimits_only;
};

/* What a fork of the template becomes; never returns. Exit status 0: the answer was written. */
_Noreturn void snt_worker_main(const struct snt_worker *start);

#endif
