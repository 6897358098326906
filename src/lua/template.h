/* lua/template (layer 3): the process that holds a loaded policy and forks a worker for each evaluation. */
#ifndef SNT_LUA_TEMPLATE_H
#define SNT_LUA_TEMPLATE_H

#include <sys/types.h>

#include "lua/evaluator.h"

/* What a forked child of the core becomes; never returns. socket leads to the core, parent is the core. */
_Noreturn void snt_template_main(int socket, pid_t parent, const struct snt_evaluator_options *options);

#endif
