/* lua/worker (layer 3): one call of the stdlib, or one for each request of a batch; one answer, the end. */
#ifndef SNT_LUA_WORKER_H
#define SNT_LUA_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"
#include "lua/frame.h"
#include "lua/vm.h"

struct snt_worker {
  struct snt_vm *vm;             /* the template's, copied by the fork */
  const struct snt_frame *asked; /* the request's header */
  const char *function;          /* of the stdlib's main module */
  struct snt_slice args[3];      /* parts of the request's payload */
  size_t arg_count;
  int64_t fuel;  /* of each call */
  bool is_batch; /* args[0] is many texts, each with its NUL: each is the argument of a call of its own */
  int out;       /* where the answer goes */
  bool is_rlimits_only;
  bool is_early; /* it was forked before there is a request: it reads asked and args from in, or ends with in */
  bool has_time; /* and nobody waits for it yet */
  int in;
};

/* What a fork of the template becomes; never returns. The descriptors others, the template's alone or -1, and the
 * socket are closed. Exit status 0: the answer was written, or there was nothing to answer. */
_Noreturn void snt_worker_main(const struct snt_worker *start, const int *others, size_t n, pid_t parent);
/* What a template becomes that has nothing else to do, when it is asked; it has locked itself down further before. */
_Noreturn void snt_worker_call(const struct snt_worker *start);

#endif
