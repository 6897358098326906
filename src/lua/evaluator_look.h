/* lua/evaluator_look (layer 3): what the kernel says of an evaluator that runs, and which interpreter is in it. */
#ifndef SNT_LUA_EVALUATOR_LOOK_H
#define SNT_LUA_EVALUATOR_LOOK_H

#include <stdint.h>

#include "lua/evaluator.h"

/* Limits are in seconds, bytes and numbers of descriptors; -1: none. */
struct snt_evaluator_look {
  bool has_no_new_privs;
  bool has_seccomp; /* a filter is in force */
  int64_t cpu_s, address_space, file_size, core_size, descriptors;
};

/* Of the template, which every worker comes from. Ask when it has answered once, for it locks itself down before that.
 * Code EVALUATOR when the kernel does not tell (a /proc that hides other processes, or none). */
snt_status snt_evaluator_look(const struct snt_evaluator *evaluator, struct snt_evaluator_look *out,
                              struct snt_err *err);
/* "Lua 5.4.4": of the library that is linked, whatever its headers said. Nothing is run. */
const char *snt_evaluator_interpreter(char out[static 32]);

#endif
